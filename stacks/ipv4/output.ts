/** Sending: RFC 791 §3.2, RFC 1122 §3.3.1 (routing in a host), §3.3.3 (fragmentation), RFC 1191 §6.1 (path MTU). */
import { Address } from '../address/address.ts';
import { ipv4 } from '../address/ipv4.ts';
import type { Failure, OutputOptions } from '../address/network.ts';
import type { Decision } from '../forward/decision.ts';
import type { PathMtuTable } from '../forward/path-mtu.ts';
import { REFUSALS } from '../forward/refusals.ts';
import type { RouteKind } from '../forward/route.ts';
import { complete, prepare } from '../forward/segmentation.ts';
import type { Offload } from '../packet/device.ts';
import { LOOPED, PARTIAL, type Packet } from '../packet/packet.ts';
import type { DropReason } from '../packet/verdict.ts';
import type { Timer } from '../time/clock.ts';
import { BROADCAST_MAC, ETHERTYPE_IPV4 } from '../wire/ethernet.ts';
import {
  DONT_FRAGMENT,
  IPV4_HEADER,
  IPV4_MAX_LENGTH,
  resizeSegment,
  writeIpv4,
  writeOptions,
} from '../wire/ipv4.ts';
import type { Arp } from './arp.ts';
import { Ipv4Flow } from './flow.ts';
import { fragment } from './fragment.ts';
import { type Host, isLinkLocal } from './host.ts';
import { Identification } from './identification.ts';
import type { Ipv4Interface } from './interface.ts';

/** RFC 1122 §3.2.1.7, RFC 1700. */
export const DEFAULT_TTL = 64;
/** TOS with precedence 6 (RFC 791 §3.1): RFC 1812 §4.3.2.5 for ICMP errors of routers, RFC 3376 §4 for IGMP. */
export const INTERNETWORK_CONTROL = 0xc0;
/** RFC 1112 §6.1: a group is not reached beyond the link unless asked for. */
const MULTICAST_TTL = 1;
/** Packets to ourselves that wait for the next turn: as many as a full stack has connections. */
export const LOOPBACK_QUEUE = 4_096;

export interface Ipv4OutputOptions extends OutputOptions {
  /** Options of the header, in whole words. */
  readonly ipOptions?: Uint8Array | undefined;
}

/** Where a packet leaves. */
interface Hop {
  iface: Ipv4Interface;
  next: number;
}

export class Output {
  readonly #host: Host;
  readonly #pathMtus: PathMtuTable;
  readonly #arp: Arp;
  readonly #ids: Identification;
  readonly #nextHop = new Address();
  readonly #flow = new Ipv4Flow();
  /** Of the route that the last `#hop` found. */
  #kind: RouteKind = 'unicast';
  readonly #loopTimer: Timer;
  #looped: Packet[] = [];
  /** While `send` hands over: a refusal then goes back as its result, later as an ICMP error would. */
  #sending = false;
  #refused = false;

  /** `input` takes ownership of what we sent to ourselves. */
  constructor(host: Host, pathMtus: PathMtuTable, arp: Arp, input: (packet: Packet) => void) {
    this.#host = host;
    this.#pathMtus = pathMtus;
    this.#arp = arp;
    this.#ids = new Identification(host.environment.random);
    this.#loopTimer = host.environment.clock.timer(() => {
      const looped = this.#looped;
      this.#looped = [];
      for (const packet of looped) input(packet);
    });
  }

  /** `NetworkLayer.output`. */
  send(
    packet: Packet,
    source: Address,
    destination: Address,
    protocol: number,
    options: Ipv4OutputOptions,
  ): Failure | undefined {
    const host = this.#host;
    const to = destination.w3;
    const header = IPV4_HEADER + (options.ipOptions?.length ?? 0);
    const length = packet.length + header;
    if (!host.running) return this.#fail(packet, 'stack-stopped', 'ENETDOWN', 'the stack is stopped');
    if (!host.isOwn(source.w3)) {
      const cause = `${ipv4.format(source)} is no address of this stack`;
      return this.#fail(packet, 'bad-source', 'EADDRNOTAVAIL', cause);
    }
    if (length > IPV4_MAX_LENGTH) {
      const cause = `${length} bytes; a datagram holds ${IPV4_MAX_LENGTH}`;
      return this.#fail(packet, 'too-big', 'EMSGSIZE', cause);
    }
    const local = host.isOwn(to);
    const flow = this.#flow.ours(packet, source.w3, to, protocol);
    const hop = local ? undefined : this.#hop(source, destination, options.zone ?? 0, flow);
    if (!local && hop === undefined) {
      const { code, cause } = this.#noWay(destination);
      const reason = this.#kind === 'unicast' ? 'no-route' : REFUSALS[this.#kind].reason;
      return this.#fail(packet, reason, code, cause);
    }
    // RFC 1122 §3.2.1.3(g): 127/8 never appears outside a host.
    if (!local && source.w3 >>> 24 === 127) {
      return this.#fail(packet, 'bad-source', 'EINVAL', 'a loopback source cannot leave the host');
    }
    const known = hop === undefined ? undefined : this.#pathMtus.get(destination);
    const link = hop === undefined ? IPV4_MAX_LENGTH : hop.iface.mtu;
    const mtu = known === undefined ? link : Math.min(link, known.mtu);
    const atomic = options.dontFragment === true;
    const longest = packet.segmentSize === 0 ? length : packet.longest;
    if (atomic && longest > mtu) {
      const cause = `${longest} bytes; the path to ${ipv4.format(destination)} takes ${mtu} (RFC 1191)`;
      return this.#fail(packet, 'too-big', 'EMSGSIZE', cause);
    }
    packet.start -= header;
    packet.network = packet.start;
    packet.transport = packet.start + header;
    packet.ingress = 0;
    const sealed = atomic && known?.locked !== true;
    const ttl = options.hopLimit ?? (ipv4.isMulticast(destination) ? MULTICAST_TTL : DEFAULT_TTL);
    // RFC 6864 §4.1: the field of an atomic datagram means nothing.
    const id = sealed ? 0 : this.#ids.next(source.w3, to, protocol, segmentsOf(packet));
    const flags = sealed ? DONT_FRAGMENT : 0;
    writeIpv4(packet, source.w3, to, protocol, options.trafficClass ?? 0, ttl, id, flags);
    if (options.ipOptions !== undefined) writeOptions(packet, options.ipOptions, flags);
    if (options.loopback === true && hop?.iface.listens(to)) this.loopCopy(packet);
    if (ttl === 0) {
      host.drop(packet, 'hop-limit');
      if (ipv4.isMulticast(destination)) return undefined; // RFC 1112 §6.1: it was for this host alone.
      return { code: 'EINVAL', cause: 'nothing is sent with a time to live of 0 (RFC 1122 §3.2.1.7)' };
    }
    if (hop === undefined) {
      if (packet.checksum === PARTIAL) complete(packet);
      return this.#loop(packet);
    }
    this.#sending = true;
    this.#refused = false;
    const split = this.transmit(packet, hop.iface, hop.next, mtu);
    this.#sending = false;
    if (!split) return { code: 'ENOBUFS', cause: 'no packet buffers for the fragments' };
    if (!this.#refused) return undefined;
    return { code: 'EHOSTUNREACH', cause: `${ipv4.format(destination)}: the next hop does not answer` };
  }

  /** What `send` would do; writes the header into `packet`, which stays the caller's. */
  decide(packet: Packet, source: Address, destination: Address, protocol: number): Decision {
    const host = this.#host;
    const to = destination.w3;
    if (!host.running) return { outcome: 'dropped', reason: 'stack-stopped' };
    if (!host.isOwn(source.w3)) return { outcome: 'dropped', reason: 'bad-source' };
    const local = host.isOwn(to);
    const hop = local
      ? undefined
      : this.#hop(source, destination, 0, this.#flow.ours(packet, source.w3, to, protocol));
    if (!local && hop === undefined) {
      const reason = this.#kind === 'unicast' ? 'no-route' : REFUSALS[this.#kind].reason;
      return { outcome: 'dropped', reason, cause: this.#noWay(destination).cause };
    }
    packet.start -= IPV4_HEADER;
    packet.network = packet.start;
    packet.transport = packet.start + IPV4_HEADER;
    writeIpv4(packet, source.w3, to, protocol, 0, DEFAULT_TTL, 0, DONT_FRAGMENT);
    if (hop === undefined) return { outcome: 'local' };
    const { iface, next } = hop;
    const mtu = Math.min(iface.mtu, this.#pathMtus.get(destination)?.mtu ?? iface.mtu);
    return { outcome: 'out', interfaceIndex: iface.index, nextHop: new Address(0, 0, 0, next), mtu };
  }

  /**
   * Puts a complete datagram on a link, in fragments when it is longer than `mtu` (DF is clear then), in segments when
   * it is a super-segment and the device does not cut it. Takes ownership.
   * False when there was no buffer for the pieces; what is left is then dropped and counted.
   */
  transmit(packet: Packet, iface: Ipv4Interface, next: number, mtu: number): boolean {
    if (packet.segmentSize > 0 || packet.checksum === PARTIAL) {
      const { pool } = this.#host.environment;
      const segments = prepare(packet, iface.device.offload, mtu, pool, resizeSegment);
      if (segments === undefined) {
        this.#host.drop(packet, 'no-buffer');
        return false;
      }
      let sent = this.#split(packet, iface, next, mtu);
      for (const segment of segments) sent = this.#split(segment, iface, next, mtu) && sent;
      return sent;
    }
    return this.#split(packet, iface, next, mtu);
  }

  #split(packet: Packet, iface: Ipv4Interface, next: number, mtu: number): boolean {
    if (packet.longest <= mtu) {
      this.#handOver(packet, iface, next);
      return true;
    }
    const rest = fragment(packet, mtu, this.#host.environment.pool);
    if (rest === undefined) {
      this.#host.drop(packet, 'no-buffer');
      return false;
    }
    this.#handOver(packet, iface, next);
    for (const piece of rest) this.#handOver(piece, iface, next);
    return true;
  }

  /** Asked when a next hop does not answer: true when the refusal goes back as the result of `send`. */
  refuse(): boolean {
    this.#refused ||= this.#sending;
    return this.#sending;
  }

  /** `NetworkLayer.sourceFor`: RFC 1122 §3.3.4.3. */
  sourceFor(destination: Address): Address | Failure {
    if (this.#host.isOwn(destination.w3)) return destination.clone();
    const hop = this.#hop(undefined, destination, destination.zone);
    if (hop === undefined) return this.#sourceWithRoute(destination) ?? this.#noWay(destination);
    const own = hop.iface.addressFor(hop.next) ?? this.#anyAddress();
    return own ?? { code: 'EADDRNOTAVAIL', cause: 'the stack has no address' };
  }

  /**
   * A message that stays on one link and needs no route, with hop limit 1: to a group, from the link's address or, as
   * long as there is none, from 0.0.0.0 (RFC 3376 §4.2.13). Takes ownership.
   */
  toLink(packet: Packet, iface: Ipv4Interface, to: number, protocol: number, ipOptions: Uint8Array): void {
    const header = IPV4_HEADER + ipOptions.length;
    const source = iface.own[0]?.address.w3 ?? 0;
    packet.start -= header;
    packet.network = packet.start;
    packet.transport = packet.start + header;
    packet.ingress = 0;
    const id = this.#ids.next(source, to, protocol);
    writeIpv4(packet, source, to, protocol, INTERNETWORK_CONTROL, 1, id, 0);
    writeOptions(packet, ipOptions, 0);
    this.#handOver(packet, iface, to);
  }

  /** Of `index`, else the one that a datagram to the group leaves by. */
  linkOf(group: Address, index: number): Ipv4Interface | undefined {
    return index === 0 ? this.#hop(undefined, group, 0)?.iface : this.#host.interfaceAt(index);
  }

  pathMtu(destination: Address): number {
    if (this.#host.isOwn(destination.w3)) return IPV4_MAX_LENGTH;
    const link = this.linkMtu(destination);
    return Math.min(link, this.#pathMtus.get(destination)?.mtu ?? link);
  }

  linkMtu(destination: Address): number {
    if (this.#host.isOwn(destination.w3)) return IPV4_MAX_LENGTH;
    const host = this.#host;
    let least = Number.POSITIVE_INFINITY;
    // Sources and flows may part there, and the smallest link suits them all.
    for (const { kind, interfaceIndex } of host.routes.waysOf(destination)) {
      if (kind === 'unicast') least = Math.min(least, host.interfaceAt(interfaceIndex)!.mtu);
    }
    if (least !== Number.POSITIVE_INFINITY) return least;
    return this.#hop(undefined, destination, 0)?.iface.mtu ?? ipv4.minimumMtu;
  }

  /** `NetworkLayer.offload`. To ourselves nothing is cut, because nothing is. */
  offload(destination: Address): Offload | undefined {
    if (this.#host.isOwn(destination.w3)) return undefined;
    return this.#hop(undefined, destination, 0)?.iface.device.offload;
  }

  confirmReachable(destination: Address): void {
    if (this.#host.isOwn(destination.w3)) return;
    const hop = this.#hop(undefined, destination, 0);
    if (hop?.iface.mac === undefined) return;
    // Where flows part, nobody knows here which next hop this one has.
    const byRoute = !isLinkLocal(destination.w3);
    if (byRoute && this.#host.routes.sureWay(destination) === undefined) return;
    this.#nextHop.w3 = hop.next;
    this.#arp.cache.confirm(this.#nextHop, hop.iface.index);
  }

  /** The stack stops. */
  flush(): void {
    this.#loopTimer.disarm();
    for (const packet of this.#looped.splice(0)) {
      this.#host.received(undefined);
      this.#host.drop(packet, 'stack-stopped');
    }
  }

  #handOver(packet: Packet, iface: Ipv4Interface, next: number): void {
    if (iface.mac === undefined) {
      this.#host.sent(packet, iface);
      iface.device.transmit(packet);
    } else if (this.#host.isBroadcast(next)) {
      this.#host.sent(packet, iface);
      iface.transmitFrame(packet, BROADCAST_MAC, ETHERTYPE_IPV4);
    } else if (next >>> 28 === 0xe) {
      this.#host.sent(packet, iface);
      iface.transmitFrame(packet, groupMac(next), ETHERTYPE_IPV4);
    } else {
      this.#nextHop.w3 = next;
      this.#arp.cache.send(packet, this.#nextHop, iface.index);
    }
  }

  /** RFC 1112 §6.1: what goes to a group of our own comes back to us. A copy that finds no room is lost, as on a link. */
  loopCopy(packet: Packet): void {
    const copy = this.#host.environment.pool.clone(packet);
    if (copy === undefined) this.#host.counters.unsent++;
    else this.#loop(copy);
  }

  /** Delivered by a timer, never inside the call that sent it. */
  #loop(packet: Packet): Failure | undefined {
    if (this.#looped.length >= LOOPBACK_QUEUE) {
      return this.#fail(packet, 'no-buffer', 'ENOBUFS', `${LOOPBACK_QUEUE} packets wait on the loopback`);
    }
    this.#host.sent(packet, undefined);
    packet.ingress = LOOPED;
    this.#looped.push(packet);
    if (!this.#loopTimer.armed) this.#loopTimer.armIn(0);
    return undefined;
  }

  /** The link and the next hop, or undefined when there is no way. The result is valid until the next call. */
  #hop(source: Address | undefined, destination: Address, zone: number, flow?: Ipv4Flow): Hop | undefined {
    const host = this.#host;
    this.#kind = 'unicast';
    const to = destination.w3;
    const high = to >>> 24;
    // "This network" and class E are nobody's address (RFC 1122 §3.2.1.3).
    if (high === 0 || (high >= 240 && to !== -1)) return undefined;
    if (zone !== 0) {
      const iface = host.interfaceAt(zone);
      if (iface === undefined || !iface.up) return undefined;
      const route = host.routes.way(destination, source, flow);
      const gateway = route?.interfaceIndex === zone && !iface.isOnLink(to) ? route.gateway.w3 : 0;
      return this.#found(iface, gateway || to);
    }
    const isGroup = high >>> 4 === 0xe;
    // A group is spoken to by the one link where it is joined when nobody says otherwise (`linkOf`).
    const route = to === -1 ? undefined : host.routes.way(destination, source, isGroup ? undefined : flow);
    if (isLinkLocal(to)) {
      // RFC 3927 §2.6.2: it is on the link, whatever the default route says.
      const iface =
        route?.kind === 'unicast'
          ? host.interfaceAt(route.interfaceIndex)
          : host.interfaces.find(({ up }) => up);
      return iface === undefined ? undefined : this.#found(iface, to);
    }
    if (route !== undefined) {
      this.#kind = route.kind;
      if (route.kind !== 'unicast') return undefined;
      // Nor does what is from a link-local address go to a router (RFC 3927 §2.6.2).
      const direct = isGroup || (source !== undefined && isLinkLocal(source.w3));
      return this.#found(host.interfaceAt(route.interfaceIndex)!, direct ? to : route.gateway.w3 || to);
    }
    if (to !== -1 && high < 224) return undefined;
    // Limited broadcast and groups without a route: the link of the source, else the first one.
    const ups = host.interfaces.filter((iface) => iface.up && iface.own.length > 0);
    const own = ups.find((iface) => iface.own.some(({ address }) => address.w3 === source?.w3));
    const iface = own ?? ups[0];
    return iface === undefined ? undefined : this.#found(iface, to);
  }

  readonly #result: { iface: Ipv4Interface | undefined; next: number } = { iface: undefined, next: 0 };

  #found(iface: Ipv4Interface, next: number): Hop {
    this.#result.iface = iface;
    this.#result.next = next;
    return this.#result as Hop;
  }

  /** After a `#hop` that found none. */
  #noWay(destination: Address): Failure {
    const to = ipv4.format(destination);
    if (this.#kind === 'unicast') return { code: 'ENETUNREACH', cause: `no route to ${to}` };
    const { code, says } = REFUSALS[this.#kind];
    return { code, cause: `${to}: ${says}` };
  }

  /** There are only routes for certain sources: the first address of ours that one is for. */
  #sourceWithRoute(destination: Address): Address | undefined {
    if (this.#kind !== 'unicast') return undefined;
    for (const iface of this.#host.interfaces) {
      if (!iface.up) continue;
      for (const { address } of iface.own) {
        if (this.#hop(address, destination, 0) !== undefined) return address;
      }
    }
    return undefined;
  }

  #anyAddress(): Address | undefined {
    return this.#host.interfaces.find((iface) => iface.up && iface.own.length > 0)?.own[0]?.address;
  }

  #fail(packet: Packet, reason: DropReason, code: Failure['code'], cause: string): Failure {
    packet.ingress = 0;
    this.#host.drop(packet, reason);
    return { code, cause };
  }
}

/** Datagrams that it stands for, at least. */
function segmentsOf({ segmentSize, length }: Packet): number {
  return segmentSize === 0 ? 1 : Math.ceil(length / segmentSize);
}

/** RFC 1112 §6.4: the low 23 bits of the group. */
function groupMac(group: number): Uint8Array {
  return Uint8Array.of(0x01, 0x00, 0x5e, (group >>> 16) & 0x7f, group >>> 8, group);
}
