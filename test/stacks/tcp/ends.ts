/** One end: a Tcp on an IP layer that only carries, with a clock and randomness of its own. */
import { Address } from '../../../stacks/address/address.ts';
import type { Family } from '../../../stacks/address/family.ts';
import { ipv4 } from '../../../stacks/address/ipv4.ts';
import { ipv6 } from '../../../stacks/address/ipv6.ts';
import type {
  Failure,
  NetworkLayer,
  OutputOptions,
  TransportVerdict,
} from '../../../stacks/address/network.ts';
import type { Offload } from '../../../stacks/packet/device.ts';
import type { Environment } from '../../../stacks/packet/environment.ts';
import type { Packet } from '../../../stacks/packet/packet.ts';
import { PacketPool } from '../../../stacks/packet/pool.ts';
import type { Tcp } from '../../../stacks/tcp/tcp.ts';
import { Clock } from '../../../stacks/time/clock.ts';
import { TCP } from '../../../stacks/wire/tcp.ts';

export const families: readonly Family[] = [ipv4, ipv6];

/** xorshift32 */
export class Seeded {
  #state: number;
  constructor(seed: number) {
    this.#state = (seed * 2_654_435_761) >>> 0 || 1;
    for (let i = 0; i < 8; i++) this.u32();
  }
  u32(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state;
  }
  chance(p: number): boolean {
    return this.u32() < p * 0x1_0000_0000;
  }
}

export type Carry = (
  end: End,
  packet: Packet,
  source: Address,
  destination: Address,
  trafficClass: number,
) => void;

export class End implements NetworkLayer {
  readonly name: string;
  readonly family: Family;
  readonly environment: Environment;
  readonly address: Address;
  /** Of the path as it is known, and of the link. */
  mtu = 1_500;
  readonly link = 1_500;
  /** What its link does for it. */
  offloads: Offload | undefined;
  failure: Failure | undefined;
  confirmed = 0;
  lastOptions: OutputOptions = {};
  tcp!: Tcp;
  readonly verdicts: TransportVerdict[] = [];
  readonly #carry: Carry;

  constructor(name: string, family: Family, environment: Environment, address: Address, carry: Carry) {
    this.name = name;
    this.family = family;
    this.environment = environment;
    this.address = address;
    this.#carry = carry;
  }

  sourceFor(): Address {
    return this.address;
  }
  isLocal(address: Address): boolean {
    return address.equals(this.address) || address.equals(this.family.loopback);
  }
  pathMtu(): number {
    return this.mtu;
  }
  linkMtu(): number {
    return this.link;
  }
  offload(): Offload | undefined {
    return this.offloads;
  }
  output(
    packet: Packet,
    source: Address,
    destination: Address,
    protocol: number,
    options: OutputOptions,
  ): Failure | undefined {
    this.lastOptions = options;
    if (protocol !== TCP) throw new Error('not TCP');
    if (this.failure !== undefined) {
      this.environment.pool.release(packet);
      return this.failure;
    }
    this.#carry(this, packet, source.clone(), destination.clone(), options.trafficClass ?? 0);
    return undefined;
  }
  confirmReachable(): void {
    this.confirmed++;
  }
  describe(address: Address): string {
    return this.family.format(address);
  }
  /** Takes the packet as if IP had validated it. */
  take(packet: Packet, source: Address, destination: Address): TransportVerdict {
    const verdict = this.tcp.receive(packet, source, destination);
    this.environment.pool.release(packet);
    if (this.verdicts.length < 1_000) this.verdicts.push(verdict);
    return verdict;
  }
}

/** As much of an IP header as anybody reads behind IP. */
export function writeClass(packet: Packet, family: Family, trafficClass: number): void {
  packet.network = packet.start - family.headerBytes;
  packet.setU8(packet.network + 1, family.version === 4 ? trafficClass : (trafficClass << 4) & 0xff);
}

export function addressOf(family: Family, host: number): Address {
  return family.addressBytes === 4
    ? new Address(0, 0, 0, 0x0a000000 | host)
    : new Address(0x20010db8, 0, 0, host);
}

export function environmentOf(seed: number): Environment & { clock: Clock; pool: PacketPool } {
  return { clock: new Clock(), random: new Seeded(seed), pool: new PacketPool(), trace: undefined };
}

export function pattern(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  const random = new Seeded(seed);
  for (let i = 0; i < length; i++) bytes[i] = random.u32() >>> 11;
  return bytes;
}
