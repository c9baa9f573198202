/** What all parts of one IPv6 stack share: its links and addresses, its counters, and where packets end. */
import type { Address } from '../address/address.ts';
import { ipv6 } from '../address/ipv6.ts';
import type { Transport } from '../address/network.ts';
import { WordSet } from '../forward/word-set.ts';
import type { Environment } from '../packet/environment.ts';
import { KeyedHash } from '../packet/keyed-hash.ts';
import { LOOPED, type Packet } from '../packet/packet.ts';
import { Counters, type DropReason, type Verdict } from '../packet/verdict.ts';
import type { StackOptions } from '../stack.ts';
import { SECRET_BYTES } from './identifiers.ts';
import type { Ipv6Interface } from './interface.ts';
import type { LocalAddress } from './local-address.ts';
import { PolicyTable } from './policy.ts';
import { type Candidate, compareSources } from './source-selection.ts';

export class Host {
  readonly environment: Environment;
  readonly id: number;
  readonly name: string;
  readonly hash: KeyedHash;
  readonly counters: Counters = new Counters();
  readonly interfaces: Ipv6Interface[] = [];
  /** TCP and UDP, once they are there. */
  readonly transports: Transport[] = [];
  forwarding: boolean;
  running = false;
  /** Last words of all addresses that were ever ours: who is not among them is somebody else. An interface has few. */
  readonly ownWords: WordSet = new WordSet();
  /** A packet is being received or handed to a device: another that comes up meanwhile waits (`later.ts`). */
  busy = false;
  readonly policies: PolicyTable = new PolicyTable();
  /** Has this router of the link advertised the prefix of the address (RFC 8028 §3.1)? */
  advertises: ((router: Address, link: Ipv6Interface, address: Address) => boolean) | undefined;
  #secret: Uint8Array | undefined;

  constructor(environment: Environment, options: StackOptions) {
    this.environment = environment;
    this.id = options.id;
    this.name = options.name;
    this.forwarding = options.forwarding ?? false;
    this.hash = new KeyedHash(environment.random.u32(), environment.random.u32());
  }

  /** The secret of stable identifiers (RFC 7217 §5), drawn once when it is first asked for. */
  get secret(): Uint8Array {
    if (this.#secret === undefined) {
      const view = new DataView(new ArrayBuffer(SECRET_BYTES));
      for (let at = 0; at < SECRET_BYTES; at += 4) view.setUint32(at, this.environment.random.u32());
      this.#secret = new Uint8Array(view.buffer);
    }
    return this.#secret;
  }

  /** Interfaces count from 1. */
  link(index: number): Ipv6Interface | undefined {
    return this.interfaces[index - 1];
  }

  /** Gives `link` an address. */
  hold(link: Ipv6Interface, local: LocalAddress): void {
    link.addresses.push(local);
    this.ownWords.add(local.address.w3);
  }

  /** RFC 4291 §2.6.1: a router on the subnet is addressed, and this is one. */
  isAnycast(address: Address): boolean {
    return this.forwarding && this.interfaces.some((link) => link.usable && link.isAnycast(address));
  }

  transport(protocol: number): Transport | undefined {
    for (const transport of this.transports) if (transport.protocol === protocol) return transport;
    return undefined;
  }

  /**
   * The one place where packets end: counted here and on the link, traced, released. `forwarded` and `transmitted`
   * are the exceptions: their next owner is the device of `out`. A packet made here that is dropped counts as unsent.
   */
  end(packet: Packet, verdict: Verdict, reason?: DropReason, out?: Ipv6Interface): void {
    const own = packet.ingress === 0;
    const link = own || packet.ingress === LOOPED ? out : this.link(packet.ingress);
    count(this.counters, verdict, reason, own);
    if (link !== undefined) count(link.counters, verdict, reason, own);
    if (verdict === 'forwarded' && out !== undefined) out.counters.transmitted++;
    this.environment.trace?.verdict(this.name, verdict, reason, packet);
    if (verdict !== 'forwarded' && verdict !== 'transmitted') this.environment.pool.release(packet);
  }

  drop(packet: Packet, reason: DropReason, out?: Ipv6Interface): void {
    this.end(packet, 'dropped', reason, out);
  }

  /** A buffer for a message of our own; without one, the message counts as unsent. */
  take(bytes: number): Packet | undefined {
    const packet = this.environment.pool.take(bytes);
    if (packet === undefined) this.counters.unsent++;
    return packet;
  }

  /**
   * The address of ours with these words. A link-local one must stand on the interface of its zone when it has one;
   * any other is ours on whatever link it was asked for (the weak host model of RFC 1122 §3.3.4.2, as routers need it).
   * One that turned out to be another station's is not ours: packets to it go to that station (RFC 4862 §5.4.5).
   */
  find(address: Address): LocalAddress | undefined {
    const links = this.interfaces;
    if (address.zone !== 0 && ipv6.isLinkLocal(address)) return ours(this.link(address.zone)?.find(address));
    for (let i = 0; i < links.length; i++) {
      const local = ours(links[i]!.find(address));
      if (local !== undefined) return local;
    }
    return undefined;
  }

  /**
   * RFC 6724 §4 and §5: the best source for `destination` when it leaves by `out` to `nextHop`; undefined when there is
   * none.
   */
  selectSource(destination: Address, out: Ipv6Interface, nextHop?: Address): Address | undefined {
    return this.bestSource(destination, out, nextHop)?.address;
  }

  bestSource(destination: Address, out: Ipv6Interface, nextHop?: Address): LocalAddress | undefined {
    // RFC 6724 §4: to groups and link-local destinations, only addresses of the outgoing interface can speak.
    const onLinkOnly = ipv6.isMulticast(destination) || ipv6.isLinkLocal(destination);
    let best: Candidate | undefined;
    for (const link of this.interfaces) {
      if ((onLinkOnly && link !== out) || !link.usable) continue;
      for (const local of link.addresses) {
        if (!local.usable || (link !== out && ipv6.isLinkLocal(local.address))) continue;
        const advertised = nextHop !== undefined && (this.advertises?.(nextHop, out, local.address) ?? false);
        const candidate = { local, index: link.index, advertised };
        const better =
          best === undefined || compareSources(candidate, best, destination, out.index, this.policies) > 0;
        if (better) best = candidate;
      }
    }
    return best?.local;
  }
}

function ours(local: LocalAddress | undefined): LocalAddress | undefined {
  return local?.state === 'duplicate' ? undefined : local;
}

function count(counters: Counters, verdict: Verdict, reason: DropReason | undefined, own: boolean): void {
  if (own && verdict === 'dropped') counters.unsent++;
  else counters.count(verdict, reason);
}
