/**
 * One arriving segment, read once: fields and options (RFC 9293 §3.2, RFC 7323 §2-3, RFC 2018 §2-3, RFC 5482 §3.2). A Tcp has one
 * instance and refills it, so reading allocates nothing.
 */
import type { Packet } from '../packet/packet.ts';
import { ACKNOWLEDGMENT, FIN, FLAGS, HEADER, headerLength, SEQUENCE, SYN, WINDOW } from '../wire/tcp.ts';

const END = 0;
const NOP = 1;
const MSS = 2;
const WINDOW_SCALE = 3;
const SACK_PERMITTED = 4;
const SACK = 5;
const TIMESTAMPS = 8;
const USER_TIMEOUT = 28;

/** Four blocks fill the 40 bytes of options (RFC 2018 §3). */
const MAX_BLOCKS = 4;
/** RFC 7323 appendix A: NOP, NOP, and the timestamps, as nearly every segment has them. */
export const TIMESTAMPS_ALONE = 0x0101_080a;
export const TIMESTAMP_BYTES = 12;
/** RFC 7323 §2.3 */
const MAX_SHIFT = 14;

export class Segment {
  seq = 0;
  ack = 0;
  flags = 0;
  /** As in the header, not scaled. */
  window = 0;
  /** The data in the packet's slab: `[from, to)`. */
  from = 0;
  to = 0;

  /** 0 when the option is absent. */
  mss = 0;
  /** -1 when the option is absent. */
  shift = -1;
  sackPermitted = false;
  hasTimestamp = false;
  tsVal = 0;
  tsEcr = 0;
  /** Seconds; 0 when the option is absent, or says the reserved 0 (RFC 5482 §3.5). */
  userTimeout = 0;
  blocks = 0;
  readonly edges: Int32Array = new Int32Array(2 * MAX_BLOCKS);

  /** SEG.LEN: data, SYN and FIN. */
  get length(): number {
    return this.to - this.from + ((this.flags & SYN) >> 1) + (this.flags & FIN);
  }

  /** `packet.start` is at a header that `check` has passed. False when the options do not parse. */
  read(packet: Packet): boolean {
    const at = packet.start;
    this.seq = packet.i32(at + SEQUENCE);
    this.ack = packet.i32(at + ACKNOWLEDGMENT);
    this.flags = packet.u8(at + FLAGS);
    this.window = packet.u16(at + WINDOW);
    this.from = at + headerLength(packet);
    this.to = packet.end;
    this.mss = 0;
    this.shift = -1;
    this.sackPermitted = this.hasTimestamp = false;
    this.blocks = this.userTimeout = 0;
    if (this.from === at + HEADER) return true;
    if (this.from === at + HEADER + TIMESTAMP_BYTES && packet.i32(at + HEADER) === TIMESTAMPS_ALONE) {
      this.hasTimestamp = true;
      this.tsVal = packet.i32(at + HEADER + 4);
      this.tsEcr = packet.i32(at + HEADER + 8);
      return true;
    }
    return this.#options(packet, at + HEADER, this.from);
  }

  #options(packet: Packet, at: number, end: number): boolean {
    const bytes = packet.bytes;
    while (at < end) {
      const kind = bytes[at]!;
      if (kind === END) return true;
      if (kind === NOP) {
        at++;
        continue;
      }
      // RFC 9293 §3.1: a length below 2 or past the header would loop or read the data; the segment is refused.
      const length = at + 1 < end ? bytes[at + 1]! : 0;
      if (length < 2 || at + length > end) return false;
      this.#option(packet, kind, at + 2, length - 2);
      at += length;
    }
    return true;
  }

  /** An option of a size that its kind cannot have is as good as absent (RFC 9293 §3.2: unknown options are ignored). */
  #option(packet: Packet, kind: number, at: number, length: number): void {
    switch (kind) {
      case MSS:
        if (length === 2) this.mss = packet.u16(at);
        return;
      case WINDOW_SCALE:
        if (length === 1) this.shift = Math.min(packet.u8(at), MAX_SHIFT);
        return;
      case SACK_PERMITTED:
        if (length === 0) this.sackPermitted = true;
        return;
      case TIMESTAMPS:
        if (length !== 8) return;
        this.hasTimestamp = true;
        this.tsVal = packet.i32(at);
        this.tsEcr = packet.i32(at + 4);
        return;
      case USER_TIMEOUT:
        if (length === 2) this.userTimeout = (packet.u16(at) & 0x7fff) * (packet.u8(at) > 0x7f ? 60 : 1);
        return;
      case SACK:
        if (length % 8 !== 0) return;
        this.blocks = Math.min(length / 8, MAX_BLOCKS);
        for (let i = 0; i < 2 * this.blocks; i++) this.edges[i] = packet.i32(at + 4 * i);
    }
  }
}
