/** Fragmentation, at the sender and in routers: RFC 791 §3.2, RFC 1812 §4.2.2.7. */
import type { Packet } from '../packet/packet.ts';
import type { PacketPool } from '../packet/pool.ts';
import {
  fragmentOffset,
  IPV4_MAX_HEADER,
  MORE_FRAGMENTS,
  moreFragments,
  resizeHeader,
} from '../wire/ipv4.ts';
import { copyFragmentHeader } from '../wire/ipv4-options.ts';

/**
 * Cuts a datagram (`start` = `network`, DF clear) so that every piece fits `mtu`. The packet itself becomes the first
 * fragment; the others are returned in order. Undefined, with the packet unchanged, when there are no buffers.
 */
export function fragment(packet: Packet, mtu: number, pool: PacketPool): Packet[] | undefined {
  const header = packet.transport - packet.network;
  const base = fragmentOffset(packet, packet.network);
  const lastMore = moreFragments(packet, packet.network) ? MORE_FRAGMENTS : 0;
  const firstEnd = packet.transport + ((mtu - header) & ~7);
  const rest: Packet[] = [];
  for (let at = firstEnd; at < packet.end; ) {
    const piece = pool.take(Math.min(mtu, IPV4_MAX_HEADER + packet.end - at));
    if (piece === undefined) {
      for (const made of rest) pool.release(made);
      return undefined;
    }
    piece.network = piece.start;
    piece.transport = piece.start + copyFragmentHeader(packet, piece);
    const room = mtu - (piece.transport - piece.start);
    const isLast = packet.end - at <= room;
    const bytes = isLast ? packet.end - at : room & ~7;
    piece.bytes.set(packet.bytes.subarray(at, at + bytes), piece.transport);
    piece.end = piece.transport + bytes;
    const flags = isLast ? lastMore : MORE_FRAGMENTS;
    resizeHeader(piece, piece.start, piece.transport - piece.start, flags, base + at - packet.transport);
    rest.push(piece);
    at += bytes;
  }
  packet.end = firstEnd;
  resizeHeader(packet, packet.network, header, MORE_FRAGMENTS, base);
  return rest;
}
