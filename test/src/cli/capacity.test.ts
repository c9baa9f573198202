import { describe, expect, it } from 'vitest';
import { capacity } from '../../../src/cli/capacity.ts';

describe("the model's storage formula", () => {
  it('gives about 32 MB for 110 connections, as the worked example does', () => {
    expect(capacity(110)).toMatchObject({ connectionKb: 11_880, partitionMb: 32 });
  });
  it('gives 451.9 MB at the maximum of 4,095 connections', () => {
    expect(capacity(4_095).exactMb).toBeCloseTo(451.9, 1);
  });
  it.each([-1, 4_096, 1.5, Number.NaN])('refuses %d', (n) => expect(() => capacity(n)).toThrow(RangeError));
});
