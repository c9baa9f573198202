import { describe, expect, it } from 'vitest';
import type { Address } from '../../../stacks/address/address.ts';
import type { Ipv6Stack } from '../../../stacks/ipv6/stack.ts';
import { SECOND } from '../../../stacks/time/clock.ts';
import { MAX_OPTIONS_OF_A_KIND } from '../../../stacks/wire/ndp.ts';
import { type Alone, advertise, host, u32 } from './advertised.ts';
import {
  address,
  bytes,
  expectAtRest,
  frame,
  icmpPacket,
  ip,
  type Port,
  ping,
  STRANGER,
  seen,
  settle,
} from './net.ts';

const PREFIX = '2001:db8:5::';
const FAR = '2001:ffff::1';

const defaults = (stack: Ipv6Stack): string[] =>
  stack.candidates(ip(FAR)).map((route) => stack.family.format(route.gateway));
const isRouter = (stack: Ipv6Stack, text: string): boolean | undefined =>
  [...stack.neighbours()].find((entry) => stack.family.format(entry.address) === text)?.isRouter;

function started(): Alone {
  const alone = host();
  alone.stack.start();
  settle(alone.env);
  return alone;
}

/** A neighbour advertisement: flags as they stand on the wire. */
function advertiseNeighbour(port: Port, target: string, flags: number, mac: Uint8Array | undefined): void {
  const body = bytes(address(target), mac === undefined ? [] : bytes([2, 1], mac));
  const fields = { source: target, destination: 'ff02::1', hopLimit: 255 };
  port.inject(frame(icmpPacket(136, 0, flags, body, fields), STRANGER));
}

describe('default routers (RFC 4861 §6.3.6)', () => {
  it('take turns when none of them answers', () => {
    const { env, stack, port } = started();
    advertise(port, { from: 'fe80::a', prefix: PREFIX });
    advertise(port, { from: 'fe80::b' });
    settle(env);
    expect(defaults(stack)).toEqual(['fe80::a', 'fe80::b']);
    const tried: string[] = [];
    for (let i = 0; i < 4; i++) {
      tried.push(defaults(stack)[0]!);
      ping(env, stack, FAR, { timeout: SECOND });
      env.clock.advance(env.clock.now + 20 * SECOND);
    }
    expect(tried).toEqual(['fe80::a', 'fe80::b', 'fe80::a', 'fe80::b']);
    expectAtRest(env, stack);
  });

  it('that are known on the link come before those that are not, and come back when they answer', () => {
    const { env, stack, port } = started();
    advertise(port, { from: 'fe80::a', mac: null, preference: 1, prefix: PREFIX });
    advertise(port, { from: 'fe80::b', preference: 3 });
    settle(env);
    expect(defaults(stack)).toEqual(['fe80::b', 'fe80::a']);
    // It says who it is by asking for us.
    const question = bytes(address('fe80::ff:fe00:1'), [1, 1], STRANGER);
    const fields = { source: 'fe80::a', destination: 'fe80::ff:fe00:1', hopLimit: 255 };
    port.inject(frame(icmpPacket(135, 0, 0, question, fields), port.mac!));
    settle(env);
    expect(defaults(stack)).toEqual(['fe80::a', 'fe80::b']);
    expectAtRest(env, stack);
  });

  it('are no routers any more when they say so, and redirects to them end', () => {
    const { env, stack, port } = started();
    advertise(port, { from: 'fe80::a', prefix: PREFIX });
    advertise(port, { from: 'fe80::b' });
    settle(env);
    const redirect = (source: string, target: string): void => {
      const body = bytes(address(target), address(FAR), [2, 1], STRANGER);
      const fields = { source, destination: 'fe80::ff:fe00:1', hopLimit: 255 };
      port.inject(frame(icmpPacket(137, 0, 0, body, fields), port.mac!));
    };
    redirect('fe80::a', 'fe80::b');
    expect(defaults(stack)[0]).toBe('fe80::b');
    expect(isRouter(stack, 'fe80::b')).toBe(true);
    // By a lifetime of zero ...
    advertise(port, { from: 'fe80::b', lifetime: 0 });
    expect(defaults(stack)).toEqual(['fe80::a']);
    // ... and by an advertisement without the router flag (§7.2.5); without the override flag and with another MAC it
    // says nothing.
    advertiseNeighbour(port, 'fe80::a', 0, new Uint8Array([2, 0, 0, 0, 0, 0x77]));
    expect(defaults(stack)).toEqual(['fe80::a']);
    advertiseNeighbour(port, 'fe80::a', 0x2000_0000, STRANGER);
    expect(defaults(stack)).toEqual([]);
    expect(isRouter(stack, 'fe80::a')).toBe(false);
    expectAtRest(env, stack);
  });

  it('may each redirect when they share the flows or are chosen by the source (§8.1)', () => {
    for (const prefix of [undefined, '2001:db8:b::']) {
      const { env, stack, port } = started();
      advertise(port, { from: 'fe80::a', prefix: PREFIX, preference: prefix === undefined ? 0 : 1 });
      advertise(port, { from: 'fe80::b', prefix });
      advertise(port, { from: 'fe80::d', preference: 3 });
      settle(env);
      const first = (): string => stack.family.format(stack.candidates(ip(FAR))[0]!.gateway);
      const redirect = (source: string): void => {
        const body = bytes(address('fe80::c'), address(FAR), [2, 1], STRANGER);
        const fields = { source, destination: 'fe80::ff:fe00:1', hopLimit: 255 };
        port.inject(frame(icmpPacket(137, 0, 0, body, fields), port.mac!));
      };
      redirect('fe80::d');
      expect(first()).toBe('fe80::a');
      redirect('fe80::b');
      expect(first()).toBe('fe80::c');
      expectAtRest(env, stack);
    }
  });

  it('are marked as routers by an advertisement without an address as well', () => {
    const { env, stack, port } = started();
    advertise(port, { from: 'fe80::a', lifetime: 0 });
    advertiseNeighbour(port, 'fe80::a', 0x2000_0000, STRANGER);
    expect(isRouter(stack, 'fe80::a')).toBe(false);
    advertise(port, { from: 'fe80::a', lifetime: 0, mac: null });
    expect(isRouter(stack, 'fe80::a')).toBe(true);
    expectAtRest(env, stack);
  });

  it('choose times, and what they leave open stays as it was (§6.3.4)', () => {
    const { env, stack, port } = started();
    advertise(port, { from: 'fe80::a', prefix: PREFIX, reachable: 10_000 });
    advertise(port, { from: 'fe80::a', retrans: 3_000 });
    settle(env);
    const before = port.sent.length;
    stack.echo(ip('2001:db8:5::99'), { size: 8, timeout: 20 * SECOND }, () => {});
    const start = env.clock.now;
    env.clock.advance(start + 5.9 * SECOND);
    expect(seen(port, before).filter(({ type }) => type === 135)).toHaveLength(2);
    settle(env);
    // Reachable for 5 to 15 seconds: three solicitations went out three seconds apart, and one of them is answered.
    stack.echo(ip('2001:db8:5::88'), { size: 8, timeout: SECOND }, () => {});
    const own = stack.family.format(stack.interfaces()[0]!.addresses[1]!.address);
    const fields = { source: '2001:db8:5::88', destination: own, hopLimit: 255 };
    const answer = bytes(address('2001:db8:5::88'), [2, 1], STRANGER);
    port.inject(frame(icmpPacket(136, 0, 0x6000_0000, answer, fields), port.mac!));
    const state = () => [...stack.neighbours()].find((n) => n.address.equals(ip('2001:db8:5::88')))?.state;
    expect(state()).toBe('reachable');
    env.clock.advance(env.clock.now + 4.9 * SECOND);
    expect(state()).toBe('reachable');
    env.clock.advance(env.clock.now + 10.2 * SECOND);
    expect(state()).toBe('stale');
    expectAtRest(env, stack);
  });
});

/** A route information option (RFC 4191 §2.3). */
function route(prefix: string, length: number, lifetime: number, preference = 0): Uint8Array {
  const bytesOf = length === 0 ? 0 : length <= 64 ? 8 : 16;
  return bytes(
    [24, 1 + bytesOf / 8, length, preference << 3],
    u32(lifetime),
    address(prefix).subarray(0, bytesOf),
  );
}
const gateways = (stack: Ipv6Stack, to: string): string[] =>
  stack.candidates(ip(to)).map((found) => `${stack.family.format(found.gateway)} ${found.prefixLength}`);

describe('routers of a network behind them (RFC 4191, type C)', () => {
  it('are taken for it before the default router, while they say so and answer', () => {
    const { env, stack, port } = started();
    advertise(port, { from: 'fe80::a', prefix: PREFIX });
    advertise(port, { from: 'fe80::b', lifetime: 0, more: route('2001:db8:77::', 48, 600) });
    settle(env);
    expect(gateways(stack, '2001:db8:77::1')).toEqual(['fe80::b 48', 'fe80::a 0']);
    expect(gateways(stack, FAR)).toEqual(['fe80::a 0']);
    advertise(port, { from: 'fe80::a', more: route('2001:db8:77::', 48, 600, 1) });
    expect(gateways(stack, '2001:db8:77::1')[0]).toBe('fe80::a 48');
    advertise(port, { from: 'fe80::a', more: route('2001:db8:77::', 48, 0) });
    expect(gateways(stack, '2001:db8:77::1')[0]).toBe('fe80::b 48');
    env.clock.advance(env.clock.now + 601 * SECOND);
    expect(gateways(stack, '2001:db8:77::1')).toEqual(['fe80::a 0']);
    expectAtRest(env, stack);
  });

  it('say more of ::/0 by the option than by the header', () => {
    const { env, stack, port } = started();
    advertise(port, { from: 'fe80::a', preference: 3, more: route('::', 0, 600, 1) });
    advertise(port, { from: 'fe80::b' });
    settle(env);
    expect(defaults(stack)).toEqual(['fe80::a', 'fe80::b']);
    expectAtRest(env, stack);
  });

  it.each([
    ['a reserved preference', route('2001:db8:77::', 48, 600, 2)],
    ['a prefix longer than the option', bytes([24, 1, 64, 0], u32(600))],
    ['a prefix of more than 128 bits', bytes([24, 3, 129, 0], u32(600), address('2001:db8:77::'))],
    ['the link-local prefix', route('fe80::', 64, 600)],
  ])('with %s say nothing', (_, more) => {
    const { env, stack, port } = started();
    advertise(port, { from: 'fe80::a', more });
    settle(env);
    expect([...stack.routes()].filter(({ origin }) => origin === 'ra')).toHaveLength(1);
    expectAtRest(env, stack);
  });

  it('are read from so many options of one advertisement and no more', () => {
    const { env, stack, port } = started();
    const more = bytes(
      ...Array.from({ length: 40 }, (_, i) => route(`2001:db8:${i + 1}::`, 48, 6_000)),
      ...Array.from({ length: 20 }, () => [99, 1, 0, 0, 0, 0, 0, 0]),
    );
    advertise(port, { from: 'fe80::a', more });
    settle(env);
    const learnt = [...stack.routes()].filter(({ origin }) => origin === 'ra');
    expect(learnt).toHaveLength(MAX_OPTIONS_OF_A_KIND + 1);
    expectAtRest(env, stack);
  });

  it('are bounded, and ask again for those that did not answer', () => {
    const { env, stack, port } = started();
    for (let i = 0; i < 30; i++) {
      const more = bytes(...Array.from({ length: 10 }, (_, j) => route(`2001:db8:${i}:${j}::`, 64, 6_000)));
      advertise(port, { from: 'fe80::a', more, mac: null });
    }
    settle(env);
    expect([...stack.routes()].filter(({ origin }) => origin === 'ra')).toHaveLength(65);
    const before = port.sent.length;
    env.clock.advance(env.clock.now + 125 * SECOND);
    const asked = seen(port, before).filter(({ type }) => type === 135);
    expect(asked.length).toBe(6); // twice, three solicitations each
    expectAtRest(env, stack);
  });
});

describe('the first hop by source address (RFC 8028)', () => {
  it('is the router that advertised the prefix', () => {
    const { env, stack, port } = started();
    const macs = {
      'fe80::a': new Uint8Array([2, 0, 0, 0, 0, 0xa]),
      'fe80::b': new Uint8Array([2, 0, 0, 0, 0, 0xb]),
    };
    advertise(port, { from: 'fe80::a', prefix: '2001:db8:a::', mac: macs['fe80::a'] });
    advertise(port, { from: 'fe80::b', prefix: '2001:db8:b::', mac: macs['fe80::b'] });
    settle(env);
    const own = stack.interfaces()[0]!.addresses.map((local) => local.address);
    for (const [source, mac] of [
      [own[1]!, 0xa],
      [own[2]!, 0xb],
    ] as const) {
      const before = port.sent.length;
      stack.echo(ip(FAR), { size: 8, timeout: SECOND, source }, () => {});
      expect(port.sent[before]![5]).toBe(mac);
    }
    // And the other way round: the source goes by the next hop (RFC 6724 §5, rule 5.5).
    expect(stack.describe(stack.sourceFor(ip(FAR)) as Address)).toContain('2001:db8:a:');
    advertise(port, { from: 'fe80::b', preference: 1, mac: macs['fe80::b'] });
    expect(stack.describe(stack.sourceFor(ip(FAR)) as Address)).toContain('2001:db8:b:');
    settle(env);
    expectAtRest(env, stack);
  });
});
