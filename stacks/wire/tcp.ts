/**
 * The TCP header: RFC 9293 §3.1.
 *
 *     0                   1                   2                   3
 *     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  0 |          Source Port          |       Destination Port        |
 *    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  4 |                        Sequence Number                        |
 *    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  8 |                    Acknowledgment Number                      |
 *    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * 12 |  Data |       |C|E|U|A|P|R|S|F|                               |
 *    | Offset| Rsrvd |W|C|R|C|S|S|Y|I|            Window             |
 *    |       |       |R|E|G|K|H|T|N|N|                               |
 *    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * 16 |           Checksum            |         Urgent Pointer        |
 *    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * 20 |                           [Options]                           |
 *    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *    |                             Data                              |
 */
import type { Packet } from '../packet/packet.ts';
import type { DropReason } from '../packet/verdict.ts';

/** The protocol number (IANA). */
export const TCP = 6;

export const SOURCE_PORT = 0;
export const DESTINATION_PORT = 2;
export const SEQUENCE = 4;
export const ACKNOWLEDGMENT = 8;
export const DATA_OFFSET = 12;
export const FLAGS = 13;
export const WINDOW = 14;
export const CHECKSUM = 16;
export const URGENT_POINTER = 18;
/** Bytes of the header without options. */
export const HEADER = 20;

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;
export const URG = 0x20;
/** RFC 3168 §6.1 */
export const ECE = 0x40;
export const CWR = 0x80;

/** Bytes of the header with its options; `packet.start` is at the header, which `check` has passed. */
export function headerLength(packet: Packet): number {
  return (packet.bytes[packet.start + DATA_OFFSET]! >>> 4) * 4;
}

/** The one validation: after it every field and every option byte can be read without looking at lengths again. */
export function check(packet: Packet): DropReason | undefined {
  if (packet.length < HEADER) return 'runt';
  const header = headerLength(packet);
  return header < HEADER || header > packet.length ? 'bad-length' : undefined;
}

/** Writes the fixed header at `packet.start`, checksum and urgent pointer zero; `header` in bytes, a multiple of 4. */
export function writeHeader(
  packet: Packet,
  sourcePort: number,
  destinationPort: number,
  sequence: number,
  acknowledgment: number,
  header: number,
  flags: number,
  window: number,
): void {
  const at = packet.start;
  packet.setU16(at + SOURCE_PORT, sourcePort);
  packet.setU16(at + DESTINATION_PORT, destinationPort);
  packet.setI32(at + SEQUENCE, sequence);
  packet.setI32(at + ACKNOWLEDGMENT, acknowledgment);
  packet.setU8(at + DATA_OFFSET, (header >> 2) << 4);
  packet.setU8(at + FLAGS, flags);
  packet.setU16(at + WINDOW, window);
  packet.setU16(at + CHECKSUM, 0);
  packet.setU16(at + URGENT_POINTER, 0);
}
