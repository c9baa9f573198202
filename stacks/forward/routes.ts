/**
 * The routing table: longest prefix, then lower metric, then the order in which routes were written.
 * Read first: RFC 1812 §5.2.4.3 (longest match), RFC 4861 §5.2.
 *
 * One hash table per prefix length that occurs, asked from the longest down.
 */
import { type Address, maskWord } from '../address/address.ts';
import type { Family } from '../address/family.ts';
import type { Random } from '../packet/environment.ts';
import { KeyedTable } from '../packet/keyed-table.ts';

export interface Route {
  readonly destination: Address;
  readonly prefixLength: number;
  /** Unspecified for a direct route. */
  readonly gateway: Address;
  readonly interfaceIndex: number;
  readonly metric: number;
  /** `link` from an interface address, `static` from a statement, `ra` from a router advertisement. */
  readonly origin: 'link' | 'static' | 'ra';
  /** Where it was written (`file:line:column`), for those who ask why. */
  readonly card?: string;
}

interface Entry {
  readonly route: Route;
  readonly order: number;
}

/** The routes to one prefix, best first. */
type Rank = Entry[];

export class RouteTable {
  readonly #family: Family;
  readonly #random: Random;
  /** By prefix length. */
  readonly #tables: (KeyedTable<Rank> | undefined)[] = [];
  /** Prefix lengths that occur, longest first. */
  #lengths: number[] = [];
  readonly #all = new Set<Entry>();
  /** By interface index: 1 while its link is down and its routes stand aside. */
  readonly #down: boolean[] = [];
  #order = 0;

  constructor(family: Family, random: Random) {
    this.#family = family;
    this.#random = random;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Host bits of the destination are cleared. */
  add(route: Route): void {
    const destination = this.#family.network(route.destination, route.prefixLength);
    const entry = { route: { ...route, destination }, order: this.#order++ };
    let table = this.#tables[route.prefixLength];
    if (table === undefined) {
      table = new KeyedTable(this.#family.bits / 32, this.#random);
      this.#tables[route.prefixLength] = table;
      this.#lengths = [...this.#lengths, route.prefixLength].sort((a, b) => b - a);
    }
    this.#setKey(table, destination, route.prefixLength);
    const rank = table.get();
    if (rank === undefined) table.set([entry]);
    else {
      rank.push(entry);
      rank.sort((a, b) => this.#compare(a, b));
    }
    this.#all.add(entry);
  }

  /** Removes every route to the prefix, only those by `gateway` or by an interface when these are given. */
  remove(destination: Address, prefixLength: number, gateway?: Address, interfaceIndex?: number): boolean {
    const table = this.#tables[prefixLength];
    if (table === undefined) return false;
    this.#setKey(table, destination, prefixLength);
    const rank = table.get();
    if (rank === undefined) return false;
    const goes = ({ route }: Entry): boolean =>
      (gateway === undefined || route.gateway.sameWords(gateway)) &&
      (interfaceIndex === undefined || route.interfaceIndex === interfaceIndex);
    const gone = rank.filter(goes);
    for (const entry of gone) this.#all.delete(entry);
    const rest = rank.filter((entry) => !goes(entry));
    if (rest.length > 0) table.set(rest);
    else table.delete();
    if (table.size === 0) {
      this.#tables[prefixLength] = undefined;
      this.#lengths = this.#lengths.filter((length) => length !== prefixLength);
    }
    return gone.length > 0;
  }

  /** The best route by a link that is up. */
  lookup(destination: Address): Route | undefined {
    const lengths = this.#lengths;
    for (let i = 0; i < lengths.length; i++) {
      const length = lengths[i]!;
      const table = this.#tables[length]!;
      this.#setKey(table, destination, length);
      const rank = table.get();
      if (rank === undefined) continue;
      for (let j = 0; j < rank.length; j++) {
        const route = rank[j]!.route;
        if (this.isUsable(route)) return route;
      }
    }
    return undefined;
  }

  /** Every route that matches: the one `lookup` takes first, then the losers in order, those by a dead link last. */
  candidates(destination: Address): Route[] {
    const found: Entry[] = [];
    for (const length of this.#lengths) {
      const table = this.#tables[length]!;
      this.#setKey(table, destination, length);
      found.push(...(table.get() ?? []));
    }
    const byUse = ({ route }: Entry): number => (this.isUsable(route) ? 0 : 1);
    return found.sort((a, b) => byUse(a) - byUse(b) || this.#compare(a, b)).map(({ route }) => route);
  }

  isUsable(route: Route): boolean {
    return this.#down[route.interfaceIndex] !== true;
  }

  /** A link went down or up. */
  setUsable(interfaceIndex: number, usable: boolean): void {
    this.#down[interfaceIndex] = !usable;
  }

  /** In the order of insertion. */
  *[Symbol.iterator](): Iterator<Route> {
    for (const { route } of this.#all) yield route;
  }

  /** The one comparator: who wins comes first. */
  #compare(a: Entry, b: Entry): number {
    return (
      b.route.prefixLength - a.route.prefixLength || a.route.metric - b.route.metric || a.order - b.order
    );
  }

  #setKey(table: KeyedTable<Rank>, address: Address, prefixLength: number): void {
    const key = table.key;
    if (key.length === 1) {
      key[0] = address.w3 & maskWord(prefixLength);
      return;
    }
    key[0] = address.w0 & maskWord(prefixLength);
    key[1] = address.w1 & maskWord(prefixLength - 32);
    key[2] = address.w2 & maskWord(prefixLength - 64);
    key[3] = address.w3 & maskWord(prefixLength - 96);
  }
}
