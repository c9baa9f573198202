/**
 * Was it a loss at all? What one needs to know of a recovery to find out: the Eifel algorithm (RFC 3522) looks at what
 * the peer's timestamps echo, RFC 3708 at its D-SACKs. The answer to a spurious one is that of RFC 4015 §3.
 */
import type { Delivery } from './delivery.ts';

export class Undo {
  /** SND.UNA when the recovery began. */
  readonly #begin: number;
  /** Bytes sent again and not reported as received twice. */
  #bytes = 0;
  #hasSent = false;
  /** When the first of them was sent again: ms as int32. */
  #since = 0;

  constructor(sndUna: number) {
    this.#begin = sndUna;
  }

  retransmitted(bytes: number, millisecond: number): void {
    if (!this.#hasSent) this.#since = millisecond;
    this.#hasSent = true;
    this.#bytes += bytes;
  }

  /** RFC 3522 §3.2 (4), (5): the acknowledgment was caused by what was sent before the first retransmission. */
  isEarly(delivery: Delivery): boolean {
    return this.#hasSent && delivery.isEchoBefore(this.#since);
  }

  /** RFC 3708 §3: all that was sent again has been reported as received twice. `end` is at most SND.NXT. */
  duplicated(start: number, end: number): boolean {
    if (((start - this.#begin) | 0) < 0) return false;
    this.#bytes -= (end - start) | 0;
    return this.#hasSent && this.#bytes <= 0;
  }
}
