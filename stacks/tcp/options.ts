/** Options of the segments we send: RFC 9293 §3.2 (MSS), RFC 7323 (window scale, timestamps), RFC 2018 (SACK). */
import type { Packet } from '../packet/packet.ts';
import { MILLISECOND } from '../time/clock.ts';
import { HEADER } from '../wire/tcp.ts';
import { TIMESTAMP_BYTES, TIMESTAMPS_ALONE } from './segment.ts';
import type { Tcb } from './tcb.ts';

/** Four NOP-padded options of a SYN at most: MSS, SACK permitted with timestamps, window scale. */
export function synOptionBytes(tcb: Tcb): number {
  return 4 + (tcb.windowScaling ? 4 : 0) + (tcb.timestamps ? TIMESTAMP_BYTES : tcb.sack ? 4 : 0);
}

export function optionBytes(tcb: Tcb): number {
  const fixed = tcb.timestamps ? TIMESTAMP_BYTES : 0;
  const blocks = sackBlocks(tcb);
  return blocks === 0 ? fixed : fixed + 4 + 8 * blocks;
}

/** RFC 2018 §3: three blocks beside timestamps, else four. */
function sackBlocks(tcb: Tcb): number {
  if (!tcb.sack || tcb.receiveQueue === undefined || !tcb.receiveQueue.hasGap) return 0;
  return tcb.receiveQueue.blocks(tcb.timestamps ? 3 : 4);
}

/** The timestamp clock: milliseconds (RFC 7323 §5.4 wants 1 ms to 1 s a tick) from an offset of the connection's own. */
export function timestamp(tcb: Tcb): number {
  return (Math.floor(tcb.host.clock.now / MILLISECOND) + tcb.tsOffset) | 0;
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
  if (tcb.windowScaling) packet.setI32(at, 0x0103_0300 | tcb.rcvShift);
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
  if (blocks === 0) return;
  packet.setI32(at, 0x0101_0500 | (2 + 8 * blocks));
  at += 4;
  for (let i = 0; i < blocks; i++, at += 8) {
    packet.setI32(at, tcb.receiveQueue!.blockStart(i));
    packet.setI32(at + 4, tcb.receiveQueue!.blockEnd(i));
  }
}

function writeStamps(tcb: Tcb, packet: Packet, at: number): number {
  packet.setI32(at, timestamp(tcb));
  packet.setI32(at + 4, tcb.tsRecent); // zero in a first SYN (RFC 7323 §3.2)
  return at + 8;
}
