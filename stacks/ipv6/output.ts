/**
 * From a transport to a link: RFC 8200 §3, §5 (header, packet size), RFC 4861 §5.2 (next hop), RFC 6437 (flow label),
 * RFC 4007 §9 (zones).
 */
import type { Address } from '../address/address.ts';
import type { Family } from '../address/family.ts';
import { ipv6 } from '../address/ipv6.ts';
import type { Failure, OutputOptions } from '../address/network.ts';
import type { Decision } from '../forward/decision.ts';
import type { NeighbourCache } from '../forward/neighbours.ts';
import type { PathMtuTable } from '../forward/path-mtu.ts';
import { REFUSALS } from '../forward/refusals.ts';
import type { RouteKind } from '../forward/route.ts';
import type { RouteTable } from '../forward/routes.ts';
import { complete, prepare } from '../forward/segmentation.ts';
import type { Offload } from '../packet/device.ts';
import type { Environment } from '../packet/environment.ts';
import { LOOPED, PARTIAL, type Packet } from '../packet/packet.ts';
import type { DropReason } from '../packet/verdict.ts';
import {
  FRAGMENT,
  HEADER_BYTES,
  MAX_PAYLOAD,
  multicastScope,
  prependHeader,
  resizeSegment,
  TCP,
  UDP,
} from '../wire/ipv6.ts';
import { failure } from './failure.ts';
import type { FirstHop } from './first-hop.ts';
import { Ipv6Flow } from './flow.ts';
import { fragment } from './fragment.ts';
import type { Host } from './host.ts';
import type { Ipv6Interface } from './interface.ts';
import type { Later } from './later.ts';
import type { LocalAddress } from './local-address.ts';

/** RFC 3493 §5.2: a packet to a group stays on its link unless its sender says otherwise. */
const MULTICAST_HOP_LIMIT = 1;
const INTERFACE_SCOPE = 1;
/** The loopback path has no link: the largest packet that a payload length of 16 bits allows. */
const LOOPBACK_MTU = 65_535;

export class Output {
  readonly family: Family = ipv6;
  readonly environment: Environment;
  readonly #host: Host;
  readonly #routes: RouteTable;
  readonly #neighbours: NeighbourCache;
  readonly #pathMtus: PathMtuTable;
  readonly #later: Later;
  firstHop: FirstHop | undefined;
  /** The result of the last `#path`; no link: it is this host itself. */
  #link: Ipv6Interface | undefined;
  #nextHop: Address = ipv6.any;
  /** Of the route that the last `#path` found. */
  #kind: RouteKind = 'unicast';
  readonly #flow = new Ipv6Flow();
  /** The flow that was labelled last: most packets come in runs of one flow. */
  #flowPorts = 0;
  #flowPeers = 0;
  #flowLabel = 0;

  constructor(
    host: Host,
    routes: RouteTable,
    neighbours: NeighbourCache,
    pathMtus: PathMtuTable,
    later: Later,
  ) {
    this.environment = host.environment;
    this.#host = host;
    this.#routes = routes;
    this.#neighbours = neighbours;
    this.#pathMtus = pathMtus;
    this.#later = later;
  }

  sourceFor(destination: Address): Address | Failure {
    if (ipv6.isLoopback(destination)) return ipv6.loopback;
    const own = this.#host.find(destination);
    if (own?.usable) return own.address;
    const problem = this.#path(destination, 0);
    if (problem !== undefined) return this.#sourceWithRoute(destination) ?? problem;
    const link = this.#link;
    const source = link === undefined ? undefined : this.#host.selectSource(destination, link, this.#nextHop);
    return source ?? failure('EADDRNOTAVAIL', `no address of ours can speak to ${ipv6.format(destination)}`);
  }

  /** For the order of destinations: what would speak to this one (RFC 6724 §6, rule 1). */
  bestSource(destination: Address): LocalAddress | undefined {
    const own = this.#host.find(destination);
    if (own?.usable) return own;
    if (this.#path(destination, 0) !== undefined || this.#link === undefined) return undefined;
    return this.#host.bestSource(destination, this.#link, this.#nextHop);
  }

  /** Of `index`, else the one that a packet to the group leaves by. */
  linkOf(group: Address, index: number): Ipv6Interface | undefined {
    return this.#path(group, index) === undefined ? this.#link : undefined;
  }

  pathMtu(destination: Address): number {
    const link = this.linkMtu(destination);
    return Math.min(link, this.#pathMtus.get(destination)?.mtu ?? link);
  }

  linkMtu(destination: Address): number {
    const problem = this.#path(destination, 0);
    if (problem === undefined && this.#link === undefined) return LOOPBACK_MTU;
    let least = this.#link?.mtu ?? Number.POSITIVE_INFINITY;
    // Sources and flows may part there, and the smallest link suits them all.
    if (this.#kind === 'unicast' && !ipv6.isLinkLocal(destination)) {
      for (const { interfaceIndex } of this.#routes.waysOf(destination)) {
        least = Math.min(least, this.#host.link(interfaceIndex)?.mtu ?? least);
      }
    }
    return least === Number.POSITIVE_INFINITY ? ipv6.minimumMtu : least;
  }

  output(
    packet: Packet,
    source: Address,
    destination: Address,
    protocol: number,
    options: OutputOptions,
  ): Failure | undefined {
    const problem = this.#send(packet, source, destination, protocol, options);
    if (problem === undefined) return undefined;
    this.#host.drop(packet, this.#reason(problem));
    return problem;
  }

  /** What `output` would do; writes the header into `packet`, which stays the caller's. */
  decide(packet: Packet, source: Address, destination: Address, protocol: number): Decision {
    const towards = this.#flow.ours(packet, source, destination, protocol);
    const problem = this.#host.running
      ? this.#path(destination, 0, source, towards)
      : failure('ENETDOWN', 'the stack is stopped');
    if (problem !== undefined)
      return { outcome: 'dropped', reason: this.#reason(problem), cause: problem.cause };
    const link = this.#link;
    const nextHop = this.#nextHop.clone();
    if (!this.#maySend(source, link)) return { outcome: 'dropped', reason: 'bad-source' };
    const label = this.#label(packet, source, destination, protocol);
    prependHeader(packet, protocol, link?.hopLimit ?? 64, 0, label, source, destination);
    packet.network = packet.start;
    if (link === undefined) return { outcome: 'local' };
    return { outcome: 'out', interfaceIndex: link.index, nextHop, mtu: this.#mtuBy(link, destination) };
  }

  /** `NetworkLayer.offload`. To ourselves nothing is cut, because nothing is. */
  offload(destination: Address): Offload | undefined {
    return this.#path(destination, 0) === undefined ? this.#link?.device.offload : undefined;
  }

  confirmReachable(destination: Address): void {
    if (this.#path(destination, 0) !== undefined || this.#link?.isEthernet !== true) return;
    // Where flows part, nobody knows here which next hop this one has.
    const byRoute = !ipv6.isLinkLocal(destination);
    if (byRoute && this.#routes.sureWay(destination) === undefined) return;
    this.#neighbours.confirm(this.#nextHop, this.#link.index);
  }

  /** A message that belongs to one link and needs no route: neighbour discovery and MLD, also from `::`. */
  toLink(
    packet: Packet,
    link: Ipv6Interface,
    source: Address,
    destination: Address,
    nextHeader: number,
    hopLimit: number,
  ): void {
    prependHeader(packet, nextHeader, hopLimit, 0, 0, source, destination);
    if (!link.usable) this.#host.drop(packet, 'link-down', link);
    else this.depart(packet, link, destination);
  }

  /** As `toLink`, to a station whose address on the link is known: unicast probes. */
  toStation(
    packet: Packet,
    link: Ipv6Interface,
    mac: Uint8Array,
    source: Address,
    destination: Address,
    nextHeader: number,
    hopLimit: number,
  ): void {
    prependHeader(packet, nextHeader, hopLimit, 0, 0, source, destination);
    if (link.usable) this.resolved(packet, link, mac);
    else this.#host.drop(packet, 'link-down', link);
  }

  /** The end of resolution: the packet goes to `mac`. Takes ownership. */
  resolved(packet: Packet, link: Ipv6Interface, mac: Uint8Array): void {
    this.#host.end(packet, packet.ingress === 0 ? 'transmitted' : 'forwarded', undefined, link);
    this.#hand(packet, link, mac, undefined);
  }

  /**
   * A packet with its header onto a link: one of ours, or one that is forwarded; as segments when it is a super-segment
   * and the device does not cut it. Takes ownership.
   */
  depart(packet: Packet, link: Ipv6Interface, nextHop: Address): void {
    if (packet.segmentSize > 0 || packet.checksum === PARTIAL) {
      const segments = prepare(packet, link.device.offload, link.mtu, this.environment.pool, resizeSegment);
      if (segments === undefined) {
        this.#host.drop(packet, 'no-buffer', link);
        return;
      }
      this.#depart(packet, link, nextHop);
      for (const segment of segments) this.#depart(segment, link, nextHop);
      return;
    }
    this.#depart(packet, link, nextHop);
  }

  #depart(packet: Packet, link: Ipv6Interface, nextHop: Address): void {
    if (link.isEthernet && !ipv6.isMulticast(nextHop)) {
      this.#neighbours.send(packet, nextHop, link.index);
      return;
    }
    this.#host.end(packet, packet.ingress === 0 ? 'transmitted' : 'forwarded', undefined, link);
    this.#hand(packet, link, undefined, nextHop);
  }

  /** To the device, which may hand up an answer before it returns. */
  #hand(packet: Packet, link: Ipv6Interface, mac: Uint8Array | undefined, group: Address | undefined): void {
    const was = this.#host.busy;
    this.#host.busy = true;
    if (mac !== undefined) link.transmit(packet, mac);
    else link.transmitTo(packet, group!);
    this.#host.busy = was;
  }

  /** Undefined: sent. A failure: `packet` is still the caller's. */
  #send(
    packet: Packet,
    source: Address,
    destination: Address,
    protocol: number,
    options: OutputOptions,
  ): Failure | undefined {
    if (!this.#host.running) return failure('ENETDOWN', 'the stack is stopped');
    const towards = this.#flow.ours(packet, source, destination, protocol);
    const problem = this.#path(destination, options.zone ?? 0, source, towards);
    if (problem !== undefined) return problem;
    const link = this.#link;
    const nextHop = this.#nextHop;
    if (!this.#maySend(source, link))
      return failure('EADDRNOTAVAIL', `${ipv6.format(source)} cannot be the source of this packet`);
    if (packet.length > MAX_PAYLOAD) {
      return failure('EMSGSIZE', `${packet.length} bytes are more than one IPv6 packet holds`);
    }
    const trafficClass = options.trafficClass ?? 0;
    const flow = this.#label(packet, source, destination, protocol);
    if (link === undefined) {
      prependHeader(packet, protocol, options.hopLimit ?? 64, trafficClass, flow, source, destination);
      if (packet.checksum === PARTIAL) complete(packet);
      return this.#loop(packet, destination);
    }
    const multicast = ipv6.isMulticast(destination);
    const hopLimit = options.hopLimit ?? (multicast ? MULTICAST_HOP_LIMIT : link.hopLimit);
    if (multicast && options.loopback === true && link.listens(destination)) {
      this.#loopCopy(packet, link, protocol, hopLimit, trafficClass, flow, source, destination);
    }
    // RFC 4291 §2.7: what is for this interface alone does not leave it; nor does what may make no hop.
    if (multicast && (hopLimit === 0 || multicastScope(destination) <= INTERFACE_SCOPE)) {
      this.#host.drop(packet, 'hop-limit', link);
      return undefined;
    }
    const mtu = this.#mtuBy(link, destination);
    const longest = packet.segmentSize === 0 ? packet.length + HEADER_BYTES : packet.longest;
    if (longest <= mtu) {
      prependHeader(packet, protocol, hopLimit, trafficClass, flow, source, destination);
      this.depart(packet, link, multicast ? destination : nextHop);
      return undefined;
    }
    if (options.dontFragment === true) {
      return failure('EMSGSIZE', `${longest} bytes are more than the path MTU of ${mtu}`);
    }
    // RFC 7739 §5.3: identifications that nobody can predict.
    const id = this.environment.random.u32();
    const pieces = fragment(this.environment.pool, packet, mtu, protocol, id);
    if (pieces === undefined) return failure('ENOBUFS', 'no packet buffer was free');
    this.environment.pool.release(packet);
    for (const piece of pieces) {
      prependHeader(piece, FRAGMENT, hopLimit, trafficClass, flow, source, destination);
      this.depart(piece, link, multicast ? destination : nextHop);
    }
    return undefined;
  }

  /** RFC 4291 §2.5.3: `::1` stays inside; RFC 4007 §6: a link-local address speaks on its own link only. */
  #maySend(source: Address, link: Ipv6Interface | undefined): boolean {
    if (ipv6.isLoopback(source)) return link === undefined;
    if (link !== undefined && source.zone !== 0 && source.zone !== link.index) return false;
    return this.#host.find(source)?.usable === true;
  }

  /** A copy for the sockets of this host that joined the group; without a buffer they miss it, as on any link. */
  #loopCopy(
    packet: Packet,
    link: Ipv6Interface,
    protocol: number,
    hopLimit: number,
    trafficClass: number,
    flow: number,
    source: Address,
    destination: Address,
  ): void {
    const copy = this.#host.take(packet.length);
    if (copy === undefined) return;
    copy.bytes.set(packet.bytes.subarray(packet.start, packet.end), copy.start);
    prependHeader(copy, protocol, hopLimit, trafficClass, flow, source, destination);
    if (!this.#later.push(copy, link.index)) {
      this.#host.drop(copy, 'no-buffer', link);
      return;
    }
    this.#host.end(copy, 'transmitted');
    copy.ingress = LOOPED;
  }

  /** To ourselves: delivered after this call has returned. */
  #loop(packet: Packet, destination: Address): Failure | undefined {
    if (!this.#later.push(packet, destination.zone)) {
      return failure('ENOBUFS', 'too many packets to ourselves wait for delivery');
    }
    this.#host.end(packet, 'transmitted');
    packet.ingress = LOOPED;
    return undefined;
  }

  /** Sets `#link` and `#nextHop`. RFC 4861 §5.2; link-local and multicast destinations go by their zone alone. */
  #path(destination: Address, zone: number, source?: Address, flow?: Ipv6Flow): Failure | undefined {
    this.#link = undefined;
    this.#kind = 'unicast';
    this.#nextHop = destination;
    if (ipv6.isLoopback(destination) || this.#host.find(destination) !== undefined) return undefined;
    if (destination.isUnspecified) return failure('EADDRNOTAVAIL', 'the unspecified address is nobody');
    const wanted = zone !== 0 ? zone : destination.zone;
    if (ipv6.isMulticast(destination) || ipv6.isLinkLocal(destination))
      return this.#byZone(destination, wanted);
    const route = this.#routes.way(destination, source, flow);
    if (wanted !== 0 && route?.interfaceIndex !== wanted) return this.#byZone(destination, wanted);
    if (route === undefined) return failure('ENETUNREACH', `no route to ${ipv6.format(destination)}`);
    this.#kind = route.kind;
    if (route.kind !== 'unicast') {
      const { code, says } = REFUSALS[route.kind];
      return failure(code, `${ipv6.format(destination)}: ${says}`);
    }
    this.#link = this.#host.link(route.interfaceIndex);
    if (this.#link?.usable !== true) return failure('ENETDOWN', 'the link of the route is down');
    if (route.gateway.isUnspecified) return undefined;
    this.#nextHop = route.gateway;
    // A redirect has spoken about this very destination (RFC 8028 §3.2).
    if (source !== undefined && route.origin === 'ra') {
      this.#nextHop = this.firstHop?.(destination, source, this.#link, route.gateway) ?? route.gateway;
    }
    return undefined;
  }

  /** How a failed output is counted. */
  #reason(problem: Failure): DropReason {
    if (!this.#host.running) return 'stack-stopped';
    if (this.#kind !== 'unicast') return REFUSALS[this.#kind].reason;
    return UNSENT[problem.code] ?? 'no-route';
  }

  /** There are only routes for certain sources: the first address of ours that one is for (RFC 8028 §3.2). */
  #sourceWithRoute(destination: Address): Address | undefined {
    if (this.#kind !== 'unicast') return undefined;
    for (const link of this.#host.interfaces) {
      for (const { address, usable } of link.addresses) {
        if (!usable || ipv6.isLinkLocal(address)) continue;
        if (this.#path(destination, 0, address) === undefined) return address;
      }
    }
    return undefined;
  }

  #byZone(destination: Address, zone: number): Failure | undefined {
    // RFC 4007 §6: without a zone the default one serves, which is clear only when there is a single link.
    const only = this.#host.interfaces.length === 1 ? this.#host.interfaces[0] : undefined;
    this.#link = zone === 0 ? only : this.#host.link(zone);
    if (this.#link === undefined) {
      return failure('ENETUNREACH', `${ipv6.format(destination)} needs the zone of its link`);
    }
    return this.#link.usable ? undefined : failure('ENETDOWN', `the link ${this.#link.name} is down`);
  }

  #mtuBy(link: Ipv6Interface, destination: Address): number {
    return Math.min(link.mtu, this.#pathMtus.get(destination)?.mtu ?? link.mtu);
  }

  /** RFC 6437 §3: a keyed hash of the flow for TCP and UDP, zero for what has no ports. */
  #label(packet: Packet, source: Address, destination: Address, protocol: number): number {
    if ((protocol !== TCP && protocol !== UDP) || packet.length < 4) return 0;
    const ports = packet.i32(packet.start);
    const peers =
      source.w1 ^ source.w2 ^ source.w3 ^ destination.w0 ^ destination.w1 ^ destination.w2 ^ ~destination.w3;
    if (ports !== this.#flowPorts || peers !== this.#flowPeers) {
      this.#flowPorts = ports;
      this.#flowPeers = peers;
      this.#flowLabel = this.#host.hash.begin().word(ports).word(peers).word(protocol).end() & 0xfffff;
    }
    return this.#flowLabel;
  }
}

const UNSENT = {
  ENETDOWN: 'link-down',
  EMSGSIZE: 'too-big',
  ENOBUFS: 'no-buffer',
  EADDRNOTAVAIL: 'bad-source',
} as const as Partial<Record<Failure['code'], 'link-down' | 'too-big' | 'no-buffer' | 'bad-source'>>;
