/**
 * Address conflict detection: RFC 5227, and the addresses that a host picks for itself with its help, RFC 3927 §2.
 *
 * An address is announced when it comes into use, and defended, always. It is probed before that where the operator
 * asks for it (PROBE) or where we picked it: probing takes four to seven seconds.
 */
import { Address } from '../address/address.ts';
import { KeyedHash } from '../packet/keyed-hash.ts';
import type { DropReason } from '../packet/verdict.ts';
import { SECOND, type Timer } from '../time/clock.ts';
import { ARP_REQUEST } from '../wire/arp.ts';
import { BROADCAST_MAC } from '../wire/ethernet.ts';
import type { Host } from './host.ts';
import type { Ipv4Interface } from './interface.ts';
import type { LocalAddress } from './local-address.ts';
import { sendArp } from './send-arp.ts';

// RFC 5227 §1.1.
export const PROBE_WAIT: number = SECOND;
export const PROBE_NUM = 3;
export const PROBE_MIN: number = SECOND;
export const PROBE_MAX: number = 2 * SECOND;
export const ANNOUNCE_WAIT: number = 2 * SECOND;
export const ANNOUNCE_INTERVAL: number = 2 * SECOND;
export const MAX_CONFLICTS = 10;
export const RATE_LIMIT_INTERVAL: number = 60 * SECOND;
export const DEFEND_INTERVAL: number = 10 * SECOND;

/** RFC 3927 §2.1: 169.254.1.0 to 169.254.254.255. */
const FIRST_LINK_LOCAL = 0xa9fe0100;
const LINK_LOCALS = 0xfe00;
const LINK_LOCAL_BITS = 16;
/** Constants without a meaning: an address is to be the same at every start, not secret (RFC 3927 §2.1). */
const PICK_KEYS = [0x74776961, 0x33393237] as const;

interface Claim {
  /** Of the next probe, and of the end of probing. Virtual time waits for it: nothing can be sent before. */
  readonly probe: Timer;
  probes: number;
  /** Of the second announcement. */
  readonly again: Timer;
  /** µs: another conflict before is one too many (b), or met in silence (c). */
  quietUntil: number;
}

export interface ConflictCallbacks {
  /** An address in use is about to be given up: what is spoken from it ends while resets can leave (RFC 5227 §2.4). */
  abandon(local: LocalAddress): void;
  /** Another station claims the address; `local.state` says whether it is still ours. */
  conflict(iface: Ipv4Interface, local: LocalAddress): void;
}

export class ConflictDetection {
  readonly #host: Host;
  readonly #callbacks: ConflictCallbacks;
  readonly #claims = new Map<LocalAddress, Claim>();
  /** Conflicts met with addresses of our own choice, by interface. */
  readonly #conflicts = new Map<Ipv4Interface, number>();

  constructor(host: Host, callbacks: ConflictCallbacks) {
    this.#host = host;
    this.#callbacks = callbacks;
  }

  /** The link is up: its addresses are probed or announced. */
  start(iface: Ipv4Interface): void {
    this.#conflicts.delete(iface);
    if (iface.autoconfigure && iface.addresses.length === 0) this.#pick(iface, 0);
    for (const local of iface.addresses) this.claim(iface, local);
  }

  /** Also for an address that was ours before: the link may be another one now. */
  claim(iface: Ipv4Interface, local: LocalAddress): void {
    this.forget(local);
    local.conflict = undefined;
    if (iface.mac === undefined) {
      // A link with two ends has no third station; the ends agree on their addresses otherwise.
      this.#become(iface, local, 'preferred');
      return;
    }
    const { clock } = this.#host.environment;
    const claim: Claim = {
      probe: clock.timer(() => this.#probe(iface, local, claim)),
      probes: 0,
      again: clock.timer(() => this.#announce(iface, local), { background: true }),
      quietUntil: 0,
    };
    this.#claims.set(local, claim);
    if (!local.probed) {
      this.#use(iface, local, claim);
      return;
    }
    this.#become(iface, local, 'tentative');
    // RFC 5227 §2.1.1: stations that start together do not speak together.
    claim.probe.armIn(this.#random(0, PROBE_WAIT));
  }

  /** The link goes down. */
  stop(iface: Ipv4Interface): void {
    for (const local of iface.addresses) this.forget(local);
  }

  /**
   * An ARP packet of another station (RFC 5227 §2.1.1, §2.4). The reason why it is nothing more than a conflict;
   * undefined when it is no conflict.
   */
  heard(
    iface: Ipv4Interface,
    sender: number,
    mac: Uint8Array,
    target: number,
    isRequest: boolean,
  ): DropReason | undefined {
    for (const local of iface.addresses) {
      const word = local.address.w3;
      const claims = sender === word;
      // Two stations that probe for the same address at the same time.
      const probes = isRequest && sender === 0 && target === word && local.state === 'tentative';
      if ((!claims && !probes) || local.state === 'duplicate') continue;
      if (!this.#host.isOwnMac(mac)) this.#conflict(iface, local, mac);
      return 'address-conflict';
    }
    return undefined;
  }

  #probe(iface: Ipv4Interface, local: LocalAddress, claim: Claim): void {
    if (claim.probes === PROBE_NUM) {
      this.#use(iface, local, claim);
      return;
    }
    claim.probes++;
    sendArp(this.#host, iface, ARP_REQUEST, 0, undefined, local.address.w3, BROADCAST_MAC);
    claim.probe.armIn(claim.probes === PROBE_NUM ? ANNOUNCE_WAIT : this.#random(PROBE_MIN, PROBE_MAX));
  }

  /** RFC 5227 §2.3. */
  #use(iface: Ipv4Interface, local: LocalAddress, claim: Claim): void {
    this.#become(iface, local, 'preferred');
    this.#announce(iface, local);
    claim.again.armIn(ANNOUNCE_INTERVAL);
  }

  #announce(iface: Ipv4Interface, { address }: LocalAddress): void {
    sendArp(this.#host, iface, ARP_REQUEST, address.w3, undefined, address.w3, BROADCAST_MAC);
  }

  /**
   * RFC 5227 §2.4: an address that was probed is defended once and given up when that does not help (b); one that the
   * operator wants without a probe is defended for ever, once in ten seconds (c).
   */
  #conflict(iface: Ipv4Interface, local: LocalAddress, mac: Uint8Array): void {
    const { now } = this.#host.environment.clock;
    const claim = this.#claims.get(local)!;
    const again = now < claim.quietUntil;
    if (local.state === 'preferred' && !(local.probed && again)) {
      if (again) return;
      claim.quietUntil = now + DEFEND_INTERVAL;
      local.conflict = mac;
      this.#announce(iface, local);
      this.#callbacks.conflict(iface, local);
      return;
    }
    local.conflict = mac;
    this.forget(local);
    if (local.state === 'preferred') this.#callbacks.abandon(local);
    this.#become(iface, local, 'duplicate');
    this.#callbacks.conflict(iface, local);
    if (local.origin === 'link-local') this.#pickAnother(iface, local);
  }

  /** RFC 3927 §2.2.1, §2.5: at once, or slowly when ten addresses were taken. */
  #pickAnother(iface: Ipv4Interface, taken: LocalAddress): void {
    this.#host.removeAddress(iface, taken);
    const conflicts = (this.#conflicts.get(iface) ?? 0) + 1;
    this.#conflicts.set(iface, conflicts);
    const local = this.#pick(iface, conflicts);
    this.claim(iface, local);
    if (conflicts >= MAX_CONFLICTS) this.#claims.get(local)!.probe.armIn(RATE_LIMIT_INTERVAL);
  }

  /** RFC 3927 §2.1: from the MAC, so that a station gets the same address as long as it can. */
  #pick(iface: Ipv4Interface, attempt: number): LocalAddress {
    const hash = new KeyedHash(...PICK_KEYS).begin().word(attempt).word(iface.index);
    for (const byte of iface.mac ?? []) hash.word(byte);
    const address = new Address(0, 0, 0, FIRST_LINK_LOCAL + ((hash.end() >>> 0) % LINK_LOCALS));
    const local = this.#host.addAddress(iface, address, LINK_LOCAL_BITS, 'link-local');
    return local ?? this.#pick(iface, attempt + 1); // The link has this one already.
  }

  #become(iface: Ipv4Interface, local: LocalAddress, state: LocalAddress['state']): void {
    local.state = state;
    this.#host.addressesChanged(iface);
  }

  /** The address goes: nothing more is said of it. */
  forget(local: LocalAddress): void {
    const claim = this.#claims.get(local);
    claim?.probe.disarm();
    claim?.again.disarm();
    this.#claims.delete(local);
  }

  /** µs */
  #random(least: number, most: number): number {
    return least + (this.#host.environment.random.u32() % (most - least));
  }
}
