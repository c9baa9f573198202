/** What the sender asks of a congestion control algorithm (RFC 5681 §3); in bytes and µs. */
export interface Congestion {
  readonly name: CongestionName;
  cwnd: number;
  ssthresh: number;
  /**
   * `bytes` newly arrived while the window was what held the sender back; `limit` bounds one step of slow start.
   * `srtt` is 0 when unknown.
   */
  acknowledged(bytes: number, mss: number, limit: number, now: number, srtt: number): void;
  /** Before `acknowledged`: the ACK shows a round trip of `rtt` µs, or -1, and leaves `[sndUna, sndNxt)` in flight. */
  measured(rtt: number, sndUna: number, sndNxt: number): void;
  /** Something newly arrived, but the window was not full: it must not grow (RFC 9438 §5.8). */
  unused(now: number): void;
  /** A loss was found, with `flight` bytes outstanding. `ssthresh` falls; `cwnd` is the caller's until recovery ends. */
  loss(flight: number, mss: number): void;
  /** The retransmission timer expired; again `cwnd` is the caller's. */
  timeout(flight: number, mss: number): void;
  /** The last `loss` or `timeout` was none. */
  undo(): void;
  /** Nothing was sent for `time`, more than a retransmission timeout (RFC 5681 §4.1). */
  idle(time: number): void;
}

export type CongestionName = 'cubic' | 'newreno';

/** Beyond any flight: sequence numbers and windows are 30 bits. */
export const MAX_WINDOW = 0x3fff_ffff;
