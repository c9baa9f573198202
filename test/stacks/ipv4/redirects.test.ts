/** Redirects (RFC 1122 §3.2.2.2, RFC 1812 §5.2.7.2), and broadcasts at a router (RFC 2644). */
import { describe, expect, it } from 'vitest';
import type { Ipv4Stack } from '../../../stacks/ipv4/stack.ts';
import type { StackOptions } from '../../../stacks/stack.ts';
import { SECOND } from '../../../stacks/time/clock.ts';
import {
  datagram,
  environment,
  expectAtRest,
  frame,
  icmp,
  ip,
  ping,
  settle,
  stack,
  TestDevice,
  udp,
} from './net.ts';

/** A host and two routers on one Ethernet, everybody hearing everybody; behind the second router is 10.9.0.1. */
function lan() {
  const env = environment();
  const names = ['h', 'r1', 'r2'];
  const devices = names.map((name, i) => new TestDevice(env, name, i + 1));
  for (const device of devices) {
    const others = devices.filter((one) => one !== device);
    device.pass = (bytes) => {
      for (const other of others) env.clock.timer(() => other.inject(bytes)).armIn(1_000);
      return false;
    };
    device.peer = device;
  }
  const [h, r1, r2] = devices as [TestDevice, TestDevice, TestDevice];
  const host = stack(env, 'H', [[h, '10.0.0.1', 24]]);
  const first = stack(env, 'R1', [[r1, '10.0.0.253', 24]], { forwarding: true });
  const second = stack(
    env,
    'R2',
    [
      [r2, '10.0.0.254', 24],
      [new TestDevice(env, 'x', undefined), '10.9.0.1', 24],
    ],
    { forwarding: true },
  );
  route(host, '0.0.0.0', 0, '10.0.0.253');
  route(first, '10.9.0.0', 16, '10.0.0.254');
  settle(env);
  return { env, host, first, second, h, r1 };
}

function route(made: Ipv4Stack, to: string, prefixLength: number, gateway: string): void {
  made.addRoute({
    destination: ip(to),
    prefixLength,
    gateway: ip(gateway),
    interfaceIndex: 1,
    metric: 1,
    origin: 'static',
  });
}

const learnt = (made: Ipv4Stack): string[] =>
  [...made.routes()]
    .filter(({ origin }) => origin === 'redirect')
    .map((one) => `${made.describe(one.destination)}/${one.prefixLength} ${made.describe(one.gateway)}`);

const A = [2, 0, 0, 0, 0, 1];
const R1 = [2, 0, 0, 0, 0, 2];

describe('redirects', () => {
  it('show a host the better first hop, and the datagram goes on nevertheless', () => {
    const { env, host, first, second, r1 } = lan();
    r1.sent.length = 0;
    expect(ping(env, host, '10.9.0.1')).toMatchObject({ outcome: 'reply' });
    const redirect = r1.sent.find((bytes) => bytes[23] === 1 && bytes[34] === 5)!;
    expect([...redirect.subarray(26, 34)]).toEqual([10, 0, 0, 253, 10, 0, 0, 1]);
    expect([...redirect.subarray(34, 36), ...redirect.subarray(38, 42)]).toEqual([5, 1, 10, 0, 0, 254]);
    expect(learnt(host)).toEqual(['10.9.0.1/32 10.0.0.254']);
    const before = first.counters.forwarded;
    expect(ping(env, host, '10.9.0.1')).toMatchObject({ outcome: 'reply' });
    expect(first.counters.forwarded).toBe(before);
    // It is forgotten after five minutes, or when the gateway is silent.
    env.clock.advance(env.clock.now + 301 * SECOND);
    expect(learnt(host)).toEqual([]);
    settle(env);
    expectAtRest(env, host, first, second);
  });

  it('are forgotten when the better first hop falls silent', () => {
    const { env, host, second } = lan();
    expect(ping(env, host, '10.9.0.1')).toMatchObject({ outcome: 'reply' });
    second.setLink(1, false);
    env.clock.advance(env.clock.now + 60 * SECOND);
    ping(env, host, '10.9.0.1', { timeout: 20 * SECOND });
    expect(learnt(host)).toEqual([]);
  });

  it('are limited in number', () => {
    const { env, r1 } = lan();
    r1.sent.length = 0;
    for (let i = 0; i < 50; i++) {
      r1.inject(frame(datagram(udp(1, 2), { source: '10.0.0.1', destination: '10.9.0.9' }), R1, A));
    }
    expect(r1.sent.filter((bytes) => bytes[23] === 1 && bytes[34] === 5).length).toBeLessThanOrEqual(10);
    settle(env);
  });

  it.each([
    ['a sender of another subnet', { source: '10.77.0.1' }],
    ['a source route', { options: [131, 3, 4, 0] }],
  ])('are not sent for %s', (_name, fields) => {
    const env = environment();
    const device = new TestDevice(env, 'r', 2);
    const router = stack(env, 'R', [[device, '10.0.0.253', 24]], { forwarding: true, sourceRoutes: true });
    route(router, '0.0.0.0', 0, '10.0.0.1');
    const datagramOf = datagram(udp(1, 2), { source: '10.0.0.1', destination: '192.0.2.1', ...fields });
    device.inject(frame(datagramOf, R1, A));
    expect(device.sent.some((bytes) => bytes[23] === 1 && bytes[34] === 5)).toBe(false);
    settle(env);
    expectAtRest(env, router);
  });

  const quoted = datagram(udp(1, 2), { source: '10.0.0.1', destination: '192.0.2.1' });
  const gateway = (text: string): number => ip(text).w3;
  const heard = (from: string, next: string, inner = quoted, code = 1): Uint8Array =>
    frame(
      datagram(icmp(5, code, gateway(next), inner), { protocol: 1, source: from, destination: '10.0.0.1' }),
      A,
      R1,
    );

  it.each([0, 1, 2, 3])('of code %i are for one host', (code) => {
    const { host, h } = lan();
    h.inject(heard('10.0.0.253', '10.0.0.254', quoted, code));
    expect(learnt(host)).toEqual(['192.0.2.1/32 10.0.0.254']);
  });

  it.each([
    ['from somebody who is not our first hop', heard('10.0.0.66', '10.0.0.254')],
    ['to a gateway of another subnet', heard('10.0.0.253', '10.8.0.1')],
    ['to ourselves', heard('10.0.0.253', '10.0.0.1')],
    ['to a broadcast', heard('10.0.0.253', '10.0.0.255')],
    [
      'about the datagram of another host',
      heard('10.0.0.253', '10.0.0.254', datagram(udp(1, 2), { source: '10.0.0.8' })),
    ],
    ['about nothing', heard('10.0.0.253', '10.0.0.254', new Uint8Array(8))],
    [
      'about a neighbour',
      heard('10.0.0.253', '10.0.0.254', datagram(udp(1, 2), { source: '10.0.0.1', destination: '10.0.0.9' })),
    ],
    [
      'about a group',
      heard(
        '10.0.0.253',
        '10.0.0.254',
        datagram(udp(1, 2), { source: '10.0.0.1', destination: '239.0.0.9' }),
      ),
    ],
  ])('are not believed %s', (_name, message) => {
    const { env, host, h } = lan();
    h.inject(message);
    expect(learnt(host)).toEqual([]);
    expect(host.counters.drops['icmp-unmatched']).toBe(1);
    settle(env);
    expectAtRest(env, host);
  });

  it('of an unknown code, or with too short a quote, are not believed', () => {
    const { host, h } = lan();
    h.inject(heard('10.0.0.253', '10.0.0.254', quoted, 4));
    h.inject(heard('10.0.0.253', '10.0.0.254', quoted.subarray(0, 27)));
    h.inject(heard('10.0.0.253', '10.0.0.254', datagram(udp(1, 2), { source: '10.0.0.1', version: 6 })));
    expect(learnt(host)).toEqual([]);
  });

  it('are believed of every first hop that flows take, and count for the sources of its route', () => {
    const { host, h } = lan();
    route(host, '0.0.0.0', 0, '10.0.0.66');
    h.inject(heard('10.0.0.66', '10.0.0.254'));
    expect(learnt(host)).toEqual(['192.0.2.1/32 10.0.0.254']);
    host.addAddress(1, ip('10.0.0.11'), 24);
    const from = { address: ip('10.0.0.11'), length: 32 };
    const more = { destination: ip('198.51.100.0'), prefixLength: 24, interfaceIndex: 1, metric: 1 };
    host.addRoute({ ...more, gateway: ip('10.0.0.77'), origin: 'static', from });
    const about = (source: string): Uint8Array =>
      heard('10.0.0.77', '10.0.0.254', datagram(udp(1, 2), { source, destination: '198.51.100.1' }));
    h.inject(about('10.0.0.1'));
    expect(learnt(host)).toHaveLength(1);
    h.inject(about('10.0.0.11'));
    expect(
      [...host.routes()].find(({ from: f, origin }) => f !== undefined && origin === 'redirect'),
    ).toMatchObject({ destination: ip('198.51.100.1'), gateway: ip('10.0.0.254'), from });
  });

  it('are forgotten by a host that becomes a router', () => {
    const { host, h } = lan();
    h.inject(heard('10.0.0.253', '10.0.0.254'));
    host.forwarding = true;
    expect(learnt(host)).toEqual([]);
  });

  it('are nothing to a router, and 64 of them at most are kept', () => {
    const { env, host, first, h, r1 } = lan();
    for (let i = 0; i < 100; i++) {
      h.inject(
        heard(
          '10.0.0.253',
          '10.0.0.254',
          datagram(udp(1, 2), { source: '10.0.0.1', destination: `192.0.2.${i}` }),
        ),
      );
    }
    expect(learnt(host)).toHaveLength(64);
    expect(learnt(host)[0]).toBe('192.0.2.36/32 10.0.0.254');
    route(first, '0.0.0.0', 0, '10.0.0.254');
    const inner = datagram(udp(1, 2), { source: '10.0.0.253', destination: '192.0.2.1' });
    const message = icmp(5, 1, gateway('10.0.0.1'), inner);
    r1.inject(
      frame(datagram(message, { protocol: 1, source: '10.0.0.254', destination: '10.0.0.253' }), R1, A),
    );
    expect(first.counters.drops['icmp-ignored']).toBe(1);
    host.setLink(1, false);
    expect(learnt(host)).toEqual([]);
    settle(env);
  });
});

describe('a directed broadcast at a router', () => {
  function arrive(options: Partial<StackOptions>, to: string) {
    const env = environment();
    const left = new TestDevice(env, 'l', 2);
    const right = new TestDevice(env, 'r', 3);
    const router = stack(
      env,
      'R',
      [
        [left, '10.0.0.253', 24],
        [right, '10.2.0.253', 24],
      ],
      { forwarding: true, ...options },
    );
    let heard = 0;
    router.udp.bind(ip('0.0.0.0'), 9, {
      handler: { message: () => heard++, error: () => {}, closed: () => {} },
    });
    right.sent.length = 0;
    left.inject(frame(datagram(udp(1, 9, [7]), { source: '10.0.0.1', destination: to }), R1, A));
    settle(env);
    expectAtRest(env, router);
    return {
      passed: right.sent.map((bytes) => [...bytes.subarray(0, 6)]),
      heard,
      drops: router.counters.drops,
    };
  }
  const all = [255, 255, 255, 255, 255, 255];

  it('goes no further', () => {
    expect(arrive({}, '10.2.0.255')).toEqual({ passed: [], heard: 0, drops: { 'directed-broadcast': 1 } });
  });

  it('goes on to its subnet, and to the router, where the operator wants it (DIRBCAST ON)', () => {
    expect(arrive({ directedBroadcasts: true }, '10.2.0.255')).toEqual({
      passed: [all],
      heard: 1,
      drops: {},
    });
    expect(arrive({ directedBroadcasts: true }, '10.2.0.0').drops).toEqual({ 'directed-broadcast': 1 });
    expect(arrive({ directedBroadcasts: true }, '255.255.255.255')).toEqual({
      passed: [],
      heard: 1,
      drops: {},
    });
  });
});

describe('links of two and of one (RFC 3021)', () => {
  it('have no broadcast address: both addresses of a /31 are hosts', () => {
    const env = environment();
    const [left, right] = [new TestDevice(env, 'l', 1), new TestDevice(env, 'r', 2)];
    [left.peer, right.peer] = [right, left];
    const a = stack(env, 'A', [[left, '192.0.2.4', 31]]);
    const b = stack(env, 'B', [[right, '192.0.2.5', 31]]);
    expect(ping(env, a, '192.0.2.5')).toMatchObject({ outcome: 'reply' });
    expect(ping(env, b, '192.0.2.4')).toMatchObject({ outcome: 'reply' });
    expectAtRest(env, a, b);
  });

  it('a /32 reaches nobody but itself without a route', () => {
    const env = environment();
    const a = stack(env, 'A', [[new TestDevice(env, 'l', 1), '192.0.2.4', 32]]);
    expect([...a.routes()]).toEqual([]);
    expect(ping(env, a, '192.0.2.4')).toMatchObject({ outcome: 'reply' });
    expect(ping(env, a, '192.0.2.5')).toMatchObject({ failure: { code: 'ENETUNREACH' } });
  });
});
