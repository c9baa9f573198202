import type { Clock } from '../time/clock.ts';
import { SECOND } from '../time/clock.ts';

/** Rate limit of ICMP errors: the example of RFC 4443 §2.4(f), RFC 1812 §4.3.2.8. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #filled = 0;

  constructor(clock: Clock, perSecond: number, burst: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /** Takes one token; false when there is none. */
  take(): boolean {
    const now = this.#clock.now;
    const grown = this.#tokens + ((now - this.#filled) * this.#perSecond) / SECOND;
    this.#tokens = Math.min(this.#burst, grown);
    this.#filled = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
