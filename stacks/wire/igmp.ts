/**
 * IGMP: RFC 1112 appendix I (version 1), RFC 2236 §2 (version 2), RFC 3376 §4 (version 3).
 *
 *  0        8        16               32
 * +--------+--------+----------------+
 * |  type  |max resp|    checksum    |
 * |           group address          |   queries; reports and leaves of versions 1 and 2
 * | flags  |  QQIC  |number (sources)|   queries of version 3, sources behind it
 * +--------+--------+----------------+
 *
 * A report of version 3: type, 0, checksum, 0, number of records; each record is type, 0, number of sources, group,
 * sources.
 */
import { addBytes, finish, verifies } from '../packet/checksum.ts';
import type { Packet } from '../packet/packet.ts';
import type { DropReason } from '../packet/verdict.ts';

export const PROTOCOL_IGMP = 2;
export const IGMP_BYTES = 8;
/** Of a query of version 3 without sources. */
export const QUERY_V3_BYTES = 12;
export const RECORD_BYTES = 8;
const CHECKSUM = 2;
const GROUP = 4;
const RECORDS = 6;
const SOURCE_COUNT = 10;

export const MEMBERSHIP_QUERY = 0x11;
export const REPORT_V1 = 0x12;
export const REPORT_V2 = 0x16;
export const LEAVE_GROUP = 0x17;
export const REPORT_V3 = 0x22;

// Record types: RFC 3376 §4.2.12.
export const MODE_IS_INCLUDE = 1;
export const MODE_IS_EXCLUDE = 2;
export const CHANGE_TO_INCLUDE = 3;
export const CHANGE_TO_EXCLUDE = 4;

/** What a report of version 3 says of one group. */
export interface GroupRecord {
  readonly type: number;
  readonly group: number;
  readonly sources: readonly number[];
}

/** Validates the message from `packet.start` to `packet.end`; RFC 3376 §7.1: no query has 9 to 11 bytes. */
export function checkIgmp(packet: Packet): DropReason | undefined {
  if (packet.length < IGMP_BYTES) return 'runt';
  if (!verifies(addBytes(packet, packet.start, packet.end, 0))) return 'bad-checksum';
  if (igmpType(packet) !== MEMBERSHIP_QUERY || packet.length === IGMP_BYTES) return undefined;
  const whole = packet.length >= QUERY_V3_BYTES && packet.length >= QUERY_V3_BYTES + 4 * sourceCount(packet);
  return whole ? undefined : 'bad-length';
}

export function igmpType(packet: Packet): number {
  return packet.u8(packet.start);
}
export function igmpGroup(packet: Packet): number {
  return packet.i32(packet.start + GROUP);
}
/** RFC 3376 §7.1: by length and the code that version 1 did not have. */
export function queryVersion(packet: Packet): 1 | 2 | 3 {
  if (packet.length > IGMP_BYTES) return 3;
  return packet.u8(packet.start + 1) === 0 ? 1 : 2;
}
/** Tenths of a second (RFC 3376 §4.1.1: from 128 on a floating-point form). */
export function maxResponse(packet: Packet): number {
  const code = packet.u8(packet.start + 1);
  if (packet.length === IGMP_BYTES || code < 128) return code;
  return ((code & 15) | 16) << (((code >> 4) & 7) + 3);
}
/** Of a query of version 3. */
export function sourceCount(packet: Packet): number {
  return packet.u16(packet.start + SOURCE_COUNT);
}
export function querySource(packet: Packet, index: number): number {
  return packet.i32(packet.start + QUERY_V3_BYTES + 4 * index);
}

/** A report or a leave of versions 1 and 2: fills `IGMP_BYTES` at `packet.start`. */
export function writeIgmp(packet: Packet, type: number, group: number): void {
  packet.setI32(packet.start, type << 24);
  packet.setI32(packet.start + GROUP, group);
  seal(packet);
}

export function reportBytes(records: readonly GroupRecord[]): number {
  return records.reduce((sum, { sources }) => sum + RECORD_BYTES + 4 * sources.length, IGMP_BYTES);
}

/** Fills `reportBytes` at `packet.start`. */
export function writeReport(packet: Packet, records: readonly GroupRecord[]): void {
  packet.setI32(packet.start, REPORT_V3 << 24);
  packet.setI32(packet.start + GROUP, 0);
  packet.setU16(packet.start + RECORDS, records.length);
  let at = packet.start + IGMP_BYTES;
  for (const { type, group, sources } of records) {
    packet.setI32(at, (type << 24) | sources.length);
    packet.setI32(at + 4, group);
    at += RECORD_BYTES;
    for (const source of sources) {
      packet.setI32(at, source);
      at += 4;
    }
  }
  seal(packet);
}

function seal(packet: Packet): void {
  packet.setU16(packet.start + CHECKSUM, 0);
  packet.setU16(packet.start + CHECKSUM, finish(addBytes(packet, packet.start, packet.end, 0)));
}
