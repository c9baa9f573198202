/**
 * How late a timer of 5 ms comes while a bulk flow runs, against the same timer while nothing does. What counts is the
 * time for which work of ours kept it waiting: a machine that gives the processor to others in between is not ours.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { packageRoot } from './compile.ts';
import { FAMILIES, isPossible, Namespace } from './live.ts';
import { type Comparison, compare } from './measure.ts';

const PERIOD = 5;
const SECONDS = 1.2;
/** Gbit/s: less is no load. */
const MOVING = 0.1;
const SELF = fileURLToPath(import.meta.url);

/** In a namespace, as a process of its own: serves, and prints the 99th percentile of what its timer was late, in ms. */
async function serve(): Promise<void> {
  const { Lab } = await import('../src/lab/lab.ts');
  const { openTun } = await import('../src/lab/open-tun.ts');
  const { loadDecks } = await import('../src/cli/decks.ts');
  const deck = loadDecks([join(packageRoot(), 'bench', 'load.deck')], false);
  const lab = new Lab(deck, { live: (hooks) => openTun(hooks, { hostSide: true }) });
  await lab.start();
  const late: number[] = [];
  process.stderr.write('serving\n');
  await new Promise((resolve) => setTimeout(resolve, 700)); // the flow begins, code is compiled
  const until = performance.now() + SECONDS * 1_000;
  while (performance.now() < until) {
    const start = performance.now();
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, PERIOD));
    const { user, system } = process.cpuUsage(before);
    late.push(Math.min(performance.now() - start - PERIOD, (user + system) / 1_000));
  }
  late.sort((a, b) => a - b);
  process.stdout.write(String(late[Math.floor(late.length * 0.99)]));
  process.on('SIGTERM', () => void lab.close().then(() => process.exit()));
}

/** ms */
async function lateness(flow: readonly string[] | undefined): Promise<number> {
  const namespace = new Namespace();
  const child = namespace.start('1', process.execPath, [SELF, 'serve']);
  await once(child.stderr!, 'data');
  const load = flow && namespace.load(...flow, '-t', String(SECONDS + 0.5), '-o', '0.5');
  const [printed] = (await once(child.stdout!, 'data')) as [Buffer];
  const p99 = Number(printed.toString());
  const result = await load;
  if (result !== undefined && !(result['gbps']! > MOVING)) throw new Error('the flow does not flow');
  await namespace.remove();
  return p99;
}

export async function run(): Promise<Comparison[]> {
  if (!isPossible()) return [];
  const { address } = FAMILIES[0];
  const idle = (): Promise<number> => lateness(undefined);
  const results = [
    await compare(
      'lateness of a 5 ms timer while a flow comes in (p99)',
      'ms',
      () => lateness(['send', address, '5001']),
      'idle',
      idle,
    ),
    await compare(
      'lateness of a 5 ms timer while a flow goes out (p99)',
      'ms',
      () => lateness(['recv', address, '5002']),
      'idle',
      idle,
    ),
  ];
  return results.map((result) => ({ ...result, better: 'lower' }));
}

if (argv[1] === SELF && argv[2] === 'serve') await serve();
