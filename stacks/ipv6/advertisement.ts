/** The options of a router advertisement as bytes: RFC 4861 §4.6, RFC 4191 §2.3, RFC 8106 §5. */
import type { Address } from '../address/address.ts';
import { ipv6 } from '../address/ipv6.ts';
import type { Advertisement, Preference } from '../stack.ts';
import {
  AUTONOMOUS_FLAG,
  DNS_SEARCH_LIST,
  MTU_OPTION,
  ON_LINK_FLAG,
  PREFIX_INFORMATION,
  RECURSIVE_DNS,
  ROUTE_INFORMATION,
  SOURCE_LINK_ADDRESS,
} from '../wire/ndp.ts';
import type { Ipv6Interface } from './interface.ts';

/** RFC 4861 §6.2.1, in seconds: AdvValidLifetime and AdvPreferredLifetime, 30 and 7 days. */
const VALID = 2_592_000;
const PREFERRED = 604_800;
/** MaxRtrAdvInterval; lifetimes of what has none of its own are three of them. */
export const MAX_INTERVAL = 600;
/** A prefix that hosts can configure addresses from (RFC 4862 §5.5.3, RFC 4291 §2.5.1). */
export const AUTONOMOUS_PREFIX_LENGTH = 64;

const PREFERENCES: Record<Preference, number> = { high: 1, medium: 0, low: 3 };
const MANAGED_FLAG = 0x80;
const OTHER_FLAG = 0x40;

/** Seconds that this router serves as a default router. */
export function routerLifetime(said: Advertisement): number {
  return said.lifetime ?? 3 * (said.interval ?? MAX_INTERVAL);
}

/** The octet behind Cur Hop Limit: M, O and the preference, which a router that is none does not have (RFC 4191 §2.2). */
export function flagsOf(said: Advertisement, lifetime: number): number {
  const preference = lifetime === 0 ? 0 : PREFERENCES[said.preference ?? 'medium'];
  return (said.managed ? MANAGED_FLAG : 0) | (said.other ? OTHER_FLAG : 0) | (preference << 3);
}

/** In the order in which they stand; each is a multiple of eight bytes. */
export function optionsOf(said: Advertisement, link: Ipv6Interface): Uint8Array[] {
  const options: Uint8Array[] = [];
  const { mac } = link.device;
  if (link.isEthernet && mac !== undefined) options.push(new Uint8Array([SOURCE_LINK_ADDRESS, 1, ...mac]));
  const mtu = said.mtu ?? link.mtu;
  if (mtu > 0) options.push(new Uint8Array([MTU_OPTION, 1, 0, 0, ...word(mtu)]));
  for (const prefix of prefixesOf(said, link)) {
    const { prefixLength, onLink = true, autonomous = true, valid = VALID } = prefix;
    const flags = (onLink ? ON_LINK_FLAG : 0) | (autonomous ? AUTONOMOUS_FLAG : 0);
    const preferred = prefix.preferred ?? Math.min(PREFERRED, valid);
    options.push(
      new Uint8Array([
        ...[PREFIX_INFORMATION, 4, prefixLength, flags],
        ...[...word(valid), ...word(preferred), 0, 0, 0, 0],
        ...bytesOf(ipv6.network(prefix.prefix, prefixLength)),
      ]),
    );
  }
  const life = 3 * (said.interval ?? MAX_INTERVAL);
  for (const { prefix, prefixLength, preference = 'medium', lifetime = life } of said.routes ?? []) {
    const bytes = prefixLength === 0 ? 0 : prefixLength <= 64 ? 8 : 16;
    const network = bytesOf(ipv6.network(prefix, prefixLength)).slice(0, bytes);
    const head = [ROUTE_INFORMATION, 1 + bytes / 8, prefixLength, PREFERENCES[preference] << 3];
    options.push(new Uint8Array([...head, ...word(lifetime), ...network]));
  }
  for (const { address, lifetime = life } of said.dns ?? []) {
    options.push(new Uint8Array([RECURSIVE_DNS, 3, 0, 0, ...word(lifetime), ...bytesOf(address)]));
  }
  for (const { domain, lifetime = life } of said.search ?? []) {
    const name = wireName(domain);
    const padded = [...name, ...new Array<number>(-name.length & 7).fill(0)];
    const head = [DNS_SEARCH_LIST, 1 + padded.length / 8, 0, 0, ...word(lifetime)];
    options.push(new Uint8Array([...head, ...padded]));
  }
  return options;
}

/**
 * Those of the statement, and every prefix of the link that it does not name: for SLAAC where it is a /64. A prefix is
 * the link's from the start, while our own address in it is still tentative.
 */
function prefixesOf(said: Advertisement, link: Ipv6Interface): NonNullable<Advertisement['prefixes']> {
  const prefixes = [...(said.prefixes ?? [])];
  for (const { address, prefixLength, state } of link.addresses) {
    if (state === 'duplicate' || ipv6.isLinkLocal(address)) continue;
    const known = prefixes.some(
      (other) => other.prefixLength === prefixLength && ipv6.matches(other.prefix, address, prefixLength),
    );
    if (known) continue;
    prefixes.push({ prefix: address, prefixLength, autonomous: prefixLength === AUTONOMOUS_PREFIX_LENGTH });
  }
  return prefixes;
}

function bytesOf(address: Address): number[] {
  const bytes = new Uint8Array(16);
  ipv6.write(address, bytes, 0);
  return [...bytes];
}

function word(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

/** Labels with their lengths, and the root (RFC 1035 §3.1). */
function wireName(domain: string): number[] {
  const labels = domain.split('.').filter((label) => label !== '');
  return [...labels.flatMap((label) => [label.length, ...[...label].map((c) => c.charCodeAt(0))]), 0];
}
