import { describe, expect, it } from 'vitest';
import { mask, rpsMask } from '../../../devices/tun/steering.ts';

describe('sets of processors', () => {
  it('reads lists as the kernel writes them', () => {
    expect(mask('0-1\n')).toBe(0b11n);
    expect(mask('\t0-3,8,10-11')).toBe(0b1101_0000_1111n);
    expect(mask('')).toBe(0n);
    expect(mask('40')).toBe(1n << 40n);
  });

  it('writes masks as the kernel reads them', () => {
    expect(rpsMask(0b11n)).toBe('00000003');
    expect(rpsMask(1n << 40n)).toBe('00000100,00000000');
    expect(rpsMask(0n)).toBe('00000000');
  });
});
