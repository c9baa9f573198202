/** IPv6 addresses of a host, their scopes, and which of them speaks: RFC 4291, RFC 4007, RFC 6724, RFC 7217, RFC 8981. */
import { type Bench, SECOND } from '../bench/bench.ts';
import { address, data } from '../bench/bytes.ts';
import { deepEqual, equal, none, ok, one } from '../bench/check.ts';
import { prefixOption, sourceLink } from '../bench/ipv6-packet.ts';
import { Topic, unseen } from '../table.ts';

export const hostAddresses: Topic = new Topic('host', 'IPv6 addresses and their choice');
const { v6 } = hostAddresses;

// RFC 4291, RFC 4007

v6('4291 §2.5.2 MUST', 'The unspecified address is no destination.', (b) => {
  none(b.send(b.echo({ destination: '::' }), { toMac: b.macs[0] }));
  const inbox = b.bind(0);
  none(b.sendFrom(inbox, '::', data(1)));
  equal(inbox.errors.length, 1);
});
v6('4291 §2.5.3 MUST', 'A packet to the loopback address that comes by a link is discarded.', (b) =>
  none(b.send(b.echo({ destination: '::1' }), { toMac: b.macs[0] })),
);
v6('4291 §2.5.3 MUST', 'A packet from the loopback address that comes by a link is discarded.', (b) =>
  none(b.send(b.echo({ source: '::1' }))),
);
v6('4291 §2.5.3 MUST', 'The loopback address never appears on a link.', (b) => {
  b.sendFrom(b.bind(5_000, '::1'), b.peer.ip, data(1));
  b.sendFrom(b.bind(0), '::1', data(1));
  b.wait(SECOND);
  none(b.all());
});
v6(
  '4291 §2.5.5 MUST',
  'An IPv4-mapped address never appears on a link, nor is it believed from one.',
  (b) => {
    none(b.send(b.echo({ source: '::ffff:c000:202' })));
    none(b.send(b.echo({ destination: '::ffff:c000:201' }), { toMac: b.macs[0] }));
  },
);
v6('4291 §2.7 MUST', 'A group is never a source.', (b) => none(b.send(b.echo({ source: 'ff02::1' }))));
v6('4291 §2.7 MUST', 'A group of scope 0 or 1 is not taken from a link.', (b) => {
  none(b.send(b.echo({ destination: 'ff00::1' })));
  none(b.send(b.echo({ destination: 'ff01::1' })));
});
v6(
  '4291 §2.8 MUST',
  'A host recognises its link-local, its unicast, the loopback, the all-nodes and its solicited-node addresses.',
  (b) => {
    for (const destination of [b.me, b.myLocal(), 'ff02::1', 'ff02::1:ff00:1']) {
      one(b.send(b.echo({ destination, source: b.peer.local })), 'echo-reply');
    }
  },
);
v6('4291 §2.8 MUST', 'A host is no router: all-routers is not its group.', (b) =>
  none(b.send(b.echo({ destination: 'ff02::2', source: b.peer.local }))),
);
v6(
  '4291 §2.1 MUST',
  'Every interface has a link-local address.',
  (b) => {
    ok(b.myLocal(1).startsWith('fe80::') && b.myLocal(2).startsWith('fe80::'));
  },
  { links: 2 },
);
v6('4291 §2.1 MAY', 'One interface may have several addresses.', (b) => {
  b.stack.addAddress(1, b.at('2001:db8:1::33'), 64);
  b.wait(20 * SECOND);
  equal(one(b.send(b.echo({ destination: '2001:db8:1::33' }))).source, '2001:db8:1::33');
});
v6(
  '4007 §5 MUST',
  "A link-local address of another link is somebody else's on this one.",
  (b) => {
    none(b.send(b.echo({ source: b.peer.local, destination: b.myLocal(2) }), { toMac: b.macs[0] }));
  },
  { links: 2 },
);
v6(
  '4007 §6 MUST',
  'A link-local destination without a zone is ambiguous with two links.',
  (b) => {
    const inbox = b.bind(0);
    none(b.sendFrom(inbox, b.peer.local, data(1)));
    equal(inbox.errors.length, 1);
  },
  { links: 2 },
);
v6(
  '4007 §6 MUST',
  'The zone says by which link a link-local destination is reached.',
  (b) => {
    const sent = one(b.sendFrom(b.bind(0), b.peer2.local, data(1), 9, 2));
    deepEqual([sent.link, sent.source], [2, b.myLocal(2)]);
  },
  { links: 2 },
);
v6(
  '4007 §9 MUST',
  'An answer to a link-local source leaves by the link that the question came by.',
  (b) => {
    equal(
      one(b.send(b.echo({ source: b.peer2.local, destination: b.myLocal(2) }), { from: b.peer2 })).link,
      2,
    );
  },
  { links: 2 },
);
v6('4291 §2.5.1 MUST', 'The interface identifier of a link-local address is 64 bits behind fe80::/64.', (b) =>
  deepEqual([...address(b.myLocal()).subarray(0, 8)], [0xfe, 0x80, 0, 0, 0, 0, 0, 0]),
);
v6(
  '2464 §4 MUST',
  'An identifier from a MAC is the modified EUI-64: ff:fe in the middle, the universal bit turned.',
  (b) => equal(b.myLocal(), 'fe80::ff:fe00:101'),
);

// RFC 6724 §10.1

/** The source that a datagram to `to` leaves with, when the host has these addresses (with /64) and no others but link-local. */
function chosen(b: Bench, to: string, own: readonly string[]): string {
  for (const each of own) b.stack.addAddress(1, b.at(each), 64);
  b.addRoute('::', 0, b.router);
  b.wait(10 * SECOND);
  const source = b.stack.sourceFor(b.at(to, to.startsWith('fe80') || to.startsWith('ff02') ? 1 : 0));
  return 'code' in source ? source.code : b.stack.family.format(source);
}

/** Hears of a prefix whose address is deprecated at once. */
function deprecated(b: Bench, prefix: string): string {
  b.send(b.ra({ lifetime: 0, with: [prefixOption({ prefix, preferred: 0 })] }), { from: b.router });
  b.wait(3 * SECOND);
  return b.addresses().find(({ state }) => state === 'deprecated')!.ip;
}

const bareAuto = { auto: true } as const;

v6(
  '6724 §10.1 MUST',
  'Example 1: to a global destination, a global source before link-local.',
  (b) => equal(chosen(b, '2001:db8:1::1', ['2001:db8:3::1']), '2001:db8:3::1'),
  bareAuto,
);
v6(
  '6724 §10.1 MUST',
  'Example 2: to a site-local group, a global source before link-local.',
  (b) => equal(chosen(b, 'ff05::1', ['2001:db8:3::1']), '2001:db8:3::1'),
  bareAuto,
);
v6(
  '6724 §10.1 MUST',
  'Example 3: the destination itself, though deprecated, before another.',
  (b) => {
    const own = deprecated(b, '2001:db8:1::');
    equal(chosen(b, own, ['2001:db8:2::1']), own);
  },
  bareAuto,
);
v6(
  '6724 §10.1 MUST',
  'Example 4: to a link-local destination, a link-local source before global.',
  (b) => equal(chosen(b, 'fe80::1', ['2001:db8:1::1']), b.myLocal()),
  bareAuto,
);
v6(
  '6724 §10.1 MUST',
  'Example 5: the longest matching prefix.',
  (b) => equal(chosen(b, '2001:db8:1::1', ['2001:db8:3::2', '2001:db8:1::2']), '2001:db8:1::2'),
  bareAuto,
);
v6(
  '6724 §10.1 MUST',
  'Example 6: a home address before a care-of address.',
  unseen('there is no Mobile IPv6, and so no home address'),
);
v6(
  '6724 §10.1 MUST',
  'Example 7: a matching label (6to4) before a temporary address.',
  (b) => {
    equal(chosen(b, '2002:c633:6401::1', ['2001:db8:1::2', '2002:c633:6401::d5e3']), '2002:c633:6401::d5e3');
  },
  bareAuto,
);
v6(
  '6724 §10.1 SHOULD',
  'Example 8: a temporary address before a public one.',
  (b) => {
    b.send(b.ra({ with: [prefixOption({ prefix: '2001:db8:1::' })] }), { from: b.router });
    b.wait(5 * SECOND);
    const made = [...b.stack.interfaces()[0]!.addresses].find(({ origin }) => origin === 'temporary')!;
    equal(chosen(b, '2001:db8:1::d5e3:0:0:1', []), b.stack.family.format(made.address));
  },
  { auto: true, on: { temporary: true } },
);

// RFC 6724 §5, rule by rule

v6(
  '6724 §5 MUST',
  'Rule 1: the destination itself, when it is an own address.',
  (b) => equal(chosen(b, '2001:db8:2::1', ['2001:db8:2::1', '2001:db8:2::2']), '2001:db8:2::1'),
  bareAuto,
);
v6(
  '6724 §5 MUST',
  'Rule 2: an appropriate scope.',
  (b) => equal(chosen(b, 'ff0e::5', ['2001:db8:3::1']), '2001:db8:3::1'),
  bareAuto,
);
v6(
  '6724 §5 MUST',
  'Rule 3: a preferred address before a deprecated one.',
  (b) => {
    const own = deprecated(b, '2001:db8:1::');
    ok(chosen(b, '2001:db8:1::7777', ['2001:db8:ffff::1']) !== own);
  },
  bareAuto,
);
v6(
  '6724 §5 MUST',
  'Rule 5: an address of the outgoing interface before one of another.',
  (b) => {
    // One of the other interface that has more bits in common.
    b.stack.addAddress(1, b.at('2001:db8:2::3'), 128);
    b.wait(10 * SECOND);
    const source = b.stack.sourceFor(b.at(b.peer2.ip));
    equal('code' in source ? source.code : b.stack.family.format(source), b.me2);
  },
  { links: 2 },
);
v6(
  '6724 §5 SHOULD',
  'Rule 5.5: an address of a prefix that the next hop advertised.',
  (b) => {
    b.other.isRouter = true;
    b.send(
      b.ra({ flags: 0x18, with: [sourceLink(b.router.mac), prefixOption({ prefix: '2001:db8:9::' })] }),
      { from: b.router },
    );
    b.send(
      b.ra({
        flags: 0x08,
        source: b.other.local,
        with: [sourceLink(b.other.mac), prefixOption({ prefix: '2001:db8:b::' })],
      }),
      { from: b.other },
    );
    b.wait(5 * SECOND);
    const source = b.stack.sourceFor(b.at('2001:db8:9:1::1'));
    ok(!('code' in source) && b.stack.family.format(source).startsWith('2001:db8:b:'));
  },
  bareAuto,
);
v6(
  '6724 §5 MUST',
  'Rule 6: a matching label, unique local to unique local.',
  (b) => equal(chosen(b, 'fd00:1:2::1', ['2001:db8:1::1', 'fd77::1']), 'fd77::1'),
  bareAuto,
);
v6(
  '6724 §5 MUST',
  'Rule 6: a matching label before a longer prefix: no Teredo address to a native one.',
  (b) => equal(chosen(b, '2001:db8:1::1', ['2001:0:1::1', '2600::1']), '2600::1'),
  bareAuto,
);
v6(
  '6724 §5 MUST',
  'Rule 8: the longest matching prefix, at most to the prefix length of the source.',
  (b) => {
    equal(chosen(b, '2001:db8:1::1', ['2001:db8:1:8::1', '2001:db8:1:1::1']), '2001:db8:1:1::1');
  },
  bareAuto,
);
v6(
  '6724 §4 MUST',
  'To groups and link-local destinations only addresses of the outgoing interface are candidates.',
  (b) => {
    const sent = one(b.sendFrom(b.bind(0), 'ff02::1:5', data(1), 9, 2));
    equal(sent.source, b.myLocal(2));
  },
  { links: 2 },
);
v6(
  '6724 §4 MUST',
  'No group and no unspecified address is a candidate.',
  (b) => equal(chosen(b, '2001:db8:1::1', []).startsWith('fe80::'), true),
  bareAuto,
);
v6('6724 §4 MUST', 'A tentative address is no candidate.', (b) => {
  b.stack.addAddress(1, b.at('2001:db8:8::1'), 64);
  b.wait(100);
  equal(b.addressState('2001:db8:8::1'), 'tentative');
  equal(one(b.sendFrom(b.bind(0), b.far, data(1))).source, b.me);
});
