import type { Trace } from '../../stacks/packet/environment.ts';
import type { Packet } from '../../stacks/packet/packet.ts';
import type { DropReason, Verdict } from '../../stacks/packet/verdict.ts';
import type { Clock } from '../../stacks/time/clock.ts';

/** A frame on a link; `bytes` is only valid during the call. */
export interface FrameEvent {
  /** µs */
  readonly time: number;
  readonly link: string;
  readonly medium: 'ethernet' | 'ip';
  readonly bytes: Uint8Array;
}

/** Enough of a packet to cover all its headers; the transport checksum in them covers the rest. */
const HASHED_BYTES = 96;

/**
 * Folds every frame and every verdict, with its time and place, into one number: two runs with the same hash did the
 * same things at the same times. Not a defence against forgery (FNV-1a in two lanes).
 */
export class LabTrace implements Trace {
  readonly #clock: Clock;
  #a = 0x811c9dc5 | 0;
  #b = 0x01000193;
  /** Frames seen on all links. */
  frames = 0;
  /** Verdicts given by all stacks and segments. */
  verdicts = 0;
  readonly onFrame: ((event: FrameEvent) => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  frame(link: string, medium: 'ethernet' | 'ip', packet: Packet): void {
    this.frames++;
    this.#word(this.#clock.now);
    this.#text(link);
    this.#packet(packet);
    if (this.onFrame.length === 0) return;
    const event: FrameEvent = {
      time: this.#clock.now,
      link,
      medium,
      bytes: packet.bytes.subarray(packet.start, packet.end),
    };
    for (const listener of this.onFrame) listener(event);
  }

  verdict(place: string, verdict: Verdict, reason: DropReason | undefined, packet: Packet): void {
    this.verdicts++;
    this.#word(this.#clock.now);
    this.#text(place);
    this.#text(reason ?? verdict);
    this.#word(packet.length);
  }

  /** 16 hex digits. */
  get hash(): string {
    const hex = (n: number): string => (n >>> 0).toString(16).padStart(8, '0');
    return hex(this.#a) + hex(this.#b);
  }

  #packet(packet: Packet): void {
    const end = Math.min(packet.end, packet.start + HASHED_BYTES);
    let a = this.#a;
    let b = this.#b;
    for (let i = packet.start; i < end; i++) {
      const byte = packet.bytes[i]!;
      a = Math.imul(a ^ byte, 0x01000193);
      b = Math.imul(b ^ byte, 0x5bd1e995) ^ (b >>> 15);
    }
    this.#a = a;
    this.#b = b;
    this.#word(packet.length);
  }

  #word(n: number): void {
    this.#a = Math.imul(this.#a ^ (n | 0), 0x01000193);
    this.#b = Math.imul(this.#b ^ (n | 0), 0x5bd1e995) ^ (this.#b >>> 15);
    const high = Math.floor(n / 0x1_0000_0000);
    if (high !== 0) this.#word(high);
  }

  #text(text: string): void {
    for (let i = 0; i < text.length; i++) {
      this.#a = Math.imul(this.#a ^ text.charCodeAt(i), 0x01000193);
      this.#b = Math.imul(this.#b ^ text.charCodeAt(i), 0x5bd1e995);
    }
  }
}
