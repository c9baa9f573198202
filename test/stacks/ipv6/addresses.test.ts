import { describe, expect, it } from 'vitest';
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
  pair,
  ping,
  STRANGER,
  seen,
  settle,
} from './net.ts';

const states = (stack: Ipv6Stack): Record<string, string> =>
  Object.fromEntries(
    stack
      .interfaces()
      .flatMap((link) => link.addresses.map((a) => [stack.family.format(a.address), a.state])),
  );

describe('duplicate address detection (RFC 4862)', () => {
  it('probes every address once and uses it a second later', () => {
    const { env, a, portA } = pair({ start: false });
    a.start();
    expect(states(a)).toEqual({ 'fe80::ff:fe00:1': 'tentative', '2001:db8::1': 'tentative' });
    expect(a.sourceFor(ip('2001:db8::2'))).toMatchObject({ code: 'EADDRNOTAVAIL' });
    expect(a.isLocal(ip('2001:db8::1'))).toBe(false);
    const probes = seen(portA).filter(({ type }) => type === 135);
    expect(probes.map(({ source, destination, hopLimit }) => [source, destination, hopLimit])).toEqual([
      ['::', 'ff02::1:ff00:1', 255],
      ['::', 'ff02::1:ff00:1', 255],
    ]);
    // A target, and the nonce of RFC 7527.
    expect(probes[1]!.body.slice(0, 16)).toEqual(address('2001:db8::1'));
    expect([...probes[1]!.body.slice(16, 18)]).toEqual([14, 1]);
    env.clock.advance(env.clock.now + SECOND);
    expect(states(a)).toEqual({ 'fe80::ff:fe00:1': 'preferred', '2001:db8::1': 'preferred' });
    expectAtRest(env, a);
  });

  it('takes its second from when the link comes up, however long the clock had not been read', () => {
    const { env, a } = pair({ start: false });
    env.clock.source = () => 3_600 * SECOND;
    a.start();
    env.clock.advance(3_600 * SECOND);
    expect(states(a)['2001:db8::1']).toBe('tentative');
    env.clock.advance(3_601 * SECOND);
    expect(states(a)['2001:db8::1']).toBe('preferred');
    expectAtRest(env, a);
  });

  it('finds a second station with the same address, which stays silent about it', () => {
    const { env, a, b } = pair({ b: { address: ip('2001:db8::1') }, start: false });
    a.start();
    settle(env);
    b.start();
    settle(env);
    expect(states(a)['2001:db8::1']).toBe('preferred');
    expect(states(b)['2001:db8::1']).toBe('duplicate');
    expect(states(b)['fe80::ff:fe00:2']).toBe('preferred');
    expect(b.counters.drops['address-conflict']).toBe(1);
    // It is the other's, so packets to it go to the other (RFC 4862 §5.4.5).
    expect(ping(env, b, '2001:db8::1')).toMatchObject({ outcome: 'reply' });
    expect(b.isLocal(ip('2001:db8::1'))).toBe(false);
    expectAtRest(env, a, b);
  });

  it('finds out when both ask at the same time', () => {
    const { env, a, b } = pair({ b: { address: ip('2001:db8::1') } });
    expect(states(a)['2001:db8::1']).toBe('duplicate');
    expect(states(b)['2001:db8::1']).toBe('duplicate');
    expectAtRest(env, a, b);
  });

  it('disables IPv6 on the interface when the address from the MAC is a duplicate', () => {
    const env = environment();
    const hub = new Hub(env, 'ethernet');
    const mac = new Uint8Array([2, 0, 0, 0, 0, 7]);
    const stacks = ['A', 'B'].map((name, i) => {
      const stack = new Ipv6Stack(env, { id: i, name });
      stack.addInterface('LINK', hub.port(name, { mac }), {
        mtu: 1500,
        address: ip(`2001:db8::${i + 1}`),
        prefixLength: 64,
      });
      return stack;
    });
    stacks[0]!.start();
    settle(env);
    stacks[1]!.start();
    settle(env);
    expect(states(stacks[1]!)).toEqual({ 'fe80::ff:fe00:7': 'duplicate', '2001:db8::2': 'tentative' });
    expect(ping(env, stacks[1]!, '2001:db8::1')).toMatchObject({
      outcome: 'error',
      failure: { code: 'ENETUNREACH' },
    });
    expect(ping(env, stacks[0]!, '2001:db8::2')).toMatchObject({ outcome: 'error' });
    expect(stacks[1]!.counters.drops['link-down']).toBeGreaterThan(0);
    expectAtRest(env, ...stacks);
  });

  it('does not take its own solicitation, looped back by the link, for a duplicate', () => {
    const { env, a, portA } = pair({ start: false });
    const dropsa = dropsOf(a);
    a.start();
    const own = portA.sent.filter((sent) => sent[20] === 58);
    expect(own).toHaveLength(2);
    for (const sent of own) portA.inject(sent);
    // Without the nonce it is the MAC that tells.
    const bare = icmpPacket(135, 0, 0, address('2001:db8::1'), {
      source: '::',
      destination: 'ff02::1:ff00:1',
      hopLimit: 255,
    });
    portA.inject(frame(bare, STRANGER, portA.mac!));
    settle(env);
    expect(states(a)).toEqual({ 'fe80::ff:fe00:1': 'preferred', '2001:db8::1': 'preferred' });
    expect(dropsa()).toEqual({ 'icmp-ignored': 3 });
    // RFC 7527 §4.1: for each address three more, a second apart, each with a nonce of its own.
    const probes = seen(portA).filter(({ type }) => type === 135);
    expect(probes).toHaveLength(8);
    expect(new Set(probes.map(({ body }) => body.slice(18, 24).join())).size).toBe(8);
    expectAtRest(env, a);
  });

  it('gives in to a solicitation or an advertisement of another station', () => {
    for (const type of [135, 136]) {
      const { env, a, portA } = pair({ start: false });
      const dropsa = dropsOf(a);
      a.start();
      const packet = icmpPacket(type, 0, 0, address('2001:db8::1'), {
        source: type === 135 ? '::' : '2001:db8::1',
        destination: type === 135 ? 'ff02::1:ff00:1' : 'ff02::1',
        hopLimit: 255,
      });
      portA.inject(frame(packet, STRANGER));
      settle(env);
      expect(states(a)['2001:db8::1']).toBe('duplicate');
      expect(dropsa()).toEqual({ 'address-conflict': 1 });
      expectAtRest(env, a);
    }
  });

  it('keeps an address that was proven unique, whoever claims it', () => {
    const { env, a, portA } = pair();
    const dropsa = dropsOf(a);
    const claim = icmpPacket(136, 0, 0x20000000, bytes(address('2001:db8::1'), [2, 1], STRANGER), {
      source: '2001:db8::1',
      destination: 'ff02::1',
      hopLimit: 255,
    });
    portA.inject(frame(claim, STRANGER));
    expect(states(a)['2001:db8::1']).toBe('preferred');
    expect(dropsa()).toEqual({ 'address-conflict': 1 });
    expectAtRest(env, a);
  });

  it('is not needed on a point-to-point link, and is done again when the link comes back', () => {
    const p2p = pair({ medium: 'ip', start: false });
    p2p.a.start();
    expect(Object.values(states(p2p.a))).toEqual(['preferred', 'preferred']);
    expect(Object.keys(states(p2p.a))[0]).toMatch(/^fe80::/);
    expect(Object.keys(states(p2p.a))[0]).not.toBe(Object.keys(states(p2p.b))[0]);
    const { env, a, b } = pair();
    a.setLink(1, false);
    expect(ping(env, a, '2001:db8::2')).toMatchObject({ outcome: 'error' });
    a.setLink(1, true);
    expect(Object.values(states(a))).toEqual(['tentative', 'tentative']);
    settle(env);
    expect(ping(env, a, '2001:db8::2')).toMatchObject({ outcome: 'reply' });
    a.stop();
    a.setLink(1, false);
    a.start();
    expect(a.interfaces()[0]!.up).toBe(false);
    expectAtRest(env, a, b);
  });

  it('lets nobody use a tentative address', () => {
    const { env, a, portA } = pair({ start: false });
    const dropsa = dropsOf(a);
    a.start();
    const echo = icmpPacket(128, 0, 1, [], { source: '2001:db8::2', destination: '2001:db8::1' });
    portA.inject(frame(echo, portA.mac!));
    const question = icmpPacket(135, 0, 0, address('2001:db8::1'), {
      source: '2001:db8::2',
      destination: 'ff02::1:ff00:1',
      hopLimit: 255,
    });
    portA.inject(frame(question, portA.mac!));
    expect(dropsa()).toEqual({ 'address-tentative': 2 });
    expect(seen(portA).some(({ type }) => type === 129 || type === 136)).toBe(false);
    expectAtRest(env, a);
  });
});

describe('groups', () => {
  it('that nobody joined are not listened to', () => {
    const { env, a, portA } = pair();
    const dropsa = dropsOf(a);
    for (const destination of ['ff02::2', 'ff02::1:ff12:3456', 'ff05::1', 'ff02::fb']) {
      const echo = icmpPacket(128, 0, 1, [], { source: '2001:db8::2', destination });
      portA.inject(frame(echo, STRANGER));
    }
    expect(dropsa()).toEqual({ 'not-for-me': 4 });
    expectAtRest(env, a);
  });
});
