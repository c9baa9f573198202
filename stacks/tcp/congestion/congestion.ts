/** What the sender asks of a congestion control algorithm (RFC 5681 §3); all in bytes. NewReno is one, CUBIC another. */
export interface Congestion {
  cwnd: number;
  ssthresh: number;
  /** `bytes` newly acknowledged while the window was what held the sender back; `limit` bounds one growth step. */
  acknowledged(bytes: number, mss: number, limit: number): void;
  /** Fast retransmit: a loss, with `flight` bytes outstanding. */
  loss(flight: number, mss: number): void;
  /** Fast recovery is over, with `flight` bytes outstanding. */
  recovered(flight: number, mss: number): void;
  /** The retransmission timer expired; `again` when it did so before for the same data. */
  timeout(flight: number, mss: number, again: boolean): void;
  /** Nothing was sent for a retransmission timeout (RFC 5681 §4.1). */
  idle(mss: number): void;
}
