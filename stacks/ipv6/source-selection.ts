/** Which of our addresses speaks to a destination: RFC 6724 §3.1 (scope), §2.1 (policy table), §5 (rules 1 to 8). */
import { Address } from '../address/address.ts';
import { ipv6, isMapped } from '../address/ipv6.ts';
import { multicastScope } from '../wire/ipv6.ts';
import type { LocalAddress } from './local-address.ts';

const LINK_LOCAL_SCOPE = 2;
const SITE_SCOPE = 5;
const GLOBAL_SCOPE = 14;

/** RFC 6724 §3.1: loopback counts as link-local, unique local addresses as global. */
export function scopeOf(address: Address): number {
  if (ipv6.isMulticast(address)) return multicastScope(address);
  if (ipv6.isLinkLocal(address) || ipv6.isLoopback(address)) return LINK_LOCAL_SCOPE;
  if (address.w0 >>> 22 === 0x3fb) return SITE_SCOPE; // fec0::/10, RFC 3879
  return GLOBAL_SCOPE;
}

/** The default policy table of RFC 6724 §2.1, longest prefix first; precedence is for destinations and not used here. */
const POLICIES: readonly { readonly prefix: Address; readonly length: number; readonly label: number }[] = [
  { prefix: new Address(0, 0, 0, 1), length: 128, label: 0 },
  { prefix: new Address(0, 0, 0xffff, 0), length: 96, label: 4 },
  { prefix: new Address(0, 0, 0, 0), length: 96, label: 3 },
  { prefix: new Address(0x20010000, 0, 0, 0), length: 32, label: 5 },
  { prefix: new Address(0x20020000, 0, 0, 0), length: 16, label: 2 },
  { prefix: new Address(0x3ffe0000, 0, 0, 0), length: 16, label: 12 },
  { prefix: new Address(0xfec00000, 0, 0, 0), length: 10, label: 11 },
  { prefix: new Address(0xfc000000, 0, 0, 0), length: 7, label: 13 },
];
const DEFAULT_LABEL = 1;

export function labelOf(address: Address): number {
  for (const policy of POLICIES) {
    if (ipv6.matches(address, policy.prefix, policy.length)) return policy.label;
  }
  return DEFAULT_LABEL;
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
}

/**
 * Positive when `a` is better for `destination` on interface `out`, negative when `b` is. Rules 4 (home addresses),
 * 5.5 (prefix of the next hop) and 7 (temporary addresses) have nothing to compare here.
 */
export function compareSources(a: Candidate, b: Candidate, destination: Address, out: number): number {
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
  // Rule 6: prefer a matching label.
  const label = labelOf(destination);
  const matching = Number(labelOf(x) === label) - Number(labelOf(y) === label);
  if (matching !== 0) return matching;
  // Rule 8: longest matching prefix.
  return (
    commonPrefix(x, destination, a.local.prefixLength) - commonPrefix(y, destination, b.local.prefixLength)
  );
}

/** Addresses that no packet on a wire may carry as source or destination: loopback and mapped (RFC 4291 §2.5.3, §2.5.5). */
export function isHostOnly(address: Address): boolean {
  return ipv6.isLoopback(address) || isMapped(address);
}
