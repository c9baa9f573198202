/** IPv6 and what it carries, written from RFC 8200, 4443, 4861, 7527, 4191 and 3810. */
import { address, type Bytes, checksum, join, mac, u16, u32 } from './bytes.ts';

export interface Ipv6Fields {
  readonly source: string;
  readonly destination: string;
  readonly protocol?: number;
  readonly payload?: Bytes | readonly number[];
  readonly hopLimit?: number;
  readonly trafficClass?: number;
  readonly flowLabel?: number;
  /** Extension headers, outermost first. */
  readonly chain?: readonly Extension[];
  readonly version?: number;
  readonly payloadLength?: number;
}

export interface Extension {
  readonly type: number;
  /** Without its Next Header byte. */
  readonly body: Bytes;
}

export const HOP_BY_HOP = 0;
export const ROUTING = 43;
export const FRAGMENT = 44;
export const ICMPV6 = 58;
export const NO_NEXT = 59;
export const DESTINATION = 60;

export function ipv6Packet(f: Ipv6Fields): Bytes {
  const chain = f.chain ?? [];
  const upper = f.protocol ?? 17;
  const headers = chain.map(({ body }, i) => join([chain[i + 1]?.type ?? upper], body));
  const rest = join(...headers, f.payload ?? []);
  const first = ((f.version ?? 6) << 28) | ((f.trafficClass ?? 0) << 20) | (f.flowLabel ?? 0);
  return join(
    u32(first >>> 0),
    u16(f.payloadLength ?? rest.length),
    [chain[0]?.type ?? upper, f.hopLimit ?? 64],
    address(f.source),
    address(f.destination),
    rest,
  );
}

/** Options padded to whole words of eight bytes, unless `whole` says that they are as they should be. */
function optionsHeader(type: number, options: readonly number[]): Extension {
  const missing = (8 - ((options.length + 2) % 8)) % 8;
  const padding =
    missing === 0 ? [] : missing === 1 ? [0] : [1, missing - 2, ...new Array(missing - 2).fill(0)];
  const all = [...options, ...padding];
  return { type, body: Uint8Array.from([(all.length + 2) / 8 - 1, ...all]) };
}

export function hopByHop(...options: readonly number[][]): Extension {
  return optionsHeader(HOP_BY_HOP, options.flat());
}

export function destinationOptions(...options: readonly number[][]): Extension {
  return optionsHeader(DESTINATION, options.flat());
}

/** Data of four bytes behind the type. */
export function option(type: number): number[] {
  return [type, 4, 0, 0, 0, 0];
}

export const ROUTER_ALERT: number[] = [5, 2, 0, 0];

export function routing(type: number, segmentsLeft: number, addresses: readonly string[] = []): Extension {
  const body = [2 * addresses.length, type, segmentsLeft, 0, 0, 0, 0];
  return { type: ROUTING, body: join(body, ...addresses.map((each) => address(each))) };
}

/** `offset` in bytes. */
export function fragmentHeader(offset: number, more: boolean, id = 0x01020304, reserved = 0): Extension {
  return { type: FRAGMENT, body: join([reserved], u16(offset | (more ? 1 : 0)), u32(id)) };
}

/** The checksum of an upper layer over the pseudo-header of RFC 8200 §8.1. */
export function upperChecksum(source: string, destination: string, protocol: number, message: Bytes): number {
  const pseudo = join(address(source), address(destination), u32(message.length), [0, 0, 0, protocol]);
  return checksum(pseudo, message);
}

export function icmp6Message(
  source: string,
  destination: string,
  type: number,
  code: number,
  word: number,
  body: Bytes | readonly number[] = [],
  checksumError = 0,
): Bytes {
  const rest = join(u32(word), body);
  const sum = upperChecksum(source, destination, ICMPV6, join([type, code, 0, 0], rest));
  return join([type, code], u16((sum + checksumError) & 0xffff), rest);
}

// Options of neighbour discovery (RFC 4861 §4.6).

export function sourceLink(station: string): Bytes {
  return join([1, 1], mac(station));
}

export function targetLink(station: string): Bytes {
  return join([2, 1], mac(station));
}

export function mtuOption(mtu: number): Bytes {
  return join([5, 1, 0, 0], u32(mtu));
}

export function nonce(...bytes: readonly number[]): Bytes {
  return join([14, 1], bytes);
}

export interface PrefixFields {
  readonly prefix: string;
  readonly length?: number;
  readonly onLink?: boolean;
  readonly autonomous?: boolean;
  /** Seconds. */
  readonly valid?: number;
  readonly preferred?: number;
}

export function prefixOption(f: PrefixFields): Bytes {
  const flags = (f.onLink === false ? 0 : 0x80) | (f.autonomous === false ? 0 : 0x40);
  const valid = f.valid ?? 86_400;
  const times = [...u32(valid), ...u32(f.preferred ?? Math.min(valid, 14_400))];
  return join([3, 4, f.length ?? 64, flags], times, u32(0), address(f.prefix));
}

/** RFC 4191 §2.3; `preference` 1 high, 0 medium, 3 low, 2 reserved. Seconds. */
export function routeOption(prefix: string, length: number, lifetime: number, preference = 0): Bytes {
  const words = length === 0 ? 0 : length <= 64 ? 1 : 2;
  const bytes = address(prefix).subarray(0, 8 * words);
  return join([24, 1 + words, length, preference << 3], u32(lifetime), bytes);
}

/** RFC 4861 §4.6.3. */
export function redirectedHeader(packet: Bytes): Bytes {
  const quoted = packet.subarray(0, Math.floor(packet.length / 8) * 8);
  return join([4, 1 + quoted.length / 8, 0, 0, 0, 0, 0, 0], quoted);
}
