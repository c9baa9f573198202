/** A failing input made smaller, as long as it fails in the same way. */
import { failureOf, kindOf } from './engine.ts';
import { decode, encode } from './operation.ts';
import type { Target } from './target.ts';

/** Executions that are spent on it. */
const MOST_TRIES = 3_000;

export function minimise(target: Target, input: Uint8Array, error: Error): Uint8Array {
  const kind = kindOf(error);
  let tries = 0;
  const fails = (candidate: Uint8Array): boolean => {
    if (++tries > MOST_TRIES) return false;
    const found = failureOf(target, candidate, true);
    return found !== undefined && kindOf(found) === kind;
  };
  return target.grammar.format === 'operations' ? fewerOperations(input, fails) : fewerBytes(input, fails);
}

type Fails = (candidate: Uint8Array) => boolean;

function fewerOperations(input: Uint8Array, fails: Fails): Uint8Array {
  const head = input[0] ?? 0;
  const whole = (list: Parameters<typeof encode>[0]): Uint8Array => Uint8Array.from([head, ...encode(list)]);
  let list = decode(input.subarray(1));
  for (let i = list.length - 1; i >= 0; i--) {
    const shorter = list.filter((_, at) => at !== i);
    if (fails(whole(shorter))) list = shorter;
  }
  for (let i = 0; i < list.length; i++) {
    const put = (body: Uint8Array): boolean => {
      const changed = list.map((op, at) => (at === i ? { ...op, body } : op));
      if (!fails(whole(changed))) return false;
      list = changed;
      return true;
    };
    fewerBytes(list[i]!.body, put);
  }
  return whole(list);
}

function fewerBytes(input: Uint8Array, fails: Fails): Uint8Array {
  let best = input;
  for (let size = best.length >> 1; size > 0; size >>= 1) {
    for (let at = best.length - size; at >= 0; at -= size) {
      if (at + size > best.length) continue;
      const shorter = new Uint8Array(best.length - size);
      shorter.set(best.subarray(0, at));
      shorter.set(best.subarray(at + size), at);
      if (fails(shorter)) best = shorter;
    }
  }
  return best;
}
