/** The ECN field, the low two bits of the traffic class: RFC 3168 §5. */
import type { Packet } from '../packet/packet.ts';

export const ECN_MASK = 3;
/** The transport knows nothing of ECN. */
export const NOT_ECT = 0;
/** ECN-capable transport; the codepoint that a sender takes when it has no use for two. */
export const ECT_0 = 2;
/** Congestion experienced. */
export const CE = 3;

/** A router's, or reassembly's, word for it; the checksum of an IPv4 header is the caller's to mend. */
export function markCongestion(packet: Packet, version: 4 | 6): void {
  const at = packet.network + 1;
  packet.setU8(at, packet.u8(at) | (version === 4 ? CE : CE << 4));
}

/** Of a packet whose IP header, at `packet.network`, has been validated. */
export function ecnField(packet: Packet, version: 4 | 6): number {
  // The traffic class is the second byte of an IPv4 header, and lies across the first two of an IPv6 header.
  const second = packet.u8(packet.network + 1);
  return (version === 4 ? second : second >> 4) & ECN_MASK;
}
