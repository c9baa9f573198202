/** Initial sequence numbers, RFC 6528 §3: ISN = M + F(localip, localport, remoteip, remoteport, secretkey). */
import type { Address } from '../address/address.ts';
import type { Random } from '../packet/environment.ts';
import { KeyedHash } from '../packet/keyed-hash.ts';

/** The four-tuple into a running hash; words that are zero in every IPv4 address are left out when they are zero. */
export function hashTuple(
  hash: KeyedHash,
  local: Address,
  localPort: number,
  remote: Address,
  remotePort: number,
): number {
  hash.begin().word((localPort << 16) | remotePort);
  hash.word(remote.w3).word(local.w3);
  if ((remote.w0 | remote.w1 | remote.w2) !== 0) hash.word(remote.w0).word(remote.w1).word(remote.w2);
  if ((local.w0 | local.w1 | local.w2) !== 0) hash.word(local.w0).word(local.w1).word(local.w2);
  return hash.end();
}

export class IsnGenerator {
  readonly #sequence: KeyedHash;
  readonly #timestamp: KeyedHash;

  constructor(random: Random) {
    this.#sequence = new KeyedHash(random.u32(), random.u32());
    this.#timestamp = new KeyedHash(random.u32(), random.u32());
  }

  /** `now` in µs; M ticks every 4 µs (RFC 9293 §3.4.1). */
  isn(now: number, local: Address, localPort: number, remote: Address, remotePort: number): number {
    const m = Math.floor(now / 4);
    return (m + hashTuple(this.#sequence, local, localPort, remote, remotePort)) | 0;
  }

  /** Offset of the timestamp clock: random to outsiders, the same for every incarnation (RFC 7323 §5.4). */
  timestampOffset(local: Address, localPort: number, remote: Address, remotePort: number): number {
    return hashTuple(this.#timestamp, local, localPort, remote, remotePort);
  }
}
