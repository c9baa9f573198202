/** What a host takes over from router advertisements: RFC 4861 §6.3.4, RFC 8106. */
import { MINUTE, MS, SECOND } from '../bench/bench.ts';
import { address, data, join, text, u32 } from '../bench/bytes.ts';
import { equal, ok, one, within } from '../bench/check.ts';
import { mtuOption, prefixOption, targetLink } from '../bench/ipv6-packet.ts';
import { Topic, unseen } from '../table.ts';
import { hear, hop, PREFIX } from './host-routers.ts';

export const hostLinkParameters: Topic = new Topic('host', 'Parameters and prefixes of a link', {
  auto: true,
});
const { v6 } = hostLinkParameters;

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
