/**
 * `npm run bench [-- NAME ...] [--json]`: the figures of this folder, each as a ratio to a reference run in the same call.
 * Whatever ran is kept in bench/results.json. `npm run bench -- --compare OLD.json NEW.json` tells what got worse.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compareResults, readResults } from './guard.ts';
import { type Comparison, machine, type Results } from './measure.ts';

const RESULTS = fileURLToPath(new URL('../../bench/results.json', import.meta.url));

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean' }, compare: { type: 'boolean' } },
  allowPositionals: true,
});

if (values.compare === true) {
  const [before, after] = positionals;
  if (before === undefined || after === undefined) {
    process.stderr.write('--compare needs two result files, the older one first\n');
    process.exitCode = 2;
  } else {
    const { text, worse } = compareResults(readResults(before), readResults(after));
    process.stdout.write(text);
    process.exitCode = worse > 0 ? 1 : 0;
  }
} else {
  await measureAll(positionals);
}

/** A benchmark is a file of this folder that exports `run`. */
async function measureAll(wanted: readonly string[]): Promise<void> {
  const here = fileURLToPath(new URL('.', import.meta.url));
  const files = readdirSync(here).filter((file) => file.endsWith('.js') && file !== 'run.js');
  const names = files.map((file) => file.slice(0, -3)).sort();
  const comparisons: Comparison[] = [];
  const ran: string[] = [];
  process.stderr.write(`${machine()}\n`);
  for (const name of names) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const module = (await import(`./${name}.js`)) as { run?: () => Promise<Comparison[]> };
    if (module.run === undefined) continue;
    ran.push(name);
    process.stderr.write(`${name} ...\n`);
    for (const comparison of await module.run()) {
      comparisons.push(comparison);
      if (values.json !== true) process.stdout.write(line(comparison));
    }
  }
  const unknown = wanted.filter((name) => !ran.includes(name));
  if (unknown.length > 0) {
    process.stderr.write(`no benchmark is called ${unknown.join(', ')}; there are ${names.join(', ')}\n`);
    process.exitCode = 2;
  }
  if (ran.length === 0) return;
  const results: Results = { machine: machine(), results: comparisons };
  if (values.json === true) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(RESULTS, `${JSON.stringify(merged(results), null, 2)}\n`);
}

/** What ran now replaces what is kept under the same name. */
function merged(results: Results): Results {
  let kept: readonly Comparison[] = [];
  try {
    kept = (JSON.parse(readFileSync(RESULTS, 'utf8')) as Results).results;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const now = new Set(results.results.map((r) => r.name));
  return { ...results, results: [...kept.filter((r) => !now.has(r.name)), ...results.results] };
}

function line({ name, unit, subject, reference, referenceName, ratio }: Comparison): string {
  const figure = (n: number): string => (n >= 100 ? n.toFixed(0) : n.toPrecision(3));
  return `${name}: ${figure(subject)} ${unit}, ${referenceName} ${figure(reference)} ${unit}, ratio ${ratio.toFixed(3)}\n`;
}
