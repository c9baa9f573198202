/** The far end of the script's wire: what the stack sends is kept with its time, what the script sends goes in. */
import type { Family } from '../../stacks/address/family.ts';
import type { Device } from '../../stacks/packet/device.ts';
import type { Environment } from '../../stacks/packet/environment.ts';
import type { Packet } from '../../stacks/packet/packet.ts';
import { decode, type Seen } from './codec.ts';

/** Sent and not looked at: more is a storm, and the script has failed long before. */
const MOST_WAITING = 100_000;

export class ScriptWire implements Device {
  readonly name = 'wire';
  readonly medium = 'ip';
  readonly mac: undefined;
  readonly mtu: number;
  /** Sent by the stack and not yet compared, oldest first. */
  readonly waiting: Seen[] = [];
  /** Called with every packet either way, for the ladder. */
  onPacket: (direction: 'in' | 'out', packet: Seen) => void = () => {};
  readonly #environment: Environment;
  readonly #family: Family;
  #receive: (packet: Packet) => void = () => {};

  constructor(environment: Environment, family: Family, mtu: number) {
    this.#environment = environment;
    this.#family = family;
    this.mtu = mtu;
  }

  transmit(packet: Packet): void {
    const seen = decode(this.#family, this.#environment.clock.now, packet.copy());
    this.#environment.pool.release(packet);
    if (seen === undefined) return;
    this.onPacket('out', seen);
    if (this.waiting.length < MOST_WAITING) this.waiting.push(seen);
  }

  /** @throws Error when no packet buffer is free: the stack has leaked. */
  inject(bytes: Uint8Array): void {
    const seen = decode(this.#family, this.#environment.clock.now, bytes);
    if (seen !== undefined) this.onPacket('in', seen);
    const packet = this.#environment.pool.from(bytes);
    if (packet === undefined) throw new Error('no packet buffer is free');
    this.#receive(packet);
  }

  attach(receive: (packet: Packet) => void): void {
    this.#receive = receive;
  }

  close(): void {}
}
