/** In which order a host tries the addresses of a name: RFC 6724 §6 and all examples of §10.2 and §10.3. */
import { type Bench, SECOND } from '../bench/bench.ts';
import { deepEqual } from '../bench/check.ts';
import { prefixOption } from '../bench/ipv6-packet.ts';
import { Topic, unseen } from '../table.ts';

export const hostDestinations: Topic = new Topic('host', 'The order of destinations', { auto: true });
const { v6 } = hostDestinations;

// IPv4 addresses stand as mapped ones, as RFC 6724 §3.2 has them.
const GLOBAL4 = '::ffff:c633:6479'; // 198.51.100.121
const OWN4 = '::ffff:c633:6475'; // 198.51.100.117
const LOCAL4 = '::ffff:a9fe:d4e'; // 169.254.13.78
const PRIVATE4 = '::ffff:a01:203'; // 10.1.2.3
const OWN_PRIVATE4 = '::ffff:a01:204'; // 10.1.2.4

/** `to` as the host sorts them when it has these addresses besides its link-local one, and `own4` in its IPv4 stack. */
function sorted(b: Bench, own: readonly string[], to: readonly string[], own4?: string): string[] {
  for (const each of own) b.stack.addAddress(1, b.at(each), 64);
  b.addRoute('::', 0, b.router);
  b.wait(10 * SECOND);
  const all = to.map((each) => b.at(each, each.startsWith('fe80:') ? 1 : 0));
  const order = b.stack.ipv6!.sortDestinations(all, () => (own4 === undefined ? undefined : b.at(own4)));
  return order.map((each) => to.find((name) => b.at(name).sameWords(each))!);
}

/** Both ways round: the order does not come from the order of the question. */
function inOrder(b: Bench, own: readonly string[], wanted: readonly string[], own4?: string): void {
  deepEqual(sorted(b, own, wanted, own4), wanted);
  deepEqual(sorted(b, [], [...wanted].reverse(), own4), wanted);
}

v6(
  '6724 §10.2 MUST',
  'Example 1: a matching scope, global IPv6 before IPv4 from a link-local address.',
  (b) => {
    inOrder(b, ['2001:db8:1::2'], ['2001:db8:1::1', GLOBAL4], LOCAL4);
  },
);
v6(
  '6724 §10.2 MUST',
  'Example 2: a matching scope, global IPv4 before IPv6 from a link-local address.',
  (b) => {
    inOrder(b, [], [GLOBAL4, '2001:db8:1::1'], OWN4);
  },
);
v6('6724 §10.2 MUST', 'Example 3: a higher precedence, global IPv6 before private IPv4.', (b) => {
  inOrder(b, ['2001:db8:1::2'], ['2001:db8:1::1', PRIVATE4], OWN_PRIVATE4);
});
v6('6724 §10.2 MUST', 'Example 4: a smaller scope, link-local before global.', (b) => {
  inOrder(b, ['2001:db8:1::2'], ['fe80::1', '2001:db8:1::1']);
});
v6(
  '6724 §10.2 MUST',
  'Example 5: a home address before a care-of address.',
  unseen('there is no Mobile IPv6, and so no home address'),
);
v6('6724 §10.2 MUST', 'Example 6: not from a deprecated address, be its scope the smaller one.', (b) => {
  b.send(b.ra({ lifetime: 0, with: [prefixOption({ prefix: '2001:db8:3::', preferred: 0 })] }), {
    from: b.router,
  });
  b.wait(3 * SECOND);
  // The link-local address of a host is never deprecated here, so it is a global one that gives way to IPv4.
  inOrder(b, [], [GLOBAL4, '2001:db8:3::1'], OWN4);
});
v6('6724 §10.2 MUST', 'Example 7: the longest matching prefix.', (b) => {
  inOrder(b, ['2001:db8:1::2', '2001:db8:3f44::2'], ['2001:db8:1::1', '2001:db8:3ffe::1']);
});
v6('6724 §10.2 MUST', 'Example 8: a matching label, 6to4 from a 6to4 address alone.', (b) => {
  inOrder(b, ['2002:c633:6401::2'], ['2002:c633:6401::1', '2001:db8:1::1']);
});
v6('6724 §10.2 MUST', 'Example 9: a higher precedence, native IPv6 before 6to4.', (b) => {
  inOrder(b, ['2002:c633:6401::2', '2001:db8:1::2'], ['2001:db8:1::1', '2002:c633:6401::1']);
});
v6('6724 §10.3 MUST', 'An operator who wants IPv4 first raises the precedence of mapped addresses.', (b) => {
  inOrder(b, ['2001:db8:1::2'], ['2001:db8:1::1', GLOBAL4], OWN4);
  b.stack.ipv6!.policies.set({ prefix: b.at('::ffff:0:0'), prefixLength: 96, precedence: 100, label: 4 });
  deepEqual(sorted(b, [], ['2001:db8:1::1', GLOBAL4], OWN4), [GLOBAL4, '2001:db8:1::1']);
});
v6('6724 §10.3.1 MUST', 'Where IPv6 is broken or absent, IPv4 comes first without any policy.', (b) => {
  inOrder(b, [], [GLOBAL4, '2001:db8:1::1'], OWN4);
});
v6(
  '6724 §10.4 MUST',
  'An operator who wants global before link-local gives link-local a lower precedence.',
  (b) => {
    inOrder(b, ['2001:db8:1::2'], ['fe80::1', '2001:db8:1::1']);
    b.stack.ipv6!.policies.set({ prefix: b.at('fe80::'), prefixLength: 10, precedence: 33, label: 1 });
    deepEqual(sorted(b, [], ['fe80::1', '2001:db8:1::1']), ['2001:db8:1::1', 'fe80::1']);
  },
);
v6(
  '6724 §10.5 MUST',
  'A site with two prefixes can give one of them a label and a precedence of its own.',
  (b) => {
    const [a, c] = ['2001:db8:aaaa::', '2001:db8:bbbb::'];
    b.stack.ipv6!.policies.set({ prefix: b.at(a), prefixLength: 48, precedence: 43, label: 6 });
    b.stack.ipv6!.policies.set({ prefix: b.at(c), prefixLength: 48, precedence: 44, label: 7 });
    inOrder(b, [`${a}1`, `${c}1`], [`${c}a`, `${a}a`]);
  },
);
v6(
  '6724 §10.6 MUST',
  'Unique local addresses come behind global ones, from sources of their own kind.',
  (b) => {
    inOrder(b, ['fd11:1111:1111:1::1', '2001:db8:1::2'], ['2001:db8:2::2', 'fd22:2222:2222:2::2']);
  },
);
v6('6724 §10.6 MUST', 'A site can prefer its own unique local addresses.', (b) => {
  b.stack.ipv6!.policies.set({
    prefix: b.at('fd11:1111:1111::'),
    prefixLength: 48,
    precedence: 45,
    label: 14,
  });
  inOrder(b, ['fd11:1111:1111:1::1', '2001:db8:1::2'], ['fd11:1111:1111:1::2', '2001:db8:2::2']);
});
v6('6724 §10.7 MUST', 'IPv4 comes before 6to4 and Teredo when the host has nothing better.', (b) => {
  inOrder(b, ['2002:c633:6401::2'], [GLOBAL4, '2001:db8:1::1'], OWN4);
});
v6('6724 §6 MUST', 'Rule 1: what nothing can speak to comes last.', (b) => {
  inOrder(b, ['2001:db8:1::2'], ['2001:db8:1::1', GLOBAL4]);
});
v6('6724 §6 MUST', 'Rule 3: not from a deprecated address.', (b) => {
  b.send(b.ra({ lifetime: 0, with: [prefixOption({ prefix: '2001:db8:3::', preferred: 0 })] }), {
    from: b.router,
  });
  b.wait(3 * SECOND);
  const deprecated = b.addresses().find(({ state }) => state === 'deprecated')!.ip;
  inOrder(b, ['2001:db8:1::2'], ['2001:db8:1::1', deprecated]);
});
v6('6724 §6 MUST', 'Rule 10: otherwise the order stays as it was.', (b) => {
  const to = ['2001:db8:8000::1', '2001:db8:8000::2', '2001:db8:8000::3'];
  deepEqual(sorted(b, ['2001:db8:1::2'], to), to);
  deepEqual(sorted(b, [], [...to].reverse()), [...to].reverse());
});
