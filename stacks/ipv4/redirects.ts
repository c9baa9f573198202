/**
 * Redirects: a router tells a host of a better first hop (RFC 1812 §5.2.7.2), and a host believes the router that it
 * sends to (RFC 1122 §3.2.2.2). What it learns becomes a host route for some minutes; network redirects are taken as
 * host redirects, and routers learn nothing.
 */
import { Address } from '../address/address.ts';
import { ipv4 } from '../address/ipv4.ts';
import type { SourcePrefix } from '../forward/route.ts';
import { TokenBucket } from '../forward/token-bucket.ts';
import { type Packet, UNICAST } from '../packet/packet.ts';
import type { DropReason } from '../packet/verdict.ts';
import { SECOND, type Timer } from '../time/clock.ts';
import { ICMP_GATEWAY, ICMP_HEADER, icmpCode, LAST_REDIRECT } from '../wire/icmp.ts';
import { destinationWord, IPV4_HEADER, sourceWord } from '../wire/ipv4.ts';
import { isQuote } from './errors.ts';
import type { Host } from './host.ts';
import type { Ipv4Interface } from './interface.ts';
import type { Options } from './options.ts';

/** A host that does not listen costs the link so many messages and no more (RFC 1812 §4.3.2.8). */
export const REDIRECTS_PER_SECOND = 10;
export const REDIRECT_BURST = 10;
/** Destinations with a better first hop than their router: the oldest makes room. */
export const MAX_REDIRECTS = 64;
/** As Linux has it (ip_rt_gc_timeout); the router says it again when it is still true. */
export const REDIRECT_LIFETIME: number = 300 * SECOND;

interface Redirect {
  readonly destination: Address;
  readonly gateway: Address;
  readonly iface: Ipv4Interface;
  readonly timer: Timer;
}

export class Redirects {
  readonly #host: Host;
  readonly #options: Options;
  readonly #limit: TokenBucket;
  #learnt: Redirect[] = [];

  constructor(host: Host, options: Options) {
    this.#host = host;
    this.#options = options;
    this.#limit = new TokenBucket(host.environment.clock, REDIRECTS_PER_SECOND, REDIRECT_BURST);
  }

  /**
   * Of a datagram that leaves by the link it came by, to `next`: does its sender deserve a redirect? RFC 1812
   * §5.2.7.2: when the next hop is in its own subnet and no source route brought the datagram here.
   */
  isDue(packet: Packet, iface: Ipv4Interface, next: number): boolean {
    if (iface.mac === undefined || !iface.areNeighbours(sourceWord(packet, packet.network), next))
      return false;
    if (packet.transport - packet.network > IPV4_HEADER) {
      this.#options.read(packet);
      if (this.#options.sourceRoute !== 0) return false;
    }
    return this.#limit.take();
  }

  /** A redirect for us, `start` at its header; undefined when it was believed. */
  receive(packet: Packet): DropReason | undefined {
    const host = this.#host;
    const iface = host.interfaceAt(packet.ingress);
    const quoted = packet.start + ICMP_HEADER;
    if (host.forwarding || iface === undefined || packet.linkCast !== UNICAST) return 'icmp-ignored';
    if (icmpCode(packet, packet.start) > LAST_REDIRECT) return 'icmp-ignored';
    if (!isQuote(packet, quoted) || !host.isOwn(sourceWord(packet, quoted))) return 'icmp-unmatched';
    const source = new Address(0, 0, 0, sourceWord(packet, quoted));
    const destination = new Address(0, 0, 0, destinationWord(packet, quoted));
    const gateway = new Address(0, 0, 0, packet.i32(packet.start + ICMP_GATEWAY));
    // From a first hop that flows of this source take now, about a station of the same link.
    const by = sourceWord(packet, packet.network);
    const now = host.routes
      .explain(destination, source)
      .find(
        ({ route, verdict }) =>
          (verdict === 'taken' || verdict === 'shares') &&
          route.interfaceIndex === iface.index &&
          route.gateway.w3 === by,
      );
    const possible = iface.isOnLink(gateway.w3) && host.isPossibleSource(gateway.w3);
    if (now === undefined || !possible || ipv4.isMulticast(destination) || host.isOwn(destination.w3)) {
      return 'icmp-unmatched';
    }
    this.#learn(destination, gateway, iface, now.route.from);
    return undefined;
  }

  /** The better first hop does not answer: back to the router. */
  lost(address: Address, interfaceIndex: number): void {
    this.#forget(({ gateway, iface }) => iface.index === interfaceIndex && gateway.equals(address));
  }

  /** The routes to a prefix have changed, and with them the routers that sent us elsewhere. */
  forgetUnder(destination: Address, prefixLength: number): void {
    this.#forget((known) => ipv4.matches(known.destination, destination, prefixLength));
  }

  /** The host becomes a router. */
  clear(): void {
    this.#forget(() => true);
  }

  /** The link goes down. */
  forgetLink(link: Ipv4Interface): void {
    this.#forget(({ iface }) => iface === link);
  }

  #learn(destination: Address, gateway: Address, iface: Ipv4Interface, from?: SourcePrefix): void {
    this.#forget((known) => known.destination.equals(destination));
    if (this.#learnt.length >= MAX_REDIRECTS) {
      const oldest = this.#learnt[0];
      this.#forget((known) => known === oldest);
    }
    const forget = (): void => this.#forget((known) => known === redirect);
    const timer = this.#host.environment.clock.timer(forget, { background: true });
    const redirect: Redirect = { destination, gateway, iface, timer };
    timer.armIn(REDIRECT_LIFETIME);
    this.#learnt.push(redirect);
    this.#host.routes.add({
      destination,
      prefixLength: ipv4.bits,
      gateway,
      interfaceIndex: iface.index,
      metric: 0,
      origin: 'redirect',
      ...(from !== undefined && { from }),
    });
  }

  #forget(which: (redirect: Redirect) => boolean): void {
    for (const { destination, gateway, iface, timer } of this.#learnt.filter(which)) {
      timer.disarm();
      this.#host.routes.remove(destination, ipv4.bits, gateway, iface.index, 'redirect');
    }
    this.#learnt = this.#learnt.filter((redirect) => !which(redirect));
  }
}
