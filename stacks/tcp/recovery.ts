/**
 * Loss recovery. Read RFC 5681 §3.2, then RFC 6675 (SACK) and RFC 6582 (NewReno). Both run on one picture: `pipe`, the
 * bytes thought to be in the network, is held at `cwnd`. A peer without SACK is taken to have received one segment
 * for each duplicate ACK, which is RFC 6582's inflation of the window seen from the other side.
 *
 * After a timeout everything sent before is taken as lost and sent again in order, leaving out what is SACKed.
 */
import { Scoreboard } from './sack.ts';
import type { Segment } from './segment.ts';
import { DUP_THRESH } from './settings.ts';
import type { Tcb } from './tcb.ts';
import { dataFlags, segmentRoom, transmit } from './transmit.ts';

/** Everything below is lost unless SACKed. */
function lostEdge(tcb: Tcb): number {
  if (tcb.recovery === 'timeout') return tcb.recoveryPoint;
  if (tcb.sack) return tcb.scoreboard?.lostEdge(tcb.sndUna, tcb.mss) ?? tcb.sndUna;
  // RFC 6582 §3.2 step 3: duplicate or partial ACKs say that the first segment is missing, and no more.
  return tcb.recovery === 'fast' ? (tcb.sndUna + 1) | 0 : tcb.sndUna;
}

/** SetPipe(), RFC 6675 §4: bytes outstanding that are neither SACKed nor lost, and those sent again. */
export function pipe(tcb: Tcb): number {
  const flight = tcb.flight;
  if (!tcb.sack && tcb.recovery !== 'timeout') return flight - tcb.left;
  const scoreboard = tcb.scoreboard;
  if (tcb.recovery === 'none' && (scoreboard === undefined || scoreboard.count === 0)) return flight;
  const edge = lostEdge(tcb);
  let bytes = flight - (scoreboard?.bytes ?? 0);
  bytes -= unsacked(tcb, edge);
  if (tcb.recovery !== 'none') bytes += unsacked(tcb, tcb.highRxt);
  return bytes;
}

/** Bytes of [SND.UNA, edge) that are not SACKed. */
function unsacked(tcb: Tcb, edge: number): number {
  const bytes = (edge - tcb.sndUna) | 0;
  return bytes <= 0 ? 0 : bytes - (tcb.scoreboard?.bytesBelow(edge) ?? 0);
}

/** Takes the SACK blocks of a segment (RFC 2018 §5); returns the bytes that were not known to have arrived. */
export function updateScoreboard(tcb: Tcb, segment: Segment): number {
  let news = 0;
  for (let i = 0; i < segment.blocks; i++) {
    const start = segment.edges[2 * i]!;
    const end = segment.edges[2 * i + 1]!;
    // Only what is in flight: D-SACKs (RFC 2883), stale and invented blocks say nothing.
    if (((start - segment.ack) | 0) < 0 || ((start - tcb.sndUna) | 0) < 0) continue;
    if (((end - start) | 0) <= 0 || ((end - tcb.sndNxt) | 0) > 0) continue;
    tcb.scoreboard ??= new Scoreboard();
    news += tcb.scoreboard.add(start, end);
  }
  return news;
}

/** A duplicate ACK (RFC 5681 §2), or with SACK one that brings news (RFC 6675 §2). */
export function duplicateAck(tcb: Tcb): void {
  tcb.dupAcks++;
  if (tcb.recovery === 'timeout') return;
  // One segment has left the network (RFC 3042, RFC 5681 §3.2 step 4); at most all but the missing one.
  if (!tcb.sack) tcb.left = Math.min(tcb.left + tcb.mss, Math.max(tcb.flight - tcb.mss, 0));
  if (tcb.recovery !== 'none') return;
  const lost = tcb.sack && tcb.scoreboard !== undefined && lostEdge(tcb) !== tcb.sndUna;
  if (tcb.dupAcks < DUP_THRESH && !lost) return;
  // RFC 6582 §3.2 step 2: duplicates that our own go-back-N provoked are not a new loss.
  if (!tcb.sack && ((tcb.sndUna - tcb.recoveryPoint) | 0) <= 0) return;
  enterRecovery(tcb);
}

/** RFC 6675 §5 step 4, RFC 6582 §3.2 step 2. */
function enterRecovery(tcb: Tcb): void {
  tcb.recovery = 'fast';
  tcb.recoveryPoint = tcb.sndNxt;
  tcb.highRxt = tcb.sndUna;
  tcb.rescued = tcb.timing = false;
  tcb.congestion?.loss(tcb.flight, tcb.mss);
  resend(tcb, tcb.sndUna, tcb.mss); // (4.3): the first segment goes whatever the window says
}

/** `advanced` bytes newly acknowledged, SND.UNA moved already. */
export function recoveryAck(tcb: Tcb, advanced: number, limited: boolean): void {
  tcb.dupAcks = 0;
  if (((tcb.highRxt - tcb.sndUna) | 0) < 0) tcb.highRxt = tcb.sndUna;
  if (tcb.recovery === 'none') {
    tcb.left = 0;
    tcb.recoveryPoint = (tcb.sndUna - 1) | 0; // keeps it from wrapping round on a long life without loss
    // RFC 3465 §2.3: two segments a step; what left as one super-segment is acknowledged as one.
    if (limited) tcb.congestion?.acknowledged(advanced, tcb.mss, 2 * Math.max(tcb.mss, tcb.lastBurst));
    return;
  }
  if (((tcb.sndUna - tcb.recoveryPoint) | 0) >= 0) {
    // RFC 6675 §5 (A), RFC 6582 §3.2 step 3: a full acknowledgment.
    if (tcb.recovery === 'fast') tcb.congestion?.recovered(tcb.flight, tcb.mss);
    tcb.recovery = 'none';
    tcb.left = 0;
    return;
  }
  if (tcb.recovery === 'timeout') {
    tcb.congestion?.acknowledged(advanced, tcb.mss, tcb.mss); // slow start, one segment a step (RFC 3465 §2.3)
  } else if (!tcb.sack) {
    // RFC 6582 §3.2 step 3: a partial acknowledgment; the next segment is missing too.
    tcb.left = Math.max(tcb.left - (advanced - tcb.mss), 0);
    resend(tcb, tcb.sndUna, tcb.mss);
  }
}

/** RFC 5681 §3.1, RFC 6675 §5.1: the timer expired; everything outstanding is to be sent again. */
export function startOver(tcb: Tcb): void {
  tcb.recovery = 'timeout';
  tcb.recoveryPoint = tcb.sndNxt;
  tcb.highRxt = tcb.sndUna;
  tcb.dupAcks = tcb.left = 0;
  tcb.timing = false;
}

/** NextSeg() (1), RFC 6675 §4: the first lost segment that was not sent again. False when there is none. */
export function resendLost(tcb: Tcb): boolean {
  if (tcb.recovery === 'none') return false;
  const from = tcb.scoreboard?.hole(tcb.highRxt) ?? tcb.highRxt;
  if (((from - lostEdge(tcb)) | 0) >= 0) return false;
  resend(tcb, from, tcb.mss);
  return true;
}

/** NextSeg() (3) and (4): what is merely suspicious, and the rescue retransmission of the last segment. */
export function resendSuspect(tcb: Tcb): boolean {
  const scoreboard = tcb.scoreboard;
  if (tcb.recovery !== 'fast' || !tcb.sack || scoreboard === undefined) return false;
  const from = scoreboard.hole(tcb.highRxt);
  if (((from - scoreboard.highest(tcb.sndUna)) | 0) < 0) {
    resend(tcb, from, tcb.mss);
    return true;
  }
  if (tcb.rescued) return false;
  tcb.rescued = true;
  const length = Math.min((tcb.sndNxt - from) | 0, tcb.mss);
  if (length <= 0) return false;
  // "The highest outstanding unSACKed sequence number"; HighRxt stays as it is.
  const highRxt = tcb.highRxt;
  resend(tcb, (tcb.sndNxt - length) | 0, length);
  tcb.highRxt = highRxt;
  return true;
}

/** Sends again at most `length` bytes from `seq`, up to the next SACKed byte; HighRxt moves behind them. */
export function resend(tcb: Tcb, seq: number, length: number): void {
  const hole = tcb.scoreboard?.holeEnd(seq, tcb.sndNxt) ?? tcb.sndNxt;
  let data = Math.min((hole - seq) | 0, length, segmentRoom(tcb));
  let end = (seq + data) | 0;
  // The FIN is the sequence number behind the last byte; it goes along with that byte.
  const fin = tcb.finSent && ((end - tcb.sndEnd) | 0) >= 0;
  if (((end - tcb.sndEnd) | 0) > 0) data--;
  else if (fin && tcb.sndNxt === ((tcb.sndEnd + 1) | 0)) end = (end + 1) | 0;
  // Karn (RFC 6298 §3): the timed segment is ambiguous now.
  if (tcb.timing && ((seq - tcb.timedEnd) | 0) < 0) tcb.timing = false;
  tcb.totalRetransmits++;
  transmit(tcb, seq, data, dataFlags(tcb, (seq + data) | 0, data, fin));
  tcb.highRxt = end;
}

/** Forgets the peer's SACKs: it may have thrown away what it reported (RFC 2018 §8). */
export function distrustSacks(tcb: Tcb): void {
  tcb.scoreboard?.clear();
}
