/** From the start of `run --live` to the first answered ping, and its memory, against Node doing nothing. */
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { FAMILIES, isPossible, twinstack } from './live.ts';
import { type Comparison, compare } from './measure.ts';

const NOTHING = 'setInterval(() => {}, 1000); process.stdout.write("started")';

async function untilPing(): Promise<number> {
  const start = performance.now();
  const live = await twinstack();
  execFileSync('ip', ['netns', 'exec', live.client.name, 'ping', '-c', '1', '-W', '1', FAMILIES[0].address]);
  const seconds = (performance.now() - start) / 1_000;
  await live.close();
  return seconds;
}

/** Seconds, and MiB resident. */
async function nothing(): Promise<{ seconds: number; resident: number }> {
  const start = performance.now();
  const child = spawn(process.execPath, ['-e', NOTHING], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const seconds = (performance.now() - start) / 1_000;
  const resident = residentOf(child.pid!);
  child.kill();
  return { seconds, resident };
}

function residentOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)![1]) / 1_024;
}

async function idle(): Promise<number> {
  const live = await twinstack();
  const resident = residentOf(live.process.pid!);
  await live.close();
  return resident;
}

export async function run(): Promise<Comparison[]> {
  if (!isPossible()) return [];
  const results = [
    await compare('start of run --live to the first answered ping', 's', untilPing, 'node -e', async () => {
      return (await nothing()).seconds;
    }),
    await compare('resident memory of run --live, idle', 'MiB', idle, 'node -e', async () => {
      return (await nothing()).resident;
    }),
  ];
  return results.map((result) => ({ ...result, better: 'lower' }));
}
