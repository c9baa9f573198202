/**
 * Loss recovery. Read RFC 5681 §3.2, RFC 8985 §6 (RACK finds the losses), RFC 9937 (PRR says how fast they are mended);
 * for a peer without SACK RFC 6582 (NewReno), where each duplicate ACK stands for one segment that has arrived. All run
 * on one picture: `pipe`, the bytes thought to be in the network, is held at `cwnd`.
 *
 * After a timeout what was sent long enough before is taken as lost and sent again in order, in slow start.
 */

import { SACKED } from './flight.ts';
import { isOriginal } from './frto.ts';
import { stampMillisecond } from './options.ts';
import { Prr } from './prr.ts';
import { reducible } from './reduction.ts';
import { DUP_THRESH } from './settings.ts';
import { probeAcknowledged } from './tail-loss.ts';
import type { Tcb } from './tcb.ts';
import { dataFlags, segmentRoom, transmit } from './transmit.ts';
import { Undo } from './undo.ts';
import { withinUserTimeout } from './user-timeout.ts';

/** SetPipe(), RFC 6675 §4: bytes outstanding that are neither SACKed nor lost, and those sent again. */
export function pipe(tcb: Tcb): number {
  const { log, recovery } = tcb;
  if (log === undefined || recovery === undefined) return tcb.flight;
  return tcb.flight - log.sackedBytes - log.lostBytes - recovery.left;
}

/**
 * What follows from an ACK that is in the log and in `delivery` already. SND.UNA has moved by `advanced` bytes.
 * `isPlain`: a duplicate as RFC 5681 §2 defines it; `isNews`: it SACKs something that was not known to have arrived.
 * `limited`: the congestion window was what held the sender back.
 */
export function recover(
  tcb: Tcb,
  advanced: number,
  isPlain: boolean,
  isNews: boolean,
  limited: boolean,
): void {
  const recovery = tcb.recovery;
  if (recovery === undefined) return;
  const { delivery } = tcb.host;
  const isDuplicate = tcb.sack ? isNews : isPlain;
  if (advanced > 0) recovery.dupAcks = 0;
  if (isDuplicate) recovery.dupAcks++;
  const bytes = tcb.sack ? delivery.bytes : withoutSack(tcb, advanced, isDuplicate);
  if (tcb.sack) {
    recovery.rack.update(delivery);
    if (delivery.isDuplicate) recovery.rack.duplicated(tcb.sndUna, tcb.sndNxt);
  }
  if (recovery.isProbing) probeAcknowledged(tcb, isPlain);
  if (wasSpurious(tcb, advanced, isDuplicate)) undo(tcb);
  if (recovery.phase !== 'none' && ((tcb.sndUna - recovery.point) | 0) >= 0) leave(tcb);
  const { log } = tcb;
  if (log === undefined) return;
  const before = log.lostBytes;
  findLosses(tcb, advanced);
  const { congestion, mss } = tcb;
  switch (recovery.phase) {
    case 'none':
      if (advanced > 0) {
        recovery.point = (tcb.sndUna - 1) | 0; // keeps it from wrapping in a long life without loss
        if (((tcb.sndUna - recovery.undoEnd) | 0) > 0) recovery.undo = undefined;
      }
      if (log.lostBytes > 0) enter(tcb, bytes, advanced);
      else if (advanced > 0) grow(tcb, bytes, limited);
      break;
    case 'timeout':
      if (bytes > 0) grow(tcb, bytes, true);
      break;
    case 'fast': {
      const isSafe = advanced > 0 && log.lostBytes <= before;
      if (bytes > 0)
        congestion!.cwnd = recovery.prr!.window(bytes, pipe(tcb), congestion!.ssthresh, mss, isSafe);
    }
  }
}

/** DeliveredData for a peer without SACK, RFC 9937 §6: a segment for each duplicate, taken off what is acknowledged. */
function withoutSack(tcb: Tcb, advanced: number, isDuplicate: boolean): number {
  const recovery = tcb.recovery!;
  const { left } = recovery;
  if (advanced > 0) {
    // RFC 6582 §3.2 step 3: a partial acknowledgment deflates by what it acknowledges, less a segment.
    const deflated = Math.max(left - Math.max(advanced - tcb.mss, 0), 0);
    recovery.left = recovery.phase === 'fast' ? Math.min(deflated, Math.max(tcb.flight - tcb.mss, 0)) : 0;
    return Math.max(advanced - (left - recovery.left), 0);
  }
  if (!isDuplicate) return 0;
  // One segment has left the network (RFC 3042, RFC 5681 §3.2 step 4); at most all but the missing one, and after a
  // timeout what F-RTO has sent.
  const most = recovery.phase === 'timeout' ? (tcb.sndNxt - recovery.point) | 0 : tcb.flight - tcb.mss;
  recovery.left = Math.max(Math.min(left + tcb.mss, most), left);
  return recovery.left - left;
}

function grow(tcb: Tcb, bytes: number, limited: boolean): void {
  const { congestion, mss, host } = tcb;
  if (!limited) {
    congestion!.unused(host.clock.now);
    return;
  }
  // What left as one super-segment is acknowledged as one; RFC 3465 §2.3: without SACK one ACK after a timeout may
  // stand for any number of segments that had arrived before it.
  const isBlind = !tcb.sack && tcb.recovery!.phase === 'timeout';
  const limit = isBlind ? mss : Math.max(host.settings.slowStartLimit * mss, 2 * tcb.lastBurst);
  congestion!.measured(host.delivery.rtt, tcb.sndUna, tcb.sndNxt);
  congestion!.acknowledged(bytes, mss, limit, host.clock.now, tcb.srtt);
}

/** RFC 8985 §6.2 with SACK, else RFC 6582 §3.2 steps 2 and 3. */
function findLosses(tcb: Tcb, advanced: number): void {
  const recovery = tcb.recovery!;
  const log = tcb.log!;
  if (tcb.sack) {
    if (recovery.phase !== 'none' || log.sackedBytes > 0 || log.retransmittedBytes > 0) detectLosses(tcb);
    else recovery.reorderAt = 0;
    return;
  }
  if (recovery.phase === 'fast') {
    if (advanced > 0) log.markFirstLost(tcb.mss); // a partial acknowledgment: the next segment is missing too
  } else if (recovery.phase === 'none' && recovery.dupAcks >= DUP_THRESH) {
    // Duplicates that our own retransmissions provoked are not a new loss.
    if (((tcb.sndUna - recovery.point) | 0) > 0) log.markFirstLost(tcb.mss);
  }
}

/** RACK_detect_loss(); also when the reordering timer expires. */
function detectLosses(tcb: Tcb): void {
  const recovery = tcb.recovery!;
  const { now } = tcb.host.clock;
  const wait = recovery.rack.detect(tcb.log!, now | 0, reorderingWindow(tcb));
  recovery.reorderAt = wait > 0 ? now + wait : 0;
}

function reorderingWindow(tcb: Tcb): number {
  const { phase, dupAcks, rack } = tcb.recovery!;
  // DupThresh segments, or more bytes than fewer segments can have (RFC 6675 §4, IsLost).
  const isSure =
    phase !== 'none' || dupAcks >= DUP_THRESH || tcb.log!.sackedBytes > (DUP_THRESH - 1) * tcb.mss;
  return rack.window(isSure, tcb.srtt);
}

/** The reordering timer has expired: what was late by then is lost (RFC 8985 §6.2 step 5). */
export function reorderingTimeout(tcb: Tcb): void {
  const { recovery, log } = tcb;
  if (recovery === undefined || log === undefined) return;
  detectLosses(tcb);
  if (log.lostBytes === 0) return;
  if (recovery.phase === 'none') enter(tcb, 0, 0);
  else if (recovery.phase === 'fast') {
    const { congestion } = tcb;
    congestion!.cwnd = recovery.prr!.window(0, pipe(tcb), congestion!.ssthresh, tcb.mss, false);
  }
}

/** The first loss of a window: RFC 5681 §3.2, RFC 9937 §6. The ACK that showed it delivered `bytes`. */
function enter(tcb: Tcb, bytes: number, advanced: number): void {
  const recovery = tcb.recovery!;
  const congestion = tcb.congestion!;
  recovery.phase = 'fast';
  recovery.point = tcb.sndNxt;
  recovery.isProbing = false;
  recovery.undo = new Undo(tcb.sndUna);
  recovery.prr = new Prr(tcb.flight - tcb.log!.sackedBytes - recovery.left + bytes);
  congestion.loss(reducible(tcb, congestion, advanced), tcb.mss);
  congestion.cwnd = recovery.prr.window(bytes, pipe(tcb), congestion.ssthresh, tcb.mss, false);
}

/** RFC 6675 §5 (A), RFC 6582 §3.2 step 3: everything that was in flight when the loss showed is acknowledged. */
function leave(tcb: Tcb): void {
  const recovery = tcb.recovery!;
  const congestion = tcb.congestion!;
  if (recovery.phase === 'fast') congestion.cwnd = congestion.ssthresh; // RFC 9937 §6
  recovery.rack.recovered();
  recovery.undoEnd = tcb.sndNxt;
  settle(tcb);
}

function settle(tcb: Tcb): void {
  const recovery = tcb.recovery!;
  recovery.phase = 'none';
  recovery.prr = undefined;
  recovery.frto = 'off';
  recovery.left = recovery.dupAcks = 0;
}

/** RFC 3522 and RFC 3708 (undo.ts), RFC 5682 (frto.ts). */
function wasSpurious(tcb: Tcb, advanced: number, isDuplicate: boolean): boolean {
  const recovery = tcb.recovery!;
  const { delivery } = tcb.host;
  const { undo } = recovery;
  if (undo === undefined) return false;
  if (delivery.isDuplicate && undo.duplicated(delivery.duplicateStart, delivery.duplicateEnd)) return true;
  if (recovery.phase === 'none') return false;
  if (advanced > 0 && undo.isEarly(delivery)) return true;
  return recovery.frto !== 'off' && isOriginal(tcb, advanced, isDuplicate);
}

/** The network was late or out of order, and not full: RFC 4015 §3, RFC 9438 §4.9. */
function undo(tcb: Tcb): void {
  tcb.congestion!.undo();
  tcb.log?.unmarkLost();
  tcb.recovery!.undo = undefined;
  settle(tcb);
}

/** RFC 5681 §3.1, RFC 8985 §6.3: the retransmission timer has expired, `again` for the same data. */
export function retransmissionTimeout(tcb: Tcb, again: boolean): void {
  const recovery = tcb.recovery!;
  const log = tcb.log!;
  const congestion = tcb.congestion!;
  const isNew = recovery.phase === 'none' || (recovery.phase === 'timeout' && !again);
  if (isNew) {
    // One reduction a window.
    recovery.undo = new Undo(tcb.sndUna);
    congestion.timeout(reducible(tcb, congestion), tcb.mss);
  }
  recovery.frto = tcb.host.settings.frto && (isNew || again) ? 'first' : 'off';
  recovery.prr = undefined;
  // RFC 2018 §8: the left edge SACKed, yet not acknowledged: the peer has thrown away what it held.
  if ((log.state(log.first) & SACKED) !== 0) log.forgetSacks();
  if (tcb.sack) recovery.rack.timeout(log, tcb.host.clock.now | 0, reorderingWindow(tcb));
  else log.markAllLost();
  begin(tcb);
  congestion.cwnd = pipe(tcb) + tcb.mss; // the loss window (RFC 5681 §3.1), beside what is not taken as lost
}

/** Everything outstanding is to be sent again, and congestion is not to blame. */
export function startOver(tcb: Tcb): void {
  tcb.recovery!.frto = 'off';
  tcb.recovery!.prr = tcb.recovery!.undo = undefined;
  tcb.log!.markAllLost();
  begin(tcb);
}

function begin(tcb: Tcb): void {
  const recovery = tcb.recovery!;
  recovery.phase = 'timeout';
  recovery.point = tcb.sndNxt;
  recovery.dupAcks = recovery.left = recovery.reorderAt = recovery.probeAt = 0;
  recovery.isProbing = false;
}

/** NextSeg() (1), RFC 6675 §4: sends the first of what is lost. False when there is none. */
export function resendLost(tcb: Tcb): boolean {
  const log = tcb.log!;
  const i = log.firstLost();
  if (i < 0) return false;
  resend(tcb, i, log.start(i), tcb.mss);
  return true;
}

/** Sends again at most `length` bytes of record `i` from `start` on. */
export function resend(tcb: Tcb, i: number, start: number, length: number): void {
  const log = tcb.log!;
  const recovery = tcb.recovery!;
  const last = log.end(i);
  const data = Math.min(
    ((((last - tcb.sndEnd) | 0) > 0 ? tcb.sndEnd : last) - start) | 0,
    length,
    segmentRoom(tcb),
  );
  let end = (start + data) | 0;
  // The FIN is the sequence number behind the last byte; it goes along with that byte.
  const fin = tcb.finSent && end === tcb.sndEnd && end !== last;
  if (fin) end = (end + 1) | 0;
  const { now } = tcb.host.clock;
  // RFC 6298 (5.1) counts from when the first segment in flight was last sent.
  if (i === log.first) recovery.timeoutAt = now + withinUserTimeout(tcb, tcb.rto);
  log.retransmitted(i, start, end, now | 0);
  const bytes = (end - start) | 0;
  recovery.prr?.sent(bytes);
  recovery.undo?.retransmitted(bytes, stampMillisecond(tcb));
  tcb.totalRetransmits++;
  transmit(tcb, start, data, dataFlags(tcb, (start + data) | 0, data, fin));
}
