/**
 * What a device with offload does, for one without: completes a `PARTIAL` checksum and cuts a super-segment into the
 * segments that it stands for. Read first: packet.ts (`segmentSize`, `checksum`), RFC 9293 §3.1, RFC 768,
 * RFC 3168 §6.1.2 (CWR), RFC 1071.
 */
import { addBytes, finish, fold } from '../packet/checksum.ts';
import type { Offload } from '../packet/device.ts';
import { PARTIAL, type Packet, UNKNOWN } from '../packet/packet.ts';
import type { PacketPool } from '../packet/pool.ts';
import { CWR, FIN, FLAGS, PSH, SEQUENCE, CHECKSUM as TCP_CHECKSUM } from '../wire/tcp.ts';

const UDP_LENGTH = 4;

/** Corrects the IP header at `segment.start` for the segment's length; `index` counts from 0 in its super-segment. */
export type Resize = (segment: Packet, index: number) => void;

const WHOLE: readonly Packet[] = [];

/**
 * Makes of `packet` (`start` at the IP header) what the device below takes, when its link carries `mtu`. The packet is
 * then whole, or the first segment; the others are returned in order. Undefined, with the packet as it was, when there
 * are no buffers for them.
 */
export function prepare(
  packet: Packet,
  offload: Offload | undefined,
  mtu: number,
  pool: PacketPool,
  resize: Resize,
): readonly Packet[] | undefined {
  if (packet.segmentSize > 0) {
    const takes = offload !== undefined && packet.length <= offload.segment && packet.longest <= mtu;
    return takes ? WHOLE : cut(packet, pool, resize);
  }
  if (packet.checksum === PARTIAL && (offload === undefined || packet.length > mtu)) complete(packet);
  return WHOLE;
}

/** The sum over the pseudo-header stands in the field already, so all of the segment is added to it. */
export function complete(packet: Packet): void {
  const at = packet.checksumStart + packet.checksumField;
  const checksum = finish(addBytes(packet, packet.checksumStart, packet.end, 0));
  // RFC 768: zero says that there is no checksum, so a computed zero is sent as all ones.
  packet.setU16(at, checksum === 0 && packet.checksumField !== TCP_CHECKSUM ? 0xffff : checksum);
  packet.checksum = UNKNOWN;
}

function cut(packet: Packet, pool: PacketPool, resize: Resize): readonly Packet[] | undefined {
  const size = packet.segmentSize;
  const headers = packet.segmentHeaders;
  const first = packet.start + headers;
  const rest: Packet[] = [];
  for (let from = first + size; from < packet.end; from += size) {
    const data = Math.min(size, packet.end - from);
    const segment = pool.take(headers + data);
    if (segment === undefined) {
      for (const made of rest) pool.release(made);
      return undefined;
    }
    const { bytes, start } = packet;
    segment.bytes.set(bytes.subarray(start, start + headers), segment.start);
    segment.bytes.set(bytes.subarray(from, from + data), segment.start + headers);
    const shift = segment.start - start;
    segment.linkCast = packet.linkCast;
    segment.network = segment.start;
    segment.transport = packet.transport + shift;
    segment.checksumStart = packet.checksumStart + shift;
    segment.checksumField = packet.checksumField;
    rest.push(segment);
  }
  const whole = packet.end - packet.checksumStart;
  packet.end = Math.min(first + size, packet.end);
  packet.segmentSize = 0;
  seal(packet, 0, rest.length === 0, whole, 0, resize);
  for (let i = 0; i < rest.length; i++) {
    seal(rest[i]!, i + 1, i + 1 === rest.length, whole, (i + 1) * size, resize);
  }
  return rest;
}

/** The headers of one segment, `offset` bytes into the payload of a super-segment with `whole` bytes behind IP. */
function seal(
  segment: Packet,
  index: number,
  isLast: boolean,
  whole: number,
  offset: number,
  resize: Resize,
): void {
  const at = segment.checksumStart;
  const length = segment.end - at;
  resize(segment, index);
  if (segment.checksumField === TCP_CHECKSUM) {
    segment.setI32(at + SEQUENCE, (segment.i32(at + SEQUENCE) + offset) | 0);
    let flags = segment.u8(at + FLAGS);
    if (!isLast) flags &= ~(FIN | PSH);
    if (index > 0) flags &= ~CWR;
    segment.setU8(at + FLAGS, flags);
  } else {
    segment.setU16(at + UDP_LENGTH, length);
  }
  // The pseudo-header has the length in it: out with the old one, in with the new one (RFC 1071 §2).
  const field = at + segment.checksumField;
  segment.setU16(field, fold(segment.u16(field) + (~whole & 0xffff) + length));
  complete(segment);
}
