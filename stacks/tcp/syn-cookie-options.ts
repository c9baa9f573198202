/**
 * What the 32 bits of a SYN cookie have no room for, when the peer has timestamps: the low bits of ours say it, and the
 * echo brings them back (RFC 4987 §3.6; RFC 7323 §5.4 leaves open what a timestamp begins with).
 *
 * Four bits of window scale, one each for SACK and ECN. Nobody vouches for them: a peer that forges them harms itself.
 */
import type { Packet } from '../packet/packet.ts';
import { HEADER } from '../wire/tcp.ts';
import { isEcnSetup } from './ecn.ts';
import { type Segment, TIMESTAMP_BYTES, TIMESTAMPS_ALONE } from './segment.ts';
import type { Settings } from './settings.ts';
import type { Tcb } from './tcb.ts';

const MASK = 0x3f;
/** The scale field of a connection without; the largest scale is 14 (RFC 7323 §2.3). */
const NO_SCALE = 0xf;
const SACK = 0x10;
const ECN = 0x20;

/** What is agreed with the SYN in `segment`, in the latest timestamp that says so and is not after `now`. */
export function stampOptions(now: number, segment: Segment, settings: Settings): number {
  let bits = settings.windowScaling && segment.shift >= 0 ? segment.shift : NO_SCALE;
  if (settings.sack && segment.sackPermitted) bits |= SACK;
  if (settings.ecn !== 'off' && isEcnSetup(segment)) bits |= ECN;
  const stamp = (now & ~MASK) | bits;
  return ((stamp - now) | 0) > 0 ? (stamp - MASK - 1) | 0 : stamp;
}

export function isEcnStamp(stamp: number | undefined): boolean {
  return stamp !== undefined && (stamp & ECN) !== 0;
}

const hasScale = (stamp: number): boolean => (stamp & NO_SCALE) !== NO_SCALE;

/** Bytes of the options of a SYN-ACK: the MSS, and what is agreed. */
export function cookieOptionBytes(stamp: number | undefined): number {
  return stamp === undefined ? 4 : 4 + TIMESTAMP_BYTES + (hasScale(stamp) ? 4 : 0);
}

/** `echo`: the peer's timestamp; `shift`: our own scale. */
export function writeCookieOptions(
  packet: Packet,
  mss: number,
  stamp: number | undefined,
  echo: number,
  shift: number,
): void {
  const at = packet.start + HEADER;
  packet.setI32(at, 0x0204_0000 | mss);
  if (stamp === undefined) return;
  packet.setI32(at + 4, (stamp & SACK) !== 0 ? 0x0402_080a : TIMESTAMPS_ALONE);
  packet.setI32(at + 8, stamp);
  packet.setI32(at + 12, echo);
  if (hasScale(stamp)) packet.setI32(at + 16, 0x0103_0300 | shift);
}

/** What was agreed with the peer that sends the cookie back; nothing without a timestamp. */
export function readCookieOptions(tcb: Tcb, segment: Segment): void {
  tcb.timestamps &&= segment.hasTimestamp;
  const stamp = tcb.timestamps ? segment.tsEcr : NO_SCALE;
  tcb.windowScaling &&= hasScale(stamp);
  tcb.sndShift = tcb.windowScaling ? stamp & NO_SCALE : 0;
  if (!tcb.windowScaling) tcb.rcvShift = 0;
  tcb.sack &&= (stamp & SACK) !== 0;
  tcb.ecn &&= (stamp & ECN) !== 0;
}
