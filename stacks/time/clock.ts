/**
 * Time is one number, microseconds, and it comes in from outside: the lab's virtual clock jumps from deadline to
 * deadline, the live runner hands in the real time when a device is readable or a deadline has passed.
 *
 * Timers are objects that are armed, re-armed and disarmed without allocation. They fire by deadline and, for equal
 * deadlines, in the order of arming: equal seeds give equal runs.
 */
import { Wheel, type WheelEntry } from './wheel.ts';

export const MILLISECOND = 1_000;
export const SECOND = 1_000_000;

export class Timer implements WheelEntry {
  readonly clock: Clock;
  readonly fire: () => void;
  /** Housekeeping (ageing, keep-alive, periodic advertisements) does not keep a virtual lab running. */
  readonly background: boolean;
  /** Waits for nothing in flight but for the peer's application (a window probe); changed only while not armed. */
  patient = false;
  /** µs; meaningful while armed. */
  deadline = 0;
  slot = -1;
  next: WheelEntry | undefined;
  previous: WheelEntry | undefined;

  constructor(clock: Clock, fire: () => void, background: boolean) {
    this.clock = clock;
    this.fire = fire;
    this.background = background;
  }

  get armed(): boolean {
    return this.slot >= 0;
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
  /**
   * Called when a deadline comes before the one that `nextDeadline` told last, or the first foreground timer is armed:
   * whoever sleeps, looks again.
   */
  onEarlier: (() => void) | undefined;
  /** Where `refresh` reads the time: set when live, undefined in virtual time. */
  source: (() => number) | undefined;
  readonly #wheel = new Wheel<Timer>();
  #told = Number.POSITIVE_INFINITY;

  timer(fire: () => void, options: { background?: boolean } = {}): Timer {
    return new Timer(this, fire, options.background === true);
  }

  /** µs, Infinity when nothing is armed. */
  nextDeadline(): number {
    this.#told = this.#wheel.first()?.deadline ?? Number.POSITIVE_INFINITY;
    return this.#told;
  }

  /** Brings `now` up to the source without firing anything: for calls that enter from an application. */
  refresh(): void {
    if (this.source === undefined) return;
    const t = this.source();
    if (t > this.now) this.now = t;
  }

  /** Fires everything due at or before `to`, each at its own deadline (never before `now`), then sets `now`. */
  advance(to: number): void {
    while (this.step(to));
    if (to > this.now) this.now = to;
  }

  /** Fires the one timer that is due next, if it is due at or before `to`; false when there is none. */
  step(to: number = Number.POSITIVE_INFINITY): boolean {
    const timer = this.#wheel.due(to);
    if (timer === undefined) return false;
    this.disarm(timer);
    if (timer.deadline > this.now) this.now = timer.deadline;
    timer.fire();
    return true;
  }

  arm(timer: Timer, deadline: number): void {
    const wakes = timer.slot < 0 && !timer.background && this.#count(timer);
    if (timer.slot >= 0) this.#wheel.remove(timer);
    timer.deadline = deadline;
    this.#wheel.add(timer, this.now);
    if (!wakes && deadline >= this.#told) return;
    if (deadline < this.#told) this.#told = deadline;
    this.onEarlier?.();
  }

  /** One more in the foreground: true when all was quiet before. */
  #count(timer: Timer): boolean {
    const wasQuiet = this.foreground === (timer.patient ? 0 : this.patient);
    this.foreground++;
    if (timer.patient) this.patient++;
    return wasQuiet;
  }

  disarm(timer: Timer): void {
    if (timer.slot < 0) return;
    this.#wheel.remove(timer);
    if (timer.background) return;
    this.foreground--;
    if (timer.patient) this.patient--;
  }
}
