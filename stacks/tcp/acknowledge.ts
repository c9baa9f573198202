/** Fifth, check the ACK field: RFC 9293 §3.10.7.4 for ESTABLISHED and the states behind it. */
import type { TransportVerdict } from '../address/network.ts';
import { MILLISECOND } from '../time/clock.ts';
import { FIN, SYN } from '../wire/tcp.ts';
import { timestamp } from './options.ts';
import { duplicateAck, recoveryAck, startOver, updateScoreboard } from './recovery.ts';
import { freshRto, sample } from './rtt.ts';
import type { Segment } from './segment.ts';
import { wakeWriter } from './send-space.ts';
import { RTO_AFTER_LOST_SYN } from './settings.ts';
import type { Tcb } from './tcb.ts';
import { armRetransmission, disarmRetransmission } from './timers.ts';
import { challengeAck } from './transmit.ts';

/** "SEG.ACK > SND.NXT": something not yet sent; RFC 5961 §5 adds the lower bound SND.UNA - MAX.SND.WND. */
export function ackFits(tcb: Tcb, { ack }: Segment): boolean {
  return ((ack - tcb.sndMax) | 0) <= 0 && ((ack - tcb.sndUna + tcb.maxSndWnd) | 0) >= 0;
}

/** Undefined when the segment may be processed further, else what became of it. */
export function acknowledge(tcb: Tcb, segment: Segment): TransportVerdict | undefined {
  const ack = segment.ack;
  if (!ackFits(tcb, segment)) return challengeAck(tcb) ? 'answered' : 'bad-ack';
  const advanced = (ack - tcb.sndUna) | 0;
  if (advanced < 0) return undefined; // an old duplicate; its text may still be news
  const limited = tcb.cwndLimited;
  const window = tcb.sndWnd;
  updateWindow(tcb, segment);
  const sacked = tcb.sack && segment.blocks > 0 ? updateScoreboard(tcb, segment) : 0;
  if (advanced > 0) {
    newlyAcknowledged(tcb, segment, advanced, limited);
    // RFC 6675 §2: with new SACK information it is a duplicate even if it moves the acknowledgment point.
    if (sacked > 0 && tcb.scoreboard!.count > 0) duplicateAck(tcb);
  } else if (tcb.flight > 0) {
    // RFC 5681 §2: no data, no SYN or FIN, the same window; RFC 6675 §2: new SACK information.
    const plain = segment.from === segment.to && (segment.flags & (SYN | FIN)) === 0;
    if (tcb.sack ? sacked > 0 : plain && window === tcb.sndWnd) duplicateAck(tcb);
  }
  return undefined;
}

/** "If (SND.WL1 < SEG.SEQ or (SND.WL1 = SEG.SEQ and SND.WL2 =< SEG.ACK))" */
export function updateWindow(tcb: Tcb, segment: Segment): void {
  const newer = (segment.seq - tcb.sndWl1) | 0;
  if (newer < 0 || (newer === 0 && ((segment.ack - tcb.sndWl2) | 0) < 0)) return;
  const wasShut = tcb.sndWnd === 0;
  tcb.sndWnd = segment.window << tcb.sndShift;
  tcb.sndWl1 = segment.seq;
  tcb.sndWl2 = segment.ack;
  if (tcb.sndWnd > tcb.maxSndWnd) tcb.maxSndWnd = tcb.sndWnd;
  if (tcb.sndWnd > 0 && tcb.retransmitTimer !== undefined) windowOpened(tcb, wasShut);
}

/** What was held back goes now, not when a timer that has backed off to a minute comes round. */
function windowOpened(tcb: Tcb, wasShut: boolean): void {
  if (tcb.retransmitTimer?.kind === 'persist') {
    disarmRetransmission(tcb);
    tcb.retransmits = 0;
  } else if (wasShut && tcb.retransmits > 0) {
    // The window was shut on data in flight, and what was sent again met a shut window too.
    const { minimumRto, maximumRto } = tcb.host.settings;
    tcb.retransmits = 0;
    if (tcb.srtt > 0) freshRto(tcb, minimumRto, maximumRto);
    startOver(tcb);
    armRetransmission(tcb, 'retransmit', tcb.rto);
  }
}

/** SND.UNA moves over `advanced` sequence numbers. */
export function newlyAcknowledged(tcb: Tcb, segment: Segment, advanced: number, limited: boolean): void {
  const { host } = tcb;
  tcb.sndUna = segment.ack;
  if (((tcb.sndNxt - segment.ack) | 0) < 0) tcb.sndNxt = segment.ack; // a window probe got through
  releaseAcknowledged(tcb);
  measure(tcb, segment);
  tcb.retransmits = 0;
  tcb.softError = undefined;
  tcb.scoreboard?.acknowledge(segment.ack);
  recoveryAck(tcb, advanced, limited);
  host.network.confirmReachable(tcb.peer);
  // RFC 6298 §5.2, §5.3
  if (tcb.sndUna === tcb.sndNxt) disarmRetransmission(tcb);
  else armRetransmission(tcb, 'retransmit', tcb.rto);
}

function releaseAcknowledged(tcb: Tcb): void {
  const queue = tcb.sendQueue;
  if (queue === undefined) return;
  const first = (tcb.sndEnd - queue.length) | 0;
  const bytes = Math.min((tcb.sndUna - first) | 0, queue.length); // neither SYN nor FIN
  if (bytes <= 0) return;
  queue.drop(bytes);
  if (queue.length === 0) tcb.sendQueue = undefined; // an idle connection keeps nothing
  wakeWriter(tcb);
}

/** RFC 6298 §3: a segment sent once, or what the timestamp says (RFC 7323 §4.1). */
function measure(tcb: Tcb, segment: Segment): void {
  const { minimumRto, maximumRto } = tcb.host.settings;
  if (tcb.timing) {
    if (((segment.ack - tcb.timedEnd) | 0) < 0) return;
    tcb.timing = false;
    sample(tcb, (tcb.host.clock.now - tcb.timedAt) | 0, minimumRto, maximumRto);
  } else if (tcb.timestamps && segment.hasTimestamp && segment.tsEcr !== 0) {
    const ticks = (timestamp(tcb) - segment.tsEcr) | 0;
    // An echo of what was never sent is a lie, or our clock's wrap; either way no measurement.
    if (ticks >= 0 && ticks * MILLISECOND <= maximumRto)
      sample(tcb, ticks * MILLISECOND, minimumRto, maximumRto);
  } else if (tcb.srtt === 0) {
    tcb.rto = RTO_AFTER_LOST_SYN; // RFC 6298 §5.7: only a SYN sent twice ends here
  }
}
