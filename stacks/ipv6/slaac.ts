/**
 * Addresses from advertised prefixes: RFC 4862 §5.5.3 (creation, two-hour rule), §5.5.4 (lifetimes); others in the place
 * of duplicates (RFC 7217 §6).
 */
import { Address } from '../address/address.ts';
import { ipv6 } from '../address/ipv6.ts';
import type { Packet } from '../packet/packet.ts';
import { SECOND, type Timer } from '../time/clock.ts';
import {
  AUTONOMOUS_FLAG,
  PREFIX,
  PREFIX_FLAGS,
  PREFIX_LENGTH,
  PREFIX_PREFERRED,
  PREFIX_VALID,
} from '../wire/ndp.ts';
import { AUTONOMOUS_PREFIX_LENGTH } from './advertisement.ts';
import type { DuplicateDetection } from './dad.ts';
import type { Host } from './host.ts';
import type { Ipv6Interface } from './interface.ts';
import { LocalAddress } from './local-address.ts';
import { lifetime } from './on-link.ts';
import { TemporaryAddresses } from './temporary.ts';

/** Addresses that advertisements may give one interface; Linux has 16 as well. */
const MAX_ADDRESSES = 16;
/** RFC 4862 §5.5.3(e). */
const TWO_HOURS: number = 7_200 * SECOND;
/** RFC 7217 §7: attempts at a stable identifier after the first, and the time between them. */
const IDGEN_RETRIES = 3;
const IDGEN_DELAY: number = SECOND;

export class Slaac {
  readonly #host: Host;
  readonly #dad: DuplicateDetection;
  readonly #temporary: TemporaryAddresses;
  readonly #ageing: Timer;
  /** Duplicates whose successor is not made yet. */
  readonly #retries = new Map<LocalAddress, Timer>();

  constructor(host: Host, dad: DuplicateDetection) {
    this.#host = host;
    this.#dad = dad;
    this.#temporary = new TemporaryAddresses(host, dad);
    this.#ageing = host.environment.clock.timer(() => this.#age(), { background: true });
  }

  /** One prefix information option, at `at`. */
  prefix(packet: Packet, link: Ipv6Interface, at: number): void {
    if ((packet.u8(at + PREFIX_FLAGS) & AUTONOMOUS_FLAG) === 0) return; // (a)
    if (packet.u8(at + PREFIX_LENGTH) !== AUTONOMOUS_PREFIX_LENGTH) return; // (d)
    const prefix = new Address();
    ipv6.read(packet.bytes, at + PREFIX, prefix);
    if (ipv6.isLinkLocal(prefix) || ipv6.isMulticast(prefix)) return; // (b)
    if ((prefix.w0 | prefix.w1) === 0) return; // ::/64 holds only addresses with a meaning of their own.
    const valid = lifetime(packet, at + PREFIX_VALID);
    const preferred = lifetime(packet, at + PREFIX_PREFERRED);
    if (preferred > valid) return; // (c)
    const now = this.#host.environment.clock.now;
    const known = link.addresses.find(
      ({ origin, address }) => origin === 'slaac' && ipv6.matches(address, prefix, AUTONOMOUS_PREFIX_LENGTH),
    );
    if (known !== undefined) this.#refresh(link, known, now, valid, preferred);
    else if (valid > 0) this.#create(link, prefix, now + valid, now + preferred);
    this.#arm();
  }

  /** Another station has it. RFC 7217 §6: the next identifier, a second later; what comes from the MAC has no next. */
  duplicate(link: Ipv6Interface, local: LocalAddress): void {
    if (local.origin === 'temporary') {
      this.#temporary.duplicate(link, local);
      this.remove(link, local);
      this.#arm();
      return;
    }
    if (local.origin === 'static' || link.identifiers === undefined || local.attempt >= IDGEN_RETRIES) return;
    const timer = this.#host.environment.clock.timer(() => this.#retry(link, local));
    this.#retries.set(local, timer);
    timer.armIn(IDGEN_DELAY);
  }

  #retry(link: Ipv6Interface, local: LocalAddress): void {
    const attempt = local.attempt + 1;
    const address = link.addressIn(local.address, attempt);
    const next = new LocalAddress(address, local.prefixLength, local.origin, false);
    next.attempt = attempt;
    next.validUntil = local.validUntil;
    next.preferredUntil = local.preferredUntil;
    this.remove(link, local);
    this.#host.hold(link, next);
    this.#dad.start(link, next);
    this.#arm();
  }

  /** The link went down: its addresses were that link's. */
  forgetLink(link: Ipv6Interface): void {
    for (const local of [...link.addresses]) {
      this.#forgetRetry(local);
      if (local.origin === 'slaac' || local.origin === 'temporary') this.remove(link, local);
    }
    this.#arm();
  }

  #create(link: Ipv6Interface, prefix: Address, validUntil: number, preferredUntil: number): void {
    if (link.addresses.filter(({ origin }) => origin === 'slaac').length >= MAX_ADDRESSES) return;
    const address = link.addressIn(prefix);
    if (link.find(address) !== undefined) return;
    const local = new LocalAddress(address, AUTONOMOUS_PREFIX_LENGTH, 'slaac', link.isEui64);
    local.validUntil = validUntil;
    local.preferredUntil = preferredUntil;
    this.#host.hold(link, local);
    this.#dad.start(link, local);
    if (link.temporary) this.#temporary.create(link, local);
  }

  /** (e): nobody on the link may end an address of ours at once; below two hours a lifetime only grows. */
  #refresh(link: Ipv6Interface, local: LocalAddress, now: number, valid: number, preferred: number): void {
    const remaining = local.validUntil - now;
    if (valid > TWO_HOURS || valid > remaining) local.validUntil = now + valid;
    else if (remaining > TWO_HOURS) local.validUntil = now + TWO_HOURS;
    local.preferredUntil = Math.min(now + preferred, local.validUntil);
    if (local.usable) local.state = local.preferredUntil > now ? 'preferred' : 'deprecated';
    for (const other of link.addresses) {
      const follows =
        other.origin === 'temporary' && ipv6.matches(other.address, local.address, AUTONOMOUS_PREFIX_LENGTH);
      if (follows) this.#temporary.follow(other, local);
    }
  }

  #age(): void {
    const now = this.#host.environment.clock.now;
    for (const link of this.#host.interfaces) {
      for (const local of [...link.addresses]) {
        if (local.validUntil <= now) {
          this.remove(link, local);
          continue;
        }
        if (this.#temporary.renewal(local) <= now) this.#temporary.renew(link, local);
        if (local.preferredUntil <= now && local.state === 'preferred') local.state = 'deprecated';
      }
    }
    this.#arm();
  }

  /** An address of any origin, and all that waits for it. */
  remove(link: Ipv6Interface, local: LocalAddress): void {
    this.#dad.leave(link, local);
    this.#forgetRetry(local);
    this.#temporary.forget(local);
    link.addresses.splice(link.addresses.indexOf(local), 1);
  }

  #forgetRetry(local: LocalAddress): void {
    this.#retries.get(local)?.disarm();
    this.#retries.delete(local);
  }

  #arm(): void {
    const now = this.#host.environment.clock.now;
    let next = Number.POSITIVE_INFINITY;
    for (const link of this.#host.interfaces) {
      for (const local of link.addresses) {
        const due =
          local.state === 'preferred' || local.state === 'tentative'
            ? local.preferredUntil
            : local.validUntil;
        next = Math.min(next, due > now ? due : local.validUntil, this.#temporary.renewal(local));
      }
    }
    if (next === Number.POSITIVE_INFINITY) this.#ageing.disarm();
    else this.#ageing.armIn(Math.max(0, next - now));
  }
}
