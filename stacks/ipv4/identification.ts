/**
 * The identification field: RFC 6864 §4.3 (not reused between two hosts while a datagram may live), RFC 7739 §5
 * (not guessable by others): counters with secret starts, picked by a keyed hash of the addresses and the protocol.
 */
import type { Random } from '../packet/environment.ts';
import { KeyedHash } from '../packet/keyed-hash.ts';

/** Flows share a counter rarely enough; 4 KiB. */
const COUNTERS = 2_048;

export class Identification {
  readonly #hash: KeyedHash;
  readonly #counters = new Uint16Array(COUNTERS);

  constructor(random: Random) {
    this.#hash = new KeyedHash(random.u32(), random.u32());
    for (let i = 0; i < COUNTERS; i++) this.#counters[i] = random.u32();
  }

  /** The first of `many` in a row. */
  next(source: number, destination: number, protocol: number, many = 1): number {
    const at = this.#hash.begin().word(source).word(destination).word(protocol).end() & (COUNTERS - 1);
    const first = this.#counters[at]!;
    this.#counters[at] = first + many;
    return first;
  }
}
