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
import type { Packet } from '../packet/packet.ts';
import type { DropReason } from '../packet/verdict.ts';
import { SECOND } from '../time/clock.ts';
import { sameMac } from '../wire/ethernet.ts';
import { NeighbourEntry as Entry, type Neighbour } from './neighbour.ts';
import { NeighbourTable } from './neighbour-table.ts';
import { NeighbourTimes } from './neighbour-times.ts';
import { TokenBucket } from './token-bucket.ts';

export type { Neighbour };

/** Entries in resolution at once: a scan of a subnet evicts only others like itself (RFC 6583 §6.2). */
export const MAX_RESOLVING = 512;
/**
 * Packets that wait for one address: all fragments of a 64 KiB datagram at an MTU of 1,280, so that the first large
 * datagram to a neighbour is not lost (RFC 4861 §7.2.2 and RFC 1122 §2.3.2.2 ask for one packet at least).
 */
export const QUEUE_PER_NEIGHBOUR = 64;
/** Packets that wait in all; above it the oldest resolution is given up. 4 MiB of ordinary packets. */
export const MAX_WAITING = 2_048;
// RFC 4861 §10.
export const MAX_MULTICAST_SOLICIT = 3;
export const MAX_UNICAST_SOLICIT = 3;
export const DELAY_FIRST_PROBE_TIME: number = 5 * SECOND;
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

export class NeighbourCache {
  readonly #environment: Environment;
  readonly #callbacks: NeighbourCallbacks;
  readonly #table: NeighbourTable;
  readonly #times: NeighbourTimes;
  /** Oldest first. */
  readonly #resolving = new Set<Entry>();
  /** Packets in all queues. */
  #waiting = 0;
  readonly #groupSolicits: TokenBucket;

  constructor(environment: Environment, family: Family, callbacks: NeighbourCallbacks) {
    this.#environment = environment;
    this.#callbacks = callbacks;
    this.#table = new NeighbourTable(family, environment.random);
    this.#times = new NeighbourTimes(environment);
    this.#groupSolicits = new TokenBucket(environment.clock, GROUP_SOLICITS_PER_SECOND, MAX_RESOLVING);
  }

  get size(): number {
    return this.#table.size;
  }

  /**
   * Base reachable time and retransmission interval of a link, in µs, as a router advertises them; undefined leaves
   * what holds.
   */
  configure(interfaceIndex: number, reachableTime?: number, retransTimer?: number): void {
    this.#times.configure(interfaceIndex, reachableTime, retransTimer);
  }

  /** µs between solicitations on a link. */
  retransTimer(interfaceIndex: number): number {
    return this.#times.retransmit(interfaceIndex);
  }

  /** The entry when its address is known and a packet may go there with nothing else to do, found without a hash. */
  ready(nextHop: Address, interfaceIndex: number): Entry | undefined {
    const entry = this.#table.recent(nextHop, interfaceIndex);
    if (entry === undefined || entry.readyUntil <= this.#environment.clock.now) return undefined;
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
    this.#times.forget(interfaceIndex);
    for (const entry of [...this.#table]) {
      if (entry.interfaceIndex !== interfaceIndex) continue;
      this.#remove(entry);
      this.#fail(entry, 'link-down');
    }
  }

  *entries(): Iterable<Neighbour> {
    for (const entry of this.#table) yield this.#show(entry);
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
    const entry = this.#table.find(address, interfaceIndex);
    if (entry === undefined) return undefined;
    if (entry.state === 'failed' && entry.until <= this.#environment.clock.now) {
      this.#remove(entry);
      return undefined;
    }
    return entry;
  }

  #create(address: Address, interfaceIndex: number): Entry | undefined {
    if (this.#table.isFull && !this.#evict()) return undefined;
    const clock = this.#environment.clock;
    const entry: Entry = new Entry(
      address.clone(),
      interfaceIndex,
      clock.timer(() => this.#unanswered(entry)),
      clock.timer(() => this.#probe(entry), { background: true }),
    );
    this.#table.add(entry);
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
    entry.become('reachable', now + this.#times.reachable(entry.interfaceIndex));
  }

  #stale(entry: Entry): void {
    this.#disarm(entry);
    entry.become('stale');
  }

  #disarm(entry: Entry): void {
    entry.retransmit.disarm();
    entry.delay.disarm();
  }

  /** Makes room for a newcomer; what is known to be reachable stays. */
  #evict(): boolean {
    const entry = this.#table.victim((other) => this.#ageOf(other) === 'reachable');
    if (entry === undefined) return false;
    this.#remove(entry);
    this.#fail(entry, 'neighbour-queue');
    return true;
  }

  #remove(entry: Entry): void {
    this.#disarm(entry);
    entry.become('failed'); // A `Way` may remember it.
    this.#resolving.delete(entry);
    this.#table.delete(entry);
  }
}
