/** The choices of the fuzzer: sfc32 through the lab's seeded source, so that one seed is one run. */
import { seededRandom } from '../../src/lab/random.ts';

export class Choice {
  readonly #random: { u32(): number };

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }
  u32(): number {
    return this.#random.u32();
  }
  /** 0 to `n` - 1. */
  below(n: number): number {
    return this.#random.u32() % n;
  }
  chance(one: number, of: number): boolean {
    return this.#random.u32() % of < one;
  }
  pick<T>(list: readonly T[]): T {
    return list[this.#random.u32() % list.length]!;
  }
}
