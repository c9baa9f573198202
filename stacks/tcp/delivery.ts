/**
 * What one ACK tells of data in flight, as far as it is news: RFC 8985 §6.2 steps 1 to 3, RFC 6298 §3 (Karn), RFC 9937
 * §5 (DeliveredData), RFC 2883 §4 (D-SACK). A Tcp has one instance and begins it anew with each ACK.
 */
import { MILLISECOND } from '../time/clock.ts';
import { type Deliveries, RETRANSMITTED } from './flight.ts';

export class Delivery implements Deliveries {
  /** Bytes that newly proved to have arrived, acknowledged or SACKed. */
  bytes = 0;
  /** As many segments; what left in one moment left in full ones. */
  segments = 0;
  /** One of them, at least, was sent more than once. */
  isRepeated = false;
  /** Of those sent once: age of the one sent first, and where the lowest begins and the lowest ends; -1 for none. */
  oldest = -1;
  lowestStart = 0;
  lowestEnd = 0;
  /** Behind the highest of all. */
  highest = 0;
  /** The one sent last whose delivery is unambiguous: when, where it ends, its round trip in µs; -1 for none. */
  sentAt = 0;
  end = 0;
  rtt = -1;
  /** The bytes that the peer has received twice. */
  isDuplicate = false;
  duplicateStart = 0;
  duplicateEnd = 0;
  /** µs */
  now = 0;
  #mss = 1;
  /** Behind our FIN, which is no data; undefined before it is sent. */
  #fin: number | undefined;
  #minRtt = 0;
  #hasEcho = false;
  #echo = 0;

  /**
   * `now` in µs; a retransmission that seems to take less than `minRtt` was not what arrived. `fin`: what lies behind
   * our FIN.
   */
  begin(now: number, minRtt: number, mss: number, fin: number | undefined): void {
    this.now = now;
    this.#mss = mss;
    this.#fin = fin;
    this.#minRtt = minRtt;
    this.#hasEcho = this.isDuplicate = this.isRepeated = false;
    this.bytes = this.segments = 0;
    this.oldest = this.rtt = -1;
  }

  /** The ACK echoes what we sent at this millisecond (int32), RFC 7323 §3.2. */
  echoes(millisecond: number): void {
    this.#hasEcho = true;
    this.#echo = millisecond;
  }

  /** True when the ACK echoes something sent before `millisecond`: it was not what we sent then that caused it. */
  isEchoBefore(millisecond: number): boolean {
    return this.#hasEcho && ((this.#echo - millisecond) | 0) < 0;
  }

  duplicated(start: number, end: number): void {
    this.isDuplicate = true;
    this.duplicateStart = start;
    this.duplicateEnd = end;
  }

  delivered(start: number, end: number, sentAt: number, state: number): void {
    const rtt = (this.now - sentAt) | 0;
    if (this.bytes === 0 || ((end - this.highest) | 0) > 0) this.highest = end;
    const bytes = (end - start) | 0;
    this.bytes += bytes;
    const data = end === this.#fin ? bytes - 1 : bytes;
    this.segments += data <= this.#mss ? 1 : Math.ceil(data / this.#mss);
    if ((state & RETRANSMITTED) !== 0) {
      this.isRepeated = true;
      // RFC 8985 §6.2 step 2: the original may have arrived, and late.
      if (rtt < this.#minRtt || this.isEchoBefore(Math.floor((this.now - rtt) / MILLISECOND) | 0)) return;
    } else {
      if (this.oldest < 0 || ((start - this.lowestStart) | 0) < 0) {
        this.lowestStart = start;
        this.lowestEnd = end;
      }
      if (rtt > this.oldest) this.oldest = rtt;
    }
    // RACK_sent_after(): a later time, or in the same microsecond a higher sequence number.
    const later = (sentAt - this.sentAt) | 0;
    if (this.rtt >= 0 && (later < 0 || (later === 0 && ((end - this.end) | 0) < 0))) return;
    this.sentAt = sentAt;
    this.end = end;
    this.rtt = Math.max(rtt, 0);
  }
}
