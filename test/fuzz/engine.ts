/** The loop: choose an input, change it, play it, keep it when it reaches what none did before. */

import { hashOf } from './corpus.ts';
import { begin, features, forget, isNew, reached } from './coverage.ts';
import { mutate } from './mutate.ts';
import { Choice } from './random.ts';
import type { Target } from './target.ts';

/** One input in so many gets the costly checks; so does everything that is new. */
const DEEP_EVERY = 128;
/** New inputs are preferred: half of all choices are among so many of the latest. */
const LATEST = 32;
/** A corpus in memory grows no further. */
const MOST_INPUTS = 4_000;

export interface Failure {
  readonly target: string;
  readonly input: Uint8Array;
  readonly error: Error;
}

/** What an error is known by while its input is made smaller. */
export function kindOf(error: Error): string {
  const where = /at (?:new )?([\w.#<>]+)/.exec(error.stack ?? '')?.[1] ?? '';
  return `${error.name} ${error.message.replace(/[\d.]+/g, 'n').slice(0, 60)} ${where}`;
}

export function failureOf(target: Target, input: Uint8Array, deep: boolean): Error | undefined {
  begin();
  try {
    target.run(input, deep);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

export class Fuzzer {
  readonly target: Target;
  readonly #choice: Choice;
  readonly inputs: Uint8Array[] = [];
  readonly #known = new Set<string>();
  executions = 0;

  constructor(target: Target, seed: number) {
    this.target = target;
    this.#choice = new Choice(seed);
    forget();
  }

  /** Plays inputs that are known, deep; returns the first failure. */
  replay(inputs: readonly Uint8Array[]): Failure | undefined {
    for (const input of inputs) {
      this.executions++;
      let error = failureOf(this.target, input, false);
      // What only the honest client reaches is not this input's doing.
      if (isNew()) this.#keep(input);
      error ??= failureOf(this.target, input, true);
      if (error !== undefined) return { target: this.target.name, input, error };
    }
    return undefined;
  }

  /** One execution. */
  step(): Failure | undefined {
    const { target } = this;
    const choice = this.#choice;
    const base = this.#base();
    const input = mutate(base, this.#base(), target.grammar, choice);
    this.executions++;
    const deep = this.executions % DEEP_EVERY === 0;
    let error = failureOf(target, input, deep);
    if (error === undefined && !deep && isNew()) {
      error = failureOf(target, input, true);
      this.#keep(input);
    }
    return error === undefined ? undefined : { target: target.name, input, error };
  }

  #base(): Uint8Array {
    const { inputs } = this;
    if (inputs.length === 0) return new Uint8Array();
    const latest = this.#choice.chance(1, 2) ? Math.min(LATEST, inputs.length) : inputs.length;
    return inputs[inputs.length - 1 - this.#choice.below(latest)]!;
  }

  #keep(input: Uint8Array): void {
    const hash = hashOf(input);
    if (this.#known.has(hash) || this.inputs.length >= MOST_INPUTS) return;
    this.#known.add(hash);
    this.inputs.push(input);
  }

  get coverage(): { readonly places: number; readonly of: number } {
    return reached();
  }
}

/** The fewest and smallest inputs that reach every place that `inputs` reach; whatever fails is left out. */
export function cover(target: Target, inputs: readonly Uint8Array[], most: number): Uint8Array[] {
  const reach = inputs.map((input) => {
    const error = failureOf(target, input, false);
    return {
      input,
      places: error === undefined ? new Set(features().map((f) => f >> 8)) : new Set<number>(),
    };
  });
  const left = new Set(reach.flatMap(({ places }) => [...places]));
  const chosen: Uint8Array[] = [];
  while (left.size > 0 && chosen.length < most) {
    let best: { gain: number; input: Uint8Array } = { gain: 0, input: new Uint8Array() };
    for (const { input, places } of reach) {
      let gain = 0;
      for (const place of places) if (left.has(place)) gain++;
      if (gain > best.gain || (gain === best.gain && gain > 0 && input.length < best.input.length)) {
        best = { gain, input };
      }
    }
    if (best.gain === 0) break;
    chosen.push(best.input);
    for (const place of reach.find(({ input }) => input === best.input)!.places) left.delete(place);
  }
  return chosen;
}
