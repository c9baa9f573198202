import type { Clock } from '../../stacks/time/clock.ts';

/** What makes a clock move: virtual time jumps, live time is the machine's. */
export interface Runner {
  /** An application was told something (or told us something): let it act before time goes on. */
  activity(): void;
  /** Brings the clock up to date before packets are handed in from outside. */
  beforeBurst(): void;
  stop(): void;
}

/** Timers fired in a row before the event loop gets a turn although no application was involved. */
const STEPS_PER_TURN = 4_096;

/**
 * Steps after the last word of an application while nothing but window probes is in flight: enough for a lost window
 * update to be made good at any loss a lab has, and a reader that has paused does not keep time running.
 */
const PATIENCE = 16;

/**
 * Virtual time: it flows while something is in flight (a foreground timer is armed) and rests when nothing is, so an
 * application may take any real time between its calls. After each event that reaches an application, Node's own
 * queues are drained before the clock jumps to the next deadline; equal seeds and equal calls give equal runs.
 */
export class VirtualTime implements Runner {
  readonly #clock: Clock;
  #dirty = true;
  #patience = PATIENCE;
  #running = false;
  #stopped = false;
  #resting: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
    clock.onEarlier = () => this.#wake();
  }

  activity(): void {
    this.#dirty = true;
    this.#patience = PATIENCE;
    this.#wake();
  }

  beforeBurst(): void {}

  stop(): void {
    this.#stopped = true;
    this.#clock.onEarlier = undefined;
    this.#release();
  }

  /** Resolves when nothing is in flight any more. */
  async rest(): Promise<void> {
    this.#wake();
    await new Promise<void>((resolve) => this.#resting.push(resolve));
  }

  /** Lets exactly `duration` µs pass, housekeeping included, whether or not anything is in flight. */
  async advance(duration: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const passed = (): void => {
        this.#dirty = true; // whoever waits acts before the next deadline
        resolve();
      };
      this.#clock.timer(passed).armIn(duration);
    });
  }

  #wake(): void {
    if (this.#running || this.#stopped) return;
    this.#running = true;
    void this.#flow();
  }

  async #flow(): Promise<void> {
    while (!this.#stopped) {
      do {
        this.#dirty = false;
        await turn();
      } while (this.#dirty && !this.#stopped);
      if (!this.#inFlight()) break;
      for (let steps = 0; steps < STEPS_PER_TURN && !this.#dirty && this.#inFlight(); steps++) {
        if (this.#clock.foreground === this.#clock.patient) this.#patience--;
        if (!this.#clock.step()) break;
      }
    }
    this.#running = false;
    this.#release();
  }

  #inFlight(): boolean {
    const { foreground, patient } = this.#clock;
    return foreground > patient || (patient > 0 && this.#patience > 0);
  }

  #release(): void {
    const resting = this.#resting;
    this.#resting = [];
    for (const resolve of resting) resolve();
  }
}

/** One turn of the event loop: everything that was queued by then has run. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
