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
/** s: of a measurement, and of the flow before it, while code is compiled and the window opens. */
const [SECONDS, LEAD] = [1, 0.4];
/** Gbit/s: less is no load. */
const MOVING = 0.1;
const SELF = fileURLToPath(import.meta.url);

/** In a namespace, as a process of its own: serves, and at each SIGUSR2 measures and prints. */
async function serve(): Promise<void> {
  const { Lab } = await import('../src/lab/lab.ts');
  const { openTun } = await import('../src/lab/open-tun.ts');
  const { loadDecks } = await import('../src/cli/decks.ts');
  const deck = loadDecks([join(packageRoot(), 'bench', 'load.deck')], false);
  const lab = new Lab(deck, { live: (hooks) => openTun(hooks, { hostSide: true }) });
  await lab.start();
  process.on('SIGUSR2', () => void measure());
  process.on('SIGTERM', () => void lab.close().then(() => process.exit()));
  process.stderr.write('serving\n');
}

/** Prints the 99th percentile of what a timer was late, in ms. */
async function measure(): Promise<void> {
  const late: number[] = [];
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
}

export async function run(): Promise<Comparison[]> {
  if (!isPossible()) return [];
  const { address } = FAMILIES[0];
  const namespace = new Namespace();
  const server = namespace.start('1', process.execPath, [SELF, 'serve']);
  await once(server.stderr!, 'data');
  const idle = async (): Promise<number> => {
    server.kill('SIGUSR2');
    const [printed] = (await once(server.stdout!, 'data')) as [Buffer];
    return Number(printed.toString());
  };
  const loaded = async (...flow: string[]): Promise<number> => {
    const load = namespace.load(...flow, '-t', String(SECONDS + 0.2), '-o', String(LEAD));
    await new Promise((resolve) => setTimeout(resolve, LEAD * 1_000));
    const late = await idle();
    if (!((await load)['gbps']! > MOVING)) throw new Error('the flow does not flow');
    return late;
  };
  const results: Comparison[] = [];
  for (const [direction, mode, port] of [
    ['comes in', 'send', '5001'],
    ['goes out', 'recv', '5002'],
  ] as const) {
    const name = `lateness of a 5 ms timer while a flow ${direction} (p99)`;
    results.push(await compare(name, 'ms', () => loaded(mode, address, port), 'idle', idle));
  }
  await namespace.remove();
  return results.map((result) => ({ ...result, better: 'lower' }));
}

if (argv[1] === SELF && argv[2] === 'serve') await serve();
