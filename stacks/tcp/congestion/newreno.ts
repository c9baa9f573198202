/** RFC 5681 (slow start, congestion avoidance), RFC 6582 (NewReno), RFC 6928 (initial window). */
import type { Congestion } from './congestion.ts';

export class NewReno implements Congestion {
  cwnd: number;
  /** RFC 5681 §3.1: arbitrarily high at first. */
  ssthresh = 0x3fffffff;
  #initialWindow: number;
  /** Bytes acknowledged towards the next step of congestion avoidance. */
  #acknowledged = 0;

  /** `initialWindow` in segments. */
  constructor(mss: number, initialWindow: number) {
    this.#initialWindow = initialWindow;
    this.cwnd = mss * initialWindow;
  }

  acknowledged(bytes: number, mss: number, limit: number): void {
    if (this.cwnd < this.ssthresh) {
      // RFC 5681 §3.1 equation 2, with the limit of RFC 3465 §2.2.
      this.cwnd = Math.min(this.cwnd + Math.min(bytes, limit), 0x3fffffff);
      return;
    }
    // RFC 5681 §3.1, appropriate byte counting: one segment a window.
    this.#acknowledged += bytes;
    if (this.#acknowledged >= this.cwnd) {
      this.#acknowledged -= this.cwnd;
      this.cwnd = Math.min(this.cwnd + mss, 0x3fffffff);
    }
  }

  loss(flight: number, mss: number): void {
    this.ssthresh = Math.max(flight >> 1, 2 * mss); // RFC 5681 equation 4
    this.cwnd = this.ssthresh;
    this.#acknowledged = 0;
  }

  recovered(flight: number, mss: number): void {
    // RFC 6582 §3.2 step 3, option 1: no burst when little is left in flight.
    this.cwnd = Math.min(this.ssthresh, Math.max(flight, mss) + mss);
  }

  timeout(flight: number, mss: number, again: boolean): void {
    if (!again) this.ssthresh = Math.max(flight >> 1, 2 * mss); // RFC 5681 §3.1
    this.cwnd = mss; // the loss window
    this.#acknowledged = 0;
  }

  idle(mss: number): void {
    this.cwnd = Math.min(this.cwnd, mss * this.#initialWindow); // the restart window, RFC 5681 §4.1
  }
}
