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

/** The header of frames to one station, kept as the words that go into each: a few stores instead of fourteen. */
export class FrameHeader {
  readonly #w0: number;
  readonly #w1: number;
  readonly #w2: number;
  readonly #type: number;

  constructor(to: Uint8Array, from: Uint8Array, type: number) {
    const bytes = new Uint8Array(ETHERNET_HEADER);
    bytes.set(to);
    bytes.set(from, MAC_BYTES);
    const view = new DataView(bytes.buffer);
    this.#w0 = view.getInt32(0);
    this.#w1 = view.getInt32(4);
    this.#w2 = view.getInt32(8);
    this.#type = type;
  }

  /** Is the frame at `at` addressed to this header's destination, and of its type? */
  isAt(view: DataView, at: number): boolean {
    return (
      view.getInt32(at) === this.#w0 &&
      view.getUint16(at + 4) === this.#w1 >>> 16 &&
      view.getUint16(at + 12) === this.#type
    );
  }

  /** `| 0` spares a way through floating point, which V8 takes with what it only knows to be a number. */
  write(view: DataView, at: number): void {
    view.setInt32(at, this.#w0 | 0);
    view.setInt32(at + 4, this.#w1 | 0);
    view.setInt32(at + 8, this.#w2 | 0);
    view.setInt16(at + 12, this.#type | 0);
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

/** `02:00:00:00:00:01`. */
export function formatMac(mac: Uint8Array): string {
  return Array.from(mac, (byte) => byte.toString(16).padStart(2, '0')).join(':');
}
