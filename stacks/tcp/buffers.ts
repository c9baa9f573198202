/**
 * The memory of all queues of one stack: what they hold, counted where a queue changes, and the bound on it.
 *
 * From half of the bound on, windows and send buffers are small, so that many connections share what is left; at the
 * bound nothing more is queued that has arrived, which to its sender is a loss. What was once offered stays offered
 * (RFC 9293 §3.8.6): a window closes from the left only.
 */

/** About a super-segment. */
export const BLOCK = 65_536;
/** Blocks kept for the next writer when nobody needs them: what one sender has in flight, 4 MiB. */
const SPARE_BLOCKS = 64;

export class Buffers {
  /** Bytes in all queues: unread, out of order, or not acknowledged. */
  held = 0;
  readonly limit: number;
  readonly #spare: Uint8Array[] = [];

  constructor(limit: number = Number.POSITIVE_INFINITY) {
    this.limit = limit;
  }

  get isShort(): boolean {
    return 2 * this.held > this.limit;
  }

  /** Bytes that may still be queued. */
  get room(): number {
    return Math.max(this.limit - this.held, 0);
  }

  takeBlock(): Uint8Array {
    return this.#spare.pop() ?? new Uint8Array(BLOCK);
  }

  giveBlock(block: Uint8Array): void {
    if (this.#spare.length < SPARE_BLOCKS) this.#spare.push(block);
  }
}
