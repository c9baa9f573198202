/** A network for tests: devices joined in pairs, one clock, and hand-made packets. */
import { expect } from 'vitest';
import type { Address } from '../../../stacks/address/address.ts';
import { ipv4 } from '../../../stacks/address/ipv4.ts';
import { Ipv4Stack } from '../../../stacks/ipv4/stack.ts';
import { addBytes, finish } from '../../../stacks/packet/checksum.ts';
import type { Device } from '../../../stacks/packet/device.ts';
import type { Environment } from '../../../stacks/packet/environment.ts';
import type { Packet } from '../../../stacks/packet/packet.ts';
import { PacketPool } from '../../../stacks/packet/pool.ts';
import type { DropReason } from '../../../stacks/packet/verdict.ts';
import type { EchoOptions, EchoResult, StackOptions } from '../../../stacks/stack.ts';
import { Clock, MILLISECOND, SECOND } from '../../../stacks/time/clock.ts';

export function ip(text: string): Address {
  const address = ipv4.parse(text);
  if (address === undefined) throw new Error(`not an address: ${text}`);
  return address;
}

export function environment(seed = 1): Environment {
  let state = seed;
  const u32 = (): number => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  return { clock: new Clock(), random: { u32 }, pool: new PacketPool(), trace: undefined };
}

export class TestDevice implements Device {
  readonly name: string;
  readonly medium: 'ethernet' | 'ip';
  readonly mac: Uint8Array | undefined;
  readonly mtu: number;
  /** Everything that was transmitted, as bytes. */
  readonly sent: Uint8Array[] = [];
  peer: TestDevice | undefined;
  receive: (packet: Packet) => void = () => {};
  /** False loses the frame. */
  pass: (frame: Uint8Array) => boolean = () => true;
  readonly #environment: Environment;

  constructor(environment: Environment, name: string, mac: number | undefined, mtu = 1_500) {
    this.#environment = environment;
    this.name = name;
    this.medium = mac === undefined ? 'ip' : 'ethernet';
    this.mac = mac === undefined ? undefined : Uint8Array.of(2, 0, 0, 0, 0, mac);
    this.mtu = mtu;
  }

  transmit(packet: Packet): void {
    const bytes = packet.copy();
    this.sent.push(bytes);
    const { clock, pool } = this.#environment;
    const peer = this.peer;
    if (peer === undefined || !this.pass(bytes)) {
      pool.release(packet);
      return;
    }
    clock.timer(() => peer.receive(packet)).armIn(MILLISECOND);
  }

  attach(receive: (packet: Packet) => void): void {
    this.receive = receive;
  }

  close(): void {}

  /** As if it had come from the link. */
  inject(bytes: Uint8Array): void {
    this.receive(this.#environment.pool.from(bytes)!);
  }
}

export function join(a: TestDevice, b: TestDevice): void {
  a.peer = b;
  b.peer = a;
}

/** Until nothing is in flight. */
export function settle({ clock }: Environment): void {
  let steps = 0;
  while (clock.foreground > 0 && clock.step()) if (++steps > 1_000_000) throw new Error('never settles');
}

/** The invariants at rest: one verdict for each packet, and every buffer back in the pool. */
export function expectAtRest(env: Environment, ...stacks: Ipv4Stack[]): void {
  expect(env.pool.live).toBe(0);
  for (const { counters, name } of stacks) {
    const { received, delivered, forwarded, answered, dropped, drops } = counters;
    expect({ name, sum: delivered + forwarded + answered + dropped }).toEqual({ name, sum: received });
    expect(Object.values(drops).reduce((a, b) => a + b, 0)).toBe(dropped);
  }
}

export interface Pair {
  env: Environment;
  a: Ipv4Stack;
  b: Ipv4Stack;
  deviceA: TestDevice;
  deviceB: TestDevice;
  /** Drops of B since the start: its neighbour's ARP announcement came before. */
  drops(): Partial<Record<DropReason, number>>;
}

/** 10.0.0.1 and 10.0.0.2 on one link, started and quiet. */
export function pair(
  options: { ethernet?: boolean; mtu?: number; seed?: number; b?: Partial<StackOptions> } = {},
): Pair {
  const env = environment(options.seed);
  const ethernet = options.ethernet !== false;
  const mtu = options.mtu ?? 1_500;
  const deviceA = new TestDevice(env, 'a0', ethernet ? 1 : undefined, mtu);
  const deviceB = new TestDevice(env, 'b0', ethernet ? 2 : undefined, mtu);
  join(deviceA, deviceB);
  const a = stack(env, 'A', [[deviceA, '10.0.0.1', 24]]);
  const b = stack(env, 'B', [[deviceB, '10.0.0.2', 24]], options.b);
  settle(env);
  deviceA.sent.length = deviceB.sent.length = 0;
  const before = b.counters.drops['not-for-me'] ?? 0;
  const drops = (): Partial<Record<DropReason, number>> => {
    const { 'not-for-me': others = 0, ...rest } = b.counters.drops;
    return others > before ? { ...rest, 'not-for-me': others - before } : rest;
  };
  return { env, a, b, deviceA, deviceB, drops };
}

export function stack(
  env: Environment,
  name: string,
  links: [TestDevice, string, number][],
  options: Partial<StackOptions> = {},
): Ipv4Stack {
  const made = new Ipv4Stack(env, { id: 1, name, ...options });
  for (const [device, address, prefixLength] of links) {
    made.addInterface(device.name, device, { address: ip(address), prefixLength, mtu: device.mtu });
  }
  made.start();
  return made;
}

export function ping(
  env: Environment,
  from: Ipv4Stack,
  to: string,
  options: Partial<EchoOptions> = {},
): EchoResult {
  const results: EchoResult[] = [];
  from.echo(ip(to), { size: 56, timeout: 5 * SECOND, ...options }, (result) => results.push(result));
  expect(results).toEqual([]);
  settle(env);
  expect(results).toHaveLength(1);
  return results[0]!;
}

export interface Fields {
  source?: string;
  destination?: string;
  protocol?: number;
  ttl?: number;
  id?: number;
  /** Flags and offset as the 16-bit word. */
  fragment?: number;
  version?: number;
  ihl?: number;
  total?: number;
  options?: number[];
  checksum?: number;
}

/** A datagram with whatever lies the fields tell; the checksum is right unless given. */
export function datagram(payload: Uint8Array | number[], fields: Fields = {}): Uint8Array {
  const options = fields.options ?? [];
  const header = 20 + options.length;
  const bytes = new Uint8Array(header + payload.length);
  bytes[0] = ((fields.version ?? 4) << 4) | (fields.ihl ?? header >> 2);
  put16(bytes, 2, fields.total ?? bytes.length);
  put16(bytes, 4, fields.id ?? 1);
  put16(bytes, 6, fields.fragment ?? 0);
  bytes[8] = fields.ttl ?? 64;
  bytes[9] = fields.protocol ?? 17;
  ipv4.write(ip(fields.source ?? '10.0.0.1'), bytes, 12);
  ipv4.write(ip(fields.destination ?? '10.0.0.2'), bytes, 16);
  bytes.set(options, 20);
  bytes.set(payload, header);
  put16(bytes, 10, fields.checksum ?? sumOf(bytes.subarray(0, header)));
  return bytes;
}

export function icmp(type: number, code: number, word: number, data: Uint8Array | number[] = []): Uint8Array {
  const bytes = new Uint8Array(8 + data.length);
  bytes[0] = type;
  bytes[1] = code;
  put16(bytes, 4, word >>> 16);
  put16(bytes, 6, word & 0xffff);
  bytes.set(data, 8);
  put16(bytes, 2, sumOf(bytes));
  return bytes;
}

/** Without a checksum, which IPv4 allows. */
export function udp(
  sourcePort: number,
  destinationPort: number,
  data: Uint8Array | number[] = [],
): Uint8Array {
  const bytes = new Uint8Array(8 + data.length);
  put16(bytes, 0, sourcePort);
  put16(bytes, 2, destinationPort);
  put16(bytes, 4, bytes.length);
  bytes.set(data, 8);
  return bytes;
}

export function frame(payload: Uint8Array, to: number[], from: number[], type = 0x0800): Uint8Array {
  const bytes = new Uint8Array(14 + payload.length);
  bytes.set(to);
  bytes.set(from, 6);
  put16(bytes, 12, type);
  bytes.set(payload, 14);
  return bytes;
}

export function get16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

const sums = new PacketPool();

export function sumOf(bytes: Uint8Array): number {
  const packet = sums.from(bytes)!;
  const sum = finish(addBytes(packet, packet.start, packet.end, 0));
  sums.release(packet);
  return sum;
}
