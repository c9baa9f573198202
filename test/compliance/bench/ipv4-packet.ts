/** IPv4 and what it carries, written from RFC 791, 768, 792, 826 and 3376. */
import { address, type Bytes, checksum, join, mac, u16, u32 } from './bytes.ts';

export interface Ipv4Fields {
  readonly source: string;
  readonly destination: string;
  readonly protocol?: number;
  readonly payload?: Bytes | readonly number[];
  readonly hopLimit?: number;
  readonly trafficClass?: number;
  readonly id?: number;
  readonly df?: boolean;
  readonly mf?: boolean;
  /** The reserved bit of the flags. */
  readonly reserved?: boolean;
  /** Bytes. */
  readonly offset?: number;
  /** A multiple of four bytes. */
  readonly options?: Bytes | readonly number[];
  readonly version?: number;
  /** In words, when it is to lie. */
  readonly headerWords?: number;
  readonly totalLength?: number;
  /** Added to the right one. */
  readonly checksumError?: number;
}

export const ICMP = 1;
export const IGMP = 2;
export const UDP = 17;

export function ipv4Packet(f: Ipv4Fields): Bytes {
  const options = f.options ?? [];
  const payload = f.payload ?? [];
  const words = f.headerWords ?? 5 + options.length / 4;
  const flags = (f.reserved ? 0x8000 : 0) | (f.df ? 0x4000 : 0) | (f.mf ? 0x2000 : 0);
  const head = (sum: number): Bytes =>
    join(
      [((f.version ?? 4) << 4) | words, f.trafficClass ?? 0],
      u16(f.totalLength ?? 20 + options.length + payload.length),
      u16(f.id ?? 0x1234),
      u16(flags | ((f.offset ?? 0) / 8)),
      [f.hopLimit ?? 64, f.protocol ?? UDP],
      u16(sum),
      address(f.source),
      address(f.destination),
      options,
    );
  return join(head((checksum(head(0)) + (f.checksumError ?? 0)) & 0xffff), payload);
}

/** Type, code, the word behind the checksum, the rest. */
export function icmpMessage(
  type: number,
  code: number,
  word: number,
  body: Bytes | readonly number[] = [],
  checksumError = 0,
): Bytes {
  const rest = join(u32(word), body);
  const sum = (checksum([type, code, 0, 0], rest) + checksumError) & 0xffff;
  return join([type, code], u16(sum), rest);
}

export interface ArpFields {
  /** 1 request, 2 reply. */
  readonly operation: number;
  readonly senderMac: string;
  readonly sender: string;
  readonly targetMac?: string;
  readonly target: string;
  readonly hardware?: number;
  readonly protocol?: number;
  readonly hardwareLength?: number;
  readonly protocolLength?: number;
}

export function arpPacket(f: ArpFields): Bytes {
  return join(
    u16(f.hardware ?? 1),
    u16(f.protocol ?? 0x0800),
    [f.hardwareLength ?? 6, f.protocolLength ?? 4],
    u16(f.operation),
    mac(f.senderMac),
    address(f.sender),
    mac(f.targetMac ?? '00:00:00:00:00:00'),
    address(f.target),
  );
}

/** RFC 3376 §4.1; `sources` for a group-and-source query. Eight bytes without the IGMPv3 part: an IGMPv2 query. */
export function igmpQuery(
  group: string,
  maxResponse: number,
  version: 1 | 2 | 3,
  sources: string[] = [],
): Bytes {
  const tail =
    version === 3 ? join([2, 125], u16(sources.length), ...sources.map((source) => address(source))) : [];
  const rest = join(address(group), tail);
  return join([0x11, maxResponse], u16(checksum([0x11, maxResponse, 0, 0], rest)), rest);
}
