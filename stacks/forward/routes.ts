/**
 * The routing table: longest prefix, then lower metric, then the order in which routes were written.
 * Read first: RFC 1812 §5.2.4.3 (longest match), RFC 4861 §5.2.
 *
 * `PrefixTable` holds every route; a few prefixes are found there by one question for each length that occurs. A
 * larger table gets `Strides` in front, which answer for the best route of each prefix in a few reads. When its link is
 * down, the questions are asked after all.
 */
import { Address, maskWord } from '../address/address.ts';
import type { Family } from '../address/family.ts';
import type { Random } from '../packet/environment.ts';
import { NONE, PrefixTable } from './prefixes.ts';
import type { Route } from './route.ts';
import { ASK, PATCH, type StrideOptions, Strides } from './strides.ts';
import { type Way, Ways } from './ways.ts';

export type { Route, Way };

/** Destinations that are looked up at once: enough to keep all of the processor's memory requests under way. */
export const BURST = 64;
/** Prefixes that need no strides, so that a host has a table of some hundred bytes; a router's begins at 256 KiB. */
const FEW = 16;
/** By family: 33 MB at most. */
const STRIDES: Record<Family['version'], StrideOptions> = {
  4: { bits: 8, maxNodes: 65_534 },
  6: { bits: 16, maxNodes: 254 },
};

export class RouteTable {
  readonly #family: Family;
  readonly #isIpv4: boolean;
  readonly #ways = new Ways();
  readonly #random: Random;
  readonly #values = new Uint16Array(BURST);
  readonly #destination = new Address();
  #prefixes: PrefixTable;
  #strides: Strides | undefined;

  constructor(family: Family, random: Random) {
    this.#family = family;
    this.#isIpv4 = family.version === 4;
    this.#random = random;
    this.#prefixes = this.#empty();
  }

  get size(): number {
    return this.#prefixes.size;
  }

  /** Bytes of the tables, without the ways. */
  get bytes(): number {
    return this.#prefixes.bytes + (this.#strides?.bytes ?? 0);
  }

  /** Host bits of the destination are cleared. @throws RangeError beyond 16,777,214 routes */
  add(route: Route): void {
    const { w0, w1, w2, w3 } = this.#family.network(route.destination, route.prefixLength);
    const length = route.prefixLength;
    const table = this.#prefixes;
    const rows = table.rows;
    const way = this.#ways.take(route);
    const row = rows.create(w0, w1, w2, w3, length, way.id);
    const head = table.find(w0, w1, w2, w3, length);
    if (head === NONE || way.metric < this.#wayOf(head).metric) {
      rows.setNext(row, head);
      table.setHead(row);
      this.#changed(this.#isIpv4 ? w3 : w0, length, head === NONE ? 1 : 0);
      return;
    }
    // Behind all that are as good: they were written before.
    let before = head;
    for (;;) {
      const next = rows.next(before);
      if (next === NONE || way.metric < this.#wayOf(next).metric) break;
      before = next;
    }
    rows.setNext(row, rows.next(before));
    rows.setNext(before, row);
  }

  /** Removes every route to the prefix, only those by `gateway` or by an interface when these are given. */
  remove(destination: Address, prefixLength: number, gateway?: Address, interfaceIndex?: number): boolean {
    const { w0, w1, w2, w3 } = this.#family.network(destination, prefixLength);
    const table = this.#prefixes;
    const head = table.find(w0, w1, w2, w3, prefixLength);
    let best = NONE;
    let kept = NONE;
    const gone: number[] = [];
    for (let row = head; row !== NONE; row = table.rows.next(row)) {
      const way = this.#wayOf(row);
      const goes =
        (gateway === undefined || way.gateway.sameWords(gateway)) &&
        (interfaceIndex === undefined || way.interfaceIndex === interfaceIndex);
      if (goes) {
        gone.push(row);
        continue;
      }
      if (kept === NONE) best = row;
      else table.rows.setNext(kept, row);
      kept = row;
    }
    if (gone.length === 0) return false;
    if (kept !== NONE) table.rows.setNext(kept, NONE);
    if (best === NONE) table.removePrefix(head);
    else if (best !== head) table.setHead(best);
    for (const row of gone) {
      this.#ways.release(this.#wayOf(row));
      table.rows.free(row);
    }
    if (best !== head) this.#changed(this.#isIpv4 ? w3 : w0, prefixLength, best === NONE ? -1 : 0);
    return true;
  }

  /** The best way by a link that is up: for every packet, so nothing is made for the answer. */
  way(to: Address): Way | undefined {
    const strides = this.#strides;
    if (strides === undefined) return this.#search(to);
    const word = this.#isIpv4 ? to.w3 : to.w0;
    let value = strides.value(word);
    if (value >= PATCH && value !== ASK) {
      const row = this.#below(to, strides.below(value), strides.depth);
      value = row === NONE ? strides.rest(value, word) : this.#prefixes.rows.way(row);
    }
    if (value === 0) return undefined;
    const way = value === ASK ? undefined : this.#ways.get(value);
    return way?.usable === true ? way : this.#search(to);
  }

  /** `way` for `count` destinations at once, at most `BURST`: of one word each for IPv4, of four for IPv6. */
  waysTo(to: Int32Array, count: number, ways: (Way | undefined)[]): void {
    const stride = this.#isIpv4 ? 1 : 4;
    const strides = this.#strides;
    const values = this.#values;
    if (strides !== undefined) strides.values(to, stride, count, values);
    else values.fill(ASK);
    for (let i = 0; i < count; i++) {
      const value = values[i]!;
      const way = value < PATCH ? this.#ways.get(value) : undefined;
      ways[i] = way?.usable === true || value === 0 ? way : this.#slowWay(to, i * stride);
    }
  }

  #slowWay(to: Int32Array, at: number): Way | undefined {
    const destination = this.#destination;
    if (this.#isIpv4) {
      destination.w3 = to[at]!;
    } else {
      destination.w0 = to[at]!;
      destination.w1 = to[at + 1]!;
      destination.w2 = to[at + 2]!;
      destination.w3 = to[at + 3]!;
    }
    return this.way(destination);
  }

  /** The best route by a link that is up. */
  lookup(destination: Address): Route | undefined {
    const row = this.#searchRow(destination);
    return row === NONE ? undefined : this.#route(row);
  }

  /** Every route that matches: the one `lookup` takes first, then the losers in order, those by a dead link last. */
  candidates(destination: Address): Route[] {
    const found: number[] = [];
    const table = this.#prefixes;
    for (const length of table.occurring) {
      for (let row = this.#find(destination, length); row !== NONE; row = table.rows.next(row))
        found.push(row);
    }
    const usable = found.filter((row) => this.#wayOf(row).usable);
    const rest = found.filter((row) => !this.#wayOf(row).usable);
    return [...usable, ...rest].map((row) => this.#route(row));
  }

  isUsable(route: Route): boolean {
    return this.#ways.isUp(route.interfaceIndex);
  }

  /** A link went down or up. */
  setUsable(interfaceIndex: number, usable: boolean): void {
    this.#ways.setUp(interfaceIndex, usable);
  }

  /** In the order of insertion. */
  *[Symbol.iterator](): Iterator<Route> {
    for (const row of this.#prefixes.rows.inOrder()) yield this.#route(row);
  }

  #empty(): PrefixTable {
    return new PrefixTable(this.#isIpv4 ? 1 : 4, this.#random);
  }

  #wayOf(row: number): Way {
    return this.#ways.get(this.#prefixes.rows.way(row))!;
  }

  #route(row: number): Route {
    const table = this.#prefixes;
    const { gateway, interfaceIndex, metric, origin, card } = this.#wayOf(row);
    const destination = this.#family.network(this.#family.any, 0);
    destination.w0 = table.rows.word(row, 0);
    destination.w1 = table.rows.word(row, 1);
    destination.w2 = table.rows.word(row, 2);
    destination.w3 = table.rows.word(row, 3);
    const route = {
      destination,
      prefixLength: table.rows.length(row),
      gateway,
      interfaceIndex,
      metric,
      origin,
    };
    return card === undefined ? route : { ...route, card };
  }

  #search(to: Address): Way | undefined {
    const row = this.#searchRow(to);
    return row === NONE ? undefined : this.#wayOf(row);
  }

  #searchRow(to: Address): number {
    const lengths = this.#prefixes.occurring;
    for (let i = 0; i < lengths.length; i++) {
      const row = this.#usable(this.#find(to, lengths[i]!));
      if (row !== NONE) return row;
    }
    return NONE;
  }

  /** The best row of the chain from `head` by a link that is up. */
  #usable(head: number): number {
    for (let row = head; row !== NONE; row = this.#prefixes.rows.next(row)) {
      if (this.#wayOf(row).usable) return row;
    }
    return NONE;
  }

  #find(to: Address, length: number): number {
    const table = this.#prefixes;
    if (this.#isIpv4) return table.find(0, 0, 0, to.w3 & maskWord(length), length);
    return table.find(
      to.w0 & maskWord(length),
      to.w1 & maskWord(length - 32),
      to.w2 & maskWord(length - 64),
      to.w3 & maskWord(length - 96),
      length,
    );
  }

  /** The best row of the prefixes longer than `depth`, whose lengths are the bits set (`Strides.below`). */
  #below(to: Address, bits: number, depth: number): number {
    let left = bits;
    if (left < 0) {
      const lengths = this.#prefixes.occurring;
      for (let i = 0; i < lengths.length && lengths[i]! >= depth + 32; i++) {
        const row = this.#find(to, lengths[i]!);
        if (row !== NONE) return row;
      }
      left &= 0x7fffffff;
    }
    const hash = this.#prefixes.hashFirst(to.w0);
    while (left !== 0) {
      const bit = 31 - Math.clz32(left);
      const length = depth + 1 + bit;
      const row = this.#isIpv4
        ? this.#find(to, length)
        : this.#prefixes.findSecond(hash, to.w0, to.w1 & maskWord(length - 32), length);
      if (row !== NONE) return row;
      left ^= 1 << bit;
    }
    return NONE;
  }

  /** The best way to a prefix is another; `more`: 1 when the prefix is new, -1 when it is gone. */
  #changed(word: number, length: number, more: 1 | 0 | -1): void {
    const table = this.#prefixes;
    const strides = this.#strides;
    if (table.size === 0) {
      this.#prefixes = this.#empty();
      this.#strides = undefined;
    } else if (strides === undefined) {
      if (table.prefixes > FEW) this.#build();
    } else if (table.prefixes < FEW / 2) {
      this.#strides = undefined;
    } else if (length <= strides.depth) {
      strides.refresh(word, length);
    } else if (more > 0) {
      strides.addBelow(word, length);
    } else if (more < 0) {
      strides.removeBelow(word);
    }
  }

  #build(): void {
    const table = this.#prefixes;
    const strides = new Strides(table, STRIDES[this.#family.version]);
    for (const row of table.heads()) {
      const word = table.rows.word(row, this.#isIpv4 ? 3 : 0);
      const length = table.rows.length(row);
      if (length <= strides.depth) strides.refresh(word, length);
      else strides.addBelow(word, length);
    }
    this.#strides = strides;
  }
}
