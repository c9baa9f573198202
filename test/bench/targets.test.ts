import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Comparison } from '../../bench/measure.ts';
import { duration } from '../../bench/progress.ts';
import { BENCHMARKS, judged } from '../../bench/targets.ts';

const FOLDER = new URL('../../bench/', import.meta.url);

it('lists every file that is a benchmark, and no other', () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.ts'));
  const benchmarks = files.filter((file) =>
    /^export (async )?function run\b/m.test(readFileSync(new URL(file, FOLDER), 'utf8')),
  );
  expect(BENCHMARKS.map(({ name }) => `${name}.ts`).sort()).toEqual(benchmarks.sort());
});

const row = (name: string, subject: number, ratio: number): Comparison => ({
  name,
  unit: 'Gbit/s',
  subject,
  reference: subject / ratio,
  referenceName: 'kernel',
  ratio,
});
const benchmark = (name: string) => BENCHMARKS.find((each) => each.name === name)!;
const verdict = (name: string, ...of: Parameters<typeof row>) => judged(benchmark(name), row(...of)).verdict;

it('judges a row by its ratio or its figure, whichever is aimed at', () => {
  const name = 'TCP in over TUN, IPv4, MTU 1500, with offload';
  expect(verdict('tun-bulk', name, 1, 0.84)).toBe('missed');
  expect(verdict('tun-bulk', name, 1, 0.85)).toBe('reached');
  expect(verdict('tun-bulk', name, 1, 0.95)).toBe('stretch');
  expect(verdict('tun-bulk', name, 1, Number.NaN)).toBe('missed');
  expect(verdict('idle-sockets', 'memory', 1_537, 0.1)).toBe('missed');
  expect(verdict('idle-sockets', 'memory', 1_000, 9)).toBe('stretch');
  expect(verdict('virtual-bulk', 'anything', 1, 1)).toBeUndefined();
  expect(judged(benchmark('tun-bulk'), row(name, 1, 1)).target).toBe('ratio >= 0.85 (stretch 0.95)');
});

it('aims at no row that has never been measured', () => {
  const kept = JSON.parse(readFileSync(new URL('results.json', FOLDER), 'utf8')) as {
    results: Comparison[];
  };
  const unmeasured = BENCHMARKS.flatMap(({ targets }) => targets).filter(
    ({ row: pattern }) => !kept.results.some(({ name }) => pattern.test(name)),
  );
  expect(unmeasured).toEqual([]);
});

it.each([
  [0, '0 s'],
  [59.4, '59 s'],
  [432, '7 min 12 s'],
])('writes %d s as %s', (seconds, text) => expect(duration(seconds)).toBe(text));
