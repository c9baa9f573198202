/** In which order to try the addresses of a name: RFC 6724 §6. IPv4 addresses stand here as mapped ones. */
import type { Address } from '../address/address.ts';
import { isMapped } from '../address/ipv6.ts';
import type { PolicyTable } from './policy.ts';
import { commonPrefix, scopeOf } from './source-selection.ts';

export interface Destination {
  readonly address: Address;
  /** What would speak to it; undefined when nothing can. */
  readonly source: Address | undefined;
  readonly deprecated: boolean;
}

/** Bits of a source that rule 9 looks at: those of its subnet (RFC 6724 §2.2). */
const SUBNET_BITS = 64;

/**
 * The best first; those that are alike keep their order. Rules 4 (home addresses) and 7 (encapsulation) have nothing to
 * compare here.
 */
export function sortDestinations<T extends Destination>(all: readonly T[], policies: PolicyTable): T[] {
  return [...all].sort((a, b) => compare(b, a, policies));
}

/** Positive when `a` is better. */
function compare(a: Destination, b: Destination, policies: PolicyTable): number {
  // Rule 1: avoid unusable destinations.
  const usable = Number(a.source !== undefined) - Number(b.source !== undefined);
  if (usable !== 0 || a.source === undefined || b.source === undefined) return usable;
  // Rule 2: prefer matching scope.
  const sa = scopeOf(a.address);
  const sb = scopeOf(b.address);
  const matching = Number(sa === scopeOf(a.source)) - Number(sb === scopeOf(b.source));
  if (matching !== 0) return matching;
  // Rule 3: avoid deprecated addresses.
  if (a.deprecated !== b.deprecated) return Number(b.deprecated) - Number(a.deprecated);
  // Rule 5: prefer matching label.
  const pa = policies.of(a.address);
  const pb = policies.of(b.address);
  const label =
    Number(pa.label === policies.of(a.source).label) - Number(pb.label === policies.of(b.source).label);
  if (label !== 0) return label;
  // Rule 6: prefer higher precedence.
  if (pa.precedence !== pb.precedence) return pa.precedence - pb.precedence;
  // Rule 8: prefer smaller scope.
  if (sa !== sb) return sb - sa;
  // Rule 9: use the longest matching prefix, within one family.
  if (isMapped(a.address) || isMapped(b.address)) return 0;
  return commonPrefix(a.address, a.source, SUBNET_BITS) - commonPrefix(b.address, b.source, SUBNET_BITS);
}
