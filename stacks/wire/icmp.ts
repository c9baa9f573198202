/**
 * ICMP messages: RFC 792, RFC 1191 §4 (next-hop MTU), RFC 1812 §5.2.7.1 (codes).
 *
 *  0        8        16               32
 * +--------+--------+----------------+
 * |  type  |  code  |    checksum    |
 * |  identifier, or |    sequence,   |   echo
 * |  pointer, zero  | or next MTU    |   errors
 * +-----------------+----------------+
 * |  data, or the packet in question
 */
import { addBytes, finish, verifies } from '../packet/checksum.ts';
import type { Packet } from '../packet/packet.ts';
import type { DropReason } from '../packet/verdict.ts';

export const ICMP_HEADER = 8;
const CHECKSUM = 2;
export const ICMP_IDENTIFIER = 4;
export const ICMP_SEQUENCE = 6;
export const ICMP_NEXT_MTU = 6;
/** Of a redirect. */
export const ICMP_GATEWAY = 4;

export const ECHO_REPLY = 0;
export const DESTINATION_UNREACHABLE = 3;
export const REDIRECT = 5;
export const ECHO_REQUEST = 8;
export const TIME_EXCEEDED = 11;
export const PARAMETER_PROBLEM = 12;

// Codes of destination unreachable.
export const NET_UNREACHABLE = 0;
export const HOST_UNREACHABLE = 1;
export const PROTOCOL_UNREACHABLE = 2;
export const PORT_UNREACHABLE = 3;
export const FRAGMENTATION_NEEDED = 4;
export const SOURCE_ROUTE_FAILED = 5;
/** Communication administratively prohibited, RFC 1812 §5.2.7.1. */
export const PROHIBITED = 13;

/** Code of a redirect: for one host. */
export const REDIRECT_HOST = 1;
/** For one host and a type of service. */
export const LAST_REDIRECT = 3;

// Codes of time exceeded.
export const IN_TRANSIT = 0;
export const IN_REASSEMBLY = 1;

/** Validates the message from `packet.start` to `packet.end`. */
export function checkIcmp(packet: Packet): DropReason | undefined {
  if (packet.length < ICMP_HEADER) return 'runt';
  return verifies(addBytes(packet, packet.start, packet.end, 0)) ? undefined : 'bad-checksum';
}

export function icmpType(packet: Packet, at: number): number {
  return packet.u8(at);
}
export function icmpCode(packet: Packet, at: number): number {
  return packet.u8(at + 1);
}

/** Writes the header at `packet.start`; what follows up to `packet.end` is there already. `word`: bytes 4 to 7. */
export function writeIcmp(packet: Packet, type: number, code: number, word: number): void {
  const at = packet.start;
  packet.setU8(at, type);
  packet.setU8(at + 1, code);
  packet.setI32(at + ICMP_IDENTIFIER, word);
  packet.setU16(at + CHECKSUM, 0);
  packet.setU16(at + CHECKSUM, finish(addBytes(packet, at, packet.end, 0)));
}

/** A query or its answer (RFC 1122 §3.2.2): about anything else no ICMP error may be sent. */
export function isQuery(type: number): boolean {
  return type === ECHO_REPLY || type === ECHO_REQUEST || (type >= 13 && type <= 18);
}
