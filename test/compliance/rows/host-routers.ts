/** Router discovery in a host: RFC 4861 §6.3, RFC 4191, RFC 7559, RFC 8028, RFC 4311. */
import { type Bench, MINUTE, MS, SECOND } from '../bench/bench.ts';
import { address, data, join, macText, text, u32 } from '../bench/bytes.ts';
import { deepEqual, equal, none, ok, one, within } from '../bench/check.ts';
import { mtuOption, prefixOption, routeOption, sourceLink, targetLink } from '../bench/ipv6-packet.ts';
import type { RaFields } from '../bench/packets.ts';
import type { Station } from '../bench/stations.ts';
import { Topic, unseen } from '../table.ts';

export const hostRouters: Topic = new Topic('host', 'Router discovery', { auto: true });
const { v6 } = hostRouters;

const PREFIX = '2001:db8:7::';

/** An advertisement by the router, or by another station that plays one. */
function hear(b: Bench, f: RaFields = {}, by: Station = b.router): void {
  by.isRouter = true;
  const options = [sourceLink(by.mac), ...(f.with ?? [prefixOption({ prefix: PREFIX })])];
  b.send(b.ra({ source: by.local, ...f, with: options }), { from: by });
  b.wait(3 * SECOND);
}

/** The station that a datagram to `to` goes to; `none` when it does not leave. */
function hop(b: Bench, to: string = b.far): string {
  const sent = b.sendFrom(b.bind(0), to, data(1));
  return sent.find(({ kind }) => kind === 'udp')?.toMac ?? 'none';
}

// Solicitations

v6(
  '4861 §6.3.7 MUST',
  'A host that comes up asks all routers, with hop limit 255.',
  (b) => {
    b.forget();
    b.stack.start();
    b.wait(10 * SECOND);
    const asked = b.seen('router-solicitation')[0]!;
    deepEqual(
      [asked.destination, asked.toMac, asked.hopLimit, asked.icmp.code, asked.sound],
      ['ff02::2', '33:33:00:00:00:02', 255, 0, true],
    );
  },
  { start: false, logo: 'Router Solicitation Origination - Host Solicits' },
);
v6(
  '4861 §6.3.7 MUST',
  'The source of a solicitation is an own address, or unspecified without a link-layer address option.',
  (b) => {
    b.forget();
    b.stack.start();
    b.wait(20 * SECOND);
    for (const { source, icmp } of b.seen('router-solicitation')) {
      if (source === '::') equal(icmp.body.length, 0);
      else deepEqual([source, macText(icmp.body.subarray(2, 8))], [b.myLocal(), b.macs[0]]);
    }
    ok(b.seen('router-solicitation').length > 0);
  },
  { start: false, logo: 'Router Solicitation Origination - Host Solicits' },
);
v6(
  '4861 §6.3.7 MUST',
  'Solicitations are at least four seconds apart, give or take a tenth for jitter.',
  (b) => {
    b.forget();
    b.stack.start();
    b.wait(MINUTE);
    const times = b.seen('router-solicitation').map(({ at }) => at);
    ok(times.length >= 3);
    times.slice(1).forEach((at, i) => {
      ok(at - times[i]! >= 3.6 * SECOND);
    });
  },
  { start: false, logo: 'Router Solicitation Origination - Host Solicits' },
);
v6(
  '7559 §2 SHOULD',
  'A host goes on asking, ever more slowly, as long as no router answers.',
  (b) => {
    b.forget();
    b.stack.start();
    b.wait(24 * 60 * MINUTE);
    const times = b.seen('router-solicitation').map(({ at }) => at);
    within(times.length, 12, 60, 'solicitations in a day');
    ok(times.at(-1)! - times.at(-2)! > 50 * MINUTE);
  },
  { start: false },
);
v6(
  '4861 §6.3.7 MUST',
  'A valid advertisement with a router lifetime ends the asking.',
  (b) => {
    b.forget();
    b.stack.start();
    b.wait(3 * SECOND);
    hear(b);
    b.forget();
    b.wait(10 * MINUTE);
    none(b.seen('router-solicitation'));
  },
  { start: false, logo: 'Router Solicitation Origination - Host Receives RA' },
);
v6(
  '7559 §2 MUST',
  'An advertisement with a router lifetime of zero does not end the asking.',
  (b) => {
    b.forget();
    b.stack.start();
    b.wait(3 * SECOND);
    hear(b, { lifetime: 0 });
    b.forget();
    b.wait(5 * MINUTE);
    ok(b.seen('router-solicitation').length > 0);
  },
  { start: false },
);

// Default routers

v6(
  '4861 §6.3.4 MUST',
  'An advertisement with a lifetime makes a default router.',
  (b) => {
    equal(hop(b), 'none');
    hear(b);
    equal(hop(b), b.router.mac);
  },
  { logo: 'Router Advertisement Processing, Router Lifetime' },
);
v6(
  '4861 §6.3.4 MUST',
  'A router lifetime of zero takes the router from the list at once.',
  (b) => {
    hear(b);
    hear(b, { lifetime: 0 });
    equal(hop(b), 'none');
  },
  { logo: 'Router Advertisement Processing, Router Lifetime' },
);
v6(
  '4861 §6.3.4 MUST',
  'A router lifetime of zero says nothing about the prefixes in the same message.',
  (b) => {
    hear(b, { lifetime: 0 });
    ok(b.addresses().some(({ ip }) => ip.startsWith('2001:db8:7:')));
  },
);
v6(
  '4861 §6.3.5 MUST',
  'A router is gone when its lifetime is over.',
  (b) => {
    hear(b, { lifetime: 60 });
    equal(hop(b), b.router.mac);
    b.wait(60 * SECOND);
    equal(hop(b), 'none');
  },
  { logo: 'Router Advertisement Processing, Router Lifetime' },
);
v6(
  '4861 §6.3.4 MUST',
  'A later advertisement renews the lifetime.',
  (b) => {
    hear(b, { lifetime: 60 });
    b.wait(40 * SECOND);
    hear(b, { lifetime: 60 });
    b.wait(40 * SECOND);
    equal(hop(b), b.router.mac);
  },
  { logo: 'Router Advertisement Processing, Router Lifetime' },
);
v6(
  '4861 §6.3.4 MUST',
  'At least two default routers are kept.',
  (b) => {
    hear(b);
    hear(b, {}, b.other);
    hear(b, { lifetime: 0 });
    equal(hop(b), b.other.mac);
  },
  { logo: 'Default Router Switch' },
);
v6(
  '4861 §6.3.6 MUST',
  'A router that stopped answering is left for one that can be reached.',
  (b) => {
    hear(b);
    hear(b, {}, b.other);
    const first = hop(b);
    (first === b.router.mac ? b.router : b.other).answers = false;
    b.wait(MINUTE);
    hop(b);
    b.wait(20 * SECOND);
    const second = hop(b);
    ok(second !== first && second !== 'none');
  },
  { logo: 'Default Router Switch' },
);
v6('4861 §7.3.3 MUST', 'With no router left that answers, they are tried in turn rather than none.', (b) => {
  hear(b);
  b.router.answers = false;
  hop(b);
  b.wait(5 * MINUTE);
  hop(b);
  b.wait(30 * SECOND);
  b.router.answers = true;
  hop(b);
  b.wait(2 * SECOND);
  equal(hop(b), b.router.mac);
});
v6(
  '4861 §7.2.5 MUST',
  'An advertisement without the router flag takes a router from the list.',
  (b) => {
    hear(b);
    equal(hop(b), b.router.mac);
    b.send(
      b.na(b.router.local, 'SO', {
        source: b.router.local,
        destination: b.myLocal(),
        with: [targetLink(b.router.mac)],
      }),
      { from: b.router },
    );
    equal(hop(b), 'none');
  },
  { logo: 'Neighbor Advertisement Processing, R-bit Change' },
);
v6(
  '4861 §6.3.4 MUST',
  'The source link-layer address option enters the router in the cache, as a router.',
  (b) => {
    b.router.answers = false;
    hear(b);
    deepEqual([b.macOf(b.router.local), b.neighbour(b.router.local)?.isRouter], [b.router.mac, true]);
  },
  { logo: 'Router Advertisement Processing, Neighbor Cache' },
);
v6(
  '4861 §6.3.4 MUST',
  'An advertisement with another link-layer address makes the entry stale.',
  (b) => {
    b.router.answers = false;
    hear(b);
    b.send(b.ra({ with: [sourceLink('02:00:00:00:09:99')] }), { from: b.router });
    deepEqual([b.macOf(b.router.local), b.state(b.router.local)], ['02:00:00:00:09:99', 'stale']);
  },
  { logo: 'Router Advertisement Processing, Neighbor Cache' },
);
v6(
  '4861 §7.3.1 MUST',
  'A router advertisement does not confirm reachability.',
  (b) => {
    b.router.answers = false;
    hear(b);
    equal(b.state(b.router.local), 'stale');
  },
  { logo: 'Router Advertisement Processing, Neighbor Cache' },
);
v6('4861 §6.3.4 MAY', 'The number of routers is bounded: a flood of advertisements does no harm.', (b) => {
  hear(b);
  for (let i = 0; i < 200; i++) b.send(b.ra({ source: `fe80::bad:${i.toString(16)}` }), { from: b.other });
  ok(b.ways('::', 0).length <= 64);
  one(b.send(b.echo({ source: b.peer.local, destination: b.myLocal() })), 'echo-reply');
});

// Parameters

v6(
  '4861 §6.3.4 SHOULD',
  'Cur Hop Limit is the hop limit of what is sent.',
  (b) => {
    hear(b, { curHopLimit: 15 });
    equal(one(b.sendFrom(b.bind(0), b.far, data(1))).hopLimit, 15);
  },
  { logo: 'Router Advertisement Processing, Cur Hop Limit' },
);
v6(
  '4861 §6.3.4 MUST',
  'A Cur Hop Limit of zero leaves the value as it was.',
  (b) => {
    hear(b, { curHopLimit: 15 });
    hear(b, { curHopLimit: 0 });
    equal(one(b.sendFrom(b.bind(0), b.far, data(1))).hopLimit, 15);
  },
  { logo: 'Router Advertisement Processing, Cur Hop Limit' },
);
v6(
  '4861 §6.3.4 SHOULD',
  'Reachable Time sets how long a neighbour stays reachable, between half and one and a half of it.',
  (b) => {
    hear(b, { reachable: 10_000 });
    b.peer.answers = false;
    b.send(b.echo({ source: b.peer.local, destination: b.myLocal() }));
    b.send(b.na(b.peer.local, 'SO', { destination: b.myLocal(), with: [targetLink(b.peer.mac)] }));
    equal(b.state(b.peer.local), 'reachable');
    b.wait(4.9 * SECOND);
    equal(b.state(b.peer.local), 'reachable');
    b.wait(10.2 * SECOND);
    equal(b.state(b.peer.local), 'stale');
  },
  { logo: 'Router Advertisement Processing, Reachable Time' },
);
v6(
  '4861 §6.3.4 MUST',
  'A Reachable Time of zero leaves the value as it was.',
  (b) => {
    hear(b, { reachable: 10_000 });
    hear(b, { reachable: 0 });
    b.peer.answers = false;
    b.send(b.echo({ source: b.peer.local, destination: b.myLocal() }));
    b.send(b.na(b.peer.local, 'SO', { destination: b.myLocal(), with: [targetLink(b.peer.mac)] }));
    b.wait(15.1 * SECOND);
    equal(b.state(b.peer.local), 'stale');
  },
  { logo: 'Router Advertisement Processing, Reachable Time' },
);
v6(
  '4861 §6.3.4 SHOULD',
  'Retrans Timer is the time between solicitations.',
  (b) => {
    hear(b, { retrans: 5_000 });
    b.peer.answers = false;
    b.sendFrom(b.bind(0), '2001:db8:7::77', data(1));
    b.wait(12 * SECOND);
    const times = b.seen('neighbour-solicitation').map(({ at }) => at);
    equal(times.length, 3);
    within(times[1]! - times[0]!, 4.9 * SECOND, 5.6 * SECOND, 'µs between them');
  },
  { logo: 'Router Advertisement Processing, RetransTimer' },
);
v6(
  '4861 §6.3.4 MUST',
  'A Retrans Timer of zero leaves the value as it was.',
  (b) => {
    hear(b, { retrans: 5_000 });
    hear(b, { retrans: 0 });
    b.sendFrom(b.bind(0), '2001:db8:7::77', data(1));
    b.wait(4 * SECOND);
    one(b.seen('neighbour-solicitation'));
  },
  { logo: 'Router Advertisement Processing, RetransTimer' },
);
v6(
  '4861 §6.3.4 SHOULD',
  'The MTU option sets the MTU of the link.',
  (b) => {
    hear(b, { with: [prefixOption({ prefix: PREFIX }), mtuOption(1_300)] });
    for (const { bytes } of b.sendFrom(b.bind(0), b.far, data(1_400))) ok(bytes.length <= 1_300);
  },
  { logo: 'Router Advertisement with MTU Option' },
);
v6(
  '4861 §6.3.4 MUST',
  'An MTU below 1,280 bytes or above that of the link is ignored.',
  (b) => {
    hear(b, { with: [prefixOption({ prefix: PREFIX }), mtuOption(1_279)] });
    equal(b.stack.pathMtu(b.at(b.far)), 1_500);
    hear(b, { with: [mtuOption(9_000)] });
    equal(b.stack.pathMtu(b.at(b.far)), 1_500);
  },
  { logo: 'Router Advertisement with MTU Option' },
);
v6(
  '4861 §6.3.4 SHOULD',
  'What an advertisement leaves unspecified keeps the value of an earlier one.',
  (b) => {
    hear(b, { curHopLimit: 15, with: [prefixOption({ prefix: PREFIX }), mtuOption(1_300)] });
    hear(b, { curHopLimit: 0, with: [] });
    equal(one(b.sendFrom(b.bind(0), b.far, data(1))).hopLimit, 15);
    equal(b.stack.pathMtu(b.at(b.far)), 1_300);
  },
);

// Prefixes

v6(
  '4861 §6.3.4 MUST',
  'A prefix with the on-link flag is on the link.',
  (b) => {
    hear(b);
    b.sendFrom(b.bind(0), '2001:db8:7::77', data(1));
    equal(text(b.seen('neighbour-solicitation')[0]!.icmp.body.subarray(0, 16)), '2001:db8:7::77');
  },
  { logo: 'Prefix Information Option Processing, On-link Flag' },
);
v6(
  '4861 §6.3.4 MUST',
  'A prefix without the on-link flag says nothing about the link: its addresses go to the router.',
  (b) => {
    hear(b, { with: [prefixOption({ prefix: PREFIX, onLink: false })] });
    equal(hop(b, '2001:db8:7::77'), b.router.mac);
  },
  { logo: 'Prefix Information Option Processing, On-link Flag' },
);
v6('4861 §6.3.4 MUST', 'A prefix without the on-link flag does not end what an earlier one said.', (b) => {
  hear(b);
  hear(b, { with: [prefixOption({ prefix: PREFIX, onLink: false })] });
  equal(hop(b, '2001:db8:7::77'), 'none');
});
v6('4861 §6.3.4 MUST', 'The link-local prefix in an option is ignored.', (b) => {
  hear(b, { with: [prefixOption({ prefix: 'fe80::', valid: 0 }), prefixOption({ prefix: PREFIX })] });
  equal(b.sendFrom(b.bind(0), b.peer.local, data(1), 9, 1)[0]?.toMac, b.peer.mac);
});
v6(
  '4861 §6.3.4 MUST',
  'A prefix is no longer on the link when its valid lifetime is over.',
  (b) => {
    hear(b, {
      with: [
        prefixOption({ prefix: PREFIX, valid: 60, autonomous: false }),
        prefixOption({ prefix: '2001:db8:8::' }),
      ],
    });
    b.wait(MINUTE);
    equal(hop(b, '2001:db8:7::77'), b.router.mac);
  },
  { logo: 'Host Prefix List' },
);
v6(
  '4861 §6.3.4 MUST',
  'A valid lifetime of zero takes a prefix from the list at once.',
  (b) => {
    hear(b, {
      with: [prefixOption({ prefix: PREFIX, autonomous: false }), prefixOption({ prefix: '2001:db8:8::' })],
    });
    equal(hop(b, '2001:db8:7::77'), 'none');
    hear(b, { with: [prefixOption({ prefix: PREFIX, valid: 0, autonomous: false })] });
    equal(hop(b, '2001:db8:7::77'), b.router.mac);
  },
  { logo: 'Host Prefix List' },
);
v6(
  '4861 §6.3.4 MUST',
  'A later advertisement renews the lifetime of a prefix.',
  (b) => {
    const short = [
      prefixOption({ prefix: PREFIX, valid: 60, autonomous: false }),
      prefixOption({ prefix: '2001:db8:8::' }),
    ];
    hear(b, { with: short });
    b.wait(40 * SECOND);
    hear(b, { with: short });
    b.wait(40 * SECOND);
    equal(hop(b, '2001:db8:7::77'), 'none');
  },
  { logo: 'Host Prefix List' },
);
v6('4861 §4.6.2 MUST', 'A lifetime of all ones never ends.', (b) => {
  hear(b, { with: [prefixOption({ prefix: PREFIX, valid: 0xffffffff, preferred: 0xffffffff })] });
  b.wait(100 * 24 * 60 * MINUTE);
  equal(hop(b, '2001:db8:7::77'), 'none');
});
v6('4861 §6.3.4 MUST', 'Bits of a prefix option behind its length are ignored.', (b) => {
  hear(b, {
    with: [
      prefixOption({ prefix: '2001:db8:7:1::ff', length: 48, autonomous: false }),
      prefixOption({ prefix: '2001:db8:8::' }),
    ],
  });
  equal(hop(b, '2001:db8:7:9::1'), 'none');
});
v6('4861 §6.3.4 MUST', 'Several prefixes in one advertisement are all taken.', (b) => {
  hear(b, { with: ['a', 'b', 'c'].map((each) => prefixOption({ prefix: `2001:db8:${each}::` })) });
  for (const each of ['a', 'b', 'c']) ok(b.addresses().some(({ ip }) => ip.startsWith(`2001:db8:${each}:`)));
});
v6('4861 §6.3.4 MUST', 'The M and O flags do not keep a host from autoconfiguration.', (b) => {
  hear(b, { flags: 0xc0 });
  ok(b.addresses().some(({ ip }) => ip.startsWith('2001:db8:7:')));
});

// Preferences and more specific routes (RFC 4191), first hop by source (RFC 8028)

for (const [first, second, wins] of [
  [0x00, 0x08, 'other'],
  [0x08, 0x00, 'router'],
  [0x18, 0x00, 'other'],
  [0x18, 0x08, 'other'],
  [0x08, 0x18, 'router'],
] as const) {
  const name = { 0: 'medium', 8: 'high', 24: 'low' };
  v6(
    '4191 §3.1 MUST',
    `Of a router of ${name[first]} and one of ${name[second]} preference, the better is taken.`,
    (b) => {
      hear(b, { flags: first });
      hear(b, { flags: second }, b.other);
      equal(hop(b), b[wins].mac);
    },
  );
}
v6('4191 §2.2 MUST', 'The reserved preference counts as medium.', (b) => {
  hear(b, { flags: 0x10 });
  hear(b, { flags: 0x18 }, b.other);
  equal(hop(b), b.router.mac);
});
v6('4191 §3.1 MUST', 'A later advertisement changes the preference.', (b) => {
  hear(b, { flags: 0x08 });
  hear(b, { flags: 0x00 }, b.other);
  hear(b, { flags: 0x18 });
  equal(hop(b), b.other.mac);
});
v6(
  '4191 §3.2 MUST',
  'A reachable router of lower preference is taken before one that does not answer.',
  (b) => {
    hear(b, { flags: 0x08 });
    hear(b, {}, b.other);
    b.router.answers = false;
    hop(b);
    b.wait(10 * SECOND);
    equal(hop(b), b.other.mac);
  },
);
v6('4191 §3.1 MAY', 'A route information option makes a more specific route (type C host).', (b) => {
  hear(b);
  hear(b, { lifetime: 0, with: [routeOption('2001:db8:9::', 48, 600)] }, b.other);
  equal(hop(b), b.other.mac);
  equal(hop(b, '2001:db8:5::1'), b.router.mac);
});
v6('4191 §3.1 MUST', 'A route information option with lifetime zero takes the route away.', (b) => {
  hear(b);
  hear(b, { lifetime: 0, with: [routeOption('2001:db8:9::', 48, 600)] }, b.other);
  hear(b, { lifetime: 0, with: [routeOption('2001:db8:9::', 48, 0)] }, b.other);
  equal(hop(b), b.router.mac);
});
v6('4191 §3.1 MUST', 'A route ends with its lifetime.', (b) => {
  hear(b);
  hear(b, { lifetime: 0, with: [routeOption('2001:db8:9::', 48, 30)] }, b.other);
  b.wait(30 * SECOND);
  equal(hop(b), b.router.mac);
});
v6('4191 §2.3 MUST', 'A route with the reserved preference is ignored.', (b) => {
  hear(b);
  hear(b, { lifetime: 0, with: [routeOption('2001:db8:9::', 48, 600, 2)] }, b.other);
  equal(hop(b), b.router.mac);
});
v6(
  '4191 §3.1 MUST',
  'A route information option for ::/0 overrides the router lifetime of the same advertisement.',
  (b) => {
    hear(b, { lifetime: 0, with: [prefixOption({ prefix: PREFIX }), routeOption('::', 0, 600)] });
    equal(hop(b), b.router.mac);
  },
);
v6('4191 §2.3 MUST', 'A route information option too short for its prefix length is ignored.', (b) => {
  hear(b);
  const short = join([24, 2, 128, 0], u32(600), address('2001:db8:9::').subarray(0, 8));
  hear(b, { lifetime: 0, with: [short] }, b.other);
  equal(hop(b), b.router.mac);
});
v6('4191 §3.1 MUST', 'Of two routes to one prefix the one of higher preference is taken.', (b) => {
  hear(b, { with: [prefixOption({ prefix: PREFIX }), routeOption('2001:db8:9::', 48, 600, 3)] });
  hear(b, { lifetime: 0, with: [routeOption('2001:db8:9::', 48, 600, 1)] }, b.other);
  equal(hop(b), b.other.mac);
});
v6('8028 §3.2 SHOULD', 'A packet goes to the router that advertised the prefix of its source.', (b) => {
  hear(b, { with: [prefixOption({ prefix: '2001:db8:a::', onLink: false })] });
  hear(b, { with: [prefixOption({ prefix: '2001:db8:b::', onLink: false })] }, b.other);
  for (const [prefix, mac] of [
    ['2001:db8:a:', b.router.mac],
    ['2001:db8:b:', b.other.mac],
  ] as const) {
    const own = b.addresses().find(({ ip }) => ip.startsWith(prefix))!.ip;
    equal(one(b.sendFrom(b.bind(0, own), b.far, data(1))).toMac, mac);
  }
});
v6(
  '8028 §3.3 SHOULD',
  'Without a bound source, the source is of a prefix that the first hop advertises.',
  (b) => {
    hear(b, { flags: 0x18, with: [prefixOption({ prefix: '2001:db8:a::', onLink: false })] });
    hear(b, { flags: 0x08, with: [prefixOption({ prefix: '2001:db8:b::', onLink: false })] }, b.other);
    const sent = one(b.sendFrom(b.bind(0), b.far, data(1)));
    deepEqual([sent.toMac, sent.source.startsWith('2001:db8:b:')], [b.other.mac, true]);
  },
);
v6('4311 §3 SHOULD', 'With several equal routers, destinations are shared among them.', (b) => {
  hear(b);
  hear(b, {}, b.other);
  const hops = new Set(Array.from({ length: 64 }, (_, i) => hop(b, `2001:db8:9::${i.toString(16)}`)));
  equal(hops.size, 2);
});
v6(
  '4861 §6.3.7 SHOULD',
  'The first solicitation waits a random moment of up to a second.',
  (b) => {
    b.forget();
    b.stack.start();
    b.wait(10 * SECOND);
    const dad = b.seen('neighbour-solicitation')[0]!;
    within(b.seen('router-solicitation')[0]!.at - dad.at, 0, 3 * SECOND, 'µs behind duplicate detection');
  },
  { start: false },
);
v6('8106 §6.1 MAY', 'Recursive DNS servers in an advertisement do no harm where nobody uses them.', (b) => {
  hear(b, {
    with: [prefixOption({ prefix: PREFIX }), join([25, 3, 0, 0], u32(600), address('2001:db8::53'))],
  });
  equal(hop(b), b.router.mac);
});
v6(
  '4861 §6.2.7 MAY',
  'A host need not check the advertisements of routers for consistency.',
  unseen('a rule for routers; hosts take the latest value'),
);
v6(
  '4861 §6.3.4 MUST',
  'Advertisements count within a moment: a message a millisecond ago is acted upon.',
  (b) => {
    b.send(b.ra({ with: [prefixOption({ prefix: PREFIX })] }), { from: b.router });
    b.wait(1 * MS);
    equal(b.ways('2001:db8:7::', 64).length, 1);
  },
);
