/**
 * What router advertisements say: routers, of everything or of a network behind them (RFC 4861 §6.3.4 to §6.3.6,
 * RFC 4191 as a host of type C, RFC 8028), and parameters of the link.
 */
import { Address } from '../address/address.ts';
import { ipv6 } from '../address/ipv6.ts';
import type { TransportVerdict } from '../address/network.ts';
import type { NeighbourCache } from '../forward/neighbours.ts';
import type { RouteTable } from '../forward/routes.ts';
import type { Packet } from '../packet/packet.ts';
import { MILLISECOND, SECOND, type Timer } from '../time/clock.ts';
import { MAC_BYTES } from '../wire/ethernet.ts';
import { MINIMUM_MTU } from '../wire/ipv6.ts';
import {
  CUR_HOP_LIMIT,
  type NdOptions,
  PREFIX,
  PREFIX_LENGTH,
  PREFIX_VALID,
  RA_FLAGS,
  REACHABLE_TIME,
  RETRANS_TIMER,
  ROUTE_LIFETIME,
  ROUTE_PREFERENCE,
  ROUTE_PREFIX_LENGTH,
  ROUTER_LIFETIME,
  readRoutePrefix,
} from '../wire/ndp.ts';
import type { Host } from './host.ts';
import type { Ipv6Interface } from './interface.ts';
import { NameServers } from './name-servers.ts';
import type { NdSender } from './nd-sender.ts';
import { lifetime, OnLinkPrefixes } from './on-link.ts';
import { RouterSolicitations } from './router-solicitations.ts';
import type { Slaac } from './slaac.ts';

/** Routers and networks behind them that are remembered: a flood fills the lists and no more (RFC 6104). */
const MAX_ROUTERS = 16;
const MAX_NETWORKS = 64;
/** Prefixes of one router, for the choice by source address. */
const MAX_PREFIXES = 16;
/** RFC 4861 §6.2.1: the largest reachable time, one hour; and what we let a router choose between solicitations. */
const MAX_REACHABLE = 3_600_000;
const MIN_RETRANS = 100;
const MAX_RETRANS = 60_000;
/** RFC 4191 §3.5: how often a router that is avoided is asked whether it is there again. */
const PROBE_INTERVAL: number = 60 * SECOND;

/** Metrics of advertised routes: behind static ones, by preference (RFC 4191 §2.1: 1 high, 0 medium, 3 low). */
const METRICS: readonly number[] = [1_024, 512, 1_024, 2_048];
const RESERVED_PREFERENCE = 2;
/** RFC 4861 §6.3.6: a router that is not known to answer is the last choice, not none. */
const SUSPECT_METRIC = 65_536;
/** Behind those that were not tried yet, whatever their preference: the next one tried is another (RFC 4191 §3.2). */
const FAILED_METRIC: number = SUSPECT_METRIC + 8_192;

/** The way to a network by a router; the default route is that to ::/0. */
interface Offer {
  readonly network: Address;
  readonly length: number;
  readonly router: Address;
  readonly link: Ipv6Interface;
  /** µs */
  until: number;
  /** By preference. */
  metric: number;
  /** Its address on the link is not known, or it stopped answering (RFC 4861 §6.3.6). */
  suspect: boolean;
  /** It was tried, and did not answer. */
  failed: boolean;
}

/** A /length that a router has advertised. */
interface Claim {
  readonly network: Address;
  readonly length: number;
  readonly router: Address;
  readonly link: Ipv6Interface;
}

/** What `show routers` tells. */
export interface Router {
  readonly address: Address;
  readonly interfaceIndex: number;
  readonly preference: 'high' | 'medium' | 'low';
  readonly reachable: boolean;
  /** µs */
  readonly until: number;
}

export class Routers {
  readonly prefixes: OnLinkPrefixes;
  readonly nameServers: NameServers;
  readonly #host: Host;
  readonly #routes: RouteTable;
  readonly #neighbours: NeighbourCache;
  readonly #slaac: Slaac;
  readonly #gone: (address: Address, link: Ipv6Interface) => void;
  readonly #offers: Offer[] = [];
  #claims: Claim[] = [];
  readonly #ageing: Timer;
  readonly #probing: Timer;
  readonly #solicitations: RouterSolicitations;

  /** `gone`: no default router any more, and no next hop of anything (RFC 4861 §6.3.5). */
  constructor(
    host: Host,
    routes: RouteTable,
    neighbours: NeighbourCache,
    sender: NdSender,
    slaac: Slaac,
    gone: (address: Address, link: Ipv6Interface) => void,
  ) {
    const { clock } = host.environment;
    this.#host = host;
    this.#routes = routes;
    this.#neighbours = neighbours;
    this.#slaac = slaac;
    this.#gone = gone;
    this.prefixes = new OnLinkPrefixes(clock, routes);
    this.nameServers = new NameServers(clock);
    this.#solicitations = new RouterSolicitations(host, sender);
    this.#ageing = clock.timer(() => this.#age(), { background: true });
    this.#probing = clock.timer(() => this.#probe(), { background: true });
    host.advertises = (router, link, address) => this.#claimsOf(router, link, address);
  }

  solicit(link: Ipv6Interface): void {
    this.#solicitations.start(link);
  }

  /** RFC 4861 §6.3.4; the message has been validated. Routers, and hosts with a written address, do not listen. */
  receive(packet: Packet, link: Ipv6Interface, source: Address, options: NdOptions): TransportVerdict {
    if (this.#host.forwarding || !link.autoconfigure) return 'icmp-ignored';
    const at = packet.start;
    this.#parameters(packet, link);
    if (link.isEthernet && options.sourceLink >= 0) {
      const mac = packet.copy(options.sourceLink, options.sourceLink + MAC_BYTES);
      this.#neighbours.learn(source, link.index, mac, true);
    } else {
      this.#neighbours.setRouter(source, link.index, true);
    }
    const seconds = packet.u16(at + ROUTER_LIFETIME);
    this.#offer(ipv6.any, 0, source, link, seconds * SECOND, (packet.u8(at + RA_FLAGS) >>> 3) & 3);
    if (seconds > 0) this.#solicitations.stop(link);
    if (options.mtu >= 0) {
      const mtu = packet.i32(options.mtu + 4) >>> 0;
      // RFC 4861 §6.3.4: between the minimum and what the link can carry.
      if (mtu >= MINIMUM_MTU && mtu <= link.configuredMtu) link.mtu = mtu;
    }
    for (const option of options.prefixes) {
      this.prefixes.receive(packet, link, option);
      this.#slaac.prefix(packet, link, option);
    }
    // RFC 4191 §3.1: behind the header, so that one for ::/0 overrides it.
    for (const option of options.routes) this.#network(packet, link, source, option);
    for (const option of options.prefixes) this.#claim(packet, link, source, option);
    for (const option of options.dns) this.nameServers.receive(packet, link, option);
    this.#arm();
    return 'delivered';
  }

  /** RFC 4861 §7.3.3 and §7.2.5: the neighbour does not answer, or is no router any more. */
  lost(address: Address, link: Ipv6Interface, why: 'unreachable' | 'not-a-router'): void {
    for (const offer of this.#of(address, link)) {
      if (why === 'not-a-router') this.#forget(offer);
      // Also when it was suspect before: behind the others, so that those without an answer take turns.
      else this.#rank(offer, offer.metric, true, true);
    }
  }

  /** The neighbour answers. */
  found(address: Address, link: Ipv6Interface): void {
    for (const offer of this.#of(address, link))
      if (offer.suspect) this.#rank(offer, offer.metric, false, false);
  }

  /**
   * RFC 8028 §3.1: of several default routers the one that has advertised the prefix of `source`, where the one that the
   * routing table gives has not. Undefined: it is as good as any, or `destination` has a router of its own.
   */
  firstHop(destination: Address, source: Address, link: Ipv6Interface, given: Address): Address | undefined {
    if (this.#offers.length < 2 || this.#claimsOf(given, link, source)) return undefined;
    const hasOwn = this.#offers.some(
      ({ network, length }) => length > 0 && ipv6.matches(destination, network, length),
    );
    if (hasOwn) return undefined;
    let best: Offer | undefined;
    for (const offer of this.#offers) {
      if (offer.length !== 0 || offer.link !== link) continue;
      if (!this.#claimsOf(offer.router, link, source)) continue;
      if (best === undefined || metricOf(offer) < metricOf(best)) best = offer;
    }
    // One that may not be there only in the place of another such.
    if (best?.suspect !== true) return best?.router;
    return this.#of(given, link).every(({ suspect }) => suspect) && !best.failed ? best.router : undefined;
  }

  /** Neither asked for nor used any more: this is a router itself. Addresses and prefixes stay for their lifetimes. */
  forgetRouters(link: Ipv6Interface): void {
    this.#solicitations.stop(link);
    for (const offer of this.#offers.filter((other) => other.link === link)) this.#forget(offer);
    this.#claims = this.#claims.filter((claim) => claim.link !== link);
    this.#arm();
  }

  /** The link went down: nothing learnt from it stays true. */
  forgetLink(link: Ipv6Interface): void {
    this.forgetRouters(link);
    this.prefixes.forgetLink(link);
    this.nameServers.forgetLink(link);
    link.forgetParameters();
  }

  /** Default routers. */
  *[Symbol.iterator](): Iterator<Router> {
    for (const { length, router, link, metric, suspect, until } of this.#offers) {
      if (length > 0) continue;
      const preference = metric < METRICS[0]! ? 'high' : metric > METRICS[0]! ? 'low' : 'medium';
      yield { address: router, interfaceIndex: link.index, preference, reachable: !suspect, until };
    }
  }

  #parameters(packet: Packet, link: Ipv6Interface): void {
    const at = packet.start;
    const hopLimit = packet.u8(at + CUR_HOP_LIMIT);
    if (hopLimit !== 0) link.hopLimit = hopLimit;
    const reachable = packet.i32(at + REACHABLE_TIME) >>> 0;
    const retrans = packet.i32(at + RETRANS_TIMER) >>> 0;
    // RFC 4861 §6.3.4: zero says nothing, and what an earlier one said goes on.
    this.#neighbours.configure(
      link.index,
      reachable === 0 || reachable > MAX_REACHABLE ? undefined : reachable * MILLISECOND,
      retrans === 0 ? undefined : Math.min(Math.max(retrans, MIN_RETRANS), MAX_RETRANS) * MILLISECOND,
    );
  }

  /** A route information option (RFC 4191 §2.3). */
  #network(packet: Packet, link: Ipv6Interface, source: Address, at: number): void {
    const length = packet.u8(at + ROUTE_PREFIX_LENGTH);
    const preference = (packet.u8(at + ROUTE_PREFERENCE) >>> 3) & 3;
    if (preference === RESERVED_PREFERENCE) return;
    const prefix = readRoutePrefix(packet, at);
    if (prefix === undefined || ipv6.isLinkLocal(prefix) || ipv6.isMulticast(prefix)) return;
    const network = ipv6.network(prefix, length);
    this.#offer(network, length, source, link, lifetime(packet, at + ROUTE_LIFETIME), preference);
  }

  /** `life` in µs; 0 takes it back. */
  #offer(
    network: Address,
    length: number,
    router: Address,
    link: Ipv6Interface,
    life: number,
    preference: number,
  ): void {
    const known = this.#of(router, link).find(
      (offer) => offer.length === length && offer.network.sameWords(network),
    );
    if (life === 0) {
      if (known !== undefined) this.#forget(known);
      return;
    }
    const metric = METRICS[preference]!;
    const until = this.#host.environment.clock.now + life;
    const suspect = link.isEthernet && this.#neighbours.lookup(router, link.index)?.mac === undefined;
    if (known !== undefined) {
      known.until = until;
      if (known.metric !== metric || known.suspect !== suspect) {
        this.#rank(known, metric, suspect, suspect && known.failed);
      }
      return;
    }
    const alike = this.#offers.filter((offer) => (offer.length === 0) === (length === 0)).length;
    if (alike >= (length === 0 ? MAX_ROUTERS : MAX_NETWORKS)) return;
    const offer = { network, length, router: router.clone(), link, until, metric, suspect, failed: false };
    this.#offers.push(offer);
    this.#addRoute(offer);
    if (suspect) this.#watch();
  }

  /** RFC 8028 §3.1: whose prefix it is, whatever its flags say. */
  #claim(packet: Packet, link: Ipv6Interface, router: Address, at: number): void {
    const length = packet.u8(at + PREFIX_LENGTH);
    const said = new Address();
    ipv6.read(packet.bytes, at + PREFIX, said);
    if (length > 128 || ipv6.isLinkLocal(said)) return;
    const network = ipv6.network(said, length);
    const own = this.#claims.filter((claim) => claim.link === link && claim.router.equals(router));
    const known = own.find((claim) => claim.length === length && claim.network.equals(network));
    if (packet.i32(at + PREFIX_VALID) === 0) {
      if (known !== undefined) this.#claims.splice(this.#claims.indexOf(known), 1);
    } else if (known === undefined && own.length < MAX_PREFIXES && this.#of(router, link).length > 0) {
      this.#claims.push({ network, length, router: router.clone(), link });
    }
  }

  #claimsOf(router: Address, link: Ipv6Interface, address: Address): boolean {
    return this.#claims.some(
      (claim) =>
        claim.link === link &&
        claim.router.equals(router) &&
        ipv6.matches(address, claim.network, claim.length),
    );
  }

  #of(address: Address, link: Ipv6Interface): Offer[] {
    return this.#offers.filter(({ router, link: on }) => on === link && router.equals(address));
  }

  #rank(offer: Offer, metric: number, suspect: boolean, failed: boolean): void {
    this.#removeRoute(offer);
    offer.failed = failed;
    offer.metric = metric;
    offer.suspect = suspect;
    this.#addRoute(offer);
    if (suspect) this.#watch();
  }

  #addRoute(offer: Offer): void {
    const { network, length, router, link } = offer;
    this.#routes.add({
      destination: network,
      prefixLength: length,
      gateway: router,
      interfaceIndex: link.index,
      metric: metricOf(offer),
      origin: 'ra',
    });
  }

  #removeRoute({ network, length, router, link }: Offer): void {
    this.#routes.remove(network, length, router, link.index, 'ra');
  }

  #forget(offer: Offer): void {
    this.#offers.splice(this.#offers.indexOf(offer), 1);
    this.#removeRoute(offer);
    if (this.#of(offer.router, offer.link).length === 0) {
      this.#claims = this.#claims.filter(
        (claim) => claim.link !== offer.link || !claim.router.equals(offer.router),
      );
    }
    if (offer.length === 0) this.#gone(offer.router, offer.link);
  }

  #watch(): void {
    if (!this.#probing.armed) this.#probing.armIn(PROBE_INTERVAL);
  }

  /** RFC 4191 §3.5: or a router that came back would stay the last choice until its next advertisement. */
  #probe(): void {
    for (const { router, link, suspect } of this.#offers) {
      if (!suspect || !link.usable) continue;
      this.#neighbours.probe(router, link.index);
      this.#watch();
    }
  }

  #age(): void {
    const now = this.#host.environment.clock.now;
    for (const offer of this.#offers.filter(({ until }) => until <= now)) this.#forget(offer);
    this.#arm();
  }

  #arm(): void {
    const next = Math.min(...this.#offers.map(({ until }) => until));
    if (next === Number.POSITIVE_INFINITY) this.#ageing.disarm();
    else this.#ageing.armIn(next - this.#host.environment.clock.now);
  }
}

function metricOf({ metric, suspect, failed }: Offer): number {
  return failed ? FAILED_METRIC : suspect ? SUSPECT_METRIC + metric : metric;
}
