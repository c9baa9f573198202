/**
 * Reassembly as both families share it: RFC 791 §3.2, RFC 815 (any order), RFC 1122 §3.3.2 and RFC 8200 §4.5 (timer),
 * RFC 5722 (overlap). What identifies a datagram and what its headers look like is the families' business.
 *
 * Fragments are kept as they came, so memory grows with what was received and with nothing that a header claims.
 */
import type { Environment } from '../packet/environment.ts';
import { KeyedHash } from '../packet/keyed-hash.ts';
import { KeyedTable } from '../packet/keyed-table.ts';
import type { Packet } from '../packet/packet.ts';
import type { DropReason } from '../packet/verdict.ts';
import type { Timer } from '../time/clock.ts';
import { CE, ecnField, markCongestion, NOT_ECT } from '../wire/ecn.ts';

/** Memory of all fragments that wait, counted in whole packet slots: 2,048 fragments of an MTU of 1,500. */
export const REASSEMBLY_BYTES: number = 4 << 20;
/** Datagrams in reassembly at once. */
export const MAX_DATAGRAMS = 1_024;
/**
 * Sources share so many accounts. When room is needed the fullest one gives it, so that a flood of fragments from one
 * source costs the datagrams of that source, and of the few that share its account.
 */
const ACCOUNTS = 256;
/** Fragments of one datagram: 64 KiB at the smallest IPv4 MTU, 68 bytes, are 1,366. */
export const MAX_FRAGMENTS = 1_400;

export interface ReassemblyCallbacks {
  /** A fragment became part of a whole datagram. Takes ownership. */
  joined(fragment: Packet): void;
  /** A fragment of a datagram that was given up. Takes ownership. */
  dropped(fragment: Packet, reason: DropReason): void;
  /** Time is up and the first fragment is there: an ICMP error may quote it. Keeps nothing. */
  expired(first: Packet): void;
}

interface Fragment {
  readonly packet: Packet;
  /** Where its payload stands in the packet, and in the datagram. */
  readonly payload: number;
  readonly from: number;
  readonly to: number;
}

/** What the sources that share it hold. */
class Account {
  bytes = 0;
  /** Oldest first. */
  readonly datagrams = new Set<Datagram>();
}

class Datagram {
  readonly key: Int32Array;
  readonly account: Account;
  readonly timer: Timer;
  readonly expires: number;
  /** By `from`, without overlap. */
  fragments: Fragment[] = [];
  /** Payload bytes that have come. */
  filled = 0;
  /** Known once the last fragment came. */
  length: number | undefined;
  /** End of the headers in the first fragment. */
  headersEnd = 0;
  /** Given up for an overlap: fragments yet to come are dropped as well (RFC 5722 §4). */
  spoilt = false;

  constructor(key: Int32Array, account: Account, timer: Timer, expires: number) {
    this.key = key;
    this.account = account;
    this.timer = timer;
    this.expires = expires;
  }
}

export class Reassembly {
  /** Identifies the datagram of the next `receive`: addresses, identification, protocol. */
  readonly key: Int32Array;
  /** Bytes of slots held. */
  bytes = 0;
  readonly #environment: Environment;
  readonly #callbacks: ReassemblyCallbacks;
  readonly #timeout: number;
  readonly #table: KeyedTable<Datagram>;
  readonly #all = new Set<Datagram>();
  readonly #accounts: readonly Account[] = Array.from({ length: ACCOUNTS }, () => new Account());
  /** Made for the first fragment: most stacks never see one. */
  #hash: KeyedHash | undefined;
  readonly #sourceWords: number;

  /** `timeout` in µs; the first `sourceWords` of a key say who sends. */
  constructor(
    environment: Environment,
    keyWords: number,
    sourceWords: number,
    timeout: number,
    callbacks: ReassemblyCallbacks,
  ) {
    this.#sourceWords = sourceWords;
    this.#environment = environment;
    this.#callbacks = callbacks;
    this.#timeout = timeout;
    this.#table = new KeyedTable(keyWords, environment.random);
    this.key = this.#table.key;
  }

  /** Datagrams that are not whole. */
  get size(): number {
    return this.#all.size;
  }

  /**
   * Takes ownership of a fragment: headers from `packet.network` to `headersEnd`, payload from `payload` to
   * `packet.end`, which belongs at `offset` of the datagram. The caller has checked that the payload is not empty,
   * within 64 KiB, and a multiple of 8 bytes unless it is the last.
   *
   * Returns the whole datagram when this was the missing piece: the headers of the first fragment as they were (the
   * caller corrects lengths), `start` = `network`, `transport` behind them. It stands for the fragment that came last.
   */
  receive(
    packet: Packet,
    headersEnd: number,
    payload: number,
    offset: number,
    more: boolean,
  ): Packet | undefined {
    const datagram = this.#datagram();
    if (datagram.spoilt) return this.#refuse(packet, 'fragment-overlap');
    const to = offset + packet.end - payload;
    const at = position(datagram.fragments, offset);
    const twin = datagram.fragments[at];
    if (twin !== undefined && twin.from === offset && twin.to === to && sameBytes(twin, packet, payload)) {
      return this.#refuse(packet, 'fragment-duplicate');
    }
    const overlaps =
      (at > 0 && datagram.fragments[at - 1]!.to > offset) ||
      (twin !== undefined && twin.from < to) ||
      (datagram.length !== undefined && (to > datagram.length || (!more && to !== datagram.length))) ||
      (!more && datagram.fragments.length > 0 && datagram.fragments.at(-1)!.to > to);
    if (overlaps) {
      datagram.spoilt = true;
      this.#empty(datagram, 'fragment-overlap');
      return this.#refuse(packet, 'fragment-overlap');
    }
    if (datagram.fragments.length >= MAX_FRAGMENTS) {
      this.#remove(datagram, 'reassembly-full');
      return this.#refuse(packet, 'reassembly-full');
    }
    if (!more) datagram.length = to;
    if (offset === 0) datagram.headersEnd = headersEnd;
    datagram.fragments.splice(at, 0, { packet, payload, from: offset, to });
    datagram.filled += to - offset;
    this.#hold(datagram, packet, 1);
    if (datagram.filled === datagram.length) return this.#whole(datagram, packet);
    this.#makeRoom();
    return undefined;
  }

  /** Everything that waits is dropped. */
  flush(reason: DropReason): void {
    for (const datagram of [...this.#all]) this.#remove(datagram, reason);
  }

  #datagram(): Datagram {
    const now = this.#environment.clock.now;
    const known = this.#table.get();
    if (known !== undefined && !(known.spoilt && known.expires <= now)) return known;
    const key = this.key.slice();
    if (known !== undefined) this.#remove(known, 'fragment-overlap');
    if (this.#all.size >= MAX_DATAGRAMS) this.#evict((account) => account.datagrams.size);
    const timer = this.#environment.clock.timer(() => this.#expire(datagram));
    const datagram: Datagram = new Datagram(key, this.#accountOf(key), timer, now + this.#timeout);
    timer.armIn(this.#timeout);
    this.key.set(key);
    this.#table.set(datagram);
    this.#all.add(datagram);
    datagram.account.datagrams.add(datagram);
    return datagram;
  }

  #whole(datagram: Datagram, last: Packet): Packet | undefined {
    const first = datagram.fragments[0]!.packet;
    const version = first.u8(first.network) >> 4 === 4 ? 4 : 6;
    // RFC 3168 §5.3: a mark on one fragment is a mark on the whole, which all of it must know how to bear.
    const isMarked = datagram.fragments.some(({ packet }) => ecnField(packet, version) === CE);
    if (isMarked && datagram.fragments.some(({ packet }) => ecnField(packet, version) === NOT_ECT)) {
      this.#remove(datagram, 'fragment-ecn');
      return undefined;
    }
    const headers = datagram.headersEnd - first.network;
    const whole = this.#environment.pool.take(headers + datagram.length!);
    if (whole === undefined) {
      this.#remove(datagram, 'no-buffer');
      return undefined;
    }
    const start = whole.start;
    whole.bytes.set(first.bytes.subarray(first.network, datagram.headersEnd), start);
    whole.network = start;
    whole.transport = start + headers;
    whole.linkCast = first.linkCast;
    whole.ingress = last.ingress;
    if (isMarked) markCongestion(whole, version);
    const fragments = datagram.fragments.splice(0);
    for (const { packet, payload, from, to } of fragments) {
      whole.bytes.set(packet.bytes.subarray(payload, payload + to - from), whole.transport + from);
      this.#hold(datagram, packet, -1);
      // The whole stands for the fragment that came last, so that one is not counted twice.
      if (packet === last) this.#environment.pool.release(packet);
      else this.#callbacks.joined(packet);
    }
    this.#remove(datagram, 'reassembly-full');
    return whole;
  }

  #makeRoom(): void {
    while (this.bytes > REASSEMBLY_BYTES) this.#evict((account) => account.bytes);
  }

  /** The oldest datagram of the fullest account: one that is under way now has the best chance to become whole. */
  #evict(fullness: (account: Account) => number): void {
    let fullest = this.#accounts[0]!;
    for (const account of this.#accounts) if (fullness(account) > fullness(fullest)) fullest = account;
    const [oldest] = fullest.datagrams;
    this.#remove(oldest!, 'reassembly-full');
  }

  #accountOf(key: Int32Array): Account {
    const { random } = this.#environment;
    this.#hash ??= new KeyedHash(random.u32(), random.u32());
    const hash = this.#hash.begin();
    for (let i = 0; i < this.#sourceWords; i++) hash.word(key[i]!);
    return this.#accounts[(hash.end() >>> 0) % ACCOUNTS]!;
  }

  /** `sign` 1: the slot of a fragment is taken; -1: it is given back. */
  #hold({ account }: Datagram, packet: Packet, sign: 1 | -1): void {
    const bytes = sign * (packet.limit - packet.base);
    this.bytes += bytes;
    account.bytes += bytes;
  }

  #expire(datagram: Datagram): void {
    const first = datagram.fragments[0];
    if (first !== undefined && first.from === 0) this.#callbacks.expired(first.packet);
    this.#remove(datagram, 'reassembly-timeout');
  }

  #remove(datagram: Datagram, reason: DropReason): void {
    this.key.set(datagram.key);
    this.#table.delete();
    this.#all.delete(datagram);
    datagram.account.datagrams.delete(datagram);
    this.#empty(datagram, reason);
  }

  #empty(datagram: Datagram, reason: DropReason): void {
    datagram.timer.disarm();
    for (const { packet } of datagram.fragments.splice(0)) {
      this.#hold(datagram, packet, -1);
      this.#callbacks.dropped(packet, reason);
    }
  }

  #refuse(packet: Packet, reason: DropReason): undefined {
    this.#callbacks.dropped(packet, reason);
    return undefined;
  }
}

/** Index of the first fragment that begins at or behind `from`. */
function position(fragments: readonly Fragment[], from: number): number {
  let low = 0;
  let high = fragments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fragments[middle]!.from < from) low = middle + 1;
    else high = middle;
  }
  return low;
}

function sameBytes(held: Fragment, packet: Packet, payload: number): boolean {
  const a = held.packet.bytes;
  const b = packet.bytes;
  for (let i = held.to - held.from - 1; i >= 0; i--) {
    if (a[held.payload + i] !== b[payload + i]) return false;
  }
  return true;
}
