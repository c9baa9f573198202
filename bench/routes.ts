/**
 * The routing table from ten routes to a million: memory, how long an insertion or a withdrawal takes beside a full
 * table, and what a packet in transit costs (forwarder.ts says how). Draws docs/routes.svg.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Address } from '../stacks/address/address.ts';
import type { Family } from '../stacks/address/family.ts';
import { ipv4 } from '../stacks/address/ipv4.ts';
import { ipv6 } from '../stacks/address/ipv6.ts';
import { RouteTable } from '../stacks/forward/routes.ts';
import { packageRoot } from './compile.ts';
import { fullTable, inside, routeTo, seeded, type TablePrefix } from './full-table.ts';
import type { Comparison } from './measure.ts';
import { plot, type Series } from './plot.ts';
import { ForwardingBench } from './router.ts';

const FULL = { 4: 1_000_000, 6: 200_000 } as const;
const SIZES = [10, 100, 1_000, 10_000, 100_000, 1_000_000];
const FLOWS = 4_095;
const PACKETS = 1_000_000;
/** Changes of one run. */
const CHANGES = 20_000;

/** What is wanted of a table. */
const BYTES = 64e6;
/** us */
const CHANGE_TIME = 10;

export async function run(): Promise<Comparison[]> {
  const results: Comparison[] = [];
  const curves: Series[] = [];
  for (const family of [ipv4, ipv6]) {
    results.push(...changes(family));
    const flows: [number, number][] = [];
    const random: [number, number][] = [];
    for (const size of SIZES) {
      const prefixes = fullTable(family, size, size);
      const bench = new ForwardingBench(family, prefixes);
      flows.push([size, nanoseconds(bench, destinations(family, prefixes, FLOWS))]);
      random.push([size, nanoseconds(bench, destinations(family, prefixes, Math.max(FLOWS, size)))]);
    }
    curves.push(
      { name: `${family.name}, ${FLOWS} destinations`, points: points(flows) },
      { name: `${family.name}, a destination for each route`, points: points(random) },
    );
    for (const [name, costs] of [
      ['4095 destinations', flows],
      ['as many destinations as prefixes', random],
    ] as const) {
      const [few, many] = [costs[0]![1], costs.at(-1)![1]];
      results.push({
        name: `${family.name} packet in transit by 1000000 routes, ${name}`,
        unit: 'ns',
        better: 'lower',
        subject: many,
        reference: few,
        referenceName: 'by 10 routes',
        ratio: many / few,
      });
    }
  }
  const file = join(packageRoot(), 'docs', 'routes.svg');
  writeFileSync(file, plot('CPU time of a packet in transit', 'routes', 'ns', curves));
  return results;
}

function points(pairs: readonly (readonly [number, number])[]): Series['points'] {
  return pairs.map(([x, y]) => ({ x, y }));
}

function changes(family: Family): Comparison[] {
  const size = FULL[family.version];
  const prefixes = fullTable(family, size + CHANGES, 1);
  const table = new RouteTable(family, seeded(4));
  const routes = prefixes.map((prefix, n) => routeTo(prefix, family.any, n));
  for (const route of routes.slice(0, size)) table.add(route);
  const megabytes = table.bytes / 1e6;
  const others = routes.slice(size);
  const inserting = medianTime(others, (route) => table.add(route));
  const withdrawing = medianTime(others, (route) => table.remove(route.destination, route.prefixLength));
  const row = (name: string, unit: string, subject: number, reference: number): Comparison => ({
    name: `${name} ${size} ${family.name} prefixes`,
    unit,
    better: 'lower',
    subject,
    reference,
    referenceName: 'wanted',
    ratio: subject / reference,
  });
  return [
    row('memory of a table of', 'MB', megabytes, BYTES / 1e6),
    row('insertion, median, beside', 'us', inserting, CHANGE_TIME),
    row('withdrawal, median, beside', 'us', withdrawing, CHANGE_TIME),
  ];
}

/** us */
function medianTime<T>(of: readonly T[], call: (one: T) => void): number {
  const times = new Float64Array(of.length);
  for (let i = 0; i < of.length; i++) {
    const began = performance.now();
    call(of[i]!);
    times[i] = 1_000 * (performance.now() - began);
  }
  return times.sort()[times.length >> 1]!;
}

function destinations(family: Family, prefixes: readonly TablePrefix[], count: number): Address[] {
  const random = seeded(5);
  return Array.from({ length: count }, (_, i) => {
    const prefix = count > prefixes.length ? prefixes[i % prefixes.length]! : prefixes[i]!;
    return inside(family, prefix, random);
  });
}

/** Median of five runs, after one that does not count. */
function nanoseconds(bench: ForwardingBench, to: readonly Address[]): number {
  const arrivals = bench.arrivals(to);
  bench.forward(arrivals, PACKETS);
  const runs = Array.from({ length: 5 }, () => 1e9 / bench.forward(arrivals, PACKETS));
  return runs.sort((a, b) => a - b)[2]!;
}
