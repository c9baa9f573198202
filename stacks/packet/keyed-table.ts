import type { Random } from './environment.ts';
import { KeyedHash } from './keyed-hash.ts';

const SMALLEST = 8;

/**
 * A hash table from keys of a few int32 words to values, for keys that an attacker may choose. Open addressing with
 * linear probing over a typed array, at most half full; removal shifts back, so there are no tombstones to flood.
 *
 * The caller writes `key` and then calls `get`, `set` or `delete`; nothing is allocated by a look-up.
 */
export class KeyedTable<V> {
  /** The key of the next call; `set` copies it. */
  readonly key: Int32Array;
  size = 0;
  readonly #hash: KeyedHash;
  #words: Int32Array;
  #values: (V | undefined)[];
  #mask = SMALLEST - 1;

  constructor(words: number, random: Random) {
    this.key = new Int32Array(words);
    this.#hash = new KeyedHash(random.u32(), random.u32());
    this.#words = new Int32Array(words * SMALLEST);
    this.#values = new Array<V | undefined>(SMALLEST).fill(undefined);
  }

  get(): V | undefined {
    return this.#values[this.#find()];
  }

  set(value: V): void {
    let at = this.#find();
    if (this.#values[at] === undefined) {
      if (2 * ++this.size > this.#mask) {
        this.#resize();
        at = this.#find();
      }
      this.#words.set(this.key, at * this.key.length);
    }
    this.#values[at] = value;
  }

  delete(): boolean {
    let hole = this.#find();
    if (this.#values[hole] === undefined) return false;
    this.size--;
    const n = this.key.length;
    for (let at = (hole + 1) & this.#mask; this.#values[at] !== undefined; at = (at + 1) & this.#mask) {
      // An entry may move back into the hole unless its home lies behind the hole.
      const home = this.#home(this.#words, at * n);
      if (((at - home) & this.#mask) < ((at - hole) & this.#mask)) continue;
      this.#words.copyWithin(hole * n, at * n, at * n + n);
      this.#values[hole] = this.#values[at];
      hole = at;
    }
    this.#values[hole] = undefined;
    return true;
  }

  clear(): void {
    this.size = 0;
    this.#mask = SMALLEST - 1;
    this.#words = new Int32Array(this.key.length * SMALLEST);
    this.#values = new Array<V | undefined>(SMALLEST).fill(undefined);
  }

  /** In table order: the same for equal seeds. The table must not change meanwhile. */
  *values(): Iterable<V> {
    for (const value of this.#values) if (value !== undefined) yield value;
  }

  #home(words: Int32Array, at: number): number {
    return this.#hash.of(words, at, this.key.length) & this.#mask;
  }

  /** The slot of `key`, or the free slot where it belongs. */
  #find(): number {
    const key = this.key;
    const n = key.length;
    let at = this.#home(key, 0);
    next: while (this.#values[at] !== undefined) {
      for (let i = 0; i < n; i++) {
        if (this.#words[at * n + i] !== key[i]) {
          at = (at + 1) & this.#mask;
          continue next;
        }
      }
      return at;
    }
    return at;
  }

  #resize(): void {
    const words = this.#words;
    const values = this.#values;
    const n = this.key.length;
    this.#mask = 2 * this.#mask + 1;
    this.#words = new Int32Array(n * (this.#mask + 1));
    this.#values = new Array<V | undefined>(this.#mask + 1).fill(undefined);
    for (let from = 0; from < values.length; from++) {
      if (values[from] === undefined) continue;
      let at = this.#home(words, from * n);
      while (this.#values[at] !== undefined) at = (at + 1) & this.#mask;
      this.#words.set(words.subarray(from * n, from * n + n), at * n);
      this.#values[at] = values[from];
    }
  }
}
