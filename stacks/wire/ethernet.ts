/**
 * Ethernet II: IEEE 802.3 §3, RFC 894 (IPv4), RFC 2464 (IPv6), RFC 1112 §6.4 (IPv4 multicast).
 *
 *  0        6        12     14
 *  +--------+--------+------+---------
 *  |  dest  | source | type | payload
 *  +--------+--------+------+---------
 */
import { BROADCAST, MULTICAST, type Packet, UNICAST } from '../packet/packet.ts';
import type { DropReason } from '../packet/verdict.ts';

export const ETHERNET_HEADER = 14;
export const MAC_BYTES = 6;
export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_IPV6 = 0x86dd;

export const BROADCAST_MAC: Uint8Array = new Uint8Array(MAC_BYTES).fill(0xff);

/**
 * Checks the frame at `packet.start` and notes in `linkCast` how it was addressed. A frame to a group passes here:
 * IP decides by the address inside. The header stays; the caller reads `etherType` and moves `start`.
 */
export function checkFrame(packet: Packet, mac: Uint8Array): DropReason | undefined {
  if (packet.length < ETHERNET_HEADER) return 'runt';
  const at = packet.start;
  if ((packet.u8(at) & 1) === 0) {
    packet.linkCast = UNICAST;
    return isMac(packet, at, mac) ? undefined : 'not-for-me';
  }
  packet.linkCast = isMac(packet, at, BROADCAST_MAC) ? BROADCAST : MULTICAST;
  return undefined;
}

/** The header of frames to one station, kept as the 16-bit words that go into each: a quarter of the work. */
export class FrameHeader {
  readonly #w0: number;
  readonly #w1: number;
  readonly #w2: number;
  readonly #w3: number;
  readonly #w4: number;
  readonly #w5: number;
  readonly #type: number;

  constructor(to: Uint8Array, from: Uint8Array, type: number) {
    const bytes = new Uint8Array(ETHERNET_HEADER);
    bytes.set(to);
    bytes.set(from, MAC_BYTES);
    bytes[12] = type >>> 8;
    bytes[13] = type;
    const words = new Uint16Array(bytes.buffer);
    this.#w0 = words[0]!;
    this.#w1 = words[1]!;
    this.#w2 = words[2]!;
    this.#w3 = words[3]!;
    this.#w4 = words[4]!;
    this.#w5 = words[5]!;
    this.#type = words[6]!;
  }

  /** Is the frame, an index of words, addressed to this header's destination, and of its type? */
  isAt(words: Uint16Array, at: number): boolean {
    return (
      words[at + 2] === this.#w2 &&
      words[at + 1] === this.#w1 &&
      words[at] === this.#w0 &&
      words[at + 6] === this.#type
    );
  }

  write(words: Uint16Array, at: number): void {
    words[at] = this.#w0;
    words[at + 1] = this.#w1;
    words[at + 2] = this.#w2;
    words[at + 3] = this.#w3;
    words[at + 4] = this.#w4;
    words[at + 5] = this.#w5;
    words[at + 6] = this.#type;
  }
}

/** Of the frame at `packet.start`. */
export function etherType(packet: Packet): number {
  return packet.u16(packet.start + 12);
}

/** Writes the header into the headroom; `packet.start` moves to it. */
export function prependEthernet(packet: Packet, to: Uint8Array, from: Uint8Array, type: number): void {
  const at = packet.start - ETHERNET_HEADER;
  const bytes = packet.bytes;
  // Written out: this happens to every frame, and a loop or a `set` costs several times as much.
  bytes[at] = to[0]!;
  bytes[at + 1] = to[1]!;
  bytes[at + 2] = to[2]!;
  bytes[at + 3] = to[3]!;
  bytes[at + 4] = to[4]!;
  bytes[at + 5] = to[5]!;
  bytes[at + 6] = from[0]!;
  bytes[at + 7] = from[1]!;
  bytes[at + 8] = from[2]!;
  bytes[at + 9] = from[3]!;
  bytes[at + 10] = from[4]!;
  bytes[at + 11] = from[5]!;
  packet.setU16(at + 12, type);
  packet.start = at;
}

export function isMac(packet: Packet, at: number, mac: Uint8Array): boolean {
  const bytes = packet.bytes;
  return (
    bytes[at + 5] === mac[5] &&
    bytes[at + 4] === mac[4] &&
    bytes[at + 3] === mac[3] &&
    bytes[at + 2] === mac[2] &&
    bytes[at + 1] === mac[1] &&
    bytes[at] === mac[0]
  );
}

/** True for an address that one station can have: no group bit, not all zero (IEEE 802 §8). */
export function isStation(packet: Packet, at: number): boolean {
  const b = packet.bytes;
  return (
    (b[at]! & 1) === 0 && (b[at]! | b[at + 1]! | b[at + 2]! | b[at + 3]! | b[at + 4]! | b[at + 5]!) !== 0
  );
}

export function sameMac(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < MAC_BYTES; i++) if (a[i] !== b[i]) return false;
  return true;
}
