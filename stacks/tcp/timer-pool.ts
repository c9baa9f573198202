/**
 * Timers lent out: a connection has one while it is armed and gives it back when it is not, so an idle one has none.
 */
import type { Clock, Timer } from '../time/clock.ts';

/** What the one timer of a sender waits for. */
export type SenderTimer = 'retransmit' | 'persist' | 'probe' | 'reorder';
export type TimerKind = SenderTimer | 'delayed-ack' | 'keep-alive' | 'fin-wait-2';

export class TimerSlot<Owner> {
  readonly timer: Timer;
  owner: Owner | undefined;
  kind: TimerKind = 'retransmit';

  constructor(clock: Clock, background: boolean, expired: (slot: TimerSlot<Owner>) => void) {
    this.timer = clock.timer(() => expired(this), { background });
  }
}

/** Slots kept for the next connection, as many as a burst needs; more are left to the garbage collector. */
const MAX_SPARE = 256;

export class TimerPool<Owner> {
  readonly #clock: Clock;
  readonly #expired: (slot: TimerSlot<Owner>) => void;
  readonly #foreground: TimerSlot<Owner>[] = [];
  readonly #background: TimerSlot<Owner>[] = [];

  /** `expired` gives the slot back. */
  constructor(clock: Clock, expired: (slot: TimerSlot<Owner>) => void) {
    this.#clock = clock;
    this.#expired = expired;
  }

  take(owner: Owner, background: boolean): TimerSlot<Owner> {
    const spare = background ? this.#background : this.#foreground;
    const slot = spare.pop() ?? new TimerSlot<Owner>(this.#clock, background, this.#expired);
    slot.owner = owner;
    return slot;
  }

  release(slot: TimerSlot<Owner>): void {
    slot.timer.disarm();
    slot.timer.patient = false;
    slot.owner = undefined;
    const spare = slot.timer.background ? this.#background : this.#foreground;
    if (spare.length < MAX_SPARE) spare.push(slot);
  }
}
