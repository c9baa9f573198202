/** Learnt path MTUs: RFC 1191 §6.3, RFC 8201 §5.3. Floors and plausibility are the families' business. */
import type { Address } from '../address/address.ts';
import type { Family } from '../address/family.ts';
import type { Environment } from '../packet/environment.ts';
import { KeyedTable } from '../packet/keyed-table.ts';
import { SECOND } from '../time/clock.ts';

/** One for each peer of a full stack. */
export const MAX_PATH_MTUS = 4_096;
/** RFC 1191 §6.3, RFC 8201 §5.3: a larger MTU is tried after ten minutes. */
export const PATH_MTU_AGE: number = 600 * SECOND;

export interface PathMtu {
  readonly destination: Address;
  /** Bytes. */
  readonly mtu: number;
  /** The path takes less than the floor, so routers must fragment: packets go without "don't fragment". */
  readonly locked: boolean;
  /** µs */
  readonly expires: number;
}

export class PathMtuTable {
  readonly #environment: Environment;
  readonly #family: Family;
  readonly #table: KeyedTable<PathMtu>;
  /** Oldest first: every entry lives equally long. */
  readonly #order = new Set<PathMtu>();

  constructor(environment: Environment, family: Family) {
    this.#environment = environment;
    this.#family = family;
    this.#table = new KeyedTable(family.bits / 32 + 1, environment.random);
  }

  get(destination: Address): PathMtu | undefined {
    if (this.#order.size === 0) return undefined;
    this.#setKey(destination);
    const entry = this.#table.get();
    if (entry === undefined || entry.expires > this.#environment.clock.now) return entry;
    this.delete(destination);
    return undefined;
  }

  set(destination: Address, mtu: number, locked: boolean): void {
    this.delete(destination);
    if (this.#order.size >= MAX_PATH_MTUS) {
      const [oldest] = this.#order;
      this.delete(oldest!.destination);
    }
    const expires = this.#environment.clock.now + PATH_MTU_AGE;
    const entry = { destination: destination.clone(), mtu, locked, expires };
    this.#order.add(entry);
    this.#setKey(destination);
    this.#table.set(entry);
  }

  /** Puts back what `get` had returned before a message that turned out not to be ours. */
  restore(destination: Address, before: PathMtu | undefined): void {
    this.delete(destination);
    if (before === undefined) return;
    this.#order.add(before);
    this.#setKey(destination);
    this.#table.set(before);
  }

  delete(destination: Address): void {
    this.#setKey(destination);
    const entry = this.#table.get();
    if (entry === undefined) return;
    this.#table.delete();
    this.#order.delete(entry);
  }

  /** The routes to a prefix have changed: what was learnt is not true of another path. */
  forgetUnder(destination: Address, prefixLength: number): void {
    for (const entry of [...this.#order]) {
      if (this.#family.matches(entry.destination, destination, prefixLength)) this.delete(entry.destination);
    }
  }

  /** A link came or went, and with it any path may be another. */
  clear(): void {
    for (const { destination } of [...this.#order]) this.delete(destination);
  }

  *entries(): Iterable<PathMtu> {
    for (const entry of this.#order) if (entry.expires > this.#environment.clock.now) yield entry;
  }

  #setKey(destination: Address): void {
    const key = this.#table.key;
    key[0] = destination.w3;
    key[1] = destination.zone;
    if (key.length === 2) return;
    key[2] = destination.w2;
    key[3] = destination.w1;
    key[4] = destination.w0;
  }
}
