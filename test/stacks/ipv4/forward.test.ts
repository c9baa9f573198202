import { describe, expect, it } from 'vitest';
import type { Ipv4Stack } from '../../../stacks/ipv4/stack.ts';
import type { Environment } from '../../../stacks/packet/environment.ts';
import { SECOND } from '../../../stacks/time/clock.ts';
import {
  datagram,
  environment,
  expectAtRest,
  icmp,
  ip,
  join,
  ping,
  settle,
  stack,
  sumOf,
  TestDevice,
  udp,
} from './net.ts';

interface Line {
  env: Environment;
  a: Ipv4Stack;
  router: Ipv4Stack;
  b: Ipv4Stack;
  left: TestDevice;
  right: TestDevice;
}

/** 10.1.0.1 - 10.1.0.254 router 10.2.0.254 - 10.2.0.1; the second link carries `mtu` bytes. */
function line(mtu = 1_500): Line {
  const env = environment();
  const a0 = new TestDevice(env, 'a0', 1);
  const left = new TestDevice(env, 'r1', 11);
  const right = new TestDevice(env, 'r2', 12, mtu);
  const b0 = new TestDevice(env, 'b0', 2, mtu);
  join(a0, left);
  join(right, b0);
  const a = stack(env, 'A', [[a0, '10.1.0.1', 24]]);
  const b = stack(env, 'B', [[b0, '10.2.0.1', 24]]);
  const links: [TestDevice, string, number][] = [
    [left, '10.1.0.254', 24],
    [right, '10.2.0.254', 24],
  ];
  const router = stack(env, 'R', links, { forwarding: true });
  viaDefault(a, '10.1.0.254');
  viaDefault(b, '10.2.0.254');
  settle(env);
  left.sent.length = right.sent.length = 0;
  return { env, a, router, b, left, right };
}

function viaDefault(host: Ipv4Stack, gateway: string): void {
  host.addRoute({
    destination: ip('0.0.0.0'),
    prefixLength: 0,
    gateway: ip(gateway),
    interfaceIndex: 1,
    metric: 1,
    origin: 'static',
  });
}

describe('forwarding', () => {
  it('takes a packet one hop on, with a checksum that still holds', () => {
    const { env, a, router, b, right } = line();
    expect(ping(env, a, '10.2.0.1')).toMatchObject({ outcome: 'reply', reply: { hopLimit: 63 } });
    const request = right.sent.find((one) => one[12] === 8 && one[13] === 0)!;
    expect(request[22]).toBe(63);
    expect(sumOf(request.subarray(14, 34))).toBe(0);
    expect(router.counters.forwarded).toBe(2);
    expectAtRest(env, a, router, b);
  });

  it('reports an expired time to live, as traceroute wants it', () => {
    const { env, a, router, b } = line();
    expect(ping(env, a, '10.2.0.1', { hopLimit: 1 })).toMatchObject({
      outcome: 'error',
      failure: { code: 'EHOSTUNREACH' },
      from: ip('10.1.0.254'),
    });
    expect(router.counters.drops['hop-limit']).toBe(1);
    expect(ping(env, a, '10.2.0.1', { hopLimit: 2 })).toMatchObject({ outcome: 'reply' });
    expectAtRest(env, a, router, b);
  });

  it('reports a missing route and a silent neighbour', () => {
    const { env, a, router, b } = line();
    expect(ping(env, a, '192.0.2.1')).toMatchObject({
      failure: { code: 'ENETUNREACH' },
      from: ip('10.1.0.254'),
    });
    expect(ping(env, a, '10.2.0.99')).toMatchObject({
      failure: { code: 'EHOSTUNREACH' },
      from: ip('10.1.0.254'),
    });
    expect(router.counters.drops).toMatchObject({ 'no-route': 1, 'neighbour-unresolved': 1 });
    expectAtRest(env, a, router, b);
  });

  it('fragments for a narrow link, or names its MTU when it may not', () => {
    const { env, a, router, b, right } = line(600);
    expect(ping(env, a, '10.2.0.1', { size: 1_400 })).toMatchObject({ reply: { bytes: 1_400 } });
    expect(Math.max(...right.sent.map((one) => one.length))).toBe(14 + 596);
    expect(ping(env, a, '10.2.0.1', { size: 1_400, dontFragment: true })).toMatchObject({
      failure: { code: 'EMSGSIZE' },
      from: ip('10.1.0.254'),
    });
    expect(a.pathMtu(ip('10.2.0.1'))).toBe(600);
    expect(router.counters.drops['too-big']).toBe(1);
    expect(ping(env, a, '10.2.0.1', { size: 572, dontFragment: true })).toMatchObject({ outcome: 'reply' });
    expectAtRest(env, a, router, b);
  });

  it('follows its routes as links go down and up', () => {
    const { env, a, router, b } = line();
    router.setLink(2, false);
    expect(ping(env, a, '10.2.0.1')).toMatchObject({ failure: { code: 'ENETUNREACH' } });
    router.setLink(2, true);
    expect(ping(env, a, '10.2.0.1')).toMatchObject({ outcome: 'reply' });
    router.forwarding = false;
    expect(ping(env, a, '10.2.0.1', { timeout: SECOND })).toEqual({ outcome: 'timeout' });
    expect(router.counters.drops['forwarding-off']).toBe(1);
    expectAtRest(env, a, router, b);
  });

  const to = [2, 0, 0, 0, 0, 11];
  const from = [2, 0, 0, 0, 0, 1];
  const framed = (mac: number[], bytes: Uint8Array): Uint8Array =>
    Uint8Array.of(...mac, ...from, 8, 0, ...bytes);
  const source = '10.1.0.1';
  it.each([
    ['a directed broadcast', to, { source, destination: '10.2.0.255' }, 'directed-broadcast'],
    [
      'a packet in a broadcast frame',
      [255, 255, 255, 255, 255, 255],
      { source, destination: '10.2.0.1' },
      'not-for-me',
    ],
    ['a link-local destination', to, { source, destination: '169.254.1.1' }, 'beyond-scope'],
    ['a link-local source', to, { source: '169.254.1.1', destination: '10.2.0.1' }, 'beyond-scope'],
    ['a group', to, { source, destination: '239.0.0.1' }, 'not-for-me'],
    ['its own address as the source', to, { source: '10.2.0.254', destination: '10.2.0.1' }, 'bad-source'],
  ] as const)('%s stays here, silently', (_name, mac, fields, reason) => {
    const { env, router, left, right } = line();
    const before = router.counters.drops[reason] ?? 0;
    left.inject(framed([...mac], datagram(udp(1, 2), fields)));
    expect(router.counters.drops[reason]).toBe(before + 1);
    expect([...left.sent, ...right.sent]).toEqual([]);
    settle(env);
    expectAtRest(env, router);
  });

  it('says nothing about ICMP errors, fragments, and broken senders', () => {
    const { env, router, left } = line();
    const dead = { destination: '192.0.2.1', source };
    const inner = datagram(udp(1, 2), { source: '192.0.2.1', destination: source });
    left.inject(framed(to, datagram(icmp(3, 1, 0, inner), { ...dead, protocol: 1 })));
    left.inject(framed(to, datagram([], { ...dead, protocol: 1 })));
    left.inject(framed(to, datagram(new Uint8Array(8), { ...dead, fragment: 5 })));
    expect(router.counters.drops['no-route']).toBe(3);
    expect(left.sent).toEqual([]);
    settle(env);
    expectAtRest(env, router);
  });
});
