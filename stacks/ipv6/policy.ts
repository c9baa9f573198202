/** The policy table of RFC 6724 §2.1: what an operator prefers, by the longest prefix that matches. */
import { Address } from '../address/address.ts';
import { ipv6 } from '../address/ipv6.ts';
import type { AddressPolicy as Policy } from '../stack.ts';

const row = (prefix: Address, prefixLength: number, precedence: number, label: number): Policy => ({
  prefix,
  prefixLength,
  precedence,
  label,
});

const DEFAULT_POLICIES: readonly Policy[] = [
  row(new Address(0, 0, 0, 1), 128, 50, 0),
  row(new Address(), 0, 40, 1),
  row(new Address(0, 0, 0xffff, 0), 96, 35, 4),
  row(new Address(0x20020000), 16, 30, 2),
  row(new Address(0x20010000), 32, 5, 5),
  row(new Address(0xfc000000), 7, 3, 13),
  row(new Address(), 96, 1, 3),
  row(new Address(0xfec00000), 10, 1, 11),
  row(new Address(0x3ffe0000), 16, 1, 12),
];

export class PolicyTable {
  /** Longest prefix first. */
  #rows: readonly Policy[] = sorted(DEFAULT_POLICIES);

  /** Beside the defaults, or in the place of the one for the same prefix. Host bits are cleared. */
  set(policy: Policy): void {
    const { prefixLength } = policy;
    const prefix = ipv6.network(policy.prefix, prefixLength);
    const others = this.#rows.filter(
      (other) => other.prefixLength !== prefixLength || !other.prefix.sameWords(prefix),
    );
    this.#rows = sorted([...others, { ...policy, prefix }]);
  }

  of(address: Address): Policy {
    for (const policy of this.#rows) {
      if (ipv6.matches(address, policy.prefix, policy.prefixLength)) return policy;
    }
    return DEFAULT_POLICIES[1]!; // The row of ::/0 matches everything, so nothing comes here.
  }

  [Symbol.iterator](): Iterator<Policy> {
    return this.#rows[Symbol.iterator]();
  }
}

function sorted(rows: readonly Policy[]): readonly Policy[] {
  return [...rows].sort((a, b) => b.prefixLength - a.prefixLength);
}
