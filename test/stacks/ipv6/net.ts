/** A network for tests: a hub of Ethernet ports or a bare pair, one clock, and packets made by hand. */
import { expect } from 'vitest';
import type { Address } from '../../../stacks/address/address.ts';
import { ipv6 } from '../../../stacks/address/ipv6.ts';
import { Ipv6Stack } from '../../../stacks/ipv6/stack.ts';
import { addBytes, finish } from '../../../stacks/packet/checksum.ts';
import type { Device } from '../../../stacks/packet/device.ts';
import type { Environment } from '../../../stacks/packet/environment.ts';
import { Packet } from '../../../stacks/packet/packet.ts';
import { PacketPool } from '../../../stacks/packet/pool.ts';
import type { DropReason } from '../../../stacks/packet/verdict.ts';
import type { EchoOptions, EchoResult, InterfaceOptions } from '../../../stacks/stack.ts';
import { Clock, SECOND } from '../../../stacks/time/clock.ts';

export function ip(text: string, zone = 0): Address {
  const address = ipv6.parse(text);
  if (address === undefined) throw new Error(`not an address: ${text}`);
  address.zone = zone;
  return address;
}

export function environment(seed = 1): Environment {
  let state = seed | 1;
  const random = {
    u32: (): number => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return state >>> 0;
    },
  };
  return { clock: new Clock(), random, pool: new PacketPool(), trace: undefined };
}

export class Port implements Device {
  readonly name: string;
  readonly medium: 'ethernet' | 'ip';
  readonly mac: Uint8Array | undefined;
  readonly mtu: number;
  /** Copies of everything sent. */
  readonly sent: Uint8Array[] = [];
  /** What of it reaches the others. */
  pass: (frame: Uint8Array) => boolean = () => true;
  readonly #hub: Hub;
  #receive: (packet: Packet) => void = () => {};

  constructor(hub: Hub, name: string, mac: Uint8Array | undefined, mtu: number) {
    this.#hub = hub;
    this.name = name;
    this.mac = mac;
    this.medium = mac === undefined ? 'ip' : 'ethernet';
    this.mtu = mtu;
  }

  transmit(packet: Packet): void {
    const frame = packet.copy();
    this.#hub.environment.pool.release(packet);
    this.sent.push(frame);
    if (this.pass(frame)) this.#hub.carry(this, frame);
  }

  attach(receive: (packet: Packet) => void): void {
    this.#receive = receive;
  }

  /** As if it had come from the link, at once. */
  inject(frame: Uint8Array): void {
    this.#receive(this.#hub.environment.pool.from(frame)!);
  }

  close(): void {}
}

/** Carries every frame to every other port, 10 µs later or, when `synchronous`, from inside `transmit`. */
export class Hub {
  readonly environment: Environment;
  readonly ports: Port[] = [];
  readonly #medium: 'ethernet' | 'ip';
  synchronous = false;

  constructor(env: Environment, medium: 'ethernet' | 'ip') {
    this.environment = env;
    this.#medium = medium;
  }

  port(name: string, options: { mtu?: number; mac?: Uint8Array } = {}): Port {
    const mac = options.mac ?? new Uint8Array([2, 0, 0, 0, 0, this.ports.length + 1]);
    const port = new Port(this, name, this.#medium === 'ip' ? undefined : mac, options.mtu ?? 1500);
    this.ports.push(port);
    return port;
  }

  carry(from: Port, frame: Uint8Array): void {
    for (const port of this.ports) {
      if (port === from) continue;
      if (this.synchronous) port.inject(frame);
      else this.environment.clock.timer(() => port.inject(frame)).armIn(10);
    }
  }
}

/** Until nothing is in flight. */
export function settle(env: Environment): void {
  for (let steps = 0; env.clock.foreground > 0; steps++) {
    if (steps > 1_000_000) throw new Error('never comes to rest');
    env.clock.step();
  }
}

export interface Net {
  readonly env: Environment;
  readonly hub: Hub;
  readonly a: Ipv6Stack;
  readonly b: Ipv6Stack;
  readonly portA: Port;
  readonly portB: Port;
}

export interface NetOptions {
  readonly medium?: 'ethernet' | 'ip';
  readonly mtu?: number;
  readonly a?: Partial<InterfaceOptions>;
  readonly b?: Partial<InterfaceOptions>;
  readonly forwardingB?: boolean;
  readonly start?: boolean;
}

/** Two stacks on one link: 2001:db8::1/64 and 2001:db8::2/64, started and past duplicate address detection. */
export function pair(options: NetOptions = {}): Net {
  const env = environment();
  const hub = new Hub(env, options.medium ?? 'ethernet');
  const portA = hub.port('portA', { mtu: options.mtu });
  const portB = hub.port('portB', { mtu: options.mtu });
  const a = new Ipv6Stack(env, { id: 1, name: 'A' });
  const b = new Ipv6Stack(env, { id: 2, name: 'B', forwarding: options.forwardingB ?? false });
  const common = { prefixLength: 64, mtu: 1500 };
  a.addInterface('LINKA', portA, { ...common, address: ip('2001:db8::1'), ...options.a });
  b.addInterface('LINKB', portB, { ...common, address: ip('2001:db8::2'), ...options.b });
  if (options.start !== false) {
    a.start();
    b.start();
    settle(env);
  }
  return { env, hub, a, b, portA, portB };
}

export function ping(
  env: Environment,
  from: Ipv6Stack,
  to: Address | string,
  options: Partial<EchoOptions> = {},
): EchoResult {
  const results: EchoResult[] = [];
  const destination = typeof to === 'string' ? ip(to) : to;
  from.echo(destination, { size: 32, timeout: 5 * SECOND, ...options }, (result) => results.push(result));
  expect(results).toEqual([]);
  settle(env);
  expect(results).toHaveLength(1);
  return results[0]!;
}

/** Every packet has its verdict, and every buffer is back. */
export function expectAtRest(env: Environment, ...stacks: Ipv6Stack[]): void {
  settle(env);
  for (const { counters } of stacks) {
    const { received, delivered, forwarded, answered, dropped, drops } = counters;
    expect(received).toBe(delivered + forwarded + answered + dropped);
    expect(dropped).toBe(Object.values(drops).reduce((sum, count) => sum + count, 0));
  }
  expect(env.pool.live).toBe(0);
}

/** Counts the drops of `stack` from now on. */
export function dropsOf(stack: Ipv6Stack): () => Partial<Record<DropReason, number>> {
  const before = { ...stack.counters.drops };
  return () => {
    const now: Partial<Record<DropReason, number>> = {};
    for (const [key, count] of Object.entries(stack.counters.drops)) {
      const reason = key as DropReason;
      if (count !== before[reason]) now[reason] = count - (before[reason] ?? 0);
    }
    return now;
  };
}

// Packets by hand.

export function bytes(...parts: (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

export function address(text: string): Uint8Array {
  const out = new Uint8Array(16);
  ipv6.write(ip(text), out, 0);
  return out;
}

export interface HeaderFields {
  readonly source: string;
  readonly destination: string;
  readonly next: number;
  readonly hopLimit?: number;
  /** The length field, when it is to lie. */
  readonly length?: number;
}

/** An IPv6 packet around `payload`. */
export function datagram(payload: Uint8Array, fields: HeaderFields): Uint8Array {
  const length = fields.length ?? payload.length;
  const fixed = [0x60, 0, 0, 0, length >>> 8, length & 255, fields.next, fields.hopLimit ?? 64];
  return bytes(fixed, address(fields.source), address(fields.destination), payload);
}

/** An Ethernet frame; the destination MAC follows from a multicast address unless given. */
export function frame(packet: Uint8Array, to: Uint8Array, from: Uint8Array = STRANGER): Uint8Array {
  const group = packet[24] === 0xff ? bytes([0x33, 0x33], packet.subarray(36, 40)) : to;
  return bytes(group, from, [0x86, 0xdd], packet);
}

export const STRANGER: Uint8Array = new Uint8Array([2, 0, 0, 0, 0, 0x99]);

/** Fills in the checksum at `at` of an upper-layer message. */
export function checksummed(
  message: Uint8Array,
  at: number,
  protocol: number,
  source: string,
  destination: string,
): Uint8Array {
  const padded = new Uint8Array(message.length + (message.length & 1));
  padded.set(message);
  padded[at] = padded[at + 1] = 0;
  const packet = new Packet(
    padded,
    new Uint16Array(padded.buffer),
    new DataView(padded.buffer),
    0,
    padded.length,
  );
  const pseudo = ipv6.pseudoHeader(ip(source), ip(destination), protocol, message.length);
  const sum = finish(addBytes(packet, 0, message.length, pseudo));
  padded[at] = sum >>> 8;
  padded[at + 1] = sum & 255;
  return padded.slice(0, message.length);
}

/** An ICMPv6 message with its checksum. */
export function icmp(
  type: number,
  code: number,
  word: number,
  body: Uint8Array | readonly number[],
  source: string,
  destination: string,
): Uint8Array {
  const head = [type, code, 0, 0, word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255];
  return checksummed(bytes(head, body), 2, 58, source, destination);
}

export function icmpPacket(
  type: number,
  code: number,
  word: number,
  body: Uint8Array | readonly number[],
  fields: { source: string; destination: string; hopLimit?: number },
): Uint8Array {
  const message = icmp(type, code, word, body, fields.source, fields.destination);
  return datagram(message, { ...fields, next: 58 });
}

export function udpPacket(
  data: Uint8Array,
  ports: readonly [number, number],
  fields: { source: string; destination: string; hopLimit?: number },
): Uint8Array {
  const length = data.length + 8;
  const head = [
    ports[0] >>> 8,
    ports[0] & 255,
    ports[1] >>> 8,
    ports[1] & 255,
    length >>> 8,
    length & 255,
    0,
    0,
  ];
  const message = checksummed(bytes(head, data), 6, 17, fields.source, fields.destination);
  return datagram(message, { ...fields, next: 17 });
}

/** The ICMPv6 messages among frames or packets: type, code, word, and where they went. */
export interface Seen {
  readonly type: number;
  readonly code: number;
  readonly word: number;
  readonly source: string;
  readonly destination: string;
  readonly hopLimit: number;
  readonly body: Uint8Array;
  /** The whole IPv6 packet. */
  readonly packet: Uint8Array;
}

export function seen(port: Port, from = 0): Seen[] {
  const out: Seen[] = [];
  for (const whole of port.sent.slice(from)) {
    const packet = port.medium === 'ethernet' ? whole.subarray(14) : whole;
    let next = packet[6]!;
    let at = 40;
    while (next === 0 || next === 60) {
      next = packet[at]!;
      at += (packet[at + 1]! + 1) * 8;
    }
    if (next !== 58) continue;
    const view = new DataView(packet.buffer, packet.byteOffset);
    out.push({
      type: packet[at]!,
      code: packet[at + 1]!,
      word: view.getUint32(at + 4),
      source: text(packet, 8),
      destination: text(packet, 24),
      hopLimit: packet[7]!,
      body: packet.slice(at + 8),
      packet,
    });
  }
  return out;
}

export function text(from: Uint8Array, at: number): string {
  const into = ip('::');
  ipv6.read(from, at, into);
  return ipv6.format(into);
}
