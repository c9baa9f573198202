/** An address of this host with its lifetimes: RFC 4862 §2, §5.5.4. */
import type { Address } from '../address/address.ts';
import type { InterfaceAddress } from '../stack.ts';

export class LocalAddress implements InterfaceAddress {
  /** With the zone when it is link-local. */
  readonly address: Address;
  readonly prefixLength: number;
  /** `eui64`: made from the MAC; only for those does a duplicate say that the MAC itself is in use twice. */
  readonly origin: 'static' | 'link-local' | 'slaac' | 'temporary';
  readonly eui64: boolean;
  /** Its solicited-node group is joined for it. */
  listens = false;
  state: 'preferred' | 'deprecated' | 'tentative' | 'duplicate' = 'tentative';
  /** µs on the clock; Infinity for what an operator wrote. */
  preferredUntil: number = Number.POSITIVE_INFINITY;
  validUntil: number = Number.POSITIVE_INFINITY;
  /** Duplicates before this one: the DAD_Counter of RFC 7217 §5. */
  attempt = 0;

  constructor(address: Address, prefixLength: number, origin: LocalAddress['origin'], eui64: boolean) {
    this.address = address;
    this.prefixLength = prefixLength;
    this.origin = origin;
    this.eui64 = eui64;
  }

  /** May packets go to it and come from it? Deprecated addresses still serve (RFC 4862 §5.5.4). */
  get usable(): boolean {
    return this.state === 'preferred' || this.state === 'deprecated';
  }
}
