/**
 * What router advertisements say: default routers and on-link prefixes (RFC 4861 §6.3.4 to §6.3.6), parameters of the
 * link, preferences (RFC 4191 §2.2), and the solicitation that asks for them (RFC 4861 §6.3.7).
 */
import { Address } from '../address/address.ts';
import { ipv6 } from '../address/ipv6.ts';
import type { TransportVerdict } from '../address/network.ts';
import {
  REACHABLE_TIME as DEFAULT_REACHABLE,
  RETRANS_TIMER as DEFAULT_RETRANS,
  type NeighbourCache,
} from '../forward/neighbours.ts';
import type { RouteTable } from '../forward/routes.ts';
import type { Packet } from '../packet/packet.ts';
import { MILLISECOND, SECOND, type Timer } from '../time/clock.ts';
import { MAC_BYTES } from '../wire/ethernet.ts';
import { MINIMUM_MTU } from '../wire/ipv6.ts';
import {
  CUR_HOP_LIMIT,
  type NdOptions,
  ON_LINK_FLAG,
  PREFIX,
  PREFIX_FLAGS,
  PREFIX_LENGTH,
  PREFIX_VALID,
  RA_FLAGS,
  REACHABLE_TIME,
  RETRANS_TIMER,
  ROUTER_LIFETIME,
} from '../wire/ndp.ts';
import type { Host } from './host.ts';
import type { Ipv6Interface } from './interface.ts';
import type { NdSender } from './nd-sender.ts';
import { lifetime, type Slaac } from './slaac.ts';

/** Routers and prefixes that are remembered: a flood of advertisements fills the lists and no more (RFC 6104). */
const MAX_ROUTERS = 16;
const MAX_PREFIXES = 16;
/** RFC 4861 §6.2.1: the largest reachable time, one hour; and what we let a router choose between solicitations. */
const MAX_REACHABLE = 3_600_000;
const MIN_RETRANS = 100;
const MAX_RETRANS = 60_000;
/** RFC 4861 §10. */
const MAX_RTR_SOLICITATIONS = 3;
const RTR_SOLICITATION_INTERVAL: number = 4 * SECOND;

/** Metrics of advertised default routes: behind static ones, by preference (RFC 4191 §2.1: 1 high, 0 medium, 3 low). */
const METRICS: readonly number[] = [1_024, 512, 1_024, 2_048];
/** RFC 4861 §6.3.6: a router that does not answer is the last choice, not none. */
const UNREACHABLE_METRIC = 65_536;
const PREFIX_METRIC = 256;

interface Router {
  readonly address: Address;
  readonly link: Ipv6Interface;
  /** µs */
  until: number;
  metric: number;
}

interface Prefix {
  readonly network: Address;
  readonly length: number;
  readonly link: Ipv6Interface;
  until: number;
}

export class Routers {
  readonly #host: Host;
  readonly #routes: RouteTable;
  readonly #neighbours: NeighbourCache;
  readonly #sender: NdSender;
  readonly #slaac: Slaac;
  readonly #routers: Router[] = [];
  readonly #prefixes: Prefix[] = [];
  readonly #ageing: Timer;
  readonly #solicitations = new Map<Ipv6Interface, { readonly timer: Timer; sent: number }>();

  constructor(host: Host, routes: RouteTable, neighbours: NeighbourCache, sender: NdSender, slaac: Slaac) {
    this.#host = host;
    this.#routes = routes;
    this.#neighbours = neighbours;
    this.#sender = sender;
    this.#slaac = slaac;
    this.#ageing = host.environment.clock.timer(() => this.#age(), { background: true });
  }

  /** Asks for routers, now and twice more until one answers (RFC 4861 §6.3.7). */
  solicit(link: Ipv6Interface): void {
    const known = this.#solicitations.get(link);
    const asking = known ?? { timer: this.#host.environment.clock.timer(() => this.#ask(link)), sent: 0 };
    this.#solicitations.set(link, asking);
    asking.sent = 0;
    this.#ask(link);
  }

  /** RFC 4861 §6.3.4; the message has been validated. Routers, and hosts with a written address, do not listen. */
  receive(packet: Packet, link: Ipv6Interface, source: Address, options: NdOptions): TransportVerdict {
    if (this.#host.forwarding || !link.autoconfigure) return 'icmp-ignored';
    const at = packet.start;
    this.#parameters(packet, link);
    if (link.isEthernet && options.sourceLink >= 0) {
      const mac = packet.copy(options.sourceLink, options.sourceLink + MAC_BYTES);
      this.#neighbours.learn(source, link.index, mac, true);
    }
    const seconds = packet.u16(at + ROUTER_LIFETIME);
    this.#router(source, link, seconds, METRICS[(packet.u8(at + RA_FLAGS) >>> 3) & 3]!);
    if (seconds > 0) this.#solicitations.get(link)?.timer.disarm();
    if (options.mtu >= 0) {
      const mtu = packet.i32(options.mtu + 4) >>> 0;
      // RFC 4861 §6.3.4: between the minimum and what the link can carry.
      if (mtu >= MINIMUM_MTU && mtu <= link.configuredMtu) link.mtu = mtu;
    }
    for (let i = 0; i < options.prefixCount; i++) {
      this.#prefix(packet, link, options.prefixes[i]!);
      this.#slaac.prefix(packet, link, options.prefixes[i]!);
    }
    this.#arm();
    return 'delivered';
  }

  /** RFC 4861 §7.3.3 and §7.2.5: the neighbour does not answer, or is no router any more. */
  lost(address: Address, link: Ipv6Interface, why: 'unreachable' | 'not-a-router'): void {
    const router = this.#find(address, link);
    if (router === undefined) return;
    if (why === 'not-a-router') this.#forget(router);
    else this.#setMetric(router, UNREACHABLE_METRIC);
  }

  /** The link went down: nothing learnt from it stays true. */
  forgetLink(link: Ipv6Interface): void {
    this.#solicitations.get(link)?.timer.disarm();
    for (const router of this.#routers.filter((other) => other.link === link)) this.#forget(router);
    for (const prefix of this.#prefixes.filter((other) => other.link === link)) this.#forgetPrefix(prefix);
    link.forgetParameters();
    this.#arm();
  }

  #ask(link: Ipv6Interface): void {
    const asking = this.#solicitations.get(link)!;
    asking.sent++;
    if (asking.sent < MAX_RTR_SOLICITATIONS) asking.timer.armIn(RTR_SOLICITATION_INTERVAL);
    this.#sender.solicitRouters(link);
  }

  #parameters(packet: Packet, link: Ipv6Interface): void {
    const at = packet.start;
    const hopLimit = packet.u8(at + CUR_HOP_LIMIT);
    if (hopLimit !== 0) link.hopLimit = hopLimit;
    const reachable = packet.i32(at + REACHABLE_TIME) >>> 0;
    const retrans = packet.i32(at + RETRANS_TIMER) >>> 0;
    if ((reachable === 0 || reachable > MAX_REACHABLE) && retrans === 0) return;
    const base = reachable === 0 || reachable > MAX_REACHABLE ? DEFAULT_REACHABLE : reachable * MILLISECOND;
    const interval =
      retrans === 0 ? DEFAULT_RETRANS : Math.min(Math.max(retrans, MIN_RETRANS), MAX_RETRANS) * MILLISECOND;
    this.#neighbours.configure(link.index, base, interval);
  }

  #router(source: Address, link: Ipv6Interface, seconds: number, metric: number): void {
    const known = this.#find(source, link);
    if (seconds === 0) {
      if (known !== undefined) this.#forget(known);
      return;
    }
    const until = this.#host.environment.clock.now + seconds * SECOND;
    if (known !== undefined) {
      known.until = until;
      this.#setMetric(known, metric);
      return;
    }
    if (this.#routers.length >= MAX_ROUTERS) return;
    const router = { address: source.clone(), link, until, metric };
    this.#routers.push(router);
    this.#addRoute(router);
  }

  /** RFC 4861 §6.3.4: prefixes with the on-link flag; without it nothing is said about being on the link. */
  #prefix(packet: Packet, link: Ipv6Interface, at: number): void {
    const length = packet.u8(at + PREFIX_LENGTH);
    if ((packet.u8(at + PREFIX_FLAGS) & ON_LINK_FLAG) === 0 || length > 128) return;
    const said = new Address();
    ipv6.read(packet.bytes, at + PREFIX, said);
    if (ipv6.isLinkLocal(said) || ipv6.isMulticast(said) || length === 0) return;
    const network = ipv6.network(said, length);
    const valid = lifetime(packet, at + PREFIX_VALID);
    const known = this.#prefixes.find(
      (other) => other.link === link && other.length === length && other.network.equals(network),
    );
    if (valid === 0) {
      if (known !== undefined) this.#forgetPrefix(known);
      return;
    }
    const until = this.#host.environment.clock.now + valid;
    if (known !== undefined) {
      known.until = until;
      return;
    }
    if (this.#prefixes.length >= MAX_PREFIXES) return;
    this.#prefixes.push({ network, length, link, until });
    this.#routes.add({
      destination: network,
      prefixLength: length,
      gateway: ipv6.any,
      interfaceIndex: link.index,
      metric: PREFIX_METRIC,
      origin: 'ra',
    });
  }

  #find(address: Address, link: Ipv6Interface): Router | undefined {
    return this.#routers.find((router) => router.link === link && router.address.equals(address));
  }

  #setMetric(router: Router, metric: number): void {
    if (router.metric === metric) return;
    this.#removeRoute(router);
    router.metric = metric;
    this.#addRoute(router);
  }

  #addRoute({ address, link, metric }: Router): void {
    this.#routes.add({
      destination: ipv6.any,
      prefixLength: 0,
      gateway: address,
      interfaceIndex: link.index,
      metric,
      origin: 'ra',
    });
  }

  #removeRoute({ address, link }: Router): void {
    this.#routes.remove(ipv6.any, 0, address, link.index, 'ra');
  }

  #forget(router: Router): void {
    this.#routers.splice(this.#routers.indexOf(router), 1);
    this.#removeRoute(router);
  }

  #forgetPrefix(prefix: Prefix): void {
    this.#prefixes.splice(this.#prefixes.indexOf(prefix), 1);
    // What the deck says of the same prefix stays, whatever a router says (RFC 4861 §6.3.4 is about what it said).
    this.#routes.remove(prefix.network, prefix.length, ipv6.any, prefix.link.index, 'ra');
  }

  #age(): void {
    const now = this.#host.environment.clock.now;
    for (const router of this.#routers.filter(({ until }) => until <= now)) this.#forget(router);
    for (const prefix of this.#prefixes.filter(({ until }) => until <= now)) this.#forgetPrefix(prefix);
    this.#arm();
  }

  #arm(): void {
    let next = Number.POSITIVE_INFINITY;
    for (const { until } of this.#routers) next = Math.min(next, until);
    for (const { until } of this.#prefixes) next = Math.min(next, until);
    if (next === Number.POSITIVE_INFINITY) this.#ageing.disarm();
    else this.#ageing.armIn(next - this.#host.environment.clock.now);
  }
}
