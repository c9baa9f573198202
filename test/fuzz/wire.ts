/** The far end of a link: what the stack sends is kept for a while, what the fuzzer makes goes in. */
import type { Device } from '../../stacks/packet/device.ts';
import type { Environment } from '../../stacks/packet/environment.ts';
import type { Packet } from '../../stacks/packet/packet.ts';
import type { Link } from './craft.ts';
import type { Bytes } from './packets.ts';

/** Packets that answers may be made of. */
const KEPT = 16;

export class Wire implements Device, Link {
  readonly name: string;
  readonly medium: 'ethernet' | 'ip';
  readonly mac: Bytes;
  readonly ourMac: Bytes;
  readonly mtu: number;
  readonly sent: Bytes[] = [];
  frames = 0;
  bytes = 0;
  /** Another stack on this link, for as long as it is given: an honest neighbour. */
  peer: Wire | undefined;
  /** Called with everything that is sent. */
  onFrame: ((wire: Wire, bytes: Bytes) => void) | undefined;
  readonly #environment: Environment;
  #receive: (packet: Packet) => void = () => {};

  constructor(
    environment: Environment,
    name: string,
    medium: 'ethernet' | 'ip',
    mtu: number,
    mac: Bytes,
    ourMac: Bytes,
  ) {
    this.#environment = environment;
    this.name = name;
    this.medium = medium;
    this.mtu = mtu;
    this.mac = mac;
    this.ourMac = ourMac;
  }

  transmit(packet: Packet): void {
    const bytes = packet.copy();
    this.#environment.pool.release(packet);
    this.frames++;
    this.bytes += bytes.length;
    if (this.sent.length === KEPT) this.sent.shift();
    this.sent.push(bytes);
    this.onFrame?.(this, bytes);
    const { peer } = this;
    if (peer !== undefined) this.#environment.clock.timer(() => peer.inject(bytes, false)).armIn(10);
  }

  /** As if it had come from the link. @throws Error when no buffer is free: the stack has leaked. */
  inject(bytes: Bytes, inBurst: boolean): void {
    const packet = this.#environment.pool.from(bytes);
    if (packet === undefined) throw new Error(`no packet buffer is free for ${bytes.length} bytes`);
    packet.inBurst = inBurst;
    this.#receive(packet);
  }

  attach(receive: (packet: Packet) => void): void {
    this.#receive = receive;
  }

  close(): void {}
}
