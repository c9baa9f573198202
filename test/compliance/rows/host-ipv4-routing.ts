/** Where an IPv4 host sends its datagrams, and addresses that it picks itself: RFC 1122 §3.3.1, RFC 3927, RFC 5227. */
import { type Bench, MINUTE, SECOND } from '../bench/bench.ts';
import { data } from '../bench/bytes.ts';
import { deepEqual, equal, none, ok, one, within } from '../bench/check.ts';
import type { Seen } from '../bench/seen.ts';
import { Topic, unseen } from '../table.ts';

export const hostIpv4Routing: Topic = new Topic('host', 'IPv4 routing and self-assigned addresses');
const { v4 } = hostIpv4Routing;

const hop = (b: Bench, to: string = b.far): string =>
  b.sendFrom(b.bind(0), to, data(1)).find(({ kind }) => kind === 'udp')?.toMac ?? 'none';
const word = (text: string): number => text.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);

function redirect(b: Bench, target: string, about: Seen, code = 1, by = b.router): void {
  b.send(b.icmp(5, code, { source: by.ip, word: word(target), body: about.bytes }), { from: by });
}

v4('1122 §3.3.1.1 MUST', 'A destination on the link is sent to directly.', (b) =>
  equal(hop(b, b.peer.ip), b.peer.mac),
);
v4('1122 §3.3.1.1 MUST', 'Any other destination is sent to a router.', (b) => equal(hop(b), b.router.mac));
v4(
  '1122 §3.3.1.1 MUST',
  'A host works on a network without any router.',
  (b) => equal(hop(b, b.peer.ip), b.peer.mac),
  { bare: true },
);
v4(
  '1122 §3.3.1.1 MUST',
  'Without a router, a destination elsewhere is refused to the application.',
  (b) => {
    const inbox = b.bind(0);
    none(b.sendFrom(inbox, b.far, data(1)));
    deepEqual(inbox.errors, ['ENETUNREACH']);
  },
  { bare: true },
);
v4('1122 §3.3.1.2 MUST', 'Redirects change the first hop of one destination.', (b) => {
  redirect(b, b.other.ip, one(b.sendFrom(b.bind(0), b.far, data(1))));
  deepEqual([hop(b), hop(b, '198.51.100.10')], [b.other.mac, b.router.mac]);
});
v4('1122 §3.3.1.2 MUST', 'Static routes can be given, and the most specific one is taken.', (b) => {
  b.addRoute('198.51.100.0', 24, b.other);
  deepEqual([hop(b), hop(b, '10.0.0.1')], [b.other.mac, b.router.mac]);
});
v4(
  '1122 §3.3.1.3 SHOULD',
  'Routes need not be for whole networks: a host route is the most specific.',
  (b) => {
    b.addRoute(b.far, 32, b.other);
    deepEqual([hop(b), hop(b, '198.51.100.10')], [b.other.mac, b.router.mac]);
  },
);
v4(
  '1122 §3.3.1.4 MUST',
  'A router that does not answer is detected, and another default router is taken.',
  (b) => {
    b.addRoute('0.0.0.0', 0, b.other, 10);
    equal(hop(b), b.router.mac);
    b.router.answers = false;
    b.wait(5 * MINUTE);
    hop(b);
    b.wait(30 * SECOND);
    hop(b);
    b.wait(10 * SECOND);
    equal(hop(b), b.other.mac);
  },
);
v4('1122 §3.3.1.5 MUST', 'Several default routers can be given, in an order of preference.', (b) => {
  b.addRoute('0.0.0.0', 0, b.other, 10);
  equal(hop(b), b.router.mac);
});
v4('1122 §3.3.1.6 MUST', 'Static routes and default routers come from a configuration.', (b) => {
  deepEqual(b.ways('0.0.0.0', 0), [b.router.ip]);
});
v4('1122 §3.2.2.2 MUST', 'A redirect for a type of service is taken as one for the host.', (b) => {
  redirect(b, b.other.ip, one(b.sendFrom(b.bind(0), b.far, data(1))), 3);
  equal(hop(b), b.other.mac);
});
v4('1122 §3.2.2.2 MUST', 'A redirect whose quoted datagram is not from this host is ignored.', (b) => {
  hop(b);
  const quoted = b.udp({ source: '192.0.2.77', destination: b.far });
  b.send(b.icmp(5, 1, { source: b.router.ip, word: word(b.other.ip), body: quoted }), { from: b.router });
  equal(hop(b), b.router.mac);
});
v4('1122 §3.2.2.2 MUST', 'A redirect to this host itself is ignored.', (b) => {
  redirect(b, b.me, one(b.sendFrom(b.bind(0), b.far, data(1))));
  equal(hop(b), b.router.mac);
});
v4('1122 §3.3.1.4 MUST', 'When the target of a redirect does not answer, the router is taken again.', (b) => {
  redirect(b, '192.0.2.77', one(b.sendFrom(b.bind(0), b.far, data(1))));
  b.sendFrom(b.bind(0), b.far, data(1));
  b.wait(30 * SECOND);
  hop(b);
  b.wait(10 * SECOND);
  equal(hop(b), b.router.mac);
});
v4('1122 §3.2.2.2 MUST', 'A flood of redirects does not grow without bound.', (b) => {
  const sent = one(b.sendFrom(b.bind(0), b.far, data(1)));
  for (let i = 0; i < 2_000; i++) {
    const bytes = sent.bytes.slice();
    bytes.set([198, 51, 100 + (i >> 8), i & 255], 16);
    b.send(b.icmp(5, 1, { source: b.router.ip, word: word(b.other.ip), body: bytes }), { from: b.router });
  }
  ok([...b.stack.routes()].length < 1_100);
});
v4(
  '1256 §5 SHOULD',
  'Routers are found by router discovery messages.',
  unseen('RFC 1256 is not implemented: IPv4 routers are written or given by DHCP, as everywhere'),
);

// RFC 5227: probing

const probed = { start: false, on: { probe: true } } as const;
const arps = (b: Bench): Seen[] => b.seen('arp');

v4(
  '5227 §2.1.1 MUST',
  'An address is probed three times before use, from 0.0.0.0 and by broadcast.',
  (b) => {
    b.stack.start();
    b.wait(20 * SECOND);
    const probes = arps(b).filter(({ source }) => source === '0.0.0.0');
    equal(probes.length, 3);
    for (const each of probes)
      deepEqual([each.destination, each.toMac, each.bytes[7]], [b.me, 'ff:ff:ff:ff:ff:ff', 1]);
  },
  probed,
);
v4(
  '5227 §2.1.1 MUST',
  'The first probe waits up to a second, and the others are one to two seconds apart.',
  (b) => {
    b.stack.start();
    b.wait(20 * SECOND);
    const times = arps(b)
      .filter(({ source }) => source === '0.0.0.0')
      .map(({ at }) => at);
    within(times[0]!, 0, SECOND, 'µs');
    for (let i = 1; i < 3; i++) within(times[i]! - times[i - 1]!, SECOND, 2 * SECOND, 'µs between them');
  },
  probed,
);
v4(
  '5227 §2.1.1 MUST',
  'The address is used two seconds after the last probe, not before.',
  (b) => {
    b.stack.start();
    b.wait(4 * SECOND);
    none(b.send(b.echo()));
    b.wait(6 * SECOND);
    one(b.send(b.echo()), 'echo-reply');
  },
  probed,
);
v4(
  '5227 §2.1.1 MUST',
  'A packet from the address while it is probed is a conflict: it is not used.',
  (b) => {
    b.stack.start();
    b.wait(2 * SECOND);
    b.frame(b.arp({ sender: b.me, target: b.me }));
    b.wait(20 * SECOND);
    none(b.send(b.echo()));
  },
  probed,
);
v4(
  '5227 §2.1.1 MUST',
  'A probe of another station for the same address is a conflict too.',
  (b) => {
    b.stack.start();
    b.wait(2 * SECOND);
    b.frame(b.arp({ sender: '0.0.0.0' }));
    b.wait(20 * SECOND);
    none(b.send(b.echo()));
  },
  probed,
);
v4(
  '5227 §2.1.1 MUST',
  'While it is probed, the address is not defended.',
  (b) => {
    b.stack.start();
    b.wait(2 * SECOND);
    b.frame(b.arp({ sender: '0.0.0.0', target: b.me }));
    none(arps(b).filter(({ bytes }) => bytes[7] === 2));
  },
  probed,
);
v4(
  '5227 §2.3 MUST',
  'After the probes, two announcements two seconds apart.',
  (b) => {
    b.stack.start();
    b.wait(20 * SECOND);
    const times = arps(b)
      .filter(({ source }) => source === b.me)
      .map(({ at }) => at);
    equal(times.length, 2);
    within(times[1]! - times[0]!, 1.9 * SECOND, 2.1 * SECOND, 'µs between them');
  },
  probed,
);

// RFC 3927

const selfAssigned = { auto: true, bare: true, on: { autoconfigure: true } } as const;
const own = (b: Bench): string =>
  b.addresses().find(({ ip, state }) => ip.startsWith('169.254.') && state === 'preferred')?.ip ?? 'none';

v4(
  '3927 §2.1 MUST',
  'A host picks an address from 169.254.1.0 to 169.254.254.255.',
  (b) => {
    const third = Number(own(b).split('.')[2]);
    within(third, 1, 254, 'third byte');
  },
  selfAssigned,
);
v4(
  '3927 §2.1 SHOULD',
  'The choice follows from the hardware address: a host that starts again picks the address it had.',
  (b) => {
    equal(own(b.another({ seed: 4_711 })), own(b));
  },
  selfAssigned,
);
v4(
  '3927 §2.2.1 MUST',
  'The address is probed before it is used.',
  (b) => {
    b.stack.start();
    b.wait(20 * SECOND);
    const probes = arps(b).filter(({ source }) => source === '0.0.0.0');
    equal(probes.length, 3);
    equal(probes[0]!.destination, own(b));
  },
  { ...selfAssigned, start: false },
);
v4(
  '3927 §2.2.1 MUST',
  'A conflict while it is probed makes the host pick another one.',
  (b) => {
    b.stack.start();
    b.wait(1.5 * SECOND);
    const first = arps(b)[0]!.destination;
    b.frame(b.arp({ sender: first, target: first }));
    b.wait(30 * SECOND);
    ok(own(b) !== first && own(b) !== 'none');
  },
  { ...selfAssigned, start: false },
);
v4(
  '3927 §2.2.1 MUST',
  'After ten conflicts, new addresses are tried at most once a minute.',
  (b) => {
    b.stack.start();
    let tried = 0;
    for (let i = 0; i < 20 * 60; i++) {
      b.forget();
      b.wait(0.1 * SECOND);
      const probe = arps(b).find(({ source }) => source === '0.0.0.0');
      if (probe === undefined) continue;
      tried++;
      b.frame(b.arp({ sender: probe.destination, target: probe.destination }));
    }
    within(tried, 10, 14, 'addresses tried in two minutes');
  },
  { ...selfAssigned, start: false },
);
v4(
  '3927 §2.4 MUST',
  'The address is announced when it comes into use.',
  (b) => {
    b.stack.start();
    b.wait(20 * SECOND);
    equal(arps(b).filter(({ source, destination }) => source === own(b) && destination === own(b)).length, 2);
  },
  { ...selfAssigned, start: false },
);
v4(
  '3927 §2.5(b) MAY',
  'A first conflict with the address in use is answered by one announcement.',
  (b) => {
    const mine = own(b);
    b.frame(b.arp({ sender: mine, target: mine }));
    equal(arps(b).filter(({ source }) => source === mine).length, 1);
    equal(own(b), mine);
  },
  selfAssigned,
);
v4(
  '3927 §2.5(b) MUST',
  'A second conflict within ten seconds ends the use of the address.',
  (b) => {
    const mine = own(b);
    b.frame(b.arp({ sender: mine, target: mine }));
    b.wait(SECOND);
    b.frame(b.arp({ sender: mine, target: mine }));
    b.wait(20 * SECOND);
    ok(own(b) !== mine);
  },
  selfAssigned,
);
v4(
  '3927 §2.6.1 MUST',
  'A link-local destination is spoken to from the link-local address, and directly.',
  (b) => {
    b.forget();
    b.sendFrom(b.bind(0), '169.254.7.7', data(1));
    const asked = one(arps(b));
    deepEqual([asked.source, asked.destination], [own(b), '169.254.7.7']);
  },
  selfAssigned,
);
v4(
  '3927 §2.7 MUST',
  'A datagram to or from a link-local address is not forwarded.',
  unseen('a rule for routers; the router suite shows it'),
);
v4(
  '3927 §2.8 MUST',
  'The whole of 169.254/16 is on the link, with one subnet and no routers.',
  (b) => {
    b.sendFrom(b.bind(0), '169.254.200.200', data(1));
    equal(one(arps(b)).destination, '169.254.200.200');
  },
  selfAssigned,
);
