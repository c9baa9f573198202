import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REASSEMBLY_BYTES } from '../../../stacks/forward/reassembly.ts';
import { SECOND } from '../../../stacks/time/clock.ts';
import {
  address,
  bytes,
  checksummed,
  datagram,
  expectAtRest,
  frame,
  icmpPacket,
  type Net,
  pair,
  ping,
  STRANGER,
  text,
  udpPacket,
} from './net.ts';
import { narrow } from './router.ts';

const A = '2001:db8::1';
const B = '2001:db8::2';
const AB = { source: A, destination: B };
const nd = { hopLimit: 255 };
const slla = bytes([1, 1], STRANGER);

/** One honest packet of each kind, for B, to be bent. */
const SEEDS: readonly Uint8Array[] = [
  icmpPacket(128, 0, 1, new Uint8Array(40), AB),
  icmpPacket(129, 0, 1, new Uint8Array(40), AB),
  udpPacket(new Uint8Array(20), [1, 2], AB),
  datagram(
    checksummed(bytes([0, 1, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 2, 1, 0, 0, 0, 0, 0]), 16, 6, A, B),
    { ...AB, next: 6 },
  ),
  datagram(
    bytes(
      [44, 0, 5, 2, 0, 0, 1, 0],
      [60, 0, 0, 1, 0, 0, 0, 7],
      [58, 0, 0x9e, 1, 0, 1, 1, 0],
      new Uint8Array(8),
    ),
    { ...AB, next: 0 },
  ),
  datagram(bytes([58, 0, 0, 9, 0, 0, 0, 7], new Uint8Array(24)), { ...AB, next: 44 }),
  datagram(bytes([43, 0, 1, 4, 0, 0, 0, 0], [58, 0, 0, 0, 0, 0, 0, 0], new Uint8Array(8)), {
    ...AB,
    next: 60,
  }),
  icmpPacket(1, 4, 0, udpPacket(new Uint8Array(4), [1, 2], { source: B, destination: A }), AB),
  icmpPacket(2, 0, 1300, udpPacket(new Uint8Array(4), [1, 2], { source: B, destination: A }), AB),
  icmpPacket(135, 0, 0, bytes(address(B), slla), { ...AB, ...nd }),
  icmpPacket(135, 0, 0, bytes(address(B)), { source: '::', destination: 'ff02::1:ff00:2', ...nd }),
  icmpPacket(136, 0, 0x60000000, bytes(address(A), [2, 1], STRANGER), { ...AB, ...nd }),
  icmpPacket(133, 0, 0, slla, { source: 'fe80::9', destination: 'ff02::2', ...nd }),
  icmpPacket(
    134,
    0,
    0x40000708,
    bytes(
      new Uint8Array(8),
      slla,
      [5, 1, 0, 0, 0, 0, 5, 220],
      [3, 4, 64, 0xc0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0],
      address('2001:db8:7::'),
    ),
    { source: 'fe80::9', destination: 'ff02::1', ...nd },
  ),
  icmpPacket(137, 0, 0, bytes(address('fe80::8'), address('2001:db8:9::9'), [2, 1], STRANGER), {
    source: 'fe80::9',
    destination: B,
    ...nd,
  }),
  icmpPacket(130, 0, 100, new Uint8Array(20), { source: 'fe80::9', destination: 'ff02::1', hopLimit: 1 }),
];

/** Puts the checksum right again where the chain can be followed, so that what was bent is looked at. */
function fixUp(packet: Uint8Array): Uint8Array {
  if (packet.length < 40) return packet;
  let next = packet[6]!;
  let at = 40;
  while ((next === 0 || next === 43 || next === 60 || next === 44) && at + 8 <= packet.length) {
    const length = next === 44 ? 8 : (packet[at + 1]! + 1) * 8;
    next = packet[at]!;
    at += length;
  }
  const field = next === 58 ? 2 : next === 17 ? 6 : next === 6 ? 16 : -1;
  if (field < 0 || at + field + 2 > packet.length) return packet;
  const upper = checksummed(packet.slice(at), field, next, text(packet, 8), text(packet, 24));
  return bytes(packet.subarray(0, at), upper);
}

/** Most packets are bent in few places: those get deepest. */
function often<T, U>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<U>): fc.Arbitrary<T | U> {
  return fc.oneof({ weight: 7, arbitrary: usual }, { weight: 1, arbitrary: rare });
}

const mutation = fc.record({
  seed: fc.nat(SEEDS.length - 1),
  edits: fc.array(fc.tuple(fc.nat(200), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }),
  cut: often(fc.constant(undefined), fc.nat(120)),
  grow: often(fc.constant(0), fc.nat(30)),
  fixLength: often(fc.constant(true), fc.constant(false)),
  fixSum: often(fc.constant(true), fc.constant(false)),
});

function bend({
  seed,
  edits,
  cut,
  grow,
  fixLength,
  fixSum,
}: {
  seed: number;
  edits: [number, number][];
  cut: number | undefined;
  grow: number;
  fixLength: boolean;
  fixSum: boolean;
}): Uint8Array {
  let packet: Uint8Array = bytes(SEEDS[seed]!.slice(0, cut), new Uint8Array(grow));
  for (const [at, value] of edits) if (packet.length > 0) packet[at % packet.length] = value;
  if (fixLength && packet.length >= 40) {
    packet[0] = 0x60;
    packet[4] = (packet.length - 40) >>> 8;
    packet[5] = (packet.length - 40) & 255;
  }
  if (fixSum) packet = fixUp(packet);
  return packet;
}

/** Nothing is left behind, and the next honest caller is served. */
function recovers({ env, a, b }: Net): void {
  a.stop();
  b.stop();
  expectAtRest(env, a, b);
  a.start();
  b.start();
  env.clock.advance(env.clock.now + 2 * SECOND);
  expect(ping(env, a, B, { size: 2_000 })).toMatchObject({ outcome: 'reply' });
  a.stop();
  b.stop();
  expectAtRest(env, a, b);
}

describe('whatever arrives', () => {
  it('random bytes cost a counter', () => {
    const net = pair();
    const mac = [...net.portB.mac!];
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200, size: 'max' }),
        fc.boolean(),
        fc.boolean(),
        (noise, header, version) => {
          const packet = noise.slice();
          if (version && packet.length > 0) packet[0] = 0x60;
          net.portB.inject(header ? bytes(mac, STRANGER, [0x86, 0xdd], packet) : packet);
        },
      ),
      { numRuns: 3_000, seed: 1 },
    );
    recovers(net);
  });

  it.each(['ethernet', 'ip'] as const)('bent packets cost a counter on %s', (medium) => {
    const net = pair({ medium, b: { autoconfigure: true } });
    fc.assert(
      fc.property(mutation, (how) => {
        const packet = bend(how);
        const before = { ...net.b.counters };
        net.portB.inject(medium === 'ip' ? packet : frame(packet, net.portB.mac!));
        expect(net.b.counters.received).toBe(before.received + 1);
        expect(net.env.pool.live * 2_048).toBeLessThan(REASSEMBLY_BYTES + 4_000_000);
      }),
      { numRuns: 8_000, seed: 2 },
    );
    recovers(net);
  });

  it('answers at most one packet for each, neighbour discovery aside', () => {
    const net = pair({ medium: 'ip' });
    fc.assert(
      fc.property(mutation, (how) => {
        const before = net.portB.sent.length;
        net.portB.inject(bend(how));
        expect(net.portB.sent.length - before).toBeLessThanOrEqual(1);
      }),
      { numRuns: 3_000, seed: 3 },
    );
    recovers(net);
  });

  it('a router that passes bent packets on comes to rest', () => {
    const { env, left, router, right, nearPort, farPort } = narrow(1_280);
    fc.assert(
      fc.property(mutation, fc.boolean(), fc.boolean(), (how, through, far) => {
        const packet = bend(how);
        if (through && packet.length >= 40) packet.set(address('2001:db8:2::2'), 24);
        const port = far ? farPort : nearPort;
        port.inject(frame(packet, port.mac!));
        env.clock.advance(env.clock.now + 1_000);
      }),
      { numRuns: 4_000, seed: 4 },
    );
    for (const stack of [left, router, right]) stack.stop();
    expectAtRest(env, left, router, right);
  });

  it('time may pass between any two of them', () => {
    const net = pair({ b: { autoconfigure: true } });
    fc.assert(
      fc.property(fc.array(fc.tuple(mutation, fc.nat(40 * SECOND)), { maxLength: 12 }), (list) => {
        for (const [how, wait] of list) {
          net.portB.inject(frame(bend(how), net.portB.mac!));
          net.env.clock.advance(net.env.clock.now + wait);
        }
      }),
      { numRuns: 300, seed: 5 },
    );
    recovers(net);
  });
});
