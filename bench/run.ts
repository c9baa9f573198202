/**
 * `npm run bench [-- NAME ...] [--json]`: the figures of this folder, each as a ratio to a reference run in the same call,
 * and beside its target. Whatever ran is kept in bench/results.json. `npm run bench -- --list` tells what there is,
 * `npm run bench -- --compare OLD.json NEW.json` what got worse.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from './compile.ts';
import { compareResults, readResults } from './guard.ts';
import { machine, type Result, type Results } from './measure.ts';
import { duration, Progress } from './progress.ts';
import { Session } from './session.ts';
import { BENCHMARKS, type Benchmark, describeTarget, judged } from './targets.ts';

const RESULTS = join(packageRoot(), 'bench', 'results.json');

const USAGE = `npm run bench -- [NAME ...] [--json]     all that need no name, or those named
npm run bench -- --list                  what there is, and what is aimed at
npm run bench -- --compare OLD NEW       two result files: what got worse
`;

const { values, positionals } = parseArgs({
  options: {
    json: { type: 'boolean' },
    compare: { type: 'boolean' },
    list: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
  allowPositionals: true,
});

if (values.help === true) {
  process.stdout.write(USAGE);
} else if (values.compare === true) {
  const [before, after] = positionals;
  if (before === undefined || after === undefined)
    fail('--compare needs two result files, the older one first');
  else {
    try {
      const { text, worse } = compareResults(readResults(before), readResults(after));
      process.stdout.write(text);
      process.exitCode = worse > 0 ? 1 : 0;
    } catch (error) {
      fail((error as Error).message);
    }
  }
} else if (values.list === true) {
  for (const benchmark of BENCHMARKS) process.stdout.write(listed(benchmark));
} else {
  const unknown = positionals.filter((name) => !BENCHMARKS.some((each) => each.name === name));
  const names = BENCHMARKS.map((each) => each.name).join(', ');
  if (unknown.length > 0) fail(`no benchmark is called ${unknown.join(', ')}; there are ${names}`);
  else await measure(BENCHMARKS.filter(isWanted));
}

function isWanted({ name, onlyByName }: Benchmark): boolean {
  return positionals.length === 0 ? onlyByName !== true : positionals.includes(name);
}

function fail(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = 2;
}

async function measure(wanted: readonly Benchmark[]): Promise<void> {
  process.stderr.write(`${machine()}\n`);
  const possible = wanted.filter((benchmark) => {
    const why = missing(benchmark);
    if (why !== undefined) process.stderr.write(`${benchmark.name} is left out: ${why}\n`);
    return why === undefined;
  });
  const began = performance.now();
  let kept = readKept();
  const progress = new Progress(
    possible.map(({ name }) => name),
    kept.seconds ?? {},
  );
  const all: Result[] = [];
  let session: Session | undefined;
  let interrupted = false;
  const interrupt = (): void => {
    interrupted = true;
    session?.kill('interrupted');
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  for (const benchmark of possible) {
    if (interrupted) break;
    progress.begin();
    const results: Result[] = [];
    session = new Session(benchmark.name, (message) => {
      if ('row' in message) progress.row(message.row, message.repetition, message.repetitions);
      else results.push(judged(benchmark, message.result));
    });
    const failure = await session.end(benchmark.onlyByName);
    progress.clear();
    if (failure !== undefined) {
      process.stderr.write(`${benchmark.name}: ${failure}\n`);
      process.exitCode = interrupted ? 130 : 1;
      continue;
    }
    if (values.json !== true) for (const result of results) process.stdout.write(line(result));
    all.push(...results);
    kept = merged(kept, results, { [benchmark.name]: progress.elapsed });
    writeFileSync(RESULTS, `${JSON.stringify(kept, null, 2)}\n`);
  }
  if (values.json === true) {
    process.stdout.write(`${JSON.stringify({ machine: machine(), results: all }, null, 2)}\n`);
  }
  const aimed = all.filter(({ verdict }) => verdict !== undefined);
  const reached = aimed.filter(({ verdict }) => verdict !== 'missed').length;
  const took = duration((performance.now() - began) / 1_000);
  process.stderr.write(`${reached} of ${aimed.length} targets reached, in ${took}\n`);
}

/** What the machine lacks for it. */
function missing({ needs }: Benchmark): string | undefined {
  if (needs === undefined) return undefined;
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'network namespaces need root on Linux';
  if (needs === 'root' || process.env['LOAD_C'] !== undefined) return undefined;
  return 'LOAD_C does not name the source of the load client';
}

function readKept(): Results {
  try {
    return readResults(RESULTS);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { machine: machine(), results: [] };
  }
}

/** What ran now replaces what is kept under the same name. */
function merged(kept: Results, results: readonly Result[], seconds: Record<string, number>): Results {
  const now = new Set(results.map(({ name }) => name));
  return {
    machine: machine(),
    seconds: { ...kept.seconds, ...seconds },
    results: [...kept.results.filter(({ name }) => !now.has(name)), ...results],
  };
}

function line({ name, unit, subject, reference, referenceName, ratio, target, verdict }: Result): string {
  const figure = (n: number): string => (n >= 100 ? n.toFixed(0) : n.toPrecision(3));
  const compared = `${referenceName} ${figure(reference)} ${unit}, ratio ${ratio.toFixed(3)}`;
  const aim = target === undefined ? '' : `; target ${target}: ${verdict === 'missed' ? 'MISSED' : verdict}`;
  return `${name}: ${figure(subject)} ${unit}, ${compared}${aim}\n`;
}

function listed({ name, claim, needs, targets }: Benchmark): string {
  const need = needs === undefined ? '' : ` (needs ${needs === 'root' ? 'root' : 'root and LOAD_C'})`;
  const aims = targets.map((target) => {
    const rows = target.row.source === '^' ? '' : ` for /${target.row.source}/`;
    return `    target ${describeTarget(target, '')}${rows}\n`;
  });
  return `${name.padEnd(17)} ${claim}${need}\n${aims.join('')}`;
}
