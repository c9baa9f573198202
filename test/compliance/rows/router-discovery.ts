/** A router among its neighbours: RFC 4861 §6.2, §7.2, RFC 4291 §2.6.1 and §2.8, RFC 4191, RFC 6980, RFC 826. */
import { type Bench, MINUTE, MS, SECOND } from '../bench/bench.ts';
import { type Bytes, get32, macText, solicitedNode, text } from '../bench/bytes.ts';
import { deepEqual, equal, none, ok, one, within } from '../bench/check.ts';
import { fragmentHeader, mtuOption, prefixOption, sourceLink, targetLink } from '../bench/ipv6-packet.ts';
import type { NdFields } from '../bench/packets.ts';
import type { Seen } from '../bench/seen.ts';
import { Topic, unseen } from '../table.ts';

export const routerDiscovery: Topic = new Topic('router', 'Advertising and neighbours', {
  on: { advertise: true },
});
const { v4, v6 } = routerDiscovery;

const fresh = { start: false } as const;

/** Options of an advertisement by type. */
function options({ icmp }: Seen): Map<number, Bytes> {
  const found = new Map<number, Bytes>();
  for (let at = 8; at < icmp.body.length; at += icmp.body[at + 1]! * 8)
    found.set(icmp.body[at]!, icmp.body.subarray(at, at + icmp.body[at + 1]! * 8));
  return found;
}
const advertised = (b: Bench): Seen[] => b.seen('router-advertisement');
const lifetime = ({ icmp }: Seen): number => icmp.word & 0xffff;

/** The answer to a solicitation, long after the last advertisement. */
function asked(b: Bench, f: NdFields = {}): Seen[] {
  b.wait(10 * SECOND);
  b.send(b.rs(f));
  b.wait(SECOND);
  return advertised(b);
}

v6(
  '4861 §6.2.3 MUST',
  'An advertisement comes from the link-local address, to all nodes, with hop limit 255.',
  (b) => {
    const seen = one(asked(b));
    deepEqual(
      [seen.source, seen.destination, seen.hopLimit, seen.icmp.code],
      [b.myLocal(), 'ff02::1', 255, 0],
    );
  },
  { logo: 'Router Advertisement Processing: Router Sends Valid Router Advertisement' },
);
v6('4861 §6.2.3 MUST', 'It names the lifetime of the router, 1,800 seconds by default.', (b) =>
  equal(lifetime(one(asked(b))), 1_800),
);
v6('4861 §6.2.3 MUST', 'It names the hop limit for hosts.', (b) => equal(one(asked(b)).icmp.word >>> 24, 64));
v6('4861 §6.2.3 MUST', 'Reachable time and retransmission timer are left unspecified.', (b) => {
  const { body } = one(asked(b)).icmp;
  deepEqual([get32(body, 0), get32(body, 4)], [0, 0]);
});
v6('4861 §6.2.3 MAY', 'It has the link-layer address of the router.', (b) =>
  equal(
    macText(
      options(one(asked(b)))
        .get(1)!
        .subarray(2),
    ),
    b.macs[0],
  ),
);
v6('4861 §6.2.3 MAY', 'It has the MTU of the link.', (b) =>
  equal(get32(options(one(asked(b))).get(5)!, 4), 1_500),
);
v6(
  '4861 §6.2.3 MUST',
  'It has every prefix of the link, on the link and for autoconfiguration, with lifetimes.',
  (b) => {
    const prefix = options(one(asked(b))).get(3)!;
    deepEqual([prefix[2], prefix[3]! & 0xc0, text(prefix.subarray(16))], [64, 0xc0, '2001:db8:1::']);
    deepEqual([get32(prefix, 4), get32(prefix, 8)], [2_592_000, 604_800]);
  },
);
v6('4861 §4.6.2 MUST', 'The link-local prefix is not advertised.', (b) =>
  ok(
    !text(
      options(one(asked(b)))
        .get(3)!
        .subarray(16),
    ).startsWith('fe80'),
  ),
);
v6(
  '4861 §6.2.4 MUST',
  'Unsolicited advertisements come between MinRtrAdvInterval and MaxRtrAdvInterval, 200 to 600 seconds.',
  (b) => {
    b.wait(30 * MINUTE);
    b.forget();
    b.wait(120 * MINUTE);
    const times = advertised(b).map(({ at }) => at);
    ok(times.length > 10);
    times.slice(1).forEach((at, i) => {
      within(at - times[i]!, 199 * SECOND, 601 * SECOND, 'µs between them');
    });
  },
);
v6('4861 §6.2.4 MUST', 'The intervals are random.', (b) => {
  b.forget();
  b.wait(120 * MINUTE);
  const times = advertised(b).map(({ at }) => at);
  ok(new Set(times.slice(1).map((at, i) => Math.round((at - times[i]!) / SECOND))).size > 5);
});
v6(
  '4861 §6.2.4 SHOULD',
  'The first three advertisements are at most 16 seconds apart.',
  (b) => {
    b.forget();
    b.stack.start();
    b.wait(10 * MINUTE);
    const times = advertised(b).map(({ at }) => at);
    for (const i of [1, 2]) within(times[i]! - times[i - 1]!, 0, 16 * SECOND, 'µs between them');
  },
  { ...fresh, logo: 'Router Sending Router Advertisements on Advertising Interfaces' },
);
v6(
  '4861 §6.2.6 MUST',
  'A solicitation is answered within half a second.',
  (b) => {
    b.wait(10 * SECOND);
    b.send(b.rs());
    const since = b.clock.now;
    b.wait(SECOND);
    within(one(advertised(b)).at - since, -1 * MS, 500 * MS, 'µs');
  },
  { logo: 'Processing Router Solicitations' },
);
v6(
  '4861 §6.2.6 MUST',
  'Multicast advertisements are at least three seconds apart, however many hosts ask.',
  (b) => {
    b.wait(10 * SECOND);
    b.forget();
    for (let i = 0; i < 100; i++) {
      b.inject(b.rs());
      b.wait(100 * MS);
    }
    const times = advertised(b).map(({ at }) => at);
    ok(times.length >= 2);
    times.slice(1).forEach((at, i) => {
      ok(at - times[i]! >= 3 * SECOND);
    });
  },
  { logo: 'Processing Router Solicitations' },
);
v6('4861 §6.2.6 MAY', 'Several solicitations at once get one answer.', (b) => {
  b.wait(10 * SECOND);
  b.forget();
  for (let i = 0; i < 5; i++) b.inject(b.rs());
  b.wait(SECOND);
  one(advertised(b));
});
v6('4861 §6.2.6 MUST', 'A solicitation from the unspecified address is answered.', (b) =>
  one(asked(b, { source: '::' })),
);
v6(
  '4861 §6.2.6 MUST',
  'The link-layer address in a solicitation enters the host in the cache, stale, and not as a router.',
  (b) => {
    b.peer.answers = false;
    asked(b, { with: [sourceLink(b.peer.mac)] });
    deepEqual(
      [b.macOf(b.peer.local), b.state(b.peer.local), b.neighbour(b.peer.local)?.isRouter],
      [b.peer.mac, 'stale', false],
    );
  },
  { logo: 'Processing Router Solicitations, Neighbor Cache' },
);
for (const [what, f] of [
  ['a hop limit other than 255', { hopLimit: 254 }],
  ['a wrong checksum', { icmpError: 1 }],
  ['a code other than zero', { code: 1 }],
  ['an option of length zero', { with: [Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0)] }],
  ['an option that runs past the message', { with: [Uint8Array.of(1, 2, 0, 0, 0, 0, 0, 0)] }],
  [
    'a link-layer address from the unspecified address',
    { source: '::', with: [sourceLink('02:00:00:00:01:02')] },
  ],
] as const) {
  v6('4861 §6.1.1 MUST', `A solicitation with ${what} is silently discarded.`, (b) => none(asked(b, f)), {
    logo: 'Router Ignores Invalid Router Solicitations',
  });
}
v6('6980 §5 MUST', 'A solicitation with a fragment header is silently discarded.', (b) =>
  none(asked(b, { chain: [fragmentHeader(0, false)] })),
);
v6(
  '4861 §6.2.1 MUST',
  'Nothing is advertised on an interface where that is not asked for.',
  (b) => {
    b.wait(30 * MINUTE);
    b.send(b.rs({ source: b.peer2.local }), { from: b.peer2 });
    b.wait(10 * SECOND);
    none(advertised(b).filter(({ link }) => link === 2));
  },
  { logo: 'Router Does Not Send Router Advertisements on Non-advertising Interfaces' },
);
v6(
  '4861 §6.2.5 SHOULD',
  'A router that ceases to be one says so with a lifetime of zero.',
  (b) => {
    b.forget();
    b.stack.forwarding = false;
    b.wait(SECOND);
    equal(lifetime(advertised(b)[0]!), 0);
  },
  { logo: 'Ceasing to Be an Advertising Interface' },
);
v6(
  '4861 §6.2.5 MUST',
  'A router that ceased to be one answers no solicitations.',
  (b) => {
    b.stack.forwarding = false;
    b.wait(MINUTE);
    b.send(b.rs());
    b.wait(10 * SECOND);
    ok(advertised(b).every((each) => lifetime(each) === 0));
  },
  { logo: 'Ceasing to Be an Advertising Interface' },
);
v6('4861 §6.2.5 SHOULD', 'Up to three final advertisements with a lifetime of zero are sent.', (b) => {
  b.forget();
  b.stack.forwarding = false;
  b.wait(2 * MINUTE);
  within(advertised(b).length, 1, 3, 'final advertisements');
});
v6('4861 §6.2.5 MUST', 'A router that becomes a host leaves the all-routers group.', (b) => {
  b.stack.forwarding = false;
  b.wait(SECOND);
  none(b.send(b.echo({ destination: 'ff02::2', source: b.peer.local })));
});
v6('4861 §6.2.7 MUST', 'A router takes no parameters from the advertisements of others.', (b) => {
  b.send(b.ra({ curHopLimit: 9, with: [prefixOption({ prefix: '2001:db8:77::' }), mtuOption(1_280)] }), {
    from: b.router,
  });
  b.wait(3 * SECOND);
  deepEqual([b.ways('::', 0), b.ways('2001:db8:77::', 64)], [[], []]);
  equal(one(b.send(b.echo())).hopLimit, 64);
});
v6('4862 §5 MUST', 'A router does not autoconfigure addresses from prefixes.', (b) => {
  b.send(b.ra({ with: [prefixOption({ prefix: '2001:db8:77::' })] }), { from: b.router });
  b.wait(3 * SECOND);
  ok(b.addresses().every(({ ip }) => !ip.startsWith('2001:db8:77:')));
});
v6(
  '4861 §6.3.7 MUST',
  'A router does not ask for routers.',
  (b) => {
    b.forget();
    b.stack.start();
    b.wait(MINUTE);
    none(b.seen('router-solicitation'));
  },
  fresh,
);
v6('4861 §7.2.4 MUST', 'A router has the router flag in its neighbour advertisements.', (b) => {
  b.send(b.ns(b.me, { source: b.peer.ip, with: [sourceLink(b.peer.mac)] }));
  equal(one(b.seen('neighbour-advertisement')).icmp.word >>> 29, 7);
});
v6('4291 §2.8 MUST', 'A router recognises all-routers of its links.', (b) =>
  one(b.send(b.echo({ destination: 'ff02::2', source: b.peer.local })), 'echo-reply'),
);
v6('4291 §2.6.1 MUST', 'A router answers to the subnet-router anycast address of its links.', (b) =>
  one(b.send(b.echo({ destination: '2001:db8:1::' })), 'echo-reply'),
);
v6('4291 §2.6 MUST', 'An anycast address is no source: the answer comes from a unicast address.', (b) =>
  equal(one(b.send(b.echo({ destination: '2001:db8:1::' }))).source, b.me),
);
v6('4861 §7.2.7 MUST', 'An anycast address is advertised without the override flag.', (b) => {
  b.send(
    b.ns('2001:db8:1::', {
      source: b.peer.ip,
      destination: solicitedNode('2001:db8:1::'),
      with: [sourceLink(b.peer.mac)],
    }),
  );
  b.wait(2 * SECOND);
  equal((one(b.seen('neighbour-advertisement')).icmp.word >>> 29) & 1, 0);
});
v6(
  '4861 §7.2.7 SHOULD',
  'The answer for an anycast address waits a random moment of up to a second.',
  (b) => {
    const delays = [1, 2, 3, 4].map((seed) => {
      const again = b.another({ seed });
      again.send(
        again.ns('2001:db8:1::', {
          source: again.peer.ip,
          destination: solicitedNode('2001:db8:1::'),
          with: [sourceLink(again.peer.mac)],
        }),
      );
      const since = again.clock.now;
      again.wait(2 * SECOND);
      return one(again.seen('neighbour-advertisement')).at - since;
    });
    for (const delay of delays) within(delay, -1 * MS, SECOND, 'µs');
    ok(new Set(delays).size > 1);
  },
);
v6('4861 §7.3.3 MUST', 'A router probes the neighbours that it forwards to.', (b) => {
  b.send(b.udp({ destination: b.peer2.ip }));
  b.wait(MINUTE);
  b.send(b.udp({ destination: b.peer2.ip }));
  b.wait(6 * SECOND);
  ok(
    b
      .seen('neighbour-solicitation')
      .some(({ link, destination }) => link === 2 && destination === b.peer2.ip),
  );
});
v6('4861 §7.2.5 MUST', 'A neighbour that tells of a new link-layer address is forwarded to there.', (b) => {
  b.send(b.udp({ destination: b.peer2.ip }));
  b.send(
    b.na(b.peer2.ip, 'O', {
      source: b.peer2.ip,
      destination: 'ff02::1',
      with: [targetLink('02:00:00:00:09:99')],
    }),
    { from: b.peer2 },
  );
  equal(one(b.send(b.udp({ destination: b.peer2.ip }))).toMac, '02:00:00:00:09:99');
});
v6(
  '6583 §7.1 SHOULD',
  'A scan of a subnet through the router leaves its neighbours known and forwarding.',
  (b) => {
    one(b.send(b.udp({ destination: b.peer2.ip })));
    for (let i = 0; i < 3_000; i++) b.inject(b.udp({ destination: `2001:db8:2::9:${i.toString(16)}` }));
    b.wait(SECOND);
    one(b.send(b.udp({ destination: b.peer2.ip })).filter(({ kind }) => kind === 'udp'));
  },
);
v6(
  '4861 §6.2.8 MUST',
  'A change of the link-local address of a router is told.',
  unseen('the link-local address of an interface never changes while it is up'),
);
v6(
  '4861 §6.2.1 MUST',
  'All variables of advertisements can be configured.',
  unseen('statements set them; the tests of the statements show it'),
);
v6('4191 §2.2 MUST', 'Preference bits of an advertisement that names no lifetime are medium.', (b) => {
  b.forget();
  b.stack.forwarding = false;
  b.wait(SECOND);
  equal((advertised(b)[0]!.icmp.word >>> 19) & 3, 0);
});
v6('4861 §6.2.2 MUST', 'A router joins all-routers on every link that it forwards on.', (b) => {
  one(b.send(b.echo({ destination: 'ff02::2', source: b.peer2.local }), { from: b.peer2 }), 'echo-reply');
});
v4(
  '826 Reception MUST',
  'A router answers ARP requests for its own address of that link, and for no other.',
  (b) => {
    b.frame(b.arp());
    one(b.seen('arp'));
    b.frame(b.arp({ target: b.me2 }));
    none(b.all());
    b.frame(b.arp({ target: b.peer2.ip }));
    none(b.all());
  },
  { on: {} },
);
v4(
  '1812 §3.3.2 MUST',
  'A neighbour that does not answer is asked for again at most once a second.',
  (b) => {
    b.peer2.answers = false;
    b.send(b.udp({ destination: b.peer2.ip }));
    b.forget();
    for (let i = 0; i < 50; i++) {
      b.inject(b.udp({ destination: b.peer2.ip }));
      b.wait(100 * MS);
    }
    ok(b.seen('arp').length <= 6);
  },
  { on: {} },
);
v4(
  '1812 §2.2.7 MUST',
  'The mask of a link says which of its addresses is a directed broadcast.',
  (b) => {
    none(b.send(b.udp({ destination: '203.0.113.127' }), { toMac: b.macs[0] }));
    b.wait(10 * SECOND);
    ok(b.seen('arp').some(({ destination }) => destination === '203.0.113.127'));
  },
  { on: {} },
);
