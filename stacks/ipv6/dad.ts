/**
 * Duplicate address detection: RFC 4862 §5.4, with the nonce of RFC 7527 so that our own solicitation, looped back by
 * the link, is not taken for another station's.
 */
import { ipv6, solicitedNode } from '../address/ipv6.ts';
import type { TransportVerdict } from '../address/network.ts';
import type { Packet } from '../packet/packet.ts';
import { SECOND, type Timer } from '../time/clock.ts';
import { isMac, MAC_BYTES } from '../wire/ethernet.ts';
import { type NdOptions, NONCE_BYTES } from '../wire/ndp.ts';
import type { Host } from './host.ts';
import type { Ipv6Interface } from './interface.ts';
import type { LocalAddress } from './local-address.ts';
import type { NdSender } from './nd-sender.ts';

/** RFC 4862 §5.1 DupAddrDetectTransmits is 1; RFC 4861 §10 RetransTimer. */
const DAD_TIME: number = SECOND;

interface Probe {
  readonly timer: Timer;
  readonly nonceHigh: number;
  readonly nonceLow: number;
}

export interface DadCallbacks {
  /** The address may be used from now on. */
  unique(link: Ipv6Interface, local: LocalAddress): void;
  /** The address is another station's. */
  duplicate(link: Ipv6Interface, local: LocalAddress): void;
}

export class DuplicateDetection {
  readonly #host: Host;
  readonly #sender: NdSender;
  readonly #callbacks: DadCallbacks;
  readonly #probes = new Map<LocalAddress, Probe>();

  constructor(host: Host, sender: NdSender, callbacks: DadCallbacks) {
    this.#host = host;
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
    link.join(solicitedNode(local.address));
    const { clock, random } = this.#host.environment;
    const timer = clock.timer(() => this.#finish(link, local));
    const probe = { timer, nonceHigh: random.u32() & 0xffff, nonceLow: random.u32() | 0 };
    this.#probes.set(local, probe);
    timer.armIn(DAD_TIME);
    this.#sender.probe(link, local.address, probe.nonceHigh, probe.nonceLow);
  }

  cancel(local: LocalAddress): void {
    this.#probes.get(local)?.timer.disarm();
    this.#probes.delete(local);
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
      if (same) return 'icmp-ignored'; // RFC 7527 §4.2: it is our own.
    } else if (isMac(packet, packet.network - MAC_BYTES - 2, link.device.mac!)) {
      return 'icmp-ignored'; // Ours, by a stack that did not keep the nonce: the frame came from our MAC.
    }
    return this.conflict(link, local);
  }

  /** Another station has the address: it asks for it, or it advertises it (RFC 4862 §5.4.4, §5.4.5). */
  conflict(link: Ipv6Interface, local: LocalAddress): TransportVerdict {
    this.cancel(local);
    local.state = 'duplicate';
    link.leave(solicitedNode(local.address));
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
