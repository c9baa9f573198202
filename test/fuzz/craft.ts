/** The packets that operations ask for, made from honest ones and from what the stack has sent. */
import { FIX_LENGTHS, FIX_SUMS, type Operation, patch } from './operation.ts';
import {
  ACK,
  type Bytes,
  FIN,
  FRAGMENT,
  fixLengths,
  fixSums,
  frame,
  ICMP,
  ICMPV6,
  IPV4_TYPE,
  IPV6_TYPE,
  i32,
  icmp,
  ip4,
  ip6,
  ipOffset,
  join,
  put16,
  put32,
  SYN,
  TCP,
  transportOf,
  turned,
  u16,
} from './packets.ts';

/** A link as the other end sees it. */
export interface Link {
  readonly medium: 'ethernet' | 'ip';
  /** Of the stack on it, and ours. */
  readonly mac: Bytes;
  readonly ourMac: Bytes;
  /** What the stack has sent, newest last. */
  readonly sent: readonly Bytes[];
}

/** Undefined when the operation asks for a packet that was never sent. */
export function craft(op: Operation, link: Link, templates: readonly Bytes[]): Bytes[] {
  switch (op.kind) {
    case 'frame':
      return [finished(op.body.slice(), op.a, link)];
    case 'template':
      return [changed(onLink(templates[op.b % templates.length]!.slice(), link), op, op.body, link)];
    case 'reply': {
      const answer = sent(op, link);
      const back = answer && turned(answer, link.medium, link.ourMac);
      return back === undefined ? [] : [changed(back, op, op.body, link)];
    }
    case 'quote': {
      const about = sent(op, link);
      const error = about && quoted(about, op.body, link);
      return error === undefined ? [] : [changed(error, op, op.body.subarray(6), link)];
    }
    case 'segment': {
      const last = lastSegment(op, link);
      return last === undefined ? [] : [finished(segment(last, op.body, link), op.a, link)];
    }
    case 'fragments':
      return fragments(templates[op.b % templates.length]!, op.body).map((piece) =>
        finished(onLink(piece, link), op.a, link),
      );
    case 'time':
    case 'call':
      return [];
  }
}

function sent({ b }: Operation, { sent }: Link): Bytes | undefined {
  return sent[sent.length - 1 - (b % 16)];
}

/** A frame around a bare packet, to the group's MAC when it is for a group (RFC 1112 §6.4, RFC 2464 §7). */
export function onLink(packet: Bytes, link: Link): Bytes {
  if (link.medium === 'ip') return packet;
  const version = packet[0]! >> 4;
  // A packet that is neither is an ARP packet.
  if (version === 0) return frame(new Array<number>(6).fill(255), link.ourMac, 0x0806, packet);
  const to = version === 4 ? 16 : 24;
  let mac: Bytes | number[] = link.mac;
  if (version === 6 && packet[to] === 255) mac = [0x33, 0x33, ...packet.subarray(36, 40)];
  else if (version === 4 && packet[to] === 255) mac = new Array<number>(6).fill(255);
  else if (version === 4 && packet[to]! >> 4 === 14)
    mac = [1, 0, 0x5e, packet[17]! & 127, packet[18]!, packet[19]!];
  return frame(mac, link.ourMac, version === 4 ? IPV4_TYPE : IPV6_TYPE, packet);
}

function changed(bytes: Bytes, op: Operation, changes: Bytes, link: Link): Bytes {
  patch(bytes, changes);
  return finished(bytes, op.a, link);
}

function finished(bytes: Bytes, bits: number, { medium }: Link): Bytes {
  const ip = ipOffset(bytes, medium);
  if (medium === 'ethernet' && (bytes.length < 34 || u16(bytes, 12) === 0x0806)) return bytes;
  if ((bits & FIX_LENGTHS) !== 0) fixLengths(bytes, ip);
  if ((bits & FIX_SUMS) !== 0) fixSums(bytes, ip);
  return bytes;
}

/** An error as a router would send it: type, code and the word of bytes 4 to 7 come from `how`. */
function quoted(about: Bytes, how: Bytes, link: Link): Bytes | undefined {
  const ip = ipOffset(about, link.medium);
  const version = (about[ip] ?? 0) >> 4;
  const body = about.slice(ip, ip + 576);
  const [type = 0, code = 0] = how;
  const word = i32(how, 2);
  let error: Bytes;
  if (version === 4)
    error = ip4({ protocol: ICMP }, icmp([3, 11, 12, 5, 4, type][type % 6]!, code & 15, word, body));
  else if (version === 6)
    error = ip6({ next: ICMPV6 }, icmp([1, 2, 3, 4, 137, type][type % 6]!, code & 7, word, body));
  else return undefined;
  const bytes = version === 4 ? 4 : 16;
  // To whoever sent it; from whom it was meant for.
  const source = version === 4 ? 12 : 8;
  error.set(body.subarray(source, source + bytes), source + bytes);
  error.set(body.subarray(source + bytes, source + 2 * bytes), source);
  return onLink(error, link);
}

function lastSegment({ b }: Operation, { sent, medium }: Link): Bytes | undefined {
  let left = b & 7;
  for (let i = sent.length - 1; i >= 0; i--) {
    const bytes = sent[i]!;
    const ip = ipOffset(bytes, medium);
    const { protocol, at } = transportOf(bytes, ip);
    if (protocol === TCP && bytes.length >= at + 20 && left-- === 0) return bytes;
  }
  return undefined;
}

/**
 * The next segment of the other end: as the answer to `last`, but flags, differences to the expected sequence and
 * acknowledgement numbers, window, urgent pointer, options and length of data come from `how`.
 */
function segment(last: Bytes, how: Bytes, link: Link): Bytes {
  const back = turned(last, link.medium, link.ourMac);
  if (back === undefined) return last;
  const ip = ipOffset(back, link.medium);
  const { at } = transportOf(back, ip);
  const flags = how[0] ?? ACK;
  put32(back, at + 4, (i32(back, at + 4) + signed16(how, 1)) | 0);
  put32(back, at + 8, (i32(back, at + 8) + signed16(how, 3)) | 0);
  back[at + 13] = flags;
  put16(back, at + 14, u16(how, 5));
  put16(back, at + 18, u16(how, 7));
  const given = how.subarray(10, 10 + Math.min(how[9] ?? 0, 40));
  const dataAt = 10 + given.length;
  const data = new Uint8Array(Math.min(u16(how, dataAt), 2_000)).fill(0x61);
  const own = back.subarray(at + 20);
  const options = given.length === 0 ? own : relative(given, i32(back, at + 8));
  const padding = new Array<number>((4 - (options.length & 3)) & 3).fill(0);
  const whole = join(back.subarray(0, at + 20), options, padding, data);
  whole[at + 12] = Math.min(5 + ((options.length + padding.length) >> 2), 15) << 4;
  fixLengths(whole, ip);
  return whole;
}

/** Edges of SACK blocks count from the acknowledgement number. */
function relative(options: Bytes, ack: number): Bytes {
  const out = options.slice();
  for (let at = 0; at + 2 < out.length; ) {
    const kind = out[at]!;
    const length = kind <= 1 ? 1 : Math.max(out[at + 1]!, 2);
    if (kind === 5) for (let i = at + 2; i + 4 <= at + length; i += 4) put32(out, i, (i32(out, i) + ack) | 0);
    at += length;
  }
  return out;
}

function signed16(bytes: Bytes, at: number): number {
  return (u16(bytes, at) << 16) >> 16;
}

/** A piece is marked as one more to come, without its last three bytes, or of another datagram. */
const MORE = 1;
const SHORT = 2;
const OTHER = 4;

/** `how`: one byte of identification, then for each piece its offset and length in units of 8 bytes, and its bits. */
export function fragments(whole: Bytes, how: Bytes): Bytes[] {
  const version = whole[0]! >> 4;
  const header = version === 4 ? (whole[0]! & 15) << 2 : 40;
  const payload = whole.subarray(header);
  const pieces: Bytes[] = [];
  for (let i = 1; i + 3 <= how.length && pieces.length < 16; i += 3) {
    const offset = how[i]! << 3;
    const bits = how[i + 2]!;
    const isLast = (bits & MORE) === 0;
    const wanted = how[i + 1]! << 3;
    const held = new Uint8Array(wanted);
    held.set(payload.subarray(Math.min(offset, payload.length), Math.min(offset + wanted, payload.length)));
    // The last one ends where the datagram ends; others are filled up with zeros.
    const real = Math.max(payload.length - offset, 0);
    const end = isLast && real > 0 && real < wanted ? real : wanted;
    const data = held.subarray(0, Math.max((bits & SHORT) === 0 ? end : end - 3, 0));
    const id = how[0]! + (bits & OTHER);
    if (version === 4) {
      const piece = join(whole.subarray(0, header), data);
      put16(piece, 4, id);
      put16(piece, 6, (offset >> 3) | (isLast ? 0 : 0x2000));
      pieces.push(piece);
    } else if (version === 6) {
      const extension = [whole[6]!, 0, offset >> 8, (offset & 0xf8) | (isLast ? 0 : 1), 0, 0, 0, id];
      const piece = join(whole.subarray(0, header), extension, data);
      piece[6] = FRAGMENT;
      pieces.push(piece);
    }
  }
  return pieces;
}

/** Bytes of sequence space of a segment that stands at `at`. */
export function sequenceLength(bytes: Bytes, at: number): number {
  const flags = bytes[at + 13]!;
  return bytes.length - at - (bytes[at + 12]! >> 4) * 4 + (flags & SYN) / SYN + (flags & FIN);
}
