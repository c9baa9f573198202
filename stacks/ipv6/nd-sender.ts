/** Neighbour discovery messages that we send: RFC 4861 §4, §6.2.3, §7.2. All leave with hop limit 255. */
import { Address } from '../address/address.ts';
import { allNodes, allRouters, ipv6, solicitedNode } from '../address/ipv6.ts';
import type { Packet } from '../packet/packet.ts';
import type { Advertisement } from '../stack.ts';
import {
  NEIGHBOUR_ADVERTISEMENT,
  NEIGHBOUR_SOLICITATION,
  REDIRECT,
  ROUTER_ADVERTISEMENT,
  ROUTER_SOLICITATION,
  setChecksum,
  writeIcmp,
} from '../wire/icmp6.ts';
import { HEADER_BYTES, ICMPV6, MINIMUM_MTU, SOURCE } from '../wire/ipv6.ts';
import {
  LINK_ADDRESS_BYTES,
  NEIGHBOUR_BYTES,
  NONCE_BYTES,
  OVERRIDE_FLAG,
  RA_BYTES,
  REACHABLE_TIME,
  REDIRECT_BYTES,
  REDIRECT_DESTINATION,
  REDIRECTED_BYTES,
  RETRANS_TIMER,
  ROUTER_FLAG,
  RS_BYTES,
  SOLICITED_FLAG,
  SOURCE_LINK_ADDRESS,
  TARGET,
  TARGET_LINK_ADDRESS,
  writeLinkAddress,
  writeNonce,
  writeRedirected,
} from '../wire/ndp.ts';
import { flagsOf, optionsOf } from './advertisement.ts';
import type { Host } from './host.ts';
import type { Ipv6Interface } from './interface.ts';
import type { Output } from './output.ts';

/** RFC 4861 §7.1, §6.1: a packet that a router forwarded cannot have it. */
export const ND_HOP_LIMIT = 255;
export class NdSender {
  readonly #host: Host;
  readonly #output: Output;
  readonly #prompting = new Address();

  constructor(host: Host, output: Output) {
    this.#host = host;
    this.#output = output;
  }

  /**
   * RFC 4861 §7.2.2: to the solicited-node group, or as a unicast probe when `mac` is known; from the address of the
   * packet that waits, when it is one of this link's.
   */
  solicit(link: Ipv6Interface, target: Address, mac: Uint8Array | undefined, prompt?: Packet): void {
    const source = this.#promptingSource(link, prompt) ?? this.#host.selectSource(target, link);
    if (source === undefined) return;
    const packet = this.#message(NEIGHBOUR_SOLICITATION, 0, NEIGHBOUR_BYTES + linkAddressBytes(link));
    if (packet === undefined) return;
    ipv6.write(target, packet.bytes, packet.start + TARGET);
    writeOwnLink(packet, packet.start + NEIGHBOUR_BYTES, SOURCE_LINK_ADDRESS, link);
    const destination = mac === undefined ? solicitedNode(target) : target;
    setChecksum(packet, source, destination);
    if (mac === undefined) {
      this.#output.toLink(packet, link, source, destination, ICMPV6, ND_HOP_LIMIT);
    } else {
      this.#output.toStation(packet, link, mac, source, destination, ICMPV6, ND_HOP_LIMIT);
    }
  }

  /** Duplicate address detection (RFC 4862 §5.4.2): from `::`, with a nonce (RFC 7527 §4.1). */
  probe(link: Ipv6Interface, target: Address, nonceHigh: number, nonceLow: number): void {
    const packet = this.#message(NEIGHBOUR_SOLICITATION, 0, NEIGHBOUR_BYTES + NONCE_BYTES);
    if (packet === undefined) return;
    ipv6.write(target, packet.bytes, packet.start + TARGET);
    writeNonce(packet, packet.start + NEIGHBOUR_BYTES, nonceHigh, nonceLow);
    this.#send(packet, link, ipv6.any, solicitedNode(target));
  }

  /**
   * RFC 4861 §7.2.4: the answer for `target`, to all nodes when the question came from `::`. For an anycast address
   * (§7.2.7) without the override flag: the first router that answers keeps the asker.
   */
  answer(link: Ipv6Interface, target: Address, asker: Address, anycast = false): boolean {
    const packet = this.#message(
      NEIGHBOUR_ADVERTISEMENT,
      ((this.#host.forwarding ? ROUTER_FLAG : 0) |
        (asker.isUnspecified ? 0 : SOLICITED_FLAG) |
        (anycast ? 0 : OVERRIDE_FLAG)) <<
        24,
      NEIGHBOUR_BYTES + linkAddressBytes(link),
    );
    if (packet === undefined) return false;
    ipv6.write(target, packet.bytes, packet.start + TARGET);
    writeOwnLink(packet, packet.start + NEIGHBOUR_BYTES, TARGET_LINK_ADDRESS, link);
    // RFC 4861 §4.4: the source is an address of the interface; an anycast address is none to speak from.
    const source = anycast ? this.#host.selectSource(asker, link) : target;
    this.#send(packet, link, source ?? target, asker.isUnspecified ? allNodes : asker);
    return true;
  }

  /** RFC 4861 §6.3.7: with our link-layer address, unless the source is `::`. */
  solicitRouters(link: Ipv6Interface): void {
    const source = link.linkLocal()?.address ?? ipv6.any;
    const own = source.isUnspecified ? 0 : linkAddressBytes(link);
    const packet = this.#message(ROUTER_SOLICITATION, 0, RS_BYTES + own);
    if (packet === undefined) return;
    if (own !== 0) writeOwnLink(packet, packet.start + RS_BYTES, SOURCE_LINK_ADDRESS, link);
    this.#send(packet, link, source, allRouters);
  }

  /**
   * RFC 4861 §6.2.3: as the link is configured, with the given lifetime in seconds. What does not fit one packet goes in
   * further ones, since fragments would not be taken (RFC 6980 §5).
   */
  advertiseRouter(link: Ipv6Interface, said: Advertisement, lifetime: number): void {
    const source = link.linkLocal()?.address;
    if (source === undefined) return;
    const room = link.mtu - HEADER_BYTES - RA_BYTES;
    const options = optionsOf(said, link);
    do {
      const some: Uint8Array[] = [];
      for (let left = room; options.length > 0 && options[0]!.length <= left; ) {
        left -= options[0]!.length;
        some.push(options.shift()!);
      }
      if (some.length === 0) options.shift(); // Longer than any packet of this link.
      this.#advertise(link, source, said, lifetime, some);
    } while (options.length > 0);
  }

  #advertise(
    link: Ipv6Interface,
    source: Address,
    said: Advertisement,
    lifetime: number,
    options: readonly Uint8Array[],
  ): void {
    const length = RA_BYTES + options.reduce((sum, option) => sum + option.length, 0);
    const word = ((said.hopLimit ?? link.hopLimit) << 24) | (flagsOf(said, lifetime) << 16) | lifetime;
    const packet = this.#message(ROUTER_ADVERTISEMENT, word, length);
    if (packet === undefined) return;
    packet.setI32(packet.start + REACHABLE_TIME, said.reachableTime ?? 0);
    packet.setI32(packet.start + RETRANS_TIMER, said.retransTimer ?? 0);
    let at = packet.start + RA_BYTES;
    for (const option of options) {
      packet.bytes.set(option, at);
      at += option.length;
    }
    this.#send(packet, link, source, allNodes);
  }

  /** RFC 4861 §4.5, §8.2: `to` may send what is for `destination` to `target`; `about` is the packet that showed it. */
  redirect(
    link: Ipv6Interface,
    target: Address,
    destination: Address,
    to: Address,
    mac: Uint8Array | undefined,
    about: Packet,
  ): void {
    const source = link.linkLocal()?.address;
    if (source === undefined) return;
    const own = mac === undefined ? 0 : LINK_ADDRESS_BYTES;
    const room = MINIMUM_MTU - HEADER_BYTES - REDIRECT_BYTES - own - REDIRECTED_BYTES;
    const quote = Math.min(about.end - about.network, room) & ~7;
    const packet = this.#message(REDIRECT, 0, REDIRECT_BYTES + own + REDIRECTED_BYTES + quote);
    if (packet === undefined) return;
    ipv6.write(target, packet.bytes, packet.start + TARGET);
    ipv6.write(destination, packet.bytes, packet.start + REDIRECT_DESTINATION);
    let at = packet.start + REDIRECT_BYTES;
    if (mac !== undefined) at = writeLinkAddress(packet, at, TARGET_LINK_ADDRESS, mac);
    writeRedirected(packet, at, about.bytes.subarray(about.network, about.network + quote));
    this.#send(packet, link, source, to);
  }

  #promptingSource(link: Ipv6Interface, prompt: Packet | undefined): Address | undefined {
    if (prompt === undefined || prompt.ingress > 0) return undefined;
    ipv6.read(prompt.bytes, prompt.start + SOURCE, this.#prompting);
    const local = link.find(this.#prompting);
    return local?.usable ? local.address : undefined;
  }

  #message(type: number, word: number, length: number): Packet | undefined {
    const packet = this.#host.take(length);
    if (packet !== undefined) writeIcmp(packet, type, 0, word);
    return packet;
  }

  #send(packet: Packet, link: Ipv6Interface, source: Address, destination: Address): void {
    setChecksum(packet, source, destination);
    this.#output.toLink(packet, link, source, destination, ICMPV6, ND_HOP_LIMIT);
  }
}

function linkAddressBytes(link: Ipv6Interface): number {
  return link.isEthernet ? LINK_ADDRESS_BYTES : 0;
}

/** Returns the offset behind the option; links without addresses have none. */
function writeOwnLink(packet: Packet, at: number, type: number, link: Ipv6Interface): number {
  return link.isEthernet ? writeLinkAddress(packet, at, type, link.device.mac!) : at;
}
