/** How much an owner may hand over, and when it is told that there is room again. */
import { FIRST_SEND_BUFFER, SEND_LOW_WATER, SHORT_BUFFER } from './settings.ts';
import { type Tcb, WRITABLE } from './tcb.ts';

/**
 * Bytes that the connection holds at most, unless it is made to take more. What is in flight stays in the buffer, so it
 * grows with the congestion window: a window full in flight, and one to follow it.
 */
export function sendBuffer(tcb: Tcb): number {
  const { sendBuffer: most } = tcb.host.settings;
  return (
    tcb.options?.sendBuffer ?? Math.min(most, Math.max(FIRST_SEND_BUFFER, 2 * (tcb.congestion?.cwnd ?? 0)))
  );
}

/** May be negative. */
export function sendSpace(tcb: Tcb): number {
  const buffer = sendBuffer(tcb);
  const held = tcb.sendQueue === undefined ? 0 : tcb.sendQueue.length;
  const space = (tcb.host.buffers.isShort ? Math.min(SHORT_BUFFER, buffer) : buffer) - held;
  const lowWater = tcb.options?.notsentLowat;
  return lowWater === undefined ? space : Math.min(space, lowWater - notSent(tcb));
}

function notSent(tcb: Tcb): number {
  return (tcb.sndEnd - tcb.sndNxt) | 0;
}

/** To an owner that waits, when a worthwhile part of the buffer is free, and of what may wait unsent half. */
export function wakeWriter(tcb: Tcb): void {
  if (!tcb.sendBlocked) return;
  const buffer = sendBuffer(tcb);
  const held = tcb.sendQueue === undefined ? 0 : tcb.sendQueue.length;
  if (buffer - held < buffer / SEND_LOW_WATER) return;
  const lowWater = tcb.options?.notsentLowat;
  if (lowWater !== undefined && 2 * notSent(tcb) >= lowWater) return;
  tcb.sendBlocked = false;
  tcb.host.notify(tcb, WRITABLE);
}
