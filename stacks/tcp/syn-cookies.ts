/**
 * SYN cookies, RFC 4987 §3.6: when a listener's backlog is full of connections that may be forgeries, the answer to a
 * further SYN carries all that must be remembered in its own sequence number. Other options
 * are lost, unless a timestamp keeps them (syn-cookie-options.ts).
 *
 * Five bits of time, three that choose an MSS, and 24 of a keyed hash over both, the four-tuple and the peer's ISN.
 */
import type { Address } from '../address/address.ts';
import type { Random } from '../packet/environment.ts';
import { KeyedHash } from '../packet/keyed-hash.ts';
import { SECOND } from '../time/clock.ts';
import { ACK, RST, SYN } from '../wire/tcp.ts';
import type { Segment } from './segment.ts';
import { Tuple } from './tuple.ts';

/** Ascending; the largest that the peer takes is chosen. 536 and 1,220 are the defaults of the families. */
const SIZES = [64, 536, 1_220, 1_360, 1_400, 1_440, 1_460, 8_940] as const;
/** A cookie is good in the period in which it was made and in the next: at least as long as a handshake may take. */
const PERIOD = 64 * SECOND;
const HASH_BITS = 24;
const HASH_MASK = (1 << HASH_BITS) - 1;
const PERIOD_MASK = 31;

export class SynCookies {
  readonly #key: KeyedHash;
  readonly #tuple = new Tuple();
  readonly #rest: KeyedHash;
  /** No cookie is out before the first, and none after the last has expired: then none is believed. */
  #last = Number.NEGATIVE_INFINITY;

  constructor(random: Random) {
    this.#key = new KeyedHash(random.u32(), random.u32());
    this.#rest = new KeyedHash(random.u32(), random.u32());
  }

  /** Our initial sequence number; `irs` is the peer's, `mss` what it takes (bytes). */
  make(
    now: number,
    local: Address,
    localPort: number,
    remote: Address,
    remotePort: number,
    irs: number,
    mss: number,
  ): number {
    const period = Math.floor(now / PERIOD);
    let size = SIZES.length - 1;
    while (size > 0 && SIZES[size]! > mss) size--;
    const tuple = this.#tuple.set(local, localPort, remote, remotePort).hash(this.#key);
    this.#last = period;
    return this.#cookie(tuple, irs, period, size);
  }

  /** The MSS of the SYN whose cookie `segment` acknowledges; undefined when it is none of ours, or too old. */
  check(
    now: number,
    local: Address,
    localPort: number,
    remote: Address,
    remotePort: number,
    segment: Segment,
  ): number | undefined {
    if ((segment.flags & (SYN | ACK | RST)) !== ACK) return undefined;
    const irs = (segment.seq - 1) | 0;
    const cookie = (segment.ack - 1) | 0;
    const period = Math.floor(now / PERIOD);
    if (period - this.#last > 1) return undefined;
    const age = (period - (cookie >>> 27)) & PERIOD_MASK;
    if (age > 1) return undefined;
    const size = (cookie >>> HASH_BITS) & 7;
    const tuple = this.#tuple.set(local, localPort, remote, remotePort).hash(this.#key);
    return this.#cookie(tuple, irs, period - age, size) === cookie ? SIZES[size] : undefined;
  }

  #cookie(tuple: number, irs: number, period: number, size: number): number {
    const hash = this.#rest.begin().word(tuple).word(irs).word(period).word(size).end();
    return ((period & PERIOD_MASK) << 27) | (size << HASH_BITS) | (hash & HASH_MASK);
  }
}
