import { describe, expect, it } from 'vitest';
import { Ipv6Stack } from '../../../stacks/ipv6/stack.ts';
import type { Advertisement } from '../../../stacks/stack.ts';
import { SECOND } from '../../../stacks/time/clock.ts';
import { host, advertise as inject, u32 } from './advertised.ts';
import { address, bytes, environment, expectAtRest, Hub, ip, type Seen, seen, settle } from './net.ts';

/** What a router says first on a link of its own. */
function router(advertise: Advertisement, mtu = 1_500) {
  const env = environment();
  const port = new Hub(env, 'ethernet').port('router', { mtu });
  const stack = new Ipv6Stack(env, { id: 1, name: 'ROUTER', forwarding: true });
  const on = { address: ip('2001:db8:5::1'), prefixLength: 64, mtu, advertise };
  stack.addInterface('R', port, on);
  stack.start();
  settle(env);
  const said = (): Seen[] => seen(port).filter(({ type }) => type === 134);
  return { env, port, stack, said };
}

/** The options of an advertisement, each whole. */
function options({ body }: Seen): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = 8; at < body.length; at += body[at + 1]! * 8)
    found.push(body.subarray(at, at + body[at + 1]! * 8));
  return found;
}

describe('router advertisements (RFC 4861 §6.2)', () => {
  it('carry the defaults of the RFC', () => {
    const { said } = router({});
    expect(said()[0]).toMatchObject({ word: (64 << 24) | 1_800, destination: 'ff02::1', hopLimit: 255 });
    expect(options(said()[0]!)).toEqual([
      bytes([1, 1, 2, 0, 0, 0, 0, 1]),
      bytes([5, 1, 0, 0], u32(1_500)),
      bytes([3, 4, 64, 0xc0], u32(2_592_000), u32(604_800), u32(0), address('2001:db8:5::')),
    ]);
  });

  it('carry everything that they are told, were it nonsense', () => {
    const { said } = router({
      lifetime: 9_999,
      preference: 'low',
      managed: true,
      other: true,
      hopLimit: 0,
      mtu: 0,
      reachableTime: 1_234,
      retransTimer: 5_678,
      prefixes: [{ prefix: ip('2001:db8:6::'), prefixLength: 65, onLink: false, valid: 10, preferred: 20 }],
      routes: [
        { prefix: ip('2001:db8:77::'), prefixLength: 48, preference: 'high', lifetime: 30 },
        { prefix: ip('::'), prefixLength: 0 },
        { prefix: ip('2001:db8:77::1'), prefixLength: 128 },
      ],
      dns: [{ address: ip('2001:db8:5::53') }],
      search: [{ domain: 'lab.example', lifetime: 0 }],
    });
    expect(said()[0]!.word >>> 0).toBe((0xd8_0000 | 9_999) >>> 0);
    expect(said()[0]!.body.subarray(0, 8)).toEqual(bytes(u32(1_234), u32(5_678)));
    const name = [3, 108, 97, 98, 7, 101, 120, 97, 109, 112, 108, 101, 0, 0, 0, 0];
    expect(options(said()[0]!)).toEqual([
      bytes([1, 1, 2, 0, 0, 0, 0, 1]),
      bytes([3, 4, 65, 0x40], u32(10), u32(20), u32(0), address('2001:db8:6::')),
      bytes([3, 4, 64, 0xc0], u32(2_592_000), u32(604_800), u32(0), address('2001:db8:5::')),
      bytes([24, 2, 48, 8], u32(30), address('2001:db8:77::').subarray(0, 8)),
      bytes([24, 1, 0, 0], u32(1_800)),
      bytes([24, 3, 128, 0], u32(1_800), address('2001:db8:77::1')),
      bytes([25, 3, 0, 0], u32(1_800), address('2001:db8:5::53')),
      bytes([31, 3, 0, 0], u32(0), name),
    ]);
  });

  it('have no preference when the router is none (RFC 4191 §2.2), and come as often as told', () => {
    const { env, said } = router({ lifetime: 0, preference: 'high', interval: 4 });
    expect(said()[0]!.word & 0xffffff).toBe(0);
    const before = said().length;
    env.clock.advance(env.clock.now + 40 * SECOND);
    expect(said().length - before).toBeGreaterThanOrEqual(10);
    expect(said().length - before).toBeLessThanOrEqual(14);
  });

  it('are several when one packet does not hold them', () => {
    const prefixes = Array.from({ length: 100 }, (_, i) => ({
      prefix: ip(`2001:db8:${i.toString(16)}::`),
      prefixLength: 64,
    }));
    const { said } = router({ prefixes }, 1_280);
    const first = said().slice(0, 3);
    for (const { packet } of first) expect(packet.length).toBeLessThanOrEqual(1_280);
    const all = first.flatMap(options).filter((option) => option[0] === 3);
    expect(all).toHaveLength(100);
  });
});

describe('name servers (RFC 8106)', () => {
  const rdnss = (seconds: number, ...servers: string[]): Uint8Array =>
    bytes([25, 1 + 2 * servers.length, 0, 0], u32(seconds), ...servers.map(address));
  const dnssl = (seconds: number, ...name: number[]): Uint8Array =>
    bytes([31, 1 + name.length / 8, 0, 0], u32(seconds), name);
  const started = () => {
    const alone = host();
    alone.stack.start();
    settle(alone.env);
    const servers = () => [...alone.stack.ipv6.nameServers()].map((s) => alone.stack.describe(s.address));
    const domains = () => [...alone.stack.ipv6.searchDomains()].map(({ domain }) => domain);
    return { ...alone, servers, domains };
  };

  it('are kept for their lifetime, and taken back by one of zero', () => {
    const { env, port, servers, domains, stack } = started();
    inject(port, { more: rdnss(100, '2001:db8::53', 'fe80::53') });
    inject(port, { more: bytes(rdnss(50, '2001:db8::54'), dnssl(100, 3, 76, 97, 98, 0, 0, 0, 0)) });
    expect(servers()).toEqual(['2001:db8::53', 'fe80::53%LINK', '2001:db8::54']);
    expect(domains()).toEqual(['lab']);
    inject(port, { more: rdnss(0, '2001:db8::53') });
    expect(servers()).toEqual(['fe80::53%LINK', '2001:db8::54']);
    env.clock.advance(env.clock.now + 51 * SECOND);
    expect(servers()).toEqual(['fe80::53%LINK']);
    stack.setLink(1, false);
    expect([servers(), domains()]).toEqual([[], []]);
    expectAtRest(env, stack);
  });

  it('are bounded and judged', () => {
    const { env, port, servers, domains, stack } = started();
    inject(port, { more: rdnss(100, 'ff02::1', '::', '::1') });
    // A length that is not that of whole addresses (§5.3.1).
    inject(port, { more: bytes([25, 4, 0, 0], u32(100), address('2001:db8::53'), new Uint8Array(8)) });
    // A label that runs past the option, one with an escape sequence, and one that is not a label.
    for (const name of [
      [60, 97, 0, 0, 0, 0, 0, 0],
      [3, 27, 91, 72, 0, 0, 0, 0],
      [0xc0, 12, 0, 0, 0, 0, 0, 0],
    ]) {
      inject(port, { more: dnssl(100, ...name) });
    }
    expect([servers(), domains()]).toEqual([[], []]);
    for (let i = 1; i < 30; i++) {
      inject(port, {
        more: bytes(rdnss(100, `2001:db8::${i}`), dnssl(100, 2, 97, 97 + (i % 26), 0, 0, 0, 0, 0)),
      });
    }
    expect([servers().length, domains().length]).toEqual([8, 8]);
    expectAtRest(env, stack);
  });
});
