/** Seventh and eighth: the segment text and the FIN bit, RFC 9293 §3.10.7.4; when to acknowledge, RFC 5681 §4.2. */
import type { TransportVerdict } from '../address/network.ts';
import type { Packet } from '../packet/packet.ts';
import { FIN, PSH } from '../wire/tcp.ts';
import { drop, enterTimeWait } from './closing.ts';
import { ReceiveQueue } from './receive-queue.ts';
import type { Segment } from './segment.ts';
import { ENDED, READABLE, type Tcb } from './tcb.ts';
import { resetFor } from './transmit.ts';

/** Below the default MSS (RFC 9293 §3.7.1) the largest segment seen need not be a full one. */
const FULL_SEGMENT = 536;

export function receiveText(tcb: Tcb, segment: Segment, packet: Packet): TransportVerdict {
  switch (tcb.state) {
    case 'ESTABLISHED':
    case 'FIN-WAIT-1':
    case 'FIN-WAIT-2':
      break;
    default: // "This should not occur, since a FIN has been received from the remote side. Ignore the segment text."
      if (segment.length > 0) tcb.ackNow = true;
      return 'delivered';
  }
  const length = segment.to - segment.from;
  const fin = (segment.flags & FIN) !== 0;
  if (length === 0 && !fin) return 'delivered';
  const seq = segment.seq;
  const end = (seq + length) | 0;
  if (tcb.orphan && ((end - tcb.rcvNxt) | 0) > 0) {
    // RFC 9293 §3.6.1: data that nobody will read is answered by a reset, one that a peer must believe: it may not have
    // seen our FIN, and then SND.NXT is not what it expects (RFC 5961 §3.2).
    resetFor(tcb, segment);
    drop(tcb, undefined);
    return 'answered';
  }
  // Trim to the window, on the left what is known already, on the right what has no room.
  const skip = Math.max((tcb.rcvNxt - seq) | 0, 0);
  const edge = tcb.finArrived ? tcb.finAt : tcb.rcvEdge;
  const over = Math.max((end - edge) | 0, 0);
  if (fin && over === 0) {
    tcb.finArrived = true;
    tcb.finAt = end;
  }
  const size = length - skip - over;
  if (skip > 0) noteDuplicate(tcb, seq, skip < length ? tcb.rcvNxt : end);
  if (size <= 0) {
    // A duplicate, a probe of the closed window, or a FIN behind a gap (RFC 5681 §4.2).
    if (length > 0 || ((seq - tcb.rcvNxt) | 0) > 0) tcb.ackNow = true;
    return over > 0 ? 'receive-buffer-full' : 'delivered';
  }
  const largest = packet.segmentSize || length; // a super-segment is many of the peer's
  if (largest > tcb.rcvMss) tcb.rcvMss = largest;
  const queue = tcb.receiveQueue;
  const from = segment.from + skip;
  if (queue?.overlaps((seq + skip) | 0, (seq + skip + size) | 0) === true) {
    noteDuplicate(tcb, queue.overlapStart, queue.overlapEnd);
  }
  const { buffers } = tcb.host;
  if (((seq - tcb.rcvNxt) | 0) > 0) {
    tcb.ackNow = true; // RFC 5681 §4.2: a gap is reported at once
    tcb.active().outOfOrder++;
    if (buffers.isShort) return 'buffers-full'; // what comes in order goes before
    tcb.receiveQueue ??= new ReceiveQueue(buffers);
    tcb.receiveQueue.insert(seq, packet, from, from + size);
    return 'delivered';
  }
  const before = tcb.rcvNxt;
  if ((segment.flags & PSH) !== 0 && length >= FULL_SEGMENT && length >= tcb.rcvMss) tcb.pushed = true;
  if (queue?.hasGap === true) tcb.ackNow = true; // and so is a segment that fills one, all or part of it
  const taken = queue === undefined ? offer(tcb, packet, from, size) : 0;
  tcb.rcvNxt = (before + taken) | 0;
  // Refused, it is a loss like any other. One segment always fits: a connection moves whatever the others hold.
  const refused = tcb.unread > 0 && size - taken > buffers.room;
  if (refused) {
    tcb.ackNow = true;
  } else if (taken < size) {
    tcb.receiveQueue ??= new ReceiveQueue(buffers);
    tcb.rcvNxt = tcb.receiveQueue.append(tcb.rcvNxt, packet, from + taken, from + size);
    tcb.host.notify(tcb, READABLE);
  }
  tcb.bytesReceived += (tcb.rcvNxt - before) | 0;
  // RFC 9293 §3.8.6.3: every second full-sized segment at least; output() starts the timer for the others.
  if (((tcb.rcvNxt - tcb.lastAckSent) | 0) >= 2 * tcb.rcvMss) {
    if (packet.inBurst) tcb.host.acknowledgeLater(tcb);
    else tcb.ackNow = true;
  } else if (isQuick(tcb)) tcb.ackNow = true;
  return refused ? 'buffers-full' : 'delivered';
}

function isQuick(tcb: Tcb): boolean {
  const { quickAcks } = tcb.host.settings;
  return quickAcks > 0 && !tcb.interactive && tcb.bytesReceived <= quickAcks * tcb.rcvMss;
}

/** RFC 2883 §4: the next acknowledgment reports `[start, end)` as received twice. */
export function noteDuplicate(tcb: Tcb, start: number, end: number): void {
  if (!tcb.sack || !tcb.host.settings.dsack || ((end - start) | 0) <= 0) return;
  tcb.duplicateStart = start;
  tcb.duplicateEnd = end;
}

/** To the owner, who may want to have the bytes without a queue between; returns how many it took. */
function offer(tcb: Tcb, packet: Packet, from: number, size: number): number {
  const taken = tcb.handler.take?.(packet.bytes, from, from + size) ?? 0;
  if (taken > 0) hasRead(tcb, taken);
  return taken;
}

/**
 * The owner has got `bytes`. When it has got all, and the last of it was a full segment that was pushed, the peer has
 * most likely used up its window: what it waits for is told now, the odd segment of a window as well (RFC 5681 §4.2
 * lets a receiver acknowledge more than every second one). Linux does so for any segment.
 */
export function hasRead(tcb: Tcb, bytes: number): void {
  growReceiveBuffer(tcb, bytes);
  if (tcb.pushed && tcb.unread === 0) tcb.host.acknowledgeLater(tcb);
}

/** An owner that keeps up is trusted with more (settings.ts). */
function growReceiveBuffer(tcb: Tcb, bytes: number): void {
  const { receiveBuffer } = tcb.host.settings;
  if (tcb.options?.receiveBuffer !== undefined) return; // its owner knows better
  const most = tcb.rcvShift === 0 ? Math.min(0xffff, receiveBuffer) : receiveBuffer;
  if (tcb.rcvLimit >= most || tcb.host.buffers.isShort) return;
  tcb.rcvDrained += bytes;
  if (tcb.rcvDrained < tcb.rcvLimit) return;
  tcb.rcvDrained = 0;
  tcb.rcvLimit = Math.min(tcb.rcvLimit * 2, most);
}

/** Everything up to the FIN has arrived: RCV.NXT moves over it. */
export function receiveFin(tcb: Tcb, packet: Packet): void {
  if (!tcb.finArrived || ((tcb.rcvNxt - tcb.finAt) | 0) < 0) return;
  switch (tcb.state) {
    case 'ESTABLISHED':
      tcb.state = 'CLOSE-WAIT';
      break;
    case 'FIN-WAIT-1': // our FIN is not acknowledged, or step five had left this state
      tcb.state = 'CLOSING';
      break;
    case 'FIN-WAIT-2':
      break;
    default:
      return;
  }
  tcb.rcvNxt = (tcb.rcvNxt + 1) | 0;
  if (((tcb.rcvEdge - tcb.rcvNxt) | 0) < 0) tcb.rcvEdge = tcb.rcvNxt;
  // Who ends in answer, before the burst is over, needs one segment for both.
  if (tcb.state === 'CLOSE-WAIT' && packet.inBurst && !tcb.ackNow) tcb.host.acknowledgeLater(tcb);
  else tcb.ackNow = true;
  tcb.host.notify(tcb, ENDED);
  if (tcb.state === 'FIN-WAIT-2') enterTimeWait(tcb);
}
