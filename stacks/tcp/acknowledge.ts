/** Fifth, check the ACK field: RFC 9293 §3.10.7.4 for ESTABLISHED and the states behind it. */
import type { TransportVerdict } from '../address/network.ts';
import { MILLISECOND } from '../time/clock.ts';
import { ECE, FIN, SYN } from '../wire/tcp.ts';
import { timestamp } from './options.ts';
import { recover, startOver } from './recovery.ts';
import { freshRto, sample } from './rtt.ts';
import type { Segment } from './segment.ts';
import { wakeWriter } from './send-space.ts';
import { RTO_AFTER_LOST_SYN } from './settings.ts';
import type { Tcb } from './tcb.ts';
import { disarmRetransmission } from './timers.ts';
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
  if (advanced > 0) newlyAcknowledged(tcb, segment);
  else beginDelivery(tcb, segment);
  const isNews = tcb.sack && segment.blocks > 0 && takeSacks(tcb, segment);
  // RFC 5681 §2: a duplicate has no data, no SYN or FIN, and the same window, while something is in flight.
  const isEmpty = segment.from === segment.to && (segment.flags & (SYN | FIN)) === 0;
  const isPlain = advanced === 0 && isEmpty && window === tcb.sndWnd && tcb.flight > 0;
  const { delivery, settings } = tcb.host;
  tcb.recovery?.note(delivery, tcb.mss, tcb.ecn && (segment.flags & ECE) !== 0, settings.minRttWindow);
  recover(tcb, advanced, isPlain, isNews, limited);
  return undefined;
}

function beginDelivery(tcb: Tcb, segment: Segment): void {
  const { delivery, clock } = tcb.host;
  const fin = tcb.finQueued ? (tcb.sndEnd + 1) | 0 : undefined;
  delivery.begin(clock.now, tcb.recovery?.rack.minRtt ?? 0, tcb.mss, fin);
  if (tcb.timestamps && segment.hasTimestamp && segment.tsEcr !== 0)
    delivery.echoes((segment.tsEcr - tcb.tsOffset) | 0);
  if (tcb.sack && segment.blocks > 0 && isDuplicate(segment)) takeDuplicate(tcb, segment);
}

/** RFC 2883 §4: bytes that have arrived twice; of what lies too far back nothing is known any more. */
function takeDuplicate(tcb: Tcb, segment: Segment): void {
  const start = segment.edges[0]!;
  const end = segment.edges[1]!;
  if (((end - start) | 0) <= 0 || ((end - tcb.sndMax) | 0) > 0) return;
  if (((start - tcb.sndUna + tcb.maxSndWnd) | 0) >= 0) tcb.host.delivery.duplicated(start, end);
}

/** RFC 2018 §5; true when something is SACKed that was not known to have arrived. */
function takeSacks(tcb: Tcb, segment: Segment): boolean {
  const { delivery } = tcb.host;
  const { edges } = segment;
  const before = delivery.bytes;
  for (let i = isDuplicate(segment) ? 1 : 0; i < segment.blocks; i++) {
    const start = edges[2 * i]!;
    const end = edges[2 * i + 1]!;
    // Inverted blocks, and such of what was never sent, say nothing.
    if (((end - start) | 0) <= 0 || ((end - tcb.sndNxt) | 0) > 0) continue;
    if (((start - tcb.sndUna) | 0) >= 0) tcb.log?.sack(start, end, delivery);
  }
  return delivery.bytes > before;
}

/** A D-SACK is the first block, below SEG.ACK or inside the second. */
function isDuplicate({ edges, ack, blocks }: Segment): boolean {
  if (((edges[1]! - ack) | 0) <= 0) return true;
  return blocks > 1 && ((edges[0]! - edges[2]!) | 0) >= 0 && ((edges[3]! - edges[1]!) | 0) >= 0;
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
    tcb.recovery!.timeoutAt = tcb.host.clock.now + tcb.rto;
  }
}

/** SND.UNA moves to SEG.ACK. */
export function newlyAcknowledged(tcb: Tcb, segment: Segment): void {
  const { host, recovery } = tcb;
  beginDelivery(tcb, segment);
  tcb.log?.acknowledge(segment.ack, host.delivery);
  tcb.sndUna = segment.ack;
  if (((tcb.sndNxt - segment.ack) | 0) < 0) probeTaken(tcb);
  releaseAcknowledged(tcb);
  measure(tcb, segment);
  tcb.retransmits = 0;
  tcb.softError = undefined;
  host.network.confirmReachable(tcb.peer);
  // RFC 6298 (5.2), (5.3); output() arms it.
  const isAll = tcb.sndUna === tcb.sndNxt;
  if (isAll) disarmRetransmission(tcb);
  if (recovery === undefined) return;
  recovery.timeoutAt = isAll ? 0 : host.clock.now + tcb.rto;
  recovery.probeAt = recovery.reorderAt = 0;
  recovery.hasMoved = true;
}

/** A window probe got through: a byte, or our FIN. */
function probeTaken(tcb: Tcb): void {
  tcb.sndNxt = tcb.sndUna;
  if (((tcb.sndUna - tcb.sndEnd) | 0) <= 0) tcb.bytesSent++;
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

/**
 * RFC 6298 §3: what was sent once (Karn), else what the timestamp says (RFC 7323 §4.1). Each ACK of new data counts:
 * more than one a round trip makes RTTVAR forget quickly, for which the minimum of the timeout stands in.
 */
function measure(tcb: Tcb, segment: Segment): void {
  const { host } = tcb;
  const { minimumRto, maximumRto } = host.settings;
  const { oldest, isRepeated, isDuplicate } = host.delivery;
  if (oldest >= 0 && !isRepeated) {
    sample(tcb, oldest, minimumRto, maximumRto);
  } else if (tcb.timestamps && segment.hasTimestamp && segment.tsEcr !== 0) {
    // What brought about the acknowledgment was a duplicate; its echo is that of the first, whose own answer was lost.
    if (isDuplicate) return;
    const ticks = (timestamp(tcb) - segment.tsEcr) | 0;
    // An echo of what was never sent is a lie, or our clock's wrap; either way no measurement.
    if (ticks >= 0 && ticks * MILLISECOND <= maximumRto)
      sample(tcb, ticks * MILLISECOND, minimumRto, maximumRto);
  } else if (tcb.srtt === 0 && tcb.synLost) {
    tcb.rto = RTO_AFTER_LOST_SYN; // RFC 6298 §5.7
  }
}
