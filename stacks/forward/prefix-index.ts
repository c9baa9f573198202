/** From a hash to the rows that may have it, in buckets that split when they are half full. Read first: prefixes.ts. */

/** An entry: row + 1 in the low 24 bits (16,777,214 routes), above them 8 bits of hash that spare looking at the row. */
const ROW_BITS = 24;
export const ROW_MASK: number = (1 << ROW_BITS) - 1;
const FIRST_SLOTS = 16;
/** Slots of a bucket that splits instead of growing: 256 rows are placed anew then, in some 20 us. */
const SLOT_BITS = 9;

export class PrefixIndex {
  /** The directory: buckets by the bits of the hash above `SLOT_BITS`, each in as many places as it is not split. */
  #buckets: Int32Array[] = [new Int32Array(FIRST_SLOTS)];
  /** By place: bits of the directory that the bucket depends on, and its entries. */
  #depths: number[] = [0];
  readonly #used = new Map<Int32Array, number>();
  readonly #hashOf: (row: number) => number;

  constructor(hashOf: (row: number) => number) {
    this.#hashOf = hashOf;
  }

  get bytes(): number {
    let bytes = 16 * this.#buckets.length;
    for (const bucket of new Set(this.#buckets)) bytes += bucket.byteLength;
    return bytes;
  }

  bucket(hash: number): Int32Array {
    return this.#buckets[(hash >>> SLOT_BITS) & (this.#buckets.length - 1)]!;
  }

  /** Puts `row` into a slot of its bucket, free or not. */
  set(hash: number, slot: number, row: number): void {
    const bucket = this.bucket(hash);
    const isNew = bucket[slot] === 0;
    bucket[slot] = (hash & ~ROW_MASK) | (row + 1);
    if (!isNew) return;
    const used = (this.#used.get(bucket) ?? 0) + 1;
    this.#used.set(bucket, used);
    if (2 * used > bucket.length) this.#grow(hash, bucket);
  }

  remove(hash: number, slot: number): void {
    const bucket = this.bucket(hash);
    const mask = bucket.length - 1;
    let hole = slot;
    for (let at = (hole + 1) & mask; bucket[at] !== 0; at = (at + 1) & mask) {
      // An entry may move back into the hole unless its home lies behind the hole.
      const home = this.#hashOf((bucket[at]! & ROW_MASK) - 1) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      bucket[hole] = bucket[at]!;
      hole = at;
    }
    bucket[hole] = 0;
    this.#used.set(bucket, this.#used.get(bucket)! - 1);
  }

  /** The index must not change meanwhile. */
  *rows(): Iterable<number> {
    for (const bucket of new Set(this.#buckets)) {
      for (const entry of bucket) if (entry !== 0) yield (entry & ROW_MASK) - 1;
    }
  }

  #grow(hash: number, old: Int32Array): void {
    const place = (hash >>> SLOT_BITS) & (this.#buckets.length - 1);
    const splits = old.length === 1 << SLOT_BITS;
    const depth = this.#depths[place]!;
    if (splits && 1 << depth === this.#buckets.length) {
      this.#buckets = [...this.#buckets, ...this.#buckets];
      this.#depths = [...this.#depths, ...this.#depths];
    }
    const slots = splits ? old.length : 2 * old.length;
    const low = new Int32Array(slots);
    const high = splits ? new Int32Array(slots) : low;
    const first = place & ((1 << depth) - 1);
    for (let at = first; at < this.#buckets.length; at += 1 << depth) {
      this.#buckets[at] = ((at >>> depth) & 1) === 0 ? low : high;
      this.#depths[at] = splits ? depth + 1 : depth;
    }
    this.#used.delete(old);
    for (const entry of old) if (entry !== 0) this.#place(entry);
  }

  #place(entry: number): void {
    const hash = this.#hashOf((entry & ROW_MASK) - 1);
    const bucket = this.bucket(hash);
    const mask = bucket.length - 1;
    let at = hash & mask;
    while (bucket[at] !== 0) at = (at + 1) & mask;
    bucket[at] = entry;
    this.#used.set(bucket, (this.#used.get(bucket) ?? 0) + 1);
  }
}

/** May the row of this entry have this hash? */
export function sameTag(entry: number, hash: number): boolean {
  return ((entry ^ hash) & ~ROW_MASK) === 0;
}
