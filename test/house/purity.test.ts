/** Law 2 for what needs no import: nothing under stacks/ reads a clock, draws a random number or does I/O of its own. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const FORBIDDEN =
  /\b(Date|performance|Math\.random|crypto|process|console|fetch|queueMicrotask|globalThis|set(Timeout|Interval|Immediate))\b/;

/** The lines of a source that use what is forbidden; comments may speak of it. */
function impure(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*$|'(?:[^'\\\n]|\\.)*'/gm, '');
  return code.split('\n').filter((line) => FORBIDDEN.test(line));
}

it('knows what it looks for', () => {
  expect(impure('const now = Date.now(); // Date')).toEqual(['const now = Date.now(); ']);
  expect(impure('x = Math.random();\n/* performance */ y = 1;\nsetTimeout(f, 1);')).toHaveLength(2);
});

it('no file under stacks/ uses a clock, randomness or I/O of the machine', () => {
  const files = readdirSync('stacks', { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts'));
  expect(files.length).toBeGreaterThan(50);
  const found = files.flatMap((file) =>
    impure(readFileSync(`stacks/${file}`, 'utf8')).map((line) => `${file}: ${line.trim()}`),
  );
  expect(found).toEqual([]);
});
