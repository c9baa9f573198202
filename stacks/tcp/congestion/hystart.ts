/**
 * HyStart++, RFC 9406: slow start ends when the round trip grows, because a queue is filling, and not only when that
 * queue has overflowed. First it goes on at a quarter of the speed, and in full again should it have been mistaken.
 */
import { MILLISECOND } from '../../time/clock.ts';

/** §4.2. MIN_RTT_THRESH, MAX_RTT_THRESH, MIN_RTT_DIVISOR: by how much the round trip must grow; N_RTT_SAMPLE. */
const LEAST_GROWTH = 4 * MILLISECOND;
const MOST_GROWTH = 16 * MILLISECOND;
const GROWTH_DIVISOR = 8;
const SAMPLES = 8;
/** CSS_GROWTH_DIVISOR, CSS_ROUNDS: of conservative slow start (CSS). */
const CONSERVATIVE_DIVISOR = 4;
const CONSERVATIVE_ROUNDS = 5;

const NONE: number = Number.POSITIVE_INFINITY;

export class HyStart {
  /** windowEnd: the round is over when this is acknowledged. */
  #end = 0;
  #hasBegun = false;
  /** lastRoundMinRTT, currentRoundMinRTT, rttSampleCount, cssBaselineMinRtt (NONE outside CSS). */
  #last = NONE;
  #current = NONE;
  #samples = 0;
  #baseline = NONE;
  /** Rounds of CSS that are over. */
  #rounds = 0;

  /**
   * An ACK in slow start, with the round trip `rtt` it shows (µs, -1 for none). By what the growth of the window is to
   * be divided; 0 when slow start is over.
   */
  divisor(rtt: number, sndUna: number, sndNxt: number): number {
    if (!this.#hasBegun || ((sndUna - this.#end) | 0) >= 0) this.#newRound(sndNxt);
    if (rtt >= 0) {
      this.#current = Math.min(this.#current, rtt);
      this.#samples++;
    }
    if (this.#samples >= SAMPLES) this.#judge();
    if (this.#baseline === NONE) return 1;
    return this.#rounds < CONSERVATIVE_ROUNDS ? CONSERVATIVE_DIVISOR : 0;
  }

  #newRound(sndNxt: number): void {
    if (this.#baseline !== NONE) this.#rounds++;
    this.#hasBegun = true;
    this.#end = sndNxt;
    this.#last = this.#current;
    this.#current = NONE;
    this.#samples = 0;
  }

  #judge(): void {
    if (this.#baseline !== NONE) {
      // "Resume slow start": the round trip is shorter again.
      if (this.#current < this.#baseline) this.#baseline = NONE;
      return;
    }
    if (this.#last === NONE) return;
    const growth = Math.max(LEAST_GROWTH, Math.min(this.#last / GROWTH_DIVISOR, MOST_GROWTH));
    if (this.#current < this.#last + growth) return;
    this.#baseline = this.#current;
    this.#rounds = 0;
  }
}
