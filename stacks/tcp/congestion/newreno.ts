/** RFC 5681 (slow start, congestion avoidance), RFC 6582 (NewReno), RFC 6928 (initial window). */
import { type Congestion, type CongestionName, MAX_WINDOW } from './congestion.ts';

export class NewReno implements Congestion {
  readonly name: CongestionName = 'newreno';
  cwnd: number;
  /** RFC 5681 §3.1: arbitrarily high at first. */
  ssthresh: number = MAX_WINDOW;
  readonly #initialWindow: number;
  /** Bytes acknowledged towards the next step of congestion avoidance. */
  #acknowledged = 0;
  /** Before the last loss. */
  #before = { cwnd: 0, ssthresh: 0 };

  /** `initialWindow` in bytes. */
  constructor(initialWindow: number) {
    this.#initialWindow = initialWindow;
    this.cwnd = initialWindow;
  }

  acknowledged(bytes: number, mss: number, limit: number): void {
    if (this.cwnd < this.ssthresh) {
      // RFC 5681 §3.1 equation 2, with the limit of RFC 3465 §2.2.
      this.cwnd = Math.min(this.cwnd + Math.min(bytes, limit), MAX_WINDOW);
      return;
    }
    // RFC 5681 §3.1, appropriate byte counting: one segment a window.
    this.#acknowledged += bytes;
    if (this.#acknowledged >= this.cwnd) {
      this.#acknowledged -= this.cwnd;
      this.cwnd = Math.min(this.cwnd + mss, MAX_WINDOW);
    }
  }

  measured(): void {}

  unused(): void {}

  loss(flight: number, mss: number): void {
    this.#before = { cwnd: this.cwnd, ssthresh: this.ssthresh };
    this.ssthresh = Math.max(flight >> 1, 2 * mss); // RFC 5681 equation 4
    this.#acknowledged = 0;
  }

  timeout(flight: number, mss: number): void {
    this.loss(flight, mss);
  }

  undo(): void {
    this.cwnd = Math.max(this.cwnd, this.#before.cwnd);
    this.ssthresh = Math.max(this.ssthresh, this.#before.ssthresh);
  }

  idle(): void {
    this.cwnd = Math.min(this.cwnd, this.#initialWindow); // the restart window, RFC 5681 §4.1
  }
}
