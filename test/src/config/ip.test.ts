/** What the decks' addresses are read to, against another reader (ipaddr.js) and against the stacks' own. */
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, it } from 'vitest';
import { maskText, readAddress, readMask } from '../../../src/config/ip.ts';
import { ipv4 } from '../../../stacks/address/ipv4.ts';
import { ipv6 } from '../../../stacks/address/ipv6.ts';

/** The words as 16 bytes, IPv4 as 4. */
function bytesOf(version: 4 | 6, text: string): number[] | undefined {
  const address = readAddress(version, text);
  if (address === undefined) return undefined;
  const bytes = new Uint8Array(version === 4 ? 4 : 16);
  (version === 4 ? ipv4 : ipv6).write(address, bytes, 0);
  return [...bytes];
}

/** ipaddr.js, without its zone and its lenient IPv4 forms. */
function oracle(version: 4 | 6, text: string): number[] | undefined {
  if (text.includes('%')) return undefined;
  if (version === 4)
    return ipaddr.IPv4.isValidFourPartDecimal(text) ? ipaddr.IPv4.parse(text).toByteArray() : undefined;
  return ipaddr.IPv6.isValid(text) ? ipaddr.IPv6.parse(text).toByteArray() : undefined;
}

const octet = fc.integer({ min: 0, max: 300 }).map(String);
const group = fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEFg'), maxLength: 5 });

describe('addresses', () => {
  it('reads IPv4 as ipaddr.js does', () => {
    fc.assert(
      fc.property(fc.array(octet, { minLength: 3, maxLength: 5 }), (octets) => {
        const text = octets.join('.');
        expect(bytesOf(4, text)).toEqual(oracle(4, text));
      }),
    );
  });

  it('reads any IPv6 text as ipaddr.js and the stack do', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const bytes = bytesOf(6, text);
        expect(bytes).toBeDefined();
        // ipaddr.js takes ::a.b.c.d for ::ffff:a.b.c.d, which RFC 4291 §2.2 does not.
        if (!/^::\d+\./.test(text)) expect(bytes).toEqual(oracle(6, text));
        const own = ipv6.parse(text)!;
        expect(readAddress(6, text)!.equals(own)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('refuses what is no IPv6 text', () => {
    fc.assert(
      fc.property(fc.array(group, { maxLength: 10 }), (groups) => {
        const text = groups.join(':');
        expect(bytesOf(6, text)).toEqual(oracle(6, text));
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    '',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    '::g',
    '::1%eth0',
    '::1/64',
    ' ::1',
  ])('refuses %j', (text) => expect(readAddress(6, text)).toBeUndefined());

  it.each(['1.2.3', '1.2.3.4.5', '01.2.3.4', '256.1.1.1', '1.2.3.4 ', '+1.2.3.4', '0x1.2.3.4', ''])(
    'refuses %j',
    (text) => expect(readAddress(4, text)).toBeUndefined(),
  );
});

describe('masks', () => {
  it('reads every prefix length in both forms', () => {
    for (let n = 0; n <= 32; n++) expect(readMask(4, maskText(4, n))).toBe(n);
    for (let n = 0; n <= 128; n++) {
      expect(readMask(6, `/${n}`)).toBe(n);
      const asAddress = ipaddr.IPv6.subnetMaskFromPrefixLength(n).toString();
      expect(readMask(6, asAddress)).toBe(n);
    }
  });

  it('finds holes, and what is no mask', () => {
    expect(readMask(4, '255.0.255.0')).toBe('holes');
    expect(readMask(4, '0.255.255.255')).toBe('holes');
    expect(readMask(6, 'ffff:0:ffff::')).toBe('holes');
    expect(readMask(6, '::1')).toBe('holes');
    for (const text of ['/24', '24', 'x', '']) expect(readMask(4, text)).toBeUndefined();
    for (const text of ['/129', '/', '80', '255.255.255.0']) expect(readMask(6, text)).toBeUndefined();
  });
});
