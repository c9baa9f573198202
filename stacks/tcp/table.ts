/**
 * Connections by four-tuple. Their rows lie in pages of typed arrays, which the garbage collector does not look into;
 * a keyed hash leads to the first row of a chain, and the chain through the rows. A page whose rows are all free goes.
 */
import type { Address } from '../address/address.ts';
import type { Random } from '../packet/environment.ts';
import { KeyedHash } from '../packet/keyed-hash.ts';
import { CHAIN, GONE, HASH, PORTS, REMOTE, REMOTE_V6, ROW, type Tcb } from './tcb.ts';
import { Tuple } from './tuple.ts';

/** Rows of a page: 37 KB for IPv4, little for a stack with one connection, and 4,000 pages for a million. */
const PAGE_BITS = 8;
const PAGE_ROWS = 1 << PAGE_BITS;
const SMALLEST = 64;

class Page {
  readonly number: number;
  readonly words: Int32Array;
  readonly tcbs: (Tcb | undefined)[] = new Array<Tcb | undefined>(PAGE_ROWS).fill(undefined);
  /** Rows never used begin here; those given back are chained from `free` (index in the page plus one). */
  fresh = 0;
  free = 0;
  used = 0;
  /** Where it stands among the pages with room, -1 when it is full. */
  place = -1;

  constructor(number: number, rowWords: number) {
    this.number = number;
    this.words = new Int32Array(PAGE_ROWS * rowWords);
  }
}

export class ConnectionTable {
  size = 0;
  readonly #hash: KeyedHash;
  readonly #isV6: boolean;
  readonly #rowWords: number;
  /** Row number plus one of the first in each chain, 0 for none. */
  #buckets: Int32Array = new Int32Array(SMALLEST);
  readonly #pages: (Page | undefined)[] = [];
  readonly #roomy: Page[] = [];
  /** What is looked for. */
  readonly #wanted = new Tuple();
  /** Segments come in trains: the connection found last is the likeliest. */
  #last: Tcb | undefined;

  constructor(random: Random, addressBytes: 4 | 16) {
    this.#hash = new KeyedHash(random.u32(), random.u32());
    this.#isV6 = addressBytes === 16;
    this.#rowWords = this.#isV6 ? REMOTE_V6 + 4 : REMOTE_V6;
  }

  /** Bytes of rows and buckets, without the handles. */
  get bytes(): number {
    const pages = this.#pages.reduce((n, page) => (page === undefined ? n : n + 1), 0);
    return pages * PAGE_ROWS * (4 * this.#rowWords + 8) + 4 * this.#buckets.length;
  }

  find(local: Address, localPort: number, remote: Address, remotePort: number): Tcb | undefined {
    const ports = (localPort << 16) | remotePort;
    const last = this.#last;
    if (last !== undefined && this.#matches(last, ports, local, remote)) return last;
    const hash = this.#wanted.set(local, localPort, remote, remotePort).hash(this.#hash);
    let row = this.#buckets[hash & (this.#buckets.length - 1)]!;
    while (row !== 0) {
      const page = this.#pages[(row - 1) >> PAGE_BITS]!;
      const index = (row - 1) & (PAGE_ROWS - 1);
      const at = index * this.#rowWords;
      if (page.words[at + PORTS] === ports && page.words[at + REMOTE] === remote.w3) {
        const tcb = page.tcbs[index]!;
        if (this.#matches(tcb, ports, local, remote)) {
          this.#last = tcb;
          return tcb;
        }
      }
      row = page.words[at + CHAIN]!;
    }
    return undefined;
  }

  #matches(tcb: Tcb, ports: number, local: Address, remote: Address): boolean {
    const { words, at } = tcb;
    return (
      words[at + PORTS] === ports &&
      words[at + REMOTE] === remote.w3 &&
      tcb.localAddress.equals(local) &&
      (!this.#isV6 ||
        (words[at + REMOTE_V6] === remote.w0 &&
          words[at + REMOTE_V6 + 1] === remote.w1 &&
          words[at + REMOTE_V6 + 2] === remote.w2 &&
          words[at + REMOTE_V6 + 3] === remote.zone))
    );
  }

  /** Gives `tcb` a row of zeros but for the four-tuple, which is not in the table yet; `remote` is part of it. */
  add(tcb: Tcb, tuple: Tuple, remote: Address): void {
    if (this.size >= this.#buckets.length) this.#resize(this.#buckets.length * 2);
    const page = this.#roomy.at(-1) ?? this.#addPage();
    let index = page.free - 1;
    if (index < 0) index = page.fresh++;
    else page.free = page.words[index * this.#rowWords + CHAIN]!;
    page.tcbs[index] = tcb;
    if (++page.used === PAGE_ROWS) this.#full(page);
    const { words } = page;
    const at = index * this.#rowWords;
    words.fill(0, at, at + this.#rowWords);
    words[at + ROW] = ((page.number << PAGE_BITS) | index) + 1;
    words[at + PORTS] = tuple.ports;
    words[at + REMOTE] = remote.w3;
    if (this.#isV6) {
      words[at + REMOTE_V6] = remote.w0;
      words[at + REMOTE_V6 + 1] = remote.w1;
      words[at + REMOTE_V6 + 2] = remote.w2;
      words[at + REMOTE_V6 + 3] = remote.zone;
    }
    tcb.words = words;
    tcb.at = at;
    words[at + HASH] = tuple.hash(this.#hash);
    this.#link(tcb);
    this.size++;
  }

  /** False when it was not there. The row stays the connection's until `release`. */
  remove(tcb: Tcb): boolean {
    if (this.#last === tcb) this.#last = undefined;
    const row = tcb.words[tcb.at + ROW]!;
    const bucket = this.#bucket(tcb);
    let before = 0;
    for (let each = this.#buckets[bucket]!; each !== 0; before = each, each = this.#chained(each)) {
      if (each !== row) continue;
      const next = tcb.words[tcb.at + CHAIN]!;
      if (before === 0) this.#buckets[bucket] = next;
      else this.#page(before).words[this.#at(before) + CHAIN] = next;
      this.size--;
      const { length } = this.#buckets;
      if (length > SMALLEST && this.size < length / 8) this.#resize(length / 2);
      return true;
    }
    return false;
  }

  /** Takes the row back. */
  release(tcb: Tcb): void {
    const row = tcb.words[tcb.at + ROW]!;
    const page = this.#page(row);
    const index = (row - 1) & (PAGE_ROWS - 1);
    page.tcbs[index] = undefined;
    page.words[tcb.at + CHAIN] = page.free;
    page.free = index + 1;
    tcb.words = GONE;
    tcb.at = 0;
    if (page.place < 0) page.place = this.#roomy.push(page) - 1;
    // One empty page stays, so that a single connection that comes and goes does not make one each time.
    if (--page.used === 0 && this.#roomy.length > 1) this.#drop(page);
  }

  at(row: number): Tcb {
    return this.#page(row).tcbs[(row - 1) & (PAGE_ROWS - 1)]!;
  }

  *[Symbol.iterator](): Generator<Tcb> {
    for (const head of this.#buckets) {
      for (let row = head; row !== 0; row = this.#chained(row)) yield this.at(row);
    }
  }

  #addPage(): Page {
    let number = this.#pages.indexOf(undefined);
    if (number < 0) number = this.#pages.length;
    const page = new Page(number, this.#rowWords);
    this.#pages[number] = page;
    page.place = this.#roomy.push(page) - 1;
    return page;
  }

  #drop(page: Page): void {
    this.#pages[page.number] = undefined;
    this.#full(page);
  }

  /** Off the list of pages with room. */
  #full(page: Page): void {
    const last = this.#roomy.pop()!;
    if (last !== page) {
      this.#roomy[page.place] = last;
      last.place = page.place;
    }
    page.place = -1;
  }

  #page(row: number): Page {
    return this.#pages[(row - 1) >> PAGE_BITS]!;
  }

  #at(row: number): number {
    return ((row - 1) & (PAGE_ROWS - 1)) * this.#rowWords;
  }

  #chained(row: number): number {
    return this.#page(row).words[this.#at(row) + CHAIN]!;
  }

  #bucket(tcb: Tcb): number {
    return tcb.words[tcb.at + HASH]! & (this.#buckets.length - 1);
  }

  #link(tcb: Tcb): void {
    const bucket = this.#bucket(tcb);
    tcb.words[tcb.at + CHAIN] = this.#buckets[bucket]!;
    this.#buckets[bucket] = tcb.words[tcb.at + ROW]!;
  }

  #resize(buckets: number): void {
    const all = [...this];
    this.#buckets = new Int32Array(buckets);
    for (const tcb of all) this.#link(tcb);
  }
}
