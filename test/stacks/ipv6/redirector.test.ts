import { describe, expect, it } from 'vitest';
import { MAX_ANYCAST_ANSWERS } from '../../../stacks/ipv6/nd.ts';
import { Ipv6Stack } from '../../../stacks/ipv6/stack.ts';
import { SECOND } from '../../../stacks/time/clock.ts';
import {
  address,
  bytes,
  dropsOf,
  environment,
  expectAtRest,
  frame,
  Hub,
  icmpPacket,
  ip,
  ping,
  STRANGER,
  seen,
  settle,
  text,
  udpPacket,
} from './net.ts';

/** A host whose only router is `router`; behind `better`, on the same link, is a network of its own. */
function link() {
  const env = environment();
  const hub = new Hub(env, 'ethernet');
  const far = new Hub(env, 'ethernet');
  const hostPort = hub.port('host');
  const routerPort = hub.port('router');
  const host = new Ipv6Stack(env, { id: 1, name: 'HOST' });
  const router = new Ipv6Stack(env, { id: 2, name: 'ROUTER', forwarding: true });
  const better = new Ipv6Stack(env, { id: 3, name: 'BETTER', forwarding: true });
  const on = { prefixLength: 64, mtu: 1_500 };
  host.addInterface('L', hostPort, { mtu: 1_500, address: ip('2001:db8:1::10'), prefixLength: 128 });
  router.addInterface('L', routerPort, { ...on, address: ip('2001:db8:1::1') });
  better.addInterface('L', hub.port('better'), { ...on, address: ip('2001:db8:1::2') });
  better.addInterface('F', far.port('better'), { ...on, address: ip('2001:db8:2::1') });
  const via = { interfaceIndex: 1, metric: 1, origin: 'static' } as const;
  const toRouter = router.interfaces()[0]!.addresses[0]!.address;
  const toBetter = better.interfaces()[0]!.addresses[0]!.address;
  host.addRoute({ ...via, destination: ip('::'), prefixLength: 0, gateway: toRouter });
  router.addRoute({ ...via, destination: ip('2001:db8:2::'), prefixLength: 64, gateway: toBetter });
  for (const stack of [host, router, better]) stack.start();
  settle(env);
  return { env, host, router, better, hostPort, routerPort };
}

describe('redirects that a router sends (RFC 4861 §8.2)', () => {
  it('show a better router by its link-local address, and the host goes there', () => {
    const { env, host, router, better, routerPort } = link();
    expect(ping(env, host, '2001:db8:2::1')).toMatchObject({ outcome: 'reply' });
    const [redirect, ...rest] = seen(routerPort).filter(({ type }) => type === 137);
    expect(rest).toEqual([]);
    expect(redirect).toMatchObject({
      source: 'fe80::ff:fe00:2',
      destination: '2001:db8:1::10',
      hopLimit: 255,
    });
    expect(text(redirect!.body, 0)).toBe('fe80::ff:fe00:3');
    expect(text(redirect!.body, 16)).toBe('2001:db8:2::1');
    // The packet itself behind it, as it came.
    const quoted = redirect!.body.subarray(40);
    expect([redirect!.body[32], quoted[0], text(quoted, 8), quoted[7]]).toEqual([
      4,
      0x60,
      '2001:db8:1::10',
      64,
    ]);
    expect(host.candidates(ip('2001:db8:2::1'))[0]).toMatchObject({ prefixLength: 128 });
    const before = router.counters.forwarded;
    expect(ping(env, host, '2001:db8:2::1')).toMatchObject({ outcome: 'reply' });
    expect(router.counters.forwarded).toBe(before);
    expectAtRest(env, host, router, better);
  });

  it('show that the destination is on the link, with its address there when that is known', () => {
    const { env, host, router, better, routerPort } = link();
    ping(env, router, '2001:db8:1::2');
    expect(ping(env, host, '2001:db8:1::2')).toMatchObject({ outcome: 'reply' });
    const [redirect] = seen(routerPort).filter(({ type }) => type === 137);
    expect(redirect!.body.subarray(0, 40)).toEqual(
      bytes(address('2001:db8:1::2'), address('2001:db8:1::2'), [2, 1, 2, 0, 0, 0, 0, 3]),
    );
    expectAtRest(env, host, router, better);
  });

  it('are rare, fit 1,280 bytes, and go to neighbours only', () => {
    const { env, host, router, better, routerPort } = link();
    const send = (source: string, size: number): void => {
      const packet = udpPacket(new Uint8Array(size), [1, 2], { source, destination: '2001:db8:2::1' });
      routerPort.inject(frame(packet, routerPort.mac!));
    };
    const redirects = () => seen(routerPort).filter(({ type }) => type === 137);
    send('2001:db8:9::1', 8); // behind another router
    settle(env);
    expect(redirects()).toEqual([]);
    for (let i = 0; i < 200; i++) send('2001:db8:1::10', 1_400);
    settle(env);
    expect(redirects().length).toBe(50);
    for (const { packet } of redirects()) expect(packet.length).toBeLessThanOrEqual(1_280);
    env.clock.advance(env.clock.now + SECOND);
    for (let i = 0; i < 200; i++) send('2001:db8:1::10', 8);
    settle(env);
    expect(redirects().length).toBeGreaterThanOrEqual(60);
    expect(redirects().length).toBeLessThanOrEqual(90);
    expect(router.counters.forwarded).toBe(401);
    expectAtRest(env, host, router, better);
  });
});

describe('the subnet-router anycast address (RFC 4291 §2.6.1)', () => {
  it('is resolved without override and answered from an address of its own', () => {
    const { env, host, router, better, routerPort, hostPort } = link();
    host.addRoute({
      destination: ip('2001:db8:1::'),
      prefixLength: 64,
      gateway: ip('::'),
      interfaceIndex: 1,
      metric: 0,
      origin: 'static',
    });
    const before = hostPort.sent.length;
    host.echo(ip('2001:db8:1::'), { size: 8, timeout: SECOND }, () => {});
    settle(env);
    expect(seen(hostPort, before)[0]).toMatchObject({ type: 135, destination: 'ff02::1:ff00:0' });
    const answer = seen(routerPort).find(
      ({ type, destination }) => type === 136 && destination === '2001:db8:1::10',
    );
    expect(answer).toMatchObject({ word: 0xc000_0000, source: '2001:db8:1::1' });
    expect(seen(routerPort).find(({ type }) => type === 129)).toMatchObject({ source: '2001:db8:1::1' });
    expectAtRest(env, host, router, better);
  });

  it('has so many answers in waiting and no more, whoever asks', () => {
    const { env, router, better, host, routerPort } = link();
    const drops = dropsOf(router);
    const before = routerPort.sent.length;
    for (let i = 0; i < 500; i++) {
      const source = `2001:db8:1::${(i + 0x100).toString(16)}`;
      const asked = bytes(address('2001:db8:1::'), [1, 1], STRANGER);
      const fields = { source, destination: 'ff02::1:ff00:0', hopLimit: 255 };
      routerPort.inject(frame(icmpPacket(135, 0, 0, asked, fields), routerPort.mac!));
    }
    expect(drops()).toEqual({ 'no-buffer': 500 - MAX_ANYCAST_ANSWERS });
    settle(env);
    expect(seen(routerPort, before).filter(({ type }) => type === 136)).toHaveLength(MAX_ANYCAST_ANSWERS);
    expectAtRest(env, router, better, host);
  });

  it('takes no connection, and is nobody on a host', () => {
    const { env, router, better, host, routerPort } = link();
    const drops = dropsOf(router);
    const to = { source: '2001:db8:1::10', destination: '2001:db8:1::' };
    const syn = udpPacket(new Uint8Array(12), [1, 2], to);
    syn[6] = 6;
    routerPort.inject(frame(syn, routerPort.mac!));
    expect(drops()).toEqual({ 'bad-destination': 1 });
    router.forwarding = false;
    routerPort.inject(frame(icmpPacket(128, 0, 1, [], to), routerPort.mac!));
    expect(drops()).toEqual({ 'bad-destination': 1, 'forwarding-off': 1 });
    settle(env);
    expectAtRest(env, router, better, host);
  });
});
