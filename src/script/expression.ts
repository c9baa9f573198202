/**
 * The code of `%{ ... }%`: the Python that scripts use, to compute, compare, print and assert, evaluated here by nothing
 * else. What it is given to names lasts to the next block of the same script.
 */
import { builtin, ofModule } from './python/builtins.ts';
import { lines, Malformed } from './python/lines.ts';
import { type Runtime, runAll, type Statement, statements } from './python/statements.ts';
import { NotHere, type Value } from './python/values.ts';
import { Scanner, ScriptError } from './scanner.ts';
import type { Code } from './syntax.ts';

export type Names = (name: string) => number | string | boolean | undefined;

/** What a block of code came to. */
export interface Outcome {
  /** Printed lines. */
  readonly printed: readonly string[];
  /** The assertions that did not hold, with the values of the names in them. */
  readonly failed: readonly string[];
  /** What is not known here; its statement is neither right nor wrong. */
  readonly unknown: readonly string[];
}

/** Rounds of the loops of one block: a script that wants more never ends. */
const MOST_STEPS = 100_000;

/**
 * `kept`: what blocks before have given names to.
 * @throws ScriptError for what cannot be read.
 */
export function runCode(
  file: string,
  code: Code,
  names: Names,
  kept: Map<string, Value> = new Map(),
): Outcome {
  const printed: string[] = [];
  const failed: string[] = [];
  const unknown: string[] = [];
  const used = new Map<string, Value>();
  let steps = 0;
  const runtime: Runtime = {
    used,
    get: (name) => {
      const value = kept.get(name) ?? names(name) ?? builtin(name);
      if (value === undefined) throw new NotHere(name);
      if (name !== name.toUpperCase() && typeof value !== 'object') used.set(name, value);
      return value;
    },
    set: (name, value) => void kept.set(name, value),
    attribute: ofModule,
    print: (text) => void printed.push(...text.split('\n')),
    failed: (text) => void failed.push(text),
    unknown: (text) => void unknown.push(text),
    forget: () => used.clear(),
    step: () => {
      if (++steps > MOST_STEPS) throw new NotHere(`more than ${MOST_STEPS} rounds of a loop`);
    },
  };
  runAll(read(file, code), runtime);
  return { printed, failed, unknown };
}

/** @throws ScriptError as `runCode`; nothing is judged. */
export function checkCode(file: string, code: Code): void {
  read(file, code);
}

function read(file: string, { at: start, text }: Code): Statement[] {
  try {
    return statements(text, lines(text));
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    const { line, column } = new Scanner(file, text).placeOf(error.at);
    // The text begins behind "%{".
    const place = {
      line: start.line + line - 1,
      column: line === 1 ? start.column + 2 + column - 1 : column,
    };
    throw new ScriptError(file, place, `in %{ }%: ${error.message}`);
  }
}
