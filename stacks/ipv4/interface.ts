/** One link of an IPv4 stack, on Ethernet (RFC 894) or bare. */
import type { Address } from '../address/address.ts';
import { maskWord } from '../address/address.ts';
import { ipv4 } from '../address/ipv4.ts';
import type { Device } from '../packet/device.ts';
import type { Packet } from '../packet/packet.ts';
import { Counters } from '../packet/verdict.ts';
import type { Interface, InterfaceOptions } from '../stack.ts';
import { type FrameHeader, prependEthernet } from '../wire/ethernet.ts';
import type { LocalAddress } from './local-address.ts';
import type { Membership } from './membership.ts';

export class Ipv4Interface implements Interface {
  readonly index: number;
  readonly name: string;
  readonly device: Device;
  /** Bytes; at most the device's. */
  mtu: number;
  /** Set on Ethernet only. */
  readonly mac: Uint8Array | undefined;
  /** Of frames to this interface, by any sender. */
  header: FrameHeader | undefined;
  readonly addresses: LocalAddress[] = [];
  /** Those of them that may be used. */
  own: readonly LocalAddress[] = [];
  /** Addresses are probed before they are used (RFC 5227 §2.1). */
  readonly probe: boolean;
  /** Picks an address by itself (RFC 3927). */
  readonly autoconfigure: boolean;
  /** Keys are the groups that sockets joined. */
  readonly groups = new Map<number, Membership>();
  readonly counters: Counters = new Counters();
  /** What the operator wants. */
  enabled = true;
  /** Enabled, and the stack runs. */
  up = false;

  constructor(index: number, name: string, device: Device, options: InterfaceOptions) {
    this.index = index;
    this.name = name;
    this.device = device;
    this.mtu = options.mtu;
    this.probe = options.probe === true;
    this.autoconfigure = options.autoconfigure === true;
    this.mac = device.medium === 'ethernet' ? device.mac : undefined;
  }

  /** Our address in the subnet of `target`, else the first one (RFC 1122 §3.3.4.3). */
  addressFor(target: number): Address | undefined {
    for (const { address, prefixLength } of this.own) {
      if (((address.w3 ^ target) & maskWord(prefixLength)) === 0) return address;
    }
    return this.own[0]?.address;
  }

  /** Are both in one subnet of ours? */
  areNeighbours(one: number, other: number): boolean {
    return this.own.some(({ address, prefixLength }) => {
      const mask = maskWord(prefixLength);
      return ((one ^ address.w3) & mask) === 0 && ((other ^ address.w3) & mask) === 0;
    });
  }

  isOnLink(target: number): boolean {
    for (const { address, prefixLength } of this.own) {
      if (((address.w3 ^ target) & maskWord(prefixLength)) === 0) return true;
    }
    return false;
  }

  /** The directed broadcast of one of its subnets (RFC 922 §7). */
  isBroadcast(target: number): boolean {
    for (const { address, prefixLength } of this.own) {
      if (prefixLength < 31 && target === (address.w3 | ~maskWord(prefixLength))) return true;
    }
    return false;
  }

  /** Is it a group that this host belongs to here? Every host is of 224.0.0.1 (RFC 1112 §4). */
  listens(group: number): boolean {
    return group === ipv4.allHosts.w3 || this.groups.has(group);
  }

  /** Takes ownership of a packet whose `start` is behind the Ethernet header to be. */
  transmitFrame(packet: Packet, to: Uint8Array, etherType: number): void {
    prependEthernet(packet, to, this.mac!, etherType);
    this.device.transmit(packet);
  }
}
