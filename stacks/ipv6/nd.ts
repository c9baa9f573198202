/** Neighbour discovery messages that come in: RFC 4861 §6.1, §7.1, §8.1 (validation), §7.2 (neighbours), RFC 6980. */
import { Address } from '../address/address.ts';
import { ipv6 } from '../address/ipv6.ts';
import type { TransportVerdict } from '../address/network.ts';
import type { NeighbourCache } from '../forward/neighbours.ts';
import { LOOPED, type Packet } from '../packet/packet.ts';
import { SECOND } from '../time/clock.ts';
import { isStation, MAC_BYTES } from '../wire/ethernet.ts';
import {
  CODE,
  NEIGHBOUR_ADVERTISEMENT,
  NEIGHBOUR_SOLICITATION,
  REDIRECT,
  ROUTER_ADVERTISEMENT,
  ROUTER_SOLICITATION,
} from '../wire/icmp6.ts';
import { HOP_LIMIT } from '../wire/ipv6.ts';
import {
  FLAGS,
  minimumBytes,
  NdOptions,
  OVERRIDE_FLAG,
  ROUTER_FLAG,
  SOLICITED_FLAG,
  TARGET,
} from '../wire/ndp.ts';
import type { Advertiser } from './advertise.ts';
import type { DuplicateDetection } from './dad.ts';
import type { Host } from './host.ts';
import type { Ipv6Interface } from './interface.ts';
import { ND_HOP_LIMIT, type NdSender } from './nd-sender.ts';
import type { Redirects } from './redirects.ts';
import type { Routers } from './routers.ts';

/** RFC 4861 §10. */
const MAX_ANYCAST_DELAY_TIME: number = SECOND;
/** Answers that wait at once; whoever is not answered asks again. */
export const MAX_ANYCAST_ANSWERS = 64;

export class NeighbourDiscovery {
  readonly #host: Host;
  readonly #neighbours: NeighbourCache;
  readonly #sender: NdSender;
  readonly #dad: DuplicateDetection;
  readonly #routers: Routers;
  readonly #redirects: Redirects;
  readonly #advertiser: Advertiser;
  readonly #options = new NdOptions();
  readonly #target = new Address();
  #anycastAnswers = 0;

  constructor(
    host: Host,
    neighbours: NeighbourCache,
    sender: NdSender,
    dad: DuplicateDetection,
    routers: Routers,
    redirects: Redirects,
    advertiser: Advertiser,
  ) {
    this.#host = host;
    this.#neighbours = neighbours;
    this.#sender = sender;
    this.#dad = dad;
    this.#routers = routers;
    this.#redirects = redirects;
    this.#advertiser = advertiser;
  }

  /** `packet.start` is at the message and its checksum holds. */
  receive(
    packet: Packet,
    type: number,
    source: Address,
    destination: Address,
    fragmented: boolean,
  ): TransportVerdict {
    const link = packet.ingress === LOOPED ? undefined : this.#host.link(packet.ingress);
    const at = packet.start;
    if (
      link === undefined ||
      fragmented || // RFC 6980 §5
      packet.u8(packet.network + HOP_LIMIT) !== ND_HOP_LIMIT ||
      packet.u8(at + CODE) !== 0 ||
      packet.length < minimumBytes(type) ||
      !this.#options.parse(packet, at + minimumBytes(type), packet.end)
    ) {
      return 'bad-neighbour-message';
    }
    const options = this.#options;
    // The other one is not for this message, and ignored (§7.1.1, §7.1.2).
    const isAboutTarget = type === NEIGHBOUR_ADVERTISEMENT || type === REDIRECT;
    const named = isAboutTarget ? options.targetLink : options.sourceLink;
    // An address that is a group's or nobody's names no station: nothing may be sent there.
    if (named >= 0 && !isStation(packet, named)) return 'bad-neighbour-message';
    switch (type) {
      case NEIGHBOUR_SOLICITATION:
        return this.#solicitation(packet, link, source, destination);
      case NEIGHBOUR_ADVERTISEMENT:
        return this.#advertisement(packet, link, destination);
      case ROUTER_SOLICITATION:
        return this.#routerSolicitation(packet, link, source);
      case ROUTER_ADVERTISEMENT:
        // RFC 4861 §6.1.2.
        if (!ipv6.isLinkLocal(source)) return 'bad-neighbour-message';
        return this.#routers.receive(packet, link, source, options);
      case REDIRECT:
        return this.#redirects.receive(packet, link, source, options);
      default:
        return 'icmp-ignored';
    }
  }

  /** RFC 4861 §7.1.1, §7.2.3; RFC 4862 §5.4.3 when the address is tentative. */
  #solicitation(
    packet: Packet,
    link: Ipv6Interface,
    source: Address,
    destination: Address,
  ): TransportVerdict {
    const target = this.#readTarget(packet, link);
    const { sourceLink } = this.#options;
    if (ipv6.isMulticast(target)) return 'bad-neighbour-message';
    if (source.isUnspecified && (!isSolicitedNode(destination) || sourceLink >= 0)) {
      return 'bad-neighbour-message';
    }
    const local = link.find(target);
    if (local === undefined) {
      if (!this.#host.forwarding || !link.isAnycast(target)) return 'not-for-me';
      if (link.isEthernet && sourceLink >= 0) this.#learn(packet, link, source, sourceLink);
      return this.#answerLater(link, target.clone(), source.clone());
    }
    if (!local.usable) {
      return local.state === 'tentative' && source.isUnspecified && link.isEthernet
        ? this.#dad.solicited(link, local, packet, this.#options)
        : 'address-tentative';
    }
    if (link.isEthernet && sourceLink >= 0) this.#learn(packet, link, source, sourceLink);
    return this.#sender.answer(link, local.address, source) ? 'answered' : 'no-buffer';
  }

  /** RFC 4861 §7.2.7: the routers of a subnet do not all answer at once. */
  #answerLater(link: Ipv6Interface, target: Address, asker: Address): TransportVerdict {
    if (this.#anycastAnswers >= MAX_ANYCAST_ANSWERS) return 'no-buffer';
    this.#anycastAnswers++;
    const { clock, random } = this.#host.environment;
    const timer = clock.timer(() => {
      this.#anycastAnswers--;
      this.#sender.answer(link, target, asker, true);
    });
    timer.armIn(random.u32() % MAX_ANYCAST_DELAY_TIME);
    return 'answered';
  }

  /** RFC 4861 §7.1.2, §7.2.5. */
  #advertisement(packet: Packet, link: Ipv6Interface, destination: Address): TransportVerdict {
    const target = this.#readTarget(packet, link);
    const flags = packet.u8(packet.start + FLAGS);
    const solicited = (flags & SOLICITED_FLAG) !== 0;
    if (ipv6.isMulticast(target) || (solicited && ipv6.isMulticast(destination))) {
      return 'bad-neighbour-message';
    }
    const local = link.find(target);
    // A duplicate is that station's own by now, and may be resolved like any other.
    if (local !== undefined && local.state !== 'duplicate') {
      // RFC 4862 §5.4.4: a tentative address is a duplicate. A proven one stays ours; the conflict is counted.
      return local.state === 'tentative' ? this.#dad.conflict(link, local) : 'address-conflict';
    }
    if (!link.isEthernet) return 'icmp-ignored';
    const { targetLink } = this.#options;
    const known = this.#neighbours.advertise({
      address: target,
      interfaceIndex: link.index,
      mac: targetLink < 0 ? undefined : packet.copy(targetLink, targetLink + MAC_BYTES),
      solicited,
      override: (flags & OVERRIDE_FLAG) !== 0,
      router: (flags & ROUTER_FLAG) !== 0,
    });
    return known ? 'delivered' : 'neighbour-unsolicited';
  }

  /** RFC 4861 §6.1.1, §6.2.6. */
  #routerSolicitation(packet: Packet, link: Ipv6Interface, source: Address): TransportVerdict {
    const { sourceLink } = this.#options;
    if (source.isUnspecified && sourceLink >= 0) return 'bad-neighbour-message';
    if (!this.#host.forwarding || link.advertise === undefined) return 'icmp-ignored';
    // RFC 4861 §6.2.6: who asks for routers is none.
    if (link.isEthernet && sourceLink >= 0) this.#learn(packet, link, source, sourceLink, false);
    else this.#neighbours.setRouter(source, link.index, false);
    this.#advertiser.solicited(link);
    return 'answered';
  }

  #learn(packet: Packet, link: Ipv6Interface, source: Address, at: number, isRouter?: boolean): void {
    this.#neighbours.learn(source, link.index, packet.copy(at, at + MAC_BYTES), isRouter);
  }

  #readTarget(packet: Packet, link: Ipv6Interface): Address {
    ipv6.read(packet.bytes, packet.start + TARGET, this.#target);
    if (ipv6.isLinkLocal(this.#target)) this.#target.zone = link.index;
    return this.#target;
  }
}

/** ff02::1:ff00:0/104 (RFC 4291 §2.7.1). */
function isSolicitedNode(address: Address): boolean {
  return (
    address.w0 >>> 0 === 0xff020000 && address.w1 === 0 && address.w2 === 1 && address.w3 >>> 24 === 0xff
  );
}
