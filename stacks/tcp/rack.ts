/**
 * RACK, RFC 8985 §6: a segment is lost when one sent after it has arrived and it is late by a reordering window. Times
 * decide, so a lost retransmission is found as well as a lost original.
 */
import type { Delivery } from './delivery.ts';
import { type Flight, LOST, SACKED } from './flight.ts';

/** `minRtt` before the first sample. */
export const NO_RTT = 0x7fff_ffff;
/** RACK.reo_wnd_persist: loss recoveries for which a wider window is kept (§6.2 step 4). */
const PERSIST = 16;

export class Rack {
  /** RACK.min_RTT in µs, of the last minutes: the path may have become longer (§6.2 step 1). */
  minRtt: number = NO_RTT;
  /** The same of the half of the window that has passed, and of the one that goes on since then. */
  #before: number = NO_RTT;
  #current: number = NO_RTT;
  #since = 0;
  /** RACK.rtt */
  rtt = 0;
  /** How often an original arrived after one sent later, and how many bytes later at most. */
  reorderings = 0;
  reorderedBy = 0;
  /** RACK.xmit_ts and RACK.end_seq: what was sent last of all that has arrived; and RACK.fack. */
  #sentAt = 0;
  #end = 0;
  #fack = 0;
  #isKnown = false;
  /** RACK.reo_wnd_mult, RACK.reo_wnd_persist, RACK.dsack_round */
  #multiplier = 1;
  #persist = 0;
  #round = 0;
  #isRound = false;

  /** RACK.reordering_seen */
  get hasSeenReordering(): boolean {
    return this.reorderings > 0;
  }

  /** Step 1, for a connection without SACK as well: a round trip of `rtt` µs, to be forgotten after `window` µs. */
  measured(rtt: number, now: number, window: number): void {
    const age = now - this.#since;
    if (2 * age >= window) {
      this.#before = age >= window ? NO_RTT : this.#current;
      this.#current = NO_RTT;
      this.#since = now;
    }
    this.#current = Math.min(this.#current, rtt);
    this.minRtt = Math.min(this.#before, this.#current);
  }

  /** Steps 2 and 3. */
  update(delivery: Delivery): void {
    if (delivery.bytes === 0) return;
    // RACK_detect_reordering(): an original has arrived after one that was sent later.
    if (this.#isKnown && delivery.oldest >= 0 && ((delivery.lowestEnd - this.#fack) | 0) < 0) {
      this.reorderings++;
      this.reorderedBy = Math.max(this.reorderedBy, (this.#fack - delivery.lowestStart) | 0);
    }
    if (!this.#isKnown || ((delivery.highest - this.#fack) | 0) > 0) this.#fack = delivery.highest;
    if (delivery.rtt < 0) return;
    this.rtt = delivery.rtt;
    const later = (delivery.sentAt - this.#sentAt) | 0;
    if (this.#isKnown && (later < 0 || (later === 0 && ((delivery.end - this.#end) | 0) <= 0))) return;
    this.#isKnown = true;
    this.#sentAt = delivery.sentAt;
    this.#end = delivery.end;
  }

  /** Nothing is in flight any more; times grow stale. */
  rest(): void {
    this.#isKnown = false;
  }

  /** Step 4: a D-SACK says that something was sent again too early. One a round trip counts. */
  duplicated(sndUna: number, sndNxt: number): void {
    if (this.#isRound && ((sndUna - this.#round) | 0) < 0) return;
    this.#isRound = true;
    this.#round = sndNxt;
    this.#multiplier++;
    this.#persist = PERSIST;
  }

  /** Step 4: a loss recovery is over. */
  recovered(): void {
    if (--this.#persist <= 0) this.#multiplier = 1;
  }

  /** RACK_update_reo_wnd(), µs. `isSure`: in recovery, or DupThresh segments are SACKed. */
  window(isSure: boolean, srtt: number): number {
    if (!this.hasSeenReordering && isSure) return 0;
    return Math.min(Math.floor((this.#multiplier * this.minRtt) / 4), srtt);
  }

  /** Step 5, RACK_detect_loss(); returns the µs after which to look again, 0 for never. */
  detect(log: Flight, now: number, window: number): number {
    if (!this.#isKnown) return 0;
    let wait = 0;
    for (let i = log.first; i < log.last; i++) {
      const state = log.state(i);
      if ((state & (SACKED | LOST)) !== 0) continue;
      const before = (this.#sentAt - log.sentAt(i)) | 0;
      if (before < 0 || (before === 0 && ((this.#end - log.end(i)) | 0) <= 0)) {
        if (state === 0) break; // sent once, so whatever lies behind was sent later still
        continue;
      }
      const remaining = this.#remaining(log, i, now, window);
      if (remaining <= 0) log.markLost(i);
      else if (remaining > wait) wait = remaining;
    }
    return wait;
  }

  /** §6.3, RACK_mark_losses_on_RTO(): the first, and what is as late. What was sent just now need not be lost. */
  timeout(log: Flight, now: number, window: number): void {
    for (let i = log.first; i < log.last; i++) {
      if ((log.state(i) & SACKED) !== 0) continue;
      if (i === log.first || this.#remaining(log, i, now, window) <= 0) log.markLost(i);
    }
  }

  #remaining(log: Flight, i: number, now: number, window: number): number {
    return this.rtt + window - ((now - log.sentAt(i)) | 0);
  }
}
