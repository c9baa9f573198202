/**
 * Addresses, masks and prefixes as decks write them, read by ip-num and handed on as the words the stacks use.
 * For configuration only: ip-num works on objects and BigInt, which have no place on the packet path.
 */
import { IPv4, IPv4Mask, IPv6, IPv6Mask } from 'ip-num';
import { Address, maskWord } from '../../stacks/address/address.ts';
import type { Family } from '../../stacks/address/family.ts';
import { ipv4 } from '../../stacks/address/ipv4.ts';
import { ipv6 } from '../../stacks/address/ipv6.ts';

export type Version = 4 | 6;

export function familyOf(version: Version): Family {
  return version === 4 ? ipv4 : ipv6;
}

/** Longest text of an address: RFC 4291 §2.2 with a dotted tail. */
const LONGEST_ADDRESS = 45;
const V4_SHAPE = /^\d{1,3}(?:\.\d{1,3}){3}$/;
const V6_SHAPE = /^[0-9a-fA-F:]*:(?:[0-9a-fA-F:]*|\d{1,3}(?:\.\d{1,3}){3})$/;

/** Undefined when `text` is no address of that family; no zone, no prefix length, no octets with leading zeros. */
export function readAddress(version: Version, text: string): Address | undefined {
  if (text.length > LONGEST_ADDRESS) return undefined;
  // ip-num is more generous (it reads a zone and drops it), so the shape is checked first.
  if (!(version === 4 ? V4_SHAPE : V6_SHAPE).test(text)) return undefined;
  try {
    return wordsOf(version === 4 ? new IPv4(text).value : new IPv6(text).value);
  } catch {
    return undefined; // ip-num says "no such address" by throwing
  }
}

export function readAnyAddress(text: string): { version: Version; address: Address } | undefined {
  const version = text.includes(':') ? 6 : 4;
  const address = readAddress(version, text);
  return address === undefined ? undefined : { version, address };
}

/** Prefix length; `holes` when it is an address whose ones are not all in front; undefined when it is no mask at all. */
export function readMask(version: Version, text: string): number | 'holes' | undefined {
  if (version === 6 && text.startsWith('/')) return readPrefixLength(6, text);
  if (readAddress(version, text) === undefined) return undefined;
  try {
    return Number(version === 4 ? new IPv4Mask(text).prefix : new IPv6Mask(text).prefix);
  } catch {
    return 'holes';
  }
}

/** `/n` within the bits of the family. */
export function readPrefixLength(version: Version, text: string): number | undefined {
  const match = /^\/(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  const n = Number(match[1]);
  return n <= familyOf(version).bits ? n : undefined;
}

/** The mask of `prefixLength` in the way that family's decks write it. */
export function maskText(version: Version, prefixLength: number): string {
  return version === 6 ? `/${prefixLength}` : ipv4.format(new Address(0, 0, 0, maskWord(prefixLength)));
}

function wordsOf(value: bigint): Address {
  const word = (shift: bigint) => Number((value >> shift) & 0xffffffffn) | 0;
  return new Address(word(96n), word(64n), word(32n), word(0n));
}
