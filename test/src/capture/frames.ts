/** Hand-made frames for the capture tests; checksums are zero where nothing looks at them. */
import { ipv4 } from '../../../stacks/address/ipv4.ts';
import { ipv6 } from '../../../stacks/address/ipv6.ts';

export interface Segment {
  flags: number;
  sequence?: number;
  acknowledgment?: number;
  ports?: [number, number];
  data?: number;
}

function address(text: string): number[] {
  const family = text.includes(':') ? ipv6 : ipv4;
  const bytes = new Uint8Array(family.addressBytes);
  family.write(family.parse(text)!, bytes, 0);
  return [...bytes];
}

function u16(value: number): number[] {
  return [(value >>> 8) & 255, value & 255];
}

function u32(value: number): number[] {
  return [...u16(value >>> 16), ...u16(value & 0xffff)];
}

export function ethernet(type: number, payload: Uint8Array): Uint8Array {
  return Uint8Array.of(2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, ...u16(type), ...payload);
}

export function arpRequest(from: string, to: string): Uint8Array {
  const sender = [2, 0, 0, 0, 0, 1];
  const body = [0, 1, 8, 0, 6, 4, 0, 1, ...sender, ...address(from), 0, 0, 0, 0, 0, 0, ...address(to)];
  return ethernet(0x0806, Uint8Array.from(body));
}

function ip4(from: string, to: string, protocol: number, payload: number[]): Uint8Array {
  const length = u16(20 + payload.length);
  return Uint8Array.of(
    0x45,
    0,
    ...length,
    ...u32(0),
    64,
    protocol,
    0,
    0,
    ...address(from),
    ...address(to),
    ...payload,
  );
}

export function ip6(from: string, to: string, next: number, payload: number[]): Uint8Array {
  return Uint8Array.of(
    0x60,
    0,
    0,
    0,
    ...u16(payload.length),
    next,
    64,
    ...address(from),
    ...address(to),
    ...payload,
  );
}

function tcp({ flags, sequence = 0, acknowledgment = 0, ports = [40000, 80], data = 0 }: Segment): number[] {
  const head = [...u16(ports[0]), ...u16(ports[1]), ...u32(sequence), ...u32(acknowledgment), 0x50, flags];
  return [...head, 0xff, 0xff, 0, 0, 0, 0, ...new Array<number>(data).fill(0x61)];
}

export function tcp4(from: string, to: string, segment: Segment): Uint8Array {
  return ip4(from, to, 6, tcp(segment));
}

export function tcp6(from: string, to: string, segment: Segment): Uint8Array {
  return ip6(from, to, 6, tcp(segment));
}

export function udp4(
  from: string,
  to: string,
  source: number,
  destination: number,
  data: number,
): Uint8Array {
  const payload = new Array<number>(data).fill(0);
  return ip4(from, to, 17, [...u16(source), ...u16(destination), ...u16(8 + data), 0, 0, ...payload]);
}

export function icmpv6Echo(from: string, to: string): Uint8Array {
  return ip6(from, to, 58, [128, 0, 0, 0, 0, 1, 0, 7]);
}

/** The same behind a hop-by-hop header with padding (RFC 8200 §4.3). */
export function icmpv6EchoBehindOptions(from: string, to: string): Uint8Array {
  return ip6(from, to, 0, [58, 0, 1, 4, 0, 0, 0, 0, 128, 0, 0, 0, 0, 1, 0, 7]);
}
