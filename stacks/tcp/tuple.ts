/** The four-tuple of a connection as words: what its hashes are taken of. */
import type { Address } from '../address/address.ts';
import type { KeyedHash } from '../packet/keyed-hash.ts';

/** Ports and eight address words. */
const MOST_WORDS = 9;

export class Tuple {
  readonly #words = new Int32Array(MOST_WORDS);
  #count = 0;

  /** Both ports, the local one in the high half. */
  get ports(): number {
    return this.#words[0]!;
  }

  /** Words that are zero in every IPv4 address are left out when they are zero. */
  set(local: Address, localPort: number, remote: Address, remotePort: number): this {
    const words = this.#words;
    words[0] = (localPort << 16) | remotePort;
    words[1] = remote.w3;
    words[2] = local.w3;
    this.#count = 3;
    if ((remote.w0 | remote.w1 | remote.w2) !== 0) this.#add(remote);
    if ((local.w0 | local.w1 | local.w2) !== 0) this.#add(local);
    return this;
  }

  #add(address: Address): void {
    const words = this.#words;
    words[this.#count++] = address.w0;
    words[this.#count++] = address.w1;
    words[this.#count++] = address.w2;
  }

  hash(by: KeyedHash): number {
    return by.of(this.#words, 0, this.#count);
  }
}
