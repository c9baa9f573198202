/** The user timeout: RFC 9293 §3.8.3, RFC 5482 §3. It stands in for R2 where the owner has set it. */
import type { Tcb } from './tcb.ts';

/** µs; undefined when the owner has set none. */
export function userTimeout(tcb: Tcb): number | undefined {
  return tcb.options?.userTimeout || undefined;
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
