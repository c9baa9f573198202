/**
 * Packets between script and wire. Written apart from stacks/wire on purpose: what judges a stack must not share its
 * mistakes. RFC 791 §3.1, RFC 8200 §3, RFC 9293 §3.1, RFC 768, RFC 792, RFC 4443.
 */
import type { Address } from '../../stacks/address/address.ts';
import type { Family } from '../../stacks/address/family.ts';
import type { IpFields, TcpOption } from './syntax.ts';

export const TCP = 6;
export const UDP = 17;
const ICMP = 1;
const ICMPV6 = 58;

/** Who talks to whom, seen from the sender of the packet. */
export interface Ends {
  readonly family: Family;
  readonly source: Address;
  readonly destination: Address;
}

export interface TcpFields {
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** int32 */
  readonly seq: number;
  readonly ack: number;
  /** With AE as 0x100. */
  readonly flags: number;
  readonly window: number;
  readonly urgent: number;
  readonly options: readonly TcpOption[];
  /** Bytes of data. */
  readonly length: number;
}

/** A packet as it was seen. */
export type Seen = {
  /** µs */
  readonly time: number;
  readonly bytes: Uint8Array;
  readonly tos: number;
  readonly flowLabel: number;
  readonly ttl: number;
} & (
  | ({ readonly protocol: 'tcp' } & TcpFields)
  | {
      readonly protocol: 'udp';
      readonly sourcePort: number;
      readonly destinationPort: number;
      readonly length: number;
    }
  | {
      readonly protocol: 'icmp';
      readonly type: number;
      readonly code: number;
      readonly mtu: number;
      readonly id: number;
    }
);

/** Code points of RFC 3168 §5; `ect01` is checked, not sent. */
const ECN_BITS = { noecn: 0, ect1: 1, ect0: 2, ect01: 2, ce: 3 } as const;

function typeOfService(ip: IpFields): number {
  return ip.tos ?? (ip.ecn === undefined ? 0 : ECN_BITS[ip.ecn]);
}

function ipPacket(ends: Ends, ip: IpFields, protocol: number, payload: Uint8Array): Uint8Array {
  const { family, source, destination } = ends;
  const header = family.headerBytes;
  const bytes = new Uint8Array(header + payload.length);
  const view = new DataView(bytes.buffer);
  const tos = typeOfService(ip);
  if (family.version === 4) {
    view.setUint16(0, 0x4500 | tos);
    view.setUint16(2, bytes.length);
    view.setUint16(6, 0x4000); // DF
    bytes[8] = ip.ttl ?? 255;
    bytes[9] = protocol;
    family.write(source, bytes, 12);
    family.write(destination, bytes, 16);
    view.setUint16(10, checksum(bytes.subarray(0, header), 0));
  } else {
    view.setUint32(0, ((0x60 << 24) | (tos << 20) | (ip.flowLabel ?? 0)) >>> 0);
    view.setUint16(4, payload.length);
    bytes[6] = protocol;
    bytes[7] = ip.ttl ?? 255;
    family.write(source, bytes, 8);
    family.write(destination, bytes, 24);
  }
  bytes.set(payload, header);
  return bytes;
}

/** The Internet checksum (RFC 1071) of `bytes`, on from `sum`. */
export function checksum(bytes: Uint8Array, sum: number): number {
  let s = sum;
  for (let i = 0; i < bytes.length; i += 2) s += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  while (s > 0xffff) s = (s & 0xffff) + Math.floor(s / 0x10000);
  return ~s & 0xffff;
}

export function pseudoHeader(
  { family, source, destination }: Ends,
  protocol: number,
  length: number,
): number {
  const address = new Uint8Array(2 * family.addressBytes);
  family.write(source, address, 0);
  family.write(destination, address, family.addressBytes);
  return (~checksum(address, 0) & 0xffff) + protocol + length;
}

export function tcpPacket(ends: Ends, ip: IpFields, tcp: TcpFields): Uint8Array {
  const options = optionBytes(tcp.options);
  const header = 20 + options.length;
  const bytes = new Uint8Array(header + tcp.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, tcp.sourcePort);
  view.setUint16(2, tcp.destinationPort);
  view.setInt32(4, tcp.seq);
  view.setInt32(8, tcp.ack);
  view.setUint16(12, ((header >> 2) << 12) | tcp.flags);
  view.setUint16(14, tcp.window);
  view.setUint16(18, tcp.urgent);
  bytes.set(options, 20);
  view.setUint16(16, checksum(bytes, pseudoHeader(ends, TCP, bytes.length)));
  return ipPacket(ends, ip, TCP, bytes);
}

/** As the script writes them, filled up with end-of-list to a multiple of four. */
function optionBytes(options: readonly TcpOption[]): Uint8Array {
  const bytes: number[] = [];
  const word = (n: number): void => {
    bytes.push((n >>> 24) & 255, (n >>> 16) & 255, (n >>> 8) & 255, n & 255);
  };
  for (const option of options) {
    switch (option.kind) {
      case 'eol':
        bytes.push(0);
        break;
      case 'nop':
        bytes.push(1);
        break;
      case 'uto':
        word(0x1c04_0000 | (option.isMinutes ? 0x8000 : 0) | option.value);
        break;
      case 'raw':
        bytes.push(...option.bytes);
        break;
      case 'mss':
        bytes.push(2, 4, (option.value >> 8) & 255, option.value & 255);
        break;
      case 'wscale':
        bytes.push(3, 3, option.value & 255);
        break;
      case 'sackOK':
        bytes.push(4, 2);
        break;
      case 'sack':
        bytes.push(5, 2 + 8 * option.blocks.length);
        for (const [start, end] of option.blocks) {
          word(start);
          word(end);
        }
        break;
      case 'TS':
        bytes.push(8, 10);
        word(option.value);
        word(option.echo);
        break;
      case 'FO':
        bytes.push(34, 2 + option.bytes.length, ...option.bytes);
        break;
      case 'FOEXP':
        bytes.push(254, 4 + option.bytes.length, 0xf9, 0x89, ...option.bytes);
        break;
      case 'md5':
        bytes.push(19, 2 + option.bytes.length, ...option.bytes);
        break;
      case 'ECN':
        // RFC 9768 §3.2.3: the kind says which counter stands first.
        bytes.push(option.counters[0]?.[0] === 'e1b' ? 174 : 172, 2 + 3 * option.counters.length);
        for (const [, n] of option.counters) bytes.push((n >> 16) & 255, (n >> 8) & 255, n & 255);
    }
  }
  while (bytes.length % 4 !== 0) bytes.push(0);
  return Uint8Array.from(bytes);
}

export function udpPacket(
  ends: Ends,
  ip: IpFields,
  sourcePort: number,
  destinationPort: number,
  length: number,
): Uint8Array {
  const bytes = new Uint8Array(8 + length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, sourcePort);
  view.setUint16(2, destinationPort);
  view.setUint16(4, bytes.length);
  const sum = checksum(bytes, pseudoHeader(ends, UDP, bytes.length));
  view.setUint16(6, sum === 0 ? 0xffff : sum);
  return ipPacket(ends, ip, UDP, bytes);
}

/** `word`: bytes 4 to 7. `body`: what follows them. */
export function icmpPacket(
  ends: Ends,
  ip: IpFields,
  type: number,
  code: number,
  word: number,
  body: Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(8 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, (type << 8) | code);
  view.setUint32(4, word >>> 0);
  bytes.set(body, 8);
  const is4 = ends.family.version === 4;
  view.setUint16(2, checksum(bytes, is4 ? 0 : pseudoHeader(ends, ICMPV6, bytes.length)));
  return ipPacket(ends, ip, is4 ? ICMP : ICMPV6, bytes);
}

/** Undefined for what scripts do not speak of: neighbour discovery, multicast reports, other protocols. */
export function decode(family: Family, time: number, bytes: Uint8Array): Seen | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const is4 = family.version === 4;
  const header = is4 ? (bytes[0]! & 15) * 4 : 40;
  const protocol = is4 ? bytes[9]! : bytes[6]!;
  const first = view.getUint32(0);
  const ip = {
    time,
    bytes,
    tos: is4 ? bytes[1]! : (first >>> 20) & 0xff,
    flowLabel: is4 ? 0 : first & 0xfffff,
    ttl: is4 ? bytes[8]! : bytes[7]!,
  };
  const at = header;
  if (protocol === TCP) {
    if (bytes.length < at + 20) return undefined; // a script may send such things
    const dataOffset = (bytes[at + 12]! >> 4) * 4;
    return {
      ...ip,
      protocol: 'tcp',
      sourcePort: view.getUint16(at),
      destinationPort: view.getUint16(at + 2),
      seq: view.getInt32(at + 4),
      ack: view.getInt32(at + 8),
      flags: view.getUint16(at + 12) & 0x1ff,
      window: view.getUint16(at + 14),
      urgent: view.getUint16(at + 18),
      options: readOptions(bytes.subarray(at + 20, at + dataOffset)),
      length: bytes.length - at - dataOffset,
    };
  }
  if (protocol === UDP) {
    return {
      ...ip,
      protocol: 'udp',
      sourcePort: view.getUint16(at),
      destinationPort: view.getUint16(at + 2),
      length: view.getUint16(at + 4) - 8,
    };
  }
  const isIcmp = protocol === (is4 ? ICMP : ICMPV6);
  if (!isIcmp || (!is4 && bytes[at]! >= 130)) return undefined;
  const word = view.getUint32(at + 4);
  return {
    ...ip,
    protocol: 'icmp',
    type: bytes[at]!,
    code: bytes[at + 1]!,
    mtu: is4 ? word & 0xffff : word,
    id: word >>> 16,
  };
}

function readOptions(bytes: Uint8Array): TcpOption[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const options: TcpOption[] = [];
  for (let at = 0; at < bytes.length; ) {
    const kind = bytes[at]!;
    if (kind <= 1) {
      options.push({ kind: kind === 0 ? 'eol' : 'nop' });
      at++;
      continue;
    }
    const length = bytes[at + 1] ?? 0;
    // Not for `decode` to judge: the comparison shows what was read so far.
    if (length < 2 || at + length > bytes.length) break;
    options.push(readOption(kind, view, at, bytes.slice(at + 2, at + length)));
    at += length;
  }
  return options;
}

/** Bytes of what follows kind and length, where it is always the same. */
const SIZES: Readonly<Record<number, number>> = { 2: 2, 3: 1, 4: 0, 8: 8, 28: 2 };

function readOption(kind: number, view: DataView, at: number, body: Uint8Array): TcpOption {
  const raw: TcpOption = { kind: 'raw', bytes: Uint8Array.of(kind, body.length + 2, ...body) };
  if ((SIZES[kind] ?? body.length) !== body.length || (kind === 5 && body.length % 8 !== 0)) return raw;
  switch (kind) {
    case 2:
      return { kind: 'mss', value: view.getUint16(at + 2) };
    case 3:
      return { kind: 'wscale', value: body[0]! };
    case 4:
      return { kind: 'sackOK' };
    case 5: {
      const blocks: [number, number][] = [];
      for (let i = 0; i + 8 <= body.length; i += 8) {
        blocks.push([view.getUint32(at + 2 + i), view.getUint32(at + 6 + i)]);
      }
      return { kind: 'sack', blocks };
    }
    case 8:
      return { kind: 'TS', value: view.getUint32(at + 2), echo: view.getUint32(at + 6) };
    case 19:
      return { kind: 'md5', bytes: body };
    case 34:
      return { kind: 'FO', bytes: body };
    case 28: {
      const field = view.getUint16(at + 2);
      return { kind: 'uto', value: field & 0x7fff, isMinutes: field > 0x7fff };
    }
    case 254:
      return body[0] === 0xf9 && body[1] === 0x89 ? { kind: 'FOEXP', bytes: body.subarray(2) } : raw;
    default:
      return raw;
  }
}
