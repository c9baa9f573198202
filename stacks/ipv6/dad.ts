/**
 * Duplicate address detection: RFC 4862 §5.4, with the nonce of RFC 7527 so that our own solicitation, looped back by
 * the link, is not taken for another station's.
 */
import { ipv6, solicitedNode } from '../address/ipv6.ts';
import type { TransportVerdict } from '../address/network.ts';
import { MAX_MULTICAST_SOLICIT, type NeighbourCache } from '../forward/neighbours.ts';
import type { Packet } from '../packet/packet.ts';
import type { Timer } from '../time/clock.ts';
import { isMac, MAC_BYTES } from '../wire/ethernet.ts';
import { type NdOptions, NONCE_BYTES } from '../wire/ndp.ts';
import type { Host } from './host.ts';
import type { Ipv6Interface } from './interface.ts';
import type { LocalAddress } from './local-address.ts';
import type { NdSender } from './nd-sender.ts';

/** RFC 4862 §5.1: solicitations for an address that is to be ours, RetransTimer apart. */
const DUP_ADDR_DETECT_TRANSMITS = 1;
/** RFC 7527 §4.1: further ones when the link sent one back; it may have kept others from us. */
const AFTER_LOOPBACK: number = MAX_MULTICAST_SOLICIT;

interface Probe {
  readonly timer: Timer;
  /** Solicitations yet to come. */
  left: number;
  /** The link has sent one of them back. */
  looped: boolean;
  nonceHigh: number;
  nonceLow: number;
}

export interface DadCallbacks {
  /** The address may be used from now on. */
  unique(link: Ipv6Interface, local: LocalAddress): void;
  /** The address is another station's. */
  duplicate(link: Ipv6Interface, local: LocalAddress): void;
}

export class DuplicateDetection {
  readonly #host: Host;
  readonly #neighbours: NeighbourCache;
  readonly #sender: NdSender;
  readonly #callbacks: DadCallbacks;
  readonly #probes = new Map<LocalAddress, Probe>();

  constructor(host: Host, neighbours: NeighbourCache, sender: NdSender, callbacks: DadCallbacks) {
    this.#host = host;
    this.#neighbours = neighbours;
    this.#sender = sender;
    this.#callbacks = callbacks;
  }

  /** Also for an address that was unique before: the link may be another one now (RFC 4862 §5.4). */
  start(link: Ipv6Interface, local: LocalAddress): void {
    this.cancel(local);
    local.state = 'tentative';
    if (!link.isEthernet) {
      // A link with two ends has no third station; the ends agree on their addresses otherwise.
      this.#finish(link, local);
      return;
    }
    if (!local.listens) link.join(solicitedNode(local.address));
    local.listens = true;
    const timer = this.#host.environment.clock.timer(() => this.#next(link, local));
    const probe = { timer, left: DUP_ADDR_DETECT_TRANSMITS, looped: false, nonceHigh: 0, nonceLow: 0 };
    this.#probes.set(local, probe);
    this.#ask(link, local, probe);
  }

  /** With a nonce of its own (RFC 7527 §4.1). */
  #ask(link: Ipv6Interface, local: LocalAddress, probe: Probe): void {
    const { random } = this.#host.environment;
    probe.left--;
    probe.nonceHigh = random.u32() & 0xffff;
    probe.nonceLow = random.u32() | 0;
    probe.timer.armIn(this.#neighbours.retransTimer(link.index));
    this.#sender.probe(link, local.address, probe.nonceHigh, probe.nonceLow);
  }

  #next(link: Ipv6Interface, local: LocalAddress): void {
    const probe = this.#probes.get(local)!;
    if (probe.left > 0) this.#ask(link, local, probe);
    else this.#finish(link, local);
  }

  cancel(local: LocalAddress): void {
    this.#probes.get(local)?.timer.disarm();
    this.#probes.delete(local);
  }

  /** The address is ours no more on this link: nobody is to be answered for it. */
  leave(link: Ipv6Interface, local: LocalAddress): void {
    this.cancel(local);
    if (local.listens) link.leave(solicitedNode(local.address));
    local.listens = false;
  }

  /** A solicitation from `::` for our tentative address (RFC 4862 §5.4.3). */
  solicited(link: Ipv6Interface, local: LocalAddress, packet: Packet, options: NdOptions): TransportVerdict {
    const probe = this.#probes.get(local);
    if (probe === undefined) return 'address-tentative';
    if (options.nonce >= 0) {
      const same =
        options.nonceBytes === NONCE_BYTES - 2 &&
        packet.u16(options.nonce) === probe.nonceHigh &&
        packet.i32(options.nonce + 2) === probe.nonceLow;
      if (same) return this.#looped(probe);
    } else if (isMac(packet, packet.network - MAC_BYTES - 2, link.device.mac!)) {
      return this.#looped(probe); // Ours, by a link that did not keep the nonce: the frame came from our MAC.
    }
    return this.conflict(link, local);
  }

  /** RFC 7527 §4.2: it is our own. */
  #looped(probe: Probe): TransportVerdict {
    if (!probe.looped) probe.left += AFTER_LOOPBACK;
    probe.looped = true;
    return 'icmp-ignored';
  }

  /** Another station has the address: it asks for it, or it advertises it (RFC 4862 §5.4.4, §5.4.5). */
  conflict(link: Ipv6Interface, local: LocalAddress): TransportVerdict {
    this.leave(link, local);
    local.state = 'duplicate';
    // RFC 4862 §5.4.5: an identifier from the MAC that is in use twice means that the MAC is.
    if (local.eui64 && ipv6.isLinkLocal(local.address)) link.disabled = true;
    this.#callbacks.duplicate(link, local);
    return 'address-conflict';
  }

  #finish(link: Ipv6Interface, local: LocalAddress): void {
    this.#probes.delete(local);
    local.state = local.preferredUntil > this.#host.environment.clock.now ? 'preferred' : 'deprecated';
    this.#callbacks.unique(link, local);
  }
}
