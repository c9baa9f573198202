import { describe, expect, it } from 'vitest';
import { Ipv6Stack } from '../../../stacks/ipv6/stack.ts';
import { SECOND } from '../../../stacks/time/clock.ts';
import { advertise, host } from './advertised.ts';
import {
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
} from './net.ts';

const HOUR = 3_600 * SECOND;

const addresses = (stack: Ipv6Stack): string[] =>
  stack.interfaces()[0]!.addresses.map((a) => `${stack.family.format(a.address)} ${a.state}`);
const defaults = (stack: Ipv6Stack): string[] =>
  stack.candidates(ip('2001:ffff::1')).map((route) => stack.family.format(route.gateway));

describe('a router that advertises a prefix of the deck', () => {
  it('does not take it away by ceasing to', () => {
    const env = environment();
    const hub = new Hub(env, 'ethernet');
    const port = hub.port('host');
    const stack = new Ipv6Stack(env, { id: 1, name: 'HOST' });
    stack.addInterface('LINK', port, {
      mtu: 1500,
      address: ip('2001:db8:5::1'),
      prefixLength: 64,
      autoconfigure: true,
    });
    stack.start();
    settle(env);
    const onLink = (): string[] =>
      [...stack.routes()].filter(({ prefixLength }) => prefixLength === 64).map(({ origin }) => origin);
    advertise(port, { prefix: '2001:db8:5::', flags: 0x80, valid: 30 });
    expect(onLink().sort()).toEqual(['link', 'ra']);
    env.clock.advance(env.clock.now + 31 * SECOND);
    expect(onLink()).toEqual(['link']);
    advertise(port, { prefix: '2001:db8:5::', flags: 0x80 });
    advertise(port, { prefix: '2001:db8:5::', flags: 0x80, valid: 0 });
    expect(onLink()).toEqual(['link']);
  });
});

describe('stateless autoconfiguration (RFC 4862 §5.5) by our own router', () => {
  it('gives a host address, router, prefix and MTU, and the two talk', () => {
    const { env, hub, stack, port } = host();
    const router = new Ipv6Stack(env, { id: 2, name: 'ROUTER', forwarding: true });
    const routerPort = hub.port('router');
    router.addInterface('R', routerPort, {
      address: ip('2001:db8:5::1'),
      prefixLength: 64,
      mtu: 1_400,
      advertise: true,
    });
    router.start();
    settle(env);
    // The prefix is there from the first one, sent while the router's own address in it may still be tentative.
    const first = seen(routerPort).find(({ type }) => type === 134)!;
    expect([...first.body.slice(24, 28)]).toEqual([3, 4, 64, 0xc0]);
    stack.start();
    settle(env);
    expect(addresses(stack)).toEqual(['fe80::ff:fe00:1 preferred', '2001:db8:5::ff:fe00:1 preferred']);
    expect(defaults(stack)).toEqual(['fe80::ff:fe00:2']);
    expect(stack.interfaces()[0]!.mtu).toBe(1_400);
    expect([...stack.neighbours()]).toMatchObject([{ isRouter: true }]);
    expect(ping(env, stack, '2001:db8:5::1')).toMatchObject({ outcome: 'reply' });
    expect(seen(port).filter(({ type }) => type === 133)).toHaveLength(1);
    // Without a solicitation the next ones come by themselves, and the last says good-bye.
    const sent = routerPort.sent.length;
    env.clock.advance(env.clock.now + HOUR);
    expect(seen(routerPort, sent).filter(({ type }) => type === 134).length).toBeGreaterThanOrEqual(5);
    router.stop();
    settle(env);
    expect(
      seen(routerPort)
        .filter(({ type }) => type === 134)
        .at(-1)!.word & 0xffff,
    ).toBe(0);
    expect(defaults(stack)).toEqual([]);
    expectAtRest(env, stack, router);
  });

  it('answers a flood of solicitations with one advertisement in three seconds', () => {
    const { env, hub } = host();
    const router = new Ipv6Stack(env, { id: 2, name: 'ROUTER', forwarding: true });
    const port = hub.port('router');
    const options = { address: ip('2001:db8:5::1'), prefixLength: 64, mtu: 1_500, advertise: true };
    router.addInterface('R', port, options);
    router.start();
    settle(env);
    const ask = (): void => {
      const fields = { source: 'fe80::77', destination: 'ff02::2', hopLimit: 255 };
      port.inject(frame(icmpPacket(133, 0, 0, bytes([1, 1], STRANGER), fields), STRANGER));
    };
    const before = seen(port).filter(({ type }) => type === 134).length;
    const start = env.clock.now;
    while (env.clock.now < start + 3 * SECOND) {
      for (let i = 0; i < 10; i++) ask();
      env.clock.advance(env.clock.now + SECOND / 10);
    }
    settle(env);
    expect(seen(port).filter(({ type }) => type === 134).length - before).toBeLessThanOrEqual(2);
    expectAtRest(env, router);
  });
});

describe('what advertisements may do to a host', () => {
  it('asks three times, four seconds apart, and then no more', () => {
    const { env, stack, port } = host();
    stack.start();
    settle(env);
    const asked = seen(port).filter(({ type }) => type === 133);
    expect(asked).toHaveLength(3);
    expect(asked[0]).toMatchObject({ source: 'fe80::ff:fe00:1', destination: 'ff02::2', hopLimit: 255 });
    expect(env.clock.now).toBe(9 * SECOND);
    expectAtRest(env, stack);
  });

  it.each([
    ['a prefix that is no /64', { prefix: '2001:db8:5::', length: 48 }],
    ['no autonomous flag', { prefix: '2001:db8:5::', flags: 0x80 }],
    ['the link-local prefix', { prefix: 'fe80::' }],
    ['a multicast prefix', { prefix: 'ff02::' }],
    ['the prefix of ::1', { prefix: '::' }],
    ['a valid lifetime of zero', { prefix: '2001:db8:5::', valid: 0 }],
    ['preferred beyond valid', { prefix: '2001:db8:5::', valid: 10, preferred: 11 }],
  ])('%s gives no address', (_, said) => {
    const { env, stack, port } = host();
    stack.start();
    settle(env);
    advertise(port, said);
    settle(env);
    expect(addresses(stack)).toEqual(['fe80::ff:fe00:1 preferred']);
    expectAtRest(env, stack);
  });

  it('deprecates and removes an address when its lifetimes end', () => {
    const { env, stack, port } = host();
    stack.start();
    settle(env);
    advertise(port, { prefix: '2001:db8:5::', valid: 100, preferred: 50 });
    settle(env);
    const own = '2001:db8:5::ff:fe00:1';
    expect(addresses(stack)[1]).toBe(`${own} preferred`);
    env.clock.advance(env.clock.now + 51 * SECOND);
    expect(addresses(stack)[1]).toBe(`${own} deprecated`);
    env.clock.advance(env.clock.now + 51 * SECOND);
    expect(addresses(stack)).toHaveLength(1);
    expect(stack.isLocal(ip(own))).toBe(false);
    expectAtRest(env, stack);
  });

  it('cannot end an address within two hours, but may lengthen it', () => {
    const { env, stack, port } = host();
    stack.start();
    settle(env);
    advertise(port, { prefix: '2001:db8:5::', valid: 86_400 });
    settle(env);
    advertise(port, { prefix: '2001:db8:5::', valid: 1, preferred: 0 });
    expect(addresses(stack)[1]).toContain('deprecated');
    env.clock.advance(env.clock.now + 2 * HOUR - SECOND);
    expect(addresses(stack)).toHaveLength(2);
    // Below two hours a shorter lifetime is ignored, a longer one counts.
    advertise(port, { prefix: '2001:db8:5::', valid: 0, preferred: 0 });
    expect(addresses(stack)).toHaveLength(2);
    advertise(port, { prefix: '2001:db8:5::', valid: 60, preferred: 60 });
    expect(addresses(stack)[1]).toContain('preferred');
    env.clock.advance(env.clock.now + 59 * SECOND);
    expect(addresses(stack)).toHaveLength(2);
    env.clock.advance(env.clock.now + 2 * SECOND);
    expect(addresses(stack)).toHaveLength(1);
    expectAtRest(env, stack);
  });

  it('floods the lists up to 16 routers, prefixes and addresses', () => {
    const { env, stack, port } = host();
    stack.start();
    settle(env);
    for (let i = 1; i < 200; i++) {
      const hex = i.toString(16);
      advertise(port, { from: `fe80::${hex}:1`, prefix: `2001:db8:${hex}::`, lifetime: 60 });
    }
    settle(env);
    expect(addresses(stack)).toHaveLength(17);
    expect(defaults(stack)).toHaveLength(16);
    expect([...stack.routes()].filter(({ origin }) => origin === 'ra')).toHaveLength(32);
    env.clock.advance(env.clock.now + 61 * SECOND);
    expect(defaults(stack)).toEqual([]);
    expectAtRest(env, stack);
  });

  it('sets hop limit and MTU within bounds', () => {
    const { env, stack, port } = host();
    stack.start();
    settle(env);
    for (const [mtu, expected] of [
      [1_279, 1_500],
      [0, 1_500],
      [1_501, 1_500],
      [1_280, 1_280],
    ]) {
      advertise(port, { mtu, hopLimit: 33 });
      expect(stack.interfaces()[0]!.mtu).toBe(expected);
    }
    stack.echo(ip('ff02::1', 1), { size: 1, timeout: SECOND }, () => {});
    stack.echo(ip('fe80::99', 1), { size: 1, timeout: SECOND }, () => {});
    settle(env);
    expect(
      seen(port)
        .filter(({ type }) => type === 128)
        .map(({ hopLimit }) => hopLimit),
    ).toEqual([1, 33]);
    // Another link may be there when it comes up again.
    stack.setLink(1, false);
    stack.setLink(1, true);
    settle(env);
    const sent = port.sent.length;
    advertise(port, {});
    stack.echo(ip('fe80::99', 1), { size: 1, timeout: SECOND }, () => {});
    settle(env);
    expect(seen(port, sent).find(({ type }) => type === 128)).toMatchObject({ hopLimit: 64 });
    expect(stack.interfaces()[0]!.mtu).toBe(1_500);
    expectAtRest(env, stack);
  });

  it('prefers routers as they say, those that answer before those that do not', () => {
    const { env, stack, port } = host();
    stack.start();
    settle(env);
    advertise(port, { from: 'fe80::a', preference: 3, prefix: '2001:db8:5::' });
    advertise(port, { from: 'fe80::b', prefix: '2001:db8:5::' });
    advertise(port, { from: 'fe80::c', preference: 1, prefix: '2001:db8:5::' });
    settle(env);
    expect(defaults(stack)).toEqual(['fe80::c', 'fe80::b', 'fe80::a']);
    // Nobody is there: the first choice is found out and goes to the end.
    ping(env, stack, '2001:ffff::1', { timeout: SECOND });
    env.clock.advance(env.clock.now + 20 * SECOND);
    expect(defaults(stack)).toEqual(['fe80::b', 'fe80::a', 'fe80::c']);
    advertise(port, { from: 'fe80::b', lifetime: 0 });
    expect(defaults(stack)).toEqual(['fe80::a', 'fe80::c']);
    expectAtRest(env, stack);
  });

  it('is nothing when its address was written, and nothing to a router', () => {
    for (const forwarding of [true, false]) {
      const env = environment();
      const port = new Hub(env, 'ethernet').port('x');
      const stack = new Ipv6Stack(env, { id: 1, name: 'X', forwarding });
      const written = forwarding ? {} : { address: ip('2001:db8::1'), prefixLength: 64 };
      stack.addInterface('LINK', port, { mtu: 1_500, ...written });
      stack.start();
      settle(env);
      const drops = dropsOf(stack);
      advertise(port, { prefix: '2001:db8:5::' });
      expect(drops()).toEqual({ 'icmp-ignored': 1 });
      expect(defaults(stack)).toEqual([]);
      expect(seen(port).some(({ type }) => type === 133)).toBe(false);
      expectAtRest(env, stack);
    }
  });
});
