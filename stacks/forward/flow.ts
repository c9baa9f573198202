/** What tells flows apart where routes share them: addresses, protocol and ports (RFC 2991 §2, RFC 6438 §3). */

/** Two IPv6 addresses, protocol, ports, flow label. */
export const FLOW_WORDS = 11;

export interface Flow {
  /** Writes at most `FLOW_WORDS` words, the same for every packet of a flow; how many. Asked only where flows part. */
  words(into: Int32Array): number;
}

/** Ports stand in the first four bytes of the transport header. */
export function hasPorts(protocol: number): boolean {
  return protocol === 6 || protocol === 17;
}
