/** Options of the IPv4 header at a host and at a router: RFC 791 §3.1, RFC 1122 §3.2.1.8, RFC 1812 §5.3.13. */
import { describe, expect, it } from 'vitest';
import type { Ipv4Stack } from '../../../stacks/ipv4/stack.ts';
import type { Environment } from '../../../stacks/packet/environment.ts';
import type { StackOptions } from '../../../stacks/stack.ts';
import {
  datagram,
  environment,
  expectAtRest,
  type Fields,
  icmp,
  ip,
  settle,
  stack,
  sumOf,
  TestDevice,
} from './net.ts';

interface Net {
  env: Environment;
  router: Ipv4Stack;
  left: TestDevice;
  right: TestDevice;
}

/** 10.0.0.254 | router | 10.2.0.254, bare links, with nobody on the other sides. */
function router(options: Partial<StackOptions> = {}): Net {
  const env = environment();
  const left = new TestDevice(env, 'r1', undefined);
  const right = new TestDevice(env, 'r2', undefined);
  const made = stack(
    env,
    'R',
    [
      [left, '10.0.0.254', 24],
      [right, '10.2.0.254', 24],
    ],
    { forwarding: true, ...options },
  );
  env.clock.advance(1_234_567);
  return { env, router: made, left, right };
}

const ECHO = icmp(8, 0, 0x10001, [1, 2, 3, 4]);

/** An echo request from 10.0.0.1 with these options. */
function request(options: number[], fields: Fields = {}): Uint8Array {
  return datagram(ECHO, { protocol: 1, destination: '10.2.0.9', options, ...fields });
}

/** Options of a sent datagram, whose header is intact. */
function optionsOf(bytes: Uint8Array): number[] {
  const header = (bytes[0]! & 15) * 4;
  expect(sumOf(bytes.subarray(0, header))).toBe(0);
  return [...bytes.subarray(20, header)];
}

const dotted = (text: string): number[] => text.split('.').map(Number);
/** 1,234 ms since the start, marked as no universal time. */
const NOW = [0x80, 0, 4, 210];

describe('a router', () => {
  it('enters the interface a datagram leaves by into a recorded route', () => {
    const { env, router: r, left, right } = router();
    left.inject(request([1, 7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0]));
    left.inject(request([7, 7, 8, 9, 9, 9, 9, 0]));
    expect(right.sent.map(optionsOf)).toEqual([
      [1, 7, 11, 8, ...dotted('10.2.0.254'), 0, 0, 0, 0],
      [7, 7, 8, 9, 9, 9, 9, 0],
    ]);
    expectAtRest(env, r);
  });

  it.each([
    ['times only', [68, 12, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0], [68, 12, 9, 0, ...NOW, 0, 0, 0, 0]],
    ['a list that is full', [68, 8, 9, 0x10, 1, 1, 1, 1], [68, 8, 9, 0x20, 1, 1, 1, 1]],
    ['addresses and times', [68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0], [68, 12, 13, 1, 10, 2, 0, 254, ...NOW]],
    ['our address asked', [68, 12, 5, 3, 10, 0, 0, 254, 0, 0, 0, 0], [68, 12, 13, 3, 10, 0, 0, 254, ...NOW]],
    ['another asked', [68, 12, 5, 3, 10, 0, 0, 7, 0, 0, 0, 0], [68, 12, 5, 3, 10, 0, 0, 7, 0, 0, 0, 0]],
  ])('keeps timestamps: %s', (_name, options, left) => {
    const net = router();
    net.left.inject(request(options));
    expect(net.right.sent.map(optionsOf)).toEqual([left]);
    expectAtRest(net.env, net.router);
  });

  it.each([
    ['a pointer below the addresses', [7, 7, 3, 0, 0, 0, 0, 0], 22],
    ['room for half an address', [7, 7, 6, 0, 0, 0, 0, 0], 22],
    ['a second recorded route', [7, 7, 4, 0, 0, 0, 0, 7, 7, 4, 0, 0, 0, 0, 0, 0], 27],
    ['a timestamp pointer below its data', [68, 8, 4, 0, 0, 0, 0, 0], 22],
    ['room for half a timestamp', [68, 8, 7, 0, 0, 0, 0, 0], 22],
    ['an overflow count that overflows', [68, 4, 5, 0xf0], 23],
    ['an unknown timestamp flag', [68, 8, 5, 2, 0, 0, 0, 0], 23],
    ['a timestamp without its octets', [1, 68, 3, 5], 22],
    ['an option without length', [1, 1, 1, 7], 23],
  ])('names the octet: %s', (_name, options, pointer) => {
    const { env, router: r, left, right } = router();
    left.inject(request(options));
    const error = left.sent[0]!;
    expect([...error.subarray(20, 22), error[24], right.sent.length]).toEqual([12, 0, pointer, 0]);
    expect(r.counters.drops).toEqual({ 'bad-option': 1 });
    settle(env);
    expectAtRest(env, r);
  });

  it('copies into fragments what is to be copied', () => {
    const { env, router: r, left, right } = router();
    const narrow = new TestDevice(env, 'r3', undefined, 576);
    r.addInterface('r3', narrow, { address: ip('10.3.0.254'), prefixLength: 24, mtu: 576 });
    const options = [148, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 0];
    left.inject(datagram(new Uint8Array(800), { destination: '10.3.0.9', options }));
    expect(narrow.sent.map(optionsOf)).toEqual([
      [148, 4, 0, 0, 7, 7, 8, ...dotted('10.3.0.254'), 0],
      [148, 4, 0, 0],
    ]);
    expect(right.sent).toEqual([]);
    expectAtRest(env, r);
  });
});

describe('an echo reply', () => {
  const own = { destination: '10.0.0.254' };

  it('carries the route of both ways and the timestamps (RFC 1122 §3.2.2.6)', () => {
    const { env, router: r, left } = router();
    const route = [7, 15, 8, ...dotted('10.9.9.9'), ...new Array(8).fill(0)];
    left.inject(request([...route, 68, 8, 5, 0, 0, 0, 0, 0, 0], own));
    expect([left.sent.length, left.sent[0]![32 + 12]]).toEqual([1, 0]);
    expect(optionsOf(left.sent[0]!)).toEqual([
      ...[7, 15, 12, ...dotted('10.9.9.9'), ...dotted('10.0.0.254'), 0, 0, 0, 0],
      ...[68, 8, 9, 0, ...NOW, 0],
    ]);
    expect(left.sent[0]!.subarray(-4)).toEqual(Uint8Array.of(1, 2, 3, 4));
    expectAtRest(env, r);
  });

  it('has no options that ask for nothing', () => {
    const { left } = router();
    left.inject(request([148, 4, 0, 0, 99, 4, 1, 2], own));
    expect(optionsOf(left.sent[0]!)).toEqual([]);
  });

  it('goes back along a source route, where source routes are allowed', () => {
    const { env, router: r, left } = router({ sourceRoutes: true });
    // It came by 10.7.0.1, then 10.8.0.1, and is at its end.
    const route = [131, 11, 12, ...dotted('10.7.0.1'), ...dotted('10.8.0.1'), 0];
    r.addRoute({
      destination: ip('10.8.0.0'),
      prefixLength: 16,
      gateway: ip('10.0.0.9'),
      interfaceIndex: 1,
      metric: 0,
      origin: 'static',
    });
    left.inject(request(route, own));
    const reply = left.sent[0]!;
    expect([...reply.subarray(12, 20)]).toEqual([...dotted('10.0.0.254'), ...dotted('10.8.0.1')]);
    expect(optionsOf(reply)).toEqual([131, 11, 4, ...dotted('10.7.0.1'), ...dotted('10.0.0.1'), 0]);
    expectAtRest(env, r);
  });
});

describe('a source route', () => {
  const via = (type: number, next: string): number[] => [type, 7, 4, ...dotted(next), 0];
  const own = { destination: '10.0.0.254' };

  it.each([131, 137])('%i is dropped unless the operator wants it (RFC 7126)', (type) => {
    const { env, router: r, left, right } = router();
    left.inject(request(via(type, '10.2.0.9'), own));
    left.inject(request(via(type, '10.2.0.9')));
    expect(r.counters.drops).toEqual({ 'source-routed': 2 });
    expect([...left.sent, ...right.sent]).toEqual([]);
    expectAtRest(env, r);
  });

  it.each([131, 137])('%i leads on from here, and records where it left', (type) => {
    const { env, router: r, left, right } = router({ sourceRoutes: true });
    left.inject(request(via(type, '10.2.0.9'), { ...own, ttl: 9 }));
    const passed = right.sent[0]!;
    expect([passed[8], ...passed.subarray(16, 20)]).toEqual([8, ...dotted('10.2.0.9')]);
    expect(optionsOf(passed)).toEqual([type, 7, 8, ...dotted('10.2.0.254'), 0]);
    expectAtRest(env, r);
  });

  it.each([
    ['a strict one to a station behind a gateway', 137, '10.5.0.1'],
    ['one to nowhere', 131, '192.0.2.1'],
    ['one to a group', 131, '224.0.0.9'],
    ['one to ourselves', 131, '10.0.0.254'],
    ['one to a broadcast', 131, '10.2.0.255'],
  ])('%s cannot be followed', (_name, type, next) => {
    const { env, router: r, left, right } = router({ sourceRoutes: true });
    const gateway = ip('10.2.0.9');
    r.addRoute({
      destination: ip('10.5.0.0'),
      prefixLength: 16,
      gateway,
      interfaceIndex: 2,
      metric: 0,
      origin: 'static',
    });
    left.inject(request(via(type, next), own));
    expect([...left.sent[0]!.subarray(20, 22), right.sent.length]).toEqual([3, 5, 0]);
    expect(r.counters.drops).toEqual({ 'source-route-failed': 1 });
    expectAtRest(env, r);
  });

  it('that is strict does not go by a gateway on its way elsewhere either', () => {
    const { env, router: r, left, right } = router({ sourceRoutes: true });
    const gateway = ip('10.2.0.9');
    r.addRoute({
      destination: ip('10.5.0.0'),
      prefixLength: 16,
      gateway,
      interfaceIndex: 2,
      metric: 0,
      origin: 'static',
    });
    left.inject(request(via(137, '10.6.0.1'), { destination: '10.5.0.1' }));
    expect([...left.sent[0]!.subarray(20, 22), right.sent.length]).toEqual([3, 5, 0]);
    left.inject(request(via(131, '10.6.0.1'), { destination: '10.5.0.1' }));
    expect(right.sent).toHaveLength(1);
    settle(env);
    expectAtRest(env, r);
  });

  it('ends at a host that does not forward', () => {
    const { env, router: r, left, right } = router({ sourceRoutes: true, forwarding: false });
    left.inject(request(via(131, '10.2.0.9'), own));
    expect([...left.sent, ...right.sent]).toEqual([]);
    expect(r.counters.drops).toEqual({ 'forwarding-off': 1 });
    expectAtRest(env, r);
  });
});
