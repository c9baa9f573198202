/**
 * SEGMENT ARRIVES: RFC 9293 §3.10.7.3 (SYN-SENT) and §3.10.7.4 (all others), in the order of the RFC. CLOSED and LISTEN
 * (§3.10.7.1, §3.10.7.2) are in listen.ts. Departures are named: RFC 5961 (blind attacks), RFC 7323 (PAWS), RFC 1337.
 */
import type { TransportVerdict } from '../address/network.ts';
import type { Packet } from '../packet/packet.ts';
import { MILLISECOND, SECOND } from '../time/clock.ts';
import { ACK, FIN, RST, SYN } from '../wire/tcp.ts';
import { ackFits, acknowledge, newlyAcknowledged } from './acknowledge.ts';
import { drop, enterFinWait2, enterTimeWait } from './closing.ts';
import { isEcnSetup, receiveEcho, receiveMarks } from './ecn.ts';
import { output } from './output.ts';
import { isProbeAcknowledged } from './pmtu-probing.ts';
import type { Segment } from './segment.ts';
import { TIMESTAMP_LIFETIME } from './settings.ts';
import { ACCEPT, CONNECTED, peerName, type Tcb } from './tcb.ts';
import { noteDuplicate, receiveFin, receiveText } from './text.ts';
import { armIdle, armRetransmission } from './timers.ts';
import { challengeAck, resetFor, sendAck, sendSyn, updateMss } from './transmit.ts';
import { receiveUserTimeout } from './user-timeout.ts';

export function segmentArrives(tcb: Tcb, segment: Segment, packet: Packet): TransportVerdict {
  const verdict = tcb.state === 'SYN-SENT' ? synSent(tcb, segment, packet) : others(tcb, segment, packet);
  output(tcb);
  return verdict;
}

/** §3.10.7.3 */
function synSent(tcb: Tcb, segment: Segment, packet: Packet): TransportVerdict {
  const { flags } = segment;
  // First, check the ACK bit.
  const hasAck = (flags & ACK) !== 0;
  if (hasAck && (((segment.ack - tcb.iss) | 0) <= 0 || ((segment.ack - tcb.sndMax) | 0) > 0)) {
    if ((flags & RST) !== 0) return 'blind-reset';
    resetFor(tcb, segment);
    return 'answered';
  }
  // Second, the RST bit.
  if ((flags & RST) !== 0) {
    if (!hasAck) return 'blind-reset';
    drop(tcb, {
      code: 'ECONNREFUSED',
      cause: `${peerName(tcb)} answered SYN with RST (RFC 9293 §3.10.7.3): no listener at that port`,
    });
    return 'delivered';
  }
  // Fourth, the SYN bit.
  if ((flags & SYN) === 0) return 'no-connection';
  takeSyn(tcb, segment);
  tcb.lastReceived = (tcb.host.clock.now / MILLISECOND) | 0;
  if (!hasAck) {
    // Simultaneous open (§3.5): SYN-RECEIVED, <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>.
    tcb.state = 'SYN-RECEIVED';
    sendSyn(tcb);
    armRetransmission(tcb, 'retransmit', tcb.rto);
    return 'delivered';
  }
  newlyAcknowledged(tcb, segment);
  tcb.ackNow = true;
  establish(tcb, segment);
  tcb.host.notify(tcb, CONNECTED);
  // "If there are other controls or text in the segment, then continue processing at the sixth step."
  receiveText(tcb, segment, packet);
  receiveFin(tcb, packet);
  return 'delivered';
}

/** What a SYN tells: sequence numbers and options (RFC 9293 §3.7.1, RFC 7323 §2.2 and §3.2, RFC 2018 §2). */
export function takeSyn(tcb: Tcb, segment: Segment): void {
  const offered = tcb.rcvWnd; // in our own SYN, when there was one: data may have come with the answer
  tcb.rcvNxt = (segment.seq + 1) | 0;
  tcb.rcvEdge = (tcb.rcvNxt + offered) | 0;
  if (segment.mss !== 0) tcb.peerMss = segment.mss;
  tcb.windowScaling &&= segment.shift >= 0;
  tcb.sndShift = tcb.windowScaling ? segment.shift : 0;
  if (!tcb.windowScaling) tcb.rcvShift = 0;
  tcb.sack &&= segment.sackPermitted;
  tcb.ecn &&= isEcnSetup(segment);
  tcb.timestamps &&= segment.hasTimestamp;
  if (tcb.timestamps) recordTimestamp(tcb, segment);
  if (segment.userTimeout !== 0) receiveUserTimeout(tcb, segment);
  updateMss(tcb);
  segment.seq = tcb.rcvNxt; // the SYN is done with; what follows it begins here
  segment.flags &= ~SYN;
  // RFC 7323 §2.2: the window of a SYN is never scaled.
  tcb.sndWnd = tcb.maxSndWnd = segment.window;
  tcb.sndWl1 = segment.seq;
  tcb.sndWl2 = segment.ack;
}

function establish(tcb: Tcb, segment: Segment): void {
  tcb.sndWl1 = segment.seq;
  tcb.sndWl2 = segment.ack;
  // A FIN queued before there was a connection (RFC 9293 §3.10.4, SYN-RECEIVED).
  tcb.state = tcb.finQueued ? 'FIN-WAIT-1' : 'ESTABLISHED';
  if (tcb.keepAlive !== undefined) armIdle(tcb, 'keep-alive', tcb.keepAlive.idle);
}

/** §3.10.7.4 */
function others(tcb: Tcb, segment: Segment, packet: Packet): TransportVerdict {
  if (tcb.state === 'SYN-RECEIVED' && (segment.flags & (SYN | RST)) === SYN && segment.seq === tcb.irs) {
    // The peer's SYN again: our SYN-ACK was lost, or this is its SYN-ACK of a simultaneous open (§3.5, figure 7).
    if ((segment.flags & ACK) === 0) {
      sendSyn(tcb);
      return 'delivered';
    }
    segment.window >>= tcb.sndShift; // not scaled in a SYN (RFC 7323 §2.2)
    segment.seq = (segment.seq + 1) | 0;
    segment.flags &= ~SYN;
  }
  // First, check the sequence number; before it PAWS (RFC 7323 §5.3).
  if (tcb.timestamps && (segment.flags & RST) === 0 && !timestampFits(tcb, segment)) {
    if (segment.hasTimestamp) replyToUnacceptable(tcb, segment);
    return 'old-timestamp';
  }
  if (!acceptable(tcb, segment)) {
    if ((segment.flags & RST) !== 0) return 'blind-reset';
    // A FIN seen before, in TIME-WAIT: acknowledge it and restart the 2 MSL timeout (eighth step).
    if (tcb.state === 'TIME-WAIT' && (segment.flags & FIN) !== 0) tcb.host.waitTime(tcb);
    replyToUnacceptable(tcb, segment);
    return 'outside-window';
  }
  // Second, the RST bit.
  if ((segment.flags & RST) !== 0) return reset(tcb, segment);
  // RFC 7323 §4.3 (2); of a segment that RFC 5961 §5.2 throws away nothing is taken.
  const isFresh = segment.hasTimestamp && ((segment.seq - tcb.lastAckSent) | 0) <= 0;
  if (tcb.timestamps && isFresh && ackFits(tcb, segment)) recordTimestamp(tcb, segment);
  // Fourth, the SYN bit.
  if ((segment.flags & SYN) !== 0) return syn(tcb);
  // Fifth, the ACK field.
  if ((segment.flags & ACK) === 0) return 'no-ack-flag';
  tcb.lastReceived = (tcb.host.clock.now / MILLISECOND) | 0;
  tcb.unanswered = 0;
  if (tcb.state === 'SYN-RECEIVED') {
    const verdict = synReceived(tcb, segment);
    if (verdict !== undefined) return verdict;
  } else {
    if (tcb.ecn) receiveEcho(tcb, segment);
    const verdict = acknowledge(tcb, segment);
    if (verdict !== undefined) return verdict;
    const { probing } = tcb.activity;
    if (probing !== undefined && isProbeAcknowledged(tcb, probing)) updateMss(tcb);
  }
  if (segment.userTimeout !== 0) receiveUserTimeout(tcb, segment);
  if (tcb.ecn) receiveMarks(tcb, segment, packet);
  if (tcb.finQueued && tcb.sndUna === ((tcb.sndEnd + 1) | 0)) finAcknowledged(tcb);
  // Sixth, the URG bit: urgent data stays in the stream (RFC 6093).
  // Seventh, the segment text; eighth, the FIN bit.
  const verdict = receiveText(tcb, segment, packet);
  receiveFin(tcb, packet);
  return verdict;
}

/** The table of §3.10.7.4, first step, with what RFC 7323 §2.4 says of the edge. */
function acceptable(tcb: Tcb, segment: Segment): boolean {
  const before = (segment.seq - tcb.rcvNxt) | 0;
  const window = tcb.rcvWnd;
  const length = segment.length;
  // With a zero window nothing is acceptable, but valid ACKs and RSTs are to be taken: its text is cut off later.
  if (before === 0) return true;
  if (length === 0) return before > 0 && before < window;
  return before < window && before + length > 0;
}

/** An acknowledgment for what was not acceptable. Data gets one always, anything else within the limit of RFC 5961 §7. */
function replyToUnacceptable(tcb: Tcb, segment: Segment): void {
  if (segment.length === 0) {
    challengeAck(tcb);
    return;
  }
  if (tcb.state !== 'TIME-WAIT' && (segment.flags & SYN) === 0) {
    const end = (segment.seq + segment.length) | 0;
    noteDuplicate(tcb, segment.seq, ((end - tcb.rcvNxt) | 0) > 0 ? tcb.rcvNxt : end);
  }
  sendAck(tcb);
}

function timestampFits(tcb: Tcb, segment: Segment): boolean {
  if (!segment.hasTimestamp) return false; // RFC 7323 §3.2
  if (((segment.tsVal - tcb.tsRecent) | 0) >= 0) return true;
  return Math.floor(tcb.host.clock.now / SECOND) - tcb.tsRecentAge > TIMESTAMP_LIFETIME; // §5.5
}

export function recordTimestamp(tcb: Tcb, segment: Segment): void {
  tcb.tsRecent = segment.tsVal;
  tcb.tsRecentAge = Math.floor(tcb.host.clock.now / SECOND);
}

/** Second step, with RFC 5961 §3.2: only the exact next sequence number resets. */
function reset(tcb: Tcb, segment: Segment): TransportVerdict {
  if (tcb.state === 'TIME-WAIT') return 'blind-reset'; // RFC 1337 §3 (F1): no assassination of TIME-WAIT
  if (segment.seq !== tcb.rcvNxt) return challengeAck(tcb) ? 'answered' : 'blind-reset';
  const cause = `${peerName(tcb)} sent RST in ${tcb.state} (RFC 9293 §3.10.7.4)`;
  switch (tcb.state) {
    case 'SYN-RECEIVED':
      // Born of a listener: nobody knows of it yet. A simultaneous open was refused.
      drop(tcb, { code: 'ECONNREFUSED', cause });
      break;
    case 'CLOSING':
    case 'LAST-ACK':
      drop(tcb, undefined);
      break;
    default:
      drop(tcb, { code: 'ECONNRESET', cause });
  }
  return 'delivered';
}

/** Fourth step. */
function syn(tcb: Tcb): TransportVerdict {
  if (tcb.state === 'SYN-RECEIVED' && tcb.origin !== undefined) {
    drop(tcb, { code: 'ECONNABORTED', cause: `${peerName(tcb)} began anew` }); // back to LISTEN
    return 'delivered';
  }
  return challengeAck(tcb) ? 'answered' : 'outside-window'; // RFC 5961 §4.2
}

/** Fifth step, SYN-RECEIVED. Undefined: ESTABLISHED now, go on. */
function synReceived(tcb: Tcb, segment: Segment): TransportVerdict | undefined {
  if (((segment.ack - tcb.sndUna) | 0) <= 0 || ((segment.ack - tcb.sndMax) | 0) > 0) {
    resetFor(tcb, segment);
    return 'answered';
  }
  const origin = tcb.origin;
  const deferred = tcb.options?.deferAccept ?? 0;
  if (origin !== undefined && tcb.retransmits < deferred && segment.length === 0) return 'accept-deferred';
  if (origin !== undefined && !origin.admits()) return 'backlog-full';
  tcb.sndWnd = segment.window << tcb.sndShift;
  if (tcb.sndWnd > tcb.maxSndWnd) tcb.maxSndWnd = tcb.sndWnd;
  newlyAcknowledged(tcb, segment);
  establish(tcb, segment);
  if (origin === undefined) {
    tcb.host.notify(tcb, CONNECTED);
  } else {
    origin.left(tcb);
    tcb.host.notify(tcb, ACCEPT);
  }
  return undefined;
}

/** Our FIN is acknowledged. */
function finAcknowledged(tcb: Tcb): void {
  switch (tcb.state) {
    case 'FIN-WAIT-1':
      enterFinWait2(tcb);
      break;
    case 'CLOSING':
      enterTimeWait(tcb);
      break;
    case 'LAST-ACK':
      drop(tcb, undefined);
  }
}
