/**
 * Routes in rows of words, found by their exact prefix: 16 bytes a route for IPv4 and 32 for IPv6, where an object each
 * would take ten times that. Routes to one prefix form a chain of rows, best first.
 *
 * The index is extendible hashing (Fagin, Nievergelt, Pippenger and Strong, 1979): open addressing in buckets at most
 * half full, and a directory of them. Rows lie in pages. So growing moves one bucket or makes one page, and no single
 * change waits for a copy of the table. Prefixes come from statements and from the few routers that are believed, never
 * from packets, so a seeded mix is enough; packets only ask.
 */
import { maskWord } from '../address/address.ts';
import type { Random } from '../packet/environment.ts';
import { PrefixIndex, ROW_MASK, sameTag } from './prefix-index.ts';
import { NONE, Rows } from './rows.ts';

export { NONE };

export class PrefixTable {
  readonly rows: Rows;
  /** Prefix lengths that occur, longest first. */
  occurring: number[] = [];
  /** Chains, that is prefixes. */
  prefixes = 0;
  readonly #words: 1 | 4;
  readonly #index: PrefixIndex;
  /** Prefixes by length. */
  readonly #count = new Int32Array(129);
  readonly #seed: number;

  /** `words`: 1 keeps `w3` alone. */
  constructor(words: 1 | 4, random: Random) {
    this.#words = words;
    this.rows = new Rows(words);
    this.#seed = random.u32() | 0;
    this.#index = new PrefixIndex((row) => this.#hashOf(row));
  }

  /** Rows in use. */
  get size(): number {
    return this.rows.size;
  }

  /** Bytes of all rows and of the index. */
  get bytes(): number {
    return this.rows.bytes + this.#index.bytes;
  }

  /** The best row of a prefix whose host bits are clear, or `NONE`. */
  find(w0: number, w1: number, w2: number, w3: number, length: number): number {
    const hash = this.#hash(w0, w1, w2, w3, length);
    return (this.#index.bucket(hash)[this.#slot(hash, w0, w1, w2, w3, length)]! & ROW_MASK) - 1;
  }

  /** The same for a prefix that ends within the first word of an address; `word` may have host bits. */
  findFirst(word: number, length: number): number {
    const first = word & maskWord(length);
    return this.#words === 4 ? this.find(first, 0, 0, 0, length) : this.find(0, 0, 0, first, length);
  }

  /** For `findSecond`, which is asked about several lengths of one address. */
  hashFirst(w0: number): number {
    return mix(this.#seed ^ w0);
  }

  /** The best row of a prefix of 33 to 64 bits, or `NONE`. */
  findSecond(hashFirst: number, w0: number, w1: number, length: number): number {
    const hash = close(mix(hashFirst ^ w1 ^ spread(length)));
    const slots = this.#index.bucket(hash);
    const mask = slots.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const entry = slots[at]!;
      if (entry === 0) return NONE;
      const row = (entry & ROW_MASK) - 1;
      if (sameTag(entry, hash) && this.rows.isSecond(row, w0, w1, length)) return row;
    }
  }

  occursBetween(shortest: number, longest: number): boolean {
    for (let length = shortest; length <= longest; length++) if (this.#count[length] !== 0) return true;
    return false;
  }

  /** Makes `row` the best of its prefix, old or new. */
  setHead(row: number): void {
    const hash = this.#hashOf(row);
    const slot = this.#slotOf(hash, row);
    if (this.#index.bucket(hash)[slot] === 0) {
      this.prefixes++;
      if (this.#count[this.rows.length(row)]!++ === 0) this.#notice();
    }
    this.#index.set(hash, slot, row);
  }

  /** The prefix of `row`, its best, has no route any more. */
  removePrefix(row: number): void {
    const hash = this.#hashOf(row);
    this.#index.remove(hash, this.#slotOf(hash, row));
    this.prefixes--;
    if (--this.#count[this.rows.length(row)]! === 0) this.#notice();
  }

  /** Best rows of all prefixes, in no order. The table must not change meanwhile. */
  heads(): Iterable<number> {
    return this.#index.rows();
  }

  #notice(): void {
    const lengths: number[] = [];
    for (let length = 128; length >= 0; length--) if (this.#count[length] !== 0) lengths.push(length);
    this.occurring = lengths;
  }

  #hash(w0: number, w1: number, w2: number, w3: number, length: number): number {
    const all = spread(length);
    if (this.#words === 1) return close(mix(this.#seed ^ w3 ^ all));
    const h = mix(this.hashFirst(w0) ^ w1 ^ all);
    return close(length > 64 ? mix(mix(h ^ w2) ^ w3) : h);
  }

  #hashOf(row: number): number {
    const { rows } = this;
    return this.#hash(
      rows.word(row, 0),
      rows.word(row, 1),
      rows.word(row, 2),
      rows.word(row, 3),
      rows.length(row),
    );
  }

  #slotOf(hash: number, row: number): number {
    const { rows } = this;
    const [w0, w1, w2, w3] = [rows.word(row, 0), rows.word(row, 1), rows.word(row, 2), rows.word(row, 3)];
    return this.#slot(hash, w0, w1, w2, w3, rows.length(row));
  }

  /** The slot of a prefix in its bucket, or the free slot where it belongs. */
  #slot(hash: number, w0: number, w1: number, w2: number, w3: number, length: number): number {
    const slots = this.#index.bucket(hash);
    const mask = slots.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const entry = slots[at]!;
      if (entry === 0) return at;
      if (sameTag(entry, hash) && this.rows.is((entry & ROW_MASK) - 1, w0, w1, w2, w3, length)) return at;
    }
  }
}

/** Half a round of the finaliser of MurmurHash3 (Appleby): enough to spread prefixes over an index. */
function mix(h: number): number {
  const m = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  return m ^ (m >>> 13);
}

function close(h: number): number {
  return h ^ (h >>> 16);
}

function spread(length: number): number {
  return Math.imul(length, 0x9e3779b1);
}
