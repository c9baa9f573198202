/** Something to be fuzzed. */
import type { Grammar } from './mutate.ts';

export interface Target {
  readonly name: string;
  /** What it is, for `--help`. */
  readonly says: string;
  readonly grammar: Grammar;
  /** Honest inputs to begin with. */
  seeds(): readonly Uint8Array[];
  /**
   * Plays one input. `deep`: the costly checks too (the same input gives the same output, an honest client is served).
   * @throws Broken, or whatever the code under test throws.
   */
  run(input: Uint8Array, deep: boolean): void;
}
