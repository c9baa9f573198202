/**
 * Packets that no honest peer sends. packetdrill has no words for them; these are ours, among the IP fields:
 * `< [bad-checksum] S 0:0(0) win 1000`, `< [land] S ...`, `< [data-offset 15] . ...`, `< [runt 12] ...`, `< [length -4] ...`.
 */
import { checksum, type Ends, pseudoHeader, TCP } from './codec.ts';
import type { Scanner } from './scanner.ts';
import type { Lies } from './syntax.ts';

/** The next word as a lie; undefined when it is none. */
export function parseLie(scanner: Scanner): Lies | undefined {
  const number = (): number => Number(scanner.need(/-?\d+/y, 'a number')[0]);
  if (scanner.take('bad-checksum')) return { badChecksum: true };
  if (scanner.take('land')) return { land: true };
  if (scanner.take('data-offset')) return { dataOffset: number() };
  if (scanner.take('runt')) return { runt: number() };
  if (scanner.take('length')) return { length: number() };
  return undefined;
}

export function lieText({ badChecksum, land, dataOffset, runt, length }: Lies): string[] {
  return [
    ...(badChecksum === true ? ['bad-checksum'] : []),
    ...(land === true ? ['land'] : []),
    ...(dataOffset === undefined ? [] : [`data-offset ${dataOffset}`]),
    ...(runt === undefined ? [] : [`runt ${runt}`]),
    ...(length === undefined ? [] : [`length ${length}`]),
  ];
}

/** `honest` is an IP packet with a TCP segment; all that is not lied about is as it must be. */
export function tell(lies: Lies, ends: Ends, honest: Uint8Array): Uint8Array {
  const { family } = ends;
  const at = family.headerBytes;
  const bytes = honest.slice(0, lies.runt === undefined ? honest.length : at + lies.runt);
  const view = new DataView(bytes.buffer);
  const from = lies.land === true ? { ...ends, source: ends.destination } : ends;
  const is4 = family.version === 4;
  if (lies.land === true) {
    family.write(from.source, bytes, is4 ? 12 : 8);
    view.setUint16(at, view.getUint16(at + 2));
  }
  if (lies.dataOffset !== undefined) bytes[at + 12] = (lies.dataOffset << 4) | (bytes[at + 12]! & 15);
  if (is4) {
    view.setUint16(2, bytes.length + (lies.length ?? 0));
    view.setUint16(10, 0);
    view.setUint16(10, checksum(bytes.subarray(0, at), 0));
  } else {
    view.setUint16(4, bytes.length - at + (lies.length ?? 0));
  }
  const segment = bytes.subarray(at);
  if (segment.length < 18) return bytes; // too short to have one
  view.setUint16(at + 16, 0);
  const sum = checksum(segment, pseudoHeader(from, TCP, segment.length));
  view.setUint16(at + 16, lies.badChecksum === true ? sum ^ 0x0101 : sum);
  return bytes;
}
