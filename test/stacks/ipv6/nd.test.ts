import { describe, expect, it } from 'vitest';
import { MAX_NEIGHBOURS } from '../../../stacks/forward/neighbour-table.ts';
import { MAX_RESOLVING } from '../../../stacks/forward/neighbours.ts';
import type { Ipv6Stack } from '../../../stacks/ipv6/stack.ts';
import { SECOND } from '../../../stacks/time/clock.ts';
import {
  address,
  bytes,
  dropsOf,
  expectAtRest,
  frame,
  icmpPacket,
  ip,
  type Net,
  pair,
  ping,
  STRANGER,
  seen,
  settle,
} from './net.ts';
import { narrow } from './router.ts';

const A = '2001:db8::1';
const B = '2001:db8::2';
const link = (type: number, mac: Uint8Array = STRANGER): Uint8Array => bytes([type, 1], mac);
const neighbour = (stack: Ipv6Stack, text: string) =>
  [...stack.neighbours()].find((entry) => entry.address.equals(ip(text)));

describe('options that a message has no use for (RFC 4861 §7.1.1, §7.1.2)', () => {
  it('are ignored, and the message is processed as normal', () => {
    const { env, a, b, portA } = pair();
    const group = new Uint8Array([1, 0, 0, 0, 0, 1]);
    const fields = { source: 'fe80::99', destination: A, hopLimit: 255 };
    const before = portA.sent.length;
    portA.inject(
      frame(icmpPacket(135, 0, 0, bytes(address(A), link(1), link(2, group)), fields), portA.mac!),
    );
    expect(seen(portA, before)).toMatchObject([{ type: 136 }]);
    const said = bytes(address('fe80::99'), link(1, group), link(2, new Uint8Array([2, 0, 0, 0, 0, 0x98])));
    portA.inject(frame(icmpPacket(136, 0, 0x2000_0000, said, fields), portA.mac!));
    expect([...a.neighbours()].find((entry) => entry.address.w3 === 0x99)?.mac?.[5]).toBe(0x98);
    settle(env);
    expectAtRest(env, a, b);
  });
});

describe('neighbour messages that break a rule (RFC 4861 §6.1, §7.1, §8.1)', () => {
  const ns = bytes(address(A), link(1));
  const prefix = new Uint8Array(32);
  it.each([
    ['solicitation with hop limit 254', 135, 0, ns, { hopLimit: 254 }],
    ['solicitation with a code', 135, 1, ns, {}],
    ['solicitation that is short', 135, 0, ns.subarray(0, 15), {}],
    ['solicitation for a group', 135, 0, address('ff02::1'), {}],
    ['solicitation with an empty option', 135, 0, bytes(address(A), [1, 0, 0, 0, 0, 0, 0, 0]), {}],
    ['solicitation with an option past its end', 135, 0, bytes(address(A), [1, 2, 0, 0, 0, 0, 0, 0]), {}],
    ['solicitation with half an option', 135, 0, bytes(address(A), [1]), {}],
    ['solicitation from :: to a host', 135, 0, address(A), { source: '::' }],
    ['solicitation from :: with an address', 135, 0, ns, { source: '::', destination: 'ff02::1:ff00:1' }],
    [
      'solicitation that names a group MAC',
      135,
      0,
      bytes(address(A), link(1, new Uint8Array([1, 0, 0, 0, 0, 1]))),
      {},
    ],
    ['solicitation that names no MAC', 135, 0, bytes(address(A), link(1, new Uint8Array(6))), {}],
    ['advertisement with hop limit 1', 136, 0, address(B), { hopLimit: 1 }],
    ['advertisement with a code', 136, 3, address(B), {}],
    ['advertisement that is short', 136, 0, [], {}],
    ['advertisement of a group', 136, 0, address('ff02::1'), {}],
    ['solicited advertisement to a group', 136, 0, address(B), { destination: 'ff02::1', word: 0x40000000 }],
    [
      'router solicitation from :: with an address',
      133,
      0,
      link(1),
      { source: '::', destination: 'ff02::1' },
    ],
    ['router advertisement from no router', 134, 0, new Uint8Array(8), { source: B }],
    ['router advertisement that is short', 134, 0, new Uint8Array(7), { source: 'fe80::9' }],
    [
      'router advertisement with an empty option',
      134,
      0,
      bytes(new Uint8Array(8), prefix),
      { source: 'fe80::9' },
    ],
    ['redirect from no router', 137, 0, bytes(address(B), address(B)), {}],
    ['redirect of a group', 137, 0, bytes(address(B), address('ff02::5')), { source: 'fe80::9' }],
    ['redirect to a stranger', 137, 0, bytes(address('2001:db8::7'), address(B)), { source: 'fe80::9' }],
    ['redirect that is short', 137, 0, address(B), { source: 'fe80::9' }],
  ] as [
    string,
    number,
    number,
    Uint8Array,
    { source?: string; destination?: string; hopLimit?: number; word?: number },
  ][])('%s', (_, type, code, body, fields) => {
    const { env, a, b, portA } = pair();
    const drops = dropsOf(a);
    const entries = [...a.neighbours()].length;
    const sent = portA.sent.length;
    const packet = icmpPacket(type, code, fields.word ?? 0, body, {
      source: B,
      destination: A,
      hopLimit: 255,
      ...fields,
    });
    portA.inject(frame(packet, portA.mac!));
    settle(env);
    expect(drops()).toEqual({ 'bad-neighbour-message': 1 });
    expect(portA.sent.length).toBe(sent);
    expect([...a.neighbours()].length).toBe(entries);
    expectAtRest(env, a, b);
  });
});

describe('neighbours', () => {
  it('are resolved once, then reachable; probed by unicast when stale', () => {
    const { env, a, b, portA, portB } = pair();
    const from = portA.sent.length;
    ping(env, a, B);
    const [question, ...rest] = seen(portA, from);
    expect(question).toMatchObject({ type: 135, source: A, destination: 'ff02::1:ff00:2', hopLimit: 255 });
    expect(question!.body).toEqual(bytes(address(B), [1, 1], portA.mac!));
    expect([...portA.sent[from]!.subarray(0, 6)]).toEqual([0x33, 0x33, 0xff, 0, 0, 2]);
    expect(rest.map(({ type }) => type)).toEqual([128]);
    const answer = seen(portB).find(({ type }) => type === 136)!;
    // Solicited and override, no router.
    expect(answer).toMatchObject({ word: 0x60000000, source: B, destination: A, hopLimit: 255 });
    expect(answer.body).toEqual(bytes(address(B), [2, 1], portB.mac!));
    expect(neighbour(a, B)).toMatchObject({ state: 'reachable', isRouter: false });
    expect(neighbour(b, A)).toMatchObject({ state: 'delay' });
    // Half a minute and a half later it is stale; the next packet starts the delay, then the probe.
    env.clock.advance(env.clock.now + 46 * SECOND);
    expect(neighbour(a, B)!.state).toBe('stale');
    const before = portA.sent.length;
    ping(env, a, B);
    env.clock.advance(env.clock.now + 6 * SECOND);
    const probe = seen(portA, before).find(({ type }) => type === 135)!;
    expect(probe).toMatchObject({ destination: B });
    expect([...portA.sent.at(-1)!.subarray(0, 6)]).toEqual([...portB.mac!]);
    expect(neighbour(a, B)!.state).toBe('reachable');
    expectAtRest(env, a, b);
  });

  it('that go away are noticed, and found again under another MAC', () => {
    const { env, a, b } = pair();
    ping(env, a, B);
    b.setLink(1, false);
    env.clock.advance(env.clock.now + 60 * SECOND);
    expect(ping(env, a, B, { timeout: SECOND })).toEqual({ outcome: 'timeout' });
    env.clock.advance(env.clock.now + 10 * SECOND);
    expect(neighbour(a, B)).toBeUndefined();
    expect(ping(env, a, B)).toMatchObject({ outcome: 'error' });
    b.setLink(1, true);
    env.clock.advance(env.clock.now + 2 * SECOND);
    expect(ping(env, a, B)).toMatchObject({ outcome: 'reply' });
    expectAtRest(env, a, b);
  });

  it('nobody asked about make no entry', () => {
    const { env, a, portA } = pair();
    const drops = dropsOf(a);
    for (const flags of [0, 0x40000000, 0x60000000]) {
      const said = icmpPacket(136, 0, flags, bytes(address('2001:db8::66'), link(2)), {
        source: '2001:db8::66',
        destination: A,
        hopLimit: 255,
      });
      portA.inject(frame(said, portA.mac!));
    }
    expect(drops()).toEqual({ 'neighbour-unsolicited': 3 });
    expect([...a.neighbours()]).toEqual([]);
    expectAtRest(env, a);
  });

  it('stay bounded when a subnet is scanned, from outside or from here', () => {
    const { env, left, router, right, leftPort, nearPort } = narrow();
    leftPort.pass = () => false;
    for (let i = 0; i < 3_000; i++) {
      const target = `2001:db8:2::${(i + 16).toString(16)}:1`;
      const echo = icmpPacket(128, 0, i, [], { source: '2001:db8:1::2', destination: target });
      nearPort.inject(frame(echo, nearPort.mac!));
    }
    const resolving = [...router.neighbours()].filter(({ state }) => state === 'incomplete').length;
    expect(resolving).toBeLessThanOrEqual(MAX_RESOLVING);
    expect([...router.neighbours()].length).toBeLessThanOrEqual(MAX_NEIGHBOURS);
    expect(router.counters.drops['neighbour-queue']).toBeGreaterThan(2_000);
    leftPort.pass = () => true;
    settle(env);
    expect(ping(env, left, '2001:db8:2::2')).toMatchObject({ outcome: 'reply' });
    expectAtRest(env, left, router, right);
  });

  it('are asked for at a bounded rate by a router whose subnet is scanned (RFC 6583), known ones all the same', () => {
    const { env, left, router, right, nearPort, farPort } = narrow();
    ping(env, left, '2001:db8:2::2');
    const before = farPort.sent.length;
    const start = env.clock.now;
    for (let i = 0; i < 20_000; i++) {
      const target = `2001:db8:2::${(i + 16).toString(16)}:1`;
      const echo = icmpPacket(128, 0, i, [], { source: '2001:db8:9::1', destination: target });
      nearPort.inject(frame(echo, nearPort.mac!));
      if (i % 10 === 0) env.clock.advance(env.clock.now + SECOND / 1_000);
    }
    const seconds = (env.clock.now - start) / SECOND;
    const asked = seen(farPort, before).filter(({ type }) => type === 135).length;
    expect(asked).toBeLessThanOrEqual(MAX_RESOLVING + 1_000 * seconds + 1);
    expect(asked).toBeGreaterThan(1_000);
    const through = farPort.sent.length;
    const known = icmpPacket(128, 0, 1, [], { source: '2001:db8:1::2', destination: '2001:db8:2::2' });
    nearPort.inject(frame(known, nearPort.mac!));
    expect(seen(farPort, through).some(({ destination }) => destination === '2001:db8:2::2')).toBe(true);
    settle(env);
    expectAtRest(env, left, router, right);
  });

  it('are asked for from the address of the packet that waits (RFC 4861 §7.2.2)', () => {
    const { env, a, b, portA } = pair();
    a.addAddress(1, ip('2001:db8::77'), 64);
    settle(env);
    const from = portA.sent.length;
    ping(env, a, B, { source: ip('2001:db8::77') });
    expect(seen(portA, from)[0]).toMatchObject({ type: 135, source: '2001:db8::77' });
    expectAtRest(env, a, b);
  });

  it('learnt from a flood of solicitations stay bounded', () => {
    const { env, a, b, portA } = pair();
    portA.pass = (sent) => sent[54] !== 136;
    for (let i = 0; i < 9_000; i++) {
      const source = `2001:db8::${(i + 16).toString(16)}:1`;
      const packet = icmpPacket(135, 0, 0, bytes(address(A), link(1)), {
        source,
        destination: A,
        hopLimit: 255,
      });
      portA.inject(frame(packet, portA.mac!));
    }
    expect([...a.neighbours()].length).toBeLessThanOrEqual(MAX_NEIGHBOURS);
    portA.pass = () => true;
    expect(ping(env, a, B)).toMatchObject({ outcome: 'reply' });
    expectAtRest(env, a, b);
  });

  it('on other networks and Ethernet types are not listened to', () => {
    const { env, a, portA } = pair();
    const drops = dropsOf(a);
    const echo = icmpPacket(128, 0, 1, [], { source: B, destination: A });
    portA.inject(frame(echo, STRANGER, STRANGER));
    portA.inject(frame(echo, portA.mac!).subarray(0, 13));
    const arp = frame(echo, portA.mac!);
    arp.set([8, 6], 12);
    portA.inject(arp);
    expect(drops()).toEqual({ 'not-for-me': 1, runt: 1, 'unknown-ethertype': 1 });
    expectAtRest(env, a);
  });
});

describe('redirects (RFC 4861 §8)', () => {
  const TARGET = '2001:db8:2::5';
  const setUp = (): Net & { redirect: (source: string, target: string, mac?: Uint8Array) => void } => {
    const net = pair();
    const via = { prefixLength: 0, interfaceIndex: 1, metric: 1, origin: 'static' } as const;
    net.a.addRoute({ ...via, destination: ip('::'), gateway: ip('fe80::ff:fe00:2') });
    const redirect = (source: string, target: string): void => {
      const body = bytes(address(target), address(TARGET), link(2, net.portB.mac!));
      const packet = icmpPacket(137, 0, 0, body, { source, destination: A, hopLimit: 255 });
      net.portA.inject(frame(packet, net.portA.mac!));
    };
    return { ...net, redirect };
  };
  const route = (a: Ipv6Stack): string | undefined => {
    const [best] = a.candidates(ip(TARGET));
    return best === undefined ? undefined : `${a.describe(best.gateway)} ${best.prefixLength}`;
  };

  it('from the router in use lead to a better first hop', () => {
    const { env, a, b, redirect } = setUp();
    redirect('fe80::ff:fe00:2', 'fe80::77');
    expect(route(a)).toBe('fe80::77%LINKA 128');
    // And on from there to the destination itself, by the hop that is in use now.
    redirect('fe80::77', TARGET);
    expect(route(a)).toBe(':: 128');
    expectAtRest(env, a, b);
  });

  it('from anybody else change nothing', () => {
    const { env, a, b, redirect } = setUp();
    const drops = dropsOf(a);
    redirect('fe80::66', 'fe80::77');
    expect(drops()).toEqual({ 'icmp-unmatched': 1 });
    expect(route(a)).toBe('fe80::ff:fe00:2%LINKA 0');
    expectAtRest(env, a, b);
  });

  it('are forgotten when the better hop does not answer', () => {
    const { env, a, b, redirect } = setUp();
    redirect('fe80::ff:fe00:2', TARGET);
    expect(route(a)).toBe(':: 128');
    // B has the MAC that was named, but not the address, so the probes go unanswered.
    ping(env, a, TARGET, { timeout: SECOND });
    env.clock.advance(env.clock.now + 20 * SECOND);
    expect(route(a)).toBe('fe80::ff:fe00:2%LINKA 0');
    expectAtRest(env, a, b);
  });

  it('are bounded', () => {
    const { env, a, portA } = setUp();
    for (let i = 0; i < 200; i++) {
      const body = bytes(address('fe80::77'), address(`2001:db8:2::${(i + 1).toString(16)}`));
      const packet = icmpPacket(137, 0, 0, body, {
        source: 'fe80::ff:fe00:2',
        destination: A,
        hopLimit: 255,
      });
      portA.inject(frame(packet, portA.mac!));
    }
    expect([...a.routes()].filter(({ prefixLength }) => prefixLength === 128)).toHaveLength(64);
    a.setLink(1, false);
    expect([...a.routes()].filter(({ prefixLength }) => prefixLength === 128)).toEqual([]);
    expectAtRest(env, a);
  });
});
