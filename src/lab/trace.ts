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

/** What became of a packet at a stack or a segment; `packet` is only valid during the call. */
export interface VerdictEvent {
  readonly place: string;
  readonly verdict: Verdict;
  readonly reason: DropReason | undefined;
  readonly packet: Packet;
}

const ETHERNET_HEADER = 14;
const TCP = 6;
const UDP = 17;

/**
 * Folds every frame and every verdict, with its time and place, into one number: two runs with the same hash had the
 * same packets at the same times. Headers and lengths count, what an application sends does not: a web server puts the
 * time of day into its answers. Not a defence against forgery (FNV-1a in two lanes).
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
  readonly onVerdict: ((event: VerdictEvent) => void)[] = [];

  readonly #isHashing: boolean;

  /** Without `isHashing` it counts and hands on, and the hash says nothing: no two live runs are the same. */
  constructor(clock: Clock, isHashing = true) {
    this.#clock = clock;
    this.#isHashing = isHashing;
  }

  frame(link: string, medium: 'ethernet' | 'ip', packet: Packet): void {
    this.frames++;
    if (this.#isHashing) {
      this.#word(this.#clock.now);
      this.#text(link);
      this.#frame(medium, packet);
    }
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
    if (this.#isHashing) {
      this.#word(this.#clock.now);
      this.#text(place);
      this.#text(reason ?? verdict);
      this.#word(packet.length);
    }
    if (this.onVerdict.length === 0) return;
    for (const listener of this.onVerdict) listener({ place, verdict, reason, packet });
  }

  /** 16 hex digits. */
  get hash(): string {
    const hex = (n: number): string => (n >>> 0).toString(16).padStart(8, '0');
    return hex(this.#a) + hex(this.#b);
  }

  #frame(medium: 'ethernet' | 'ip', packet: Packet): void {
    const { bytes, end } = packet;
    const network = packet.start + (medium === 'ethernet' ? ETHERNET_HEADER : 0);
    const version = medium === 'ip' || isIp(packet) ? (bytes[network] ?? 0) >> 4 : 0;
    if (network + 40 > end || (version !== 4 && version !== 6)) {
      this.#bytes(packet, packet.start, end);
    } else {
      const transport = network + (version === 4 ? (bytes[network]! & 15) * 4 : 40);
      const fragment = version === 4 && (packet.u16(network + 6) & 0x1fff) !== 0;
      const protocol = fragment ? 0 : bytes[network + (version === 4 ? 9 : 6)]!;
      // The checksum covers the application's bytes, so it is left out with them.
      if (protocol === TCP) this.#header(packet, transport, 16, (bytes[transport + 12]! >> 4) * 4);
      else if (protocol === UDP) this.#header(packet, transport, 6, 8);
      else this.#bytes(packet, packet.start, end);
    }
    this.#word(packet.length);
  }

  #header(packet: Packet, transport: number, checksum: number, length: number): void {
    this.#bytes(packet, packet.start, transport + checksum);
    this.#bytes(packet, transport + checksum + 2, transport + length);
  }

  #bytes(packet: Packet, from: number, to: number): void {
    const { bytes } = packet;
    const end = Math.min(to, packet.end);
    let a = this.#a;
    let b = this.#b;
    for (let i = from; i < end; i++) {
      const byte = bytes[i]!;
      a = Math.imul(a ^ byte, 0x01000193);
      b = Math.imul(b ^ byte, 0x5bd1e995) ^ (b >>> 15);
    }
    this.#a = a;
    this.#b = b;
  }

  #word(n: number): void {
    this.#a = Math.imul(this.#a ^ (n | 0), 0x01000193);
    this.#b = Math.imul(this.#b ^ (n | 0), 0x5bd1e995) ^ (this.#b >>> 15);
    if (n >= 0x1_0000_0000) this.#word(Math.floor(n / 0x1_0000_0000));
  }

  #text(text: string): void {
    let a = this.#a;
    let b = this.#b;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      a = Math.imul(a ^ code, 0x01000193);
      b = Math.imul(b ^ code, 0x5bd1e995);
    }
    this.#a = a;
    this.#b = b;
  }
}

function isIp(packet: Packet): boolean {
  if (packet.length < ETHERNET_HEADER) return false;
  const etherType = packet.u16(packet.start + 12);
  return etherType === 0x0800 || etherType === 0x86dd;
}
