/** The retransmission timeout: RFC 6298 §2, with Karn's rule (§3) kept by the callers, who never sample ambiguously. */

export interface Rtt {
  /** µs, 0 before the first sample. */
  srtt: number;
  rttvar: number;
  rto: number;
}

/** One measurement of `r` µs. */
export function sample(rtt: Rtt, r: number, minimum: number, maximum: number): void {
  if (rtt.srtt === 0) {
    rtt.srtt = Math.max(r, 1); // (2.2)
    rtt.rttvar = r >> 1;
  } else {
    rtt.rttvar += (Math.abs(rtt.srtt - r) - rtt.rttvar) >> 2; // (2.3), beta = 1/4
    rtt.srtt = Math.max(rtt.srtt + ((r - rtt.srtt) >> 3), 1); // alpha = 1/8
  }
  freshRto(rtt, minimum, maximum);
}

/** (2.3), without any backing off. The minimum bounds the variance term, as Linux has it: a steady path keeps a margin. */
export function freshRto(rtt: Rtt, minimum: number, maximum: number): void {
  rtt.rto = Math.min(rtt.srtt + Math.max(minimum, 4 * rtt.rttvar), maximum);
}

/** (5.5) */
export function backOff(rtt: Rtt, maximum: number): void {
  rtt.rto = Math.min(rtt.rto * 2, maximum);
}
