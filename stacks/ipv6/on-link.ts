/** The prefix list: what routers say is on the link, RFC 4861 §5.1, §6.3.4. */
import { Address } from '../address/address.ts';
import { ipv6 } from '../address/ipv6.ts';
import type { RouteTable } from '../forward/routes.ts';
import type { Packet } from '../packet/packet.ts';
import { type Clock, SECOND, type Timer } from '../time/clock.ts';
import { ON_LINK_FLAG, PREFIX, PREFIX_FLAGS, PREFIX_LENGTH, PREFIX_VALID } from '../wire/ndp.ts';
import type { Ipv6Interface } from './interface.ts';

/** A flood of advertisements fills the list and no more (RFC 6104). */
const MAX_PREFIXES = 16;
const PREFIX_METRIC = 256;
const FOREVER = 0xffffffff;

export interface OnLinkPrefix {
  readonly network: Address;
  readonly length: number;
  readonly link: Ipv6Interface;
  /** µs */
  readonly until: number;
}

/** A lifetime on the wire in µs, Infinity for all ones (RFC 4861 §4.6.2). */
export function lifetime(packet: Packet, at: number): number {
  const seconds = packet.i32(at) >>> 0;
  return seconds === FOREVER ? Number.POSITIVE_INFINITY : seconds * SECOND;
}

export class OnLinkPrefixes {
  readonly #clock: Clock;
  readonly #routes: RouteTable;
  readonly #prefixes: (OnLinkPrefix & { until: number })[] = [];
  readonly #ageing: Timer;

  constructor(clock: Clock, routes: RouteTable) {
    this.#clock = clock;
    this.#routes = routes;
    this.#ageing = clock.timer(() => this.#age(), { background: true });
  }

  /** One prefix information option, at `at`. Without the on-link flag nothing is said about being on the link. */
  receive(packet: Packet, link: Ipv6Interface, at: number): void {
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
    const until = this.#clock.now + valid;
    if (valid === 0) {
      if (known !== undefined) this.#forget(known);
    } else if (known !== undefined) {
      known.until = until;
    } else if (this.#prefixes.length < MAX_PREFIXES) {
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
    this.#arm();
  }

  forgetLink(link: Ipv6Interface): void {
    for (const prefix of this.#prefixes.filter((other) => other.link === link)) this.#forget(prefix);
    this.#arm();
  }

  [Symbol.iterator](): Iterator<OnLinkPrefix> {
    return this.#prefixes[Symbol.iterator]();
  }

  #forget(prefix: OnLinkPrefix & { until: number }): void {
    this.#prefixes.splice(this.#prefixes.indexOf(prefix), 1);
    this.#routes.remove(prefix.network, prefix.length, ipv6.any, prefix.link.index, 'ra');
  }

  #age(): void {
    const { now } = this.#clock;
    for (const prefix of this.#prefixes.filter(({ until }) => until <= now)) this.#forget(prefix);
    this.#arm();
  }

  #arm(): void {
    const next = Math.min(...this.#prefixes.map(({ until }) => until));
    if (next === Number.POSITIVE_INFINITY) this.#ageing.disarm();
    else this.#ageing.armIn(next - this.#clock.now);
  }
}
