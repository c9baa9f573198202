/**
 * Proportional Rate Reduction, RFC 9937 §6: during recovery each ACK lets out its share, so that the window comes down
 * to ssthresh smoothly instead of falling silent for half a round trip.
 */
export class Prr {
  /** prr_delivered, prr_out, RecoverFS, in bytes. */
  #delivered = 0;
  #out = 0;
  readonly #flight: number;

  /** `flight`: what was outstanding and not known to have arrived before the ACK that began the recovery. */
  constructor(flight: number) {
    this.#flight = Math.max(flight, 1);
  }

  sent(bytes: number): void {
    this.#out += bytes;
  }

  /**
   * The window after an ACK that delivered `bytes` with `pipe` bytes in flight. `isSafe`: SND.UNA has moved and no
   * further loss has shown (SafeACK).
   */
  window(bytes: number, pipe: number, ssthresh: number, mss: number, isSafe: boolean): number {
    this.#delivered += bytes;
    let count: number;
    if (pipe > ssthresh) {
      // Rounded up to a segment: half of one is not sent.
      count = Math.ceil((this.#delivered * ssthresh) / this.#flight / mss) * mss - this.#out;
    } else {
      count = Math.max(this.#delivered - this.#out, bytes); // PRR-CRB
      if (isSafe) count += mss; // PRR-SSRB
      count = Math.min(ssthresh - pipe, count);
    }
    // "Force a fast retransmit upon entering recovery"
    if (this.#out === 0 && count < mss) count = mss;
    return pipe + Math.max(count, 0);
  }
}
