/** A vector played to an end. */
import {
  ACK,
  type Bytes,
  fixSums,
  i32,
  ipOffset,
  join,
  put16,
  put32,
  RST,
  SYN,
  TCP,
  transportOf,
} from '../../fuzz/packets.ts';
import { type Fields, fieldsOf, isOwnBusiness, type Outcome } from './compare.ts';
import type { End } from './end.ts';
import type { Vector } from './vectors.ts';

export function play(vector: Vector, end: End): Outcome {
  const { link, steps } = vector;
  end.delivered();
  const heard: Bytes[] = [];
  let isn: number | undefined;
  const answers: Fields[][] = [];
  for (const step of steps) {
    const packet = typeof step === 'function' ? step(heard) : step;
    const sent = end
      .give(packet)
      .filter((bytes) => !isOwnBusiness(bytes, link) && isAbout(packet, bytes, link));
    heard.push(...sent);
    for (const bytes of sent) isn ??= isnOf(bytes, link);
    answers.push(sent.map((bytes) => fieldsOf(bytes, link, isn)));
  }
  const delivered = end.delivered();
  // A half-open connection would be heard of again.
  const last = heard.findLast(
    (bytes) => transportOf(bytes, ipOffset(bytes, mediumOf(link))).protocol === TCP,
  );
  if (last !== undefined) end.give(resetOf(last, link));
  return { answers, delivered };
}

const mediumOf = (link: 'tun' | 'tap') => (link === 'tap' ? 'ethernet' : 'ip');

/** A segment of another vector's connection that is sent again is no answer. */
function isAbout(packet: Bytes, answer: Bytes, link: 'tun' | 'tap'): boolean {
  const a = transportOf(packet, ipOffset(packet, mediumOf(link)));
  const b = transportOf(answer, ipOffset(answer, mediumOf(link)));
  if (b.protocol !== TCP) return true;
  if (a.protocol !== TCP || packet.length < a.at + 4) return false;
  return packet[a.at] === answer[b.at + 2] && packet[a.at + 1] === answer[b.at + 3];
}

function isnOf(bytes: Bytes, link: 'tun' | 'tap'): number | undefined {
  const { protocol, at } = transportOf(bytes, ipOffset(bytes, mediumOf(link)));
  return protocol === TCP && (bytes[at + 13]! & (SYN | ACK)) === (SYN | ACK) ? i32(bytes, at + 4) : undefined;
}

/** Where its sender expects it. */
function resetOf(bytes: Bytes, link: 'tun' | 'tap'): Bytes {
  const ip = ipOffset(bytes, mediumOf(link));
  const { at } = transportOf(bytes, ip);
  const out = join(bytes.subarray(0, at + 20));
  const size = bytes[ip]! >> 4 === 4 ? 4 : 16;
  const source = bytes[ip]! >> 4 === 4 ? ip + 12 : ip + 8;
  out.copyWithin(source, source + size, source + 2 * size);
  out.set(bytes.subarray(source, source + size), source + size);
  out.set(bytes.subarray(at + 2, at + 4), at);
  out.set(bytes.subarray(at, at + 2), at + 2);
  if (link === 'tap') {
    out.copyWithin(0, 6, 12);
    out.set(bytes.subarray(0, 6), 6);
  }
  put32(out, at + 4, i32(bytes, at + 8));
  out[at + 12] = 0x50;
  out[at + 13] = RST;
  if (size === 4) put16(out, ip + 2, out.length - ip);
  else put16(out, ip + 4, out.length - ip - 40);
  fixSums(out, ip);
  return out;
}
