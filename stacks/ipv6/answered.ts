/**
 * Echo replies that a narrow link may refuse: a packet too big that quotes one of them is believed (RFC 8201 §4), one
 * that quotes a reply never sent is a stranger's (RFC 5927 §7).
 */
import type { Address } from '../address/address.ts';
import type { KeyedHash } from '../packet/keyed-hash.ts';
import { HEADER_BYTES, MINIMUM_MTU } from '../wire/ipv6.ts';

/** The error comes one path's delay after the reply; more large pings at once than these wait for the next one. */
const REMEMBERED = 64;

export class AnsweredEchoes {
  readonly #hash: KeyedHash;
  readonly #recent = new Int32Array(REMEMBERED);
  #next = 0;

  constructor(hash: KeyedHash) {
    this.#hash = hash;
  }

  /** A reply of `bytes`; `word` is its identifier and sequence number. What fits every link is not remembered. */
  note(to: Address, word: number, bytes: number): void {
    if (HEADER_BYTES + bytes <= MINIMUM_MTU) return;
    this.#recent[this.#next] = this.#keyOf(to, word);
    this.#next = (this.#next + 1) % REMEMBERED;
  }

  includes(to: Address, word: number): boolean {
    return this.#recent.includes(this.#keyOf(to, word));
  }

  #keyOf(to: Address, word: number): number {
    return this.#hash.begin().word(to.w0).word(to.w1).word(to.w2).word(to.w3).word(word).end();
  }
}
