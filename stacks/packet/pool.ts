import { Packet, UNICAST, UNKNOWN } from './packet.ts';

/** Room in front of every fresh packet: Ethernet 14 (+4 VLAN) + IPv6 40 + a fragment header 8 + TCP 60, rounded up. */
export const HEADROOM = 128;

/** Slot sizes in bytes: an MTU of 1,500 with its headers; jumbo frames of 8,192; the largest IP packet. */
const SLOT_SIZES = [2_048, 16_384, 66_560] as const;

const SLAB_BYTES = 1 << 20;

/** Default bound on all packets in flight: 256 MiB holds 4,095 connections with 64 KiB each way on the wire. */
export const POOL_BYTES: number = 256 << 20;

/** Pooled packets in slabs that are made on demand, up to a bound. */
export class PacketPool {
  readonly maxBytes: number;
  /** Bytes of slabs made so far. */
  bytes = 0;
  /** Packets taken and not yet released; zero when everything in a lab has come to rest. */
  live = 0;
  readonly #free: Packet[][] = SLOT_SIZES.map(() => []);

  constructor(maxBytes: number = POOL_BYTES) {
    this.maxBytes = maxBytes;
  }

  /**
   * A packet of `length` bytes behind `HEADROOM`; its content is whatever the slot held before.
   * Returns undefined when the bound is reached or `length` is over 65,535 + headers: the caller counts `no-buffer`.
   */
  take(length: number): Packet | undefined {
    const need = length + HEADROOM;
    for (let size = 0; size < SLOT_SIZES.length; size++) {
      if (need > SLOT_SIZES[size]!) continue;
      const free = this.#free[size]!;
      if (free.length === 0 && !this.#grow(size)) return undefined;
      const packet = free.pop()!;
      packet.live = true;
      packet.start = packet.base + HEADROOM;
      packet.end = packet.start + length;
      packet.network = packet.transport = packet.ingress = 0;
      packet.linkCast = UNICAST;
      packet.segmentSize = 0;
      packet.inBurst = false;
      packet.checksum = UNKNOWN;
      this.live++;
      return packet;
    }
    return undefined;
  }

  /** A packet that holds a copy of `source`. */
  from(source: Uint8Array): Packet | undefined {
    const packet = this.take(source.length);
    packet?.bytes.set(source, packet.start);
    return packet;
  }

  /** A second packet with the same bytes, the same layer offsets and the same headroom. */
  clone(packet: Packet): Packet | undefined {
    const copy = this.take(packet.length);
    if (copy === undefined) return undefined;
    copy.bytes.set(packet.bytes.subarray(packet.start, packet.end), copy.start);
    copy.linkCast = packet.linkCast;
    const shift = copy.start - packet.start;
    copy.segmentSize = packet.segmentSize;
    copy.segmentHeaders = packet.segmentHeaders;
    copy.checksum = packet.checksum;
    copy.checksumStart = packet.checksumStart + shift;
    copy.checksumField = packet.checksumField;
    copy.network = packet.network === 0 ? 0 : packet.network + shift;
    copy.transport = packet.transport === 0 ? 0 : packet.transport + shift;
    return copy;
  }

  /** @throws Error when the packet was released before: always a bug in the stack, never the network's doing. */
  release(packet: Packet): void {
    if (!packet.live) throw new Error('packet released twice');
    packet.live = false;
    this.live--;
    const bytes = packet.limit - packet.base;
    let size = 0;
    while (SLOT_SIZES[size] !== bytes) size++;
    this.#free[size]!.push(packet);
  }

  #grow(size: number): boolean {
    const slot = SLOT_SIZES[size]!;
    const slots = Math.floor(SLAB_BYTES / slot);
    const length = slots * slot;
    if (this.bytes + length > this.maxBytes) return false;
    this.bytes += length;
    const slab = new ArrayBuffer(length);
    const bytes = new Uint8Array(slab);
    const words = new Uint16Array(slab);
    const view = new DataView(slab);
    for (let i = slots - 1; i >= 0; i--) {
      this.#free[size]!.push(new Packet(bytes, words, view, i * slot, (i + 1) * slot));
    }
    return true;
  }
}
