import { describe, expect, it } from 'vitest';
import type { Family } from '../../../stacks/address/family.ts';
import { ipv4 } from '../../../stacks/address/ipv4.ts';
import { ipv6 } from '../../../stacks/address/ipv6.ts';
import { isFailure } from '../../../stacks/address/network.ts';
import { prepare } from '../../../stacks/forward/segmentation.ts';
import { Ipv4Stack } from '../../../stacks/ipv4/stack.ts';
import { Ipv6Stack } from '../../../stacks/ipv6/stack.ts';
import { addBytes, fold, verifies } from '../../../stacks/packet/checksum.ts';
import type { Device, Offload } from '../../../stacks/packet/device.ts';
import type { Environment } from '../../../stacks/packet/environment.ts';
import { PARTIAL, type Packet, UNKNOWN } from '../../../stacks/packet/packet.ts';
import { PacketPool } from '../../../stacks/packet/pool.ts';
import type { Stack } from '../../../stacks/stack.ts';
import type { TcpConnection, TcpHandler } from '../../../stacks/tcp/api.ts';
import { FIN, PSH } from '../../../stacks/wire/tcp.ts';
import { environment, settle } from '../ipv4/net.ts';

const MTU = 1_500;

interface Seen {
  readonly length: number;
  readonly segmentSize: number;
  readonly checksum: number;
  /** IPv4: the identification. */
  readonly id: number;
  readonly flags: number;
}

/** One end of a bare link; what it sends is kept. */
class End implements Device {
  readonly medium = 'ip';
  readonly mac = undefined;
  readonly mtu = MTU;
  readonly name: string;
  readonly offload: Offload | undefined;
  readonly sent: Seen[] = [];
  readonly #environment: Environment;
  peer: End | undefined;
  receive: (packet: Packet) => void = () => {};

  constructor(env: Environment, name: string, offload: boolean) {
    this.#environment = env;
    this.name = name;
    this.offload = offload ? { segment: 65_535 } : undefined;
  }

  transmit(packet: Packet): void {
    const isV4 = packet.u8(packet.start) >> 4 === 4;
    this.sent.push({
      length: packet.length,
      segmentSize: packet.segmentSize,
      checksum: packet.checksum,
      id: isV4 ? packet.u16(packet.start + 4) : 0,
      flags: packet.u8(packet.start + (isV4 ? 20 : 40) + 13),
    });
    this.#environment.clock.timer(() => this.peer!.receive(packet)).armIn(1_000);
  }

  attach(receive: (packet: Packet) => void): void {
    this.receive = receive;
  }

  close(): void {}
}

/** near 1 - 2 router 3 - 4 far, each link with or without offload. */
function line(family: Family, nearOffload: boolean, farOffload: boolean) {
  const env = environment();
  const text = (link: number, host: number): string =>
    family.version === 4 ? `10.${link}.0.${host}` : `2001:db8:${link}::${host}`;
  const at = (link: number, host: number) => family.parse(text(link, host))!;
  const make = (id: number, name: string, forwarding: boolean): Stack => {
    const options = { id, name, forwarding };
    return family.version === 4 ? new Ipv4Stack(env, options) : new Ipv6Stack(env, options);
  };
  const [near, router, far] = [make(1, 'NEAR', false), make(2, 'ROUTER', true), make(3, 'FAR', false)];
  const ends = [
    new End(env, 'n', nearOffload),
    new End(env, 'rn', nearOffload),
    new End(env, 'rf', farOffload),
    new End(env, 'f', farOffload),
  ] as const;
  for (const [a, b] of [
    [ends[0], ends[1]],
    [ends[2], ends[3]],
  ] as const) {
    a.peer = b;
    b.peer = a;
  }
  const prefixLength = family.version === 4 ? 24 : 64;
  near.addInterface('E', ends[0], { address: at(1, 1), prefixLength, mtu: MTU });
  router.addInterface('N', ends[1], { address: at(1, 254), prefixLength, mtu: MTU });
  router.addInterface('F', ends[2], { address: at(2, 254), prefixLength, mtu: MTU });
  far.addInterface('E', ends[3], { address: at(2, 1), prefixLength, mtu: MTU });
  for (const [stack, link] of [
    [near, 1],
    [far, 2],
  ] as const) {
    stack.addRoute({
      destination: family.any,
      prefixLength: 0,
      gateway: at(link, 254),
      interfaceIndex: 1,
      metric: 1,
      origin: 'static',
    });
  }
  for (const stack of [near, router, far]) stack.start();
  settle(env);
  for (const end of ends) end.sent.length = 0;
  return { env, near, router, far, ends, address: at(2, 1) };
}

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
}

/** Sends `bytes` from near to far and closes; what arrived. */
function transfer({ env, near, far, address }: ReturnType<typeof line>, bytes: Uint8Array): Uint8Array {
  const got: Uint8Array[] = [];
  const handler = (on: Partial<TcpHandler>): TcpHandler => ({
    connected() {},
    readable() {},
    writable() {},
    ended() {},
    closed() {},
    ...on,
  });
  const listener = far.tcp.listen(far.family.any, 5_001, {
    accept(connection: TcpConnection) {
      connection.handler = handler({
        readable() {
          for (let chunk = connection.read(); chunk !== undefined; chunk = connection.read()) got.push(chunk);
        },
        ended: () => connection.close(),
      });
    },
  });
  expect(isFailure(listener)).toBe(false);
  const client = near.tcp.connect(address, 5_001, {
    handler: handler({
      connected() {
        (client as TcpConnection).send(bytes);
        (client as TcpConnection).shutdown();
      },
    }),
  });
  expect(isFailure(client)).toBe(false);
  settle(env);
  return Buffer.concat(got);
}

describe.each([ipv4, ipv6] as const)('TCP of $name over links with offload', (family) => {
  const bytes = pattern(400_001);

  it('leaves as super-segments of whole segments, and arrives as it was', () => {
    const network = line(family, true, true);
    expect(transfer(network, bytes)).toEqual(Buffer.from(bytes));
    const [near, , router] = network.ends;
    const large = near.sent.filter((packet) => packet.segmentSize > 0);
    const mss = MTU - family.headerBytes - 20 - 12;
    expect(large.length).toBeGreaterThan(3);
    for (const packet of large) {
      expect(packet.segmentSize).toBe(mss);
      expect(packet.checksum).toBe(PARTIAL);
      expect((packet.length - family.headerBytes - 32) % mss).toBe(0);
      expect(packet.length).toBeLessThanOrEqual(65_535);
    }
    expect(Math.max(...large.map((packet) => packet.length))).toBeGreaterThan(40_000);
    // The router hands them on whole.
    expect(router.sent.filter((packet) => packet.segmentSize > 0)).toHaveLength(large.length);
    expect(network.env.pool.live).toBe(0);
  });

  it('is cut by a router in front of a link without it: RFC 9293 §3.1, RFC 6864', () => {
    const network = line(family, true, false);
    expect(transfer(network, bytes)).toEqual(Buffer.from(bytes));
    const [near, , router] = network.ends;
    const largest = Math.max(...near.sent.map((packet) => packet.length));
    expect(largest).toBeGreaterThan(10_000);
    for (const packet of router.sent) {
      expect(packet.length).toBeLessThanOrEqual(MTU);
      expect(packet).toMatchObject({ segmentSize: 0, checksum: UNKNOWN });
    }
    // The FIN is on one segment, the last.
    expect(router.sent.filter((packet) => (packet.flags & FIN) !== 0)).toHaveLength(1);
    const pushes = near.sent.filter((packet) => (packet.flags & PSH) !== 0).length;
    expect(router.sent.filter((packet) => (packet.flags & PSH) !== 0)).toHaveLength(pushes);
    if (family.version === 4) {
      // A super-segment comes with identification 0 (DF is set); its segments count up from there.
      expect(router.sent.some((packet) => packet.id === 5)).toBe(true);
    }
    expect(network.far.counters.drops).toEqual({});
    expect(network.env.pool.live).toBe(0);
  });

  it('goes as segments of the MTU where the first link has none', () => {
    const network = line(family, false, true);
    expect(transfer(network, bytes)).toEqual(Buffer.from(bytes));
    for (const end of network.ends) {
      for (const packet of end.sent) {
        expect(packet).toMatchObject({ segmentSize: 0, checksum: UNKNOWN });
      }
    }
  });
});

describe('a super-segment', () => {
  it('stays as it was when there are no buffers for its segments', () => {
    const pool = new PacketPool(1 << 20); // one slab, and that has large slots
    const packet = pool.take(20 + 20 + 5_000)!;
    packet.segmentSize = 1_000;
    packet.segmentHeaders = 40;
    packet.checksum = PARTIAL;
    packet.checksumStart = packet.start + 20;
    packet.checksumField = 16;
    const before = packet.copy();
    const taken: Packet[] = [];
    for (let more = pool.take(1_040); more !== undefined; more = pool.take(1_040)) taken.push(more);
    expect(prepare(packet, undefined, MTU, pool, () => {})).toBeUndefined();
    expect(packet.copy()).toEqual(before);
    expect(packet.segmentSize).toBe(1_000);
    expect(pool.live).toBe(1 + taken.length);
  });

  it.each([
    ['TCP', 16, 20],
    ['UDP', 6, 8],
  ])('of %s becomes segments whose checksums are right', (_, checksumField, header) => {
    const pool = new PacketPool();
    const data = pattern(2_500);
    const packet = pool.take(20 + header + data.length)!;
    packet.bytes.fill(0, packet.start, packet.start + 20 + header);
    packet.bytes.set(data, packet.start + 20 + header);
    packet.segmentSize = 1_000;
    packet.segmentHeaders = 20 + header;
    packet.checksum = PARTIAL;
    const at = (packet.checksumStart = packet.start + 20);
    packet.checksumField = checksumField;
    const pseudo = 0x1234; // addresses and protocol
    packet.setU16(at + checksumField, fold(pseudo + header + data.length));
    const rest = prepare(packet, undefined, MTU, pool, () => {})!;
    const segments = [packet, ...rest];
    expect(segments.map((segment) => segment.length - 20 - header)).toEqual([1_000, 1_000, 500]);
    for (const segment of segments) {
      const length = segment.end - segment.checksumStart;
      expect(verifies(addBytes(segment, segment.checksumStart, segment.end, pseudo + length))).toBe(true);
      if (header === 8) expect(segment.u16(segment.checksumStart + 4)).toBe(length);
    }
    const joined = segments.map((segment) => segment.copy(segment.start + 20 + header));
    expect(Buffer.concat(joined)).toEqual(Buffer.from(data));
  });
});
