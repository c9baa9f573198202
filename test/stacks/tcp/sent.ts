import type { Packet } from '../../../stacks/packet/packet.ts';
import { HEADER } from '../../../stacks/wire/tcp.ts';

export interface Sent {
  time: number;
  from: string;
  sourcePort: number;
  destinationPort: number;
  seq: number;
  ack: number;
  flags: string;
  window: number;
  data: Uint8Array;
  mss: number | undefined;
  shift: number | undefined;
  sackPermitted: boolean;
  timestamp: [number, number] | undefined;
  sack: [number, number][];
  /** As the IP header has it. */
  trafficClass: number;
  urgent: number;
  /** Bytes of data that the device is to cut it into; 0 for one segment. */
  segmentSize: number;
}

export const LETTERS: [number, string][] = [
  [2, 'S'],
  [1, 'F'],
  [4, 'R'],
  [8, 'P'],
  [32, 'U'],
  [64, 'E'],
  [128, 'W'],
  [16, '.'],
];

export function decode(packet: Packet, time: number, from: string, trafficClass = 0): Sent {
  const at = packet.start;
  const flags = packet.u8(at + 13);
  const header = (packet.u8(at + 12) >> 4) * 4;
  const sent: Sent = {
    time,
    from,
    sourcePort: packet.u16(at),
    destinationPort: packet.u16(at + 2),
    seq: packet.i32(at + 4),
    ack: packet.i32(at + 8),
    flags: LETTERS.filter(([bit]) => (flags & bit) !== 0)
      .map(([, letter]) => letter)
      .join(''),
    window: packet.u16(at + 14),
    data: packet.copy(at + header),
    mss: undefined,
    shift: undefined,
    sackPermitted: false,
    timestamp: undefined,
    sack: [],
    trafficClass,
    urgent: packet.u16(at + 18),
    segmentSize: packet.segmentSize,
  };
  for (let i = at + HEADER; i < at + header; ) {
    const kind = packet.u8(i);
    if (kind === 0) break;
    if (kind === 1) {
      i++;
      continue;
    }
    const length = packet.u8(i + 1);
    if (kind === 2) sent.mss = packet.u16(i + 2);
    if (kind === 3) sent.shift = packet.u8(i + 2);
    if (kind === 4) sent.sackPermitted = true;
    if (kind === 8) sent.timestamp = [packet.i32(i + 2), packet.i32(i + 6)];
    if (kind === 5) {
      for (let j = i + 2; j < i + length; j += 8) sent.sack.push([packet.i32(j), packet.i32(j + 4)]);
    }
    i += length;
  }
  return sent;
}
