/** Errors that this host finds itself, told to its transports as if by ICMPv6, but never from inside their own call. */
import type { Packet } from '../packet/packet.ts';
import type { Timer } from '../time/clock.ts';
import type { Host } from './host.ts';
import { type Quote, readQuote } from './quote.ts';

/** Errors are hints: when more wait than this, the rest is left to the transports' timers. */
const MAX_WAITING = 256;

export class LocalErrors {
  readonly #host: Host;
  readonly #timer: Timer;
  #waiting: Quote[] = [];

  constructor(host: Host, tell: (quote: Quote) => void) {
    this.#host = host;
    this.#timer = host.environment.clock.timer(() => {
      for (const quote of this.#waiting.splice(0)) tell(quote);
    });
  }

  /** A packet of ours, its header at `packet.start`, whose next hop on that link does not answer. */
  unreachable(packet: Packet, interfaceIndex: number): void {
    if (this.#waiting.length >= MAX_WAITING) return;
    const quote = readQuote(packet, packet.start, interfaceIndex, 'host-unreachable', 0, this.#host.name);
    if (quote === undefined) return;
    this.#waiting.push(quote);
    if (!this.#timer.armed) this.#timer.armIn(0);
  }
}
