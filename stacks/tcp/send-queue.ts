/** Bytes accepted from the owner and not yet acknowledged: the owner's own chunks, copied once, into the packet. */

/** Two chunks of at most this together become one, so that a writer of single bytes does not hold an object a byte. */
const SMALL = 2_048;
/** Below this a loop is quicker than making a view. */
const LOOP = 64;
const EMPTY = new Uint8Array(0);

export class SendQueue {
  /** Bytes held. */
  length = 0;
  #chunks: Uint8Array[] = [];
  /** Index of the first chunk still held, and how many of its bytes are acknowledged. */
  #head = 0;
  #skip = 0;
  /** Where the last copy ended: index of its chunk, and the chunk's offset counted from the first byte ever queued. */
  #cursor = 0;
  #cursorStart = 0;
  /** Bytes dropped since the beginning. */
  #dropped = 0;

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    const at = this.#chunks.length - 1;
    const last = at >= this.#head ? this.#chunks[at]! : EMPTY;
    this.length += chunk.length;
    if (last.length > 0 && last.length + chunk.length <= SMALL) {
      const both = new Uint8Array(last.length + chunk.length);
      both.set(last);
      both.set(chunk, last.length);
      this.#chunks[at] = both;
    } else {
      this.#chunks.push(chunk);
    }
  }

  /** Copies `length` bytes from `offset` (counted from the oldest unacknowledged byte) to `into[at...]`. */
  copy(offset: number, length: number, into: Uint8Array, at: number): void {
    let position = this.#dropped + offset;
    if (this.#cursor < this.#head || position < this.#cursorStart) {
      this.#cursor = this.#head;
      this.#cursorStart = this.#dropped - this.#skip;
    }
    while (length > 0) {
      const chunk = this.#chunks[this.#cursor]!;
      const from = position - this.#cursorStart;
      if (from >= chunk.length) {
        this.#cursor++;
        this.#cursorStart += chunk.length;
        continue;
      }
      const n = Math.min(length, chunk.length - from);
      if (n === chunk.length) into.set(chunk, at);
      else if (n < LOOP) for (let i = 0; i < n; i++) into[at + i] = chunk[from + i]!;
      else into.set(chunk.subarray(from, from + n), at);
      at += n;
      position += n;
      length -= n;
    }
  }

  /** Forgets the `n` oldest bytes. */
  drop(n: number): void {
    this.length -= n;
    this.#dropped += n;
    this.#skip += n;
    while (this.#head < this.#chunks.length && this.#skip >= this.#chunks[this.#head]!.length) {
      this.#skip -= this.#chunks[this.#head]!.length;
      this.#chunks[this.#head++] = EMPTY;
    }
    if (this.#head === this.#chunks.length) {
      this.#chunks.length = this.#head = this.#cursor = 0;
      this.#cursorStart = this.#dropped;
    } else if (this.#head >= 64 && this.#head * 2 >= this.#chunks.length) {
      this.#chunks.splice(0, this.#head);
      this.#cursor -= this.#head;
      this.#head = 0;
      if (this.#cursor < 0) {
        this.#cursor = 0;
        this.#cursorStart = this.#dropped - this.#skip;
      }
    }
  }
}
