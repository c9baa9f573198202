/**
 * The Internet checksum: RFC 1071 (how to add), RFC 1624 (how to update).
 *
 * A running sum is any non-negative integer below 2^53; `fold` brings it to 16 bits, `finish` complements it.
 */
import type { Packet } from './packet.ts';
import { LITTLE_ENDIAN } from './words.ts';

/** Sum of the 16-bit big-endian words in `[from, to)`, an odd last byte padded with zero (RFC 1071 §1), plus `sum`. */
export function addBytes(packet: Packet, from: number, to: number, sum: number): number {
  if ((from & 1) !== 0) return addUnaligned(packet.bytes, from, to, sum);
  const words = packet.words;
  const last = to >> 1;
  let i = from >> 1;
  let acc = 0;
  for (; i + 8 <= last; i += 8) {
    acc +=
      words[i]! +
      words[i + 1]! +
      words[i + 2]! +
      words[i + 3]! +
      words[i + 4]! +
      words[i + 5]! +
      words[i + 6]! +
      words[i + 7]!;
  }
  for (; i < last; i++) acc += words[i]!;
  // RFC 1071 §2(B): the sum may be taken in either byte order and swapped once at the end.
  let folded = fold(acc);
  if (LITTLE_ENDIAN) folded = ((folded & 0xff) << 8) | (folded >>> 8);
  if ((to & 1) !== 0) folded += packet.bytes[to - 1]! << 8;
  return sum + folded;
}

function addUnaligned(bytes: Uint8Array, from: number, to: number, sum: number): number {
  let i = from;
  for (; i + 1 < to; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!;
  if (i < to) sum += bytes[i]! << 8;
  return sum;
}

/** A 32-bit word as two 16-bit words, ready to add. */
export function addWord(word: number, sum: number): number {
  return sum + (word >>> 16) + (word & 0xffff);
}

export function fold(sum: number): number {
  // A sum over 2^32 cannot be folded by shifts; take its high part off by division first.
  if (sum > 0xffffffff) sum = (sum % 0x100000000) + Math.floor(sum / 0x100000000);
  while (sum > 0xffff) sum = (sum & 0xffff) + ((sum >>> 16) >>> 0);
  return sum;
}

/** The checksum field's value for a sum over everything else (the field itself counted as zero). */
export function finish(sum: number): number {
  return ~fold(sum) & 0xffff;
}

/** True when a sum that includes the checksum field is that of an intact header or segment. */
export function verifies(sum: number): boolean {
  return fold(sum) === 0xffff;
}

/** RFC 1624 §3, equation 3: HC' = ~(~HC + ~m + m') for one 16-bit word changed from `old` to `now`. */
export function update(checksum: number, old: number, now: number): number {
  return finish((~checksum & 0xffff) + (~old & 0xffff) + now);
}
