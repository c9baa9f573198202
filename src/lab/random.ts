import { randomBytes } from 'node:crypto';
import type { Random } from '../../stacks/packet/environment.ts';

/**
 * sfc32 (Doty-Humphrey, PractRand): 128 bits of state, passes BigCrush; the same numbers for the same seed on any
 * machine, because it uses 32-bit integer operations only.
 */
export function seededRandom(seed: number): Random {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = seed | 0;
  let counter = 1;
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 15; i++) next();
  return { u32: next };
}

/** The operating system's random source, for stacks that face a real network. */
export function systemRandom(): Random {
  let buffer = randomBytes(4096);
  let at = 0;
  return {
    u32() {
      if (at + 4 > buffer.length) {
        buffer = randomBytes(4096);
        at = 0;
      }
      at += 4;
      return buffer.readUInt32LE(at - 4);
    },
  };
}
