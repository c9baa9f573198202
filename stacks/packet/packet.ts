/**
 * The packet: a window `[start, end)` into one slot of a slab.
 *
 * Fields are read as `packet.bytes[packet.start + offset]`; no view object is ever made for a packet, because
 * making one costs more than forwarding it. Layers move `start` as they strip (or write) their header.
 *
 * Ownership is written, not guessed: whoever receives a packet as an argument named in a `receive`, `transmit` or
 * `output` owns it and ends it exactly once, by passing it on or by `pool.release(packet)`.
 */
export class Packet {
  /** The whole slab that this packet's slot lives in. */
  readonly bytes: Uint8Array;
  /** The same slab as 16-bit words in the machine's byte order, for the checksum loop. */
  readonly words: Uint16Array;
  /** The same slab for fields of two and four bytes: one access, where single bytes cost two or four. */
  readonly view: DataView;
  /** First and one-past-last byte of the slot. */
  readonly base: number;
  readonly limit: number;
  /** First byte of the layer that holds the packet now. */
  start = 0;
  /** One past the last byte. */
  end = 0;
  /** Offset of the IP header, once IP has validated it. */
  network = 0;
  /** Offset of the first byte behind the IP header and its extension headers, once IP has validated them. */
  transport = 0;
  /** Index of the interface it came in by; 0 when it was made here, `LOOPED` when this stack sent it to itself. */
  ingress = 0;
  /** How the frame was addressed on the link: to this station, to a group, or to all (RFC 1122 §3.2.2, §3.3.6). */
  linkCast: LinkCast = UNICAST;
  /**
   * Payload bytes in each segment when this is a super-segment: one header and the payload of many segments, which the
   * device below cuts or its peer has put together. 0: an ordinary packet.
   */
  segmentSize = 0;
  /** Of a super-segment: bytes of the IP and transport headers, which every segment begins with. */
  segmentHeaders = 0;
  checksum: ChecksumState = UNKNOWN;
  /** When `PARTIAL`: where the sum begins (the transport header), and the offset of its field from there. */
  checksumStart = 0;
  checksumField = 0;
  /** The device reads in bursts, and this packet has come with others or may have. */
  inBurst = false;
  /** True while the slot is in use; a second release is a bug of ours and is reported by the pool. */
  live = false;

  constructor(bytes: Uint8Array, words: Uint16Array, view: DataView, base: number, limit: number) {
    this.bytes = bytes;
    this.words = words;
    this.view = view;
    this.base = base;
    this.limit = limit;
  }

  get length(): number {
    return this.end - this.start;
  }

  /** Bytes of the longest IP packet that this one is on a link that cuts it; `start` is at the IP header. */
  get longest(): number {
    return this.segmentSize === 0 ? this.length : this.segmentHeaders + this.segmentSize;
  }

  /** A copy of `[start, end)` in memory of its own, for whoever keeps bytes beyond the packet. */
  copy(from: number = this.start, to: number = this.end): Uint8Array {
    return this.bytes.slice(from, to);
  }

  /** Big-endian reads at an absolute offset; the caller has validated that the bytes are there. */
  u8(at: number): number {
    return this.bytes[at]!;
  }
  u16(at: number): number {
    return this.view.getUint16(at);
  }
  /** Signed 32 bits: sequence numbers and address words live as int32 and compare by `(a - b) | 0`. */
  i32(at: number): number {
    return this.view.getInt32(at);
  }
  setU8(at: number, value: number): void {
    this.bytes[at] = value;
  }
  setU16(at: number, value: number): void {
    this.view.setUint16(at, value);
  }
  setI32(at: number, value: number): void {
    this.view.setInt32(at, value);
  }
}

/** What is known of the transport checksum. */
export type ChecksumState = 0 | 1 | 2;
/** To be verified by whoever the packet is for. */
export const UNKNOWN: ChecksumState = 0;
/** The device has verified it. */
export const VERIFIED: ChecksumState = 1;
/**
 * The field holds the sum of the pseudo-header alone. The bytes are the sender's own, so there is nothing to verify;
 * somebody completes it before the packet leaves by a device that does not (stacks/forward/segmentation.ts).
 */
export const PARTIAL: ChecksumState = 2;

/** `Packet.ingress` of a packet that never left its stack. */
export const LOOPED = -1;

export type LinkCast = 0 | 1 | 2;
export const UNICAST: LinkCast = 0;
export const MULTICAST: LinkCast = 1;
export const BROADCAST: LinkCast = 2;
