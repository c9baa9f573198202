/** A stack that forwards between two Ethernet devices of this bench, with neighbours that were really resolved. */
import { Address } from '../stacks/address/address.ts';
import type { Family } from '../stacks/address/family.ts';
import { ipv4 } from '../stacks/address/ipv4.ts';
import { Ipv4Stack } from '../stacks/ipv4/stack.ts';
import { Ipv6Stack } from '../stacks/ipv6/stack.ts';
import { addBytes, finish } from '../stacks/packet/checksum.ts';
import type { BurstReceiver, Device } from '../stacks/packet/device.ts';
import type { Environment } from '../stacks/packet/environment.ts';
import type { Packet } from '../stacks/packet/packet.ts';
import { PacketPool } from '../stacks/packet/pool.ts';
import { Clock, SECOND } from '../stacks/time/clock.ts';
import { ETHERNET_HEADER, ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from '../stacks/wire/ethernet.ts';
import { GATEWAYS, routeTo, seeded, type TablePrefix } from './full-table.ts';

/** Packets that a device hands up in one go. */
const BURST = 64;
/** Bytes of a packet without its frame. */
const LENGTH = 64;

class Port implements Device {
  readonly name: string;
  readonly medium = 'ethernet';
  readonly mac: Uint8Array;
  readonly mtu = 1_500;
  receive: (packet: Packet) => void = () => {};
  burst: BurstReceiver = () => {};
  transmit: (packet: Packet) => void = () => {};

  constructor(name: string, station: number) {
    this.name = name;
    this.mac = Uint8Array.of(2, 0, 0, 0, 0, station);
  }

  attach(receive: (packet: Packet) => void, burst?: BurstReceiver): void {
    this.receive = receive;
    this.burst = burst!;
  }

  close(): void {}
}

/** What differs between the packets of a run: destinations, and for IPv4 the word with the checksum before each. */
export interface Arrivals {
  readonly words: Int32Array;
  readonly count: number;
}

export class ForwardingBench {
  readonly stack: Ipv4Stack | Ipv6Stack;
  readonly #family: Family;
  readonly #left = new Port('left', 1);
  readonly #right = new Port('right', 2);
  readonly #environment: Environment;
  readonly #slots: Packet[] = [];
  readonly #starts: number[] = [];
  #sent = 0;

  constructor(family: Family, prefixes: readonly TablePrefix[]) {
    this.#family = family;
    const environment = { clock: new Clock(), random: seeded(3), pool: new PacketPool(), trace: undefined };
    this.#environment = environment;
    const [left, right] = family === ipv4 ? ['10.1.0.1', '10.2.0.1'] : ['2001:db8:1::1', '2001:db8:2::1'];
    const Stack = family === ipv4 ? Ipv4Stack : Ipv6Stack;
    const prefixLength = family.bits / 2;
    const stack = new Stack(environment, { id: 1, name: 'router', forwarding: true });
    this.stack = stack;
    stack.addInterface('left', this.#left, { address: parse(family, left), prefixLength, mtu: 1_500 });
    stack.addInterface('right', this.#right, { address: parse(family, right), prefixLength, mtu: 1_500 });
    const peerPort = new Port('peer', 9);
    const peer = new Stack(environment, { id: 2, name: 'peer' });
    const network = family.network(parse(family, right), prefixLength);
    peer.addInterface('peer', peerPort, { address: gatewayOf(network, 0), prefixLength, mtu: 1_500 });
    for (let n = 1; n < GATEWAYS; n++) peer.addAddress(1, gatewayOf(network, n), prefixLength);
    this.#right.transmit = (packet) => peerPort.receive(packet);
    peerPort.transmit = (packet) => this.#right.receive(packet);
    this.#left.transmit = (packet) => environment.pool.release(packet);
    stack.start();
    peer.start();
    environment.clock.advance(5 * SECOND);
    for (let n = 0; n < GATEWAYS; n++) {
      this.#left.receive(this.#frame(gatewayOf(network, n)));
      environment.clock.advance(environment.clock.now + 1);
    }
    const resolved = [...stack.neighbours()].filter(({ state }) => state === 'reachable').length;
    if (resolved < GATEWAYS) throw new Error(`${resolved} of ${GATEWAYS} next hops were resolved`);
    for (const [n, prefix] of prefixes.entries()) stack.addRoute(routeTo(prefix, network, n));
    for (let i = 0; i < BURST; i++) {
      const packet = this.#frame(network);
      this.#slots.push(packet);
      this.#starts.push(packet.start);
    }
    this.#right.transmit = () => {
      this.#sent++;
    };
  }

  arrivals(destinations: readonly Address[]): Arrivals {
    const v4 = this.#family === ipv4;
    const size = v4 ? 2 : 4;
    const words = new Int32Array(size * destinations.length);
    destinations.forEach((destination, i) => {
      const packet = this.#frame(destination);
      const at = packet.start + ETHERNET_HEADER;
      if (v4) words.set([packet.i32(at + 8), packet.i32(at + 16)], size * i);
      else words.set([destination.w0, destination.w1, destination.w2, destination.w3], size * i);
      this.#environment.pool.release(packet);
    });
    return { words, count: destinations.length };
  }

  /** Packets a second of CPU time. @throws Error when not every packet leaves */
  forward({ words, count }: Arrivals, packets: number): number {
    const v4 = this.#family === ipv4;
    const slots = this.#slots;
    const starts = this.#starts;
    const left = this.#left;
    const before = this.#sent;
    let from = 0;
    let next = 0;
    const began = process.cpuUsage().user;
    for (let done = 0; done < packets; done += BURST) {
      for (let i = 0; i < BURST; i++) {
        // What a driver does: the slot gets a frame with the addresses of this packet.
        const packet = slots[i]!;
        packet.start = starts[i]!;
        packet.end = packet.start + ETHERNET_HEADER + LENGTH;
        const to = packet.view;
        const at = packet.start;
        to.setInt32(at, MACS[0]);
        to.setInt32(at + 4, MACS[1]);
        to.setInt32(at + 8, MACS[2]);
        if (v4) {
          to.setInt32(at + 22, words[from]!);
          to.setInt32(at + 30, words[from + 1]!);
          from += 2;
        } else {
          to.setInt16(at + 20, UDP_HOPS);
          to.setInt32(at + 38, words[from]!);
          to.setInt32(at + 42, words[from + 1]!);
          to.setInt32(at + 46, words[from + 2]!);
          to.setInt32(at + 50, words[from + 3]!);
          from += 4;
        }
        if (++next === count) next = from = 0;
      }
      left.burst(slots, BURST);
    }
    const seconds = (process.cpuUsage().user - began) / 1e6;
    const sent = this.#sent - before;
    if (sent < packets) {
      throw new Error(`${sent} of ${packets} left: ${JSON.stringify(this.stack.counters.drops)}`);
    }
    return sent / seconds;
  }

  /** A frame from the peer of the left link to `destination`, with checksum. */
  #frame(destination: Address): Packet {
    const packet = this.#environment.pool.take(ETHERNET_HEADER + LENGTH)!;
    const { bytes, start, end } = packet;
    bytes.fill(0, start, end);
    bytes.set(this.#left.mac, start);
    bytes.set([2, 0, 0, 0, 0, PEER], start + 6);
    const at = start + ETHERNET_HEADER;
    const source = parse(this.#family, this.#family === ipv4 ? '10.1.0.99' : '2001:db8:1::99');
    if (this.#family === ipv4) {
      packet.setU16(start + 12, ETHERTYPE_IPV4);
      bytes.set([0x45, 0, 0, LENGTH, 0, 0, 0, 0, HOPS, 17], at);
      ipv4.write(source, bytes, at + 12);
      ipv4.write(destination, bytes, at + 16);
      packet.setU16(at + 10, finish(addBytes(packet, at, at + 20, 0)));
    } else {
      packet.setU16(start + 12, ETHERTYPE_IPV6);
      bytes.set([0x60, 0, 0, 0, 0, LENGTH - 40, 17, HOPS], at);
      this.#family.write(source, bytes, at + 8);
      this.#family.write(destination, bytes, at + 24);
    }
    return packet;
  }
}

const PEER = 9;
const HOPS = 64;
const UDP = 17;
const UDP_HOPS = (UDP << 8) | HOPS;
/** The MACs of the frames. */
const MACS = [0x02000000, 0x00010200, PEER] as const;

function gatewayOf(network: Address, n: number): Address {
  return new Address(network.w0, network.w1, network.w2, network.w3 | (2 + n));
}

function parse(family: Family, text: string): Address {
  const address = family.parse(text);
  if (address === undefined) throw new Error(`not an address: ${text}`);
  return address;
}
