/** A packet that is not for us: RFC 8200 §3, RFC 4443 §3, RFC 4007 §9. A router decrements, never fragments. */
import type { Address } from '../address/address.ts';
import { ipv6 } from '../address/ipv6.ts';
import type { Decision } from '../forward/decision.ts';
import { REFUSALS } from '../forward/refusals.ts';
import type { RouteKind } from '../forward/route.ts';
import type { RouteTable } from '../forward/routes.ts';
import { type Packet, UNICAST } from '../packet/packet.ts';
import type { DropReason } from '../packet/verdict.ts';
import {
  ADDRESS_UNREACHABLE,
  BEYOND_SCOPE,
  DESTINATION_UNREACHABLE,
  HOP_LIMIT_EXCEEDED,
  NO_ROUTE,
  PACKET_TOO_BIG,
  PROHIBITED,
  REJECT_ROUTE,
  TIME_EXCEEDED,
} from '../wire/icmp6.ts';
import { HOP_LIMIT } from '../wire/ipv6.ts';
import { Ipv6Flow } from './flow.ts';
import type { Host } from './host.ts';
import type { IcmpErrors } from './icmp-errors.ts';
import type { Output } from './output.ts';
import type { Redirector } from './redirector.ts';

/** Codes of RFC 4443 §3.1 for routes that end a packet with a word. */
const REFUSED: Record<Exclude<RouteKind, 'unicast' | 'blackhole'>, number> = {
  unreachable: ADDRESS_UNREACHABLE,
  reject: REJECT_ROUTE,
  prohibit: PROHIBITED,
};

export class Forwarder {
  readonly #host: Host;
  readonly #routes: RouteTable;
  readonly #output: Output;
  readonly #errors: IcmpErrors;
  readonly #flow = new Ipv6Flow();
  readonly #redirector: Redirector;

  constructor(host: Host, routes: RouteTable, output: Output, errors: IcmpErrors, redirector: Redirector) {
    this.#host = host;
    this.#routes = routes;
    this.#output = output;
    this.#errors = errors;
    this.#redirector = redirector;
  }

  /**
   * `packet.start` and `packet.network` are at the header, which has been checked. Returns why to drop it; takes
   * ownership when it returns undefined.
   */
  forward(packet: Packet, source: Address, destination: Address): DropReason | undefined {
    if (!this.#host.forwarding) return 'forwarding-off';
    if (packet.linkCast !== UNICAST) return 'not-for-me';
    if (source.isUnspecified) return 'bad-source';
    // RFC 4007 §9: what is link-local stays on its link; the sender hears of it when his address was the cause.
    if (ipv6.isLinkLocal(destination)) return 'beyond-scope';
    if (ipv6.isLinkLocal(source)) {
      return this.#refuse(packet, 'beyond-scope', DESTINATION_UNREACHABLE, BEYOND_SCOPE, 0);
    }
    const hopLimit = packet.u8(packet.network + HOP_LIMIT);
    if (hopLimit <= 1) return this.#refuse(packet, 'hop-limit', TIME_EXCEEDED, HOP_LIMIT_EXCEEDED, 0);
    const route = this.#routes.way(destination, source, this.#flow.of(packet));
    if (route !== undefined && route.kind !== 'unicast') {
      const { reason } = REFUSALS[route.kind];
      if (route.kind === 'blackhole') return reason;
      return this.#refuse(packet, reason, DESTINATION_UNREACHABLE, REFUSED[route.kind], 0);
    }
    const link = route === undefined ? undefined : this.#host.link(route.interfaceIndex);
    if (route === undefined || link === undefined) {
      return this.#refuse(packet, 'no-route', DESTINATION_UNREACHABLE, NO_ROUTE, 0);
    }
    const direct = route.gateway.isUnspecified;
    // RFC 4443 §3.1: back onto the point-to-point link that it came from would be a loop.
    if (direct && link.index === packet.ingress && !link.isEthernet) {
      return this.#refuse(packet, 'no-route', DESTINATION_UNREACHABLE, ADDRESS_UNREACHABLE, 0);
    }
    if (!link.usable) {
      return this.#refuse(packet, 'link-down', DESTINATION_UNREACHABLE, ADDRESS_UNREACHABLE, 0);
    }
    if (packet.longest > link.mtu) return this.#refuse(packet, 'too-big', PACKET_TOO_BIG, 0, link.mtu);
    const nextHop = direct ? destination : route.gateway;
    if (link.index === packet.ingress) this.#redirector.consider(packet, link, source, destination, nextHop);
    packet.setU8(packet.network + HOP_LIMIT, hopLimit - 1);
    this.#output.depart(packet, link, nextHop);
    return undefined;
  }

  /** What `forward` would do with a short packet; decrements its hop limit when it would go on. */
  decide(packet: Packet, source: Address, destination: Address): Decision {
    if (!this.#host.forwarding) return { outcome: 'dropped', reason: 'forwarding-off' };
    if (ipv6.isLinkLocal(destination) || ipv6.isLinkLocal(source)) {
      return { outcome: 'dropped', reason: 'beyond-scope' };
    }
    const hopLimit = packet.u8(packet.network + HOP_LIMIT);
    if (hopLimit <= 1) return { outcome: 'dropped', reason: 'hop-limit' };
    const route = this.#routes.way(destination, source, this.#flow.of(packet));
    if (route !== undefined && route.kind !== 'unicast') {
      return { outcome: 'dropped', reason: REFUSALS[route.kind].reason };
    }
    const link = route === undefined ? undefined : this.#host.link(route.interfaceIndex);
    if (route === undefined || link === undefined) return { outcome: 'dropped', reason: 'no-route' };
    const direct = route.gateway.isUnspecified;
    if (direct && link.index === packet.ingress && !link.isEthernet) {
      return { outcome: 'dropped', reason: 'no-route' };
    }
    if (!link.usable) return { outcome: 'dropped', reason: 'link-down' };
    packet.setU8(packet.network + HOP_LIMIT, hopLimit - 1);
    const nextHop = (direct ? destination : route.gateway).clone();
    return { outcome: 'out', interfaceIndex: link.index, nextHop, mtu: link.mtu };
  }

  #refuse(packet: Packet, reason: DropReason, type: number, code: number, word: number): DropReason {
    this.#errors.send(packet, type, code, word);
    return reason;
  }
}
