import { SECOND } from '../../stacks/time/clock.ts';

/**
 * Serialisation at a rate: when the last bit of each frame has left, in whole µs rounded up, without drift.
 *
 * A busy period is kept as its start and the bits sent since, and not as a time that is added up: 1,514 bytes at
 * 1 Gbit/s take 12.112 µs, and a thousand of them 12,112 µs.
 */
export class Transmitter {
  #start = 0;
  #bits = 0;
  #rate = Number.POSITIVE_INFINITY;

  /** The time, µs, at which a frame of `bytes` handed over at `now` has left; -1 when it would not fit the queue. */
  send(bytes: number, now: number, rate: number, queue: number): number {
    if (rate === Number.POSITIVE_INFINITY && rate === this.#rate && this.#start <= now) return now;
    if (rate !== this.#rate) {
      this.#start = this.#finish();
      this.#bits = 0;
      this.#rate = rate;
    }
    const finish = this.#finish();
    if (finish <= now) {
      this.#start = now;
      this.#bits = 0;
    } else {
      const waitingBits = this.#bits - ((now - this.#start) * rate) / SECOND;
      if (rate !== Number.POSITIVE_INFINITY && waitingBits / 8 + bytes > queue) return -1;
    }
    this.#bits += bytes * 8;
    if (this.#bits >= rate) {
      // Whole seconds go into the start, so that bits * SECOND stays an exact integer however long the period is.
      const seconds = Math.floor(this.#bits / rate);
      this.#start += seconds * SECOND;
      this.#bits -= seconds * rate;
    }
    return this.#finish();
  }

  #finish(): number {
    return this.#rate === Number.POSITIVE_INFINITY
      ? this.#start
      : this.#start + Math.ceil((this.#bits * SECOND) / this.#rate);
  }
}
