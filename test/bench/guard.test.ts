import { expect, it } from 'vitest';
import { compareResults } from '../../bench/guard.ts';
import type { Comparison } from '../../bench/measure.ts';

const result = (name: string, ratio: number, better?: 'lower'): Comparison => ({
  name,
  unit: 'x/s',
  subject: ratio,
  reference: 1,
  referenceName: 'kernel',
  ratio,
  ...(better === undefined ? {} : { better }),
});

it('tells which ratios got worse by more than the noise', () => {
  const before = {
    machine: '',
    results: [result('a', 1), result('b', 1), result('c', 1, 'lower'), result('gone', 1)],
  };
  const after = {
    machine: '',
    results: [result('a', 0.9), result('b', 0.5), result('c', 1.5, 'lower'), result('new', 1)],
  };
  const { text, worse } = compareResults(before, after);
  expect(worse).toBe(2);
  expect(text.split('\n').map((line) => line.slice(0, 7))).toEqual(['ok    a', 'WORSE b', 'WORSE c', '']);
});
