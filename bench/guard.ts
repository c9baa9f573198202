/** Two result files side by side: which ratios got worse. Ratios carry over between runs, absolute figures do not. */
import { readFileSync } from 'node:fs';
import type { Comparison, Results } from './measure.ts';

/** Medians of five on a shared machine differ by this much between runs of the same code. */
const TOLERANCE = 0.15;

export function readResults(path: string): Results {
  return JSON.parse(readFileSync(path, 'utf8')) as Results;
}

export function compareResults(before: Results, after: Results): { text: string; worse: number } {
  const old = new Map(before.results.map((r) => [r.name, r]));
  let text = '';
  let worse = 0;
  for (const now of after.results) {
    const then = old.get(now.name);
    if (then === undefined) continue;
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
