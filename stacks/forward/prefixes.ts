/**
 * Routes in columns, one row each, found by their exact prefix: 26 bytes a route for IPv4 and 38 for IPv6 at most,
 * where an object each would take ten times that. Routes to one prefix form a chain of rows, best first.
 *
 * The index is an open-addressing hash of chains, at most half full; removal shifts back. Prefixes come from statements
 * and from the few routers that are believed, never from packets, so a seeded mix is enough; packets only ask.
 */
import { maskWord } from '../address/address.ts';
import type { Random } from '../packet/environment.ts';

/** No row. */
export const NONE = -1;

const FIRST_ROWS = 8;
/** An index entry: row + 1 in the low 24 bits (16,777,214 routes), above them 8 bits of hash that spare looking at the row. */
const ROW_BITS = 24;
const ROW_MASK = (1 << ROW_BITS) - 1;

export class PrefixTable {
  /** Columns by row. */
  lengths: Uint8Array = new Uint8Array(FIRST_ROWS);
  /** `Way.id`, 0 for a free row. */
  ways: Int32Array = new Int32Array(FIRST_ROWS);
  /** The next best route to the same prefix, or `NONE`. */
  next: Int32Array = new Int32Array(FIRST_ROWS);
  /** When it was added, in order. */
  orders: Uint32Array = new Uint32Array(FIRST_ROWS);
  /** Prefix lengths that occur, longest first. */
  occurring: number[] = [];
  /** Rows in use. */
  size = 0;
  /** Chains, that is prefixes. */
  prefixes = 0;
  readonly #words: 1 | 4;
  #keys: Int32Array;
  /** Rows ever used, and the chain of those given back. */
  #used = 0;
  #free = NONE;
  #order = 0;
  #index: Int32Array = new Int32Array(2 * FIRST_ROWS);
  /** Prefixes by length. */
  readonly #count = new Int32Array(129);
  readonly #seed: number;

  /** `words`: 1 keeps `w3` alone. */
  constructor(words: 1 | 4, random: Random) {
    this.#words = words;
    this.#keys = new Int32Array(words * FIRST_ROWS);
    this.#seed = random.u32() | 0;
  }

  /** Bytes of all columns and of the index. */
  get bytes(): number {
    return (
      this.#keys.byteLength +
      this.lengths.byteLength +
      this.ways.byteLength +
      this.next.byteLength +
      this.orders.byteLength +
      this.#index.byteLength
    );
  }

  /** The best row of a prefix whose host bits are clear, or `NONE`. */
  find(w0: number, w1: number, w2: number, w3: number, length: number): number {
    return (this.#index[this.#slot(w0, w1, w2, w3, length)]! & ROW_MASK) - 1;
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
    const index = this.#index;
    const keys = this.#keys;
    const mask = index.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const entry = index[at]!;
      if (entry === 0) return NONE;
      if (((entry ^ hash) & ~ROW_MASK) !== 0) continue;
      const row = (entry & ROW_MASK) - 1;
      if (keys[4 * row + 1] === w1 && keys[4 * row] === w0 && this.lengths[row] === length) return row;
    }
  }

  occursBetween(shortest: number, longest: number): boolean {
    for (let length = shortest; length <= longest; length++) if (this.#count[length] !== 0) return true;
    return false;
  }

  /** One of the four words of a row's prefix. */
  word(row: number, word: 0 | 1 | 2 | 3): number {
    if (this.#words === 4) return this.#keys[4 * row + word]!;
    return word === 3 ? this.#keys[row]! : 0;
  }

  /** A new row that is in no chain yet. */
  create(w0: number, w1: number, w2: number, w3: number, length: number, way: number): number {
    if (this.#free === NONE && this.#used === this.lengths.length) this.#grow();
    let row = this.#free;
    if (row === NONE) row = this.#used++;
    else this.#free = this.next[row]!;
    if (this.#order > 0xffffffff) this.#renumber();
    if (this.#words === 4) {
      this.#keys[4 * row] = w0;
      this.#keys[4 * row + 1] = w1;
      this.#keys[4 * row + 2] = w2;
      this.#keys[4 * row + 3] = w3;
    } else {
      this.#keys[row] = w3;
    }
    this.lengths[row] = length;
    this.ways[row] = way;
    this.next[row] = NONE;
    this.orders[row] = this.#order++;
    this.size++;
    return row;
  }

  /** Gives back a row that is in no chain any more. */
  free(row: number): void {
    this.ways[row] = 0;
    this.next[row] = this.#free;
    this.#free = row;
    this.size--;
  }

  /** Makes `row` the best of its prefix, old or new. */
  setHead(row: number): void {
    const length = this.lengths[row]!;
    const slot = this.#slotOf(row);
    if (this.#index[slot] === 0) {
      this.prefixes++;
      if (this.#count[length]!++ === 0) this.#notice();
    }
    this.#index[slot] = (this.#hashOf(row) & ~ROW_MASK) | (row + 1);
  }

  /** The prefix of `row`, its best, has no route any more. */
  removePrefix(row: number): void {
    const index = this.#index;
    const mask = index.length - 1;
    let hole = this.#slotOf(row);
    for (let at = (hole + 1) & mask; index[at] !== 0; at = (at + 1) & mask) {
      // An entry may move back into the hole unless its home lies behind the hole.
      const home = this.#hashOf((index[at]! & ROW_MASK) - 1) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      index[hole] = index[at]!;
      hole = at;
    }
    index[hole] = 0;
    this.prefixes--;
    if (--this.#count[this.lengths[row]!]! === 0) this.#notice();
  }

  /** Best rows of all prefixes, in no order. The table must not change meanwhile. */
  *heads(): Iterable<number> {
    for (const entry of this.#index) if (entry !== 0) yield (entry & ROW_MASK) - 1;
  }

  /** All rows in the order in which they were added. */
  inOrder(): Uint32Array {
    const rows = new Uint32Array(this.size);
    let n = 0;
    for (let row = 0; row < this.#used; row++) if (this.ways[row] !== 0) rows[n++] = row;
    return rows.sort((a, b) => this.orders[a]! - this.orders[b]!);
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
    return this.#hash(
      this.word(row, 0),
      this.word(row, 1),
      this.word(row, 2),
      this.word(row, 3),
      this.lengths[row]!,
    );
  }

  #slotOf(row: number): number {
    return this.#slot(
      this.word(row, 0),
      this.word(row, 1),
      this.word(row, 2),
      this.word(row, 3),
      this.lengths[row]!,
    );
  }

  /** The slot of a prefix, or the free slot where it belongs. */
  #slot(w0: number, w1: number, w2: number, w3: number, length: number): number {
    const index = this.#index;
    const mask = index.length - 1;
    const hash = this.#hash(w0, w1, w2, w3, length);
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const entry = index[at]!;
      if (entry === 0) return at;
      if (((entry ^ hash) & ~ROW_MASK) !== 0) continue;
      const row = (entry & ROW_MASK) - 1;
      if (this.lengths[row] !== length) continue;
      const keys = this.#keys;
      if (this.#words === 1) {
        if (keys[row] === w3) return at;
      } else if (
        keys[4 * row] === w0 &&
        keys[4 * row + 1] === w1 &&
        keys[4 * row + 2] === w2 &&
        keys[4 * row + 3] === w3
      ) {
        return at;
      }
    }
  }

  /** @throws RangeError beyond 16,777,214 routes */
  #grow(): void {
    const rows = 2 * this.lengths.length;
    if (rows >= ROW_MASK) throw new RangeError('the routing table is full');
    this.#keys = grown(this.#keys, new Int32Array(this.#words * rows));
    this.lengths = grown(this.lengths, new Uint8Array(rows));
    this.ways = grown(this.ways, new Int32Array(rows));
    this.next = grown(this.next, new Int32Array(rows));
    this.orders = grown(this.orders, new Uint32Array(rows));
    const old = this.#index;
    this.#index = new Int32Array(2 * rows);
    for (const entry of old) {
      if (entry !== 0) this.#index[this.#slotOf((entry & ROW_MASK) - 1)] = entry;
    }
  }

  /** After 2^32 insertions. */
  #renumber(): void {
    this.#order = 0;
    for (const row of this.inOrder()) this.orders[row] = this.#order++;
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

function grown<T extends Int32Array | Uint32Array | Uint8Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
