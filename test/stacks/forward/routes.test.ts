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
