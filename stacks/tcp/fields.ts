/**
 * Where the fields of a Tcb are kept. To whoever reads or writes `tcb.sndUna` it is a field like any other; a million
 * of them as objects would cost four times the memory, and a collector that has to visit them all.
 */

/** What an object must have for its fields to be kept elsewhere. */
export interface Kept {
  /** The page of its row, and the index of the row's first word. */
  words: Int32Array;
  at: number;
}

/** Fields of 32 bits, signed, one word each from `first` on. */
export function keepWords(prototype: object, names: readonly string[], first: number): void {
  for (const [i, name] of names.entries()) define(prototype, name, word(first + i));
}

function word(offset: number): PropertyDescriptor & ThisType<Kept> {
  return {
    get() {
      return this.words[this.at + offset];
    },
    set(value: number) {
      this.words[this.at + offset] = value;
    },
  };
}

/** Counters beyond 32 bits, exact up to 2^53: two words each, the low one first. */
export function keepCounters(prototype: object, names: readonly string[], first: number): void {
  for (const [i, name] of names.entries()) define(prototype, name, counter(first + 2 * i));
}

function counter(offset: number): PropertyDescriptor & ThisType<Kept> {
  return {
    get() {
      const at = this.at + offset;
      return this.words[at + 1]! * 2 ** 32 + (this.words[at]! >>> 0);
    },
    set(value: number) {
      const at = this.at + offset;
      this.words[at] = value;
      this.words[at + 1] = value / 2 ** 32;
    },
  };
}

/** Booleans, one bit each of the word at `offset`, from bit `first` on. */
export function keepFlags(prototype: object, names: readonly string[], offset: number, first: number): void {
  for (const [i, name] of names.entries()) define(prototype, name, flag(offset, 1 << (first + i)));
}

function flag(offset: number, mask: number): PropertyDescriptor & ThisType<Kept> {
  return {
    get() {
      return (this.words[this.at + offset]! & mask) !== 0;
    },
    set(value: boolean) {
      if (value) this.words[this.at + offset]! |= mask;
      else this.words[this.at + offset]! &= ~mask;
    },
  };
}

/** Small numbers, `bits` each of the word at `offset`, from bit `first` on. */
export function keepBits(
  prototype: object,
  names: readonly string[],
  offset: number,
  first: number,
  bits: number,
): void {
  const mask = (1 << bits) - 1;
  for (const [i, name] of names.entries()) define(prototype, name, bitField(offset, first + i * bits, mask));
}

function bitField(offset: number, shift: number, mask: number): PropertyDescriptor & ThisType<Kept> {
  return {
    get() {
      return (this.words[this.at + offset]! >>> shift) & mask;
    },
    set(value: number) {
      const at = this.at + offset;
      this.words[at] = (this.words[at]! & ~(mask << shift)) | (value << shift);
    },
  };
}

function define(prototype: object, name: string, accessors: PropertyDescriptor): void {
  Object.defineProperty(prototype, name, accessors);
}
