/** What a connection that has begun to send counts for whoever looks at it (RFC 4898 §2); nothing is decided by it. */
import type { Delivery } from './delivery.ts';

/** What keeps a connection from sending more: nothing to send; path or congestion window; the peer's window; our buffer. */
export const IDLE = 0;
export const BUSY = 1;
export const RECEIVER = 2;
export const SEND_BUFFER = 3;
export type Limit = typeof IDLE | typeof BUSY | typeof RECEIVER | typeof SEND_BUFFER;

export class Statistics {
  /** Segments that have arrived, and of those the ones whose acknowledgment said ECE (RFC 3168). */
  delivered = 0;
  deliveredCe = 0;
  /** Segments that the peer says it has got twice (RFC 2883). */
  duplicates = 0;
  /** Bytes of data sent again. */
  retransmitted = 0;
  #limit: Limit = IDLE;
  /** µs */
  #since = 0;
  readonly #times: [number, number, number, number] = [0, 0, 0, 0];

  acknowledged(delivery: Delivery, mss: number, isMarked: boolean): void {
    this.delivered += delivery.segments;
    if (isMarked) this.deliveredCe += delivery.segments;
    if (!delivery.isDuplicate) return;
    this.duplicates += Math.ceil(((delivery.duplicateEnd - delivery.duplicateStart) | 0) / mss);
  }

  /** From `now` (µs) on it is `limit` that counts. */
  turn(limit: Limit, now: number): void {
    if (limit === this.#limit) return;
    this.#times[this.#limit] += now - this.#since;
    this.#limit = limit;
    this.#since = now;
  }

  #time(limit: Limit, now: number): number {
    return this.#times[limit] + (this.#limit === limit ? now - this.#since : 0);
  }

  /** µs in which there was something to send, for whatever reason it was not. */
  busy(now: number): number {
    return this.#time(BUSY, now) + this.#time(RECEIVER, now) + this.#time(SEND_BUFFER, now);
  }

  receiverLimited(now: number): number {
    return this.#time(RECEIVER, now);
  }

  sendBufferLimited(now: number): number {
    return this.#time(SEND_BUFFER, now);
  }
}
