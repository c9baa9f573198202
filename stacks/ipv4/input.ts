/** Receiving: RFC 1122 §3.2.1 (what a host checks) and §3.3.6 (broadcasts), RFC 1812 §5.2.1 and §5.3.7 (martians). */
import { Address } from '../address/address.ts';
import { ipv4 } from '../address/ipv4.ts';
import type { Transport } from '../address/network.ts';
import type { Decision } from '../forward/decision.ts';
import { LOOPED, type Packet, UNICAST } from '../packet/packet.ts';
import type { DropReason } from '../packet/verdict.ts';
import { checkFrame, ETHERNET_HEADER, ETHERTYPE_ARP, ETHERTYPE_IPV4, etherType } from '../wire/ethernet.ts';
import {
  DESTINATION_UNREACHABLE,
  ECHO_REQUEST,
  icmpType,
  PARAMETER_PROBLEM,
  PORT_UNREACHABLE,
  PROTOCOL_UNREACHABLE,
} from '../wire/icmp.ts';
import { PROTOCOL_IGMP } from '../wire/igmp.ts';
import {
  checkIpv4,
  destinationWord,
  IPV4_DESTINATION,
  IPV4_HEADER,
  IPV4_SOURCE,
  isFragment,
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  protocolOf,
  sourceWord,
} from '../wire/ipv4.ts';
import { PROTOCOL_UDP } from '../wire/udp.ts';
import type { Arp } from './arp.ts';
import type { Forwarder } from './forward.ts';
import { type Host, LIMITED_BROADCAST } from './host.ts';
import type { Icmp } from './icmp.ts';
import type { Igmp } from './igmp.ts';
import type { Ipv4Interface } from './interface.ts';
import type { Options } from './options.ts';
import type { Reassembler } from './reassemble.ts';
import { Transit } from './transit.ts';

export class Input {
  readonly #host: Host;
  readonly #arp: Arp;
  readonly #icmp: Icmp;
  readonly #igmp: Igmp;
  readonly #options: Options;
  readonly #forwarder: Forwarder;
  readonly #reassembler: Reassembler;
  readonly #transit: Transit;
  readonly #one: Packet[] = [];
  /** Keys are the protocol numbers of our transports. */
  readonly #transports = new Map<number, Transport>();
  readonly #source = new Address();
  readonly #destination = new Address();

  constructor(
    host: Host,
    arp: Arp,
    icmp: Icmp,
    igmp: Igmp,
    forwarder: Forwarder,
    reassembler: Reassembler,
    options: Options,
  ) {
    this.#igmp = igmp;
    this.#options = options;
    this.#transit = new Transit(host, arp);
    this.#host = host;
    this.#arp = arp;
    this.#icmp = icmp;
    this.#forwarder = forwarder;
    this.#reassembler = reassembler;
  }

  register(transport: Transport): void {
    this.#transports.set(transport.protocol, transport);
  }

  /** Takes ownership of what a device brings: a frame, or a bare packet. */
  receive(packet: Packet, iface: Ipv4Interface): void {
    this.#one[0] = packet;
    this.receiveBurst(this.#one, 1, iface);
  }

  /** The same for the first `count` of several. */
  receiveBurst(packets: readonly Packet[], count: number, iface: Ipv4Interface): void {
    this.#transit.receive(packets, count, iface, this.#longWay);
  }

  readonly #longWay = (packet: Packet, iface: Ipv4Interface): void => {
    const host = this.#host;
    packet.ingress = iface.index;
    host.received(iface);
    if (!iface.up) {
      host.end(packet, 'dropped', host.running ? 'link-down' : 'stack-stopped');
      return;
    }
    if (iface.mac === undefined) {
      packet.linkCast = UNICAST;
      this.#receiveIp(packet, iface);
      return;
    }
    const bad = checkFrame(packet, iface.mac);
    if (bad !== undefined) {
      host.end(packet, 'dropped', bad);
      return;
    }
    const type = etherType(packet);
    packet.start += ETHERNET_HEADER;
    if (type === ETHERTYPE_IPV4) this.#receiveIp(packet, iface);
    else if (type === ETHERTYPE_ARP) this.#arp.receive(packet, iface);
    else host.end(packet, 'dropped', 'unknown-ethertype');
  };

  /** What would become of a short datagram that comes from a link, `start` at its header; it stays the caller's. */
  decide(packet: Packet, iface: Ipv4Interface): Decision {
    packet.ingress = iface.index;
    if (!iface.up) {
      return { outcome: 'dropped', reason: this.#host.running ? 'link-down' : 'stack-stopped' };
    }
    const bad = checkIpv4(packet) ?? this.#checkAddresses(packet);
    if (bad !== undefined) return { outcome: 'dropped', reason: bad };
    if (!this.#host.isOwn(destinationWord(packet, packet.network))) return this.#forwarder.decide(packet);
    packet.start = packet.transport;
    const filtered = this.#isFiltered(packet, protocolOf(packet, packet.network));
    packet.start = packet.network;
    return filtered ? { outcome: 'dropped', reason: 'filtered' } : { outcome: 'local' };
  }

  /** Takes ownership of what we sent to ourselves: the same checks, except those about where it came from. */
  receiveLooped(packet: Packet): void {
    this.#host.received(undefined);
    const bad = this.#host.running ? checkIpv4(packet) : 'stack-stopped';
    if (bad !== undefined) this.#host.end(packet, 'dropped', bad);
    else this.#deliver(packet);
  }

  #receiveIp(packet: Packet, iface: Ipv4Interface): void {
    const bad = checkIpv4(packet) ?? this.#checkAddresses(packet) ?? this.#checkOptions(packet);
    if (bad !== undefined) {
      this.#host.end(packet, 'dropped', bad);
      return;
    }
    const to = destinationWord(packet, packet.network);
    if (this.#host.isOwn(to)) {
      // RFC 1122 §3.3.6: a unicast datagram in a broadcast frame is not to be believed.
      if (packet.linkCast !== UNICAST) this.#host.end(packet, 'dropped', 'bad-destination');
      else if (this.#isUnderWay(packet)) this.#forwarder.alongRoute(packet, this.#options.sourceRoute);
      else this.#deliver(packet);
    } else if (
      to === LIMITED_BROADCAST ||
      iface.isBroadcast(to) ||
      (to >>> 28 === 0xe && iface.listens(to))
    ) {
      this.#deliver(packet);
    } else if (to >>> 28 === 0xe) {
      this.#host.end(packet, 'dropped', 'not-for-me');
    } else {
      this.#forwarder.receive(packet);
    }
  }

  #checkAddresses(packet: Packet): DropReason | undefined {
    const from = sourceWord(packet, packet.network);
    // A switch without an address asks from 0.0.0.0 (RFC 4541 §2.1.1), a host without one reports from there.
    const isNobody = from === 0 && protocolOf(packet, packet.network) === PROTOCOL_IGMP;
    if (!isNobody && !this.#host.isPossibleSource(from)) return 'bad-source';
    const to = destinationWord(packet, packet.network);
    const high = to >>> 24;
    const outside = high === 0 || high === 127 || (high >= 240 && to !== LIMITED_BROADCAST);
    return outside ? 'bad-destination' : undefined;
  }

  #checkOptions(packet: Packet): DropReason | undefined {
    if (packet.transport - packet.network === IPV4_HEADER) return undefined;
    const pointer = this.#options.read(packet);
    if (pointer === 0) {
      // RFC 7126 §4.3, §4.4: silently, unless the operator wants them.
      return this.#options.sourceRoute !== 0 && !this.#host.sourceRoutes ? 'source-routed' : undefined;
    }
    // RFC 1122 §3.2.1.3: a host is silent about what is for another.
    const isOurs = this.#host.forwarding || this.#host.isOwn(destinationWord(packet, packet.network));
    if (isOurs) this.#icmp.error(packet, PARAMETER_PROBLEM, 0, pointer << 24);
    return 'bad-option';
  }

  /** Do its options, which were just read, send it on from here? */
  #isUnderWay(packet: Packet): boolean {
    return packet.transport - packet.network > IPV4_HEADER && this.#options.isUnderWay(packet);
  }

  /** Takes ownership of a datagram for us. */
  #deliver(arrived: Packet): void {
    const packet = isFragment(arrived, arrived.network) ? this.#reassembler.receive(arrived) : arrived;
    if (packet === undefined) return;
    const host = this.#host;
    const protocol = protocolOf(packet, packet.network);
    packet.start = packet.transport;
    if (packet.transport - packet.network > IPV4_HEADER) this.#stamp(packet);
    if (this.#isFiltered(packet, protocol)) {
      host.end(packet, 'dropped', 'filtered');
      return;
    }
    if (protocol === PROTOCOL_ICMP) {
      this.#icmp.receive(packet);
      return;
    }
    const transport = this.#transports.get(protocol);
    if (transport === undefined) {
      if (protocol === PROTOCOL_IGMP) {
        this.#igmp.receive(packet);
        return;
      }
      this.#icmp.error(packet, DESTINATION_UNREACHABLE, PROTOCOL_UNREACHABLE, 0); // RFC 1122 §3.2.2.1
      host.end(packet, 'dropped', 'unknown-protocol');
      return;
    }
    ipv4.read(packet.bytes, packet.network + IPV4_SOURCE, this.#source);
    ipv4.read(packet.bytes, packet.network + IPV4_DESTINATION, this.#destination);
    // RFC 1122 §4.2.3.10: TCP is between two hosts.
    if (protocol === PROTOCOL_TCP && !host.isOwn(this.#destination.w3)) {
      host.end(packet, 'dropped', 'bad-destination');
      return;
    }
    const verdict = transport.receive(packet, this.#source, this.#destination);
    if (verdict === 'delivered' || verdict === 'answered') {
      host.end(packet, verdict);
      return;
    }
    if (verdict === 'port-unreachable') {
      this.#icmp.error(packet, DESTINATION_UNREACHABLE, PORT_UNREACHABLE, 0); // RFC 1122 §4.1.3.1
    }
    host.end(packet, 'dropped', verdict);
  }

  /** RFC 1122 §3.2.1.8: the last entries of a recorded route and of timestamps are ours. */
  #stamp(packet: Packet): void {
    const to = destinationWord(packet, packet.network);
    const link = this.#host.interfaceAt(packet.ingress);
    this.#options.stamp(packet, this.#host.isOwn(to) ? to : (link?.own[0]?.address.w3 ?? 0));
  }

  /**
   * Loopback is never filtered, and of ICMP only echo requests are: answers to our own, and errors that path MTU
   * discovery lives by (RFC 2923 §2.1), are for what the filter let out.
   */
  #isFiltered(packet: Packet, protocol: number): boolean {
    const { filter } = this.#host;
    if (filter === undefined || packet.ingress === LOOPED) return false;
    if (protocol === PROTOCOL_ICMP) {
      return packet.length > 0 && icmpType(packet, packet.start) === ECHO_REQUEST && !filter(protocol, 0);
    }
    const hasPort = (protocol === PROTOCOL_TCP || protocol === PROTOCOL_UDP) && packet.length >= 4;
    return !filter(protocol, hasPort ? packet.u16(packet.start + 2) : 0);
  }
}
