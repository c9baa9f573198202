/**
 * The UDP header: RFC 768.
 *
 *  0      7 8     15 16    23 24    31
 *  +--------+--------+--------+--------+
 *  |   source port   | destination port|
 *  +--------+--------+--------+--------+
 *  |     length      |     checksum    |
 *  +--------+--------+--------+--------+
 */
import type { Address } from '../address/address.ts';
import type { Family } from '../address/family.ts';
import { addBytes, finish, verifies } from '../packet/checksum.ts';
import { type Packet, UNKNOWN } from '../packet/packet.ts';
import type { DropReason } from '../packet/verdict.ts';

export const PROTOCOL_UDP = 17;
export const UDP_HEADER = 8;
const LENGTH = 4;
const CHECKSUM = 6;

/** Of a header at `at` that `checkUdp` has passed. */
export function udpSourcePort(packet: Packet, at: number): number {
  return packet.u16(at);
}
export function udpDestinationPort(packet: Packet, at: number): number {
  return packet.u16(at + 2);
}
/** Header and data. */
export function udpLength(packet: Packet, at: number): number {
  return packet.u16(at + LENGTH);
}

/** Validates the datagram at `packet.start`; afterwards the readers above cannot fail. */
export function checkUdp(
  packet: Packet,
  family: Family,
  source: Address,
  destination: Address,
): DropReason | undefined {
  if (packet.length < UDP_HEADER) return 'runt';
  const at = packet.start;
  const length = udpLength(packet, at);
  // Bytes behind the length are padding of the IP payload; a length beyond it lies.
  if (length < UDP_HEADER || length > packet.length) return 'bad-length';
  if (packet.u16(at + CHECKSUM) === 0) return family.udpChecksumRequired ? 'bad-checksum' : undefined;
  if (packet.checksum !== UNKNOWN) return undefined;
  const sum = family.pseudoHeader(source, destination, PROTOCOL_UDP, length);
  return verifies(addBytes(packet, at, at + length, sum)) ? undefined : 'bad-checksum';
}

/** Fills the header at `packet.start`; the data behind it up to `packet.end` is there already. */
export function writeUdp(
  packet: Packet,
  family: Family,
  source: Address,
  sourcePort: number,
  destination: Address,
  destinationPort: number,
): void {
  const at = packet.start;
  packet.setU16(at, sourcePort);
  packet.setU16(at + 2, destinationPort);
  packet.setU16(at + LENGTH, packet.length);
  packet.setU16(at + CHECKSUM, 0);
  const sum = family.pseudoHeader(source, destination, PROTOCOL_UDP, packet.length);
  // RFC 768: a computed zero is sent as all ones, because zero means that there is no checksum.
  packet.setU16(at + CHECKSUM, finish(addBytes(packet, at, packet.end, sum)) || 0xffff);
}
