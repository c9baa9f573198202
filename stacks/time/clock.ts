/**
 * Time is one number, microseconds, and it comes in from outside: the lab's virtual clock jumps from deadline to
 * deadline, the live runner hands in the real time when a device is readable or a deadline has passed.
 *
 * Timers are objects that are armed, re-armed and disarmed without allocation, kept in a binary heap ordered by
 * deadline and, for equal deadlines, by arming order: equal seeds give equal runs.
 */

export const MILLISECOND = 1_000;
export const SECOND = 1_000_000;

export class Timer {
  readonly clock: Clock;
  readonly fire: () => void;
  /** Housekeeping (ageing, keep-alive, periodic advertisements) does not keep a virtual lab running. */
  readonly background: boolean;
  /** Waits for nothing in flight but for the peer's application (a window probe); changed only while not armed. */
  patient = false;
  /** µs; meaningful while armed. */
  deadline = 0;
  /** Heap position, -1 when not armed. */
  index = -1;
  order = 0;

  constructor(clock: Clock, fire: () => void, background: boolean) {
    this.clock = clock;
    this.fire = fire;
    this.background = background;
  }

  get armed(): boolean {
    return this.index >= 0;
  }

  /** (Re-)arms for `delay` µs from now. */
  armIn(delay: number): void {
    this.clock.arm(this, this.clock.now + delay);
  }

  disarm(): void {
    this.clock.disarm(this);
  }
}

export class Clock {
  /** µs since the start of the lab. */
  now = 0;
  /** How many foreground timers are armed: zero means nothing is in flight. */
  foreground = 0;
  /** How many of the foreground timers are patient. */
  patient = 0;
  /** Called when the next deadline comes earlier, or the first foreground timer is armed: whoever sleeps, looks again. */
  onEarlier: (() => void) | undefined;
  /** Where `refresh` reads the time: set when live, undefined in virtual time. */
  source: (() => number) | undefined;
  readonly #heap: Timer[] = [];
  #order = 0;

  timer(fire: () => void, options: { background?: boolean } = {}): Timer {
    return new Timer(this, fire, options.background === true);
  }

  /** µs, Infinity when nothing is armed. */
  nextDeadline(): number {
    return this.#heap.length === 0 ? Number.POSITIVE_INFINITY : this.#heap[0]!.deadline;
  }

  /** Brings `now` up to the source without firing anything: for calls that enter from an application. */
  refresh(): void {
    if (this.source === undefined) return;
    const t = this.source();
    if (t > this.now) this.now = t;
  }

  /** Fires everything due at or before `to`, each at its own deadline (never before `now`), then sets `now`. */
  advance(to: number): void {
    while (this.#heap.length > 0 && this.#heap[0]!.deadline <= to) {
      const timer = this.#heap[0]!;
      this.disarm(timer);
      if (timer.deadline > this.now) this.now = timer.deadline;
      timer.fire();
    }
    if (to > this.now) this.now = to;
  }

  /** Fires the one timer that is due next, if it is due at or before `to`; false when there is none. */
  step(to: number = Number.POSITIVE_INFINITY): boolean {
    const timer = this.#heap[0];
    if (timer === undefined || timer.deadline > to) return false;
    this.disarm(timer);
    if (timer.deadline > this.now) this.now = timer.deadline;
    timer.fire();
    return true;
  }

  arm(timer: Timer, deadline: number): void {
    if (timer.index >= 0) {
      // Re-armed: order is taken anew, as if it had been disarmed first.
      timer.deadline = deadline;
      timer.order = this.#order++;
      this.#down(this.#up(timer.index));
    } else {
      timer.deadline = deadline;
      timer.order = this.#order++;
      timer.index = this.#heap.push(timer) - 1;
      const wasQuiet = this.foreground === (timer.patient ? 0 : this.patient);
      if (!timer.background) this.foreground++;
      if (timer.patient) this.patient++;
      const wakes = wasQuiet && !timer.background;
      this.#up(timer.index);
      if (wakes && timer.index !== 0) this.onEarlier?.();
    }
    if (timer.index === 0) this.onEarlier?.();
  }

  disarm(timer: Timer): void {
    const at = timer.index;
    if (at < 0) return;
    timer.index = -1;
    if (!timer.background) this.foreground--;
    if (timer.patient) this.patient--;
    const last = this.#heap.pop()!;
    if (last === timer) return;
    this.#heap[at] = last;
    last.index = at;
    this.#down(this.#up(at));
  }

  #before(a: Timer, b: Timer): boolean {
    return a.deadline < b.deadline || (a.deadline === b.deadline && a.order < b.order);
  }

  #up(at: number): number {
    const heap = this.#heap;
    const timer = heap[at]!;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const other = heap[above]!;
      if (!this.#before(timer, other)) break;
      heap[at] = other;
      other.index = at;
      at = above;
    }
    heap[at] = timer;
    timer.index = at;
    return at;
  }

  #down(at: number): void {
    const heap = this.#heap;
    const timer = heap[at]!;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && this.#before(heap[below + 1]!, heap[below]!)) below++;
      const other = heap[below]!;
      if (!this.#before(other, timer)) break;
      heap[at] = other;
      other.index = at;
      at = below;
    }
    heap[at] = timer;
    timer.index = at;
  }
}
