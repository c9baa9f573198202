/** IPv6 addresses of a host, their scopes, and which of them speaks: RFC 4291, RFC 4007, RFC 6724, RFC 7217, RFC 8981. */
import { type Bench, MINUTE, SECOND } from '../bench/bench.ts';
import { address, data } from '../bench/bytes.ts';
import { deepEqual, equal, none, ok, one, within } from '../bench/check.ts';
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
  'Rule 6: a matching label, Teredo to nobody else.',
  (b) => equal(chosen(b, '2001:db8:1::1', ['2001:0:1::1', '2001:db8:9::1']), '2001:db8:9::1'),
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

// RFC 7217, RFC 8064, RFC 8981

const PREFIX = '2001:db8:7::';

function hear(b: Bench, prefix = PREFIX, valid = 604_800, preferred = 604_800): void {
  b.send(b.ra({ with: [prefixOption({ prefix, valid, preferred })] }), { from: b.router });
  b.wait(5 * SECOND);
}

function of(b: Bench, origin: string, prefix = '2001:db8:7:'): string[] {
  const { addresses } = b.stack.interfaces()[0]!;
  return addresses
    .filter((each) => each.origin === origin)
    .map(({ address }) => b.stack.family.format(address))
    .filter((ip) => ip.startsWith(prefix));
}

const identifier = (ip: string): string => ip.slice(ip.indexOf('::') < 0 ? 15 : ip.indexOf('::'));
const secret = Uint8Array.from({ length: 16 }, (_, i) => i);

v6(
  '8064 §3 SHOULD',
  'Addresses made from prefixes do not carry the MAC.',
  (b) => {
    hear(b);
    ok(!of(b, 'slaac')[0]!.endsWith('ff:fe00:101'));
  },
  { auto: true },
);
v6(
  '8064 §3 SHOULD',
  'The link-local address of an autoconfigured link does not carry the MAC either.',
  (b) => ok(!b.myLocal().endsWith('ff:fe00:101')),
  { auto: true },
);
v6(
  '7217 §5 MUST',
  'Identifiers differ from prefix to prefix.',
  (b) => {
    hear(b);
    hear(b, '2001:db8:8::');
    ok(identifier(of(b, 'slaac')[0]!) !== identifier(of(b, 'slaac', '2001:db8:8:')[0]!));
  },
  { auto: true },
);
v6(
  '7217 §5 MUST',
  'In one subnet the identifier is always the same, from start to start, with the same secret.',
  (b) => {
    hear(b);
    const again = b.another({ seed: 99 });
    hear(again);
    deepEqual(of(again, 'slaac'), of(b, 'slaac'));
  },
  { auto: true, on: { secret } },
);
v6(
  '7217 §5 MUST',
  'Another secret gives another identifier.',
  (b) => {
    hear(b);
    const again = b.another({ on: { secret: secret.map((byte) => byte + 1) } });
    hear(again);
    ok(of(again, 'slaac')[0] !== of(b, 'slaac')[0]);
  },
  { auto: true, on: { secret } },
);
v6(
  '7217 §6 MUST',
  'A duplicate is followed by another identifier for the same prefix.',
  (b) => {
    b.send(b.ra({ with: [prefixOption({ prefix: PREFIX })] }), { from: b.router });
    const first = of(b, 'slaac')[0]!;
    b.wait(0.5 * SECOND);
    b.send(b.na(first, 'O', { source: first, destination: 'ff02::1' }));
    b.wait(5 * SECOND);
    const second = of(b, 'slaac').find((ip) => ip !== first)!;
    equal(b.addressState(second), 'preferred');
  },
  { auto: true },
);
v6(
  '4291 §2.5.1 MAY',
  'An operator can have identifiers from the MAC.',
  (b) => {
    hear(b);
    equal(of(b, 'slaac')[0], '2001:db8:7::ff:fe00:101');
  },
  { auto: true, on: { identifier: 'eui64' } },
);
v6(
  '8981 §3.1 MAY',
  'Temporary addresses are made only where an operator wants them.',
  (b) => {
    hear(b);
    deepEqual(of(b, 'temporary'), []);
  },
  { auto: true },
);
v6(
  '8981 §3.4 MUST',
  'A prefix makes a temporary address beside the stable one.',
  (b) => {
    hear(b);
    deepEqual([of(b, 'temporary').length, of(b, 'slaac').length], [1, 1]);
  },
  { auto: true, on: { temporary: true } },
);
v6(
  '8981 §3.4 MUST',
  'A temporary address is preferred for a day at most, less a random time.',
  (b) => {
    hear(b);
    const [first] = of(b, 'temporary');
    b.wait(24 * 60 * MINUTE);
    equal(b.addressState(first!), 'deprecated');
  },
  { auto: true, on: { temporary: true } },
);
v6(
  '8981 §3.4 MUST',
  'A temporary address is valid for two days at most.',
  (b) => {
    hear(b);
    const [first] = of(b, 'temporary');
    b.wait(2 * 24 * 60 * MINUTE);
    equal(b.addressState(first!), 'none');
  },
  { auto: true, on: { temporary: true } },
);
v6(
  '8981 §3.4 MUST',
  'A new temporary address is there before the old one is deprecated.',
  (b) => {
    hear(b);
    for (let hour = 0; hour < 36; hour++) {
      b.wait(60 * MINUTE);
      ok(
        of(b, 'temporary').some((ip) => b.addressState(ip) === 'preferred'),
        `hour ${hour}`,
      );
    }
  },
  { auto: true, on: { temporary: true } },
);
v6(
  '8981 §3.4 MUST',
  'A temporary address lives no longer than its prefix.',
  (b) => {
    hear(b, PREFIX, 600, 300);
    b.wait(5 * MINUTE);
    ok(of(b, 'temporary').every((ip) => b.addressState(ip) !== 'preferred'));
    b.wait(5 * MINUTE);
    deepEqual(of(b, 'temporary'), []);
  },
  { auto: true, on: { temporary: true } },
);
v6(
  '8981 §3.3.1 MUST',
  'Successive temporary identifiers have nothing in common.',
  (b) => {
    hear(b);
    const [first] = of(b, 'temporary');
    b.wait(25 * 60 * MINUTE);
    const second = of(b, 'temporary').find((ip) => ip !== first)!;
    ok(identifier(first!) !== identifier(second));
  },
  { auto: true, on: { temporary: true } },
);
v6(
  '8981 §3.4 MUST',
  'A temporary address is probed like any other.',
  (b) => {
    b.send(b.ra({ with: [prefixOption({ prefix: PREFIX, valid: 604_800, preferred: 604_800 })] }), {
      from: b.router,
    });
    equal(b.addressState(of(b, 'temporary')[0]!), 'tentative');
  },
  { auto: true, on: { temporary: true } },
);
v6(
  '8981 §3.4 MUST',
  'A duplicate temporary address is replaced by another, three times at most.',
  (b) => {
    b.send(b.ra({ with: [prefixOption({ prefix: PREFIX, valid: 604_800, preferred: 604_800 })] }), {
      from: b.router,
    });
    const seen = new Set<string>();
    for (let i = 0; i < 200; i++) {
      for (const ip of of(b, 'temporary')) {
        seen.add(ip);
        if (b.addressState(ip) === 'tentative') b.send(b.na(ip, 'O', { source: ip, destination: 'ff02::1' }));
      }
      b.wait(0.1 * SECOND);
    }
    within(seen.size, 2, 4, 'addresses tried');
  },
  { auto: true, on: { temporary: true } },
);
