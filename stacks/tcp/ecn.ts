/** Explicit congestion notification: RFC 3168 §6.1. Routers mark (CE), the receiver echoes (ECE), the sender slows (CWR). */
import type { Packet } from '../packet/packet.ts';
import { CE, ecnField } from '../wire/ecn.ts';
import { ACK, CWR, ECE } from '../wire/tcp.ts';
import { reduce } from './reduction.ts';
import type { Segment } from './segment.ts';
import type { Tcb } from './tcb.ts';

/** §6.1.1: a SYN sets both bits, a SYN-ACK only ECE; one with both mirrors what it does not know. */
export function isEcnSetup({ flags }: Segment): boolean {
  return (flags & (ECE | CWR)) === ((flags & ACK) === 0 ? ECE | CWR : ECE);
}

/** §6.1.3: what the ECN field of the IP header and CWR say to us as the receiver; the segment is acceptable. */
export function receiveMarks(tcb: Tcb, segment: Segment, packet: Packet): void {
  if ((segment.flags & CWR) !== 0) tcb.ecnEcho = false;
  const field = ecnField(packet, tcb.host.network.family.version);
  if (field !== 0) tcb.ecnSeen = true;
  if (field === CE) tcb.ecnEcho = true;
}

/** §6.1.2: before the ACK of `segment` is taken. The window is reduced once for each window of data, as by a loss. */
export function receiveEcho(tcb: Tcb, segment: Segment): void {
  const { activity } = tcb;
  // Marked data is acknowledged at the latest with the first of the new.
  if (activity.reduced && ((segment.ack - activity.reducedTo) | 0) > 0) activity.reduced = false;
  if ((segment.flags & ECE) === 0 || tcb.flight <= 0) return;
  if (((segment.ack - tcb.sndUna) | 0) < 0 || ((segment.ack - tcb.sndMax) | 0) > 0) return;
  tcb.cwndLimited = false; // such an ACK lets the window not grow
  const { congestion } = tcb;
  if (activity.reduced || tcb.isRecovering || congestion === undefined) return;
  reduce(tcb, congestion);
  windowReduced(tcb);
}

/** For whatever reason it was: the peer is told by CWR, and marks on what is in flight now say nothing new (§6.1.2). */
export function windowReduced(tcb: Tcb): void {
  const activity = tcb.active();
  activity.reduced = true;
  activity.reducedTo = tcb.sndNxt;
  tcb.cwrDue = true;
}

/** Flags of an outgoing segment, of new data or not. */
export function ecnFlags(tcb: Tcb, isNew: boolean): number {
  const echo = tcb.ecnEcho ? ECE : 0;
  if (!isNew || !tcb.cwrDue) return echo;
  tcb.cwrDue = false;
  return echo | CWR;
}
