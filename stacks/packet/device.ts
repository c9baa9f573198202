import type { Packet } from './packet.ts';

/** What a device does for the stack above it. Without it every packet is whole, and fits the MTU. */
export interface Offload {
  /** Largest IP packet in bytes that it takes as a super-segment and cuts itself. */
  readonly segment: number;
}

/** Takes ownership of the first `count` packets, which came together. */
export type BurstReceiver = (packets: readonly Packet[], count: number) => void;

/** Driver below, stack above: the one port through which packets enter and leave. */
export interface Device {
  readonly name: string;
  /** `ethernet`: frames with a 14-byte header, and `mac` is set. `ip`: bare IP packets, point to point. */
  readonly medium: 'ethernet' | 'ip';
  /** 6 bytes. */
  readonly mac: Uint8Array | undefined;
  /** Largest IP packet in bytes. */
  readonly mtu: number;
  /** Defined when it takes `PARTIAL` checksums and super-segments of TCP and UDP, and hands up the same. */
  readonly offload?: Offload | undefined;
  /** Takes ownership. Never throws; what cannot be sent is counted by the device. */
  transmit(packet: Packet): void;
  /**
   * Sets the one receiver; it takes ownership of each packet. A device that reads several packets at a time may hand
   * them up by `burst` where that is given, in their order; the array stays the device's own.
   */
  attach(receive: (packet: Packet) => void, burst?: BurstReceiver): void;
  close(): void;
}
