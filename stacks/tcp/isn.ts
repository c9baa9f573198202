/** Initial sequence numbers, RFC 6528 §3: ISN = M + F(localip, localport, remoteip, remoteport, secretkey). */
import type { Random } from '../packet/environment.ts';
import { KeyedHash } from '../packet/keyed-hash.ts';
import type { Tuple } from './tuple.ts';

export class IsnGenerator {
  readonly #sequence: KeyedHash;
  readonly #timestamp: KeyedHash;

  constructor(random: Random) {
    this.#sequence = new KeyedHash(random.u32(), random.u32());
    this.#timestamp = new KeyedHash(random.u32(), random.u32());
  }

  /** `now` in µs; M ticks every 4 µs (RFC 9293 §3.4.1). */
  isn(now: number, tuple: Tuple): number {
    return (Math.floor(now / 4) + tuple.hash(this.#sequence)) | 0;
  }

  /** Offset of the timestamp clock: random to outsiders, the same for every incarnation (RFC 7323 §5.4). */
  timestampOffset(tuple: Tuple): number {
    return tuple.hash(this.#timestamp);
  }
}
