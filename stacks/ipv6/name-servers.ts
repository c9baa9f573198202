/** What routers say of name servers: RFC 8106 §5.1 (RDNSS), §5.2 (DNSSL), §5.3 (bounds and lifetimes). */
import { Address } from '../address/address.ts';
import { ipv6 } from '../address/ipv6.ts';
import type { Packet } from '../packet/packet.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { RECURSIVE_DNS } from '../wire/ndp.ts';
import type { Ipv6Interface } from './interface.ts';
import { lifetime } from './on-link.ts';

/** Of each: RFC 8106 §5.3.1 wants three at least; an honest network has no more than these. */
const MAX_SERVERS = 8;
const MAX_DOMAINS = 8;
/** RFC 1035 §2.3.4. */
const MAX_NAME = 255;
const MAX_LABEL = 63;
/** In both options: where the lifetime stands, and what it is for. */
const LIFETIME = 4;
const CONTENT = 8;

interface Learnt {
  readonly link: Ipv6Interface;
  /** µs */
  until: number;
}
export interface NameServer extends Learnt {
  readonly address: Address;
}
export interface SearchDomain extends Learnt {
  readonly domain: string;
}

export class NameServers {
  readonly #clock: Clock;
  readonly #ageing: Timer;
  /** In the order in which they came. */
  servers: readonly NameServer[] = [];
  domains: readonly SearchDomain[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#ageing = clock.timer(() => this.#keep(({ until }) => until > clock.now), { background: true });
  }

  /** One option of either kind, at `at`. */
  receive(packet: Packet, link: Ipv6Interface, at: number): void {
    const units = packet.u8(at + 1);
    const end = at + units * 8;
    const until = this.#clock.now + lifetime(packet, at + LIFETIME);
    if (packet.u8(at) === RECURSIVE_DNS) {
      if (units % 2 === 0) return; // §5.3.1: not a number of addresses.
      for (let from = at + CONTENT; from + 16 <= end; from += 16) this.#server(packet, link, from, until);
    } else {
      for (const domain of namesIn(packet, at + CONTENT, end)) this.#domain(domain, link, until);
    }
    this.#keep((learnt) => learnt.until > this.#clock.now);
  }

  forgetLink(link: Ipv6Interface): void {
    this.#keep((learnt) => learnt.link !== link);
  }

  #server(packet: Packet, link: Ipv6Interface, at: number, until: number): void {
    const address = new Address();
    ipv6.read(packet.bytes, at, address);
    if (ipv6.isMulticast(address) || address.isUnspecified || ipv6.isLoopback(address)) return;
    if (ipv6.isLinkLocal(address)) address.zone = link.index;
    const known = this.servers.find((server) => server.link === link && server.address.equals(address));
    if (known !== undefined) known.until = until;
    else if (this.servers.length < MAX_SERVERS) this.servers = [...this.servers, { address, link, until }];
  }

  #domain(domain: string, link: Ipv6Interface, until: number): void {
    const known = this.domains.find((other) => other.link === link && other.domain === domain);
    if (known !== undefined) known.until = until;
    else if (this.domains.length < MAX_DOMAINS) this.domains = [...this.domains, { domain, link, until }];
  }

  #keep(which: (learnt: Learnt) => boolean): void {
    this.servers = this.servers.filter(which);
    this.domains = this.domains.filter(which);
    const next = Math.min(...[...this.servers, ...this.domains].map(({ until }) => until));
    if (next === Number.POSITIVE_INFINITY) this.#ageing.disarm();
    else this.#ageing.armIn(next - this.#clock.now);
  }
}

/** Names in the form of RFC 1035 §3.1 without compression, up to the first that is none; padding is zeros. */
function namesIn(packet: Packet, from: number, end: number): string[] {
  const names: string[] = [];
  let labels: string[] = [];
  for (let at = from; at < end; ) {
    const length = packet.u8(at++);
    if (length === 0) {
      if (labels.length === 0) break;
      const name = labels.join('.');
      if (name.length <= MAX_NAME) names.push(name);
      labels = [];
      continue;
    }
    if (length > MAX_LABEL || at + length > end) break;
    let label = '';
    for (let i = 0; i < length; i++) {
      const c = packet.u8(at + i);
      // Letters, digits, hyphens and underscores, as names of hosts have them; what is else may be meant for a terminal.
      if (!/[\w-]/.test(String.fromCharCode(c)) || c > 0x7e) return names;
      label += String.fromCharCode(c);
    }
    labels.push(label.toLowerCase());
    at += length;
  }
  return names;
}
