/**
 * HalfSipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", the 32-bit variant of the reference
 * code): a keyed hash for tables whose keys an attacker chooses, and the PRF for initial sequence numbers (RFC 6528).
 * Words are int32; state is kept in an instance, so hashing allocates nothing.
 */
export class KeyedHash {
  readonly #k0: number;
  readonly #k1: number;
  #v0 = 0;
  #v1 = 0;
  #v2 = 0;
  #v3 = 0;
  #words = 0;

  constructor(k0: number, k1: number) {
    this.#k0 = k0 | 0;
    this.#k1 = k1 | 0;
  }

  /** Of `count` words from `from` on, at one go: what `begin`, `word` and `end` give, in registers. 32 bits, signed. */
  of(words: Int32Array, from: number, count: number): number {
    let a = this.#k0;
    let b = this.#k1;
    let c = 0x6c796765 ^ a;
    let d = 0x74656462 ^ b;
    // Two rounds a word, the length being the last, then four.
    for (let i = 0; i < count + 3; i++) {
      const m = i < count ? words[from + i]! : i === count ? (count * 4) << 24 : 0;
      d ^= m;
      for (let round = 0; round < 2; round++) {
        a = (a + b) | 0;
        b = ((b << 5) | (b >>> 27)) ^ a;
        a = (a << 16) | (a >>> 16);
        c = (c + d) | 0;
        d = ((d << 8) | (d >>> 24)) ^ c;
        a = (a + d) | 0;
        d = ((d << 7) | (d >>> 25)) ^ a;
        c = (c + b) | 0;
        b = ((b << 13) | (b >>> 19)) ^ c;
        c = (c << 16) | (c >>> 16);
      }
      a ^= m;
      if (i === count) c ^= 0xff;
    }
    return b ^ d;
  }

  begin(): this {
    this.#v0 = this.#k0;
    this.#v1 = this.#k1;
    this.#v2 = 0x6c796765 ^ this.#k0;
    this.#v3 = 0x74656462 ^ this.#k1;
    this.#words = 0;
    return this;
  }

  word(m: number): this {
    this.#v3 ^= m;
    this.#round();
    this.#round();
    this.#v0 ^= m;
    this.#words++;
    return this;
  }

  /** 32 bits, signed. */
  end(): number {
    const length = (this.#words * 4) << 24;
    this.#v3 ^= length;
    this.#round();
    this.#round();
    this.#v0 ^= length;
    this.#v2 ^= 0xff;
    this.#round();
    this.#round();
    this.#round();
    this.#round();
    return this.#v1 ^ this.#v3;
  }

  #round(): void {
    let a = this.#v0;
    let b = this.#v1;
    let c = this.#v2;
    let d = this.#v3;
    a = (a + b) | 0;
    b = ((b << 5) | (b >>> 27)) ^ a;
    a = (a << 16) | (a >>> 16);
    c = (c + d) | 0;
    d = ((d << 8) | (d >>> 24)) ^ c;
    a = (a + d) | 0;
    d = ((d << 7) | (d >>> 25)) ^ a;
    c = (c + b) | 0;
    b = ((b << 13) | (b >>> 19)) ^ c;
    c = (c << 16) | (c >>> 16);
    this.#v0 = a;
    this.#v1 = b;
    this.#v2 = c;
    this.#v3 = d;
  }
}
