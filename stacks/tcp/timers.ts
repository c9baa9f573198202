/** The timers of RFC 9293 §3.10.8, armed and disarmed. What happens when one expires is in timeouts.ts. */
import type { Tcb } from './tcb.ts';
import type { SenderTimer, TimerSlot } from './timer-pool.ts';

/**
 * Retransmission and persist timer are never wanted together (RFC 9293 §3.8.6.1), and of those that expire while
 * something is in flight only the first counts, so they share one.
 */
export function armRetransmission(tcb: Tcb, kind: SenderTimer, delay: number): void {
  tcb.retransmitTimer ??= tcb.host.timers.take(tcb, false);
  tcb.retransmitTimer.kind = kind;
  const { timer } = tcb.retransmitTimer;
  const isPatient = kind === 'persist';
  if (timer.patient !== isPatient) {
    timer.disarm();
    timer.patient = isPatient;
  }
  timer.armIn(delay);
}

/** The first to expire of RFC 6298 §5, RFC 8985 §6.2 step 5 and §7.2, whose times are set. */
export function scheduleRetransmission(tcb: Tcb): void {
  const { timeoutAt, probeAt, reorderAt } = tcb.recovery!;
  let kind: SenderTimer = 'retransmit';
  let at = timeoutAt;
  if (probeAt > 0 && probeAt <= at) {
    kind = 'probe';
    at = probeAt;
  }
  if (reorderAt > 0 && reorderAt <= at) {
    kind = 'reorder';
    at = reorderAt;
  }
  const slot = tcb.retransmitTimer;
  if (slot !== undefined && slot.kind === kind && slot.timer.deadline === at) return;
  armRetransmission(tcb, kind, Math.max(at - tcb.host.clock.now, 0));
}

export function disarmRetransmission(tcb: Tcb): void {
  if (tcb.retransmitTimer === undefined) return;
  tcb.host.timers.release(tcb.retransmitTimer);
  tcb.retransmitTimer = undefined;
}

export function armDelayedAck(tcb: Tcb): void {
  if (tcb.ackTimer !== undefined) return;
  tcb.ackTimer = tcb.host.timers.take(tcb, false);
  tcb.ackTimer.kind = 'delayed-ack';
  tcb.ackTimer.timer.armIn(tcb.host.settings.delayedAck);
}

export function disarmDelayedAck(tcb: Tcb): void {
  if (tcb.ackTimer === undefined) return;
  tcb.host.timers.release(tcb.ackTimer);
  tcb.ackTimer = undefined;
}

export function armIdle(tcb: Tcb, kind: 'keep-alive' | 'fin-wait-2', delay: number): void {
  tcb.idleTimer ??= tcb.host.timers.take(tcb, true);
  tcb.idleTimer.kind = kind;
  tcb.idleTimer.timer.armIn(delay);
}

export function disarmIdle(tcb: Tcb): void {
  if (tcb.idleTimer === undefined) return;
  tcb.host.timers.release(tcb.idleTimer);
  tcb.idleTimer = undefined;
}

export function disarmAll(tcb: Tcb): void {
  disarmRetransmission(tcb);
  disarmDelayedAck(tcb);
  disarmIdle(tcb);
}

/** An expired timer is its connection's no more. */
export function takeBack(slot: TimerSlot<Tcb>): Tcb {
  const tcb = slot.owner!;
  if (tcb.retransmitTimer === slot) tcb.retransmitTimer = undefined;
  else if (tcb.ackTimer === slot) tcb.ackTimer = undefined;
  else tcb.idleTimer = undefined;
  tcb.host.timers.release(slot);
  return tcb;
}
