/** IPv4 addresses: RFC 791 §3.1, RFC 1122 §3.2.1.3, RFC 3927 (link-local), RFC 5771 (multicast). */
import { addWord } from '../packet/checksum.ts';
import { Address, maskWord } from './address.ts';
import type { Family } from './family.ts';

export const ipv4: Family = {
  name: 'IPv4',
  version: 4,
  bits: 32,
  addressBytes: 4,
  headerBytes: 20,
  maxPayload: 65515,
  udpChecksumRequired: false,
  minimumMtu: 576,
  defaultMss: 536,
  any: new Address(),
  loopback: new Address(0, 0, 0, 0x7f000001),
  allHosts: new Address(0, 0, 0, 0xe0000001),

  read(bytes, at, into) {
    into.w0 = into.w1 = into.w2 = into.zone = 0;
    into.w3 = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  },
  write(address, bytes, at) {
    const w = address.w3;
    bytes[at] = w >>> 24;
    bytes[at + 1] = w >>> 16;
    bytes[at + 2] = w >>> 8;
    bytes[at + 3] = w;
  },
  pseudoHeader(source, destination, protocol, length) {
    return addWord(source.w3, addWord(destination.w3, protocol + length));
  },
  isMulticast: (address) => address.w3 >>> 28 === 0xe,
  isLoopback: (address) => address.w3 >>> 24 === 127,
  isLinkLocal: (address) => address.w3 >>> 16 === 0xa9fe,
  matches: (address, network, prefixLength) => ((address.w3 ^ network.w3) & maskWord(prefixLength)) === 0,
  network: (address, prefixLength) => new Address(0, 0, 0, address.w3 & maskWord(prefixLength)),
  format(address) {
    const w = address.w3;
    return `${w >>> 24}.${(w >>> 16) & 255}.${(w >>> 8) & 255}.${w & 255}`;
  },
  parse(text) {
    const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
    if (match === null) return undefined;
    let word = 0;
    for (const part of match.slice(1)) {
      const n = Number(part);
      // A leading zero is read as octal by some and as decimal by others: refuse it (RFC 6943 §3.1.1).
      if (n > 255 || (part.length > 1 && part[0] === '0')) return undefined;
      word = (word << 8) | n;
    }
    return new Address(0, 0, 0, word);
  },
};

/** 255.255.255.255. */
export const limitedBroadcast: Address = new Address(0, 0, 0, -1);
