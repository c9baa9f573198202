import type { Device } from '../../stacks/packet/device.ts';
import type { Packet } from '../../stacks/packet/packet.ts';
import { Transmitter } from './transmitter.ts';

/** What carries the frames of a station. */
export interface Carrier {
  /** Takes ownership. */
  carry(packet: Packet, sender: Station): void;
  detach(station: Station): void;
}

/** One station of a segment, as the stack above sees it. Made by `Segment.attach`. */
export class Station implements Device {
  readonly medium = 'ethernet';
  readonly name: string;
  readonly mac: Uint8Array;
  readonly mtu: number;
  readonly transmitter: Transmitter = new Transmitter();
  /** µs: no later frame of this station arrives before it, unless it was reordered. */
  lastArrival = 0;
  receive: ((packet: Packet) => void) | undefined;
  readonly #carrier: Carrier;

  constructor(carrier: Carrier, name: string, mac: Uint8Array, mtu: number) {
    this.#carrier = carrier;
    this.name = name;
    this.mac = mac.slice();
    this.mtu = mtu;
  }

  transmit(packet: Packet): void {
    this.#carrier.carry(packet, this);
  }

  attach(receive: (packet: Packet) => void): void {
    this.receive = receive;
  }

  /** Leaves the segment. Frames that it has sent still arrive; frames to it are lost. */
  close(): void {
    this.receive = undefined;
    this.#carrier.detach(this);
  }
}
