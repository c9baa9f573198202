/** Two result files side by side: which ratios got worse. Ratios carry over between runs, absolute figures do not. */
import { readFileSync } from 'node:fs';
import type { Comparison, Results } from './measure.ts';

/** Medians of five on a shared machine differ by this much between runs of the same code. */
const TOLERANCE = 0.15;

/** @throws Error, with the file's name, when it is not there or is no result file. */
export function readResults(path: string): Results {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Results;
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`);
  }
}

export function compareResults(before: Results, after: Results): { text: string; worse: number } {
  const old = new Map(before.results.map((r) => [r.name, r]));
  let text = '';
  let worse = 0;
  for (const now of after.results) {
    const then = old.get(now.name);
    // A row without a reference (null in the file) has no ratio to compare.
    if (then === undefined || then.ratio === null || now.ratio === null) continue;
    const gain = gainOf(then, now);
    const isWorse = gain < -TOLERANCE;
    if (isWorse) worse++;
    const sign = gain < 0 ? '' : '+';
    text += `${isWorse ? 'WORSE' : 'ok   '} ${now.name}: ratio ${then.ratio.toFixed(3)} -> ${now.ratio.toFixed(3)} `;
    text += `(${sign}${(gain * 100).toFixed(1)} %)\n`;
  }
  return { text, worse };
}

/** Positive when `now` is better. */
function gainOf(then: Comparison, now: Comparison): number {
  const change = now.ratio / then.ratio - 1;
  return now.better === 'lower' ? -change : change;
}
