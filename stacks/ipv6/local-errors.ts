/** Errors that this host finds itself, told to its transports as if by ICMPv6, but never from inside their own call. */
import type { Clock, Timer } from '../time/clock.ts';
import type { Quote } from './quote.ts';

/** Errors are hints: when more wait than this, the rest is left to the transports' timers. */
const MAX_WAITING = 256;

export class LocalErrors {
  readonly #timer: Timer;
  #waiting: Quote[] = [];

  constructor(clock: Clock, tell: (quote: Quote) => void) {
    this.#timer = clock.timer(() => {
      for (const quote of this.#waiting.splice(0)) tell(quote);
    });
  }

  push(quote: Quote): void {
    if (this.#waiting.length >= MAX_WAITING) return;
    this.#waiting.push(quote);
    if (!this.#timer.armed) this.#timer.armIn(0);
  }
}
