/**
 * Routes in chains, all to one prefix in one of them, best first; and which of them a packet takes. `preference.ts` has
 * the order. A chain is walked from its head, so thousands of source prefixes for one destination would be slow.
 */
import { type Address, maskWord } from '../address/address.ts';
import type { Family } from '../address/family.ts';
import type { Random } from '../packet/environment.ts';
import { KeyedHash } from '../packet/keyed-hash.ts';
import { FLOW_WORDS, type Flow } from './flow.ts';
import { type Advantage, type Candidate, obstacle, precedes, sharesWith } from './preference.ts';
import { NONE, PrefixTable } from './prefixes.ts';
import type { Route, RouteMatch } from './route.ts';
import { type Way, Ways } from './ways.ts';

/** No row that is the same for all packets to a destination. */
export const DEPENDS = -2;

/** What a change of the routes to a prefix did. */
export interface Change {
  /** 1 when the prefix is new, -1 when it is gone. */
  readonly prefixes: 1 | 0 | -1;
  /** Routes added or removed. */
  readonly routes: number;
  /** Its best way is another, or decides otherwise. */
  readonly best: boolean;
  /** `isPlain` of its best way; true when it is gone. */
  readonly plain: boolean;
}

export class RouteChains {
  readonly ways = new Ways();
  prefixes: PrefixTable;
  readonly #family: Family;
  readonly #isIpv4: boolean;
  readonly #random: Random;
  readonly #flowWords = new Int32Array(FLOW_WORDS);
  /** Keyed, so that nobody can send all flows by one leg; drawn when there is a first choice. */
  #flowHash: KeyedHash | undefined;

  constructor(family: Family, random: Random) {
    this.#family = family;
    this.#isIpv4 = family.version === 4;
    this.#random = random;
    this.prefixes = new PrefixTable(this.#isIpv4 ? 1 : 4, random);
  }

  /** After the last route has gone: the memory goes as well. */
  clear(): void {
    this.prefixes = new PrefixTable(this.#isIpv4 ? 1 : 4, this.#random);
  }

  /** @throws RangeError beyond 16,777,214 routes */
  add(network: Address, route: Route): Change {
    const { w0, w1, w2, w3 } = network;
    const length = route.prefixLength;
    const table = this.prefixes;
    const rows = table.rows;
    const way = this.ways.take(this.#normal(route));
    const row = rows.create(w0, w1, w2, w3, length, way.id);
    const head = table.find(w0, w1, w2, w3, length);
    if (head === NONE || precedes(way, this.wayOf(head)) !== undefined) {
      rows.setNext(row, head);
      table.setHead(row);
      return { prefixes: head === NONE ? 1 : 0, routes: 1, best: true, plain: this.isPlain(row) };
    }
    const wasPlain = this.isPlain(head);
    // Behind all that are as good: they were written before.
    let before = head;
    for (;;) {
      const next = rows.next(before);
      if (next === NONE || precedes(way, this.wayOf(next)) !== undefined) break;
      before = next;
    }
    rows.setNext(row, rows.next(before));
    rows.setNext(before, row);
    const plain = this.isPlain(head);
    return { prefixes: 0, routes: 1, best: wasPlain !== plain, plain };
  }

  withdraw(network: Address, prefixLength: number, match: RouteMatch): Change {
    const { w0, w1, w2, w3 } = network;
    const table = this.prefixes;
    const head = table.find(w0, w1, w2, w3, prefixLength);
    const wasPlain = head !== NONE && this.isPlain(head);
    let best = NONE;
    let kept = NONE;
    const gone: number[] = [];
    for (let row = head; row !== NONE; row = table.rows.next(row)) {
      if (this.wayOf(row).matches(match)) {
        gone.push(row);
        continue;
      }
      if (kept === NONE) best = row;
      else table.rows.setNext(kept, row);
      kept = row;
    }
    if (gone.length === 0) return { prefixes: 0, routes: 0, best: false, plain: wasPlain };
    if (kept !== NONE) table.rows.setNext(kept, NONE);
    if (best === NONE) table.removePrefix(head);
    else if (best !== head) table.setHead(best);
    for (const row of gone) {
      this.ways.release(this.wayOf(row));
      table.rows.free(row);
    }
    if (best === NONE) return { prefixes: -1, routes: gone.length, best: true, plain: true };
    const plain = this.isPlain(best);
    return { prefixes: 0, routes: gone.length, best: best !== head || wasPlain !== plain, plain };
  }

  /** Every route that matches the destination: what is taken, then the losers in order, last what cannot be taken. */
  explain(destination: Address, source?: Address): Candidate[] {
    const taken = this.searchRow(destination, source, undefined);
    const legs: Candidate[] = [];
    const losers: Candidate[] = [];
    const barred: Candidate[] = [];
    for (const length of this.prefixes.occurring) {
      for (let row = this.find(destination, length); row !== NONE; row = this.prefixes.rows.next(row)) {
        const way = this.wayOf(row);
        const route = this.route(row);
        const why = obstacle(way, this.#family, source);
        if (row === taken || (why === undefined && this.#isLeg(row, taken)))
          legs.push({ route, verdict: 'taken' });
        else if (why === undefined) losers.push({ route, verdict: this.#advantage(taken, row) });
        else barred.push({ route, verdict: why });
      }
    }
    const winners = legs.length < 2 ? legs : legs.map(({ route }) => ({ route, verdict: 'shares' }) as const);
    return [...winners, ...losers, ...barred];
  }

  /** Ways that some packet to a destination takes: one, unless sources or flows part there. */
  waysOf(to: Address): Way[] {
    const found: Way[] = [];
    for (const length of this.prefixes.occurring) {
      /** What takes all that no route for certain sources took, alone or with others that are as good. */
      let forAll: Way | undefined;
      for (let row = this.find(to, length); row !== NONE; row = this.prefixes.rows.next(row)) {
        const way = this.wayOf(row);
        if (!way.usable || (forAll !== undefined && !sharesWith(forAll, way))) continue;
        found.push(way);
        if (way.from === undefined) forAll ??= way;
      }
      if (forAll !== undefined) break;
    }
    return found;
  }

  /** A source prefix of no bits is none; one that is kept has no host bits. */
  #normal(route: Route): Route {
    const { from, ...rest } = route;
    if (from === undefined) return route;
    if (from.length === 0) return rest;
    return {
      ...rest,
      from: { address: this.#family.network(from.address, from.length), length: from.length },
    };
  }

  route(row: number): Route {
    const { rows } = this.prefixes;
    const { gateway, interfaceIndex, metric, origin, card, from, kind, weight } = this.wayOf(row);
    const destination = this.#family.network(this.#family.any, 0);
    destination.w0 = rows.word(row, 0);
    destination.w1 = rows.word(row, 1);
    destination.w2 = rows.word(row, 2);
    destination.w3 = rows.word(row, 3);
    return {
      destination,
      prefixLength: rows.length(row),
      gateway,
      interfaceIndex,
      metric,
      origin,
      ...(card !== undefined && { card }),
      ...(from !== undefined && { from }),
      ...(kind !== 'unicast' && { kind }),
      ...(weight !== 1 && { weight }),
    };
  }

  search(to: Address, source: Address | undefined, flow: Flow | undefined): Way | undefined {
    const row = this.searchRow(to, source, flow);
    return row === NONE ? undefined : this.wayOf(row);
  }

  /** The row that is taken, or `NONE`. */
  searchRow(to: Address, source: Address | undefined, flow: Flow | undefined): number {
    const lengths = this.prefixes.occurring;
    /** RFC 4191 §3.2: a gateway that does not answer is the last choice, not none. */
    let silent = NONE;
    for (let i = 0; i < lengths.length; i++) {
      for (let row = this.find(to, lengths[i]!); row !== NONE; row = this.prefixes.rows.next(row)) {
        const why = obstacle(this.wayOf(row), this.#family, source);
        if (why === undefined) return this.#leg(row, source, flow);
        if (why === 'gateway-silent' && silent === NONE) silent = row;
      }
    }
    return silent;
  }

  /** The row for a flow among those that share with `first`: hash-threshold, RFC 2992 §1. */
  #leg(first: number, source: Address | undefined, flow: Flow | undefined): number {
    if (flow === undefined || !this.wayOf(first).shares) return first;
    let sum = 0;
    for (let row = first; row !== NONE; row = this.#nextLeg(row, source)) sum += this.wayOf(row).weight;
    if (sum === this.wayOf(first).weight) return first;
    this.#flowHash ??= new KeyedHash(this.#random.u32(), this.#random.u32());
    const hash = this.#flowHash.of(this.#flowWords, 0, flow.words(this.#flowWords)) >>> 0;
    let point = (hash * sum) / 0x1_0000_0000;
    let row = first;
    while ((point -= this.wayOf(row).weight) >= 0) row = this.#nextLeg(row, source);
    return row;
  }

  #nextLeg(after: number, source: Address | undefined): number {
    const way = this.wayOf(after);
    for (let row = this.prefixes.rows.next(after); row !== NONE; row = this.prefixes.rows.next(row)) {
      const other = this.wayOf(row);
      if (sharesWith(way, other) && obstacle(other, this.#family, source) === undefined) return row;
      if (precedes(way, other) !== undefined) break;
    }
    return NONE;
  }

  /** Does `row`, which nothing keeps from being taken, take flows beside `taken`? */
  #isLeg(row: number, taken: number): boolean {
    const { rows } = this.prefixes;
    return (
      taken !== NONE &&
      rows.length(row) === rows.length(taken) &&
      sharesWith(this.wayOf(taken), this.wayOf(row))
    );
  }

  #advantage(winner: number, loser: number): Advantage {
    const { rows } = this.prefixes;
    if (rows.length(winner) !== rows.length(loser)) return 'longer-prefix';
    return precedes(this.wayOf(winner), this.wayOf(loser)) ?? 'earlier';
  }

  /** Does the best route of the chain from `head` decide by the destination alone, as long as its link is up? */
  isPlain(head: number): boolean {
    const way = this.wayOf(head);
    return !way.isSpecial && !this.#isShared(head, way);
  }

  #isShared(row: number, way: Way): boolean {
    if (!way.shares) return false;
    for (let other = this.prefixes.rows.next(row); other !== NONE; other = this.prefixes.rows.next(other)) {
      const next = this.wayOf(other);
      if (sharesWith(way, next)) return true;
      if (precedes(way, next) !== undefined) return false;
    }
    return false;
  }

  /** The row that takes all packets to a destination, whatever else they carry; `NONE`, or `DEPENDS`. */
  sure(to: Address): number {
    const lengths = this.prefixes.occurring;
    for (let i = 0; i < lengths.length; i++) {
      for (let row = this.find(to, lengths[i]!); row !== NONE; row = this.prefixes.rows.next(row)) {
        const way = this.wayOf(row);
        if (way.isSpecial) return DEPENDS;
        if (way.usable) return this.#isShared(row, way) ? DEPENDS : row;
      }
    }
    return NONE;
  }

  find(to: Address, length: number): number {
    const table = this.prefixes;
    if (this.#isIpv4) return table.find(0, 0, 0, to.w3 & maskWord(length), length);
    return table.find(
      to.w0 & maskWord(length),
      to.w1 & maskWord(length - 32),
      to.w2 & maskWord(length - 64),
      to.w3 & maskWord(length - 96),
      length,
    );
  }

  wayOf(row: number): Way {
    return this.ways.get(this.prefixes.rows.way(row))!;
  }
}
