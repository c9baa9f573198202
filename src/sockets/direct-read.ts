/** The `onread` option: what comes is copied once, straight to memory of the application, with no queue between. */
import type { OnRead } from './connect-arguments.ts';

export class DirectRead {
  /** False while the socket is paused. */
  wanted = true;
  /** Bytes that wait for `deliver`. */
  filled = 0;
  readonly #onread: OnRead;
  #into: Uint8Array | undefined;
  /** From a queue, more than there was room for. */
  #rest: Uint8Array | undefined;

  constructor(onread: OnRead) {
    this.#onread = onread;
  }

  get left(): number {
    return this.filled + (this.#rest?.length ?? 0);
  }

  /** Copies as much of `[from, to)` as there is room for; returns how many bytes that was. */
  fill(bytes: Uint8Array, from: number, to: number): number {
    const { buffer } = this.#onread;
    this.#into ??= typeof buffer === 'function' ? buffer() : buffer;
    const n = Math.min(to - from, this.#into.length - this.filled);
    if (n > 0) this.#into.set(bytes.subarray(from, from + n), this.filled);
    this.filled += n;
    return n;
  }

  /** From the queue: chunks until there is no room. */
  fillFrom(next: () => Uint8Array | undefined): void {
    for (;;) {
      const chunk = this.#rest ?? next();
      if (chunk === undefined) return;
      const n = this.fill(chunk, 0, chunk.length);
      this.#rest = n < chunk.length ? chunk.subarray(n) : undefined;
      if (this.#rest !== undefined) return;
    }
  }

  /** Hands over what was filled; false when the application wants to pause. */
  deliver(): boolean {
    const into = this.#into!;
    const { filled } = this;
    this.#into = undefined;
    this.filled = 0;
    return this.#onread.callback(filled, into) !== false;
  }
}
