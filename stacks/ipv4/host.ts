/**
 * What all parts of an IPv4 stack share: its addresses, its links, its routes, and the books. Every packet that came
 * in ends here in exactly one verdict; every packet made here ends as transmitted or unsent.
 */
import { type Address, maskWord } from '../address/address.ts';
import { ipv4 } from '../address/ipv4.ts';
import { RouteTable } from '../forward/routes.ts';
import { WordSet } from '../forward/word-set.ts';
import type { Environment } from '../packet/environment.ts';
import type { Packet } from '../packet/packet.ts';
import { Counters, type DropReason, type Verdict } from '../packet/verdict.ts';
import type { StackOptions } from '../stack.ts';
import { sameMac } from '../wire/ethernet.ts';
import type { Ipv4Interface } from './interface.ts';
import { LocalAddress } from './local-address.ts';

export const LIMITED_BROADCAST = -1;

/** 169.254/16 (RFC 3927). */
export function isLinkLocal(word: number): boolean {
  return word >>> 16 === 0xa9fe;
}

export class Host {
  readonly environment: Environment;
  readonly name: string;
  readonly counters: Counters = new Counters();
  readonly interfaces: Ipv4Interface[] = [];
  readonly routes: RouteTable;
  running = false;
  forwarding: boolean;
  readonly sourceRoutes: boolean;
  readonly directedBroadcasts: boolean;
  filter: ((protocol: number, destinationPort: number) => boolean) | undefined;
  #own = new WordSet();
  /** Directed broadcasts, the all-zeros form included, of every subnet (RFC 1812 §4.2.3.1). */
  #broadcasts = new WordSet();
  /** Both of them, and addresses that are tentative: what has one of these is no packet in transit. */
  #special = new WordSet();

  constructor(environment: Environment, options: StackOptions) {
    this.environment = environment;
    this.name = options.name;
    this.forwarding = options.forwarding === true;
    this.sourceRoutes = options.sourceRoutes === true;
    this.directedBroadcasts = options.directedBroadcasts === true;
    this.routes = new RouteTable(ipv4, environment.random);
  }

  /** Undefined when the link has it already. */
  addAddress(
    iface: Ipv4Interface,
    address: Address,
    prefixLength: number,
    origin: LocalAddress['origin'] = 'static',
  ): LocalAddress | undefined {
    if (iface.addresses.some((own) => own.address.equals(address))) return undefined;
    const probed = iface.mac !== undefined && (iface.probe || origin === 'link-local');
    const local = new LocalAddress(address.clone(), prefixLength, origin, probed);
    iface.addresses.push(local);
    this.addressesChanged(iface);
    const isNew = !iface.addresses.some((own) => own !== local && own.isIn(local));
    if (prefixLength < 32 && isNew) {
      this.routes.add({
        destination: address,
        prefixLength,
        gateway: ipv4.any,
        interfaceIndex: iface.index,
        metric: 0,
        origin: 'link',
      });
    }
    return local;
  }

  /** An address came, went, or became ours or another's. */
  addressesChanged(iface: Ipv4Interface): void {
    iface.own = iface.addresses.filter(({ state }) => state === 'preferred');
    this.#own = new WordSet();
    this.#broadcasts = new WordSet();
    this.#special = new WordSet();
    for (const { own, addresses } of this.interfaces) {
      for (const { address, state } of addresses) if (state === 'tentative') this.#special.add(address.w3);
      for (const { address, prefixLength } of own) {
        this.#own.add(address.w3);
        this.#special.add(address.w3);
        if (prefixLength >= 31) continue; // RFC 3021: a /31 has no broadcast address, nor has a /32.
        const network = address.w3 & maskWord(prefixLength);
        for (const word of [network, network | ~maskWord(prefixLength)]) {
          this.#broadcasts.add(word);
          this.#special.add(word);
        }
      }
    }
  }

  /** Of any interface of ours. */
  isOwnMac(mac: Uint8Array): boolean {
    return this.interfaces.some((iface) => iface.mac !== undefined && sameMac(iface.mac, mac));
  }

  interfaceAt(index: number): Ipv4Interface | undefined {
    return this.interfaces[index - 1];
  }

  /** One of our unicast addresses, loopback included. */
  isOwn(word: number): boolean {
    return word >>> 24 === 127 || this.#own.has(word);
  }

  /** An address that is not yet known to be ours alone. */
  isTentative(word: number): boolean {
    return this.interfaces.some(({ addresses }) =>
      addresses.some(({ address, state }) => state === 'tentative' && address.w3 === word),
    );
  }

  /** Limited, or directed to a subnet of ours. */
  isBroadcast(word: number): boolean {
    return word === LIMITED_BROADCAST || this.#broadcasts.has(word);
  }

  /** Can it be the one sender of a packet that came from a link? RFC 1122 §3.2.1.3, RFC 1812 §5.3.7. */
  isPossibleSource(word: number): boolean {
    const high = word >>> 24;
    return high !== 0 && high < 224 && high !== 127 && !this.#own.has(word) && !this.#broadcasts.has(word);
  }

  /** A unicast address of somebody else, from beyond the link if need be: what most packets in transit have twice. */
  isOrdinary(word: number): boolean {
    const high = word >>> 24;
    const ranges = high !== 0 && high < 224 && high !== 127 && !isLinkLocal(word);
    return ranges && !this.#special.has(word);
  }

  /** `from` undefined: we sent it to ourselves. */
  received(from: Ipv4Interface | undefined): void {
    this.counters.received++;
    if (from !== undefined) from.counters.received++;
  }

  /** Writes down what became of a packet that came in; the packet itself may live on as something else. */
  account(packet: Packet, verdict: Verdict, reason?: DropReason): void {
    this.counters.count(verdict, reason);
    const from = this.interfaceAt(packet.ingress);
    if (from !== undefined) from.counters.count(verdict, reason);
    this.environment.trace?.verdict(this.name, verdict, reason, packet);
  }

  end(packet: Packet, verdict: Verdict, reason?: DropReason): void {
    this.account(packet, verdict, reason);
    this.environment.pool.release(packet);
  }

  drop(packet: Packet, reason: DropReason): void {
    if (packet.ingress !== 0) {
      this.end(packet, 'dropped', reason);
      return;
    }
    this.counters.unsent++;
    this.environment.trace?.verdict(this.name, 'dropped', reason, packet);
    this.environment.pool.release(packet);
  }

  /** A buffer for a message of our own; without one, the message counts as unsent. */
  take(bytes: number): Packet | undefined {
    const packet = this.environment.pool.take(bytes);
    if (packet === undefined) this.counters.unsent++;
    return packet;
  }

  /** Before a packet is handed to a link (undefined: to ourselves). */
  sent(packet: Packet, by: Ipv4Interface | undefined): void {
    if (by !== undefined) by.counters.transmitted++;
    if (packet.ingress === 0) {
      this.counters.transmitted++;
      this.environment.trace?.verdict(this.name, 'transmitted', undefined, packet);
      return;
    }
    this.counters.forwarded++;
    const from = this.interfaceAt(packet.ingress);
    if (from !== undefined) from.counters.forwarded++;
    this.environment.trace?.verdict(this.name, 'forwarded', undefined, packet);
  }
}
