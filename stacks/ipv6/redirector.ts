/** The router's side of redirects: RFC 4861 §8.2. A packet goes back onto its link, so its sender may take a shorter way. */
import type { Address } from '../address/address.ts';
import { ipv6 } from '../address/ipv6.ts';
import type { NeighbourCache } from '../forward/neighbours.ts';
import type { RouteTable } from '../forward/routes.ts';
import { TokenBucket } from '../forward/token-bucket.ts';
import type { Packet } from '../packet/packet.ts';
import type { Host } from './host.ts';
import type { Ipv6Interface } from './interface.ts';
import type { NdSender } from './nd-sender.ts';

/** RFC 4861 §8.2 wants a limit: a burst for a link full of hosts, then so few that who ignores them costs little. */
const REDIRECTS_PER_SECOND = 10;
const REDIRECT_BURST = 50;

export class Redirector {
  readonly #neighbours: NeighbourCache;
  readonly #routes: RouteTable;
  readonly #sender: NdSender;
  readonly #bucket: TokenBucket;

  constructor(host: Host, neighbours: NeighbourCache, routes: RouteTable, sender: NdSender) {
    this.#neighbours = neighbours;
    this.#routes = routes;
    this.#sender = sender;
    this.#bucket = new TokenBucket(host.environment.clock, REDIRECTS_PER_SECOND, REDIRECT_BURST);
  }

  /**
   * `packet`, with its header at `packet.network`, leaves by the link that it came from, to `nextHop`. It stays the
   * caller's.
   */
  consider(
    packet: Packet,
    link: Ipv6Interface,
    source: Address,
    destination: Address,
    nextHop: Address,
  ): void {
    // The target is the destination itself, or a router by its link-local address (§8.1).
    if (!nextHop.sameWords(destination) && !ipv6.isLinkLocal(nextHop)) return;
    // The sender is a neighbour: otherwise a router that stands between is the one to ask elsewhere.
    const back = this.#routes.way(source);
    if (back === undefined || !back.isDirect || back.interfaceIndex !== link.index) return;
    if (!this.#bucket.take()) return;
    const mac = this.#neighbours.lookup(nextHop, link.index)?.mac;
    this.#sender.redirect(link, nextHop, destination, source, mac, packet);
  }
}
