/**
 * The first bits of an address in two steps: a root of 2^16 entries, and nodes below those of its entries that have
 * longer prefixes. IPv4 takes 16 + 8 bits, which holds a full table in 33 MB and answers with two reads (Gupta, Lin
 * and McKeown, "Routing Lookups in Hardware at Memory Access Speeds", 1998, with the first step cut in two); IPv6
 * takes 16 + 16, because all that is announced lies in less than a hundred /16.
 *
 * It is an accelerator in front of `PrefixTable`, which stays the truth: whatever does not fit here says `ASK`. An
 * entry's value counts before that of the root entry above it; zero means none. What lies below the last step is
 * described by a patch: the value for the rest, and which longer lengths occur.
 */
import type { PrefixTable } from './prefixes.ts';
import { NONE } from './prefixes.ts';

/** Look into the prefix table, longest length first. */
export const ASK = 0xffff;
/** Values from here are patches. */
export const PATCH = 0x8000;
const MAX_PATCHES: number = ASK - PATCH;
const ROOT_BITS = 16;
/** Of a root entry with no room for a node. */
const NO_NODE = 0xffff;

/**
 * Entries from which on there is room for all: a copy of these takes a millisecond, one of the next sizes ten times
 * that, and memory that nothing was written to is not there yet.
 */
const FULL_FROM = 1 << 20;

export interface StrideOptions {
  /** Bits of the second step: 8 or 16. */
  readonly bits: number;
  /** Bound on memory: 2^(bits + 1) bytes each, 33 MB for either family. */
  readonly maxNodes: number;
}

export class Strides {
  /** Bits decided here. */
  readonly depth: number;
  readonly #bits: number;
  readonly #maxNodes: number;
  readonly #prefixes: PrefixTable;
  readonly #isPlain: (row: number) => boolean;
  readonly #root: Uint16Array = new Uint16Array(1 << ROOT_BITS);
  readonly #nodeOf: Uint16Array = new Uint16Array(1 << ROOT_BITS);
  #entries: Uint16Array;
  #nodes = 0;
  /** By patch. */
  readonly #rest: number[] = [];
  readonly #below: number[] = [];
  readonly #count: number[] = [];
  readonly #freePatches: number[] = [];

  /** `isPlain`: does the best row of a prefix decide by the destination alone? What does not says `ASK`. */
  constructor(prefixes: PrefixTable, { bits, maxNodes }: StrideOptions, isPlain: (row: number) => boolean) {
    this.#prefixes = prefixes;
    this.#isPlain = isPlain;
    this.#bits = bits;
    this.depth = ROOT_BITS + bits;
    this.#maxNodes = maxNodes;
    this.#entries = new Uint16Array(2 << bits);
  }

  get bytes(): number {
    return (
      this.#root.byteLength + this.#nodeOf.byteLength + this.#entries.byteLength + 24 * this.#rest.length
    );
  }

  /** For the first word of an address: 0, the id of a way, a patch, or `ASK`. */
  value(word: number): number {
    const high = word >>> 16;
    const node = this.#nodeOf[high]!;
    if (node === 0) return this.#root[high]!;
    if (node === NO_NODE) return ASK;
    const value = this.#entries[(node << this.#bits) | ((word & 0xffff) >>> (ROOT_BITS - this.#bits))]!;
    return value === 0 ? this.#root[high]! : value;
  }

  /**
   * The same for many: `to` holds `stride` words for each destination. Nothing else is done between the reads, so that
   * the processor waits for all entries that are in no cache at once.
   */
  values(to: Int32Array, stride: number, count: number, values: Uint16Array): void {
    const root = this.#root;
    const nodeOf = this.#nodeOf;
    const entries = this.#entries;
    const bits = this.#bits;
    for (let i = 0; i < count; i++) {
      const word = to[i * stride]!;
      const high = word >>> 16;
      const node = nodeOf[high]!;
      let value =
        node === NO_NODE ? ASK : entries[(node << bits) | ((word & 0xffff) >>> (ROOT_BITS - bits))]!;
      if (value === 0) value = root[high]!;
      values[i] = value;
    }
  }

  /** Bit n: prefixes of `depth` + 1 + n bits may lie below this patch; with bit 31, of so many or more. */
  below(patch: number): number {
    return this.#below[patch - PATCH]!;
  }

  /** The value for what no longer prefix matches. */
  rest(patch: number, word: number): number {
    return this.#rest[patch - PATCH]! || this.#root[word >>> 16]!;
  }

  /** A prefix no longer than `depth` has come, gone or changed its best way. */
  refresh(word: number, length: number): void {
    if (length <= ROOT_BITS) {
      this.#fill(word, length, this.#best(word, length, 0), 0, ROOT_BITS);
      return;
    }
    const node = this.#node(word >>> 16);
    if (node === NO_NODE) return;
    this.#fill(word, length, this.#best(word, length, ROOT_BITS + 1), node, this.depth);
  }

  /** A prefix longer than `depth` has come. */
  addBelow(word: number, length: number): void {
    const at = this.#at(word);
    if (at === 0) return;
    let value = this.#entries[at]!;
    if (value === ASK) return;
    if (value < PATCH) {
      const patch = this.#freePatches.pop() ?? this.#rest.length;
      if (patch >= MAX_PATCHES) {
        this.#entries[at] = ASK;
        return;
      }
      this.#rest[patch] = value;
      this.#below[patch] = 0;
      this.#count[patch] = 0;
      value = this.#entries[at] = PATCH + patch;
    }
    this.#below[value - PATCH]! |= 1 << Math.min(length - this.depth - 1, 31);
    this.#count[value - PATCH]!++;
  }

  /** A prefix longer than `depth` does not decide by the destination alone: what lies around it is asked for from now on. */
  askBelow(word: number): void {
    const at = this.#at(word);
    if (at === 0) return;
    const value = this.#entries[at]!;
    if (value >= PATCH && value !== ASK) this.#freePatches.push(value - PATCH);
    this.#entries[at] = ASK;
  }

  /** And gone: the last one takes the patch away; until then its length may be asked in vain. */
  removeBelow(word: number): void {
    const at = this.#at(word);
    const value = this.#entries[at]!;
    if (at === 0 || value === ASK) return;
    const patch = value - PATCH;
    if (--this.#count[patch]! > 0) return;
    this.#entries[at] = this.#rest[patch]!;
    this.#freePatches.push(patch);
  }

  /** The entry of a word in the second step, 0 when there is no node for it. */
  #at(word: number): number {
    const node = this.#node(word >>> 16);
    if (node === NO_NODE) return 0;
    return (node << this.#bits) | ((word & 0xffff) >>> (ROOT_BITS - this.#bits));
  }

  #node(high: number): number {
    if (this.#nodeOf[high] !== 0) return this.#nodeOf[high]!;
    if (this.#nodes === this.#maxNodes) {
      this.#nodeOf[high] = NO_NODE;
      return NO_NODE;
    }
    const node = ++this.#nodes;
    if ((node + 1) << this.#bits > this.#entries.length) {
      const most = (this.#maxNodes + 1) << this.#bits;
      const length = this.#entries.length < FULL_FROM ? 2 * this.#entries.length : most;
      const larger = new Uint16Array(Math.min(length, most));
      larger.set(this.#entries);
      this.#entries = larger;
    }
    this.#nodeOf[high] = node;
    return node;
  }

  /** The way of the longest prefix of `shortest`..`length` bits that matches. */
  #best(word: number, length: number, shortest: number): number {
    for (let bits = length; bits >= shortest; bits--) {
      const found = this.#exact(word, bits);
      if (found !== 0) return found;
    }
    return 0;
  }

  #exact(word: number, length: number): number {
    const row = this.#prefixes.findFirst(word, length);
    if (row === NONE) return 0;
    const way = this.#prefixes.rows.way(row);
    return way < PATCH && this.#isPlain(row) ? way : ASK;
  }

  /** Writes `value` into all entries of a prefix, and the ways of longer prefixes inside it over them. */
  #fill(word: number, length: number, value: number, node: number, last: number): void {
    if (this.#prefixes.occursBetween(length + 1, last)) {
      const half = 1 << (31 - length);
      const one = word | half;
      this.#fill(word, length + 1, this.#exact(word, length + 1) || value, node, last);
      this.#fill(one, length + 1, this.#exact(one, length + 1) || value, node, last);
      return;
    }
    const many = 1 << (last - length);
    if (last === ROOT_BITS) {
      const from = word >>> 16;
      this.#root.fill(value, from, from + many);
      return;
    }
    const from = (node << this.#bits) | ((word & 0xffff) >>> (ROOT_BITS - this.#bits));
    for (let at = from; at < from + many; at++) {
      const old = this.#entries[at]!;
      if (old < PATCH) this.#entries[at] = value;
      else if (old !== ASK) this.#rest[old - PATCH] = value;
    }
  }
}
