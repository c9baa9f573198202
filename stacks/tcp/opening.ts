/** What a connection begins with: RFC 9293 §3.10.1, RFC 7323 §2.3. */
import type { Chosen } from './connection-options.ts';
import { INITIAL_RECEIVE_BUFFER } from './settings.ts';
import type { Tcb } from './tcb.ts';
import { pathMss } from './transmit.ts';

/** A new ISN lies this far above the last sequence number of a connection that it follows in TIME-WAIT. */
const ISN_STEP = 0x1_0000;

/** `isn`, unless it does not lie above `after`, the SND.NXT of the connection that this one takes the place of. */
export function initialSequence(isn: number, after: number | undefined): number {
  return after !== undefined && ((isn - after) | 0) <= 0 ? (after + ISN_STEP) | 0 : isn;
}

/** Before the first segment: what we would offer. The SYN of the peer takes from it what it does not want. */
export function begin(tcb: Tcb, iss: number, tsOffset: number, options: Chosen | undefined): void {
  const { settings, network } = tcb.host;
  tcb.sndUna = tcb.sndNxt = tcb.sndMax = iss;
  tcb.sndEnd = (iss + 1) | 0;
  tcb.windowScaling = settings.windowScaling;
  tcb.timestamps = settings.timestamps;
  tcb.sack = settings.sack;
  tcb.ecn = settings.ecn !== 'off';
  tcb.options = options;
  if (options?.userTimeoutOption === true) tcb.active().userTimeoutDue = true;
  const buffer = options?.receiveBuffer;
  tcb.rcvLimit = buffer ?? Math.min(INITIAL_RECEIVE_BUFFER, settings.receiveBuffer);
  if (tcb.windowScaling) tcb.rcvShift = windowShift(buffer ?? settings.receiveBuffer);
  tcb.tsOffset = tsOffset;
  tcb.peerMss = network.family.defaultMss;
  tcb.mss = pathMss(tcb);
  tcb.rto = settings.initialRto;
}

/** The window scale that the largest receive buffer needs. */
export function windowShift(receiveBuffer: number): number {
  let shift = 0;
  while (receiveBuffer >> shift > 0xffff) shift++;
  return shift;
}
