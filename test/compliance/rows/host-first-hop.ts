/** Which router a host uses: RFC 4191 (preferences, routes), RFC 8028 (by source), RFC 4311. */
import { SECOND } from '../bench/bench.ts';
import { address, data, join, u32 } from '../bench/bytes.ts';
import { deepEqual, equal, one } from '../bench/check.ts';
import { prefixOption, routeOption } from '../bench/ipv6-packet.ts';
import { Topic } from '../table.ts';
import { hear, hop, PREFIX } from './host-routers.ts';

export const hostFirstHop: Topic = new Topic('host', 'Choice of routers', { auto: true });
const { v6 } = hostFirstHop;

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
