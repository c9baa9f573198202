/** What may be sent now: RFC 9293 §3.7.4 (Nagle), §3.8.6.2.1 (silly windows), RFC 5681, RFC 6675 §5 (C). */
import { MILLISECOND } from '../time/clock.ts';
import { chooseCongestion } from './congestion/choose.ts';
import { probeSent, probeSize } from './pmtu-probing.ts';
import { pipe, resendLost } from './recovery.ts';
import { Recovery } from './recovery-state.ts';
import { wakeWriter } from './send-space.ts';
import { BUSY, IDLE, type Limit, RECEIVER, SEND_BUFFER } from './statistics.ts';
import { probeTimeout } from './tail-loss.ts';
import type { Tcb } from './tcb.ts';
import { armDelayedAck, armRetransmission, scheduleRetransmission } from './timers.ts';
import {
  burstRoom,
  dataFlags,
  logSent,
  mostMss,
  segmentRoom,
  sendAck,
  transmit,
  updateMss,
} from './transmit.ts';

/** Sends all that may be sent; then an acknowledgment, when one is due and did not ride on data. */
export function output(tcb: Tcb): void {
  if (tcb.state === 'CLOSED') return;
  if (maySend(tcb)) {
    sendQueued(tcb);
    if (tcb.options?.notsentLowat !== undefined) wakeWriter(tcb);
  } else {
    tcb.recovery?.statistics.turn(IDLE, tcb.host.clock.now);
  }
  if (tcb.ackNow) sendAck(tcb);
  else if (tcb.lastAckSent !== tcb.rcvNxt) armDelayedAck(tcb);
}

function maySend(tcb: Tcb): boolean {
  switch (tcb.state) {
    case 'ESTABLISHED':
    case 'CLOSE-WAIT':
    case 'FIN-WAIT-1':
    case 'CLOSING':
    case 'LAST-ACK':
      return tcb.sndUna !== end(tcb);
    default:
      return false;
  }
}

/** Sequence number behind everything that is to be sent. */
function end(tcb: Tcb): number {
  return tcb.finQueued ? (tcb.sndEnd + 1) | 0 : tcb.sndEnd;
}

function sendQueued(tcb: Tcb): void {
  if (tcb.congestion === undefined) begin(tcb);
  restartAfterIdle(tcb);
  const { congestion, recovery } = tcb;
  const { cwnd } = congestion!;
  let isShut = false;
  let hasSent = false;
  for (;;) {
    const rest = (end(tcb) - tcb.sndNxt) | 0;
    const lost = holdsBack(recovery!) ? 0 : (tcb.log?.lostBytes ?? 0);
    if (rest <= 0 && lost === 0) break;
    const outstanding = pipe(tcb);
    // A whole segment or what is left (RFC 6675 §5 (C)), and one may always be out.
    const need = outstanding === 0 ? 0 : Math.min(lost > 0 ? lost : rest, tcb.mss);
    const allowance = cwnd - outstanding;
    if (allowance < need) {
      isShut = true;
      break;
    }
    if (!(lost > 0 ? resendLost(tcb) : sendNew(tcb, allowance))) break;
    hasSent = true;
  }
  if (hasSent || isShut) tcb.cwndLimited = isShut || isFull(tcb);
  if (holdsBack(recovery!) && tcb.sndNxt === recovery!.point) {
    recovery!.frto = 'off'; // RFC 5682 §2.1 (2b): there was nothing new to send
    sendQueued(tcb);
    return;
  }
  recovery!.statistics.turn(limitOf(tcb, isShut), tcb.host.clock.now);
  setTimer(tcb);
}

/** All that may be sent has been; `isShut`: the congestion window was full. */
function limitOf(tcb: Tcb, isShut: boolean): Limit {
  if (isShut) return BUSY;
  const rest = (end(tcb) - tcb.sndNxt) | 0;
  if (rest === 0) return tcb.sendBlocked && !tcb.cwndLimited ? SEND_BUFFER : BUSY;
  const usable = (tcb.sndUna + tcb.sndWnd - tcb.sndNxt) | 0;
  return usable < Math.min(rest, tcb.mss) ? RECEIVER : BUSY;
}

/** F-RTO waits for what new data brings about before anything is sent again. */
function holdsBack(recovery: Recovery): boolean {
  return recovery.frto === 'new';
}

/** The first data of a connection. */
function begin(tcb: Tcb): void {
  const { settings } = tcb.host;
  const name = tcb.congestionName ?? settings.congestion;
  tcb.congestion = chooseCongestion(name, initialWindow(tcb));
  tcb.recovery = new Recovery(tcb.sndUna);
}

/** Segments of more than this make the initial window shorter (RFC 6928 §2: 14,600 bytes for ten). */
const LARGE_SEGMENT = 1_460;

/** RFC 6928 §2 in bytes; RFC 5681 §3.1: one segment when the SYN was lost. */
export function initialWindow(tcb: Tcb): number {
  if (tcb.synLost) return tcb.mss;
  const segments = tcb.host.settings.initialWindow;
  return Math.min(segments * tcb.mss, Math.max(2 * tcb.mss, segments * LARGE_SEGMENT));
}

/** The congestion window is used as far as it goes; in slow start half of it is enough to prove it (RFC 7661 §4.3). */
function isFull(tcb: Tcb): boolean {
  const { cwnd, ssthresh } = tcb.congestion!;
  const outstanding = pipe(tcb);
  return outstanding + tcb.mss > cwnd || (cwnd < ssthresh && cwnd < 2 * outstanding);
}

/** RFC 6298 (5.1), RFC 8985 §7.2, RFC 9293 §3.8.6.1 */
function setTimer(tcb: Tcb): void {
  const recovery = tcb.recovery!;
  const { now } = tcb.host.clock;
  if (tcb.flight === 0) {
    if (tcb.retransmitTimer === undefined && tcb.sndNxt !== end(tcb))
      armRetransmission(tcb, 'persist', tcb.rto);
    return;
  }
  if (recovery.timeoutAt === 0) recovery.timeoutAt = now + tcb.rto;
  const wait = probeTimeout(tcb);
  // RFC 8985 §7.2: never later than the retransmission timer, whose place it takes.
  if (wait === 0) recovery.probeAt = 0;
  else if (recovery.hasMoved) recovery.probeAt = Math.min(now + wait, recovery.timeoutAt);
  recovery.hasMoved = false;
  scheduleRetransmission(tcb);
}

/** RFC 5681 §4.1; and the path may have changed meanwhile. */
function restartAfterIdle(tcb: Tcb): void {
  if (tcb.flight > 0 || tcb.bytesSent === 0) return;
  const idle = (tcb.host.clock.now / MILLISECOND - tcb.lastSent) >>> 0;
  if (idle * MILLISECOND <= tcb.rto) return;
  updateMss(tcb);
  if (tcb.host.settings.slowStartAfterIdle) tcb.congestion!.idle(idle * MILLISECOND);
}

/** What was never sent; the first of it may be a probe of the path MTU. */
function sendNew(tcb: Tcb, allowance: number): boolean {
  const { probing } = tcb.activity;
  if (probing === undefined) return sendNext(tcb, allowance);
  const usable = (tcb.sndUna + tcb.sndWnd - tcb.sndNxt) | 0;
  const size = probeSize(tcb, probing, mostMss(tcb), usable);
  if (size === 0) return sendNext(tcb, allowance);
  if (size > allowance) {
    tcb.cwndLimited = true; // what is in flight makes room for it
    return false;
  }
  const { mss, sndNxt } = tcb;
  tcb.mss = mss + size - probing.low;
  const sent = sendNext(tcb, segmentRoom(tcb));
  tcb.mss = mss;
  if (sent) probeSent(tcb, probing, size, sndNxt);
  return sent;
}

/**
 * What was never sent: one segment, or as many full ones at once as the device takes and the windows, `allowance` is
 * the congestion window's, have room for. False when nothing is left or nothing may go.
 */
export function sendNext(tcb: Tcb, allowance: number): boolean {
  const { settings } = tcb.host;
  const queued = (tcb.sndEnd - tcb.sndNxt) | 0;
  if (queued < 0 || (queued === 0 && !tcb.finQueued)) return false;
  const usable = (tcb.sndUna + tcb.sndWnd - tcb.sndNxt) | 0;
  const full = segmentRoom(tcb);
  let length = Math.min(queued, full, usable);
  if (queued >= 2 * full) {
    const most = Math.min(queued, usable, allowance, burstRoom(tcb));
    if (most > full) length = most - (most % full);
  }
  if (length < 0 || usable <= 0) return false;
  const fin = tcb.finQueued && length === queued && usable > length;
  if (!fin && !worthwhile(tcb, length, queued, full)) return false;
  const next = (tcb.sndNxt + length + (fin ? 1 : 0)) | 0;
  logSent(tcb, next);
  const recovery = tcb.recovery!;
  recovery.prr?.sent((next - tcb.sndNxt) | 0);
  recovery.hasMoved = true;
  transmit(tcb, tcb.sndNxt, length, dataFlags(tcb, (tcb.sndNxt + length) | 0, length, fin));
  tcb.bytesSent += length;
  tcb.lastBurst = length;
  if (settings.nagle === 'minshall') noteSmall(tcb, length < full ? next : tcb.sndUna);
  tcb.sndNxt = next;
  if (((next - tcb.sndMax) | 0) > 0) tcb.sndMax = next;
  return true;
}

/** Nagle: is there anything in flight that a small segment must wait for? */
function isUnacknowledged(tcb: Tcb): boolean {
  if (tcb.flight === 0) return false;
  return tcb.host.settings.nagle === 'rfc9293' || ((tcb.activity.smallEnd - tcb.sndUna) | 0) > 0;
}

/** `end`: behind the last small segment; one acknowledged long ago must not seem to be ahead. */
function noteSmall(tcb: Tcb, end: number): void {
  const activity = tcb.active();
  if (((end - activity.smallEnd) | 0) > 0) activity.smallEnd = end;
}

/** RFC 9293 §3.8.6.2.1 (1) to (3); (4), the override timeout, is the persist timer. */
function worthwhile(tcb: Tcb, length: number, queued: number, full: number): boolean {
  if (length === 0) return false;
  if (length >= full) return true;
  if (tcb.activity.override) {
    tcb.activity.override = false;
    return true;
  }
  if (tcb.activity.more || tcb.options?.cork === true) return false;
  if (!tcb.noDelay && isUnacknowledged(tcb)) return false;
  return length === queued || length >= tcb.maxSndWnd >> 1;
}
