/** Addresses, masks and prefixes as decks write them, read by the stacks' own readers. */
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

/** Undefined when `text` is no address of that family; no zone, no prefix length, no octets with leading zeros. */
export function readAddress(version: Version, text: string): Address | undefined {
  return text.length > LONGEST_ADDRESS ? undefined : familyOf(version).parse(text);
}

export function readAnyAddress(text: string): { version: Version; address: Address } | undefined {
  const version = text.includes(':') ? 6 : 4;
  const address = readAddress(version, text);
  return address === undefined ? undefined : { version, address };
}

/** Prefix length; `holes` when it is an address whose ones are not all in front; undefined when it is no mask at all. */
export function readMask(version: Version, text: string): number | 'holes' | undefined {
  if (version === 6 && text.startsWith('/')) return readPrefixLength(6, text);
  const mask = readAddress(version, text);
  if (mask === undefined) return undefined;
  const words = version === 4 ? [mask.w3] : [mask.w0, mask.w1, mask.w2, mask.w3];
  let ones = 0;
  for (const [i, word] of words.entries()) {
    const leading = Math.clz32(~word);
    if (word !== maskWord(leading) || (word !== 0 && ones !== 32 * i)) return 'holes';
    ones += leading;
  }
  return ones;
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
