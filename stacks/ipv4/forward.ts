/** Forwarding: RFC 1812 §5.2 and §5.3. */
import { Address } from '../address/address.ts';
import { ipv4 } from '../address/ipv4.ts';
import type { Decision } from '../forward/decision.ts';
import { REFUSALS } from '../forward/refusals.ts';
import type { RouteKind } from '../forward/route.ts';
import { type Packet, UNICAST } from '../packet/packet.ts';
import type { DropReason } from '../packet/verdict.ts';
import {
  DESTINATION_UNREACHABLE,
  FRAGMENTATION_NEEDED,
  HOST_UNREACHABLE,
  IN_TRANSIT,
  NET_UNREACHABLE,
  PROHIBITED,
  REDIRECT,
  REDIRECT_HOST,
  SOURCE_ROUTE_FAILED,
  TIME_EXCEEDED,
} from '../wire/icmp.ts';
import {
  decrementTtl,
  destinationWord,
  dontFragment,
  IPV4_HEADER,
  setDestination,
  sourceWord,
  timeToLive,
} from '../wire/ipv4.ts';
import { isStrict, recordAddress, routeNext } from '../wire/ipv4-options.ts';
import { Ipv4Flow } from './flow.ts';
import type { Host } from './host.ts';
import type { Icmp } from './icmp.ts';
import type { Ipv4Interface } from './interface.ts';
import type { Options } from './options.ts';
import type { Output } from './output.ts';
import type { Redirects } from './redirects.ts';

/** Codes of RFC 1812 §5.2.7.1 for routes that end a datagram with a word. */
const REFUSED: Record<Exclude<RouteKind, 'unicast' | 'blackhole'>, number> = {
  unreachable: HOST_UNREACHABLE,
  reject: NET_UNREACHABLE,
  prohibit: PROHIBITED,
};

export class Forwarder {
  readonly #host: Host;
  readonly #output: Output;
  readonly #icmp: Icmp;
  readonly #options: Options;
  readonly #redirects: Redirects;
  readonly #source = new Address();
  readonly #destination = new Address();
  readonly #flow = new Ipv4Flow();

  constructor(host: Host, output: Output, icmp: Icmp, options: Options, redirects: Redirects) {
    this.#options = options;
    this.#redirects = redirects;
    this.#host = host;
    this.#output = output;
    this.#icmp = icmp;
  }

  /** Takes ownership of a validated datagram from a link that is not for us. */
  receive(packet: Packet): void {
    const host = this.#host;
    const at = packet.network;
    const to = destinationWord(packet, at);
    this.#destination.w3 = to;
    const unwelcome = this.#refuse(packet, to);
    if (unwelcome !== undefined) {
      host.end(packet, 'dropped', unwelcome);
      return;
    }
    if (timeToLive(packet, at) <= 1) {
      this.#icmp.error(packet, TIME_EXCEEDED, IN_TRANSIT, 0); // RFC 1812 §5.3.1
      host.end(packet, 'dropped', 'hop-limit');
      return;
    }
    this.#source.w3 = sourceWord(packet, at);
    const route = host.routes.way(this.#destination, this.#source, this.#flow.of(packet));
    if (route === undefined) {
      this.#icmp.error(packet, DESTINATION_UNREACHABLE, NET_UNREACHABLE, 0); // RFC 1812 §5.2.7.1
      host.end(packet, 'dropped', 'no-route');
      return;
    }
    if (route.kind !== 'unicast') {
      if (route.kind !== 'blackhole')
        this.#icmp.error(packet, DESTINATION_UNREACHABLE, REFUSED[route.kind], 0);
      host.end(packet, 'dropped', REFUSALS[route.kind].reason);
      return;
    }
    if (!route.gateway.isUnspecified && this.#isStrict(packet)) {
      this.#routeFailed(packet);
      return;
    }
    const iface = host.interfaceAt(route.interfaceIndex)!;
    const next = route.gateway.w3 || to;
    if (packet.longest > iface.mtu && dontFragment(packet, at)) {
      this.#icmp.error(packet, DESTINATION_UNREACHABLE, FRAGMENTATION_NEEDED, iface.mtu); // RFC 1191 §4
      host.end(packet, 'dropped', 'too-big');
      return;
    }
    if (iface.index === packet.ingress && this.#redirects.isDue(packet, iface, next)) {
      this.#icmp.error(packet, REDIRECT, REDIRECT_HOST, next);
    }
    decrementTtl(packet, at);
    if (packet.transport - at > IPV4_HEADER) this.#options.stamp(packet, addressOf(iface, next));
    this.#output.transmit(packet, iface, next, iface.mtu);
  }

  /** What `receive` would do with a short datagram; decrements its time to live when it would go on. */
  decide(packet: Packet): Decision {
    const host = this.#host;
    const to = destinationWord(packet, packet.network);
    this.#destination.w3 = to;
    const barred = this.#barred(packet, to);
    if (barred !== undefined) return { outcome: 'dropped', reason: barred };
    if (host.isBroadcast(to)) {
      return host.directedBroadcasts
        ? { outcome: 'local' }
        : { outcome: 'dropped', reason: 'directed-broadcast' };
    }
    if (timeToLive(packet, packet.network) <= 1) return { outcome: 'dropped', reason: 'hop-limit' };
    this.#source.w3 = sourceWord(packet, packet.network);
    const route = host.routes.way(this.#destination, this.#source, this.#flow.of(packet));
    if (route === undefined) return { outcome: 'dropped', reason: 'no-route' };
    if (route.kind !== 'unicast') return { outcome: 'dropped', reason: REFUSALS[route.kind].reason };
    const { index, mtu } = host.interfaceAt(route.interfaceIndex)!;
    decrementTtl(packet, packet.network);
    const nextHop = new Address(0, 0, 0, route.gateway.w3 || to);
    return { outcome: 'out', interfaceIndex: index, nextHop, mtu };
  }

  /**
   * Takes ownership of a datagram that its source route, at `option`, sends on from here: RFC 791 §3.1, RFC 1812
   * §5.3.13.3.
   */
  alongRoute(packet: Packet, option: number): void {
    const host = this.#host;
    const to = routeNext(packet, option);
    this.#destination.w3 = to;
    const high = to >>> 24;
    const possible = high !== 0 && high !== 127 && high < 224 && !host.isBroadcast(to) && !host.isOwn(to);
    if (!host.forwarding) {
      host.end(packet, 'dropped', 'forwarding-off');
      return;
    }
    this.#source.w3 = sourceWord(packet, packet.network);
    const route = possible ? host.routes.way(this.#destination, this.#source) : undefined;
    if (route === undefined || route.kind !== 'unicast') {
      this.#routeFailed(packet);
      return;
    }
    const iface = host.interfaceAt(route.interfaceIndex)!;
    recordAddress(packet, option, addressOf(iface, route.gateway.w3 || to));
    setDestination(packet, packet.network, to);
    this.receive(packet);
  }

  /** A strict route goes from station to station, each on a link of the one before (RFC 791 §3.1). */
  #isStrict(packet: Packet): boolean {
    if (packet.transport - packet.network === IPV4_HEADER) return false;
    this.#options.read(packet);
    return this.#options.sourceRoute !== 0 && isStrict(packet, this.#options.sourceRoute);
  }

  #routeFailed(packet: Packet): void {
    this.#icmp.error(packet, DESTINATION_UNREACHABLE, SOURCE_ROUTE_FAILED, 0);
    this.#host.end(packet, 'dropped', 'source-route-failed');
  }

  /**
   * RFC 2644 §2: a directed broadcast goes no further, unless the operator wants it; then it is for us as well
   * (RFC 1812 §5.3.5.2).
   */
  #broadcast(packet: Packet, to: number): DropReason | undefined {
    const host = this.#host;
    if (!host.directedBroadcasts || !host.interfaces.some((iface) => iface.isBroadcast(to))) {
      return 'directed-broadcast';
    }
    this.#output.loopCopy(packet);
    return undefined;
  }

  #refuse(packet: Packet, to: number): DropReason | undefined {
    const barred = this.#barred(packet, to);
    if (barred !== undefined) return barred;
    return this.#host.isBroadcast(to) ? this.#broadcast(packet, to) : undefined;
  }

  #barred(packet: Packet, to: number): DropReason | undefined {
    if (this.#host.isTentative(to)) return 'address-tentative';
    if (!this.#host.forwarding) return 'forwarding-off';
    // RFC 1812 §5.3.4: what came as a link broadcast is not forwarded.
    if (packet.linkCast !== UNICAST) return 'not-for-me';
    // RFC 3927 §2.7.
    if (ipv4.isLinkLocal(this.#destination) || sourceWord(packet, packet.network) >>> 16 === 0xa9fe) {
      return 'beyond-scope';
    }
    return undefined;
  }
}

/** What a route records: the interface that the datagram leaves by (RFC 791 §3.1). */
function addressOf(iface: Ipv4Interface, next: number): number {
  return iface.addressFor(next)?.w3 ?? 0;
}
