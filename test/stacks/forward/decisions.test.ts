import { describe, expect, it } from 'vitest';
import { Address } from '../../../stacks/address/address.ts';
import { ipv4 } from '../../../stacks/address/ipv4.ts';
import { ipv6 } from '../../../stacks/address/ipv6.ts';
import { BURST, type Flow, type Route, RouteTable, type Way } from '../../../stacks/forward/routes.ts';
import { environment, ip } from '../ipv4/net.ts';

type Family = typeof ipv4 | typeof ipv6;

/** The whole decision as a search through a list. */
class Model {
  routes: Route[] = [];
  readonly down = new Set<number>();
  readonly silent = new Set<string>();
  readonly #family: Family;

  constructor(family: Family) {
    this.#family = family;
  }

  answers({ gateway, interfaceIndex, origin, kind = 'unicast' }: Route): boolean {
    const hasGateway = kind === 'unicast' && origin === 'static' && !gateway.isUnspecified;
    return !hasGateway || !this.silent.has(`${this.#family.format(gateway)} ${interfaceIndex}`);
  }

  /** What matches and could be taken, best first; routes as good stand in the order in which they were written. */
  ranked(to: Address, source: Address | undefined): Route[] {
    const family = this.#family;
    const matching = this.routes.filter(
      ({ destination, prefixLength, from, interfaceIndex }) =>
        family.matches(to, destination, prefixLength) &&
        (from === undefined || (source !== undefined && family.matches(source, from.address, from.length))) &&
        !this.down.has(interfaceIndex),
    );
    matching.sort(
      (a, b) =>
        b.prefixLength - a.prefixLength ||
        (b.from?.length ?? 0) - (a.from?.length ?? 0) ||
        a.metric - b.metric,
    );
    const answering = matching.filter((route) => this.answers(route));
    // Only when nothing else is left.
    return answering.length > 0 ? answering : matching.slice(0, 1);
  }

  /** The routes that take flows: one, or several with gateways that are as good. */
  legs(to: Address, source: Address | undefined): Route[] {
    const ranked = this.ranked(to, source);
    const best = ranked[0];
    if (best === undefined || !shares(best)) return ranked.slice(0, 1);
    return ranked.filter(
      (route) =>
        shares(route) &&
        route.prefixLength === best.prefixLength &&
        (route.from?.length ?? 0) === (best.from?.length ?? 0) &&
        route.metric === best.metric,
    );
  }
}

function shares({ origin, gateway, kind = 'unicast' }: Route): boolean {
  return origin === 'static' && kind === 'unicast' && !gateway.isUnspecified;
}

/** A flow that is told by a number. */
class Numbered implements Flow {
  number = 0;
  words(into: Int32Array): number {
    into[0] = this.number;
    return 1;
  }
}

const outOf = (way: Way | Route | undefined) =>
  way && [way.gateway.w3, way.interfaceIndex, way.metric, way.kind ?? 'unicast', way.weight ?? 1, way.origin];

describe('the decision, against a search through a list', () => {
  it.each([
    [ipv4, [0, 8, 16, 20, 24, 28, 32], 7],
    [ipv4, [0, 9, 17, 25], 8],
    [ipv6, [0, 3, 16, 29, 32, 40, 48, 64, 65, 128], 9],
    [ipv6, [0, 32, 33, 48], 10],
  ] as const)('agrees after any sequence of changes, case %#', (family, lengths, seed) => {
    const { u32 } = environment(seed).random;
    const pick = <T>(from: readonly T[]): T => from[u32() % from.length]!;
    const bit = (): number => (u32() % 3 === 0 ? 1 << (u32() % 32) : 0);
    const word = (): number => pick([0x20010db8, 0x0a000000, 0x2a000000]) ^ bit();
    const address = (): Address =>
      family.version === 4 ? new Address(0, 0, 0, word()) : new Address(word(), bit(), bit(), bit());
    const sources = [undefined, ...Array.from({ length: 6 }, address)];
    const table = new RouteTable(family, environment().random);
    const model = new Model(family);
    const flow = new Numbered();
    const words = family.version === 4 ? 1 : 4;
    const asked = new Int32Array(words * BURST);
    const burst: (Way | undefined)[] = [];

    const change = (step: number): void => {
      const choice = u32() % 100;
      if (choice < (step % 1_000 < 600 ? 60 : 25) || model.routes.length === 0) {
        const from = pick(sources);
        const length = pick([0, 8, 20, 32]);
        const route: Route = {
          destination: address(),
          prefixLength: pick(lengths),
          gateway: new Address(0, 0, 0, u32() % 4),
          interfaceIndex: 1 + (u32() % 3),
          metric: u32() % 2,
          origin: pick(['static', 'static', 'static', 'link']),
          ...(u32() % 4 === 0 && from !== undefined && { from: { address: from, length } }),
          ...(u32() % 8 === 0 && { kind: pick(['blackhole', 'unreachable', 'reject', 'prohibit'] as const) }),
          ...(u32() % 4 === 0 && { weight: 2 + (u32() % 5) }),
        };
        table.add(route);
        const { from: bare, ...rest } = route;
        model.routes.push({
          ...rest,
          destination: family.network(route.destination, route.prefixLength),
          ...(bare !== undefined &&
            bare.length > 0 && {
              from: { address: family.network(bare.address, bare.length), length: bare.length },
            }),
        });
      } else if (choice < 85) {
        const { destination, prefixLength, gateway, metric, from } = pick(model.routes);
        const match = pick([
          {},
          { gateway },
          { metric },
          { from: from ?? 'any' } as const,
          { metric, gateway },
        ]);
        const before = model.routes.length;
        model.routes = model.routes.filter(
          (r) =>
            r.prefixLength !== prefixLength ||
            !r.destination.equals(destination) ||
            ('gateway' in match && !r.gateway.equals(gateway)) ||
            ('metric' in match && r.metric !== metric) ||
            ('from' in match &&
              (r.from?.length !== from?.length || (from && !r.from!.address.equals(from.address)))),
        );
        expect(table.withdraw(destination, prefixLength, match)).toBe(before - model.routes.length);
      } else if (choice < 95) {
        const link = 1 + (u32() % 3);
        const goesUp = model.down.delete(link);
        if (!goesUp) model.down.add(link);
        table.setUsable(link, goesUp);
      } else {
        const { gateway, interfaceIndex } = pick(model.routes);
        const key = `${family.format(gateway)} ${interfaceIndex}`;
        const comesBack = model.silent.has(key);
        if (!table.setAnswers(gateway, interfaceIndex, comesBack)) return;
        if (comesBack) model.silent.delete(key);
        else model.silent.add(key);
      }
    };
    /** A way that is new is taken to answer until somebody finds out otherwise; the model is told again. */
    const retell = (): void => {
      for (const { gateway, interfaceIndex } of model.routes) {
        if (model.silent.has(`${family.format(gateway)} ${interfaceIndex}`))
          table.setAnswers(gateway, interfaceIndex, false);
      }
    };

    for (let step = 0; step < 2_000; step++) {
      change(step);
      retell();
      for (let i = 0; i < 3; i++) {
        const to = model.routes.length > 0 && i > 0 ? pick(model.routes).destination.clone() : address();
        if (i > 1) to.w3 ^= bit();
        const source = pick(sources);
        const legs = model.legs(to, source).map(outOf);
        expect(outOf(table.lookup(to, source))).toEqual(legs[0]);
        expect(outOf(table.way(to, source))).toEqual(legs[0]);
        flow.number = u32();
        const way = table.way(to, source, flow);
        if (legs.length === 0) expect(way).toBeUndefined();
        else expect(legs).toContainEqual(outOf(way));
        expect(table.way(to, source, flow)).toBe(way);

        // The quick answers say what is true of every source and flow, or nothing.
        asked.set(family.version === 4 ? [to.w3] : [to.w0, to.w1, to.w2, to.w3]);
        table.waysTo(asked, 1, burst);
        if (burst[0] !== undefined) {
          expect(burst[0].kind).toBe('unicast');
          for (const one of sources) expect(model.legs(to, one).map(outOf)).toEqual([outOf(burst[0])]);
        }
        const ways = table.waysOf(to);
        const possible = ways.map(outOf);
        if (model.silent.size === 0) {
          for (const leg of legs) expect(possible).toContainEqual(leg);
          const forAll = model.legs(to, undefined).map(outOf);
          for (const one of ways) if (one.from === undefined) expect(forAll).toContainEqual(outOf(one));
        }

        const told = table.explain(to, source);
        const taken = told.filter(({ verdict }) => verdict === 'taken' || verdict === 'shares');
        expect(taken.map(({ route }) => outOf(route))).toEqual(legs);
        for (const { verdict } of taken) expect(verdict).toBe(legs.length > 1 ? 'shares' : 'taken');
        for (const { route, verdict } of told.slice(taken.length)) {
          const isOther =
            route.from && !(source && family.matches(source, route.from.address, route.from.length));
          const isDown = model.down.has(route.interfaceIndex);
          if (verdict === 'other-source') expect(isOther).toBe(true);
          else if (verdict === 'link-down') expect(isDown).toBe(true);
          else if (verdict === 'gateway-silent') expect(model.answers(route)).toBe(false);
          else expect([isOther ?? false, isDown, model.answers(route)]).toEqual([false, false, true]);
        }
        const matching = model.routes.filter((r) => family.matches(to, r.destination, r.prefixLength));
        expect(told).toHaveLength(matching.length);
      }
    }
    expect([...table].map(outOf)).toEqual(model.routes.map(outOf));
    for (const { destination, prefixLength } of model.routes) table.withdraw(destination, prefixLength, {});
    expect([table.size, table.bytes < 1_024]).toEqual([0, true]);
  });
});

describe('flows over several routes', () => {
  const leg = (last: number, weight = 1): Route => ({
    destination: ip('0.0.0.0'),
    prefixLength: 0,
    gateway: new Address(0, 0, 0, last),
    interfaceIndex: last,
    metric: 1,
    origin: 'static',
    weight,
  });
  const tally = (table: RouteTable, flows: number): Map<number, number> => {
    const flow = new Numbered();
    const counts = new Map<number, number>();
    for (flow.number = 0; flow.number < flows; flow.number++) {
      const { interfaceIndex } = table.way(ip('192.0.2.1'), undefined, flow)!;
      counts.set(interfaceIndex, (counts.get(interfaceIndex) ?? 0) + 1);
    }
    return counts;
  };

  it('are shared by weight', () => {
    const table = new RouteTable(ipv4, environment().random);
    for (const route of [leg(1, 1), leg(2, 2), leg(3, 5)]) table.add(route);
    const counts = tally(table, 8_000);
    // Three standard deviations of a fair draw are at most 134.
    for (const [link, weight] of [
      [1, 1],
      [2, 2],
      [3, 5],
    ] as const)
      expect(Math.abs(counts.get(link)! - 1_000 * weight)).toBeLessThan(134);
  });

  it('leave a leg whose link goes down, and come back to where they were', () => {
    const table = new RouteTable(ipv4, environment().random);
    for (const last of [1, 2, 3]) table.add(leg(last));
    const flow = new Numbered();
    const by = (n: number): number => {
      flow.number = n;
      return table.way(ip('192.0.2.1'), undefined, flow)!.interfaceIndex;
    };
    const before = Array.from({ length: 300 }, (_, n) => by(n));
    table.setUsable(2, false);
    expect(new Set(Array.from({ length: 300 }, (_, n) => by(n)))).toEqual(new Set([1, 3]));
    table.setUsable(2, true);
    expect(Array.from({ length: 300 }, (_, n) => by(n))).toEqual(before);
  });

  it('are told apart by other numbers in another table, so that routers in a row do not all choose alike', () => {
    const tables = [1, 2].map((seed) => {
      const table = new RouteTable(ipv4, environment(seed).random);
      for (const last of [1, 2]) table.add(leg(last));
      return table;
    });
    const flow = new Numbered();
    let same = 0;
    for (flow.number = 0; flow.number < 1_000; flow.number++) {
      const [a, b] = tables.map((table) => table.way(ip('192.0.2.1'), undefined, flow)!.interfaceIndex);
      if (a === b) same++;
    }
    expect(Math.abs(same - 500)).toBeLessThan(48);
  });
});
