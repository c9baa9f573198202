/**
 * The corpus again, and a minute of fuzzing over all targets: the same choices in every run. What fails is printed, made
 * small and saved, with the command that plays it again. `npm run fuzz` goes on for as long as one likes.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from './corpus.ts';

const MAIN = join(root, 'dist', 'test', 'fuzz', 'main.js');
const SECONDS = 60;
const SEED = 1;
/** ms; the seconds are of fuzzing, and a busy machine takes longer to play the corpus. */
const PATIENCE = 10 * SECONDS * 1_000;

interface Report {
  readonly executions: number;
  readonly results: readonly {
    readonly target: string;
    readonly executions: number;
    readonly inputs: number;
    readonly failure?: unknown;
  }[];
}

function fuzz(): Promise<{ readonly report: Report; readonly said: string }> {
  const child = spawn(process.execPath, [
    MAIN,
    '--seconds',
    String(SECONDS),
    '--seed',
    String(SEED),
    '--json',
  ]);
  let report = '';
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    report += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0 || report !== '') resolve({ report: JSON.parse(report) as Report, said });
      else reject(new Error(`${MAIN} ended with ${code}\n${said}`));
    });
  });
}

it(
  `${SECONDS} seconds of fuzzing find nothing`,
  async () => {
    expect(existsSync(MAIN), `${MAIN} exists (npm run build)`).toBe(true);
    const { report, said } = await fuzz();
    console.log(`seed ${SEED}: ${report.executions} executions over ${report.results.length} targets`);
    const failures = report.results.filter(({ failure }) => failure !== undefined);
    if (failures.length > 0) console.error(said);
    expect(failures).toEqual([]);
    for (const { target, executions, inputs } of report.results) {
      expect({ target, played: executions > 0, kept: inputs > 0 }).toEqual({
        target,
        played: true,
        kept: true,
      });
    }
  },
  PATIENCE,
);
