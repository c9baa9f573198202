import { expect, it } from 'vitest';
import { seededRandom, systemRandom } from '../../../src/lab/random.ts';

it('is the operating system when live: no two sources alike, over more than one draw from it', () => {
  const draw = ({ u32 }: { u32(): number }): number[] => Array.from({ length: 3_000 }, () => u32());
  const [one, other] = [draw(systemRandom()), draw(systemRandom())];
  expect(one).not.toEqual(other);
  expect(new Set([...one, ...other]).size).toBeGreaterThan(5_990);
  expect(one.every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32)).toBe(true);
  expect(draw(seededRandom(1))).toEqual(draw(seededRandom(1)));
});
