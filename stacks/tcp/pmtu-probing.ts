/**
 * Path MTU discovery without ICMP (RFC 4821, RFC 8899 for the names): a larger segment is tried while everything runs,
 * and what is acknowledged is known to pass. A connection has the record below only while it searches.
 *
 * Sizes are those of the MSS, in bytes: an IP packet less its fixed headers and TCP's (RFC 6691).
 */
import { SECOND } from '../time/clock.ts';
import type { Probing } from './activity.ts';
import { DUP_THRESH, MINIMUM_MSS } from './settings.ts';
import type { Tcb } from './tcb.ts';

/** RFC 9293 §3.8.3: R1, the retransmissions after which the path itself is in doubt. */
const R1 = 3;
/** RFC 4821 §7.3: a search this close to its end is over; a few bytes more are not worth a lost probe. */
const CLOSE_ENOUGH = 8;
/** µs. The path may get better: RFC 4821 §7.3 leaves it at what RFC 1191 §6.3 says. */
const SEARCH_AGAIN = 600 * SECOND;

/** What segments may have where link, peer and ICMP allow `most`. */
export function proven(tcb: Tcb, most: number): number {
  const { mtuProbing, baseMss } = tcb.host.settings;
  if (mtuProbing === 'on' && tcb.activity.probing === undefined) search(tcb, baseMss, most);
  const { probing } = tcb.activity;
  if (probing === undefined) return most;
  probing.high = Math.min(probing.high, most);
  probing.low = Math.min(probing.low, probing.high);
  return probing.low;
}

function search(tcb: Tcb, low: number, high: number): void {
  tcb.active().probing = {
    low: Math.max(low, MINIMUM_MSS),
    high,
    size: 0,
    start: 0,
    end: 0,
    cwnd: 0,
    rest: 0,
  };
}

/** RFC 4821 §7.7: full segments have vanished again and again, and nobody says why. True when smaller ones are to go. */
export function isBlackHole(tcb: Tcb, most: number): boolean {
  const { mtuProbing, baseMss } = tcb.host.settings;
  if (mtuProbing === 'off' || tcb.retransmits <= R1) return false;
  if (tcb.mss <= baseMss || tcb.flight <= baseMss) return false;
  search(tcb, baseMss, most);
  return true;
}

/**
 * The size of the probe that is to go now, 0 for none. RFC 4821 §7.4: there must be enough to send behind it that its
 * loss is noticed by duplicate acknowledgments, and a window for it.
 */
export function probeSize(tcb: Tcb, probing: Probing, most: number, usable: number): number {
  if (probing.size !== 0 || tcb.isRecovering) return 0;
  if (probing.high - probing.low < CLOSE_ENOUGH) {
    const { now } = tcb.host.clock;
    if (probing.rest === 0) probing.rest = now + SEARCH_AGAIN;
    if (now < probing.rest) return 0;
    probing.rest = 0;
    probing.high = most;
    if (probing.high - probing.low < CLOSE_ENOUGH) return 0;
  }
  const size = (probing.low + probing.high + 1) >> 1;
  const queued = (tcb.sndEnd - tcb.sndNxt) | 0;
  const least = size + (DUP_THRESH + 1) * tcb.mss;
  return Math.min(queued, usable, tcb.congestion!.cwnd) < least ? 0 : size;
}

/** The data from `start` to SND.NXT has left as one segment of `size`. */
export function probeSent(tcb: Tcb, probing: Probing, size: number, start: number): void {
  probing.size = size;
  probing.start = start;
  probing.end = tcb.sndNxt;
  probing.cwnd = tcb.congestion!.cwnd;
}

/** SND.UNA has moved. True when larger segments are known to pass. */
export function isProbeAcknowledged(tcb: Tcb, probing: Probing): boolean {
  if (probing.size === 0 || ((tcb.sndUna - probing.end) | 0) < 0) return false;
  probing.low = probing.size;
  probing.size = 0;
  return true;
}

/**
 * `seq` is sent again. When it was the probe that was lost, and not all that was in flight, then because of its size,
 * and the congestion window that was reduced for it is as before (RFC 4821 §7.6.2).
 */
export function sentAgain(tcb: Tcb, probing: Probing, seq: number): void {
  if (probing.size === 0 || ((seq - probing.start) | 0) < 0 || ((seq - probing.end) | 0) >= 0) return;
  if (tcb.recovery?.phase === 'fast') {
    probing.high = probing.size - 1;
    const { congestion } = tcb;
    if (seq === tcb.sndUna && congestion !== undefined) congestion.cwnd = congestion.ssthresh = probing.cwnd;
  }
  probing.size = 0;
}
