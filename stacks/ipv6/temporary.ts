/** Temporary addresses: RFC 8981. Each stands beside a stable one of the same prefix, and is replaced in time. */
import { ipv6 } from '../address/ipv6.ts';
import { SECOND } from '../time/clock.ts';
import { AUTONOMOUS_PREFIX_LENGTH } from './advertisement.ts';
import type { DuplicateDetection } from './dad.ts';
import type { Host } from './host.ts';
import { randomAddressIn } from './identifiers.ts';
import type { Ipv6Interface } from './interface.ts';
import { LocalAddress } from './local-address.ts';

// RFC 8981 §3.8.
export const TEMP_VALID_LIFETIME: number = 172_800 * SECOND;
export const TEMP_PREFERRED_LIFETIME: number = 86_400 * SECOND;
/** DESYNC_FACTOR is drawn below it, so that not all hosts renew at once. */
const MAX_DESYNC_FACTOR: number = 0.4 * TEMP_PREFERRED_LIFETIME;
const TEMP_IDGEN_RETRIES = 3;
/** 2 + TEMP_IDGEN_RETRIES * DupAddrDetectTransmits * RetransTimer, in µs. */
export const REGEN_ADVANCE: number = (2 + TEMP_IDGEN_RETRIES) * SECOND;

interface Schedule {
  /** µs: no lifetime reaches beyond (§3.4, 1). */
  readonly preferredEnd: number;
  readonly validEnd: number;
  /** A successor has been made. */
  replaced: boolean;
}

export class TemporaryAddresses {
  readonly #host: Host;
  readonly #dad: DuplicateDetection;
  readonly #schedules = new Map<LocalAddress, Schedule>();

  constructor(host: Host, dad: DuplicateDetection) {
    this.#host = host;
    this.#dad = dad;
  }

  /** §3.4, 2 to 6: one for the prefix of `stable`, unless it would end before it was of use. */
  create(link: Ipv6Interface, stable: LocalAddress, attempt = 0): void {
    const { clock, random } = this.#host.environment;
    const desync = Math.floor((random.u32() / 0x1_0000_0000) * MAX_DESYNC_FACTOR);
    const preferredEnd = clock.now + TEMP_PREFERRED_LIFETIME - desync;
    const validEnd = clock.now + TEMP_VALID_LIFETIME;
    if (Math.min(stable.preferredUntil, preferredEnd) <= clock.now + REGEN_ADVANCE) return;
    const address = randomAddressIn(stable.address, random);
    if (link.find(address) !== undefined) return;
    const local = new LocalAddress(address, AUTONOMOUS_PREFIX_LENGTH, 'temporary', false);
    local.attempt = attempt;
    this.#schedules.set(local, { preferredEnd, validEnd, replaced: false });
    this.follow(local, stable);
    this.#host.hold(link, local);
    this.#dad.start(link, local);
  }

  /** §3.4, 1: as long as the prefix, as far as its own end. */
  follow(local: LocalAddress, stable: LocalAddress): void {
    const schedule = this.#schedules.get(local)!;
    local.validUntil = Math.min(stable.validUntil, schedule.validEnd);
    local.preferredUntil = Math.min(stable.preferredUntil, schedule.preferredEnd, local.validUntil);
    if (!local.usable) return;
    local.state = local.preferredUntil > this.#host.environment.clock.now ? 'preferred' : 'deprecated';
  }

  /** µs of the moment when it needs a successor; Infinity when it has one. */
  renewal(local: LocalAddress): number {
    const schedule = this.#schedules.get(local);
    if (schedule === undefined || schedule.replaced || local.state === 'duplicate')
      return Number.POSITIVE_INFINITY;
    return schedule.preferredEnd - REGEN_ADVANCE;
  }

  /** §3.6: a successor while this one is still preferred. */
  renew(link: Ipv6Interface, local: LocalAddress): void {
    this.#schedules.get(local)!.replaced = true;
    const stable = stableOf(link, local);
    if (stable !== undefined) this.create(link, stable);
  }

  /** §3.4, 7: another one, but not for ever. */
  duplicate(link: Ipv6Interface, local: LocalAddress): void {
    const stable = stableOf(link, local);
    this.forget(local);
    if (stable !== undefined && local.attempt < TEMP_IDGEN_RETRIES) {
      this.create(link, stable, local.attempt + 1);
    }
  }

  forget(local: LocalAddress): void {
    this.#schedules.delete(local);
  }
}

function stableOf(link: Ipv6Interface, local: LocalAddress): LocalAddress | undefined {
  return link.addresses.find(
    ({ origin, address }) =>
      origin === 'slaac' && ipv6.matches(address, local.address, AUTONOMOUS_PREFIX_LENGTH),
  );
}
