/**
 * CUBIC, RFC 9438, with HyStart++ (RFC 9406) in the first slow start: after a loss the window climbs back to where the loss was along a cubic function of time, lingers
 * there, and then looks for more; on paths where Reno would be quicker it does as Reno does.
 */
import { SECOND } from '../../time/clock.ts';
import { type Congestion, type CongestionName, MAX_WINDOW } from './congestion.ts';
import { HyStart } from './hystart.ts';

/** §5.1: C in segments/s^3, and beta_cubic. */
const C = 0.4;
const BETA = 0.7;
/** §4.3: makes the Reno-friendly window as large on average as Reno's, which halves. */
const ALPHA = (3 * (1 - BETA)) / (1 + BETA);
/** §4.2: the window grows to 1.5 times itself in a round trip at most. */
const MAX_STEP = 1.5;

/** What a loss changes, and §4.9 restores when it was none. Windows in bytes, times in µs. */
interface Past {
  readonly cwnd: number;
  readonly ssthresh: number;
  readonly max: number;
  readonly prior: number;
  readonly epoch: number;
  readonly start: number;
  readonly k: number;
  readonly estimate: number;
}

export class Cubic implements Congestion {
  readonly name: CongestionName = 'cubic';
  cwnd: number;
  ssthresh: number = MAX_WINDOW;
  readonly #initialWindow: number;
  /** W_max: the window at the last loss; zero: unknown, the climb begins at its end (§4.8, §4.10). */
  #max = 0;
  /** cwnd_prior: the window when ssthresh was last set. */
  #prior = 0;
  /** t_epoch, -1 while no congestion avoidance is going on; cwnd_epoch; K in s; W_est. */
  #epoch = -1;
  #start = 0;
  #k = 0;
  #estimate = 0;
  /** When something was last acknowledged: time in which the window is not used does not count (§5.8). */
  #last = 0;
  /** The fraction of a byte that `cwnd` leaves out. */
  #fraction = 0;
  #past: Past | undefined;
  /** Until the first slow start is over (RFC 9406 §4.2). */
  #hyStart: HyStart | undefined = new HyStart();
  #divisor = 1;

  /** `initialWindow` in bytes. */
  constructor(initialWindow: number) {
    this.#initialWindow = initialWindow;
    this.cwnd = initialWindow;
  }

  measured(rtt: number, sndUna: number, sndNxt: number): void {
    if (this.#hyStart === undefined) return;
    this.#divisor = this.#hyStart.divisor(rtt, sndUna, sndNxt);
    if (this.#divisor === 0) this.ssthresh = this.cwnd;
    if (this.cwnd >= this.ssthresh) this.#endHyStart();
  }

  #endHyStart(): void {
    this.#hyStart = undefined;
    this.#divisor = 1;
  }

  acknowledged(bytes: number, mss: number, limit: number, now: number, srtt: number): void {
    this.#last = now;
    if (this.cwnd < this.ssthresh) {
      const step = Math.floor(Math.min(bytes, limit) / this.#divisor);
      this.cwnd = Math.min(this.cwnd + step, MAX_WINDOW);
      return;
    }
    if (this.#epoch < 0) this.#begin(now, mss);
    const { cwnd } = this;
    // §4.3: one segment a window, by ALPHA of it until the window of before the loss is reached.
    this.#estimate += ((this.#estimate < this.#prior ? ALPHA : 1) * mss * bytes) / cwnd;
    const t = (now - this.#epoch) / SECOND;
    if (this.#at(t, mss) < this.#estimate) {
      this.cwnd = Math.min(Math.max(cwnd, Math.floor(this.#estimate)), MAX_WINDOW);
      return;
    }
    // §4.4, §4.5: towards where the function will be a round trip from now.
    const target = Math.min(Math.max(this.#at(t + srtt / SECOND, mss), cwnd), MAX_STEP * cwnd);
    const exact = cwnd + this.#fraction + ((target - cwnd) / cwnd) * bytes;
    this.cwnd = Math.min(Math.floor(exact), MAX_WINDOW);
    this.#fraction = exact - Math.floor(exact);
  }

  /** §4.2: a new epoch of congestion avoidance. */
  #begin(now: number, mss: number): void {
    this.#epoch = now;
    this.#start = this.#estimate = this.cwnd;
    this.#fraction = 0;
    if (this.#max <= this.cwnd) this.#max = this.cwnd;
    this.#k = Math.cbrt((this.#max - this.#start) / mss / C);
  }

  /** W_cubic(t), equation 1, in bytes. */
  #at(t: number, mss: number): number {
    return C * (t - this.#k) ** 3 * mss + this.#max;
  }

  unused(now: number): void {
    if (this.#epoch >= 0) this.#epoch += now - this.#last;
    this.#last = now;
  }

  loss(flight: number, mss: number): void {
    this.#remember();
    // §4.7, fast convergence: a flow that lost before it was back at its old window makes room for a new one.
    this.#max = this.cwnd < this.#max ? (this.cwnd * (1 + BETA)) / 2 : this.cwnd;
    this.#reduce(flight, mss);
  }

  #reduce(flight: number, mss: number): void {
    this.#endHyStart();
    this.#prior = this.cwnd;
    this.ssthresh = Math.max(Math.round(flight * BETA), 2 * mss); // §4.6
    this.#epoch = -1;
  }

  /** §4.8: the first epoch after a timeout begins at its own W_max, with K = 0. */
  timeout(flight: number, mss: number): void {
    this.#remember();
    this.#max = 0;
    this.#reduce(flight, mss);
  }

  #remember(): void {
    this.#past = {
      cwnd: this.cwnd,
      ssthresh: this.ssthresh,
      max: this.#max,
      prior: this.#prior,
      epoch: this.#epoch,
      start: this.#start,
      k: this.#k,
      estimate: this.#estimate,
    };
  }

  undo(): void {
    const past = this.#past;
    if (past === undefined) return;
    this.cwnd = Math.max(this.cwnd, past.cwnd);
    this.ssthresh = Math.max(this.ssthresh, past.ssthresh);
    this.#max = past.max;
    this.#prior = past.prior;
    this.#epoch = past.epoch;
    this.#start = past.start;
    this.#k = past.k;
    this.#estimate = past.estimate;
    this.#past = undefined;
  }

  idle(time: number): void {
    this.cwnd = Math.min(this.cwnd, this.#initialWindow); // the restart window, RFC 5681 §4.1
    if (this.#epoch >= 0) this.#epoch += time;
    this.#last += time; // counted now, and not again by `unused`
  }
}
