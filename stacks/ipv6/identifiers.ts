/**
 * Interface identifiers that say nothing of the hardware: RFC 7217 (stable for one network, opaque), RFC 8064 (those are
 * the default), RFC 8981 §3.3.1 (random, for temporary addresses), RFC 5453 (values that are not to be used).
 */
import { Address } from '../address/address.ts';
import type { Random } from '../packet/environment.ts';
import { KeyedHash } from '../packet/keyed-hash.ts';

/** Bytes of a secret: RFC 7217 §5 wants 128 bits at least. */
export const SECRET_BYTES = 16;

export class StableIdentifiers {
  readonly #high: KeyedHash;
  readonly #low: KeyedHash;

  /** @throws RangeError when the secret is shorter than `SECRET_BYTES` */
  constructor(secret: Uint8Array) {
    if (secret.length < SECRET_BYTES) throw new RangeError(`a secret has ${SECRET_BYTES} bytes at least`);
    const view = new DataView(secret.buffer, secret.byteOffset, secret.byteLength);
    this.#high = new KeyedHash(view.getInt32(0), view.getInt32(4));
    this.#low = new KeyedHash(view.getInt32(8), view.getInt32(12));
  }

  /** RFC 7217 §5: `prefix`/64 with the identifier for this interface; `attempt` is its DAD_Counter. */
  addressIn(prefix: Address, interfaceName: string, attempt: number): Address {
    const { w0, w1 } = prefix;
    // A reserved identifier counts as one that is in use (§5, 2).
    for (let counter = attempt; ; counter += RESERVED_STEP) {
      const high = digest(this.#high, prefix, interfaceName, counter);
      const low = digest(this.#low, prefix, interfaceName, counter);
      if (!isReserved(high, low)) return new Address(w0, w1, high, low);
    }
  }
}

/** Far from the counters that conflicts use up, so that no two attempts give the same address. */
const RESERVED_STEP = 1 << 16;

function digest(hash: KeyedHash, prefix: Address, name: string, counter: number): number {
  hash.begin().word(prefix.w0).word(prefix.w1);
  for (let i = 0; i < name.length; i++) hash.word(name.charCodeAt(i));
  return hash.word(counter).end();
}

/** `prefix`/64 with 64 random bits. */
export function randomAddressIn(prefix: Address, random: Random): Address {
  for (;;) {
    const high = random.u32() | 0;
    const low = random.u32() | 0;
    if (!isReserved(high, low)) return new Address(prefix.w0, prefix.w1, high, low);
  }
}

/** The IANA registry of RFC 5453: subnet-router anycast, the block of IANA's MAC, the anycast addresses of RFC 2526. */
function isReserved(high: number, low: number): boolean {
  const h = high >>> 0;
  const l = low >>> 0;
  return (
    (h === 0 && l === 0) ||
    (h === 0x0200_5eff && l >>> 24 === 0xfe) ||
    (h === 0xfdff_ffff && l >= 0xffff_ff80)
  );
}
