/** One segment out: header, options, data, checksum (RFC 9293 §3.1, §3.10.7.1 for resets). */
import type { Address } from '../address/address.ts';
import type { Failure, NetworkLayer, OutputOptions } from '../address/network.ts';
import { addBytes, finish, fold } from '../packet/checksum.ts';
import { PARTIAL, type Packet } from '../packet/packet.ts';
import { MILLISECOND, SECOND } from '../time/clock.ts';
import {
  ACK,
  CHECKSUM,
  CWR,
  ECE,
  FIN,
  FLAGS,
  HEADER,
  PSH,
  RST,
  SYN,
  TCP,
  URG,
  URGENT_POINTER,
  writeHeader,
} from '../wire/tcp.ts';
import { MARKABLE, PLAIN } from './connection-options.ts';
import { ecnFlags, windowReduced } from './ecn.ts';
import { optionBytes, synOptionBytes, writeOptions, writeSynOptions, writeTimestamps } from './options.ts';
import { proven, sentAgain } from './pmtu-probing.ts';
import { type Segment, TIMESTAMP_BYTES } from './segment.ts';
import { CHALLENGE_ACKS_PER_SECOND, MINIMUM_MSS, SHORT_BUFFER } from './settings.ts';
import { cookieOptionBytes, isEcnStamp, writeCookieOptions } from './syn-cookie-options.ts';
import type { Tcb } from './tcb.ts';
import { disarmDelayedAck } from './timers.ts';

/** Bytes that are added up sooner than it is found out whether the device does so. */
const CHECKSUM_WORTH = 256;

/** RFC 6691: what fits behind the fixed headers; options of either header come out of it, segment by segment. */
export function pathMss(tcb: Tcb): number {
  const { network } = tcb.host;
  return roomOf(network, network.pathMtu(tcb.peer));
}

function roomOf(network: NetworkLayer, mtu: number): number {
  return Math.min(Math.max(mtu - network.family.headerBytes - HEADER, MINIMUM_MSS), 0xffff);
}

/** The MSS option: what the owner and our link take. The learnt path MTU is that of the other direction (RFC 6691 §2). */
export function offeredMss(tcb: Tcb): number {
  const { network } = tcb.host;
  const link = roomOf(network, network.linkMtu(tcb.peer));
  return Math.min(link, tcb.options?.maxSegment ?? link);
}

/** The largest segment that the path, the peer and the owner may take; probing has not proved it yet. */
export function mostMss(tcb: Tcb, path: number = pathMss(tcb)): number {
  return Math.min(path, tcb.options?.maxSegment ?? path, Math.max(tcb.peerMss, MINIMUM_MSS));
}

/** Eff.snd.MSS (RFC 9293 §3.7.1): the smaller of both ends', less the options that every segment carries. */
export function updateMss(tcb: Tcb, path: number = pathMss(tcb)): void {
  const both = proven(tcb, mostMss(tcb, path));
  tcb.mss = tcb.timestamps ? both - TIMESTAMP_BYTES : both;
}

/** Bytes of data in a full segment now: SACK blocks come out of it (RFC 6691 §2). */
export function segmentRoom(tcb: Tcb): number {
  return tcb.mss + (tcb.timestamps ? TIMESTAMP_BYTES : 0) - optionBytes(tcb);
}

/** Largest IP packet, so that a super-segment's length fits the 16 bits of either header. */
const MAX_PACKET = 65_535;

/**
 * Bytes of data that may leave at once: a full segment, or as many of them as the link takes in one super-segment and
 * cuts itself.
 */
export function burstRoom(tcb: Tcb): number {
  const { network } = tcb.host;
  const full = segmentRoom(tcb);
  const offload = network.offload(tcb.peer);
  // The urgent pointer counts from each segment.
  if (offload === undefined || tcb.activity.urgentEnd !== undefined) return full;
  const room = Math.min(offload.segment, MAX_PACKET) - network.family.headerBytes - HEADER - optionBytes(tcb);
  return Math.max(Math.floor(room / full), 1) * full;
}

/**
 * Sends `length` bytes of the send queue from sequence number `seq` with `flags`, and everything due to the peer:
 * acknowledgment, window, timestamps, SACK blocks. Without a free packet nothing leaves, which is a loss like any other.
 */
export function transmit(tcb: Tcb, seq: number, length: number, flags: number): void {
  const { network, clock } = tcb.host;
  const syn = (flags & SYN) !== 0;
  const header = HEADER + (syn ? synOptionBytes(tcb) : optionBytes(tcb));
  const full = segmentRoom(tcb); // now: some options are told once
  if (length > 0) tcb.lastSent = (clock.now / MILLISECOND) | 0;
  const packet = network.environment.pool.take(header + length);
  if (packet === undefined) return;
  const ack = (flags & ACK) !== 0;
  const { activity } = tcb;
  if (activity.probing !== undefined && ((seq - tcb.sndMax) | 0) < 0) sentAgain(tcb, activity.probing, seq);
  let isMarkable = false;
  if (tcb.ecn && !syn) {
    // What the window has no room for is a probe of it, and not new (RFC 3168 §6.1.6).
    isMarkable = length > 0 && ((seq - tcb.sndMax) | 0) >= 0 && tcb.sndWnd > 0;
    if (length > 0 && !isMarkable && tcb.isRecovering && !activity.reduced) windowReduced(tcb);
    flags |= ecnFlags(tcb, isMarkable);
  }
  writeHeader(
    packet,
    tcb.localPort,
    tcb.remotePort,
    seq,
    ack ? tcb.rcvNxt : 0,
    header,
    flags,
    offerWindow(tcb, syn),
  );
  if (syn) writeSynOptions(tcb, packet, offeredMss(tcb));
  else writeOptions(tcb, packet);
  if (activity.urgentEnd !== undefined && !syn) markUrgent(tcb, packet, seq);
  if (length > 0) {
    if (((seq - tcb.sndMax) | 0) < 0) tcb.recovery!.statistics.retransmitted += length;
    if (tcb.host.settings.quickAcks > 0 && tcb.bytesReceived > 0) tcb.interactive = true;
    const queue = tcb.sendQueue!;
    queue.copy((seq - tcb.sndEnd + queue.length) | 0, length, packet.bytes, packet.start + header);
  }
  if (ack) {
    tcb.lastAckSent = tcb.rcvNxt;
    tcb.ackNow = tcb.pushed = false;
    disarmDelayedAck(tcb);
  }
  if (length > full) {
    packet.segmentSize = full;
    packet.segmentHeaders = network.family.headerBytes + header;
  }
  const { options } = activity;
  const how =
    options === undefined ? (isMarkable ? MARKABLE : PLAIN) : isMarkable ? options.markable : options.plain;
  const failure = send(network, packet, tcb.localAddress, tcb.peer, how);
  if (failure === undefined) return;
  tcb.softError = failure;
  // The route or the link is another, and takes less: what is sent from now on fits (RFC 1191 §6.4).
  if (failure.code === 'EMSGSIZE') updateMss(tcb);
}

/** RFC 9293 §3.8.5, RFC 6093 §2: the urgent pointer leads behind the last urgent byte. */
function markUrgent(tcb: Tcb, packet: Packet, seq: number): void {
  const ahead = (tcb.activity.urgentEnd! - seq) | 0;
  if (((tcb.activity.urgentEnd! - tcb.sndUna) | 0) <= 0) tcb.activity.urgentEnd = undefined;
  if (ahead <= 0) return;
  packet.setU8(packet.start + FLAGS, packet.u8(packet.start + FLAGS) | URG);
  packet.setU16(packet.start + URGENT_POINTER, Math.min(ahead, 0xffff));
}

function send(
  network: NetworkLayer,
  packet: Packet,
  source: Address,
  destination: Address,
  options: OutputOptions,
): Failure | undefined {
  const pseudo = network.family.pseudoHeader(source, destination, TCP, packet.length);
  if (packet.length > CHECKSUM_WORTH && network.offload(destination) !== undefined) {
    packet.checksum = PARTIAL;
    packet.checksumStart = packet.start;
    packet.checksumField = CHECKSUM;
    packet.setU16(packet.start + CHECKSUM, fold(pseudo));
  } else {
    packet.setU16(packet.start + CHECKSUM, finish(addBytes(packet, packet.start, packet.end, pseudo)));
  }
  return network.output(packet, source, destination, TCP, options);
}

/** Free buffer as the window field. The right edge moves by a worthwhile step or stays (RFC 9293 §3.8.6.2.2). */
function offerWindow(tcb: Tcb, syn: boolean): number {
  const step = Math.min(tcb.rcvLimit >> 1, tcb.rcvMss === 0 ? tcb.mss : tcb.rcvMss);
  let edge = (tcb.rcvNxt + freeReceiveBuffer(tcb)) | 0;
  if (((edge - tcb.rcvEdge) | 0) < step) edge = tcb.rcvEdge;
  const shift = syn ? 0 : tcb.rcvShift; // RFC 7323 §2.2: never scaled in a SYN
  const window = Math.min(((edge - tcb.rcvNxt) | 0) >> shift, 0xffff);
  const offered = (tcb.rcvNxt + (window << shift)) | 0;
  // RFC 7323 §2.4: the field is rounded down, but what was once offered stays in window.
  if (((offered - tcb.rcvEdge) | 0) > 0) tcb.rcvEdge = offered;
  return window;
}

export function freeReceiveBuffer(tcb: Tcb): number {
  const { rcvLimit } = tcb;
  const most = tcb.host.buffers.isShort ? Math.min(SHORT_BUFFER, rcvLimit) : rcvLimit;
  return Math.max(most - tcb.unread, 0);
}

export function sendAck(tcb: Tcb): void {
  transmit(tcb, tcb.sndNxt, 0, ACK);
}

/** SYN, or SYN and ACK; `SND.NXT` moves behind it. */
export function sendSyn(tcb: Tcb): void {
  let flags = tcb.state === 'SYN-RECEIVED' ? SYN | ACK : SYN;
  // RFC 3168 §6.1.1.1: the path may be one that drops a SYN which asks for ECN.
  if (flags === SYN && tcb.synLost) tcb.ecn = false;
  if (tcb.ecn) flags |= flags === SYN ? ECE | CWR : ECE;
  transmit(tcb, tcb.iss, 0, flags);
  const end = (tcb.iss + 1) | 0;
  if (tcb.log === undefined) logSent(tcb, end);
  else tcb.log.retransmitted(tcb.log.first, tcb.iss, end, tcb.host.clock.now | 0);
  tcb.sndNxt = tcb.sndMax = end;
}

/** Everything up to `end` has now been sent, SND.NXT not moved yet. */
export function logSent(tcb: Tcb, end: number): void {
  if (tcb.log === undefined) {
    tcb.log = tcb.host.flights.take(tcb.sndNxt);
    tcb.recovery?.rack.rest();
  }
  tcb.log.push(end, tcb.host.clock.now | 0);
}

/** RFC 5961 §3.2, §4.2, §5.2. False when this connection has sent enough of them in this second (§7). */
export function challengeAck(tcb: Tcb): boolean {
  const second = (tcb.host.clock.now / SECOND) << 4;
  if ((tcb.challenges & ~0xf) !== second) tcb.challenges = second;
  if ((tcb.challenges & 0xf) >= CHALLENGE_ACKS_PER_SECOND) return false;
  tcb.challenges++;
  sendAck(tcb);
  return true;
}

/**
 * The reset of a connection of ours (RFC 9293 §3.10.5): <SEQ=SND.NXT><ACK=RCV.NXT><CTL=RST,ACK>. It carries timestamps,
 * as every segment does once they are agreed (RFC 7323 §3.2).
 */
export function sendReset(tcb: Tcb): void {
  const { network } = tcb.host;
  const header = HEADER + (tcb.timestamps ? TIMESTAMP_BYTES : 0);
  const packet = network.environment.pool.take(header);
  if (packet === undefined) return;
  const { localPort, remotePort, sndNxt, rcvNxt } = tcb;
  writeHeader(packet, localPort, remotePort, sndNxt, rcvNxt, header, RST | ACK, 0);
  if (tcb.timestamps) writeTimestamps(tcb, packet);
  send(network, packet, tcb.localAddress, tcb.peer, tcb.options?.plain ?? PLAIN);
}

/** A SYN-ACK without a connection: what is kept is kept by the peer (RFC 4987 §3.6). */
export interface CookieAnswer {
  /** The sequence number. */
  readonly cookie: number;
  readonly window: number;
  /** Our timestamp with what is agreed; undefined for a peer without timestamps. */
  readonly stamp: number | undefined;
  readonly shift: number;
  /** The largest segment that the owner takes. */
  readonly most?: number;
}

export function sendCookie(
  network: NetworkLayer,
  { cookie, window, stamp, shift, most }: CookieAnswer,
  segment: Segment,
  local: Address,
  localPort: number,
  remote: Address,
  remotePort: number,
): void {
  const header = HEADER + cookieOptionBytes(stamp);
  const packet = network.environment.pool.take(header);
  if (packet === undefined) return;
  const ack = (segment.seq + 1) | 0;
  const flags = isEcnStamp(stamp) ? SYN | ACK | ECE : SYN | ACK;
  writeHeader(packet, localPort, remotePort, cookie, ack, header, flags, window);
  const link = roomOf(network, network.linkMtu(remote));
  writeCookieOptions(packet, Math.min(link, most ?? link), stamp, segment.tsVal, shift);
  send(network, packet, local, remote, PLAIN);
}

/** The answer to a segment that no connection takes, RFC 9293 §3.10.7.1; `segment` is not itself a reset. */
export function sendResetFor(
  network: NetworkLayer,
  segment: Segment,
  local: Address,
  localPort: number,
  remote: Address,
  remotePort: number,
): void {
  const packet = network.environment.pool.take(HEADER);
  if (packet === undefined) return;
  if ((segment.flags & ACK) !== 0) {
    writeHeader(packet, localPort, remotePort, segment.ack, 0, HEADER, RST, 0);
  } else {
    writeHeader(packet, localPort, remotePort, 0, (segment.seq + segment.length) | 0, HEADER, RST | ACK, 0);
  }
  send(network, packet, local, remote, PLAIN);
}

/** The same for a connection of ours. */
export function resetFor(tcb: Tcb, segment: Segment): void {
  const { network } = tcb.host;
  sendResetFor(network, segment, tcb.localAddress, tcb.localPort, tcb.peer, tcb.remotePort);
}

/** Flags of a data segment that ends at `end`: the FIN rides on the last byte, PSH says the queue is empty. */
export function dataFlags(tcb: Tcb, end: number, length: number, fin: boolean): number {
  let flags = ACK;
  if (fin) flags |= FIN;
  if (length > 0 && end === tcb.sndEnd) flags |= PSH;
  return flags;
}
