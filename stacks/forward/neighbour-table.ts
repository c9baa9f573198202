/** Where neighbours are kept: found by address and link, bounded, and who has to go when it is full (RFC 6583). */
import type { Address } from '../address/address.ts';
import type { Family } from '../address/family.ts';
import type { Random } from '../packet/environment.ts';
import { KeyedTable } from '../packet/keyed-table.ts';
import type { NeighbourEntry as Entry } from './neighbour.ts';

/** Entries in all: 4,095 peers twice over. */
export const MAX_NEIGHBOURS = 8_192;
/** Entries found without a hash; whoever floods these places costs the others that hash and no more. */
const RECENT = 256;
/** Steps of the search for an entry to evict. */
const EVICTION_STEPS = 64;

export class NeighbourTable {
  readonly #table: KeyedTable<Entry>;
  /** Entries found lately, by a few bits of their address: for every packet, so without the keyed hash. */
  readonly #recent = new Array<Entry | undefined>(RECENT).fill(undefined);
  readonly #ring: Entry[] = [];
  #hand = 0;

  constructor(family: Family, random: Random) {
    this.#table = new KeyedTable(family.bits / 32 + 1, random);
  }

  get size(): number {
    return this.#ring.length;
  }

  get isFull(): boolean {
    return this.#ring.length >= MAX_NEIGHBOURS;
  }

  [Symbol.iterator](): Iterator<Entry> {
    return this.#ring[Symbol.iterator]();
  }

  /** When it was found a short time ago: without a hash. */
  recent(address: Address, interfaceIndex: number): Entry | undefined {
    const entry = this.#recent[placeOf(address)];
    return entry?.isAt(address, interfaceIndex) === true ? entry : undefined;
  }

  find(address: Address, interfaceIndex: number): Entry | undefined {
    const recent = this.recent(address, interfaceIndex);
    if (recent !== undefined) return recent;
    this.#setKey(address, interfaceIndex);
    const entry = this.#table.get();
    if (entry !== undefined) this.#recent[placeOf(address)] = entry;
    return entry;
  }

  /** The caller has seen that it is not full, and that nobody is there yet. */
  add(entry: Entry): void {
    entry.slot = this.#ring.push(entry) - 1;
    this.#setKey(entry.address, entry.interfaceIndex);
    this.#table.set(entry);
  }

  delete(entry: Entry): void {
    this.#setKey(entry.address, entry.interfaceIndex);
    this.#table.delete();
    const place = placeOf(entry.address);
    if (this.#recent[place] === entry) this.#recent[place] = undefined;
    const last = this.#ring.pop()!;
    if (last === entry) return;
    this.#ring[entry.slot] = last;
    last.slot = entry.slot;
  }

  /**
   * Who may go, by a second-chance search: what is in use or `isNeeded` stays (RFC 6583 §6.2). The search is bounded;
   * when it finds nobody, the newcomer is to be refused.
   */
  victim(isNeeded: (entry: Entry) => boolean): Entry | undefined {
    for (let step = 0; step < EVICTION_STEPS; step++) {
      this.#hand = (this.#hand + 1) % this.#ring.length;
      const entry = this.#ring[this.#hand]!;
      if (isNeeded(entry)) continue;
      if (!entry.used) return entry;
      entry.used = false;
    }
    return undefined;
  }

  #setKey(address: Address, interfaceIndex: number): void {
    const key = this.#table.key;
    key[0] = address.w3;
    key[1] = interfaceIndex;
    if (key.length === 2) return;
    key[2] = address.w2;
    key[3] = address.w1;
    key[4] = address.w0;
  }
}

function placeOf(address: Address): number {
  return (address.w3 ^ (address.w3 >>> 8)) & (RECENT - 1);
}
