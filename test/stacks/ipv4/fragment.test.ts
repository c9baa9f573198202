import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REASSEMBLY_BYTES } from '../../../stacks/forward/reassembly.ts';
import { PARTIAL } from '../../../stacks/packet/packet.ts';
import { SECOND } from '../../../stacks/time/clock.ts';
import {
  datagram,
  expectAtRest,
  get16,
  icmp,
  ip,
  type Pair,
  pair,
  put16,
  settle,
  sumOf,
  udp,
} from './net.ts';

const MF = 0x2000;

/** The pieces of an echo request of `size` bytes, cut at `step` bytes. */
function pieces(size: number, step: number, id = 7): Uint8Array[] {
  const data = Uint8Array.from({ length: size }, (_, i) => i * 7);
  const whole = icmp(8, 0, 0x12340001, data);
  const cut: Uint8Array[] = [];
  for (let at = 0; at < whole.length; at += step) {
    const more = at + step < whole.length ? MF : 0;
    cut.push(datagram(whole.subarray(at, at + step), { protocol: 1, id, fragment: more | (at >> 3) }));
  }
  return cut;
}

function into(bytes: Uint8Array[]): Pair {
  const net = pair({ ethernet: false });
  for (const one of bytes) net.deviceB.inject(one);
  return net;
}

describe('reassembly', () => {
  it('takes any order, and exact duplicates', () => {
    const cut = pieces(300, 64);
    const order = fc.shuffledSubarray(cut, { minLength: cut.length });
    fc.assert(
      fc.property(order, fc.array(fc.nat(cut.length - 1), { maxLength: 4 }), (shuffled, again) => {
        // Duplicates before the last piece only: afterwards they begin a datagram of their own.
        const sent = [...shuffled.slice(0, -1)];
        for (const i of again) if (sent.includes(cut[i]!)) sent.push(cut[i]!);
        const { env, a, b, deviceB } = into([...sent, shuffled.at(-1)!]);
        expect(b.counters.answered).toBe(1);
        expect(deviceB.sent[0]!.length).toBe(328);
        const duplicates = sent.length + 1 - cut.length;
        expect(b.counters.drops).toEqual(duplicates > 0 ? { 'fragment-duplicate': duplicates } : {});
        settle(env);
        expectAtRest(env, a, b);
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ['a range that reaches back', datagram(new Uint8Array(16), { protocol: 1, id: 7, fragment: MF | 7 })],
    ['a range inside another', datagram(new Uint8Array(8), { protocol: 1, id: 7, fragment: MF | 2 })],
    [
      'the same range with other bytes',
      datagram(new Uint8Array(64), { protocol: 1, id: 7, fragment: MF | 0 }),
    ],
    ['a range around all', datagram(new Uint8Array(200), { protocol: 1, id: 7, fragment: MF | 0 })],
    ['an end before what has come', datagram(new Uint8Array(8), { protocol: 1, id: 7, fragment: 1 })],
  ])('%s drops the datagram and what is yet to come', (_name, evil) => {
    const cut = pieces(300, 64);
    const { env, a, b, deviceB } = into([cut[0]!, cut[1]!, evil, ...cut.slice(2)]);
    settle(env);
    expect(b.counters.drops).toEqual({ 'fragment-overlap': cut.length + 1 });
    expect(deviceB.sent).toEqual([]);
    // The identification may be used again later.
    env.clock.advance(env.clock.now + 61 * SECOND);
    for (const one of cut) deviceB.inject(one);
    expect(b.counters.answered).toBe(1);
    settle(env);
    expectAtRest(env, a, b);
  });

  it('a mark of congestion on one fragment is one on the whole (RFC 3168 §5.3)', () => {
    const cut = pieces(300, 64);
    for (const [i, piece] of cut.entries()) {
      piece[1] = i === 2 ? 0b11 : 0b10;
      put16(piece, 10, 0);
      put16(piece, 10, sumOf(piece.subarray(0, 20)));
    }
    // The answer to an echo has the traffic class of the request (RFC 1122 §3.2.2.6).
    expect(into(cut).deviceB.sent[0]![1]).toBe(0b11);
  });

  it('a second last fragment of another length drops the datagram', () => {
    const last = (words: number, at: number): Uint8Array =>
      datagram(new Uint8Array(words * 8), { protocol: 1, id: 7, fragment: at });
    const { env, b } = into([last(1, 10), last(1, 20), pieces(60, 64)[0]!]);
    settle(env);
    expect(b.counters.drops).toEqual({ 'fragment-overlap': 3 });
    expectAtRest(env, b);
  });

  it.each([
    ['beyond 65,535', datagram(new Uint8Array(64), { fragment: 0x1fff }), 'fragment-bounds'],
    ['without payload', datagram([], { fragment: MF }), 'fragment-bounds'],
    ['not a multiple of 8', datagram(new Uint8Array(9), { fragment: MF }), 'bad-length'],
  ])('%s is dropped', (_name, bytes, reason) => {
    const { env, b } = into([bytes]);
    expect(b.counters.drops).toEqual({ [reason]: 1 });
    expectAtRest(env, b);
  });

  it('gives up after a minute, and says so only when the first fragment came', () => {
    const cut = pieces(300, 64);
    const { env, a, b, deviceB } = into([cut[0]!, cut[1]!]);
    const before = env.clock.now;
    settle(env);
    expect(env.clock.now - before).toBeGreaterThanOrEqual(60 * SECOND);
    expect(b.counters.drops).toEqual({ 'reassembly-timeout': 2 });
    expect(deviceB.sent).toHaveLength(1);
    expect([...deviceB.sent[0]!.subarray(20, 22)]).toEqual([11, 1]);
    expect(deviceB.sent[0]!.subarray(28)).toEqual(cut[0]);
    deviceB.inject(cut[1]!);
    settle(env);
    expect(deviceB.sent).toHaveLength(1);
    expectAtRest(env, a, b);
  });

  it('a flood from one source does not cost another one its datagram', () => {
    const { env, b, deviceB } = pair({ ethernet: false });
    const [first, ...rest] = pieces(300, 64);
    deviceB.inject(first!);
    for (let i = 0; i < 5_000; i++) {
      deviceB.inject(datagram(new Uint8Array(1_480), { source: '10.0.0.66', id: i, fragment: MF | 1 }));
    }
    expect(b.counters.drops['reassembly-full']).toBeGreaterThan(1_000);
    for (const one of rest) deviceB.inject(one);
    expect(b.counters.answered).toBe(1);
    settle(env);
    expectAtRest(env, b);
  });

  it('the filter sees whole datagrams, so a header in crumbs does not pass it (RFC 1858, RFC 3128)', () => {
    const { env, a, b, deviceB } = pair({ ethernet: false });
    const asked: [number, number][] = [];
    b.filter = (protocol, port) => {
      asked.push([protocol, port]);
      return false;
    };
    const segment = new Uint8Array(20);
    segment.set([4, 0, 0, 23]); // to port 23, in the first eight bytes; flags in the second fragment
    deviceB.inject(datagram(segment.subarray(0, 8), { protocol: 6, id: 9, fragment: MF }));
    deviceB.inject(datagram(segment.subarray(8), { protocol: 6, id: 9, fragment: 1 }));
    expect(asked).toEqual([[6, 23]]);
    expect(b.counters.drops).toEqual({ filtered: 1 });
    settle(env);
    expectAtRest(env, a, b);
  });

  it('keeps within its budget under a flood, and still takes an honest datagram', () => {
    const { env, a, b, deviceB } = pair({ ethernet: false });
    const liveAtStart = env.pool.live;
    for (let i = 0; i < 5_000; i++) {
      deviceB.inject(
        datagram(new Uint8Array(8), { id: i & 0xffff, fragment: MF | 2, source: `10.0.0.${(i % 200) + 3}` }),
      );
    }
    expect((env.pool.live - liveAtStart) * 2_048).toBeLessThanOrEqual(REASSEMBLY_BYTES);
    for (const one of pieces(3_000, 1_480)) deviceB.inject(one);
    expect(b.counters.answered).toBe(1);
    settle(env);
    expect(b.counters.drops['reassembly-full']).toBeGreaterThan(3_000);
    expectAtRest(env, a, b);
  });

  it('bounds the fragments of one datagram', () => {
    const { env, b, deviceB } = pair({ ethernet: false });
    for (let i = 0; i < 4_000; i++) deviceB.inject(datagram(new Uint8Array(8), { fragment: MF | (2 * i) }));
    expect(env.pool.live * 2_048).toBeLessThanOrEqual(REASSEMBLY_BYTES);
    settle(env);
    expectAtRest(env, b);
  });

  it('keeps datagrams apart by source, protocol and identification', () => {
    const cut = pieces(100, 64);
    const other = pieces(100, 64, 8);
    const stranger = cut[1]!.slice();
    stranger[15] = 9;
    put16(stranger, 10, 0);
    put16(stranger, 10, sumOf(stranger.subarray(0, 20)));
    const { env, b } = into([cut[0]!, other[1]!, stranger]);
    expect(b.counters.answered).toBe(0);
    settle(env);
    expect(b.counters.drops).toEqual({ 'reassembly-timeout': 3 });
    expectAtRest(env, b);
  });
});

describe('fragmentation', () => {
  it.each([68, 296, 576, 1_006, 1_500])('at an MTU of %i the far end gets every byte', (mtu) => {
    const { env, a, b, deviceA } = pair({ ethernet: false, mtu });
    const heard: Uint8Array[] = [];
    const handler = { message: (data: Uint8Array) => heard.push(data), error: () => {}, closed: () => {} };
    b.udp.bind(ip('0.0.0.0'), 9, { handler });
    const socket = a.udp.bind(ip('0.0.0.0'), 0, { handler });
    if (!('send' in socket)) throw new Error(socket.cause);
    const data = Uint8Array.from({ length: mtu < 100 ? 3_000 : 65_507 }, (_, i) => (i * 31) >> 3);
    expect(socket.send(data, ip('10.0.0.2'), 9)).toBeUndefined();
    for (const one of deviceA.sent) expect(one.length).toBeLessThanOrEqual(mtu);
    expect(new Set(deviceA.sent.map((one) => get16(one, 4))).size).toBe(1);
    settle(env);
    expect(heard).toEqual([data]);
    expectAtRest(env, a, b);
  });

  it('gives consecutive datagrams different identifications', () => {
    const { env, a, deviceA } = pair({ ethernet: false });
    const handler = { message: () => {}, error: () => {}, closed: () => {} };
    const socket = a.udp.bind(ip('0.0.0.0'), 0, { handler });
    if (!('send' in socket)) throw new Error(socket.cause);
    for (let i = 0; i < 100; i++) socket.send(Uint8Array.of(i), ip('10.0.0.2'), 9);
    expect(new Set(deviceA.sent.map((one) => get16(one, 4))).size).toBe(100);
    settle(env);
    expectAtRest(env, a);
  });

  it('gives each segment of a super-segment its own, and none of them again (RFC 6864 §4.3)', () => {
    const { env, a, deviceA } = pair({ ethernet: false });
    for (let i = 0; i < 3; i++) {
      const packet = env.pool.take(20 + 2_500)!;
      packet.segmentSize = 1_000;
      packet.segmentHeaders = 40;
      packet.checksum = PARTIAL;
      packet.checksumStart = packet.start;
      packet.checksumField = 16;
      expect(a.output(packet, ip('10.0.0.1'), ip('10.0.0.2'), 6, { dontFragment: false })).toBeUndefined();
    }
    expect(new Set(deviceA.sent.map((one) => get16(one, 4))).size).toBe(9);
    settle(env);
  });

  it('a router fragments fragments, and copies the options that say so', () => {
    // Security (130, copied), record route (7, not copied).
    const options = [130, 4, 1, 2, 7, 7, 4, 0, 0, 0, 0, 0];
    const { env, a, b, deviceB } = pair({ ethernet: false, mtu: 128 });
    b.forwarding = true;
    b.addRoute({
      destination: ip('192.0.2.0'),
      prefixLength: 24,
      gateway: ip('0.0.0.0'),
      interfaceIndex: 1,
      metric: 0,
      origin: 'static',
    });
    const whole = udp(1, 2, new Uint8Array(296).fill(5));
    deviceB.inject(datagram(whole, { destination: '192.0.2.1', options, fragment: MF | 100 }));
    const headers = deviceB.sent.map((one) => [
      one[0]! & 15,
      get16(one, 6) & 0x1fff,
      (get16(one, 6) & MF) !== 0,
    ]);
    expect(headers).toEqual([
      [8, 100, true],
      [6, 112, true],
      [6, 125, true],
    ]);
    expect([...deviceB.sent[1]!.subarray(20, 24)]).toEqual([130, 4, 1, 2]);
    for (const one of deviceB.sent) expect(sumOf(one.subarray(0, (one[0]! & 15) * 4))).toBe(0);
    expect(b.counters.forwarded).toBe(1);
    settle(env);
    expectAtRest(env, a, b);
  });
});
