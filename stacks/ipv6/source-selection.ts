/** Which of our addresses speaks to a destination: RFC 6724 §3.1 (scope), §5 (rules 1 to 8). */
import type { Address } from '../address/address.ts';
import { ipv6, isMapped } from '../address/ipv6.ts';
import { multicastScope } from '../wire/ipv6.ts';
import type { LocalAddress } from './local-address.ts';
import type { PolicyTable } from './policy.ts';

const LINK_LOCAL_SCOPE = 2;
const SITE_SCOPE = 5;
const GLOBAL_SCOPE = 14;

/** RFC 6724 §3.1, §3.2: loopback counts as link-local, unique local addresses as global; so it is with IPv4. */
export function scopeOf(address: Address): number {
  if (ipv6.isMulticast(address)) return multicastScope(address);
  if (ipv6.isLinkLocal(address) || ipv6.isLoopback(address)) return LINK_LOCAL_SCOPE;
  if (isMapped(address)) {
    const local = address.w3 >>> 24 === 127 || address.w3 >>> 16 === 0xa9fe;
    return local ? LINK_LOCAL_SCOPE : GLOBAL_SCOPE;
  }
  if (address.w0 >>> 22 === 0x3fb) return SITE_SCOPE; // fec0::/10, RFC 3879
  return GLOBAL_SCOPE;
}

/** Leading bits that both have, at most `limit`. */
export function commonPrefix(a: Address, b: Address, limit: number): number {
  let bits = Math.clz32(a.w0 ^ b.w0);
  if (bits === 32) bits += Math.clz32(a.w1 ^ b.w1);
  if (bits === 64) bits += Math.clz32(a.w2 ^ b.w2);
  if (bits === 96) bits += Math.clz32(a.w3 ^ b.w3);
  return Math.min(bits, limit);
}

/** One candidate and the interface it stands on. */
export interface Candidate {
  readonly local: LocalAddress;
  readonly index: number;
  /** The next hop has advertised its prefix (rule 5.5). */
  readonly advertised: boolean;
}

/**
 * Positive when `a` is better for `destination` on interface `out`, negative when `b` is. Rule 4 (home addresses) has
 * nothing to compare here.
 */
export function compareSources(
  a: Candidate,
  b: Candidate,
  destination: Address,
  out: number,
  policies: PolicyTable,
): number {
  const x = a.local.address;
  const y = b.local.address;
  // Rule 1: prefer the same address.
  const same = Number(x.sameWords(destination)) - Number(y.sameWords(destination));
  if (same !== 0) return same;
  // Rule 2: prefer appropriate scope.
  const sx = scopeOf(x);
  const sy = scopeOf(y);
  const sd = scopeOf(destination);
  if (sx < sy) return sx < sd ? -1 : 1;
  if (sy < sx) return sy < sd ? 1 : -1;
  // Rule 3: avoid deprecated addresses.
  const fresh = Number(a.local.state === 'preferred') - Number(b.local.state === 'preferred');
  if (fresh !== 0) return fresh;
  // Rule 5: prefer the outgoing interface.
  const outgoing = Number(a.index === out) - Number(b.index === out);
  if (outgoing !== 0) return outgoing;
  // Rule 5.5: prefer addresses in a prefix advertised by the next hop.
  if (a.advertised !== b.advertised) return Number(a.advertised) - Number(b.advertised);
  // Rule 6: prefer a matching label.
  const { label } = policies.of(destination);
  const matching = Number(policies.of(x).label === label) - Number(policies.of(y).label === label);
  if (matching !== 0) return matching;
  // Rule 7: prefer temporary addresses.
  const temporary = Number(a.local.origin === 'temporary') - Number(b.local.origin === 'temporary');
  if (temporary !== 0) return temporary;
  // Rule 8: longest matching prefix.
  return (
    commonPrefix(x, destination, a.local.prefixLength) - commonPrefix(y, destination, b.local.prefixLength)
  );
}

/** Addresses that no packet on a wire may carry as source or destination: loopback and mapped (RFC 4291 §2.5.3, §2.5.5). */
export function isHostOnly(address: Address): boolean {
  return ipv6.isLoopback(address) || isMapped(address);
}
