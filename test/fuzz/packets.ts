/**
 * Packets by hand. Written apart from stacks/wire on purpose: what judges a stack must not share its mistakes.
 * RFC 791 §3.1, RFC 792, RFC 768, RFC 826, RFC 4443, RFC 4861 §4, RFC 8200 §3 and §4, RFC 9293 §3.1.
 */

export type Bytes = Uint8Array;

export const ICMP = 1;
export const TCP = 6;
export const UDP = 17;
export const ROUTING = 43;
export const FRAGMENT = 44;
export const ICMPV6 = 58;
export const DESTINATION_OPTIONS = 60;
export const HOP_BY_HOP = 0;

export function join(...parts: readonly (Bytes | readonly number[])[]): Bytes {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function u16(bytes: Bytes, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

export function put16(bytes: Bytes, at: number, value: number): void {
  if (at + 1 >= bytes.length) return;
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

/** int32 */
export function i32(bytes: Bytes, at: number): number {
  return (u16(bytes, at) << 16) | u16(bytes, at + 2);
}

export function put32(bytes: Bytes, at: number, value: number): void {
  put16(bytes, at, value >>> 16);
  put16(bytes, at + 2, value & 0xffff);
}

export const be16 = (value: number): number[] => [(value >>> 8) & 255, value & 255];
export const be32 = (value: number): number[] => [...be16(value >>> 16), ...be16(value)];

/** RFC 1071: the complement of the one's complement sum. */
export function checksum(bytes: Bytes, from: number, to: number, sum = 0): number {
  for (let i = from; i + 1 < to; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!;
  if ((to - from) % 2 === 1) sum += bytes[to - 1]! << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

/** Dotted, or colons with at most one `::`. */
export function address(text: string): Bytes {
  if (!text.includes(':')) return Uint8Array.from(text.split('.').map(Number));
  const [head = '', tail] = text.split('::');
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((g) => Number.parseInt(g, 16));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const middle = new Array<number>(8 - left.length - right.length).fill(0);
  return join(...[...left, ...middle, ...right].map(be16));
}

export interface Ip4Fields {
  readonly source?: string;
  readonly destination?: string;
  readonly protocol: number;
  readonly ttl?: number;
  readonly id?: number;
  readonly tos?: number;
  /** Flags and offset as one word. */
  readonly fragment?: number;
  readonly options?: readonly number[];
}

/** Lengths and checksums are right. */
export function ip4(fields: Ip4Fields, payload: Bytes | readonly number[] = []): Bytes {
  const options = fields.options ?? [];
  const header = 20 + options.length;
  const packet = join(
    [0x40 | (header >> 2), fields.tos ?? 0, ...be16(header + payload.length)],
    [...be16(fields.id ?? 1), ...be16(fields.fragment ?? 0), fields.ttl ?? 64, fields.protocol, 0, 0],
    address(fields.source ?? '192.0.2.2'),
    address(fields.destination ?? '192.0.2.1'),
    options,
    payload,
  );
  fixSums(packet, 0);
  return packet;
}

export interface Ip6Fields {
  readonly source?: string;
  readonly destination?: string;
  /** Next Header of the fixed header. */
  readonly next: number;
  readonly hopLimit?: number;
  readonly trafficClass?: number;
}

export function ip6(fields: Ip6Fields, payload: Bytes | readonly number[] = []): Bytes {
  const packet = join(
    be32((6 << 28) | ((fields.trafficClass ?? 0) << 20)),
    [...be16(payload.length), fields.next, fields.hopLimit ?? 64],
    address(fields.source ?? '2001:db8::2'),
    address(fields.destination ?? '2001:db8::1'),
    payload,
  );
  fixSums(packet, 0);
  return packet;
}

/** An ICMP or ICMPv6 message; the checksum comes with the packet around it. `word`: bytes 4 to 7. */
export function icmp(type: number, code: number, word: number, body: Bytes | readonly number[] = []): Bytes {
  return join([type, code, 0, 0, ...be32(word)], body);
}

export function udp(from: number, to: number, data: Bytes | readonly number[] = []): Bytes {
  return join(be16(from), be16(to), be16(8 + data.length), [0, 0], data);
}

export interface TcpFields {
  readonly from: number;
  readonly to: number;
  readonly seq: number;
  readonly ack?: number;
  /** As the bits of the header. */
  readonly flags: number;
  readonly window?: number;
  readonly urgent?: number;
  readonly options?: readonly number[];
}

export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const PSH = 8;
export const ACK = 16;
export const URG = 32;

export function tcp(fields: TcpFields, data: Bytes | readonly number[] = []): Bytes {
  const options = fields.options ?? [];
  const words = 5 + Math.ceil(options.length / 4);
  const padding = new Array<number>(words * 4 - 20 - options.length).fill(0);
  return join(
    [...be16(fields.from), ...be16(fields.to), ...be32(fields.seq), ...be32(fields.ack ?? 0)],
    [(words & 15) << 4, fields.flags, ...be16(fields.window ?? 65_535), 0, 0, ...be16(fields.urgent ?? 0)],
    options,
    padding,
    data,
  );
}

export function arp(
  operation: number,
  senderMac: Bytes | readonly number[],
  sender: string,
  targetMac: Bytes | readonly number[],
  target: string,
): Bytes {
  return join([0, 1, 8, 0, 6, 4, ...be16(operation)], senderMac, address(sender), targetMac, address(target));
}

export function frame(
  to: Bytes | readonly number[],
  from: Bytes | readonly number[],
  type: number,
  payload: Bytes,
): Bytes {
  return join(to, from, be16(type), payload);
}

export const IPV4_TYPE = 0x0800;
export const ARP_TYPE = 0x0806;
export const IPV6_TYPE = 0x86dd;

/** Where the IP packet of a frame begins; the whole is one when `medium` is `ip`. */
export function ipOffset(bytes: Bytes, medium: 'ethernet' | 'ip'): number {
  return medium === 'ethernet' && bytes.length >= 14 ? 14 : 0;
}

/** Where the transport header begins, and its protocol; -1 when the packet does not hold it, or holds a later fragment. */
export function transportOf(bytes: Bytes, ip: number): { readonly protocol: number; readonly at: number } {
  const none = { protocol: -1, at: bytes.length };
  const version = (bytes[ip] ?? 0) >> 4;
  if (version === 4) {
    const at = ip + ((bytes[ip]! & 15) << 2);
    if (bytes.length < ip + 20 || at < ip + 20 || at > bytes.length) return none;
    return (u16(bytes, ip + 6) & 0x3fff) === 0 ? { protocol: bytes[ip + 9]!, at } : none;
  }
  if (version !== 6 || bytes.length < ip + 40) return none;
  let next = bytes[ip + 6]!;
  let at = ip + 40;
  while (next === HOP_BY_HOP || next === ROUTING || next === DESTINATION_OPTIONS || next === FRAGMENT) {
    if (at + 8 > bytes.length) return none;
    if (next === FRAGMENT && (u16(bytes, at + 2) & 0xfff9) !== 0) return none;
    const length = next === FRAGMENT ? 8 : (bytes[at + 1]! + 1) * 8;
    next = bytes[at]!;
    at += length;
  }
  return at <= bytes.length ? { protocol: next, at } : none;
}

/** Makes the length fields of IP and UDP say how many bytes there are. */
export function fixLengths(bytes: Bytes, ip: number): void {
  const version = (bytes[ip] ?? 0) >> 4;
  if (version === 4) put16(bytes, ip + 2, bytes.length - ip);
  else if (version === 6) put16(bytes, ip + 4, bytes.length - ip - 40);
  const { protocol, at } = transportOf(bytes, ip);
  if (protocol === UDP) put16(bytes, at + 4, bytes.length - at);
}

/** Makes the checksums of the IP header and of ICMP, UDP or TCP verify. */
export function fixSums(bytes: Bytes, ip: number): void {
  const version = (bytes[ip] ?? 0) >> 4;
  const { protocol, at } = transportOf(bytes, ip);
  if (version === 4 && bytes.length >= ip + 20) {
    const header = Math.min(Math.max((bytes[ip]! & 15) << 2, 20), bytes.length - ip);
    put16(bytes, ip + 10, 0);
    put16(bytes, ip + 10, checksum(bytes, ip, ip + header));
  }
  let field = -1;
  if (protocol === UDP) field = at + 6;
  else if (protocol === TCP) field = at + 16;
  else if (protocol === ICMPV6 || protocol === ICMP) field = at + 2;
  if (field < 0 || field + 2 > bytes.length) return;
  put16(bytes, field, 0);
  const sum = checksum(bytes, at, bytes.length, protocol === ICMP ? 0 : pseudo(bytes, ip, protocol, at));
  // RFC 768: zero says that there is no checksum.
  put16(bytes, field, sum === 0 && protocol === UDP ? 0xffff : sum);
}

function pseudo(bytes: Bytes, ip: number, protocol: number, at: number): number {
  const length = bytes.length - at;
  let sum = protocol + (length >>> 16) + (length & 0xffff);
  const [from, to] = bytes[ip]! >> 4 === 4 ? [ip + 12, ip + 20] : [ip + 8, ip + 40];
  for (let i = from; i < to; i += 2) sum += u16(bytes, i);
  return sum;
}

/**
 * What the other end would say to a packet: addresses and ports change places, a SYN is acknowledged, a request gets
 * its reply. Checksums are the caller's. Undefined when there is nothing to turn round.
 */
export function turned(bytes: Bytes, medium: 'ethernet' | 'ip', mac: Bytes): Bytes | undefined {
  const out = bytes.slice();
  const ip = ipOffset(out, medium);
  if (medium === 'ethernet') {
    if (out.length < 14) return undefined;
    out.copyWithin(0, 6, 12);
    out.set(mac, 6);
    if (u16(out, 12) === ARP_TYPE) return turnedArp(out, mac);
  }
  const version = (out[ip] ?? 0) >> 4;
  if (version === 4 && out.length >= ip + 20) swap(out, ip + 12, ip + 16, 4);
  else if (version === 6 && out.length >= ip + 40) swap(out, ip + 8, ip + 24, 16);
  else return undefined;
  const { protocol, at } = transportOf(out, ip);
  if (protocol === TCP && out.length >= at + 20) return turnedSegment(out, ip, at);
  if (protocol === UDP && out.length >= at + 8) swap(out, at, at + 2, 2);
  if (protocol === ICMP && out.length > at && out[at] === 8) out[at] = 0;
  if (protocol === ICMPV6 && out.length > at) {
    if (out[at] === 128) out[at] = 129;
    if (out[at] === 135 && out.length >= at + 24) return turnedSolicitation(out, ip, at, mac);
  }
  return out;
}

function swap(bytes: Bytes, a: number, b: number, length: number): void {
  const kept = bytes.slice(a, a + length);
  bytes.copyWithin(a, b, b + length);
  bytes.set(kept, b);
}

function turnedArp(out: Bytes, mac: Bytes): Bytes | undefined {
  if (out.length < 42) return undefined;
  put16(out, 20, 2);
  swap(out, 22, 32, 10);
  out.set(mac, 22);
  return out;
}

/** A neighbour advertisement, solicited and overriding, for whatever was asked. */
function turnedSolicitation(out: Bytes, ip: number, at: number, mac: Bytes): Bytes {
  const head = out.slice(0, at + 24);
  head.set(head.subarray(at + 8, at + 24), ip + 8);
  head[at] = 136;
  head[at + 4] = 0x60;
  const answer = join(head, [2, 1], mac);
  fixLengths(answer, ip);
  return answer;
}

/** Only its header: ACK of all that it carried, from where it said that we are. */
function turnedSegment(out: Bytes, ip: number, at: number): Bytes {
  const header = Math.max((out[at + 12]! >> 4) * 4, 20);
  const flags = out[at + 13]!;
  const seq = i32(out, at + 4);
  const length = Math.max(out.length - at - header, 0) + (flags & SYN) / SYN + (flags & FIN);
  const isFirst = (flags & (SYN | ACK)) === SYN;
  const stamps = stampsAt(out, at + 20, at + header);
  const [value, echo] = stamps < 0 ? [0, 0] : [i32(out, stamps + 2), i32(out, stamps + 6)];
  swap(out, at, at + 2, 2);
  put32(out, at + 4, (flags & ACK) !== 0 ? i32(out, at + 8) : 1_000);
  put32(out, at + 8, (seq + length) | 0);
  out[at + 13] = ACK | (isFirst ? SYN : 0);
  // Options of a SYN are agreed to as they came; of others the timestamps stay.
  const kept = isFirst ? out.slice(at + 20, at + header) : [];
  const options = isFirst || stamps < 0 ? kept : [1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0];
  const turned = join(out.subarray(0, at + 20), options);
  turned[at + 12] = (5 + (options.length >> 2)) << 4;
  if (stamps >= 0) {
    const to = isFirst ? stamps : at + 22;
    put32(turned, to + 2, echo === 0 ? 1_000 : echo);
    put32(turned, to + 6, value);
  }
  fixLengths(turned, ip);
  return turned;
}

/** Where the timestamps option stands; -1 when there is none. */
export function stampsAt(bytes: Bytes, from: number, to: number): number {
  for (let at = from; at < Math.min(to, bytes.length); ) {
    const kind = bytes[at]!;
    if (kind === 0) return -1;
    if (kind === 8 && at + 10 <= to) return at;
    at += kind === 1 ? 1 : Math.max(bytes[at + 1] ?? 0, 2);
  }
  return -1;
}
