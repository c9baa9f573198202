/** IPv6 addresses: RFC 4291 (architecture), RFC 5952 (text), RFC 4007 (zones). */
import { addWord } from '../packet/checksum.ts';
import { Address, maskWord } from './address.ts';
import type { Family } from './family.ts';
import { ipv4 } from './ipv4.ts';

export const ipv6: Family = {
  name: 'IPv6',
  version: 6,
  bits: 128,
  addressBytes: 16,
  headerBytes: 40,
  maxPayload: 65535,
  udpChecksumRequired: true,
  minimumMtu: 1280,
  defaultMss: 1220,
  any: new Address(),
  loopback: new Address(0, 0, 0, 1),
  allHosts: new Address(0xff020000, 0, 0, 1),

  read(bytes, at, into) {
    into.w0 = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
    into.w1 = (bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!;
    into.w2 = (bytes[at + 8]! << 24) | (bytes[at + 9]! << 16) | (bytes[at + 10]! << 8) | bytes[at + 11]!;
    into.w3 = (bytes[at + 12]! << 24) | (bytes[at + 13]! << 16) | (bytes[at + 14]! << 8) | bytes[at + 15]!;
    into.zone = 0;
  },
  write(address, bytes, at) {
    writeWord(address.w0, bytes, at);
    writeWord(address.w1, bytes, at + 4);
    writeWord(address.w2, bytes, at + 8);
    writeWord(address.w3, bytes, at + 12);
  },
  pseudoHeader(source, destination, protocol, length) {
    let sum = addWord(length, protocol);
    sum = addWord(source.w0, addWord(source.w1, addWord(source.w2, addWord(source.w3, sum))));
    return addWord(
      destination.w0,
      addWord(destination.w1, addWord(destination.w2, addWord(destination.w3, sum))),
    );
  },
  isMulticast: (address) => address.w0 >>> 24 === 0xff,
  isLoopback: (address) => (address.w0 | address.w1 | address.w2) === 0 && address.w3 === 1,
  isLinkLocal: (address) => address.w0 >>> 22 === 0x3fa,
  matches(address, network, prefixLength) {
    return (
      ((address.w0 ^ network.w0) & maskWord(prefixLength)) === 0 &&
      ((address.w1 ^ network.w1) & maskWord(prefixLength - 32)) === 0 &&
      ((address.w2 ^ network.w2) & maskWord(prefixLength - 64)) === 0 &&
      ((address.w3 ^ network.w3) & maskWord(prefixLength - 96)) === 0
    );
  },
  network(address, prefixLength) {
    return new Address(
      address.w0 & maskWord(prefixLength),
      address.w1 & maskWord(prefixLength - 32),
      address.w2 & maskWord(prefixLength - 64),
      address.w3 & maskWord(prefixLength - 96),
    );
  },
  format,
  parse,
};

function writeWord(word: number, bytes: Uint8Array, at: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}

/** RFC 5952 §4: lower case, no leading zeros, the longest run of zero groups (two or more, the first) as `::`. */
function format(address: Address): string {
  if (isMapped(address)) return `::ffff:${ipv4.format(address)}`; // RFC 5952 §5
  const groups: number[] = [];
  for (const w of [address.w0, address.w1, address.w2, address.w3]) groups.push(w >>> 16, w & 0xffff);
  let best = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let j = i;
    while (j < 8 && groups[j] === 0) j++;
    if (j - i > bestLength) {
      best = i;
      bestLength = j - i;
    }
    i = Math.max(i, j - 1);
  }
  const hex = groups.map((g) => g.toString(16));
  if (best < 0) return hex.join(':');
  return `${hex.slice(0, best).join(':')}::${hex.slice(best + bestLength).join(':')}`;
}

/** RFC 4291 §2.2, with the dotted-quad tail. */
function parse(text: string): Address | undefined {
  let body = text;
  const tail: number[] = [];
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted !== null) {
    const quad = ipv4.parse(dotted[2]!);
    if (quad === undefined) return undefined;
    tail.push(quad.w3 >>> 16, quad.w3 & 0xffff);
    body = dotted[1]!.endsWith('::') ? dotted[1]! : dotted[1]!.slice(0, -1);
  }
  const halves = body.split('::');
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0]!);
  const rest = halves.length === 2 ? groupsOf(halves[1]!) : [];
  if (head === undefined || rest === undefined) return undefined;
  rest.push(...tail);
  const missing = 8 - head.length - rest.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) {
    // Without `::` the tail belongs behind the head, which `rest` already expresses.
    return undefined;
  }
  const g = [...head, ...new Array<number>(missing).fill(0), ...rest];
  return new Address(
    (g[0]! << 16) | g[1]!,
    (g[2]! << 16) | g[3]!,
    (g[4]! << 16) | g[5]!,
    (g[6]! << 16) | g[7]!,
  );
}

function groupsOf(text: string): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  for (const part of text.split(':')) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
    groups.push(Number.parseInt(part, 16));
  }
  return groups;
}

/** ::ffff:a.b.c.d (RFC 4291 §2.5.5.2). */
export function isMapped(address: Address): boolean {
  return address.w0 === 0 && address.w1 === 0 && address.w2 === 0xffff;
}

/** The IPv4 address inside a mapped one, in the words an IPv4 stack uses. */
export function unmap(address: Address): Address {
  return new Address(0, 0, 0, address.w3);
}

/** An IPv4 address in the words of a mapped one. */
export function mapped(address: Address): Address {
  return new Address(0, 0, 0xffff, address.w3);
}

/** ff02::1 and ff02::2 (RFC 4291 §2.7.1). */
export const allNodes: Address = ipv6.allHosts;
export const allRouters: Address = new Address(0xff020000, 0, 0, 2);

/** ff02::1:ffXX:XXXX (RFC 4291 §2.7.1). */
export function solicitedNode(address: Address): Address {
  return new Address(0xff020000, 0, 1, 0xff000000 | (address.w3 & 0xffffff));
}

/** fe80::/64, the prefix of every link-local address (RFC 4291 §2.5.6). */
export const LINK_LOCAL_PREFIX: Address = new Address(0xfe800000, 0, 0, 0);

/**
 * `prefix`/64 with the modified EUI-64 of the MAC in the low 64 bits, its universal/local bit inverted (RFC 4862
 * §5.5.3, RFC 2464 §4, RFC 4291 appendix A).
 */
export function withInterfaceId(prefix: Address, mac: Uint8Array): Address {
  return new Address(
    prefix.w0,
    prefix.w1,
    ((mac[0]! ^ 2) << 24) | (mac[1]! << 16) | (mac[2]! << 8) | 0xff,
    0xfe000000 | (mac[3]! << 16) | (mac[4]! << 8) | mac[5]!,
  );
}
