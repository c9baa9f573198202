/** The counters of instrumented code, and which inputs reach something new. */

/** More than the project has places to count; `claim` says when it does not. */
const COUNTERS = 1 << 15;
/** Loop rounds for one input; the longest honest ones take some hundred thousand. */
export const WORK = 20_000_000;

const hits = new Uint8Array(COUNTERS);
const words = new Int32Array(hits.buffer);
const work = Int32Array.of(WORK);
/** One bit for each class of hit counts seen at a counter. */
const seen = new Uint8Array(COUNTERS);
let claimed = 0;

/** As AFL does: 1, 2, 3, 4-7, 8-15, 16-31, 32-127, more. */
const CLASS = Uint8Array.from({ length: 256 }, (_, n) => {
  if (n < 4) return n === 0 ? 0 : 1 << (n - 1);
  return n < 8 ? 8 : n < 16 ? 16 : n < 32 ? 32 : n < 128 ? 64 : 128;
});

export class Endless extends Error {
  constructor() {
    super(`more than ${WORK} loop rounds for one input`);
  }
}

Object.assign(globalThis, {
  __fuzz: {
    hits,
    work,
    stop: () => {
      work[0] = WORK;
      throw new Endless();
    },
    claim: (count: number) => {
      if (count > COUNTERS) throw new RangeError(`${count} counters are needed, there are ${COUNTERS}`);
      claimed = Math.max(claimed, count);
    },
  },
});

/** Before every input. */
export function begin(): void {
  words.fill(0, 0, (claimed + 3) >> 2);
  work[0] = WORK;
}

/** Loop rounds since `begin`. */
export function workDone(): number {
  return WORK - work[0]!;
}

/** Counters reached since `begin`, as (counter, class) pairs in one number each. */
export function features(): number[] {
  const found: number[] = [];
  for (let i = 0; i < claimed; i++) {
    const bit = CLASS[hits[i]!]!;
    if (bit !== 0) found.push((i << 8) | bit);
  }
  return found;
}

/** Did this input reach a place, or a class of counts, that none before did? It is remembered. */
export function isNew(): boolean {
  let news = false;
  for (let w = 0, end = (claimed + 3) >> 2; w < end; w++) {
    if (words[w] === 0) continue;
    for (let i = w << 2; i < (w + 1) << 2; i++) {
      const bit = CLASS[hits[i]!]!;
      if ((bit & ~seen[i]!) === 0) continue;
      seen[i] = seen[i]! | bit;
      news = true;
    }
  }
  return news;
}

/** Places reached by any input so far, and all there are. */
export function reached(): { readonly places: number; readonly of: number } {
  let places = 0;
  for (let i = 0; i < claimed; i++) if (seen[i] !== 0) places++;
  return { places, of: claimed };
}

/** Forgets what was seen: the next target begins anew. */
export function forget(): void {
  seen.fill(0);
}
