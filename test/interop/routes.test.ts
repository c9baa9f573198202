/** What routes do, judged by Linux: its own choice among the same routes, and its programs behind our router. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Address } from '../../stacks/address/address.ts';
import { ipv4 } from '../../stacks/address/ipv4.ts';
import { ipv6 } from '../../stacks/address/ipv6.ts';
import { type Route, RouteTable } from '../../stacks/forward/routes.ts';
import { environment } from '../stacks/ipv4/net.ts';
import { deck, eventually, missing, Namespace, type Running } from './namespace.ts';

const KINDS = ['blackhole', 'unreachable', 'prohibit'] as const;
/** What `ip route get` says of routes that end packets. */
const REFUSED: Record<string, RegExp> = {
  none: /Network is unreachable/,
  blackhole: /Invalid argument/,
  unreachable: /No route to host/,
  prohibit: /Permission denied/,
};

describe.skipIf(missing !== undefined)('among the same routes', () => {
  it.each([ipv4, ipv6])('$name: takes the one that Linux takes', async (family) => {
    const { u32 } = environment(family.bits).random;
    const pick = <T>(from: readonly T[]): T => from[u32() % from.length]!;
    await using kernel = await Namespace.create();
    const flag = `-${family.version}`;
    await kernel.ip('link', 'add', 'in', 'type', 'veth', 'peer', 'name', 'out');
    const own = family.version === 4 ? ['10.0.0.1/24'] : ['2001:db8:0:1::1/64', 'nodad'];
    await kernel.ip('addr', 'add', ...own, 'dev', 'out');
    for (const link of ['in', 'out']) await kernel.ip('link', 'set', link, 'up');
    await kernel.run('sh', [
      '-c',
      'echo 1 > /proc/sys/net/ipv6/conf/all/forwarding; echo 1 > /proc/sys/net/ipv4/ip_forward',
    ]);

    const gateway = (n: number): Address =>
      family.version === 4 ? new Address(0, 0, 0, 0x0a000000 | n) : new Address(0x20010db8, 1, 0, n);
    const near = (): Address =>
      family.version === 4
        ? new Address(0, 0, 0, 0x0a010000 | ((u32() % 4) << 8) | (u32() % 4))
        : new Address(0x20010db8, 0x10000 | (u32() % 2), ((u32() % 4) << 16) | (u32() % 2), u32() % 4);
    const lengths = family.version === 4 ? [8, 16, 22, 24, 30, 31, 32] : [32, 48, 56, 64, 82, 96, 127, 128];
    const table = new RouteTable(family, environment().random);
    const taken = new Set<string>();
    const sources = [0, 1, 2].map((n) => new Address(0x20010db8, 0x770000 | n));
    const batch: string[] = [];
    for (let i = 0; i < 60; i++) {
      const prefixLength = pick(lengths);
      const destination = family.network(near(), prefixLength);
      const name = `${family.format(destination)}/${prefixLength}`;
      // Linux does not look at routes for all sources where there is one for some of them to the same destination.
      const hasSources = family.version === 6 && (destination.w0 ^ destination.w2 ^ prefixLength) % 3 === 0;
      const from = hasSources ? { address: pick(sources), length: pick([48, 64]) } : undefined;
      const metric = 1 + (u32() % 3);
      const kind = u32() % 6 === 0 && !hasSources ? pick(KINDS) : undefined;
      const bare = from && { ...from, address: family.network(from.address, from.length) };
      const sourceText = bare === undefined ? '' : `from ${family.format(bare.address)}/${bare.length}`;
      const key = `${name} ${sourceText} ${metric}`;
      if (taken.has(key)) continue;
      taken.add(key);
      const route: Route = {
        destination,
        prefixLength,
        gateway: kind === undefined ? gateway(2 + i) : family.any,
        interfaceIndex: kind === undefined ? 1 : 0,
        metric,
        origin: 'static',
        ...(bare && { from: bare }),
        ...(kind && { kind }),
      };
      table.add(route);
      const by = kind === undefined ? `via ${family.format(route.gateway)} dev out` : '';
      batch.push(`route add ${kind ?? ''} ${name} ${sourceText} ${by} metric ${metric}`);
    }
    const { code, stderr } = await kernel.run('ip', [flag, '-batch', '-'], {
      input: `${batch.join('\n')}\n`,
    });
    expect([code, stderr]).toEqual([0, '']);

    const seen = { plain: 0, byKind: 0, bySource: 0 };
    for (let i = 0; i < 120; i++) {
      const to = near();
      const source =
        family.version === 6 ? new Address(0x20010db8, 0x770000 | (u32() % 4), u32() % 2, 5) : undefined;
      const by = source === undefined ? [] : ['from', family.format(source), 'iif', 'in'];
      const said = await kernel.run('ip', [flag, 'route', 'get', family.format(to), ...by]);
      const ours = table.lookup(to, source);
      if (ours?.kind !== undefined) seen.byKind++;
      else if (ours?.from !== undefined) seen.bySource++;
      else if (ours !== undefined) seen.plain++;
      const question = `${family.format(to)} ${by.join(' ')}: ${said.stdout}${said.stderr}`;
      if (ours === undefined || ours.kind !== undefined)
        expect(said.stderr, question).toMatch(REFUSED[ours?.kind ?? 'none']!);
      else expect(said.stdout, question).toContain(` via ${family.format(ours.gateway)} `);
    }
    expect(seen.plain).toBeGreaterThan(20);
    expect(seen.byKind).toBeGreaterThan(5);
    if (family.version === 6) expect(seen.bySource).toBeGreaterThan(5);
  });
});

const FAMILIES = [
  {
    version: 4,
    id: 10,
    gateway: '198.18.1.1',
    legs: { a: '198.18.2.2/24', b: '198.18.3.2/24' },
    back: ['198.18.2.1', '198.18.3.1'],
    near: '198.18.1.2/24',
    far: '198.18.9.9',
    net: (n: number) => `198.18.${n}.9`,
    counter: 'Udp.NoPorts',
    words: {
      11: /From 198\.18\.1\.1 icmp_seq=1 Destination Host Unreachable/,
      12: /From 198\.18\.1\.1 icmp_seq=1 Destination Net Unreachable/,
      13: /From 198\.18\.1\.1 icmp_seq=1 Packet filtered/,
    },
    marks: { 11: '!H', 12: '!N', 13: '!X' },
  },
  {
    version: 6,
    id: 11,
    gateway: '2001:db8:1::1',
    legs: { a: '2001:db8:2::2/64', b: '2001:db8:3::2/64' },
    back: ['2001:db8:2::1', '2001:db8:3::1'],
    near: '2001:db8:1::2/64',
    far: '2001:db8:9::9',
    net: (n: number) => `2001:db8:${n}::9`,
    counter: 'Udp6NoPorts',
    words: {
      11: /From 2001:db8:1::1 icmp_seq=1 Destination unreachable: Address unreachable/,
      12: /From 2001:db8:1::1 icmp_seq=1 Destination unreachable: (Reject route|Unknown code 6)/,
      13: /From 2001:db8:1::1 icmp_seq=1 Destination unreachable: Administratively prohibited/,
    },
    marks: { 11: '!H', 12: '!<6>', 13: '!X' },
  },
] as const;

describe.skipIf(missing !== undefined)('a router between three kernels', () => {
  let near: Namespace;
  const far: Record<'a' | 'b', Namespace> = {} as Record<'a' | 'b', Namespace>;
  let router: Running;
  beforeAll(async () => {
    near = await Namespace.create();
    router = near.twinstack(['run', '--live', '--no-host-side', '--commands', '-', deck('routes.deck')]);
    await router.saying(/twinstack is live/);
    for (const leg of ['a', 'b'] as const) far[leg] = await Namespace.create();
    for (const family of FAMILIES) {
      const nodad = family.version === 6 ? ['nodad'] : [];
      const device = `near${family.version}`;
      await near.ip('addr', 'add', family.near, 'dev', device, ...nodad);
      await near.ip('link', 'set', device, 'up');
      await near.ip('route', 'add', 'default', 'via', family.gateway, 'dev', device);
      for (const [i, leg] of (['a', 'b'] as const).entries()) {
        const link = `${leg}${family.version}`;
        await near.ip('link', 'set', link, 'netns', far[leg].name);
        await far[leg].ip('addr', 'add', family.legs[leg], 'dev', link, ...nodad);
        await far[leg].ip('addr', 'add', family.far, 'dev', 'lo', ...nodad);
        await far[leg].ip('link', 'set', link, 'up');
        await far[leg].ip('route', 'add', 'default', 'via', family.back[i]!, 'dev', link);
      }
    }
  });
  afterAll(async () => {
    await near?.[Symbol.asyncDispose]();
    for (const namespace of Object.values(far)) await namespace[Symbol.asyncDispose]();
  });

  for (const { version, id, far: target, net, counter, words, marks } of FAMILIES) {
    const flag = `-${version}`;

    it(`IPv${version}: routes that end packets tell it as their type says`, async () => {
      for (const n of [11, 12, 13] as const) {
        const { stdout } = await near.run('ping', [flag, '-n', '-c', '1', '-W', '2', net(n)]);
        expect(stdout).toMatch(words[n]);
        const trace = await near.run('traceroute', [flag, '-n', '-q', '1', '-w', '2', '-m', '3', net(n)]);
        expect(trace.stdout).toContain(marks[n]);
      }
      const { stdout, code } = await near.run('ping', [flag, '-n', '-c', '1', '-W', '1', net(10)]);
      expect([code, /From/.test(stdout)]).toEqual([1, false]);
    });

    it(`IPv${version}: flows of UDP go by both legs, by one alone when a command takes the other's link down`, async () => {
      const both = await send();
      expect(both.a + both.b).toBe(60);
      // Five standard deviations of a fair draw.
      expect(Math.abs(both.a - 30)).toBeLessThan(20);
      router.write(`LINK ${id} A DOWN\n`);
      await router.saying(new RegExp(`link A of stack ${id} is down`));
      expect(await send()).toEqual({ a: 0, b: 60 });
      router.write(`LINK ${id} A UP\nROUTE ${id} DEL B ${route(version)} 1\n`);
      await router.saying(new RegExp(`route to .* of stack ${id} removed`));
      expect(await send()).toEqual({ a: 60, b: 0 });
    });

    /** A datagram of each of 60 flows; how many came by which leg. */
    async function send(): Promise<{ a: number; b: number }> {
      const before = { a: await far.a.counter(counter), b: await far.b.counter(counter) };
      const loop = `for p in $(seq 20001 20060); do echo x > /dev/udp/${target}/$p; done`;
      await near.run('bash', ['-c', loop]);
      let came = { a: 0, b: 0 };
      await eventually(async () => {
        came = {
          a: (await far.a.counter(counter)) - before.a,
          b: (await far.b.counter(counter)) - before.b,
        };
        return came.a + came.b >= 60 ? came : undefined;
      }, 3_000);
      return came;
    }
  }
});

function route(version: 4 | 6): string {
  return version === 4 ? '198.18.9.0 255.255.255.0 198.18.3.2' : '2001:DB8:9::0 /64 2001:DB8:3::2';
}
