/**
 * One connection (or pair of UDP ports) between the script's numbers and those on the wire. The script's initial
 * sequence numbers and timestamps are its own; the stack's are random.
 */
import type { Seen } from './codec.ts';
import { FLAG_BITS } from './parse-packet.ts';
import type { TcpOption } from './syntax.ts';

const FIN = FLAG_BITS['F']!;
const SYN = FLAG_BITS['S']!;
const RST = FLAG_BITS['R']!;

export class Flow {
  /** On the wire. */
  readonly localPort: number;
  readonly remotePort: number;
  /** The packet of ours that an ICMP error quotes. */
  lastSent: Seen | undefined;
  /** Added to a sequence number of ours in the script, gives that on the wire; until our SYN is seen they are equal. */
  #shift: number | undefined;
  /** The next SYN of ours begins anew; until then the numbers of before hold. */
  #isNew = true;
  /** Our timestamps: the script's to the wire's, as each was seen. */
  readonly #stamps = new Map<number, number>();
  #firstStamp: { readonly script: number; readonly wire: number } | undefined;
  /** µs of one tick in the script's timestamps. */
  readonly #tick: number;

  constructor(localPort: number, remotePort: number, tick: number) {
    this.localPort = localPort;
    this.remotePort = remotePort;
    this.#tick = tick;
  }

  /** Which sides have sent FIN. */
  #finished = { in: false, out: false };
  #isReset = false;

  /** Neither reset nor closed from both sides: a SYN belongs to it, as a retransmission or an attack. */
  get isOpen(): boolean {
    return !this.#isReset && !(this.#finished.in && this.#finished.out);
  }

  /** A packet of this flow has passed. */
  passed(direction: 'in' | 'out', seen: Seen): void {
    if (seen.protocol !== 'tcp') return;
    if ((seen.flags & RST) !== 0) this.#isReset = true;
    if ((seen.flags & FIN) !== 0) this.#finished[direction] = true;
  }

  /** A new SYN from the peer: the next SYN of ours may have another initial sequence number. */
  begin(): void {
    this.#finished = { in: false, out: false };
    this.#isReset = false;
    this.#isNew = true;
  }

  #renew(shift: number): void {
    this.#isNew = false;
    this.#shift = shift;
    this.#stamps.clear();
    this.#firstStamp = undefined;
  }

  owns(seen: Seen): boolean {
    return (
      seen.protocol !== 'icmp' &&
      seen.sourcePort === this.localPort &&
      seen.destinationPort === this.remotePort
    );
  }

  /** Learns what stands for what from a packet of ours and the line that expects it. */
  learn(seen: Seen, scriptSeq: number, scriptOptions: readonly TcpOption[] | 'any'): void {
    this.lastSent = seen;
    if (seen.protocol !== 'tcp') return;
    if ((seen.flags & SYN) !== 0 && this.#isNew) this.#renew((seen.seq - scriptSeq) | 0);
    if (scriptOptions === 'any') return;
    const wire = seen.options.find((o) => o.kind === 'TS');
    const script = scriptOptions.find((o) => o.kind === 'TS');
    if (wire === undefined || script === undefined) return;
    this.#firstStamp ??= { script: script.value, wire: wire.value };
    this.#stamps.set(script.value, wire.value);
  }

  get shift(): number {
    return this.#shift ?? 0;
  }

  /** A sequence number of ours, from the script to the wire. */
  toWire(scriptSeq: number): number {
    return (scriptSeq + this.shift) | 0;
  }

  toScript(wireSeq: number): number {
    return (wireSeq - this.shift) >>> 0;
  }

  /** A timestamp of ours that the script echoes. */
  echoToWire(echo: number): number {
    const seen = this.#stamps.get(echo);
    if (seen !== undefined) return seen;
    if (echo === 0 || this.#firstStamp === undefined) return echo;
    return this.stampToWire(echo);
  }

  /** What a timestamp of the script should be on the wire. */
  stampToWire(stamp: number): number {
    if (this.#firstStamp === undefined) return stamp;
    const ticks = (stamp - this.#firstStamp.script) | 0;
    return (this.#firstStamp.wire + Math.round((ticks * this.#tick) / 1_000)) >>> 0;
  }

  stampToScript(stamp: number): number {
    if (this.#firstStamp === undefined) return stamp;
    const ticks = (stamp - this.#firstStamp.wire) | 0;
    return (this.#firstStamp.script + Math.round((ticks * 1_000) / this.#tick)) >>> 0;
  }

  /** SACK blocks of the peer speak of our sequence numbers. */
  inbound(option: TcpOption): TcpOption {
    if (option.kind === 'TS') return { ...option, echo: this.echoToWire(option.echo) };
    if (option.kind !== 'sack') return option;
    return { kind: 'sack', blocks: option.blocks.map(([a, b]) => [this.toWire(a), this.toWire(b)] as const) };
  }
}
