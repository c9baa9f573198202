import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Address } from '../../../stacks/address/address.ts';
import { ipv4 } from '../../../stacks/address/ipv4.ts';
import { ipv6 } from '../../../stacks/address/ipv6.ts';
import { type Route, RouteTable } from '../../../stacks/forward/routes.ts';
import { environment, ip } from '../ipv4/net.ts';

function route(text: string, interfaceIndex: number, metric = 0, gateway = '0.0.0.0'): Route {
  const [destination, length] = text.split('/');
  return {
    destination: ip(destination!),
    prefixLength: Number(length),
    gateway: ip(gateway),
    interfaceIndex,
    metric,
    origin: 'static',
  };
}

function table(...routes: Route[]): RouteTable {
  const made = new RouteTable(ipv4, environment().random);
  for (const one of routes) made.add(one);
  return made;
}

describe('the routing table', () => {
  it('prefers the longest prefix, then the lower metric, then the earlier card', () => {
    const routes = table(
      route('0.0.0.0/0', 1),
      route('10.0.0.0/8', 2, 5),
      route('10.0.0.0/8', 3, 1),
      route('10.0.0.0/8', 4, 1),
      route('10.1.2.3/16', 5, 9),
    );
    const by = (to: string): number | undefined => routes.lookup(ip(to))?.interfaceIndex;
    expect([by('10.1.9.9'), by('10.2.0.0'), by('11.0.0.0')]).toEqual([5, 3, 1]);
    expect(routes.candidates(ip('10.1.9.9')).map((r) => r.interfaceIndex)).toEqual([5, 3, 4, 2, 1]);
    expect(routes.lookup(ip('10.1.9.9'))!.destination).toEqual(ip('10.1.0.0'));
    routes.setUsable(3, false);
    expect(by('10.2.0.0')).toBe(4);
    expect(routes.candidates(ip('10.2.0.0')).map((r) => r.interfaceIndex)).toEqual([4, 2, 1, 3]);
    routes.setUsable(3, true);
    expect(by('10.2.0.0')).toBe(3);
  });

  it('withdraws by prefix, by gateway, by interface', () => {
    const routes = table(
      route('10.0.0.0/8', 1, 0, '10.0.0.1'),
      route('10.0.0.0/8', 2, 0, '10.0.0.2'),
      route('10.0.0.0/8', 3, 0, '10.0.0.2'),
    );
    expect(routes.remove(ip('10.0.0.0'), 8, ip('10.0.0.9'))).toBe(false);
    expect(routes.remove(ip('10.0.0.0'), 9)).toBe(false);
    expect(routes.remove(ip('10.9.9.9'), 8, ip('10.0.0.2'), 2)).toBe(true);
    expect([...routes].map((r) => r.interfaceIndex)).toEqual([1, 3]);
    expect(routes.remove(ip('10.0.0.0'), 8)).toBe(true);
    expect([routes.size, routes.lookup(ip('10.0.0.0')), routes.candidates(ip('10.0.0.0'))]).toEqual([
      0,
      undefined,
      [],
    ]);
  });

  const word = fc.constantFrom(0, 1, -1, 0x0a000000, 0x0a0000ff, 0x0a00ff00, 0x20010db8, 1 << 31);
  it.each([ipv4, ipv6])('agrees with a plain search, $name', (family) => {
    const address = fc
      .tuple(word, word, word, word)
      .map(([a, b, c, d]) => (family.bits === 32 ? new Address(0, 0, 0, d) : new Address(a, b, c, d)));
    const change = fc.record({
      add: fc.integer({ min: 0, max: 3 }).map((n) => n > 0),
      destination: address,
      prefixLength: fc.nat(family.bits),
      metric: fc.nat(2),
      interfaceIndex: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 40 }),
        fc.array(address),
        fc.nat(4),
        (changes, asked, down) => {
          const routes = new RouteTable(family, environment().random);
          routes.setUsable(down, false);
          let model: Route[] = [];
          for (const { add, destination, prefixLength, metric, interfaceIndex } of changes) {
            const network = family.network(destination, prefixLength);
            if (add) {
              const one: Route = {
                destination: network,
                prefixLength,
                gateway: family.any,
                interfaceIndex,
                metric,
                origin: 'static',
              };
              routes.add({ ...one, destination });
              model.push(one);
            } else {
              routes.remove(destination, prefixLength);
              model = model.filter((r) => r.prefixLength !== prefixLength || !r.destination.equals(network));
            }
          }
          expect([...routes]).toEqual(model);
          for (const to of asked) {
            const ranked = model
              .filter((r) => family.matches(to, r.destination, r.prefixLength))
              .sort((a, b) => b.prefixLength - a.prefixLength || a.metric - b.metric);
            const usable = ranked.filter((r) => r.interfaceIndex !== down);
            expect(routes.lookup(to)).toEqual(usable[0]);
            expect(routes.candidates(to)).toEqual([
              ...usable,
              ...ranked.filter((r) => r.interfaceIndex === down),
            ]);
          }
        },
      ),
    );
  });

  /** Addresses and prefixes crowd in a few places, so that they nest at every step of the strides. */
  it.each([
    [ipv4, [0, 1, 7, 8, 9, 15, 16, 17, 20, 23, 24, 25, 28, 31, 32]],
    [ipv6, [0, 3, 12, 16, 17, 29, 31, 32, 33, 40, 48, 56, 63, 64, 65, 96, 127, 128]],
  ] as const)('keeps agreeing as prefixes come and go, case %#', (family, lengths) => {
    const { u32 } = environment(7).random;
    const pick = <T>(from: readonly T[]): T => from[u32() % from.length]!;
    const bit = (): number => (u32() % 4 === 0 ? 1 << (u32() % 32) : 0);
    const word = (): number => pick([0x20010db8, 0x20010000, 0x2a000000, 0]) ^ bit() ^ bit();
    const address = (): Address =>
      family.version === 4
        ? new Address(0, 0, 0, word())
        : new Address(word(), bit() ^ bit(), bit(), bit() ^ pick([0, 1]));
    const routes = new RouteTable(family, environment().random);
    let model: Route[] = [];
    let down = 0;
    for (let step = 0; step < 3_000; step++) {
      // The table grows over its bounds and shrinks under them again.
      const grows = u32() % 100 < (step % 1_500 < 900 ? 70 : 20);
      const one: Route = {
        destination: address(),
        prefixLength: pick(lengths),
        gateway: new Address(0, 0, 0, u32() % 5),
        interfaceIndex: 1 + (u32() % 3),
        metric: u32() % 3,
        origin: 'static',
      };
      const { prefixLength } = one;
      if (grows) {
        routes.add(one);
        model.push({ ...one, destination: family.network(one.destination, prefixLength) });
      } else if (model.length > 0) {
        const { destination, prefixLength, gateway } = pick(model);
        const by = u32() % 2 === 0 ? gateway : undefined;
        routes.remove(destination, prefixLength, by);
        model = model.filter(
          (r) =>
            r.prefixLength !== prefixLength ||
            !r.destination.equals(destination) ||
            (by !== undefined && !r.gateway.equals(by)),
        );
      }
      if (step % 400 === 0) {
        routes.setUsable(down, true);
        down = u32() % 5;
        routes.setUsable(down, false);
      }
      for (let i = 0; i < 4; i++) {
        const near = model.length > 0 && i > 0 ? pick(model).destination.clone() : address();
        if (i > 1) near.w3 ^= bit();
        if (i > 2 && family.version === 6) near.w0 ^= bit();
        const best = model
          .filter((r) => r.interfaceIndex !== down && family.matches(near, r.destination, r.prefixLength))
          .sort((a, b) => b.prefixLength - a.prefixLength || a.metric - b.metric)[0];
        const way = routes.way(near);
        expect([way?.gateway.w3, way?.interfaceIndex, way?.metric]).toEqual([
          best?.gateway.w3,
          best?.interfaceIndex,
          best?.metric,
        ]);
        expect(routes.lookup(near)).toEqual(best);
      }
    }
    expect([...routes]).toEqual(model);
    for (const { destination, prefixLength } of model) routes.remove(destination, prefixLength);
    expect([routes.size, routes.bytes < 1_024]).toEqual([0, true]);
  });

  it('stays right when a prefix is all there is of its kind', () => {
    const routes = table();
    for (let i = 0; i < 40; i++) routes.add(route(`10.0.${i}.0/25`, 1 + (i & 1)));
    routes.add(route('0.0.0.0/0', 9));
    const by = (to: string): number | undefined => routes.way(ip(to))?.interfaceIndex;
    expect([by('10.0.3.1'), by('10.0.3.200'), by('8.8.8.8')]).toEqual([2, 9, 9]);
    routes.remove(ip('10.0.3.0'), 25);
    routes.add(route('10.0.3.0/24', 5));
    expect([by('10.0.3.1'), by('10.0.3.200'), by('10.0.4.1')]).toEqual([5, 5, 1]);
  });

  it('holds a hundred thousand prefixes', () => {
    const routes = new RouteTable(ipv4, environment().random);
    for (let i = 0; i < 100_000; i++) {
      routes.add({ ...route('0.0.0.0/24', 1), destination: new Address(0, 0, 0, i << 12), metric: i & 7 });
    }
    expect(routes.size).toBe(100_000);
    expect(routes.lookup(new Address(0, 0, 0, (77_777 << 12) | 5))!.metric).toBe(77_777 & 7);
    for (let i = 0; i < 100_000; i++) expect(routes.remove(new Address(0, 0, 0, i << 12), 24)).toBe(true);
    expect(routes.size).toBe(0);
  });
});
