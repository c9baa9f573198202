import { describe, expect, it } from 'vitest';
import type { Address } from '../../../stacks/address/address.ts';
import { isFailure } from '../../../stacks/address/network.ts';
import { type Destination, sortDestinations } from '../../../stacks/ipv6/destination-selection.ts';
import { LocalAddress } from '../../../stacks/ipv6/local-address.ts';
import { PolicyTable } from '../../../stacks/ipv6/policy.ts';
import { commonPrefix, compareSources, scopeOf } from '../../../stacks/ipv6/source-selection.ts';
import { Ipv6Stack } from '../../../stacks/ipv6/stack.ts';
import { environment, Hub, ip, settle } from './net.ts';

interface Given {
  readonly text: string;
  readonly index?: number;
  readonly deprecated?: boolean;
  readonly advertised?: boolean;
  readonly temporary?: boolean;
}

const policies = new PolicyTable();
const labelOf = (address: Address): number => policies.of(address).label;

/** The winner of all against all, whatever the order. */
function best(destination: string, given: readonly (string | Given)[], out = 1): string {
  const candidates = given.map((entry) => {
    const given: Given = typeof entry === 'string' ? { text: entry } : entry;
    const { text, index = 1, deprecated = false, advertised = false, temporary = false } = given;
    const local = new LocalAddress(ip(text), 64, temporary ? 'temporary' : 'static', false);
    local.state = deprecated ? 'deprecated' : 'preferred';
    return { local, index, advertised, text };
  });
  const pick = (list: typeof candidates): string =>
    list.reduce((a, b) => (compareSources(b, a, ip(destination), out, policies) > 0 ? b : a)).text;
  const winner = pick(candidates);
  expect(pick([...candidates].reverse())).toBe(winner);
  return winner;
}

describe('source address selection (RFC 6724 §5, examples of §10.1)', () => {
  it.each([
    ['2001:db8:1::1', ['2001:db8:3::1', 'fe80::1'], '2001:db8:3::1'],
    ['ff05::1', ['2001:db8:3::1', 'fe80::1'], '2001:db8:3::1'],
    ['ff02::1', ['2001:db8:3::1', 'fe80::1'], 'fe80::1'],
    ['fe80::2', ['2001:db8:3::1', 'fe80::1'], 'fe80::1'],
    ['2001:db8:1::1', ['2001:db8:1::2', '2001:db8:3::2'], '2001:db8:1::2'],
    [
      '2002:c633:6401::1',
      ['2002:c633:6401::d5e3:7953:13eb:22e8', '2001:db8:1::2'],
      '2002:c633:6401::d5e3:7953:13eb:22e8',
    ],
    ['fd00::9', ['2001:db8:1::2', 'fd11::1'], 'fd11::1'],
    ['2001:db8:1::1', ['2001:db8:1::1', '2001:db8:1::2'], '2001:db8:1::1'],
  ])('for %s among %j: %s', (destination, given, expected) => {
    expect(best(destination, given)).toBe(expected);
  });

  it('avoids deprecated addresses, prefers the outgoing interface', () => {
    expect(best('2001:db8:1::1', [{ text: '2001:db8:1::2', deprecated: true }, '2001:db8:9::1'])).toBe(
      '2001:db8:9::1',
    );
    expect(best('2001:db8:1::1', [{ text: '2001:db8:1::2', index: 2 }, '2001:db8:9::1'])).toBe(
      '2001:db8:9::1',
    );
  });

  it('prefers the prefix of the next hop, then the label, then temporary addresses, then the longer match', () => {
    const near = '2001:db8:1::2';
    expect(best('2001:db8:1::1', [near, { text: '2001:db8:9::1', advertised: true }])).toBe('2001:db8:9::1');
    expect(best('fd00::1', [{ text: near, advertised: true }, 'fd11::1'])).toBe(near);
    expect(best('fd00::1', [{ text: near, temporary: true }, 'fd11::1'])).toBe('fd11::1');
    expect(best('2001:db8:1::1', [near, { text: '2001:db8:9::1', temporary: true }])).toBe('2001:db8:9::1');
  });

  it('goes by the policies of the operator, the longest prefix first', () => {
    const own = new PolicyTable();
    own.set({ prefix: ip('2001:db8:7::1'), prefixLength: 48, precedence: 99, label: 77 });
    own.set({ prefix: ip('::'), prefixLength: 0, precedence: 41, label: 1 });
    expect(own.of(ip('2001:db8:7:1::5'))).toMatchObject({ precedence: 99, label: 77 });
    expect(own.of(ip('2a00::1'))).toMatchObject({ precedence: 41, label: 1 });
    expect([...own]).toHaveLength(10);
  });

  it('knows scopes, labels and prefixes', () => {
    expect(['::1', 'fe80::1', 'fec0::1', 'fd00::1', 'ff08::1'].map((text) => scopeOf(ip(text)))).toEqual([
      2, 2, 5, 14, 8,
    ]);
    expect(
      ['::1', '::2', '::ffff:1.2.3.4', '2001::1', '2002::1', '3ffe::1', 'fec0::1', 'fd00::1', '2a00::1'].map(
        (text) => labelOf(ip(text)),
      ),
    ).toEqual([0, 3, 4, 5, 2, 12, 11, 13, 1]);
    expect(commonPrefix(ip('2001:db8::1'), ip('2001:db8::3'), 128)).toBe(126);
    expect(commonPrefix(ip('2001:db8::1'), ip('2001:db8::3'), 64)).toBe(64);
    expect(commonPrefix(ip('::1'), ip('::1'), 128)).toBe(128);
  });

  it('is what a stack with two links does, and says why it cannot', () => {
    const env = environment();
    const stack = new Ipv6Stack(env, { id: 1, name: 'X' });
    for (const [i, text] of ['2001:db8:1::1', '2001:db8:2::1'].entries()) {
      const port = new Hub(env, 'ethernet').port(`p${i}`);
      stack.addInterface(`L${i}`, port, { mtu: 1_500, address: ip(text), prefixLength: 64 });
    }
    const say = (text: string, zone = 0): string => {
      const source = stack.sourceFor(ip(text, zone));
      return isFailure(source) ? source.code : stack.describe(source);
    };
    expect(say('2001:db8:2::9')).toBe('ENETUNREACH');
    stack.start();
    expect(say('2001:db8:2::9')).toBe('EADDRNOTAVAIL');
    settle(env);
    expect(say('2001:db8:2::9')).toBe('2001:db8:2::1');
    expect(say('2001:db8:1::1')).toBe('2001:db8:1::1');
    expect(say('::1')).toBe('::1');
    expect(say('fe80::9', 2)).toBe('fe80::ff:fe00:1%L1');
    expect(say('ff02::1', 1)).toBe('fe80::ff:fe00:1%L0');
    expect(say('fe80::9')).toBe('ENETUNREACH');
    expect(say('2001:db8:3::1')).toBe('ENETUNREACH');
    expect(say('::')).toBe('EADDRNOTAVAIL');
    expect(() => stack.setLink(3, true)).toThrow(RangeError);
    expect(() => stack.addInterface('S', new Hub(env, 'ip').port('s'), { mtu: 1_279 })).toThrow(RangeError);
    stack.addAddress(1, ip('2001:db8:3::7'), 64);
    settle(env);
    expect(say('2001:db8:3::1')).toBe('2001:db8:3::7');
  });
});

describe('destination address selection (RFC 6724 §6, examples of §10.2)', () => {
  const order = (...given: [string, string | undefined, boolean?][]): string[] =>
    sortDestinations(
      given.map(
        ([address, source, deprecated = false]): Destination => ({
          address: ip(address),
          source: source === undefined ? undefined : ip(source),
          deprecated,
        }),
      ),
      policies,
    ).map(({ address }) => given.find(([text]) => ip(text).sameWords(address))![0]);

  it.each([
    [
      'the matching scope first',
      [
        ['2001:db8:1::1', '2001:db8:1::2'],
        ['::ffff:198.51.100.121', '::ffff:169.254.13.78'],
      ],
      0,
    ],
    [
      'IPv4 when IPv6 is link-local only',
      [
        ['2001:db8:1::1', 'fe80::1'],
        ['::ffff:198.51.100.121', '::ffff:198.51.100.117'],
      ],
      1,
    ],
    [
      'IPv6 when both match',
      [
        ['::ffff:10.1.2.3', '::ffff:10.1.2.4'],
        ['2001:db8:1::1', '2001:db8:1::2'],
      ],
      1,
    ],
    [
      'what can be reached at all',
      [
        ['2001:db8:1::1', undefined],
        ['::ffff:10.1.2.3', '::ffff:10.1.2.4'],
      ],
      1,
    ],
    [
      'no deprecated source',
      [
        ['2001:db8:1::1', '2001:db8:1::2', true],
        ['2001:db8:3::1', '2001:db8:3::2'],
      ],
      1,
    ],
    [
      'the smaller scope',
      [
        ['2001:db8:1::1', '2001:db8:1::2'],
        ['fe80::1', 'fe80::2'],
      ],
      1,
    ],
    [
      'the same label: 6to4 by 6to4',
      [
        ['2001:db8:1::1', '2002:c633:6401::2'],
        ['2002:c633:6401::1', '2002:c633:6401::2'],
      ],
      1,
    ],
    [
      'the longer match',
      [
        ['2001:db8:3ffe::1', '2001:db8:3f44::2'],
        ['2001:db8:1::1', '2001:db8:1::2'],
      ],
      1,
    ],
  ] as [string, [string, string | undefined, boolean?][], number][])('%s', (_, given, winner) => {
    expect(order(...given)[0]).toBe(given[winner]![0]);
    expect(order(...[...given].reverse())[0]).toBe(given[winner]![0]);
  });

  it('keeps the order of what is alike', () => {
    const same = '2001:db8:1::9';
    expect(order(['2001:db8:1::2', same], ['2001:db8:1::3', same])).toEqual([
      '2001:db8:1::2',
      '2001:db8:1::3',
    ]);
  });
});
