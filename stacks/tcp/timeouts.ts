/** What happens when a timer expires: RFC 9293 §3.10.8, RFC 6298 §5, RFC 1122 §4.2.3.6. */
import { MILLISECOND } from '../time/clock.ts';
import { ACK, FIN } from '../wire/tcp.ts';
import { abort, drop, timedOut } from './closing.ts';
import { output, sendNext } from './output.ts';
import { isBlackHole } from './pmtu-probing.ts';
import { reorderingTimeout, resend, retransmissionTimeout } from './recovery.ts';
import { backOff } from './rtt.ts';
import type { Tcb } from './tcb.ts';
import type { TimerKind } from './timer-pool.ts';
import { armIdle, armRetransmission } from './timers.ts';
import { mostMss, sendAck, sendSyn, transmit, updateMss } from './transmit.ts';
import { isGivenUp, userTimeout, withinUserTimeout } from './user-timeout.ts';

export function timeout(tcb: Tcb, kind: TimerKind): void {
  switch (kind) {
    case 'retransmit':
      retransmission(tcb);
      break;
    case 'persist':
      persist(tcb);
      break;
    case 'probe':
      probe(tcb);
      break;
    case 'reorder':
      reorderingTimeout(tcb);
      output(tcb);
      break;
    case 'delayed-ack':
      tcb.interactive = false; // no answer has come
      sendAck(tcb);
      break;
    case 'keep-alive':
      keepAlive(tcb);
      break;
    case 'fin-wait-2':
      drop(tcb, undefined);
  }
}

function retransmission(tcb: Tcb): void {
  const { settings } = tcb.host;
  if (tcb.state === 'SYN-SENT' || tcb.state === 'SYN-RECEIVED') {
    synTimeout(tcb);
    return;
  }
  // A peer that shut its window on data in flight lives as long as it answers (RFC 9293 §3.8.6.1) an owner who is here.
  const silent = tcb.sndWnd === 0 && !tcb.orphan ? tcb.unanswered : tcb.retransmits;
  const { recovery, host } = tcb;
  const since = recovery?.isProbing === true ? host.clock.now - recovery.probedSince : tcb.rto;
  if (isGivenUp(tcb, silent, settings.maxRetransmits, since)) {
    abort(tcb, timedOut(tcb, 'retransmissions'));
    return;
  }
  tcb.unanswered++;
  const again = tcb.retransmits++ > 0;
  if (isBlackHole(tcb, mostMss(tcb))) updateMss(tcb);
  retransmissionTimeout(tcb, again);
  backOff(tcb, settings.maximumRto);
  tcb.recovery!.timeoutAt = tcb.host.clock.now + withinUserTimeout(tcb, tcb.rto); // (5.6)
  output(tcb); // (5.4)
}

/** TLP_send_probe(), RFC 8985 §7.3: new data if there is any, else the last segment again. */
function probe(tcb: Tcb): void {
  const recovery = tcb.recovery!;
  recovery.isProbing = true;
  recovery.probedSince = recovery.timeoutAt - tcb.rto;
  recovery.isProbeRepeat = !sendNext(tcb, tcb.mss);
  if (recovery.isProbeRepeat) {
    const log = tcb.log!;
    const last = log.last - 1;
    const end = log.end(last);
    // Segments are full but for the last; the FIN goes along with it.
    const fin = tcb.finSent && end !== tcb.sndEnd ? 1 : 0;
    const data = log.bytes(last) - fin;
    const length = data === 0 ? 0 : data % tcb.mss || tcb.mss;
    resend(tcb, last, (end - fin - length) | 0, length);
  }
  recovery.probeEnd = tcb.sndNxt;
  recovery.probeAt = 0;
  recovery.timeoutAt = tcb.host.clock.now + tcb.rto;
  output(tcb);
}

function synTimeout(tcb: Tcb): void {
  const { settings } = tcb.host;
  const limit =
    tcb.origin !== undefined ? settings.synAckRetries : (tcb.options?.synCount ?? settings.synRetries);
  if (tcb.retransmits >= limit || (userTimeout(tcb) !== undefined && isGivenUp(tcb, 0, 1, tcb.rto))) {
    drop(tcb, timedOut(tcb, 'SYN'));
    return;
  }
  tcb.retransmits++;
  tcb.totalRetransmits++;
  tcb.synLost = true;
  backOff(tcb, settings.maximumRto);
  sendSyn(tcb);
  armRetransmission(tcb, 'retransmit', withinUserTimeout(tcb, tcb.rto));
}

/**
 * RFC 9293 §3.8.6.1: one byte beyond a closed window, ever more rarely. What was only held back (a silly window, a cork)
 * goes as it is: this is the override timeout of §3.8.6.2.1 (4).
 */
function persist(tcb: Tcb): void {
  const { settings } = tcb.host;
  if (tcb.sndWnd > 0) {
    const activity = tcb.active();
    activity.override = true;
    output(tcb);
    activity.override = false;
    return;
  }
  // A peer that answers may go on for ever; one that is silent, or has no owner here to serve, reaches R2.
  const silent = tcb.orphan ? tcb.retransmits : tcb.unanswered;
  if (isGivenUp(tcb, silent, settings.maxRetransmits, tcb.rto)) {
    abort(tcb, timedOut(tcb, 'window probes'));
    return;
  }
  tcb.retransmits++;
  tcb.unanswered++;
  if (settings.windowProbe === 'empty') transmit(tcb, (tcb.sndUna - 1) | 0, 0, ACK);
  else probeWindow(tcb);
  armRetransmission(
    tcb,
    'persist',
    withinUserTimeout(tcb, Math.min(tcb.rto * 2 ** Math.min(tcb.retransmits, 16), settings.maximumRto)),
  );
}

function probeWindow(tcb: Tcb): void {
  const queued = (tcb.sndEnd - tcb.sndNxt) | 0;
  const length = Math.min(queued, 1);
  const fin = tcb.finQueued && length === queued;
  transmit(tcb, tcb.sndNxt, length, fin ? ACK | FIN : ACK);
  const end = (tcb.sndNxt + length + (fin ? 1 : 0)) | 0;
  if (((end - tcb.sndMax) | 0) > 0) tcb.sndMax = end;
}

function keepAlive(tcb: Tcb): void {
  const keep = tcb.keepAlive;
  if (keep === undefined) return;
  const quiet = ((((tcb.host.clock.now / MILLISECOND) | 0) - tcb.lastReceived) | 0) * MILLISECOND;
  if (tcb.flight > 0 || tcb.retransmitTimer !== undefined || (tcb.unanswered === 0 && quiet < keep.idle)) {
    // Idle from when the peer was last heard; while data is under way the retransmission timer is what watches.
    armIdle(tcb, 'keep-alive', quiet < keep.idle ? keep.idle - quiet : keep.interval);
    return;
  }
  const timeout = userTimeout(tcb);
  if (timeout === undefined ? tcb.unanswered >= keep.probes : tcb.unanswered > 0 && quiet >= timeout) {
    abort(tcb, timedOut(tcb, 'keep-alive probes'));
    return;
  }
  tcb.unanswered++;
  transmit(tcb, (tcb.sndNxt - 1) | 0, 0, ACK); // RFC 1122 §4.2.3.6: SEG.SEQ = SND.NXT-1
  armIdle(tcb, 'keep-alive', keep.interval);
}
