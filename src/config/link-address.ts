/** Which addresses may stand on a link, as ours or as that of a neighbour. */
import type { Address } from '../../stacks/address/address.ts';
import { limitedBroadcast } from '../../stacks/address/ipv4.ts';
import { isMapped } from '../../stacks/address/ipv6.ts';
import type { LinkConfig } from './deck.ts';
import { familyOf } from './ip.ts';
import type { Report } from './report.ts';
import type { Drafted, StackDraft } from './stack.ts';

/** True when the address may stand on a link. */
export function checkLinkAddress(
  stack: StackDraft,
  { config, operands }: Drafted<LinkConfig>,
  report: Report,
): boolean {
  const family = familyOf(stack.version);
  const { address, prefixLength } = config;
  const token = operands.token('address');
  const kind = notUnicast(stack, address);
  if (kind !== undefined) {
    report.add('TW2112', token, `${family.format(address)} is ${kind}`, {
      label: 'the address of one host wanted',
    });
    return false;
  }
  const host = hostPart(stack, address, prefixLength);
  if (host === undefined) return true;
  const network = family.network(address, prefixLength);
  report.add('TW2111', token, `${family.format(address)} is ${host} of ${networkText(stack, config)}`, {
    label: 'the address of one host wanted',
    help: `did you mean ${family.format(increment(network))}?`,
  });
  return false;
}

/** What an address is that no single host can have. */
export function notUnicast(stack: StackDraft, address: Address): string | undefined {
  const family = familyOf(stack.version);
  if (address.isUnspecified) return 'the unspecified address';
  if (family.isLoopback(address)) return 'a loopback address';
  if (family.isMulticast(address)) return 'a multicast address';
  if (stack.version === 6) return isMapped(address) ? 'an IPv4 address in IPv6 form' : undefined;
  if (address.equals(limitedBroadcast)) return 'the broadcast address';
  if (address.w3 >>> 28 === 0xf) return 'a reserved address'; // RFC 1112 §4, class E
  if (address.w3 >>> 24 === 0) return 'an address of "this network"'; // RFC 1122 §3.2.1.3
  return undefined;
}

/** `the first address` or `the last address`, when hosts may not have it: RFC 1122 §3.2.1.3, RFC 3021, RFC 4291 §2.6.1. */
export function hostPart(stack: StackDraft, address: Address, prefixLength: number): string | undefined {
  const family = familyOf(stack.version);
  if (family.bits - prefixLength < 2) return undefined;
  if (address.equals(family.network(address, prefixLength))) {
    return stack.version === 4 ? 'the network address' : 'the subnet-router anycast address';
  }
  const last = stack.version === 4 && ~(address.w3 | maskOf(prefixLength)) === 0;
  return last ? 'the broadcast address' : undefined;
}

function maskOf(prefixLength: number): number {
  return familyOf(4).network(limitedBroadcast, prefixLength).w3;
}

export function increment(address: Address): Address {
  const next = address.clone();
  next.w3 = (next.w3 + 1) | 0;
  return next;
}

export function networkText(stack: StackDraft, link: { address: Address; prefixLength: number }): string {
  const family = familyOf(stack.version);
  return `${family.format(family.network(link.address, link.prefixLength))}/${link.prefixLength}`;
}
