/** The user timeout: RFC 9293 §3.8.3, and the option by which both ends tell each other theirs, RFC 5482. */
import { SECOND } from '../time/clock.ts';
import type { ConnectionOptions } from './connection-options.ts';
import type { Segment } from './segment.ts';
import type { Tcb } from './tcb.ts';

/** RFC 9293 §3.10.1: what an owner has who names none. */
const DEFAULT_USER_TIMEOUT = 300 * SECOND;
/** L_LIMIT: what a peer asks for does not end a connection sooner than R2 may (RFC 1122 §4.2.3.5). */
const LEAST_USER_TIMEOUT = 100 * SECOND;
/** U_LIMIT: nor does it keep one that is dead for more than an hour (RFC 5482 §3.1, §6). */
const MOST_USER_TIMEOUT = 3_600 * SECOND;

/** The field has 15 bits; one more says that it counts minutes (RFC 5482 §3.2). */
const MOST_UNITS = 0x7fff;
const MINUTES = 0x8000;

/** µs; undefined when the number of retransmissions decides. The last line is the equation of RFC 5482 §3.1. */
export function userTimeout(tcb: Tcb): number | undefined {
  const { options, activity } = tcb;
  if (options === undefined) return undefined;
  const remote = activity.remoteUserTimeout;
  if (remote === 0 || !isChangeable(options)) return options.userTimeout || undefined;
  return Math.min(MOST_USER_TIMEOUT, Math.max(advertised(options), remote, LEAST_USER_TIMEOUT));
}

/** CHANGEABLE is true until the owner sets a timeout of its own, or says what it is to be. */
function isChangeable(options: ConnectionOptions): boolean {
  return options.userTimeoutOption === true && (options.userTimeoutChangeable ?? !options.userTimeout);
}

/** ADV_UTO in µs. */
export function advertised({ advertisedUserTimeout, userTimeout: own }: ConnectionOptions): number {
  return advertisedUserTimeout || own || DEFAULT_USER_TIMEOUT;
}

/** The option: kind 28, length 4, seconds as long as they fit. Zero is reserved and never sent (§3.5). */
export function userTimeoutWord(options: ConnectionOptions): number {
  const seconds = Math.max(Math.ceil(advertised(options) / SECOND), 1);
  if (seconds <= MOST_UNITS) return 0x1c04_0000 | seconds;
  return 0x1c04_0000 | MINUTES | Math.min(Math.ceil(seconds / 60), MOST_UNITS);
}

/** `segment`, which has the option, is acceptable. Whether it changes anything is decided when it is asked for. */
export function receiveUserTimeout(tcb: Tcb, segment: Segment): void {
  if (tcb.options?.userTimeoutOption === true) tcb.active().remoteUserTimeout = segment.userTimeout * SECOND;
}

/**
 * A retransmission or probe is due: has it been too long? `since` is for how long (µs) the first of a row has been
 * waiting already; without a user timeout `retransmits` and their `limit` decide.
 */
export function isGivenUp(tcb: Tcb, retransmits: number, limit: number, since: number): boolean {
  const timeout = userTimeout(tcb);
  if (timeout === undefined) return retransmits >= limit;
  const activity = tcb.active();
  const { now } = tcb.host.clock;
  if (tcb.retransmits === 0) activity.stalledAt = now - since;
  return now - activity.stalledAt >= timeout;
}

/** `delay`, or what is left of the user timeout. */
export function withinUserTimeout(tcb: Tcb, delay: number): number {
  const timeout = userTimeout(tcb);
  if (timeout === undefined || tcb.retransmits === 0) return delay;
  return Math.max(Math.min(delay, tcb.activity.stalledAt + timeout - tcb.host.clock.now), 0);
}
