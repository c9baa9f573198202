/** `socket.setTimeout`: how long nothing has gone either way. Only sockets that ask for it have one. */
import { type Clock, MILLISECOND, type Timer } from '../../stacks/time/clock.ts';

export class IdleTimeout {
  /** 0 turns it off. */
  ms = 0;
  readonly #timer: Timer;
  #unacknowledged = 0;

  /** `unacknowledged`: how many bytes are on their way now; `expired` may be called from inside a stack. */
  constructor(clock: Clock, unacknowledged: () => number, expired: () => void) {
    this.#timer = clock.timer(() => {
      // Bytes on their way are traffic although nothing was read or written here.
      const left = unacknowledged();
      if (left === 0 || left === this.#unacknowledged) {
        expired();
        return;
      }
      this.#unacknowledged = left;
      this.arm();
    });
  }

  /** There was traffic. */
  arm(): void {
    if (this.ms > 0) this.#timer.armIn(this.ms * MILLISECOND);
  }

  disarm(): void {
    this.#timer.disarm();
  }
}
