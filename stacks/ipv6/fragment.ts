/** Fragmentation by the source: RFC 8200 §4.5. Routers never fragment. */
import type { Packet } from '../packet/packet.ts';
import type { PacketPool } from '../packet/pool.ts';
import { FRAGMENT_BYTES, HEADER_BYTES, writeFragmentHeader } from '../wire/ipv6.ts';

/**
 * The pieces of `packet`, whose `start` is at the upper-layer header: each begins with a fragment header and is ready
 * for an IPv6 header, and none is longer than `mtu` with it. Undefined when the pool has no room for all of them.
 * `packet` stays the caller's.
 */
export function fragment(
  pool: PacketPool,
  packet: Packet,
  mtu: number,
  protocol: number,
  id: number,
): Packet[] | undefined {
  const most = (mtu - HEADER_BYTES - FRAGMENT_BYTES) & ~7;
  const length = packet.length;
  const pieces: Packet[] = [];
  for (let offset = 0; offset < length; offset += most) {
    const size = Math.min(most, length - offset);
    const piece = pool.take(FRAGMENT_BYTES + size);
    if (piece === undefined) {
      for (const taken of pieces) pool.release(taken);
      return undefined;
    }
    writeFragmentHeader(piece, piece.start, protocol, offset, offset + size < length, id);
    const from = packet.start + offset;
    piece.bytes.set(packet.bytes.subarray(from, from + size), piece.start + FRAGMENT_BYTES);
    pieces.push(piece);
  }
  return pieces;
}
