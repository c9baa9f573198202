/** The multicast groups of one socket: RFC 1112 §7.1, RFC 3493 §5.2 (IP_ADD_MEMBERSHIP and IPV6_JOIN_GROUP). */
import type { Address } from '../address/address.ts';
import type { Failure, MulticastLayer } from '../address/network.ts';
import { LOOPED } from '../packet/packet.ts';

/** Of one socket: igmp_max_memberships of Linux. */
export const MAX_MEMBERSHIPS = 20;

export interface Membership {
  readonly group: Address;
  readonly interfaceIndex: number;
}

export class Memberships {
  readonly #network: MulticastLayer;
  readonly #all: Membership[] = [];

  constructor(network: MulticastLayer) {
    this.#network = network;
  }

  join(group: Address, interfaceIndex: number): Failure | undefined {
    if (!this.#network.family.isMulticast(group)) {
      return { code: 'EINVAL', cause: `${this.#network.describe(group)} is no multicast group` };
    }
    if (this.#all.length >= MAX_MEMBERSHIPS) {
      return { code: 'ENOBUFS', cause: `the socket has joined ${MAX_MEMBERSHIPS} groups` };
    }
    const joined = this.#network.join(group, interfaceIndex);
    if (typeof joined !== 'number') return joined;
    if (this.#find(group, joined) >= 0) {
      this.#network.leave(group, joined);
      return { code: 'EADDRINUSE', cause: `the socket has joined ${this.#network.describe(group)} already` };
    }
    this.#all.push({ group: group.clone(), interfaceIndex: joined });
    return undefined;
  }

  leave(group: Address, interfaceIndex: number): Failure | undefined {
    const at = this.#find(group, interfaceIndex);
    if (at < 0) {
      return {
        code: 'EADDRNOTAVAIL',
        cause: `the socket has not joined ${this.#network.describe(group)} there`,
      };
    }
    const [left] = this.#all.splice(at, 1);
    this.#network.leave(left!.group, left!.interfaceIndex);
    return undefined;
  }

  /** Of a socket that closes. */
  leaveAll(): void {
    for (const { group, interfaceIndex } of this.#all.splice(0)) this.#network.leave(group, interfaceIndex);
  }

  /** Is a datagram to `group` that came in by interface `ingress` (or was looped back) for this socket? */
  hears(group: Address, ingress: number): boolean {
    if (group.sameWords(this.#network.family.allHosts)) return true;
    return ingress === LOOPED
      ? this.#find(group, 0) >= 0
      : this.#all.some((m) => m.interfaceIndex === ingress && m.group.sameWords(group));
  }

  #find(group: Address, interfaceIndex: number): number {
    return this.#all.findIndex(
      (m) => m.group.sameWords(group) && (interfaceIndex === 0 || m.interfaceIndex === interfaceIndex),
    );
  }
}
