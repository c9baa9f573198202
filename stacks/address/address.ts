/**
 * An address as four int32 words, for both families: IPv6 in network order, IPv4 in `w3` with the others zero.
 * Which family it belongs to is known by who holds it; a stack has one family only.
 *
 * `zone` is the interface index of a link-local IPv6 address (RFC 4007 §6), else 0.
 * Instances kept in tables are treated as immutable; scratch instances are filled by `Family.read` per packet, so the
 * packet path allocates nothing.
 */
export class Address {
  w0: number;
  w1: number;
  w2: number;
  w3: number;
  zone: number;

  constructor(w0 = 0, w1 = 0, w2 = 0, w3 = 0, zone = 0) {
    this.w0 = w0 | 0;
    this.w1 = w1 | 0;
    this.w2 = w2 | 0;
    this.w3 = w3 | 0;
    this.zone = zone;
  }

  equals(other: Address): boolean {
    return this.zone === other.zone && this.sameWords(other);
  }

  /** Equal whatever the zones. */
  sameWords(other: Address): boolean {
    return this.w3 === other.w3 && this.w2 === other.w2 && this.w1 === other.w1 && this.w0 === other.w0;
  }

  /** Equal as far as is known: zones must agree only where both are given (RFC 4007 §6). */
  sameHost(other: Address): boolean {
    return (this.zone === other.zone || this.zone === 0 || other.zone === 0) && this.sameWords(other);
  }

  /** All words zero: `0.0.0.0` and `::`. */
  get isUnspecified(): boolean {
    return (this.w0 | this.w1 | this.w2 | this.w3) === 0;
  }

  set(from: Address): void {
    this.w0 = from.w0;
    this.w1 = from.w1;
    this.w2 = from.w2;
    this.w3 = from.w3;
    this.zone = from.zone;
  }

  /** A copy that may be kept. */
  clone(): Address {
    return new Address(this.w0, this.w1, this.w2, this.w3, this.zone);
  }
}

/** The mask of `bits` leading ones (0..32) as an int32. */
export function maskWord(bits: number): number {
  return bits <= 0 ? 0 : bits >= 32 ? -1 : ~(0xffffffff >>> bits);
}
