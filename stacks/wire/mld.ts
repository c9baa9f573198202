/**
 * Multicast listener discovery: MLDv2 (RFC 3810 §5) and MLDv1 (RFC 2710 §3).
 *
 * Query (130), of version 2 when it has 28 bytes at least, of version 1 when it has 24; report (131) and done (132) of
 * version 1 are the first 24 bytes.
 *
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   4 |     Maximum Response Code     |           Reserved            |
 *   8 |                   Multicast Address (16)                      |
 *  24 | Resv  |S| QRV |     QQIC      |     Number of Sources (N)     |
 *  28 |                   Source Addresses (16 each)                  |
 *
 * Report of version 2 (143): Number of Records at 6, from 8 on records of
 *
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   0 |  Record Type  |  Aux Data Len |     Number of Sources (N)     |
 *   4 |                   Multicast Address (16)                      |
 *  20 |                   Source Addresses (16 each)                  |
 */
import { Address } from '../address/address.ts';
import { ipv6 } from '../address/ipv6.ts';
import type { Packet } from '../packet/packet.ts';

export const V1_BYTES = 24;
export const QUERY_V2_BYTES = 28;
export const MULTICAST_ADDRESS = 8;
export const REPORT_BYTES = 8;
const MAX_RESPONSE = 4;
const S_AND_QRV = 24;
const QQIC = 25;
const SOURCES = 26;
const RECORD_BYTES = 20;

/** Record types, RFC 3810 §5.2.12: what is so, and what has changed. */
export const MODE_IS_INCLUDE = 1;
export const MODE_IS_EXCLUDE = 2;
export const CHANGE_TO_INCLUDE = 3;
export const CHANGE_TO_EXCLUDE = 4;

export interface ListenerRecord {
  readonly type: number;
  readonly group: Address;
  readonly sources: readonly Address[];
}

export interface Query {
  readonly version: 1 | 2;
  /** ms */
  readonly maxResponse: number;
  /** Unspecified in a general query. */
  readonly group: Address;
  /** QRV; 0 when the querier does not tell. */
  readonly robustness: number;
  /** Seconds between general queries; undefined in version 1. */
  readonly interval: number | undefined;
  readonly sources: readonly Address[];
}

/** RFC 3810 §5.1.3: from 32,768 on, a mantissa of 12 bits and an exponent of 3. */
function responseTime(code: number): number {
  return code < 0x8000 ? code : ((code & 0xfff) | 0x1000) << (((code >>> 12) & 7) + 3);
}

/** RFC 3810 §5.1.9: from 128 on, a mantissa of 4 bits and an exponent of 3. */
function queryInterval(code: number): number {
  return code < 0x80 ? code : ((code & 0xf) | 0x10) << (((code >>> 4) & 7) + 3);
}

/** The message at `packet.start`; undefined when its length is that of no version (§8.1) or does not hold its sources. */
export function readQuery(packet: Packet): Query | undefined {
  const at = packet.start;
  const { length } = packet;
  if (length !== V1_BYTES && length < QUERY_V2_BYTES) return undefined;
  const code = packet.u16(at + MAX_RESPONSE);
  const group = new Address();
  ipv6.read(packet.bytes, at + MULTICAST_ADDRESS, group);
  if (length === V1_BYTES) {
    return { version: 1, maxResponse: code, group, robustness: 0, interval: undefined, sources: [] };
  }
  const count = packet.u16(at + SOURCES);
  if (QUERY_V2_BYTES + 16 * count > length) return undefined;
  const sources = Array.from({ length: count }, (_, i) => {
    const source = new Address();
    ipv6.read(packet.bytes, at + QUERY_V2_BYTES + 16 * i, source);
    return source;
  });
  const robustness = packet.u8(at + S_AND_QRV) & 7;
  const interval = queryInterval(packet.u8(at + QQIC));
  return { version: 2, maxResponse: responseTime(code), group, robustness, interval, sources };
}

export function recordBytes(record: ListenerRecord): number {
  return RECORD_BYTES + 16 * record.sources.length;
}

/** Returns the offset behind it. */
export function writeRecord(packet: Packet, at: number, { type, group, sources }: ListenerRecord): number {
  packet.setU8(at, type);
  packet.setU8(at + 1, 0);
  packet.setU16(at + 2, sources.length);
  ipv6.write(group, packet.bytes, at + 4);
  for (const [i, source] of sources.entries()) ipv6.write(source, packet.bytes, at + RECORD_BYTES + 16 * i);
  return at + RECORD_BYTES + 16 * sources.length;
}
