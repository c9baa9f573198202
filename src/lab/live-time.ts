import { performance } from 'node:perf_hooks';
import type { Clock } from '../../stacks/time/clock.ts';
import type { Runner } from './virtual-time.ts';

/** Deadlines nearer than this (µs) are met by turning the event loop, because a Node timer takes a millisecond. */
const SPIN = 1_000;

/** Live time: the machine's monotonic clock; sleeps until the next deadline or until a device is readable. */
export class LiveTime implements Runner {
  readonly #clock: Clock;
  readonly #origin = performance.now();
  #timeout: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #wakeAt = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    clock.source = () => Math.round((performance.now() - this.#origin) * 1_000);
    clock.onEarlier = () => this.#schedule();
    this.#schedule();
  }

  activity(): void {}

  beforeBurst(): void {
    this.#clock.advance(this.#clock.source!());
  }

  stop(): void {
    this.#stopped = true;
    this.#clock.onEarlier = undefined;
    clearTimeout(this.#timeout);
    clearImmediate(this.#immediate);
  }

  #schedule(): void {
    const deadline = this.#clock.nextDeadline();
    if (this.#stopped || deadline >= this.#wakeAt) return;
    this.#wakeAt = deadline;
    clearTimeout(this.#timeout);
    clearImmediate(this.#immediate);
    this.#timeout = this.#immediate = undefined;
    const wait = deadline - this.#clock.source!();
    if (wait < SPIN) this.#immediate = setImmediate(() => this.#due());
    else this.#timeout = setTimeout(() => this.#due(), Math.min(Math.floor(wait / 1_000), 0x7fffffff));
  }

  #due(): void {
    this.#wakeAt = Number.POSITIVE_INFINITY;
    this.beforeBurst();
    this.#schedule();
  }
}
