/** Targets one after the other, each with its share; progress, findings, and the corpus that is kept. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadCorpus, root, saveCorpus, saveFailure } from './corpus.ts';
import { cover, type Failure, Fuzzer, failureOf } from './engine.ts';
import { minimise } from './minimise.ts';
import { describe } from './operation.ts';
import type { Target } from './target.ts';
import { targets } from './targets.ts';

/** Files of one target in the repository. */
const MOST_FILES = 16;
/** ms between two lines of progress. */
const PROGRESS = 5_000;
/** Executions between two looks at the clock. */
const LOOK = 16;

export interface Plan {
  /** Empty: all. */
  readonly names: readonly string[];
  readonly seed: number;
  /** For all targets together. */
  readonly seconds: number;
  /** For all targets together; Infinity when only time ends it. */
  readonly executions: number;
  readonly json: boolean;
  /** Writes the corpus, reduced to what is needed. */
  readonly save: boolean;
}

interface Result {
  readonly target: string;
  readonly seed: number;
  readonly executions: number;
  readonly seconds: number;
  readonly inputs: number;
  readonly places: number;
  readonly failure?: { readonly message: string; readonly file: string; readonly replay: string };
}

/** True when nothing was found. */
export function campaign(plan: Plan): boolean {
  const chosen = plan.names.length === 0 ? targets : targets.filter(({ name }) => plan.names.includes(name));
  const results = chosen.map((target) => {
    const result = fuzz(
      target,
      plan,
      plan.seconds / chosen.length,
      Math.ceil(plan.executions / chosen.length),
    );
    if (!plan.json) console.log(line(result));
    return result;
  });
  const total = results.reduce((sum, { executions }) => sum + executions, 0);
  if (plan.json) console.log(JSON.stringify({ seed: plan.seed, executions: total, results }));
  else console.log(`${total} executions over ${results.length} targets, seed ${plan.seed}`);
  return results.every(({ failure }) => failure === undefined);
}

function fuzz(target: Target, plan: Plan, seconds: number, executions: number): Result {
  const fuzzer = new Fuzzer(target, plan.seed);
  const began = performance.now();
  let failure = fuzzer.replay([...target.seeds(), ...loadCorpus(target.name)]);
  let told = began;
  for (let i = 0; failure === undefined && fuzzer.executions < executions; i++) {
    if (i % LOOK === 0) {
      const now = performance.now();
      if (now - began > seconds * 1_000) break;
      if (now - told > PROGRESS) {
        told = now;
        const { places, of } = fuzzer.coverage;
        const rate = Math.round(fuzzer.executions / ((now - began) / 1_000));
        console.error(
          `${target.name}: ${fuzzer.executions} executions, ${rate}/s, ${fuzzer.inputs.length} inputs, ${places} of ${of} places`,
        );
      }
    }
    failure = fuzzer.step();
  }
  const result = {
    target: target.name,
    seed: plan.seed,
    executions: fuzzer.executions,
    seconds: Math.round((performance.now() - began) / 100) / 10,
    inputs: fuzzer.inputs.length,
    places: fuzzer.coverage.places,
  };
  if (failure !== undefined) return { ...result, failure: found(target, failure) };
  if (plan.save) saveCorpus(target.name, cover(target, fuzzer.inputs, MOST_FILES));
  return result;
}

function found(target: Target, failure: Failure): NonNullable<Result['failure']> {
  const input = minimise(target, failure.input, failure.error);
  const error = failureOf(target, input, true) ?? failure.error;
  const file = saveFailure(target.name, input);
  const replay = `npm run fuzz -- ${target.name} --replay ${file}`;
  console.error(`${target.name}: ${error.stack}`);
  console.error(`input: ${Buffer.from(input).toString('hex')}`);
  if (target.grammar.format === 'operations') console.error(describe(input.subarray(1)));
  console.error(`replay: ${replay}`);
  return { message: error.message, file, replay };
}

function line(result: Result): string {
  const { target, executions, seconds, inputs, places, failure } = result;
  const rate = Math.round(executions / Math.max(seconds, 0.1));
  const end = failure === undefined ? '' : `  FAILED: ${failure.message}`;
  return `${target.padEnd(12)} ${String(executions).padStart(9)} executions ${String(seconds).padStart(7)} s ${String(rate).padStart(7)}/s ${inputs} inputs ${places} places${end}`;
}

/** Plays the inputs in files; true when none fails. */
export function replay(name: string, files: readonly string[]): boolean {
  const target = targets.find((t) => t.name === name);
  if (target === undefined) throw new Error(`no target ${name}`);
  let isGood = true;
  for (const file of files) {
    const input = new Uint8Array(readFileSync(resolve(root, file)));
    const error = failureOf(target, input, true);
    console.log(`${file}: ${error === undefined ? 'good' : error.stack}`);
    if (target.grammar.format === 'operations') console.log(describe(input.subarray(1)));
    if (error !== undefined) isGood = false;
  }
  return isGood;
}
