import { describe, expect, it } from 'vitest';
import type { Packet } from '../../../stacks/packet/packet.ts';
import { PacketPool } from '../../../stacks/packet/pool.ts';
import type { DropReason } from '../../../stacks/packet/verdict.ts';
import { SECOND } from '../../../stacks/time/clock.ts';
import {
  datagram,
  environment,
  expectAtRest,
  type Fields,
  frame,
  get16,
  icmp,
  ip,
  pair,
  ping,
  put16,
  settle,
  stack,
  TestDevice,
  udp,
} from './net.ts';

const DATA = udp(1_000, 9, [1, 2, 3]);

/** One packet into B of a bare link; what it was dropped for, and the ICMP type and code that went back. */
function drop(bytes: Uint8Array): { drops: object; error: number[] | undefined } {
  const { env, a, b, deviceB } = pair({ ethernet: false });
  deviceB.inject(bytes);
  settle(env);
  expectAtRest(env, a, b);
  const reply = deviceB.sent[0];
  return { drops: b.counters.drops, error: reply && [reply[20]!, reply[21]!] };
}

describe('what comes from a link', () => {
  const lies: [string, Uint8Array, DropReason][] = [
    ['nothing', new Uint8Array(0), 'runt'],
    ['19 bytes', datagram([]).subarray(0, 19), 'runt'],
    ['version 6', datagram(DATA, { version: 6 }), 'bad-version'],
    ['header of 16 bytes', datagram(DATA, { ihl: 4 }), 'bad-length'],
    ['header beyond the packet', datagram([], { ihl: 15 }), 'bad-length'],
    ['total length beyond the packet', datagram(DATA, { total: 32 }), 'bad-length'],
    ['total length below the header', datagram(DATA, { total: 19 }), 'bad-length'],
    ['checksum', datagram(DATA, { checksum: 0x1234 }), 'bad-checksum'],
    ['loose source route', datagram(DATA, { options: [131, 3, 4, 0] }), 'source-routed'],
    ['strict source route', datagram(DATA, { options: [1, 137, 3, 4] }), 'source-routed'],
  ];
  it.each(lies)('%s is dropped silently', (_name, bytes, reason) => {
    expect(drop(bytes)).toEqual({ drops: { [reason]: 1 }, error: undefined });
  });

  const addresses: [Fields, DropReason][] = [
    [{ source: '0.0.0.0' }, 'bad-source'],
    [{ source: '0.1.2.3' }, 'bad-source'],
    [{ source: '127.0.0.1' }, 'bad-source'],
    [{ source: '224.0.0.5' }, 'bad-source'],
    [{ source: '240.0.0.1' }, 'bad-source'],
    [{ source: '255.255.255.255' }, 'bad-source'],
    [{ source: '10.0.0.255' }, 'bad-source'],
    [{ source: '10.0.0.0' }, 'bad-source'],
    [{ source: '10.0.0.2' }, 'bad-source'],
    [{ destination: '0.0.0.0' }, 'bad-destination'],
    [{ destination: '127.0.0.1' }, 'bad-destination'],
    [{ destination: '250.0.0.1' }, 'bad-destination'],
    [{ destination: '224.0.0.9' }, 'not-for-me'],
    [{ destination: '10.0.0.3' }, 'forwarding-off'],
    [{ destination: '10.0.0.255', protocol: 6 }, 'bad-destination'],
  ];
  it.each(addresses)('%j is dropped as %s, silently', (fields, reason) => {
    expect(drop(datagram(DATA, fields))).toEqual({ drops: { [reason]: 1 }, error: undefined });
  });

  it('ignores link padding behind the total length', () => {
    const padded = new Uint8Array(60);
    padded.set(datagram(DATA));
    expect(drop(padded)).toEqual({ drops: { 'port-unreachable': 1 }, error: [3, 3] });
  });

  it.each([
    [[7, 0, 0, 0], 21],
    [[7, 1, 0, 0], 21],
    [[1, 1, 7, 5], 23],
    [[1, 1, 1, 7], 23],
  ])('options %j name the octet that is wrong', (options, pointer) => {
    const { env, a, b, deviceB } = pair({ ethernet: false });
    deviceB.inject(datagram(DATA, { options }));
    settle(env);
    expect(b.counters.drops).toEqual({ 'bad-option': 1 });
    expect([...deviceB.sent[0]!.subarray(20, 22), deviceB.sent[0]![24]]).toEqual([12, 0, pointer]);
    expectAtRest(env, a, b);
  });

  it('options of a datagram for another host are no business of a host (RFC 1122 §3.2.1.3)', () => {
    const wrong = datagram(DATA, { destination: '10.0.0.3', options: [7, 1, 0, 0] });
    expect(drop(wrong)).toEqual({ drops: { 'bad-option': 1 }, error: undefined });
  });

  it.each([
    [[7, 7, 4, 0, 0, 0, 0, 0]],
    [[148, 4, 0, 0]],
    [[68, 4, 5, 0]],
    [[1, 1, 99, 2]],
    [[0, 255, 255, 255]],
  ])('options %j are passed over', (options) => {
    expect(drop(datagram(DATA, { options })).drops).toEqual({ 'port-unreachable': 1 });
  });

  it('lets the filter decide by protocol and port, except on loopback', () => {
    const { env, a, b, deviceB } = pair({ ethernet: false });
    const asked: [number, number][] = [];
    b.filter = (protocol, port) => {
      asked.push([protocol, port]);
      return false;
    };
    deviceB.inject(datagram(DATA));
    deviceB.inject(datagram(icmp(8, 0, 1), { protocol: 1 }));
    deviceB.inject(datagram([1, 2], { protocol: 17 }));
    const results: unknown[] = [];
    b.echo(ip('127.0.0.1'), { size: 8, timeout: SECOND }, (result) => results.push(result));
    settle(env);
    expect(asked).toEqual([
      [17, 9],
      [1, 0],
      [17, 0],
    ]);
    expect(b.counters.drops).toEqual({ filtered: 3 });
    expect(deviceB.sent).toEqual([]);
    expect(results).toMatchObject([{ outcome: 'reply' }]);
    // Of ICMP only echo requests are asked about: what answers to our own packets must come in.
    expect(ping(env, b, '10.0.0.1')).toMatchObject({ outcome: 'reply' });
    expect(asked).toHaveLength(3);
    expectAtRest(env, a, b);
  });
});

describe('frames', () => {
  const [A, B] = [
    [2, 0, 0, 0, 0, 1],
    [2, 0, 0, 0, 0, 2],
  ] as const;
  const all = [255, 255, 255, 255, 255, 255];
  const cases: [string, Uint8Array, DropReason | undefined][] = [
    ['13 bytes', new Uint8Array(13), 'runt'],
    ['to another station', frame(datagram(DATA), [2, 0, 0, 0, 0, 3], [...A]), 'not-for-me'],
    ['IPv6', frame(datagram(DATA), [...B], [...A], 0x86dd), 'unknown-ethertype'],
    ['unicast inside a broadcast', frame(datagram(DATA), all, [...A]), 'bad-destination'],
    ['unicast inside a multicast', frame(datagram(DATA), [1, 0, 0x5e, 0, 0, 1], [...A]), 'bad-destination'],
  ];
  it.each(cases)('%s', (_name, bytes, reason) => {
    const { env, a, b, deviceB, drops } = pair();
    deviceB.inject(bytes);
    settle(env);
    expect(drops()).toEqual({ [reason!]: 1 });
    expect(deviceB.sent).toEqual([]);
    expectAtRest(env, a, b);
  });

  it.each(['255.255.255.255', '10.0.0.255', '224.0.0.1'])(
    'a datagram to %s reaches sockets',
    (destination) => {
      const { env, a, b, deviceB, drops } = pair();
      const heard: number[][] = [];
      const handler = {
        message: (data: Uint8Array) => heard.push([...data]),
        error: () => {},
        closed: () => {},
      };
      b.udp.bind(ip('0.0.0.0'), 9, { handler });
      deviceB.inject(frame(datagram(DATA, { destination }), all, [...A]));
      expect(heard).toEqual([[1, 2, 3]]);
      // Without a socket nothing is said: RFC 1122 §3.2.2 forbids errors about broadcasts.
      deviceB.inject(frame(datagram(udp(1, 10), { destination }), all, [...A]));
      deviceB.inject(frame(datagram(icmp(8, 0, 1), { destination, protocol: 1 }), all, [...A]));
      settle(env);
      expect(drops()).toEqual({ 'port-unreachable': 1, 'icmp-ignored': 1 });
      expect(deviceB.sent).toEqual([]);
      expectAtRest(env, a, b);
    },
  );

  it('broadcasts leave with the broadcast address, groups with theirs', () => {
    const { env, a, deviceA } = pair();
    const handler = { message: () => {}, error: () => {}, closed: () => {} };
    const socket = a.udp.bind(ip('0.0.0.0'), 0, { handler });
    if (!('send' in socket)) throw new Error(socket.cause);
    for (const to of ['255.255.255.255', '10.0.0.255', '239.129.2.3']) {
      expect(socket.send(Uint8Array.of(1), ip(to), 7)).toBeUndefined();
    }
    settle(env);
    expect(deviceA.sent.map((f) => [...f.subarray(0, 6)])).toEqual([all, all, [1, 0, 0x5e, 1, 2, 3]]);
    expect(deviceA.sent.map((f) => f[22])).toEqual([64, 64, 1]);
    expectAtRest(env, a);
  });

  it('what goes to a group leaves by the link where the group is joined, however flows are shared', () => {
    const env = environment();
    const devices = [new TestDevice(env, 'x', undefined), new TestDevice(env, 'y', undefined)];
    const host = stack(env, 'H', [
      [devices[0]!, '10.0.0.1', 24],
      [devices[1]!, '10.1.0.1', 24],
    ]);
    for (const [i, gateway] of ['10.0.0.253', '10.1.0.253'].entries()) {
      const route = { destination: ip('0.0.0.0'), prefixLength: 0, gateway: ip(gateway), metric: 1 };
      host.addRoute({ ...route, interfaceIndex: i + 1, origin: 'static' });
    }
    const handler = { message: () => {}, error: () => {}, closed: () => {} };
    for (let port = 1; port <= 16; port++) {
      const socket = host.udp.bind(ip('0.0.0.0'), port, { handler });
      if (!('send' in socket)) throw new Error(socket.cause);
      socket.send(Uint8Array.of(1), ip('239.1.2.3'), 9);
    }
    expect(host.join(ip('239.1.2.3'), 0)).toBe(1);
    expect(devices.map(({ sent }) => sent.length)).toEqual([16, 0]);
    settle(env);
    expectAtRest(env, host);
  });
});

describe('ICMP', () => {
  it('quotes what fits 576 bytes and travels from the address that was asked', () => {
    const { env, a, b, deviceB } = pair({ ethernet: false });
    const packet = datagram(udp(1_000, 9, new Uint8Array(1_000).fill(7)));
    deviceB.inject(packet);
    settle(env);
    const error = deviceB.sent[0]!;
    expect(error.length).toBe(576);
    expect(error.subarray(28)).toEqual(packet.subarray(0, 548));
    expect([...error.subarray(12, 20)]).toEqual([10, 0, 0, 2, 10, 0, 0, 1]);
    expect(error[1]).toBe(0); // RFC 1122 §3.2.2
    // At A nobody sent it: counted, not believed.
    expect(a.counters.drops).toEqual({ 'icmp-unmatched': 1 });
    expectAtRest(env, a, b);
  });

  it('names the protocol that is not here', () => {
    expect(drop(datagram([1, 2, 3, 4], { protocol: 132 }))).toEqual({
      drops: { 'unknown-protocol': 1 },
      error: [3, 2],
    });
  });

  const silent: [string, Uint8Array, DropReason][] = [
    ['a message of 7 bytes', datagram(icmp(8, 0, 1).subarray(0, 7), { protocol: 1 }), 'runt'],
    ['a broken checksum', datagram(icmp(8, 0, 1).fill(9, 2, 4), { protocol: 1 }), 'bad-checksum'],
    ['source quench', datagram(icmp(4, 0, 0, datagram(DATA)), { protocol: 1 }), 'icmp-ignored'],
    ['a redirect', datagram(icmp(5, 1, 0, datagram(DATA)), { protocol: 1 }), 'icmp-unmatched'],
    [
      'a router advertisement',
      datagram(icmp(9, 0, 0x01020708, new Uint8Array(8)), { protocol: 1 }),
      'icmp-ignored',
    ],
    ['an information request', datagram(icmp(15, 0, 1), { protocol: 1 }), 'icmp-ignored'],
    ['an address mask request', datagram(icmp(17, 0, 1, new Uint8Array(4)), { protocol: 1 }), 'icmp-ignored'],
    ['an address mask reply', datagram(icmp(18, 0, 1, new Uint8Array(4)), { protocol: 1 }), 'icmp-ignored'],
    ['a timestamp request', datagram(icmp(13, 0, 0, new Uint8Array(12)), { protocol: 1 }), 'icmp-ignored'],
    ['an unknown code', datagram(icmp(3, 99, 0, datagram(DATA)), { protocol: 1 }), 'icmp-ignored'],
    ['an error with nothing inside', datagram(icmp(3, 3, 0), { protocol: 1 }), 'icmp-unmatched'],
    [
      'an error with half a header',
      datagram(icmp(3, 3, 0, datagram([]).subarray(0, 12)), { protocol: 1 }),
      'icmp-unmatched',
    ],
    [
      'an error about another host',
      datagram(icmp(3, 3, 0, datagram(DATA)), { protocol: 1 }),
      'icmp-unmatched',
    ],
    [
      'an error whose inner header is too long',
      datagram(icmp(3, 3, 0, datagram(DATA, { source: '10.0.0.2', ihl: 15 })), { protocol: 1 }),
      'icmp-unmatched',
    ],
    ['a later fragment', datagram(DATA, { fragment: 1 }), 'reassembly-timeout'],
  ];
  it.each(silent)('%s gets no answer', (_name, bytes, reason) => {
    expect(drop(bytes)).toEqual({ drops: { [reason]: 1 }, error: undefined });
  });

  it('errors count as unsent when no buffer is free', () => {
    const env = { ...environment(), pool: new PacketPool(1 << 20) };
    const device = new TestDevice(env, 'x0', undefined);
    const x = stack(env, 'X', [[device, '10.0.0.1', 24]]);
    const held: Packet[] = [];
    while (held.length < 511) held.push(env.pool.take(1)!);
    device.inject(datagram(DATA, { source: '10.0.0.9', destination: '10.0.0.1' }));
    expect([device.sent.length, x.counters.unsent]).toEqual([0, 1]);
    expect(x.counters.drops).toEqual({ 'port-unreachable': 1 });
    for (const packet of held) env.pool.release(packet);
    expectAtRest(env, x);
  });

  it('errors are limited to a burst and then a rate', () => {
    const { env, a, b, deviceB } = pair({ ethernet: false });
    for (let i = 0; i < 200; i++) deviceB.inject(datagram(DATA));
    expect(deviceB.sent).toHaveLength(50);
    settle(env);
    env.clock.advance(env.clock.now + SECOND / 100);
    for (let i = 0; i < 200; i++) deviceB.inject(datagram(DATA));
    expect(deviceB.sent.length).toBeGreaterThan(50);
    expect(deviceB.sent.length).toBeLessThan(75);
    settle(env);
    expectAtRest(env, a, b);
  });

  it('reaches the UDP socket that sent, as a refusal', () => {
    const { env, a, b } = pair();
    const errors: unknown[] = [];
    const handler = {
      message: () => {},
      error: (failure: { code: string }, _remote: unknown, port: number) => errors.push([failure.code, port]),
      closed: () => {},
    };
    const socket = a.udp.bind(ip('0.0.0.0'), 0, { handler });
    if (!('send' in socket)) throw new Error(socket.cause);
    expect(socket.send(Uint8Array.of(1), ip('10.0.0.2'), 7)).toBeUndefined();
    expect(socket.send(Uint8Array.of(1), ip('10.0.0.99'), 8)).toBeUndefined();
    settle(env);
    expect(errors).toEqual([
      ['ECONNREFUSED', 7],
      ['EHOSTUNREACH', 8],
    ]);
    // While the failure is remembered, the call itself says so.
    expect(socket.send(Uint8Array.of(1), ip('10.0.0.99'), 8)).toMatchObject({ code: 'EHOSTUNREACH' });
    expectAtRest(env, a, b);
  });
});

describe('path MTU', () => {
  const REMOTE = '192.0.2.9';

  function sent(mtuNamed: number, change: (inner: Uint8Array) => void = () => {}) {
    const { env, a, deviceA } = pair({ ethernet: false });
    a.addRoute({
      destination: ip('0.0.0.0'),
      prefixLength: 0,
      gateway: ip('10.0.0.2'),
      interfaceIndex: 1,
      metric: 1,
      origin: 'static',
    });
    const results: unknown[] = [];
    a.echo(ip(REMOTE), { size: 1_400, timeout: SECOND, dontFragment: true }, (result) =>
      results.push(result),
    );
    const inner = deviceA.sent[0]!.slice(0, 28);
    expect(get16(inner, 6)).toBe(0x4000);
    change(inner);
    const tooBig = icmp(3, 4, mtuNamed, inner);
    deviceA.inject(datagram(tooBig, { protocol: 1, source: '10.0.0.254', destination: '10.0.0.1' }));
    return { env, a, deviceA, results };
  }

  it.each([
    [1_300, 1_300],
    [552, 552],
    [100, 552],
    [0, 1_006],
  ])('a message that names %i makes it %i', (named, mtu) => {
    const { env, a, results } = sent(named);
    expect(results).toMatchObject([
      { outcome: 'error', failure: { code: 'EMSGSIZE' }, from: ip('10.0.0.254') },
    ]);
    expect(a.pathMtu(ip(REMOTE))).toBe(mtu);
    expect([...a.pathMtus()]).toMatchObject([{ destination: ip(REMOTE), mtu }]);
    settle(env);
    env.clock.advance(env.clock.now + 601 * SECOND);
    expect(a.pathMtu(ip(REMOTE))).toBe(1_500);
    expectAtRest(env, a);
  });

  it.each([
    ['an MTU under 68', 67, () => {}],
    ['an MTU that the packet fits', 1_428, () => {}],
    ['a packet that may be fragmented', 1_300, (inner: Uint8Array) => put16(inner, 6, 0)],
    ['another request', 1_300, (inner: Uint8Array) => put16(inner, 24, get16(inner, 24) ^ 1)],
    ['another peer', 1_300, (inner: Uint8Array) => inner.set([9], 19)],
  ])('%s is not believed', (_name, named, change) => {
    const { env, a, results } = sent(named, (inner) => {
      change(inner);
      if (_name === 'another peer') inner[19] = 10;
    });
    expect(a.pathMtu(ip(REMOTE))).toBe(1_500);
    expect([...a.pathMtus()]).toEqual([]);
    settle(env);
    expect(results).toEqual([{ outcome: 'timeout' }]);
    expectAtRest(env, a);
  });

  it('below the floor packets go without DF, so that routers can fragment', () => {
    const { env, a, deviceA } = sent(100);
    deviceA.sent.length = 0;
    a.echo(ip(REMOTE), { size: 500, timeout: SECOND, dontFragment: true }, () => {});
    expect(get16(deviceA.sent[0]!, 6)).toBe(0);
    settle(env);
    expectAtRest(env, a);
  });
});
