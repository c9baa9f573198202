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
import { type Comparison, compare } from './measure.ts';
import { type Curve, plot } from './plot.ts';
import { ForwardingBench } from './router.ts';

const FULL = { 4: 1_000_000, 6: 200_000 } as const;
const SIZES = [10, 100, 1_000, 10_000, 100_000, 1_000_000];
const FLOWS = 4_095;
const PACKETS = 1_000_000;
/** Changes of one run. */
const CHANGES = 20_000;

/** What is wanted of a table. */
const BYTES = 64e6;
const CHANGE_SECONDS = 10e-6;

export async function run(): Promise<Comparison[]> {
  const results: Comparison[] = [];
  const curves: Curve[] = [];
  for (const family of [ipv4, ipv6]) {
    results.push(...(await changes(family)));
    const flows: [number, number][] = [];
    const random: [number, number][] = [];
    for (const size of SIZES) {
      const prefixes = fullTable(family, size, size);
      const bench = new ForwardingBench(family, prefixes);
      flows.push([size, nanoseconds(bench, destinations(family, prefixes, FLOWS))]);
      random.push([size, nanoseconds(bench, destinations(family, prefixes, Math.max(FLOWS, size)))]);
    }
    curves.push(
      { name: `${family.name}, ${FLOWS} destinations`, points: flows },
      { name: `${family.name}, as many as prefixes`, points: random },
    );
    for (const [name, points] of [
      ['4095 destinations', flows],
      ['as many destinations as prefixes', random],
    ] as const) {
      const [few, many] = [1e9 / points[0]![1], 1e9 / points.at(-1)![1]];
      results.push({
        name: `${family.name} packets by 1000000 routes, ${name}`,
        unit: 'packets',
        subject: many,
        reference: few,
        referenceName: 'by 10 routes',
        ratio: many / few,
      });
    }
  }
  const title = 'ns of CPU time for a packet in transit, against routes';
  writeFileSync(join(packageRoot(), 'docs', 'routes.svg'), plot(title, curves));
  return results;
}

async function changes(family: Family): Promise<Comparison[]> {
  const size = FULL[family.version];
  const prefixes = fullTable(family, size + CHANGES, 1);
  const table = new RouteTable(family, seeded(4));
  const routes = prefixes.map((prefix, n) => routeTo(prefix, family.any, n));
  for (const route of routes.slice(0, size)) table.add(route);
  const full = `beside ${size} ${family.name} prefixes`;
  const results: Comparison[] = [
    {
      name: `bytes of a table of ${size} ${family.name} prefixes`,
      unit: 'prefixes per GB',
      subject: (size / table.bytes) * 1e9,
      reference: (size / BYTES) * 1e9,
      referenceName: 'bound of 64 MB',
      ratio: BYTES / table.bytes,
    },
  ];
  const wanted = async (): Promise<number> => 1 / CHANGE_SECONDS;
  const others = routes.slice(size);
  const insert = (): number => medianRate(others, (route) => table.add(route));
  const withdraw = (): number =>
    medianRate(others, ({ destination, prefixLength }) => table.remove(destination, prefixLength));
  results.push(
    await compare(
      `insertions ${full}, median`,
      'routes',
      async () => {
        const rate = insert();
        withdraw();
        return rate;
      },
      '10 us each',
      wanted,
    ),
    await compare(
      `withdrawals ${full}, median`,
      'routes',
      async () => {
        insert();
        return withdraw();
      },
      '10 us each',
      wanted,
    ),
  );
  return results;
}

/** Calls a second, if all took as long as the median one. */
function medianRate<T>(of: readonly T[], call: (one: T) => void): number {
  const times = new Float64Array(of.length);
  for (let i = 0; i < of.length; i++) {
    const began = performance.now();
    call(of[i]!);
    times[i] = performance.now() - began;
  }
  return 1_000 / times.sort()[times.length >> 1]!;
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
