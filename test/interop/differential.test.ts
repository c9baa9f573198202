/** The Linux kernel on the far side of a TUN and a TAP gets the packets that our host gets: RFCs read twice. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Libc } from '../../src/script/kernel/libc.ts';
import { differenceOf } from './differential/compare.ts';
import { generated } from './differential/generated.ts';
import { KernelEnd, kernel } from './differential/kernel.ts';
import { OurEnd } from './differential/ours.ts';
import { play } from './differential/play.ts';
import { complaints, complaintsOfGenerated, type Found } from './differential/table.ts';
import { type Vector, vectors } from './differential/vectors.ts';
import { missing } from './namespace.ts';

function compare(libc: Libc, all: readonly Vector[]): Found[] {
  const found: Found[] = [];
  for (const link of ['tun', 'tap'] as const) {
    const linux = new KernelEnd(libc, link);
    const ours = new OurEnd(link);
    for (const vector of all.filter((one) => one.link === link)) {
      const difference = differenceOf(play(vector, ours), play(vector, linux));
      if (difference !== undefined) found.push({ name: vector.name, ...difference });
    }
    linux.close();
    ours.close();
  }
  return found;
}

/** Choices of the generator; any other seed may find a kind of difference that nobody has looked at. */
const SEEDS = [1, 2, 3, 4];
const EACH = 3_000;

describe.skipIf(missing !== undefined)('our host and the Linux kernel', () => {
  let libc: Libc;
  beforeAll(async () => {
    libc = await kernel();
  });

  it('answer alike, but for what is in the table', () => {
    expect(complaints(compare(libc, vectors()))).toEqual([]);
  });

  it('answer alike to what is generated, but for the same', () => {
    const all = SEEDS.flatMap((seed) => generated(seed, EACH));
    expect(complaintsOfGenerated(compare(libc, all))).toEqual([]);
  });
});
