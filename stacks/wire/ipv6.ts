/**
 * The IPv6 header and the fixed parts of its extension headers: RFC 8200 §3, §4.
 *
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   0 |Version| Traffic Class |             Flow Label                |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   4 |         Payload Length        |  Next Header  |   Hop Limit   |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   8 |                         Source Address (16)                   |
 *  24 |                      Destination Address (16)                 |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
import type { Address } from '../address/address.ts';
import { ipv6 } from '../address/ipv6.ts';
import type { Packet } from '../packet/packet.ts';
import type { DropReason } from '../packet/verdict.ts';

export const HEADER_BYTES = 40;
export const PAYLOAD_LENGTH = 4;
export const NEXT_HEADER = 6;
export const HOP_LIMIT = 7;
export const SOURCE = 8;
export const DESTINATION = 24;

/** The largest payload: the field has 16 bits and jumbograms (RFC 2675) are not taken. */
export const MAX_PAYLOAD = 65_535;
/** RFC 8200 §5. */
export const MINIMUM_MTU = 1_280;

/** Next Header values (RFC 8200 §4, IANA protocol numbers). */
export const HOP_BY_HOP = 0;
export const TCP = 6;
export const UDP = 17;
export const ROUTING = 43;
export const FRAGMENT = 44;
export const ICMPV6 = 58;
export const NO_NEXT_HEADER = 59;
export const DESTINATION_OPTIONS = 60;

/**
 * The fragment header, RFC 8200 §4.5:
 *
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   0 |  Next Header  |   Reserved    |      Fragment Offset    |Res|M|
 *   4 |                         Identification                        |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
export const FRAGMENT_BYTES = 8;
export const FRAGMENT_OFFSET = 2;
export const FRAGMENT_ID = 4;
export const MORE_FRAGMENTS = 1;

/** The fragment's offset in bytes: the 13-bit field counts units of 8 bytes and stands above three flag bits. */
export function fragmentOffset(packet: Packet, at: number): number {
  return packet.u16(at + FRAGMENT_OFFSET) & 0xfff8;
}

export function moreFragments(packet: Packet, at: number): boolean {
  return (packet.u8(at + FRAGMENT_OFFSET + 1) & MORE_FRAGMENTS) !== 0;
}

export function writeFragmentHeader(
  packet: Packet,
  at: number,
  nextHeader: number,
  offset: number,
  more: boolean,
  id: number,
): void {
  packet.setU8(at, nextHeader);
  packet.setU8(at + 1, 0);
  packet.setU16(at + FRAGMENT_OFFSET, offset | (more ? MORE_FRAGMENTS : 0));
  packet.setI32(at + FRAGMENT_ID, id);
}

/**
 * Checks the fixed header at `packet.start`, sets `packet.network` and cuts off link padding behind the payload.
 * After it, every byte between `network` and `end` may be read.
 */
export function checkHeader(packet: Packet): DropReason | undefined {
  const at = packet.start;
  if (packet.end - at < HEADER_BYTES) return 'runt';
  if (packet.u8(at) >>> 4 !== 6) return 'bad-version';
  const end = at + HEADER_BYTES + packet.u16(at + PAYLOAD_LENGTH);
  if (end > packet.end) return 'bad-length';
  packet.end = end;
  packet.network = at;
  return undefined;
}

/** Puts a header in front of `packet.start`, into the headroom; the payload is what the packet held before. */
export function prependHeader(
  packet: Packet,
  nextHeader: number,
  hopLimit: number,
  trafficClass: number,
  flowLabel: number,
  source: Address,
  destination: Address,
): void {
  const payload = packet.length;
  const at = (packet.start -= HEADER_BYTES);
  packet.setI32(at, (6 << 28) | (trafficClass << 20) | (flowLabel & 0xfffff));
  packet.setU16(at + PAYLOAD_LENGTH, payload);
  packet.setU8(at + NEXT_HEADER, nextHeader);
  packet.setU8(at + HOP_LIMIT, hopLimit);
  ipv6.write(source, packet.bytes, at + SOURCE);
  ipv6.write(destination, packet.bytes, at + DESTINATION);
}

/** After a super-segment was cut. */
export function resizeSegment(segment: Packet): void {
  segment.setU16(segment.start + PAYLOAD_LENGTH, segment.length - HEADER_BYTES);
}

/** Room for a header and its chain in bounds: the type and length bytes of an extension header are at `at`. */
export function extensionLength(packet: Packet, at: number): number {
  return (packet.u8(at + 1) + 1) * 8;
}

/** Multicast scope (RFC 4291 §2.7): 1 interface, 2 link, 5 site, 8 organisation, 14 global. */
export function multicastScope(address: Address): number {
  return (address.w0 >>> 16) & 0xf;
}

/** Where `skim` found the upper-layer header. */
export interface Skimmed {
  /** Next Header value of the upper layer, -1 when the chain does not end inside the bytes given. */
  protocol: number;
  at: number;
  /** Offset into the original datagram when the chain held a fragment header, else 0. */
  fragment: number;
  /** A fragment header stood in the chain. */
  isFragment: boolean;
}

/**
 * Follows the chain from the header at `network` to the upper layer without acting on anything: for packets being
 * judged or quoted, of which `[network, end)` may be a part only. Every extension header is at least 8 bytes, so the
 * walk ends. A later fragment ends it at the fragment header's payload.
 */
export function skim(packet: Packet, network: number, end: number, into: Skimmed): void {
  let next = packet.u8(network + NEXT_HEADER);
  let at = network + HEADER_BYTES;
  into.fragment = 0;
  into.isFragment = false;
  for (;;) {
    if (next === FRAGMENT) {
      if (at + FRAGMENT_BYTES > end) break;
      into.fragment = fragmentOffset(packet, at);
      into.isFragment = true;
      next = packet.u8(at);
      at += FRAGMENT_BYTES;
      if (into.fragment !== 0) {
        into.protocol = next;
        into.at = at;
        return;
      }
    } else if (next === HOP_BY_HOP || next === DESTINATION_OPTIONS || next === ROUTING) {
      if (at + 8 > end) break;
      next = packet.u8(at);
      at += extensionLength(packet, at);
    } else {
      if (at > end) break;
      into.protocol = next;
      into.at = at;
      return;
    }
  }
  into.protocol = -1;
  into.at = end;
}
