import type { Address } from '../address/address.ts';
import { ipv4 } from '../address/ipv4.ts';
import type { InterfaceAddress } from '../stack.ts';

/** One of our addresses on a link, and how far it is known to be ours alone (RFC 5227). */
export class LocalAddress implements InterfaceAddress {
  readonly address: Address;
  readonly prefixLength: number;
  /** `static` is the operator's word; `link-local` was picked by ourselves (RFC 3927). */
  readonly origin: 'static' | 'link-local';
  /** To be probed before it is used, and given up in a conflict that lasts (RFC 5227 §2.1, §2.4 b). */
  readonly probed: boolean;
  state: 'preferred' | 'tentative' | 'duplicate';
  /** The station that claimed it last. */
  conflict: Uint8Array | undefined;

  constructor(address: Address, prefixLength: number, origin: 'static' | 'link-local', probed: boolean) {
    this.address = address;
    this.prefixLength = prefixLength;
    this.origin = origin;
    this.probed = probed;
    this.state = probed ? 'tentative' : 'preferred';
  }

  /** Is it in the subnet of the other? */
  isIn({ address, prefixLength }: LocalAddress): boolean {
    return prefixLength === this.prefixLength && ipv4.matches(this.address, address, prefixLength);
  }
}
