/** A link between two stacks on which every packet may meet a fate that a test has chosen. */
import { seededRandom } from '../../../src/lab/random.ts';
import type { Address } from '../../../stacks/address/address.ts';
import type { Family } from '../../../stacks/address/family.ts';
import { ipv4 } from '../../../stacks/address/ipv4.ts';
import { ipv6 } from '../../../stacks/address/ipv6.ts';
import { Ipv4Stack } from '../../../stacks/ipv4/stack.ts';
import { Ipv6Stack } from '../../../stacks/ipv6/stack.ts';
import type { Device } from '../../../stacks/packet/device.ts';
import type { Environment } from '../../../stacks/packet/environment.ts';
import type { Packet } from '../../../stacks/packet/packet.ts';
import { PacketPool } from '../../../stacks/packet/pool.ts';
import type { Stack } from '../../../stacks/stack.ts';
import { Clock, SECOND } from '../../../stacks/time/clock.ts';

/** `at`: which bit, or how many bytes are cut off, as a share of the packet (0..1). */
export type Fate =
  | { readonly kind: 'pass' | 'drop' | 'duplicate' }
  /** Later than others, µs. */
  | { readonly kind: 'hold'; readonly time: number }
  | { readonly kind: 'truncate' | 'flip'; readonly at: number };

/** µs one way. */
export const ONE_WAY = 5_000;
const MTU = 1_500;
const PASS: Fate = { kind: 'pass' };

class End implements Device {
  readonly name: string;
  readonly medium = 'ip';
  readonly mac: undefined;
  readonly mtu = MTU;
  peer!: End;
  /** Told of what leaves and what arrives. */
  onPacket: (direction: 'in' | 'out', bytes: Uint8Array, fate: Fate) => void = () => {};
  readonly #environment: Environment;
  readonly #fates: Iterator<Fate>;
  #receive: (packet: Packet) => void = () => {};

  constructor(name: string, environment: Environment, fates: Iterator<Fate>) {
    this.name = name;
    this.#environment = environment;
    this.#fates = fates;
  }

  transmit(packet: Packet): void {
    const bytes = packet.copy();
    this.#environment.pool.release(packet);
    const fate = this.#fates.next().value ?? PASS;
    this.onPacket('out', bytes, fate);
    switch (fate.kind) {
      case 'pass':
        this.#carry(bytes, ONE_WAY, fate);
        break;
      case 'drop':
        break;
      case 'duplicate':
        this.#carry(bytes, ONE_WAY, fate);
        this.#carry(bytes, ONE_WAY, fate);
        break;
      case 'hold':
        this.#carry(bytes, ONE_WAY + fate.time, fate);
        break;
      case 'truncate':
        this.#carry(bytes.slice(0, Math.max(Math.floor(bytes.length * fate.at), 1)), ONE_WAY, fate);
        break;
      case 'flip': {
        const bit = Math.min(Math.floor(bytes.length * 8 * fate.at), bytes.length * 8 - 1);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        this.#carry(bytes, ONE_WAY, fate);
      }
    }
  }

  #carry(bytes: Uint8Array, delay: number, fate: Fate): void {
    const { clock, pool } = this.#environment;
    clock
      .timer(() => {
        const packet = pool.from(bytes)!;
        this.peer.onPacket('in', bytes, fate);
        this.peer.#receive(packet);
      })
      .armIn(delay);
  }

  attach(receive: (packet: Packet) => void): void {
    this.#receive = receive;
  }
  close(): void {}
}

export class HostileLink {
  readonly clock = new Clock();
  readonly pool = new PacketPool();
  readonly family: Family;
  readonly ends: readonly [End, End];
  readonly stacks: readonly [Stack, Stack];
  readonly addresses: readonly [Address, Address];

  /** `fates`: of the packets in the order in which they are sent, by either side; those after them pass. */
  constructor(version: 4 | 6, seed: number, fates: readonly Fate[]) {
    const { clock, pool } = this;
    const environment = { clock, random: seededRandom(seed), pool, trace: undefined };
    this.family = version === 4 ? ipv4 : ipv6;
    const prefix = version === 4 ? '192.0.2.' : '2001:db8::';
    this.addresses = [this.family.parse(`${prefix}1`)!, this.family.parse(`${prefix}2`)!];
    let isUp = false;
    const queue = fates[Symbol.iterator]();
    const fate: Iterator<Fate> = { next: () => (isUp ? queue.next() : { done: false, value: PASS }) };
    const make = (index: 0 | 1): readonly [Stack, End] => {
      const end = new End(`END${index}`, environment, fate);
      const options = { id: index + 1, name: `END${index}` };
      const stack = version === 4 ? new Ipv4Stack(environment, options) : new Ipv6Stack(environment, options);
      stack.addInterface('WIRE', end, {
        address: this.addresses[index],
        prefixLength: version === 4 ? 24 : 64,
        mtu: MTU,
      });
      return [stack, end];
    };
    const [one, end1] = make(0);
    const [two, end2] = make(1);
    end1.peer = end2;
    end2.peer = end1;
    this.ends = [end1, end2];
    this.stacks = [one, two];
    for (const stack of this.stacks) stack.start();
    clock.advance(10 * SECOND);
    isUp = true;
  }
}
