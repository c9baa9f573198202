/**
 * A set of int32 words that we choose and packets only ask about: our addresses, the broadcasts of our subnets. Asked
 * several times for every packet, so it is one read when the answer is no; open addressing, at most a quarter full.
 */
export class WordSet {
  #slots: Int32Array = new Int32Array(16);
  #size = 0;
  /** Zero marks a free slot, so it is kept apart. */
  #zero = false;

  add(word: number): void {
    if (word === 0) this.#zero = true;
    if (this.has(word)) return; // Zero as well.
    if (4 * ++this.#size > this.#slots.length) {
      const old = this.#slots;
      this.#slots = new Int32Array(2 * old.length);
      for (const one of old) if (one !== 0) this.#place(one);
    }
    this.#place(word);
  }

  has(word: number): boolean {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let at = home(word) & mask; ; at = (at + 1) & mask) {
      const one = slots[at]!;
      if (one === 0) return word === 0 && this.#zero;
      if (one === word) return true;
    }
  }

  #place(word: number): void {
    const mask = this.#slots.length - 1;
    let at = home(word) & mask;
    while (this.#slots[at] !== 0) at = (at + 1) & mask;
    this.#slots[at] = word;
  }
}

/** Networks differ in their high bits, stations in their low ones. */
function home(word: number): number {
  return Math.imul(word, 0x9e3779b1) >>> 16;
}
