/**
 * The IPv4 header: RFC 791 §3.1, checks after RFC 1122 §3.2.1 and RFC 1812 §5.2.2.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |Version|  IHL  |Type of Service|          Total Length         |
 * |         Identification        |0|D|M|      Fragment Offset    |
 * |  Time to Live |    Protocol   |         Header Checksum       |
 * |                       Source Address                          |
 * |                    Destination Address                        |
 * |                    Options                    |    Padding    |
 */
import { addBytes, finish, update, verifies } from '../packet/checksum.ts';
import type { Packet } from '../packet/packet.ts';
import type { DropReason } from '../packet/verdict.ts';

export const IPV4_HEADER = 20;
export const IPV4_MAX_HEADER = 60;
/** Largest total length. */
export const IPV4_MAX_LENGTH = 65_535;
/** Every link carries so much in one piece (RFC 791 §3.2). */
export const IPV4_LEAST_MTU = 68;

export const PROTOCOL_ICMP = 1;
export const PROTOCOL_TCP = 6;

const TOS = 1;
const TOTAL_LENGTH = 2;
const IDENTIFICATION = 4;
const FLAGS = 6;
const TTL = 8;
const PROTOCOL = 9;
const CHECKSUM = 10;
const SOURCE = 12;
export const IPV4_SOURCE: number = SOURCE;
export const IPV4_DESTINATION = 16;

export const DONT_FRAGMENT = 0x4000;
export const MORE_FRAGMENTS = 0x2000;
const OFFSET_MASK = 0x1fff;

/**
 * Validates the header at `packet.start`, notes `network` and `transport`, and cuts off link padding behind the
 * total length. Afterwards the readers below, given `packet.network`, cannot fail.
 */
export function checkIpv4(packet: Packet): DropReason | undefined {
  const at = packet.start;
  if (packet.length < IPV4_HEADER) return 'runt';
  const first = packet.u8(at);
  if (first >> 4 !== 4) return 'bad-version';
  const header = (first & 15) << 2;
  const total = packet.u16(at + TOTAL_LENGTH);
  if (header < IPV4_HEADER || total < header || total > packet.length) return 'bad-length';
  const intact =
    header === IPV4_HEADER && (at & 1) === 0
      ? plainVerifies(packet.words, at >> 1)
      : verifies(addBytes(packet, at, at + header, 0));
  if (!intact) return 'bad-checksum';
  packet.network = at;
  packet.transport = at + header;
  packet.end = at + total;
  return undefined;
}

/** A header without options, at an index of words: a sum of 0xffff reads the same in either byte order (RFC 1071 §2). */
function plainVerifies(w: Uint16Array, i: number): boolean {
  const first = w[i]! + w[i + 1]! + w[i + 2]! + w[i + 3]! + w[i + 4]!;
  const sum = first + w[i + 5]! + w[i + 6]! + w[i + 7]! + w[i + 8]! + w[i + 9]!;
  const folded = (sum & 0xffff) + (sum >>> 16);
  return folded === 0xffff || folded === 0x1fffe;
}

export function headerLength(packet: Packet, at: number): number {
  return (packet.u8(at) & 15) << 2;
}
export function totalLength(packet: Packet, at: number): number {
  return packet.u16(at + TOTAL_LENGTH);
}
export function identification(packet: Packet, at: number): number {
  return packet.u16(at + IDENTIFICATION);
}
export function trafficClass(packet: Packet, at: number): number {
  return packet.u8(at + TOS);
}
export function dontFragment(packet: Packet, at: number): boolean {
  return (packet.u16(at + FLAGS) & DONT_FRAGMENT) !== 0;
}
export function moreFragments(packet: Packet, at: number): boolean {
  return (packet.u16(at + FLAGS) & MORE_FRAGMENTS) !== 0;
}
/** In bytes. */
export function fragmentOffset(packet: Packet, at: number): number {
  return (packet.u16(at + FLAGS) & OFFSET_MASK) << 3;
}
export function isFragment(packet: Packet, at: number): boolean {
  return (packet.u16(at + FLAGS) & (MORE_FRAGMENTS | OFFSET_MASK)) !== 0;
}
export function timeToLive(packet: Packet, at: number): number {
  return packet.u8(at + TTL);
}
export function protocolOf(packet: Packet, at: number): number {
  return packet.u8(at + PROTOCOL);
}
/** Address words as `Address.w3` holds them. */
export function sourceWord(packet: Packet, at: number): number {
  return packet.i32(at + SOURCE);
}
export function destinationWord(packet: Packet, at: number): number {
  return packet.i32(at + IPV4_DESTINATION);
}

/** Another destination, with its checksum. */
export function setDestination(packet: Packet, at: number, word: number): void {
  packet.setI32(at + IPV4_DESTINATION, word);
  sealHeader(packet, at);
}

/** One hop less; the checksum follows by RFC 1624. */
export function decrementTtl(packet: Packet, at: number): void {
  const old = packet.u16(at + TTL);
  const now = old - 0x100;
  packet.setU16(at + TTL, now);
  packet.setU16(at + CHECKSUM, update(packet.u16(at + CHECKSUM), old, now));
}

/** Writes a header without options at `packet.start`, over everything up to `packet.end`. */
export function writeIpv4(
  packet: Packet,
  source: number,
  destination: number,
  protocol: number,
  tos: number,
  ttl: number,
  id: number,
  flags: number,
): void {
  const at = packet.start;
  packet.setU8(at, 0x45);
  packet.setU8(at + TOS, tos);
  packet.setU16(at + TOTAL_LENGTH, packet.length);
  packet.setU16(at + IDENTIFICATION, id);
  packet.setU16(at + FLAGS, flags);
  packet.setU8(at + TTL, ttl);
  packet.setU8(at + PROTOCOL, protocol);
  packet.setI32(at + SOURCE, source);
  packet.setI32(at + IPV4_DESTINATION, destination);
  sealHeader(packet, at);
}

/** Behind `writeIpv4` with room left for them: the options, in whole words, and what they change in the header. */
export function writeOptions(packet: Packet, options: Uint8Array, flags: number): void {
  packet.bytes.set(options, packet.start + IPV4_HEADER);
  resizeHeader(packet, packet.start, IPV4_HEADER + options.length, flags, 0);
}

/** Sets total length, flags and offset (in bytes), and the checksum, of a header whose other fields stand. */
export function resizeHeader(
  packet: Packet,
  at: number,
  header: number,
  flags: number,
  offset: number,
): void {
  packet.setU8(at, 0x40 | (header >> 2));
  packet.setU16(at + TOTAL_LENGTH, packet.end - at);
  packet.setU16(at + FLAGS, flags | (offset >> 3));
  sealHeader(packet, at);
}

/** After a super-segment was cut: length and, by one for each segment, the identification (RFC 6864 §4). */
export function resizeSegment(segment: Packet, index: number): void {
  const at = segment.start;
  segment.setU16(at + TOTAL_LENGTH, segment.length);
  segment.setU16(at + IDENTIFICATION, segment.u16(at + IDENTIFICATION) + index);
  sealHeader(segment, at);
}

/** After a change of the header: its checksum. */
export function sealHeader(packet: Packet, at: number): void {
  packet.setU16(at + CHECKSUM, 0);
  packet.setU16(at + CHECKSUM, finish(addBytes(packet, at, at + headerLength(packet, at), 0)));
}
