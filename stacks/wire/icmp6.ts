/**
 * ICMPv6: RFC 4443 §2.1 (message), §3 (errors), §4 (echo).
 *
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   0 |     Type      |     Code      |          Checksum             |
 *   4 |  word: MTU, pointer, unused, or Identifier | Sequence Number  |
 *   8 |  as much of the invoking packet as fits, or data              |
 */
import type { Address } from '../address/address.ts';
import { ipv6 } from '../address/ipv6.ts';
import { addBytes, finish, verifies } from '../packet/checksum.ts';
import type { Packet } from '../packet/packet.ts';
import { ICMPV6 } from './ipv6.ts';

export const CODE = 1;
export const CHECKSUM = 2;
export const WORD = 4;
export const IDENTIFIER = 4;
export const SEQUENCE = 6;
export const ICMP_BYTES = 8;

export const DESTINATION_UNREACHABLE = 1;
export const PACKET_TOO_BIG = 2;
export const TIME_EXCEEDED = 3;
export const PARAMETER_PROBLEM = 4;
/** Types below it are errors (RFC 4443 §2.1). */
export const FIRST_INFORMATIONAL = 128;
export const ECHO_REQUEST = 128;
export const ECHO_REPLY = 129;
/** RFC 3810 §5, RFC 2710 §3. */
export const LISTENER_QUERY = 130;
export const LISTENER_REPORT = 131;
export const LISTENER_DONE = 132;
export const LISTENER_REPORT_V2 = 143;
/** RFC 4861 §4; `ndp.ts` has their bodies. */
export const ROUTER_SOLICITATION = 133;
export const ROUTER_ADVERTISEMENT = 134;
export const NEIGHBOUR_SOLICITATION = 135;
export const NEIGHBOUR_ADVERTISEMENT = 136;
export const REDIRECT = 137;

/** Codes of destination unreachable, RFC 4443 §3.1. */
export const NO_ROUTE = 0;
export const PROHIBITED = 1;
export const BEYOND_SCOPE = 2;
export const ADDRESS_UNREACHABLE = 3;
export const PORT_UNREACHABLE = 4;
export const REJECT_ROUTE = 6;

/** Codes of time exceeded, RFC 4443 §3.3. */
export const HOP_LIMIT_EXCEEDED = 0;
export const REASSEMBLY_EXCEEDED = 1;

/** Codes of parameter problem, RFC 4443 §3.4 and RFC 7112 §5. */
export const ERRONEOUS_FIELD = 0;
export const UNKNOWN_NEXT_HEADER = 1;
export const UNKNOWN_OPTION = 2;
export const INCOMPLETE_CHAIN = 3;

/** Does the checksum of the message in `[at, end)` hold? */
export function checksumVerifies(packet: Packet, at: number, source: Address, destination: Address): boolean {
  const pseudo = ipv6.pseudoHeader(source, destination, ICMPV6, packet.end - at);
  return verifies(addBytes(packet, at, packet.end, pseudo));
}

/** Fills in the checksum of the message that is the whole packet (RFC 4443 §2.3). */
export function setChecksum(packet: Packet, source: Address, destination: Address): void {
  const at = packet.start;
  packet.setU16(at + CHECKSUM, 0);
  const pseudo = ipv6.pseudoHeader(source, destination, ICMPV6, packet.length);
  packet.setU16(at + CHECKSUM, finish(addBytes(packet, at, packet.end, pseudo)));
}

/** The first eight bytes, checksum still to come. */
export function writeIcmp(packet: Packet, type: number, code: number, word: number): void {
  const at = packet.start;
  packet.setU8(at, type);
  packet.setU8(at + CODE, code);
  packet.setU16(at + CHECKSUM, 0);
  packet.setI32(at + WORD, word);
}
