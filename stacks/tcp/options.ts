/**
 * Options of the segments we send: RFC 9293 §3.2 (MSS), RFC 7323 (window scale, timestamps), RFC 2018 (SACK), RFC 5482
 * (user timeout).
 */
import type { Packet } from '../packet/packet.ts';
import { MILLISECOND } from '../time/clock.ts';
import { HEADER } from '../wire/tcp.ts';
import { TIMESTAMP_BYTES, TIMESTAMPS_ALONE } from './segment.ts';
import type { Tcb } from './tcb.ts';
import { userTimeoutWord } from './user-timeout.ts';

/** At most 24: MSS, SACK permitted with timestamps, window scale, user timeout. */
export function synOptionBytes(tcb: Tcb): number {
  const fixed = 4 + (tcb.windowScaling ? 4 : 0) + (tcb.options?.userTimeoutOption === true ? 4 : 0);
  return fixed + (tcb.timestamps ? TIMESTAMP_BYTES : tcb.sack ? 4 : 0);
}

export function optionBytes(tcb: Tcb): number {
  const fixed = (tcb.timestamps ? TIMESTAMP_BYTES : 0) + (tcb.activity.userTimeoutDue ? 4 : 0);
  const blocks = sackBlocks(tcb);
  return blocks === 0 ? fixed : fixed + 4 + 8 * blocks;
}

/**
 * RFC 2018 §3: three blocks beside timestamps, else four, and one less beside a user timeout; a D-SACK is the first of
 * them (RFC 2883 §4).
 */
function sackBlocks(tcb: Tcb): number {
  if (!tcb.sack) return 0;
  const duplicate = tcb.duplicateStart === tcb.duplicateEnd ? 0 : 1;
  if (tcb.receiveQueue === undefined || !tcb.receiveQueue.hasGap) return duplicate;
  const most = (tcb.timestamps ? 3 : 4) - (tcb.activity.userTimeoutDue ? 1 : 0);
  return duplicate + tcb.receiveQueue.blocks(most - duplicate);
}

/** The timestamp clock: milliseconds (RFC 7323 §5.4 wants 1 ms to 1 s a tick) from an offset of the connection's own. */
export function timestamp(tcb: Tcb): number {
  return (stampMillisecond(tcb) + tcb.tsOffset) | 0;
}

/** The same without the offset, int32. */
export function stampMillisecond(tcb: Tcb): number {
  return Math.floor(tcb.host.clock.now / MILLISECOND) | 0;
}

export function writeSynOptions(tcb: Tcb, packet: Packet, advertisedMss: number): void {
  let at = packet.start + HEADER;
  packet.setI32(at, 0x0204_0000 | advertisedMss);
  at += 4;
  if (tcb.timestamps) {
    packet.setI32(at, tcb.sack ? 0x0402_080a : TIMESTAMPS_ALONE);
    at = writeStamps(tcb, packet, at + 4);
  } else if (tcb.sack) {
    packet.setI32(at, 0x0101_0402);
    at += 4;
  }
  if (tcb.windowScaling) {
    packet.setI32(at, 0x0103_0300 | tcb.rcvShift);
    at += 4;
  }
  if (tcb.options?.userTimeoutOption === true) packet.setI32(at, userTimeoutWord(tcb.options));
}

/** NOP NOP and the timestamps; returns where the next option goes. */
export function writeTimestamps(tcb: Tcb, packet: Packet): number {
  const at = packet.start + HEADER;
  packet.setI32(at, TIMESTAMPS_ALONE);
  return writeStamps(tcb, packet, at + 4);
}

export function writeOptions(tcb: Tcb, packet: Packet): void {
  let at = tcb.timestamps ? writeTimestamps(tcb, packet) : packet.start + HEADER;
  const blocks = sackBlocks(tcb);
  if (tcb.activity.userTimeoutDue) {
    packet.setI32(at, userTimeoutWord(tcb.options!));
    tcb.activity.userTimeoutDue = false; // a suggestion: it is not repeated when it is lost (RFC 5482 §3.3)
    at += 4;
  }
  if (blocks === 0) return;
  packet.setI32(at, 0x0101_0500 | (2 + 8 * blocks));
  at += 4;
  let first = 0;
  if (tcb.duplicateStart !== tcb.duplicateEnd) {
    packet.setI32(at, tcb.duplicateStart);
    packet.setI32(at + 4, tcb.duplicateEnd);
    tcb.duplicateStart = tcb.duplicateEnd = 0; // each is told once (RFC 2883 §4)
    at += 8;
    first = 1;
  }
  for (let i = 0; i < blocks - first; i++, at += 8) {
    packet.setI32(at, tcb.receiveQueue!.blockStart(i));
    packet.setI32(at + 4, tcb.receiveQueue!.blockEnd(i));
  }
}

function writeStamps(tcb: Tcb, packet: Packet, at: number): number {
  packet.setI32(at, timestamp(tcb));
  packet.setI32(at + 4, tcb.tsRecent); // zero in a first SYN (RFC 7323 §3.2)
  return at + 8;
}
