import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, it } from 'vitest';
import { Address } from '../../../stacks/address/address.ts';
import { ipv4 } from '../../../stacks/address/ipv4.ts';
import {
  ipv6,
  isMapped,
  LINK_LOCAL_PREFIX,
  solicitedNode,
  withInterfaceId,
} from '../../../stacks/address/ipv6.ts';

const word = fc.integer({ min: -0x80000000, max: 0x7fffffff });
/** Zero words are common in real addresses and are what `::` is about. */
const sparse = fc.oneof(word, fc.constant(0), fc.constant(0xffff), fc.constant(0x10000));

describe('IPv4 text', () => {
  it('agrees with ipaddr.js', () => {
    fc.assert(
      fc.property(word, (w) => {
        const text = ipv4.format(new Address(0, 0, 0, w));
        expect(ipaddr.IPv4.parse(text).toString()).toBe(text);
        expect(ipv4.parse(text)!.w3).toBe(w);
      }),
    );
  });
  it.each(['', '1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', '1.2.3.4 ', '1..2.3', 'a.b.c.d'])(
    'refuses %j',
    (text) => expect(ipv4.parse(text)).toBeUndefined(),
  );
});

describe('IPv6 text', () => {
  it('prints RFC 5952 as ipaddr.js does and reads it back', () => {
    fc.assert(
      fc.property(sparse, sparse, sparse, sparse, (a, b, c, d) => {
        const address = new Address(a, b, c, d);
        const text = ipv6.format(address);
        const bytes = new Uint8Array(16);
        ipv6.write(address, bytes, 0);
        if (!isMapped(address)) expect(text).toBe(ipaddr.fromByteArray([...bytes]).toString());
        expect(ipv6.parse(text)!.equals(address)).toBe(true);
        const back = new Address();
        ipv6.read(bytes, 0, back);
        expect(back.equals(address)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
  it('accepts what ipaddr.js accepts, and nothing else', () => {
    const chars = fc.constantFrom('0', '1', 'f', 'F', ':', '::', '.', '255', '10.0.0.1', 'abcd', 'g');
    fc.assert(
      fc.property(fc.array(chars, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        const oracle = ipaddr.IPv6.isValid(text);
        // ipaddr.js also reads octal dotted quads; ours follows RFC 4291 §2.2 and refuses leading zeros.
        if (/(^|[:.])0\d/.test(text) && text.includes('.')) return;
        expect([text, ipv6.parse(text) !== undefined]).toEqual([text, oracle]);
      }),
      { numRuns: 5_000 },
    );
  });
  it.each([
    ['::', '::'],
    ['::1', '::1'],
    ['FD00:9:152:40:840:FFFF:85:64', 'fd00:9:152:40:840:ffff:85:64'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
  ])('%s is printed as %s', (text, canonical) => expect(ipv6.format(ipv6.parse(text)!)).toBe(canonical));
});

describe('IPv6 derived addresses', () => {
  it('makes the link-local address of a MAC with the universal/local bit inverted', () => {
    expect(ipv6.format(withInterfaceId(LINK_LOCAL_PREFIX, Uint8Array.from([0x02, 0, 0, 0, 0, 6])))).toBe(
      'fe80::ff:fe00:6',
    );
    expect(
      ipv6.format(withInterfaceId(LINK_LOCAL_PREFIX, Uint8Array.from([0x00, 0x24, 0x7e, 0xe0, 0x72, 0x4a]))),
    ).toBe('fe80::224:7eff:fee0:724a');
  });
  it('makes the solicited-node group', () => {
    expect(ipv6.format(solicitedNode(ipv6.parse('2001:db8::1:800e:8c6c')!))).toBe('ff02::1:ff0e:8c6c');
  });
});

describe('prefixes', () => {
  it('match as ipaddr.js says', () => {
    fc.assert(
      fc.property(sparse, sparse, sparse, sparse, fc.nat(128), fc.nat(127), (a, b, c, d, length, flip) => {
        const address = new Address(a, b, c, d);
        const bytes = new Uint8Array(16);
        ipv6.write(address, bytes, 0);
        const flipped = bytes.slice();
        flipped[flip >> 3]! ^= 0x80 >> (flip & 7);
        const other = new Address();
        ipv6.read(flipped, 0, other);
        const oracle = new ipaddr.IPv6([...bytes]).match(new ipaddr.IPv6([...flipped]), length);
        expect(ipv6.matches(address, other, length)).toBe(oracle);
        expect(ipv6.network(address, length).equals(ipv6.network(other, length))).toBe(oracle);
      }),
    );
  });
});
