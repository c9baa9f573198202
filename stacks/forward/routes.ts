/**
 * The routing table: longest prefix, then as `preference.ts` says.
 * Read first: RFC 1812 §5.2.4.3 (longest match), RFC 4861 §5.2.
 *
 * `RouteChains` hold every route; a few prefixes are found there by one question for each length that occurs. A
 * larger table gets `Strides` in front, which answer for the best route of each prefix in a few reads. When its link is
 * down, or more than the destination decides, the questions are asked after all.
 */
import { Address, maskWord } from '../address/address.ts';
import type { Family } from '../address/family.ts';
import type { Random } from '../packet/environment.ts';
import { type Change, DEPENDS, RouteChains } from './chains.ts';
import type { Flow } from './flow.ts';
import type { Candidate } from './preference.ts';
import { NONE } from './prefixes.ts';
import type { Route, RouteMatch } from './route.ts';
import { ASK, PATCH, type StrideOptions, Strides } from './strides.ts';
import type { Way } from './ways.ts';

export type { Candidate, Flow, Route, RouteMatch, Way };

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
  readonly #chains: RouteChains;
  readonly #values = new Uint16Array(BURST);
  readonly #destination = new Address();
  #strides: Strides | undefined;

  constructor(family: Family, random: Random) {
    this.#family = family;
    this.#isIpv4 = family.version === 4;
    this.#chains = new RouteChains(family, random);
  }

  get size(): number {
    return this.#chains.prefixes.size;
  }

  /** Bytes of the tables, without the ways. */
  get bytes(): number {
    return this.#chains.prefixes.bytes + (this.#strides?.bytes ?? 0);
  }

  /** Host bits of the destination are cleared. @throws RangeError beyond 16,777,214 routes */
  add(route: Route): void {
    const network = this.#family.network(route.destination, route.prefixLength);
    this.#changed(network, route.prefixLength, this.#chains.add(network, route));
  }

  /** Removes every route to the prefix, only those by `gateway`, by an interface or of an origin when these are given. */
  remove(
    destination: Address,
    prefixLength: number,
    gateway?: Address,
    interfaceIndex?: number,
    origin?: Route['origin'],
  ): boolean {
    return this.withdraw(destination, prefixLength, { gateway, interfaceIndex, origin }) > 0;
  }

  /** Removes the routes to the prefix that match; how many. */
  withdraw(destination: Address, prefixLength: number, match: RouteMatch): number {
    const network = this.#family.network(destination, prefixLength);
    const change = this.#chains.withdraw(network, prefixLength, match);
    this.#changed(network, prefixLength, change);
    return change.routes;
  }

  /**
   * The best way by a link that is up: for every packet, so nothing is made for the answer. Where more than the
   * destination decides: for packets from `source` (any undefined: what is for every source), by the leg of `flow`
   * (undefined: the first).
   */
  way(to: Address, source?: Address, flow?: Flow): Way | undefined {
    const value = this.#value(to);
    if (value === 0) return undefined;
    const way = value === ASK ? undefined : this.#chains.ways.get(value);
    return way?.usable === true ? way : this.#chains.search(to, source, flow);
  }

  /** The way of all packets to a destination, whatever else they carry; undefined when there is none. */
  sureWay(to: Address): Way | undefined {
    const value = this.#value(to);
    if (value === 0) return undefined;
    const way = value === ASK ? undefined : this.#chains.ways.get(value);
    if (way?.usable === true) return way;
    const row = this.#chains.sure(to);
    return row === NONE || row === DEPENDS ? undefined : this.#chains.wayOf(row);
  }

  /** Ways that some packet to a destination takes: one, unless sources or flows part there. */
  waysOf(to: Address): readonly Way[] {
    const sure = this.sureWay(to);
    return sure === undefined ? this.#chains.waysOf(to) : [sure];
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
      const way = value < PATCH ? this.#chains.ways.get(value) : undefined;
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
    return this.sureWay(destination);
  }

  /** What the strides know: 0, the id of a way, or `ASK`. */
  #value(to: Address): number {
    const strides = this.#strides;
    if (strides === undefined) return ASK;
    const word = this.#isIpv4 ? to.w3 : to.w0;
    const value = strides.value(word);
    if (value < PATCH || value === ASK) return value;
    const row = this.#below(to, strides.below(value), strides.depth);
    if (row === NONE) return strides.rest(value, word);
    return this.#chains.prefixes.rows.way(row);
  }

  /** The best route by a link that is up. */
  lookup(destination: Address, source?: Address): Route | undefined {
    const row = this.#chains.searchRow(destination, source, undefined);
    return row === NONE ? undefined : this.#chains.route(row);
  }

  /** Every route that matches the destination: what is taken, then the losers in order, last what cannot be taken. */
  explain(destination: Address, source?: Address): Candidate[] {
    return this.#chains.explain(destination, source);
  }

  /** `explain` without the reasons. */
  candidates(destination: Address, source?: Address): Route[] {
    return this.explain(destination, source).map(({ route }) => route);
  }

  isUsable(route: Route): boolean {
    return this.#chains.ways.isUp(route.interfaceIndex);
  }

  /** Whether a gateway answers (RFC 4191 §3.2); false when no written route goes by it. */
  setAnswers(gateway: Address, interfaceIndex: number, answers: boolean): boolean {
    return this.#chains.ways.setAnswers(gateway, interfaceIndex, answers);
  }

  /** A link went down or up. */
  setUsable(interfaceIndex: number, usable: boolean): void {
    this.#chains.ways.setUp(interfaceIndex, usable);
  }

  /** In the order of insertion. */
  *[Symbol.iterator](): Iterator<Route> {
    for (const row of this.#chains.prefixes.rows.inOrder()) yield this.#chains.route(row);
  }

  /** The best row of the prefixes longer than `depth`, whose lengths are the bits set (`Strides.below`). */
  #below(to: Address, bits: number, depth: number): number {
    let left = bits;
    if (left < 0) {
      const lengths = this.#chains.prefixes.occurring;
      for (let i = 0; i < lengths.length && lengths[i]! >= depth + 32; i++) {
        const row = this.#chains.find(to, lengths[i]!);
        if (row !== NONE) return row;
      }
      left &= 0x7fffffff;
    }
    const hash = this.#chains.prefixes.hashFirst(to.w0);
    while (left !== 0) {
      const bit = 31 - Math.clz32(left);
      const length = depth + 1 + bit;
      const row = this.#isIpv4
        ? this.#chains.find(to, length)
        : this.#chains.prefixes.findSecond(hash, to.w0, to.w1 & maskWord(length - 32), length);
      if (row !== NONE) return row;
      left ^= 1 << bit;
    }
    return NONE;
  }

  #changed(network: Address, length: number, { prefixes: more, best, plain }: Change): void {
    if (!best) return;
    const word = this.#isIpv4 ? network.w3 : network.w0;
    const table = this.#chains.prefixes;
    const strides = this.#strides;
    if (table.size === 0) {
      this.#chains.clear();
      this.#strides = undefined;
    } else if (strides === undefined) {
      if (table.prefixes > FEW) this.#build();
    } else if (table.prefixes < FEW / 2) {
      this.#strides = undefined;
    } else if (length <= strides.depth) {
      strides.refresh(word, length);
    } else if (!plain) {
      strides.askBelow(word);
    } else if (more > 0) {
      strides.addBelow(word, length);
    } else if (more < 0) {
      strides.removeBelow(word);
    }
  }

  #build(): void {
    const table = this.#chains.prefixes;
    const strides = new Strides(table, STRIDES[this.#family.version], (row) => this.#chains.isPlain(row));
    for (const row of table.heads()) {
      const word = table.rows.word(row, this.#isIpv4 ? 3 : 0);
      const length = table.rows.length(row);
      if (length <= strides.depth) strides.refresh(word, length);
      else if (this.#chains.isPlain(row)) strides.addBelow(word, length);
      else strides.askBelow(word);
    }
    this.#strides = strides;
  }
}
