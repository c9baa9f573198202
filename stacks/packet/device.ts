import type { Packet } from './packet.ts';

/** Driver below, stack above: the one port through which packets enter and leave. */
export interface Device {
  readonly name: string;
  /** `ethernet`: frames with a 14-byte header, and `mac` is set. `ip`: bare IP packets, point to point. */
  readonly medium: 'ethernet' | 'ip';
  /** 6 bytes. */
  readonly mac: Uint8Array | undefined;
  /** Largest IP packet in bytes. */
  readonly mtu: number;
  /** Takes ownership. Never throws; what cannot be sent is counted by the device. */
  transmit(packet: Packet): void;
  /** Sets the one receiver; it takes ownership of each packet. */
  attach(receive: (packet: Packet) => void): void;
  close(): void;
}
