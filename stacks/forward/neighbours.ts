/**
 * The neighbour cache: RFC 4861 §7.3 (unreachability detection) and §7.2 (resolution), which ARP shares
 * (RFC 826, RFC 1122 §2.3.2); bounds after RFC 6583.
 *
 * Ageing is looked at when an entry is used, so an idle cache arms no timer. A timer holds a virtual lab awake only
 * while packets wait for an address or a probe is out.
 */
import type { Address } from '../address/address.ts';
import type { Family } from '../address/family.ts';
import type { Environment } from '../packet/environment.ts';
import { KeyedTable } from '../packet/keyed-table.ts';
import type { Packet } from '../packet/packet.ts';
import type { DropReason } from '../packet/verdict.ts';
import { SECOND } from '../time/clock.ts';
import { sameMac } from '../wire/ethernet.ts';
import { NeighbourEntry as Entry, type Neighbour } from './neighbour.ts';
import { TokenBucket } from './token-bucket.ts';

export type { Neighbour };

/** Entries in all: 4,095 peers twice over. */
export const MAX_NEIGHBOURS = 8_192;
/** Entries in resolution at once: a scan of a subnet evicts only others like itself (RFC 6583 §6.2). */
export const MAX_RESOLVING = 512;
/**
 * Packets that wait for one address: all fragments of a 64 KiB datagram at an MTU of 1,280, so that the first large
 * datagram to a neighbour is not lost (RFC 4861 §7.2.2 and RFC 1122 §2.3.2.2 ask for one packet at least).
 */
export const QUEUE_PER_NEIGHBOUR = 64;
/** Packets that wait in all; above it the oldest resolution is given up. 4 MiB of ordinary packets. */
export const MAX_WAITING = 2_048;
/** Entries found without a hash; whoever floods these places costs the others that hash and no more. */
const RECENT = 256;
/** Steps of the search for an entry to evict. */
const EVICTION_STEPS = 64;

// RFC 4861 §10.
export const MAX_MULTICAST_SOLICIT = 3;
export const MAX_UNICAST_SOLICIT = 3;
export const REACHABLE_TIME: number = 30 * SECOND;
export const RETRANS_TIMER: number = SECOND;
export const DELAY_FIRST_PROBE_TIME: number = 5 * SECOND;
/** How often ReachableTime is drawn anew though nothing changed it: "every few hours" (RFC 4861 §6.3.2). */
const REDRAW_TIME: number = 7_200 * SECOND;
/**
 * Solicitations to the group, over all links: as many as can be in resolution at once, then so many a second
 * (RFC 6583 §7.1). Probes of neighbours that are known are not held back by them.
 */
const GROUP_SOLICITS_PER_SECOND = 1_000;
/** How long a failed resolution is remembered: at most one new attempt a second (RFC 1122 §2.3.2.1). */
export const FAILED_TIME: number = SECOND;

export interface NeighbourCallbacks {
  /**
   * Sends a solicitation: to the group (or to all, with ARP) when `mac` is undefined, else a unicast probe. `prompt` is
   * a packet that waits for the answer.
   */
  solicit(address: Address, interfaceIndex: number, mac: Uint8Array | undefined, prompt?: Packet): void;
  /** Takes ownership; `packet.start` is at the IP header. */
  transmit(packet: Packet, mac: Uint8Array, interfaceIndex: number): void;
  /** Takes ownership of a packet that could not be sent. Only `neighbour-unresolved` is worth an ICMP error. */
  unresolved(packet: Packet, reason: DropReason, interfaceIndex: number): void;
  /** The neighbour stopped answering, or an advertisement took its router flag away (RFC 4861 §7.3.3, §7.2.5). */
  lost?(address: Address, interfaceIndex: number, why: 'unreachable' | 'not-a-router'): void;
  /** The neighbour's address came: it answers, or spoke first. */
  found?(address: Address, interfaceIndex: number): void;
}

/** What an ARP packet or a neighbour advertisement says (RFC 4861 §7.2.5). */
export interface Advertisement {
  readonly address: Address;
  readonly interfaceIndex: number;
  readonly mac: Uint8Array | undefined;
  readonly solicited: boolean;
  readonly override: boolean;
  readonly router: boolean;
}

interface Timing {
  /** µs: what it was drawn from, and when. */
  readonly base: number;
  readonly drawn: number;
  /** µs, drawn between 0.5 and 1.5 times the base (RFC 4861 §6.3.2). */
  readonly reachable: number;
  /** µs */
  readonly retransmit: number;
}

export class NeighbourCache {
  readonly #environment: Environment;
  readonly #callbacks: NeighbourCallbacks;
  readonly #table: KeyedTable<Entry>;
  /** Entries found lately, by a few bits of their address: for every packet, so without the keyed hash. */
  readonly #recent = new Array<Entry | undefined>(RECENT).fill(undefined);
  readonly #ring: Entry[] = [];
  #hand = 0;
  /** Oldest first. */
  readonly #resolving = new Set<Entry>();
  /** Packets in all queues. */
  #waiting = 0;
  /** By interface index. */
  readonly #timing: (Timing | undefined)[] = [];
  readonly #groupSolicits: TokenBucket;

  constructor(environment: Environment, family: Family, callbacks: NeighbourCallbacks) {
    this.#environment = environment;
    this.#callbacks = callbacks;
    this.#table = new KeyedTable(family.bits / 32 + 1, environment.random);
    this.#groupSolicits = new TokenBucket(environment.clock, GROUP_SOLICITS_PER_SECOND, MAX_RESOLVING);
  }

  get size(): number {
    return this.#ring.length;
  }

  /**
   * Base reachable time and retransmission interval of a link, in µs, as a router advertises them; undefined leaves
   * what holds.
   */
  configure(interfaceIndex: number, reachableTime?: number, retransTimer?: number): void {
    const { clock, random } = this.#environment;
    const known = this.#timing[interfaceIndex];
    const base = reachableTime ?? known?.base ?? REACHABLE_TIME;
    const retransmit = retransTimer ?? known?.retransmit ?? RETRANS_TIMER;
    if (known !== undefined && known.base === base && known.drawn + REDRAW_TIME > clock.now) {
      if (known.retransmit !== retransmit) this.#timing[interfaceIndex] = { ...known, retransmit };
      return;
    }
    const factor = 0.5 + random.u32() / 0x100000000;
    this.#timing[interfaceIndex] = { base, drawn: clock.now, reachable: base * factor, retransmit };
  }

  /** µs between solicitations on a link. */
  retransTimer(interfaceIndex: number): number {
    return this.#timing[interfaceIndex]?.retransmit ?? RETRANS_TIMER;
  }

  /** The entry when its address is known and a packet may go there with nothing else to do, found without a hash. */
  ready(nextHop: Address, interfaceIndex: number): Entry | undefined {
    const entry = this.#recent[placeOf(nextHop)];
    if (entry === undefined || !entry.isAt(nextHop, interfaceIndex)) return undefined;
    if (entry.readyUntil <= this.#environment.clock.now) return undefined;
    entry.used = true;
    return entry;
  }

  /** Sends now, or when the address is known. Takes ownership. */
  send(packet: Packet, nextHop: Address, interfaceIndex: number): void {
    let entry = this.#find(nextHop, interfaceIndex);
    if (entry === undefined) {
      entry = this.#create(nextHop, interfaceIndex);
      if (entry === undefined) {
        this.#callbacks.unresolved(packet, 'neighbour-queue', interfaceIndex);
        return;
      }
      this.#resolve(entry, packet);
      return;
    }
    entry.used = true;
    const state = this.#ageOf(entry);
    if (state === 'incomplete') {
      // RFC 4861 §7.2.2: when the queue overflows, the new arrival replaces the oldest entry.
      this.#wait(entry, packet);
      if (entry.queue.length > QUEUE_PER_NEIGHBOUR) {
        this.#waiting--;
        this.#callbacks.unresolved(entry.queue.shift()!, 'neighbour-queue', interfaceIndex);
      }
      return;
    }
    if (state === 'failed') {
      this.#callbacks.unresolved(packet, 'neighbour-unresolved', interfaceIndex);
      return;
    }
    if (state === 'stale') {
      // RFC 4861 §7.3.3: the first packet to a stale neighbour goes out and starts the delay.
      entry.become('delay');
      entry.delay.armIn(DELAY_FIRST_PROBE_TIME);
    }
    this.#callbacks.transmit(packet, entry.mac!, interfaceIndex);
  }

  /** Asks a neighbour for whom nothing waits whether it answers by now; `found` or `lost` tells. */
  probe(address: Address, interfaceIndex: number): void {
    let entry = this.#find(address, interfaceIndex);
    if (entry?.state === 'failed') {
      this.#remove(entry);
      entry = undefined;
    }
    if (entry?.mac !== undefined) {
      this.#disarm(entry);
      this.#probe(entry);
      return;
    }
    if (entry !== undefined) return; // It is being asked.
    entry = this.#create(address, interfaceIndex);
    if (entry !== undefined) this.#resolve(entry, undefined);
  }

  /** An upper layer made forward progress with this next hop (RFC 4861 §7.3.1). */
  confirm(nextHop: Address, interfaceIndex: number): void {
    const entry = this.#find(nextHop, interfaceIndex);
    if (entry?.mac !== undefined) this.#reachable(entry);
  }

  /** RFC 4861 §7.2.5. False when it says nothing about an entry of ours: no entry is made for it. */
  advertise(said: Advertisement): boolean {
    const entry = this.#find(said.address, said.interfaceIndex);
    if (entry === undefined) return false;
    if (entry.state === 'failed') {
      this.#remove(entry); // It lives after all: the next packet asks anew.
      return false;
    }
    if (entry.state === 'incomplete') {
      if (said.mac === undefined) return false;
      entry.isRouter = said.router;
      this.#resolved(entry, said.mac, said.solicited);
      return true;
    }
    const changes = said.mac !== undefined && !sameMac(said.mac, entry.mac!);
    if (changes && !said.override) {
      if (this.#ageOf(entry) === 'reachable') entry.become('stale');
      return true;
    }
    if (changes) entry.setMac(said.mac!);
    if (said.solicited) this.#reachable(entry);
    else if (changes) this.#stale(entry);
    if (entry.isRouter && !said.router) {
      this.#callbacks.lost?.(entry.address, entry.interfaceIndex, 'not-a-router');
    }
    entry.isRouter = said.router;
    return true;
  }

  /**
   * The sender of a solicitation, a redirect or a router's message told its own address (RFC 4861 §7.2.3; RFC 826).
   * `isRouter` undefined leaves the flag as it is.
   */
  learn(address: Address, interfaceIndex: number, mac: Uint8Array, isRouter?: boolean): void {
    let entry = this.#find(address, interfaceIndex);
    if (entry?.state === 'failed') {
      this.#remove(entry);
      entry = undefined;
    }
    if (entry === undefined) {
      entry = this.#create(address, interfaceIndex);
      if (entry === undefined) return;
    }
    if (isRouter !== undefined) entry.isRouter = isRouter;
    if (entry.state === 'incomplete') {
      this.#resolved(entry, mac, false);
    } else if (!sameMac(mac, entry.mac!)) {
      entry.setMac(mac);
      this.#stale(entry);
    }
  }

  /** A router's message, or that of one who is none, when it told no address (RFC 4861 §6.2.6, §6.3.4). */
  setRouter(address: Address, interfaceIndex: number, isRouter: boolean): void {
    const entry = this.#find(address, interfaceIndex);
    if (entry !== undefined) entry.isRouter = isRouter;
  }

  lookup(address: Address, interfaceIndex: number): Neighbour | undefined {
    const entry = this.#find(address, interfaceIndex);
    return entry === undefined ? undefined : this.#show(entry);
  }

  /** The link went down: nothing known of it stays true. */
  flush(interfaceIndex: number): void {
    this.#timing[interfaceIndex] = undefined;
    for (const entry of [...this.#ring]) {
      if (entry.interfaceIndex !== interfaceIndex) continue;
      this.#remove(entry);
      this.#fail(entry, 'link-down');
    }
  }

  *entries(): Iterable<Neighbour> {
    for (const entry of this.#ring) yield this.#show(entry);
  }

  #show(entry: Entry): Neighbour {
    const { address, interfaceIndex, mac, isRouter } = entry;
    return { address, interfaceIndex, mac, state: this.#ageOf(entry), isRouter };
  }

  #ageOf(entry: Entry): Neighbour['state'] {
    if (entry.state === 'reachable' && entry.until <= this.#environment.clock.now) entry.become('stale');
    return entry.state;
  }

  #find(address: Address, interfaceIndex: number): Entry | undefined {
    const place = placeOf(address);
    const recent = this.#recent[place];
    const entry =
      recent?.isAt(address, interfaceIndex) === true ? recent : this.#search(address, interfaceIndex);
    if (entry === undefined) return undefined;
    this.#recent[place] = entry;
    if (entry.state === 'failed' && entry.until <= this.#environment.clock.now) {
      this.#remove(entry);
      return undefined;
    }
    return entry;
  }

  #search(address: Address, interfaceIndex: number): Entry | undefined {
    this.#setKey(address, interfaceIndex);
    return this.#table.get();
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

  #create(address: Address, interfaceIndex: number): Entry | undefined {
    if (this.#ring.length >= MAX_NEIGHBOURS && !this.#evict()) return undefined;
    const clock = this.#environment.clock;
    const entry: Entry = new Entry(
      address.clone(),
      interfaceIndex,
      clock.timer(() => this.#unanswered(entry)),
      clock.timer(() => this.#probe(entry), { background: true }),
    );
    entry.slot = this.#ring.push(entry) - 1;
    this.#setKey(address, interfaceIndex);
    this.#table.set(entry);
    return entry;
  }

  #resolve(entry: Entry, packet?: Packet): void {
    this.#resolving.add(entry);
    if (this.#resolving.size > MAX_RESOLVING) this.#giveUpOldest();
    if (packet !== undefined) this.#wait(entry, packet);
    entry.solicits = 0;
    this.#solicit(entry, undefined);
  }

  #wait(entry: Entry, packet: Packet): void {
    entry.queue.push(packet);
    if (++this.#waiting > MAX_WAITING) this.#giveUpOldest();
  }

  #giveUpOldest(): void {
    const [oldest] = this.#resolving;
    this.#remove(oldest!);
    this.#fail(oldest!, 'neighbour-queue');
  }

  /** What waits for an entry that is no more, or has failed. */
  #fail(entry: Entry, reason: DropReason): void {
    for (const packet of this.#takeQueue(entry)) {
      this.#callbacks.unresolved(packet, reason, entry.interfaceIndex);
    }
  }

  #takeQueue(entry: Entry): Packet[] {
    this.#waiting -= entry.queue.length;
    return entry.queue.splice(0);
  }

  #solicit(entry: Entry, mac: Uint8Array | undefined): void {
    entry.solicits++;
    entry.retransmit.armIn(this.retransTimer(entry.interfaceIndex));
    if (mac === undefined && !this.#groupSolicits.take()) return;
    this.#callbacks.solicit(entry.address, entry.interfaceIndex, mac, entry.queue[0]);
  }

  /** The retransmission timer (RFC 4861 §7.2.2, §7.3.3). */
  #unanswered(entry: Entry): void {
    if (entry.state === 'incomplete') {
      if (entry.solicits < MAX_MULTICAST_SOLICIT) {
        this.#solicit(entry, undefined);
        return;
      }
      this.#resolving.delete(entry);
      entry.become('failed', this.#environment.clock.now + FAILED_TIME);
      this.#callbacks.lost?.(entry.address, entry.interfaceIndex, 'unreachable');
      this.#fail(entry, 'neighbour-unresolved');
      return;
    }
    if (entry.solicits < MAX_UNICAST_SOLICIT) {
      this.#solicit(entry, entry.mac);
      return;
    }
    this.#remove(entry);
    this.#callbacks.lost?.(entry.address, entry.interfaceIndex, 'unreachable');
  }

  #probe(entry: Entry): void {
    entry.become('probe');
    entry.solicits = 0;
    this.#solicit(entry, entry.mac);
  }

  /** The address came: what waited goes out. */
  #resolved(entry: Entry, mac: Uint8Array, solicited: boolean): void {
    this.#resolving.delete(entry);
    entry.setMac(mac);
    if (solicited) this.#reachable(entry);
    else this.#stale(entry);
    this.#callbacks.found?.(entry.address, entry.interfaceIndex);
    for (const packet of this.#takeQueue(entry)) this.send(packet, entry.address, entry.interfaceIndex);
  }

  #reachable(entry: Entry): void {
    this.#disarm(entry);
    const { now } = this.#environment.clock;
    const timing = this.#timing[entry.interfaceIndex];
    if (timing === undefined || timing.drawn + REDRAW_TIME <= now) this.configure(entry.interfaceIndex);
    entry.become('reachable', now + this.#timing[entry.interfaceIndex]!.reachable);
  }

  #stale(entry: Entry): void {
    this.#disarm(entry);
    entry.become('stale');
  }

  #disarm(entry: Entry): void {
    entry.retransmit.disarm();
    entry.delay.disarm();
  }

  /**
   * Makes room by a second-chance search: what is in use or known to be reachable stays (RFC 6583 §6.2).
   * The search is bounded; when it finds nothing, the newcomer is refused.
   */
  #evict(): boolean {
    for (let step = 0; step < EVICTION_STEPS; step++) {
      this.#hand = (this.#hand + 1) % this.#ring.length;
      const entry = this.#ring[this.#hand]!;
      if (this.#ageOf(entry) === 'reachable') continue;
      if (entry.used) {
        entry.used = false;
        continue;
      }
      this.#remove(entry);
      this.#fail(entry, 'neighbour-queue');
      return true;
    }
    return false;
  }

  #remove(entry: Entry): void {
    this.#disarm(entry);
    entry.become('failed'); // A `Way` may remember it.
    this.#resolving.delete(entry);
    this.#setKey(entry.address, entry.interfaceIndex);
    this.#table.delete();
    const place = placeOf(entry.address);
    if (this.#recent[place] === entry) this.#recent[place] = undefined;
    const last = this.#ring.pop()!;
    if (last === entry) return;
    this.#ring[entry.slot] = last;
    last.slot = entry.slot;
  }
}

function placeOf(address: Address): number {
  return (address.w3 ^ (address.w3 >>> 8)) & (RECENT - 1);
}
