/** Redirects: RFC 4861 §8.1 (validation), §8.3 (host behaviour). They become host routes; routers ignore them. */
import { Address } from '../address/address.ts';
import { ipv6 } from '../address/ipv6.ts';
import type { TransportVerdict } from '../address/network.ts';
import type { NeighbourCache } from '../forward/neighbours.ts';
import type { RouteTable } from '../forward/routes.ts';
import type { Packet } from '../packet/packet.ts';
import { MAC_BYTES } from '../wire/ethernet.ts';
import { type NdOptions, REDIRECT_DESTINATION, TARGET } from '../wire/ndp.ts';
import type { FirstHop } from './first-hop.ts';
import type { Host } from './host.ts';
import type { Ipv6Interface } from './interface.ts';

/** Destinations with a better first hop than their router: the oldest makes room. */
const MAX_REDIRECTS = 64;

/** Before every advertised route. */
const REDIRECT_METRIC = 0;

interface Redirect {
  readonly destination: Address;
  readonly gateway: Address;
  readonly link: Ipv6Interface;
}

export class Redirects {
  readonly #host: Host;
  readonly #routes: RouteTable;
  readonly #neighbours: NeighbourCache;
  readonly #firstHop: FirstHop;
  #redirects: Redirect[] = [];

  /** `firstHop`: as in `Routers`. */
  constructor(host: Host, routes: RouteTable, neighbours: NeighbourCache, firstHop: FirstHop) {
    this.#host = host;
    this.#routes = routes;
    this.#neighbours = neighbours;
    this.#firstHop = firstHop;
  }

  receive(packet: Packet, link: Ipv6Interface, source: Address, options: NdOptions): TransportVerdict {
    const target = new Address();
    const destination = new Address();
    ipv6.read(packet.bytes, packet.start + TARGET, target);
    ipv6.read(packet.bytes, packet.start + REDIRECT_DESTINATION, destination);
    const direct = target.equals(destination);
    if (ipv6.isLinkLocal(target)) target.zone = link.index;
    // §8.1: from a router's link-local address, to another router or to the destination itself, about one host.
    if (
      !ipv6.isLinkLocal(source) ||
      ipv6.isMulticast(destination) ||
      !(direct || ipv6.isLinkLocal(target)) ||
      ipv6.isLinkLocal(destination) ||
      ipv6.isLoopback(destination) ||
      destination.isUnspecified
    ) {
      return 'bad-neighbour-message';
    }
    if (this.#host.forwarding || !link.isEthernet) return 'icmp-ignored';
    // §8.1: only the router that we send to now may say so; anybody else is a stranger.
    if (!this.#isFirstHop(source, destination, link)) return 'icmp-unmatched';
    if (this.#host.find(destination) !== undefined || this.#host.find(target) !== undefined) {
      return 'bad-neighbour-message';
    }
    if (options.targetLink >= 0) {
      const mac = packet.copy(options.targetLink, options.targetLink + MAC_BYTES);
      this.#neighbours.learn(target, link.index, mac, direct ? undefined : true);
    }
    this.#forget((redirect) => redirect.destination.equals(destination));
    if (this.#redirects.length >= MAX_REDIRECTS) {
      const oldest = this.#redirects[0];
      this.#forget((redirect) => redirect === oldest);
    }
    const gateway = direct ? ipv6.any : target;
    this.#redirects.push({ destination, gateway, link });
    this.#routes.add({
      destination,
      prefixLength: ipv6.bits,
      gateway,
      interfaceIndex: link.index,
      metric: REDIRECT_METRIC,
      origin: 'redirect',
    });
    return 'delivered';
  }

  /** Do we send to this router what is for `destination`? Flows may part there, and so may sources. */
  #isFirstHop(router: Address, destination: Address, link: Ipv6Interface): boolean {
    const goesBy = (source: Address): boolean =>
      this.#routes
        .explain(destination, source)
        .some(({ route: { gateway, interfaceIndex, origin }, verdict }) => {
          if ((verdict !== 'taken' && verdict !== 'shares') || interfaceIndex !== link.index) return false;
          const better = origin === 'ra' ? this.#firstHop(destination, source, link, gateway) : undefined;
          return (better ?? gateway).equals(router);
        });
    return this.#host.interfaces.some(({ addresses }) =>
      addresses.some(({ usable, address }) => usable && goesBy(address)),
    );
  }

  /** The better first hop does not answer: back to the router. */
  lost(address: Address, link: Ipv6Interface): void {
    this.#forget(
      (redirect) =>
        redirect.link === link &&
        (redirect.gateway.equals(address) ||
          (redirect.gateway.isUnspecified && redirect.destination.equals(address))),
    );
  }

  /** The routes to a prefix have changed, and with them the routers that sent us elsewhere. */
  forgetUnder(destination: Address, prefixLength: number): void {
    this.#forget((redirect) => ipv6.matches(redirect.destination, destination, prefixLength));
  }

  forgetLink(link: Ipv6Interface): void {
    this.#forget((redirect) => redirect.link === link);
  }

  #forget(which: (redirect: Redirect) => boolean): void {
    for (const { destination, gateway, link } of this.#redirects.filter(which)) {
      this.#routes.remove(destination, ipv6.bits, gateway, link.index, 'redirect');
    }
    this.#redirects = this.#redirects.filter((redirect) => !which(redirect));
  }
}
