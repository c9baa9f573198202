/** From a link to whoever the packet is for: RFC 8200 §3, §4; RFC 4291 §2.5, §2.7; RFC 2464 (frames). */
import { Address } from '../address/address.ts';
import { ipv6 } from '../address/ipv6.ts';
import type { TransportVerdict } from '../address/network.ts';
import type { Decision } from '../forward/decision.ts';
import { LOOPED, type Packet, UNICAST } from '../packet/packet.ts';
import type { DropReason } from '../packet/verdict.ts';
import { checkFrame, ETHERNET_HEADER, ETHERTYPE_IPV6, etherType } from '../wire/ethernet.ts';
import {
  DESTINATION_UNREACHABLE,
  ECHO_REQUEST,
  PARAMETER_PROBLEM,
  PORT_UNREACHABLE,
  UNKNOWN_NEXT_HEADER,
} from '../wire/icmp6.ts';
import {
  checkHeader,
  DESTINATION,
  HEADER_BYTES,
  ICMPV6,
  multicastScope,
  NEXT_HEADER,
  NO_NEXT_HEADER,
  SOURCE,
  TCP,
  UDP,
} from '../wire/ipv6.ts';
import { HeaderChain, SILENT } from './extension-headers.ts';
import type { Forwarder } from './forward.ts';
import type { Host } from './host.ts';
import type { Icmp } from './icmp.ts';
import type { IcmpErrors } from './icmp-errors.ts';
import type { Ipv6Interface } from './interface.ts';
import type { Later } from './later.ts';
import type { Reassembler } from './reassemble.ts';
import { isHostOnly } from './source-selection.ts';
import type { Transit } from './transit.ts';

/** Scope 2 is the link; 0 is reserved and 1 never leaves a host (RFC 4291 §2.7). */
const LINK_SCOPE = 2;

/** May this packet in? The stack's IN statements; protocol number and destination port, 0 for ICMPv6. */
export type InboundFilter = (protocol: number, destinationPort: number) => boolean;

export class Input {
  filter: InboundFilter | undefined;
  readonly #host: Host;
  readonly #forwarder: Forwarder;
  readonly #reassembler: Reassembler;
  readonly #errors: IcmpErrors;
  readonly #icmp: Icmp;
  readonly #later: Later;
  readonly #transit: Transit;
  readonly #one: Packet[] = [];
  readonly #chain = new HeaderChain();
  readonly #source = new Address();
  readonly #destination = new Address();

  constructor(
    host: Host,
    forwarder: Forwarder,
    reassembler: Reassembler,
    errors: IcmpErrors,
    icmp: Icmp,
    later: Later,
    transit: Transit,
  ) {
    this.#host = host;
    this.#forwarder = forwarder;
    this.#reassembler = reassembler;
    this.#errors = errors;
    this.#icmp = icmp;
    this.#later = later;
    this.#transit = transit;
  }

  /** From the device of `link`. Takes ownership. */
  fromDevice(packet: Packet, link: Ipv6Interface): void {
    this.#one[0] = packet;
    this.burstFromDevice(this.#one, 1, link);
  }

  /** Takes ownership of the first `count` packets. */
  burstFromDevice(packets: readonly Packet[], count: number, link: Ipv6Interface): void {
    this.#transit.receive(packets, count, link, this.#longWay);
  }

  readonly #longWay = (packet: Packet, { index }: Ipv6Interface): void => {
    packet.ingress = index;
    // What another stack noted in it before it came here is not ours.
    packet.network = packet.transport = 0;
    packet.linkCast = UNICAST;
    this.#count(packet);
    this.#enter(packet, index);
  };

  /** From `Later`: a packet to ourselves, or one that came while we were busy. */
  fromLater(packet: Packet, zone: number): void {
    if (packet.ingress === LOOPED) this.#count(packet);
    this.#enter(packet, zone);
  }

  /** What would become of a short packet that comes from a link, `start` at its header; it stays the caller's. */
  decide(packet: Packet, link: Ipv6Interface): Decision {
    packet.ingress = link.index;
    if (!this.#host.running) return { outcome: 'dropped', reason: 'stack-stopped' };
    if (!link.usable) return { outcome: 'dropped', reason: 'link-down' };
    const source = this.#source;
    const destination = this.#destination;
    const broken = checkHeader(packet);
    if (broken !== undefined) return { outcome: 'dropped', reason: broken };
    ipv6.read(packet.bytes, packet.network + SOURCE, source);
    ipv6.read(packet.bytes, packet.network + DESTINATION, destination);
    const bad = this.#checkAddresses(packet, link.index);
    if (bad !== undefined) return { outcome: 'dropped', reason: bad };
    const local = this.#host.find(destination);
    if (local === undefined && !this.#host.isAnycast(destination)) {
      return this.#forwarder.decide(packet, source, destination);
    }
    if (local?.usable === false) return { outcome: 'dropped', reason: 'address-tentative' };
    packet.start = packet.network + HEADER_BYTES;
    const filtered = this.#isFiltered(packet, packet.u8(packet.network + NEXT_HEADER));
    packet.start = packet.network;
    return filtered ? { outcome: 'dropped', reason: 'filtered' } : { outcome: 'local' };
  }

  #count(packet: Packet): void {
    this.#host.counters.received++;
    const link = packet.ingress === LOOPED ? undefined : this.#host.link(packet.ingress);
    if (link !== undefined) link.counters.received++;
  }

  /** One packet at a time: a device that hands one up from inside `transmit` finds us in the middle of another. */
  #enter(packet: Packet, zone: number): void {
    if (this.#host.busy) {
      if (!this.#later.push(packet, zone)) this.#host.drop(packet, 'no-buffer');
      return;
    }
    this.#host.busy = true;
    try {
      const reason = this.#receive(packet, zone);
      if (reason !== undefined) this.#host.drop(packet, reason);
    } finally {
      // Nothing here throws; what an application throws from its handler must not shut the stack's ears.
      this.#host.busy = false;
    }
  }

  /** Why to drop it; undefined when it has ended already or has another owner. So do all that follow. */
  #receive(packet: Packet, zone: number): DropReason | undefined {
    if (!this.#host.running) return 'stack-stopped';
    if (packet.ingress !== LOOPED) {
      const link = this.#host.link(packet.ingress)!;
      if (!link.usable) return 'link-down';
      if (link.isEthernet) {
        const bad = checkFrame(packet, link.device.mac!);
        if (bad !== undefined) return bad;
        if (etherType(packet) !== ETHERTYPE_IPV6) return 'unknown-ethertype';
        packet.start += ETHERNET_HEADER;
      }
    }
    return checkHeader(packet) ?? this.#validated(packet, zone, false);
  }

  /** `whole`: reassembly made it. */
  #validated(packet: Packet, zone: number, whole: boolean): DropReason | undefined {
    const host = this.#host;
    const source = this.#source;
    const destination = this.#destination;
    ipv6.read(packet.bytes, packet.network + SOURCE, source);
    ipv6.read(packet.bytes, packet.network + DESTINATION, destination);
    const bad = this.#checkAddresses(packet, zone);
    if (bad !== undefined) return bad;
    const multicast = ipv6.isMulticast(destination);
    let anycast = false;
    if (multicast) {
      if (host.link(zone)?.listens(destination) !== true) {
        return 'not-for-me';
      }
    } else if (!(packet.ingress === LOOPED && ipv6.isLoopback(destination))) {
      const local = host.find(destination);
      if (local === undefined) {
        if (packet.ingress === LOOPED) return 'not-for-me';
        anycast = host.isAnycast(destination);
        if (!anycast) return this.#forwarder.forward(packet, source, destination);
      } else if (!local.usable) {
        // RFC 4862 §5.4: only duplicate detection may use it, and that goes to a group.
        return 'address-tentative';
      }
    }
    const chain = this.#chain;
    if (!chain.walk(packet, multicast, whole)) {
      if (chain.code !== SILENT) {
        this.#errors.send(packet, PARAMETER_PROBLEM, chain.code, chain.pointer - packet.network);
      }
      return chain.reason;
    }
    if (chain.isFragment) {
      const complete = this.#reassembler.receive(packet, source, destination, zone, chain);
      const reason = complete === undefined ? undefined : this.#validated(complete, zone, true);
      if (reason !== undefined) host.drop(complete!, reason);
      return undefined;
    }
    packet.start = packet.transport = chain.at;
    return this.#deliver(packet, source, destination, chain, anycast);
  }

  /** Fills in the zones, and refuses what can neither send nor be sent to. */
  #checkAddresses(packet: Packet, zone: number): DropReason | undefined {
    const source = this.#source;
    const destination = this.#destination;
    if (ipv6.isMulticast(source)) return 'bad-source';
    if (destination.isUnspecified) return 'bad-destination';
    if (packet.ingress !== LOOPED) {
      if (isHostOnly(source)) return 'bad-source';
      if (isHostOnly(destination)) return 'bad-destination';
    }
    if (ipv6.isLinkLocal(source)) source.zone = zone;
    if (ipv6.isLinkLocal(destination)) destination.zone = zone;
    if (ipv6.isMulticast(destination)) {
      const scope = multicastScope(destination);
      // RFC 4291 §2.7: interface-local groups are for the sockets of one host.
      const least = packet.ingress === LOOPED ? LINK_SCOPE - 1 : LINK_SCOPE;
      if (scope < least) return 'bad-destination';
      if (scope <= LINK_SCOPE) destination.zone = zone;
    }
    return undefined;
  }

  /** `packet.start` is at the upper-layer header. */
  #deliver(
    packet: Packet,
    source: Address,
    destination: Address,
    chain: HeaderChain,
    toMany: boolean,
  ): DropReason | undefined {
    const protocol = chain.protocol;
    if (protocol === NO_NEXT_HEADER) return 'no-next-header';
    if (source.isUnspecified && protocol !== ICMPV6) return 'bad-source';
    if (this.#isFiltered(packet, protocol)) return 'filtered';
    if (protocol === ICMPV6) {
      return this.#end(packet, this.#icmp.receive(packet, source, destination, chain));
    }
    const transport = this.#host.transport(protocol);
    if (transport === undefined) {
      const pointer = chain.namedAt - packet.network;
      this.#errors.send(packet, PARAMETER_PROBLEM, UNKNOWN_NEXT_HEADER, pointer);
      return 'unknown-protocol';
    }
    // RFC 9293 §3.9.2.3: a connection has two ends; a group has many, and so has an anycast address.
    if (protocol === TCP && (toMany || ipv6.isMulticast(destination))) return 'bad-destination';
    const verdict = transport.receive(packet, source, destination);
    if (verdict === 'port-unreachable') {
      this.#errors.send(packet, DESTINATION_UNREACHABLE, PORT_UNREACHABLE, 0);
    }
    return this.#end(packet, verdict);
  }

  #end(packet: Packet, verdict: TransportVerdict): DropReason | undefined {
    if (verdict !== 'delivered' && verdict !== 'answered') return verdict;
    this.#host.end(packet, verdict);
    return undefined;
  }

  /** Loopback is never filtered, and of ICMPv6 only echo requests are: the rest keeps the network alive (RFC 4890). */
  #isFiltered(packet: Packet, protocol: number): boolean {
    if (this.filter === undefined || packet.ingress === LOOPED) return false;
    if (protocol === TCP || protocol === UDP) {
      return packet.length >= 4 && !this.filter(protocol, packet.u16(packet.start + 2));
    }
    if (protocol !== ICMPV6 || packet.length === 0) return false;
    return packet.u8(packet.start) === ECHO_REQUEST && !this.filter(ICMPV6, 0);
  }
}
