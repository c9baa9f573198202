/**
 * Bytes accepted from the owner and not yet acknowledged. What the owner gives away is kept as it is; of what it wants
 * back a copy is made into blocks, which are used again and again, so that a bulk sender makes no garbage.
 */

import { BLOCK, Buffers } from './buffers.ts';

/** Two chunks of at most this together become one, so that a writer of single bytes does not hold an object a byte. */
const SMALL = 2_048;
/** Below this a loop is quicker than making a view. */
const LOOP = 64;
/** A queue of less gets memory of just its size: many with a little must not hold a block each. */
const WORTH_A_BLOCK = BLOCK / 4;
const NOTHING = new Uint8Array(0);

interface Chunk {
  bytes: Uint8Array;
  /** Bytes of it that are data; a block may have room behind them. */
  length: number;
  readonly isBlock: boolean;
}

export class SendQueue {
  /** Bytes held. */
  length = 0;
  readonly #buffers: Buffers;
  #chunks: Chunk[] = [];
  /** Index of the first chunk still held, and how many of its bytes are acknowledged. */
  #head = 0;
  #skip = 0;
  /** Where the last copy ended: index of its chunk, and the chunk's offset counted from the first byte ever queued. */
  #cursor = 0;
  #cursorStart = 0;
  /** Bytes dropped since the beginning. */
  #dropped = 0;

  constructor(buffers: Buffers = new Buffers()) {
    this.#buffers = buffers;
  }

  /** Keeps `chunk` itself, which nobody changes any more. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (this.#join(chunk)) return;
    this.#chunks.push({ bytes: chunk, length: chunk.length, isBlock: false });
    this.#grow(chunk.length);
  }

  /** Copies `chunk`, which stays the caller's. */
  pushCopy(chunk: Uint8Array): void {
    if (chunk.length <= SMALL) {
      if (chunk.length > 0 && !this.#join(chunk)) this.push(chunk.slice());
      return;
    }
    for (let at = 0; at < chunk.length; ) {
      let last = this.#last();
      if (last?.isBlock !== true || last.length === BLOCK) {
        if (this.length + chunk.length - at < WORTH_A_BLOCK) {
          this.push(chunk.slice(at));
          return;
        }
        last = { bytes: this.#buffers.takeBlock(), length: 0, isBlock: true };
        this.#chunks.push(last);
      }
      const n = Math.min(chunk.length - at, BLOCK - last.length);
      last.bytes.set(n === chunk.length ? chunk : chunk.subarray(at, at + n), last.length);
      last.length += n;
      this.#grow(n);
      at += n;
    }
  }

  #grow(bytes: number): void {
    this.length += bytes;
    this.#buffers.held += bytes;
  }

  #last(): Chunk | undefined {
    return this.#chunks.length > this.#head ? this.#chunks[this.#chunks.length - 1] : undefined;
  }

  /** Small chunks become one with the last, in memory of its own. */
  #join(chunk: Uint8Array): boolean {
    const last = this.#last();
    if (last === undefined) return false;
    if (last.isBlock) {
      if (chunk.length > SMALL || last.length + chunk.length > BLOCK) return false;
      last.bytes.set(chunk, last.length);
    } else {
      if (last.length + chunk.length > SMALL) return false;
      const both = new Uint8Array(last.length + chunk.length);
      both.set(last.bytes);
      both.set(chunk, last.length);
      last.bytes = both;
    }
    last.length += chunk.length;
    this.#grow(chunk.length);
    return true;
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
      const bytes = chunk.bytes;
      if (n === bytes.length) into.set(bytes, at);
      else if (n < LOOP) for (let i = 0; i < n; i++) into[at + i] = bytes[from + i]!;
      else into.set(bytes.subarray(from, from + n), at);
      at += n;
      position += n;
      length -= n;
    }
  }

  /** Forgets the `n` oldest bytes. */
  drop(n: number): void {
    this.#grow(-n);
    this.#dropped += n;
    this.#skip += n;
    while (this.#head < this.#chunks.length && this.#skip >= this.#chunks[this.#head]!.length) {
      const chunk = this.#chunks[this.#head++]!;
      this.#skip -= chunk.length;
      if (chunk.isBlock) this.#buffers.giveBlock(chunk.bytes);
      chunk.bytes = NOTHING;
    }
    if (this.#head === this.#chunks.length) {
      if (this.#chunks.length === 1)
        this.#chunks.pop(); // the usual case, and to set `length` is slow
      else this.#chunks.length = 0;
      this.#head = this.#cursor = 0;
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
