/**
 * Links and the addresses on them, as they come and go: what is begun, told and forgotten with each (RFC 4861 §6.2.2,
 * §6.2.5, §6.3.7; RFC 4862 §5.4; RFC 4291 §2.6.1, §2.8).
 */
import type { Address } from '../address/address.ts';
import { allRouters, ipv6, LINK_LOCAL_PREFIX, solicitedNode } from '../address/ipv6.ts';
import type { NeighbourCache } from '../forward/neighbours.ts';
import type { PathMtuTable } from '../forward/path-mtu.ts';
import type { RouteTable } from '../forward/routes.ts';
import type { SilentGateways } from '../forward/silent-gateways.ts';
import type { Device } from '../packet/device.ts';
import type { InterfaceOptions } from '../stack.ts';
import type { Advertiser } from './advertise.ts';
import { AUTONOMOUS_PREFIX_LENGTH } from './advertisement.ts';
import type { DuplicateDetection } from './dad.ts';
import type { Host } from './host.ts';
import { StableIdentifiers } from './identifiers.ts';
import { Ipv6Interface } from './interface.ts';
import { LocalAddress } from './local-address.ts';
import type { Mld } from './mld.ts';
import type { Redirects } from './redirects.ts';
import type { Routers } from './routers.ts';
import type { Slaac } from './slaac.ts';

/** A link between two routers has no subnet-router anycast address (RFC 6164 §6). */
const LONGEST_WITH_ANYCAST = 127;

/** Whoever knows something of a link. */
export interface LinkParts {
  readonly routes: RouteTable;
  readonly neighbours: NeighbourCache;
  readonly pathMtus: PathMtuTable;
  readonly gateways: SilentGateways;
  readonly dad: DuplicateDetection;
  readonly slaac: Slaac;
  readonly routers: Routers;
  readonly redirects: Redirects;
  readonly mld: Mld;
  readonly advertiser: Advertiser;
}

export class Links {
  readonly #host: Host;
  readonly #parts: LinkParts;

  constructor(host: Host, parts: LinkParts) {
    this.#host = host;
    this.#parts = parts;
  }

  /** One more link, with its link-local address; it is down. @throws RangeError for an MTU under 1,280 (RFC 8200 §5) */
  open(name: string, device: Device, options: InterfaceOptions): Ipv6Interface {
    const host = this.#host;
    const mtu = Math.min(options.mtu, device.mtu);
    if (mtu < ipv6.minimumMtu) {
      throw new RangeError(`${name}: an IPv6 link carries at least ${ipv6.minimumMtu} bytes`);
    }
    const autoconfigure = options.autoconfigure ?? options.address === undefined;
    // RFC 8064 §3: opaque identifiers wherever addresses are made rather than written.
    const opaque = (options.identifier ?? (autoconfigure ? 'stable' : 'eui64')) === 'stable';
    const link = new Ipv6Interface(host.interfaces.length + 1, name, device, {
      mtu,
      autoconfigure,
      advertise: options.advertise === true ? {} : options.advertise || undefined,
      temporary: options.temporary ?? false,
      stackId: host.id,
      identifiers: opaque ? new StableIdentifiers(options.secret ?? host.secret) : undefined,
    });
    host.interfaces.push(link);
    this.#parts.routes.setUsable(link.index, false);
    link.onJoin = (group) => this.#parts.mld.joined(link, group);
    link.onLeave = (group) => this.#parts.mld.left(link, group);
    const own = link.addressIn(LINK_LOCAL_PREFIX);
    host.hold(link, new LocalAddress(own, AUTONOMOUS_PREFIX_LENGTH, 'link-local', link.isEui64));
    return link;
  }

  /** @throws RangeError for an MTU that IPv6 or the device does not allow. */
  setMtu(link: Ipv6Interface, mtu: number): void {
    if (mtu < ipv6.minimumMtu || mtu > link.device.mtu) {
      throw new RangeError(`${link.name}: an MTU of ${ipv6.minimumMtu} to ${link.device.mtu}`);
    }
    link.mtu = link.configuredMtu = mtu;
    this.#parts.pathMtus.clear();
  }

  addAddress(link: Ipv6Interface, address: Address, prefixLength: number): void {
    const own = address.clone();
    const linkLocal = ipv6.isLinkLocal(own);
    own.zone = linkLocal ? link.index : 0;
    if (link.find(own) !== undefined) return;
    const local = new LocalAddress(own, prefixLength, 'static', false);
    this.#host.hold(link, local);
    if (!linkLocal && prefixLength < ipv6.bits) {
      this.#parts.routes.add({
        destination: own,
        prefixLength,
        gateway: ipv6.any,
        interfaceIndex: link.index,
        metric: 0,
        origin: 'link',
      });
    }
    if (!linkLocal && prefixLength < LONGEST_WITH_ANYCAST) this.#addAnycast(link, own, prefixLength);
    if (link.usable) this.#parts.dad.start(link, local);
  }

  removeAddress(link: Ipv6Interface, local: LocalAddress): void {
    const { address, prefixLength } = local;
    this.#parts.slaac.remove(link, local);
    const others = link.addresses.filter(({ origin }) => origin === 'static');
    const alike = others.some(
      (own) => own.prefixLength === prefixLength && ipv6.matches(own.address, address, prefixLength),
    );
    if (!alike) {
      this.#parts.routes.withdraw(address, prefixLength, { origin: 'link', interfaceIndex: link.index });
    }
    const anycast = ipv6.network(address, prefixLength);
    const needed = others.some(
      (own) =>
        own.prefixLength < LONGEST_WITH_ANYCAST &&
        ipv6.network(own.address, own.prefixLength).sameWords(anycast),
    );
    if (!needed) this.#removeAnycast(link, anycast);
    this.#parts.pathMtus.clear();
  }

  bringUp(link: Ipv6Interface): void {
    if (link.up) return;
    link.up = true;
    link.disabled = false;
    this.#parts.routes.setUsable(link.index, true);
    this.#parts.pathMtus.clear();
    if (this.#host.forwarding) this.#joinAsRouter(link);
    for (const local of [...link.addresses]) this.#parts.dad.start(link, local);
  }

  /** The groups of sockets stay, to be reported when the link is back. */
  takeDown(link: Ipv6Interface): void {
    if (!link.up) return;
    this.#parts.advertiser.stop(link);
    this.#silence(link);
    link.up = false;
    for (const local of link.addresses) this.#parts.dad.leave(link, local);
    if (this.#host.forwarding) this.#leaveAsRouter(link);
  }

  /** The stack becomes a router (RFC 4861 §6.2.2), or ceases to be one (§6.2.5) and asks for others (§6.3.7). */
  setForwarding(on: boolean): void {
    const { advertiser, redirects, routers } = this.#parts;
    const up = this.#host.interfaces.filter((link) => link.up);
    if (on) {
      this.#host.forwarding = true;
      for (const link of up) {
        routers.forgetRouters(link);
        redirects.forgetLink(link);
        this.#joinAsRouter(link);
        if (link.usable && link.linkLocal() !== undefined) advertiser.start(link);
      }
      return;
    }
    for (const link of up) {
      advertiser.stop(link);
      this.#leaveAsRouter(link);
    }
    this.#host.forwarding = false;
    for (const link of up) if (link.usable && link.linkLocal() !== undefined) this.#seekRouters(link);
  }

  /** `local` has turned out to be ours alone. */
  unique(link: Ipv6Interface, local: LocalAddress): void {
    if (local !== link.linkLocal()) return;
    this.#parts.mld.addressed(link);
    this.#seekRouters(link);
    this.#parts.advertiser.start(link);
  }

  /** `local` is another station's. */
  duplicate(link: Ipv6Interface, local: LocalAddress): void {
    if (link.disabled) this.#silence(link);
    else this.#parts.slaac.duplicate(link, local);
  }

  #seekRouters(link: Ipv6Interface): void {
    if (link.autoconfigure && !this.#host.forwarding) this.#parts.routers.solicit(link);
  }

  /** RFC 4291 §2.6.1. */
  #addAnycast(link: Ipv6Interface, address: Address, prefixLength: number): void {
    const anycast = ipv6.network(address, prefixLength);
    if (link.isAnycast(anycast)) return;
    link.anycasts.push(anycast);
    this.#host.ownWords.add(anycast.w3);
    if (link.up && this.#host.forwarding) link.join(solicitedNode(anycast));
  }

  #removeAnycast(link: Ipv6Interface, anycast: Address): void {
    const at = link.anycasts.findIndex((other) => other.sameWords(anycast));
    if (at < 0) return;
    link.anycasts.splice(at, 1);
    if (link.up && this.#host.forwarding) link.leave(solicitedNode(anycast));
  }

  /** RFC 4291 §2.8. So it is on every link that is up while the stack is a router. */
  #joinAsRouter(link: Ipv6Interface): void {
    link.join(allRouters);
    for (const anycast of link.anycasts) link.join(solicitedNode(anycast));
  }

  #leaveAsRouter(link: Ipv6Interface): void {
    link.leave(allRouters);
    for (const anycast of link.anycasts) link.leave(solicitedNode(anycast));
  }

  /** What was learnt from the link is forgotten, and nothing of ours waits for it. */
  #silence(link: Ipv6Interface): void {
    const { dad, gateways, mld, neighbours, pathMtus, redirects, routers, routes, slaac } = this.#parts;
    routes.setUsable(link.index, false);
    pathMtus.clear();
    gateways.forgetLink(link.index);
    routers.forgetLink(link);
    slaac.forgetLink(link);
    redirects.forgetLink(link);
    mld.forgetLink(link);
    for (const local of link.addresses) {
      dad.cancel(local);
      if (local.state !== 'duplicate') local.state = 'tentative';
    }
    neighbours.flush(link.index);
  }
}
