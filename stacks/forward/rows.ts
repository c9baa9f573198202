/**
 * Rows of a routing table in pages of words:
 *
 *   0               1          2       last 1 (IPv4) or 4 (IPv6)
 *   length | way    next row   order   prefix
 */
import { ROW_MASK } from './prefix-index.ts';

/** No row. */
export const NONE = -1;

const FIRST_ROWS = 8;
/** 8,192 rows, 128 or 256 KiB. */
const PAGE_BITS = 13;
const PAGE_ROWS: number = 1 << PAGE_BITS;
const NEXT = 1;
const ORDER = 2;
/** The prefix length stands above the id of the way; both are bounded by the number of rows. */
const WAY_BITS = 24;
const WAY_MASK: number = (1 << WAY_BITS) - 1;

export class Rows {
  /** Rows in use. */
  size = 0;
  readonly #isIpv4: boolean;
  /** Of the words of a row. */
  readonly #shift: 2 | 3;
  readonly #pages: Int32Array[];
  /** Rows ever used, and the chain of those given back. */
  #used = 0;
  #free = NONE;
  #order = 0;

  constructor(words: 1 | 4) {
    this.#isIpv4 = words === 1;
    this.#shift = this.#isIpv4 ? 2 : 3;
    this.#pages = [new Int32Array(FIRST_ROWS << this.#shift)];
  }

  get bytes(): number {
    return this.#pages.reduce((sum, page) => sum + page.byteLength, 0);
  }

  length(row: number): number {
    return this.#page(row)[this.#at(row)]! >>> WAY_BITS;
  }

  /** `Way.id`, 0 for a free row. */
  way(row: number): number {
    return this.#page(row)[this.#at(row)]! & WAY_MASK;
  }

  /** The next best route to the same prefix, or `NONE`. */
  next(row: number): number {
    return this.#page(row)[this.#at(row) + NEXT]!;
  }

  setNext(row: number, next: number): void {
    this.#page(row)[this.#at(row) + NEXT] = next;
  }

  /** One of the four words of a row's prefix. */
  word(row: number, word: 0 | 1 | 2 | 3): number {
    if (this.#isIpv4) return word === 3 ? this.#page(row)[this.#at(row) + 3]! : 0;
    return this.#page(row)[this.#at(row) + 4 + word]!;
  }

  is(row: number, w0: number, w1: number, w2: number, w3: number, length: number): boolean {
    const page = this.#page(row);
    const at = this.#at(row);
    if (page[at]! >>> WAY_BITS !== length) return false;
    if (this.#isIpv4) return page[at + 3] === w3;
    return page[at + 4] === w0 && page[at + 5] === w1 && page[at + 6] === w2 && page[at + 7] === w3;
  }

  /** `is` for an IPv6 prefix of 33 to 64 bits. */
  isSecond(row: number, w0: number, w1: number, length: number): boolean {
    const page = this.#page(row);
    const at = (row & (PAGE_ROWS - 1)) << 3;
    return page[at + 5] === w1 && page[at + 4] === w0 && page[at]! >>> WAY_BITS === length;
  }

  /** A new row that is in no chain yet. @throws RangeError beyond 16,777,214 routes */
  create(w0: number, w1: number, w2: number, w3: number, length: number, way: number): number {
    let row = this.#free;
    if (row === NONE) row = this.#fresh();
    else this.#free = this.next(row);
    if (this.#order > 0x7fffffff) this.#renumber();
    const page = this.#page(row);
    const at = this.#at(row);
    page[at] = (length << WAY_BITS) | way;
    page[at + NEXT] = NONE;
    page[at + ORDER] = this.#order++;
    if (this.#isIpv4) {
      page[at + 3] = w3;
    } else {
      page[at + 4] = w0;
      page[at + 5] = w1;
      page[at + 6] = w2;
      page[at + 7] = w3;
    }
    this.size++;
    return row;
  }

  /** Gives back a row that is in no chain any more. */
  free(row: number): void {
    this.#page(row)[this.#at(row)] = 0;
    this.setNext(row, this.#free);
    this.#free = row;
    this.size--;
  }

  /** All rows in the order in which they were added. */
  inOrder(): Uint32Array {
    const rows = new Uint32Array(this.size);
    let n = 0;
    for (let row = 0; row < this.#used; row++) if (this.way(row) !== 0) rows[n++] = row;
    return rows.sort((a, b) => this.#orderOf(a) - this.#orderOf(b));
  }

  #page(row: number): Int32Array {
    return this.#pages[row >>> PAGE_BITS]!;
  }

  #at(row: number): number {
    return (row & (PAGE_ROWS - 1)) << this.#shift;
  }

  #orderOf(row: number): number {
    return this.#page(row)[this.#at(row) + ORDER]!;
  }

  #fresh(): number {
    const row = this.#used;
    if (row >= ROW_MASK - 1) throw new RangeError('the routing table is full');
    const page = this.#pages[row >>> PAGE_BITS];
    if (page === undefined) {
      this.#pages.push(new Int32Array(PAGE_ROWS << this.#shift));
    } else if (this.#at(row) === page.length) {
      // The first page of a small table.
      const larger = new Int32Array(2 * page.length);
      larger.set(page);
      this.#pages[0] = larger;
    }
    this.#used++;
    return row;
  }

  /** After 2^31 insertions. */
  #renumber(): void {
    this.#order = 0;
    for (const row of this.inOrder()) this.#page(row)[this.#at(row) + ORDER] = this.#order++;
  }
}
