import { describe, expect, it } from 'vitest';
import { isFailure } from '../../../stacks/address/network.ts';
import { LocalAddress } from '../../../stacks/ipv6/local-address.ts';
import { commonPrefix, compareSources, labelOf, scopeOf } from '../../../stacks/ipv6/source-selection.ts';
import { Ipv6Stack } from '../../../stacks/ipv6/stack.ts';
import { environment, Hub, ip, settle } from './net.ts';

interface Given {
  readonly text: string;
  readonly index?: number;
  readonly deprecated?: boolean;
}

/** The winner of all against all, whatever the order. */
function best(destination: string, given: readonly (string | Given)[], out = 1): string {
  const candidates = given.map((entry) => {
    const { text, index = 1, deprecated = false } = typeof entry === 'string' ? { text: entry } : entry;
    const local = new LocalAddress(ip(text), 64, 'static', false);
    local.state = deprecated ? 'deprecated' : 'preferred';
    return { local, index, text };
  });
  const pick = (list: typeof candidates): string =>
    list.reduce((a, b) => (compareSources(b, a, ip(destination), out) > 0 ? b : a)).text;
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
