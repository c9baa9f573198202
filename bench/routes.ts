/**
 * The routing table from ten routes to a million: memory, how long an insertion or a withdrawal takes beside a full
 * table, and what a packet in transit costs (forwarder.ts says how). Draws docs/routes.svg.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { collectGarbage } from '../src/cli/heap.ts';
import { Address } from '../stacks/address/address.ts';
import type { Family } from '../stacks/address/family.ts';
import { ipv4 } from '../stacks/address/ipv4.ts';
import { ipv6 } from '../stacks/address/ipv6.ts';
import type { Route } from '../stacks/forward/route.ts';
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

/** The words of a prefix and its length. */
type Row = [number, number, number, number, number];

/** What is wanted of a table. */
const BYTES = 64e6;
/** us */
const CHANGE_TIME = 10;
/** us: nothing else is done meanwhile. */
const SLOWEST = 5_000;

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
  const prefixes = packed(fullTable(family, size + CHANGES, 1));
  const table = new RouteTable(family, seeded(4));
  collectGarbage();
  const route = (n: number): Route => routeTo(prefixAt(prefixes, n), family.any, n);
  const building = times(size, route, (one) => table.add(one));
  const megabytes = table.bytes / 1e6;
  const other = (n: number): Route => route(size + n);
  const inserting = times(CHANGES, other, (one) => table.add(one));
  const withdrawing = times(CHANGES, other, (one) => table.remove(one.destination, one.prefixLength));
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
    row('insertion, median, beside', 'us', at(inserting, 0.5), CHANGE_TIME),
    row('insertion, 99.9 %, beside', 'us', at(inserting, 0.999), CHANGE_TIME),
    row('insertion, slowest, beside', 'us', at(inserting, 1), SLOWEST),
    row('withdrawal, median, beside', 'us', at(withdrawing, 0.5), CHANGE_TIME),
    row('withdrawal, 99.9 %, beside', 'us', at(withdrawing, 0.999), CHANGE_TIME),
    row('withdrawal, slowest, beside', 'us', at(withdrawing, 1), SLOWEST),
    row('insertion, 99.9 %, from none to', 'us', at(building, 0.999), CHANGE_TIME),
    row('insertion, slowest, from none to', 'us', at(building, 1), SLOWEST),
  ];
}

/** us of each of `count` calls, by the clock, in order. */
function times(count: number, make: (n: number) => Route, call: (one: Route) => void): Float64Array {
  const times = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const one = make(i);
    const began = performance.now();
    call(one);
    times[i] = 1_000 * (performance.now() - began);
  }
  return times.sort();
}

/** Words, since a million prefixes as objects take the collector 0.4 s, in the middle of one of the calls. */
function packed(prefixes: readonly TablePrefix[]): Int32Array {
  const words = new Int32Array(5 * prefixes.length);
  for (const [n, { destination: d, prefixLength }] of prefixes.entries()) {
    words.set([d.w0, d.w1, d.w2, d.w3, prefixLength], 5 * n);
  }
  return words;
}

function prefixAt(words: Int32Array, n: number): TablePrefix {
  const [w0, w1, w2, w3, prefixLength] = words.subarray(5 * n, 5 * n + 5) as unknown as Row;
  return { destination: new Address(w0, w1, w2, w3), prefixLength };
}

/** The time that this share of all took at most. */
function at(times: Float64Array, share: number): number {
  return times[Math.min(times.length - 1, Math.floor(share * times.length))]!;
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
