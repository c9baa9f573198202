/**
 * The listener's side of multicast listener discovery: MLDv2 (RFC 3810 §6), and MLDv1 where a router speaks it (§8.2,
 * RFC 2710 §4). Sockets here join groups for all sources, so the filter of a group is "exclude nobody".
 */
import { Address } from '../address/address.ts';
import { allNodes, ipv6 } from '../address/ipv6.ts';
import type { TransportVerdict } from '../address/network.ts';
import type { Packet } from '../packet/packet.ts';
import { MILLISECOND } from '../time/clock.ts';
import { HOP_LIMIT, multicastScope } from '../wire/ipv6.ts';
import { MULTICAST_ADDRESS, readQuery, V1_BYTES } from '../wire/mld.ts';
import type { Host } from './host.ts';
import type { Ipv6Interface } from './interface.ts';
import { Listener } from './mld-listener.ts';
import { MLD_HOP_LIMIT, MldSender } from './mld-sender.ts';
import type { Output } from './output.ts';

/** RFC 3810 §9.2, §9.3: what a version 1 querier does not tell. */
const QUERY_INTERVAL = 125;
/** RFC 3810 §6: groups of a smaller scope stay on the host, and all-nodes needs no report. */
const LINK_SCOPE = 2;

export class Mld {
  readonly #host: Host;
  readonly #sender: MldSender;
  readonly #listeners = new Map<Ipv6Interface, Listener>();

  constructor(host: Host, output: Output) {
    this.#host = host;
    this.#sender = new MldSender(host, output);
  }

  joined(link: Ipv6Interface, group: Address): void {
    if (isReported(link, group)) this.#listener(link).changed(group, true);
  }

  left(link: Ipv6Interface, group: Address): void {
    if (isReported(link, group)) this.#listener(link).changed(group, false);
  }

  /** RFC 3590 §4: what was reported from `::` is reported again, now that there is an address to report from. */
  addressed(link: Ipv6Interface): void {
    if (link.isEthernet) this.#listener(link).again();
  }

  /** RFC 3810 §5.1.14, §6.2. */
  query(packet: Packet, source: Address, routerAlert: boolean): TransportVerdict {
    const link = this.#linkOf(packet, source);
    const query = link === undefined || !routerAlert ? undefined : readQuery(packet);
    if (link === undefined || query === undefined) return 'icmp-ignored';
    const { group } = query;
    if (!group.isUnspecified && !ipv6.isMulticast(group)) return 'icmp-ignored';
    const listener = this.#listener(link);
    const most = Math.max(query.maxResponse, 1) * MILLISECOND;
    listener.heard(query.version, query.robustness, query.interval ?? QUERY_INTERVAL, most);
    if (group.isUnspecified) listener.answerAll(most);
    else if (isReported(link, group) && link.listens(group)) listener.answer(group, query.sources, most);
    return 'answered';
  }

  /** RFC 2710 §4: another listener has answered for the group; one is enough. */
  heardReport(packet: Packet, source: Address): TransportVerdict {
    const link = this.#linkOf(packet, source);
    if (link === undefined || packet.length < V1_BYTES) return 'icmp-ignored';
    const group = new Address();
    ipv6.read(packet.bytes, packet.start + MULTICAST_ADDRESS, group);
    return this.#listener(link).suppress(group) ? 'delivered' : 'icmp-ignored';
  }

  forgetLink(link: Ipv6Interface): void {
    this.#listeners.get(link)?.stop();
    this.#listeners.delete(link);
  }

  /** Of a message that nobody forwarded (RFC 3810 §5.1.14). */
  #linkOf(packet: Packet, source: Address): Ipv6Interface | undefined {
    const link = this.#host.link(packet.ingress);
    const good =
      link?.isEthernet === true &&
      ipv6.isLinkLocal(source) &&
      packet.u8(packet.network + HOP_LIMIT) === MLD_HOP_LIMIT;
    return good ? link : undefined;
  }

  #listener(link: Ipv6Interface): Listener {
    let listener = this.#listeners.get(link);
    if (listener === undefined) {
      const reported = (): Address[] => link.groups().filter((group) => isReported(link, group));
      listener = new Listener(this.#host.environment, this.#sender, link, reported);
      this.#listeners.set(link, listener);
    }
    return listener;
  }
}

function isReported(link: Ipv6Interface, group: Address): boolean {
  return link.isEthernet && !group.sameWords(allNodes) && multicastScope(group) >= LINK_SCOPE;
}
