import type { Timer } from '../time/clock.ts';

/** One group of an interface. */
export interface Membership {
  /** Sockets that joined. */
  users: number;
  /** The answer to a query for the group, and in the older versions the repeated report. */
  readonly timer: Timer;
  /** What a query asked about (RFC 3376 §5.2); empty: the group as a whole. */
  sources: number[];
  /** We were the last to report it (RFC 2236 §6): we say when we leave. */
  lastReporter: boolean;
}
