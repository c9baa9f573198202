/** The benchmarks, each a file of this folder, in the order in which they run; and what is aimed at in each of their rows. */
import type { Comparison, Result } from './measure.ts';

export interface Target {
  /** The rows that it is for, by their names. */
  readonly row: RegExp;
  /** What has to reach it: the ratio to the reference, or the figure itself, in the unit of the row. */
  readonly of: 'ratio' | 'figure';
  readonly sense: '>=' | '<=';
  readonly reach: number;
  readonly stretch?: number;
}

export interface Benchmark {
  readonly name: string;
  readonly claim: string;
  /** `root`: makes network namespaces. `load`: as well runs the load client, whose C source LOAD_C names. */
  readonly needs?: 'root' | 'load';
  /** Takes minutes: runs only when it is named. */
  readonly onlyByName?: boolean;
  readonly targets: readonly Target[];
}

const ratio = (row: RegExp, sense: '>=' | '<=', reach: number, stretch?: number): Target => ({
  row,
  of: 'ratio',
  sense,
  reach,
  ...(stretch !== undefined && { stretch }),
});
const figure = (row: RegExp, sense: '>=' | '<=', reach: number, stretch?: number): Target => ({
  ...ratio(row, sense, reach, stretch),
  of: 'figure',
});
const ANY = /^/;

export const BENCHMARKS: readonly Benchmark[] = [
  {
    name: 'forwarder',
    claim: 'in-memory forwarder against a C loop',
    targets: [
      ratio(/IPv4.* flows$/, '>=', 0.4, 0.75),
      ratio(/IPv4.* random/, '>=', 0.7, 0.85),
      ratio(/IPv6/, '>=', 0.4, 0.6),
    ],
  },
  {
    name: 'routes',
    claim: 'routing tables: memory, changes, and what a packet costs from 10 to 1,000,000 routes',
    targets: [
      figure(/^memory/, '<=', 64),
      figure(/^(insertion|withdrawal), median/, '<=', 10),
      ratio(/packet in transit/, '<=', 3),
    ],
  },
  {
    name: 'idle-connections',
    claim: 'a million idle connections in memory',
    targets: [
      figure(/^IPv4.* memory of an end/, '<=', 256, 176),
      figure(/^IPv6.* memory of an end/, '<=', 300, 216),
    ],
  },
  {
    name: 'idle-sockets',
    claim: 'an idle connection with its node-shaped socket',
    targets: [figure(ANY, '<=', 1_536, 1_024)],
  },
  {
    name: 'idle-beside-bulk',
    claim: 'a bulk flow beside 100,000 idle connections',
    targets: [ratio(ANY, '>=', 0.9)],
  },
  {
    name: 'churn',
    claim: 'connections set up and closed in memory, both ends, full TCP',
    targets: [figure(ANY, '>=', 300_000, 600_000)],
  },
  {
    name: 'virtual-segments',
    claim: 'segments through two stacks and a segment in virtual time',
    targets: [figure(/^segments through two stacks/, '>=', 1_000_000, 2_000_000)],
  },
  { name: 'virtual-bulk', claim: 'a bulk flow in virtual time', targets: [] },
  {
    name: 'growth',
    claim: 'cost of a segment from 10 to 1,000,000 connections',
    targets: [ratio(/^segment with 1,000,000/, '<=', 1.3)],
  },
  {
    name: 'live-start',
    claim: 'start of run --live to the first answered ping, and its memory',
    needs: 'load',
    targets: [figure(/^start/, '<=', 0.4), figure(/^resident/, '<=', 60)],
  },
  {
    name: 'event-loop',
    claim: 'a timer of 5 ms while a bulk flow runs',
    needs: 'load',
    targets: [figure(ANY, '<=', 5)],
  },
  {
    name: 'tun-bulk',
    claim: 'TCP over TUN, MTU 1500, one flow, against the kernel over veth',
    needs: 'load',
    targets: [
      ratio(/^TCP in .* with offload/, '>=', 0.85, 0.95),
      ratio(/^TCP out .* with offload/, '>=', 1.5, 2),
      ratio(/^TCP in .* without offload/, '>=', 0.75, 1),
      ratio(/^TCP out .* without offload/, '>=', 0.4, 0.5),
    ],
  },
  {
    name: 'tun-churn',
    claim: 'connections opened and closed over TUN, against the kernel over loopback',
    needs: 'load',
    targets: [ratio(ANY, '>=', 1.3, 1.6)],
  },
  {
    name: 'tun-connections',
    claim: '4,095 connections over TUN: opened, and echo over them',
    needs: 'load',
    targets: [figure(/opened$/, '>=', 40_000, 65_000), ratio(/echo/, '>=', 0.9, 1)],
  },
  {
    name: 'tun-forward',
    claim: 'small packets forwarded between two TUNs, against Linux between two veths',
    needs: 'root',
    targets: [ratio(ANY, '>=', 1, 1.4)],
  },
  {
    name: 'lossy-path',
    claim: 'one flow over a path that loses and delays, against Linux to Linux over the same path',
    needs: 'load',
    onlyByName: true,
    targets: [ratio(ANY, '>=', 1)],
  },
  {
    name: 'fair-share',
    claim: 'flows of twinstack and of Linux over one bottleneck',
    needs: 'load',
    onlyByName: true,
    targets: [figure(/Jain/, '>=', 0.9)],
  },
];

/** The row with its target, and whether it was reached. */
export function judged(benchmark: Benchmark, row: Comparison): Result {
  const target = benchmark.targets.find((each) => each.row.test(row.name));
  if (target === undefined) return row;
  const value = target.of === 'ratio' ? row.ratio : row.subject;
  const reaches = (bound: number | undefined): boolean =>
    bound !== undefined && (target.sense === '>=' ? value >= bound : value <= bound);
  const verdict = reaches(target.stretch) ? 'stretch' : reaches(target.reach) ? 'reached' : 'missed';
  return { ...row, target: describeTarget(target, row.unit), verdict };
}

/** `ratio >= 0.85 (stretch 0.95)`, `<= 1,536 bytes (stretch 1,024)`. */
export function describeTarget({ of, sense, reach, stretch }: Target, unit: string): string {
  const [before, after] = of === 'ratio' ? ['ratio ', ''] : ['', unit === '' ? '' : ` ${unit}`];
  const further = stretch === undefined ? '' : ` (stretch ${stretch.toLocaleString('en')})`;
  return `${before}${sense} ${reach.toLocaleString('en')}${after}${further}`;
}
