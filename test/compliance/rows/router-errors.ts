/** ICMP of a router: RFC 1812 §4.3, RFC 4443, RFC 4861 §8.2, RFC 6633. */
import { type Bench, SECOND } from '../bench/bench.ts';
import { type Bytes, data, macText, text } from '../bench/bytes.ts';
import { deepEqual, equal, none, ok, one, within } from '../bench/check.ts';
import type { UdpFields } from '../bench/packets.ts';
import type { Seen } from '../bench/seen.ts';
import { Topic, unseen } from '../table.ts';

export const routerErrors: Topic = new Topic('router', 'ICMP of a router');
const { v4, v6, both } = routerErrors;

/** A datagram that no router can forward. */
function lost(b: Bench, f: UdpFields = {}): Bytes {
  return b.udp({ destination: b.places.nowhere, ...f });
}
const dead = (b: Bench, f: UdpFields = {}): Bytes => b.udp({ destination: b.peer2.ip, hopLimit: 1, ...f });
const about = (seen: readonly Seen[]): Seen[] => seen.filter(({ kind }) => kind === 'redirect');

both(
  '1812 §4.3.2.4 MUST',
  '4443 §2.2 MUST',
  'An error comes from an address of the link that it leaves by.',
  (b) => equal(one(b.send(lost(b))).source, b.me),
);
both('1812 §4.3.2.7 MUST', '4443 §2.4(e.1) MUST', 'No error about an error in transit.', (b) => {
  const error = b.error('port-unreachable', b.udp(), { source: b.peer.ip, destination: b.places.nowhere });
  none(b.send(error));
});
both(
  '1812 §4.3.2.7 MUST',
  '4443 §2.4(e) MUST',
  'An echo request in transit may be answered with an error.',
  (b) => one(b.send(b.echo({ destination: b.places.nowhere })), 'net-unreachable'),
);
v4('1812 §4.3.2.7 MUST', 'No error about a fragment other than the first.', (b) =>
  none(b.send(b.fragments(lost(b, { data: data(100) }), [48])[1]!)),
);
both('1812 §4.3.2.7 MUST', '4443 §2.4(e) MUST', 'The first fragment is answered like any packet.', (b) =>
  one(b.send(b.fragments(lost(b, { data: data(100) }), [48])[0]!), 'net-unreachable'),
);
both('1812 §4.3.2.7 MUST', '4443 §2.4(e.3) MUST', 'No error about a packet to a group.', (b) =>
  none(b.send(b.udp({ destination: b.is6 ? 'ff0e::9' : '239.1.2.3', hopLimit: 1 }))),
);
v4('1812 §4.3.2.7 MUST', 'No error about a datagram to a broadcast address.', (b) =>
  none(b.send(b.udp({ destination: b.broadcast(2), hopLimit: 1 }), { toMac: b.macs[0] })),
);
both('1812 §4.3.2.7 MUST', '4443 §2.4(e.6) MUST', 'No error to a source that names no single host.', (b) => {
  for (const source of b.is6 ? ['::', 'ff02::3'] : ['0.0.0.0', '224.0.0.3', '255.255.255.255', '192.0.2.255'])
    none(b.send(dead(b, { source })));
});
v4('1812 §4.3.2.3 SHOULD', 'An error quotes as much as fits into 576 bytes.', (b) =>
  equal(one(b.send(lost(b, { data: data(1_000) }))).bytes.length, 576),
);
v6('4443 §2.4(c) MUST', 'An error quotes as much as fits into 1,280 bytes.', (b) =>
  equal(one(b.send(lost(b, { data: data(1_400) }))).bytes.length, 1_280),
);
v4(
  '1812 §4.3.2.3 MUST',
  'The quoted header is that of the datagram as it came, its time to live too.',
  (b) => {
    equal(one(b.send(lost(b, { hopLimit: 33 }))).icmp.body[8], 33);
  },
);
v4(
  '1812 §4.3.2.5 SHOULD',
  'Errors have precedence 6 or 7, replies the type of service of the request.',
  (b) => {
    ok(one(b.send(lost(b))).trafficClass >>> 5 >= 6);
    equal(one(b.send(b.echo({ trafficClass: 0x28 }))).trafficClass, 0x28);
  },
);
v4(
  '1812 §4.3.2.6 SHOULD',
  'Errors about a source-routed datagram follow the route back.',
  unseen('source-routed datagrams are dropped in silence (RFC 7126), so nothing is sent about them'),
);
both('1812 §4.3.2.8 SHOULD', '4443 §2.4(f) MUST', 'The rate of errors is limited.', (b) => {
  one(b.send(dead(b)));
  for (let i = 0; i < 3_000; i++) b.inject(dead(b));
  within(b.seen().length, 10, 1_100, 'errors at once');
});
both('1812 §4.3.2.8 SHOULD', '4443 §2.4(f) MUST', 'After the limit was hit, errors are sent again.', (b) => {
  one(b.send(dead(b)));
  for (let i = 0; i < 3_000; i++) b.inject(dead(b));
  b.wait(SECOND);
  one(b.send(dead(b)), 'time-exceeded');
});
v4('1812 §4.3.2.8 SHOULD', 'Answers to echo requests are not limited with the errors.', (b) => {
  one(b.send(b.echo()));
  for (let i = 0; i < 500; i++) b.inject(b.echo());
  equal(b.seen().length, 501);
});
v4('1812 §4.3.3.3 MUST', 'A router sends no source quench.', (b) => {
  for (let i = 0; i < 500; i++)
    ok(b.send(b.udp({ destination: b.peer2.ip })).every(({ kind }) => kind !== 'source-quench'));
});
v4('6633 §5 MUST', 'A source quench in transit is forwarded or dropped, but never acted upon.', (b) => {
  ok(b.send(b.icmp(4, 0, { destination: b.peer2.ip, body: b.udp() })).length <= 1);
});
v4(
  '1812 §4.3.3.1 MUST',
  'A router for which nothing is unreachable says so with the right code: network, host, port, protocol.',
  (b) => {
    equal(one(b.send(b.udp())).kind, 'port-unreachable');
    equal(one(b.send(b.packet({ protocol: 253, payload: data(8) }))).kind, 'protocol-unreachable');
    equal(one(b.send(lost(b))).kind, 'net-unreachable');
  },
);
v4('1812 §4.3.3.7 SHOULD', 'Information requests are not answered.', (b) =>
  none(b.send(b.icmp(15, 0, { word: 1 }))),
);
v4('6918 §2 SHOULD', 'Address mask requests are obsolete and not answered.', (b) =>
  none(b.send(b.icmp(17, 0, { word: 1, body: data(4) }))),
);
v4('1812 §4.3.3.8 MAY', 'Timestamp requests need not be answered.', (b) =>
  none(b.send(b.icmp(13, 0, { word: 1, body: data(12) }))),
);
both(
  '1812 §4.3.3.1 MAY',
  '4443 §3.1 MAY',
  'What is prohibited by a filter may be told.',
  unseen('IN statements drop in silence, lest a scan learns what is filtered'),
);
v4(
  '1812 §4.3.3.2 SHOULD',
  'A datagram that goes back onto its link makes a redirect to the better router.',
  (b) => {
    b.addRoute('198.18.0.0', 15, b.router);
    const redirect = one(about(b.send(b.udp({ destination: '198.18.1.1' }))));
    deepEqual([redirect.icmp.code, redirect.destination], [1, b.peer.ip]);
    equal(text(redirect.bytes.subarray(24, 28)), b.router.ip);
  },
);
v4('1812 §5.2.7.2 MUST', 'The datagram itself is forwarded all the same.', (b) => {
  b.addRoute('198.18.0.0', 15, b.router);
  ok(
    b
      .send(b.udp({ destination: '198.18.1.1' }))
      .some(({ kind, toMac }) => kind === 'udp' && toMac === b.router.mac),
  );
});
v4('1812 §5.2.7.2 MUST', 'No redirect to a source that is not on the same link.', (b) => {
  b.addRoute('198.18.0.0', 15, b.router);
  none(about(b.send(b.udp({ source: '10.5.5.5', destination: '198.18.1.1' }))));
});
v4('1812 §4.3.3.2 MUST', 'A router does not change its routes by redirects that it gets.', (b) => {
  const sent = one(b.send(b.udp({ destination: b.far })));
  b.send(b.icmp(5, 1, { source: b.router2.ip, destination: b.me2, word: 0xcb007103, body: sent.bytes }), {
    from: b.router2,
  });
  equal(one(b.send(b.udp({ destination: b.far }))).toMac, b.router2.mac);
});
v6(
  '4861 §8.2 SHOULD',
  'A packet that goes back onto its link makes a redirect to the better router.',
  (b) => {
    b.addRoute('2001:db8:18::', 48, b.router);
    const redirect = one(about(b.send(b.udp({ destination: '2001:db8:18::1' }))));
    deepEqual([redirect.source, redirect.destination, redirect.hopLimit], [b.myLocal(), b.peer.ip, 255]);
    deepEqual(
      [text(redirect.icmp.body.subarray(0, 16)), text(redirect.icmp.body.subarray(16, 32))],
      [b.router.local, '2001:db8:18::1'],
    );
  },
  { logo: 'Router Sends Redirect: Sending Redirect' },
);
v6(
  '4861 §8.2 SHOULD',
  'A packet for a neighbour on the same link makes a redirect to that neighbour.',
  (b) => {
    b.send(b.udp({ destination: b.other.ip }), { toMac: b.macs[0] });
    b.wait(SECOND);
    const redirect = about(b.seen())[0] ?? one(about(b.send(b.udp({ destination: b.other.ip }))));
    deepEqual(
      [text(redirect.icmp.body.subarray(0, 16)), text(redirect.icmp.body.subarray(16, 32))],
      [b.other.ip, b.other.ip],
    );
  },
);
v6('4861 §8.2 SHOULD', 'A redirect has the link-layer address of its target where that is known.', (b) => {
  b.addRoute('2001:db8:18::', 48, b.router);
  b.send(b.udp({ destination: '2001:db8:18::1' }));
  b.wait(2 * SECOND);
  const redirect = about(b.send(b.udp({ destination: '2001:db8:18::1' }))).at(-1) ?? about(b.all())[0]!;
  const at = redirect.icmp.body.subarray(32);
  deepEqual([at[0], macText(at.subarray(2, 8))], [2, b.router.mac]);
});
v6('4861 §8.2 MUST', 'A redirect is no longer than 1,280 bytes with what it quotes.', (b) => {
  b.addRoute('2001:db8:18::', 48, b.router);
  ok(one(about(b.send(b.udp({ destination: '2001:db8:18::1', data: data(1_400) })))).bytes.length <= 1_280);
});
v6('4861 §8.2 MUST', 'Redirects are limited in rate.', (b) => {
  b.addRoute('2001:db8:18::', 48, b.router);
  let redirects = 0;
  for (let i = 0; i < 1_000; i++) redirects += about(b.send(b.udp({ destination: '2001:db8:18::1' }))).length;
  within(redirects, 1, 500, 'redirects in a second');
});
v6('4861 §8.2 MUST', 'No redirect to a source that is not a neighbour.', (b) => {
  b.addRoute('2001:db8:18::', 48, b.router);
  none(about(b.send(b.udp({ source: '2001:db8:77::1', destination: '2001:db8:18::1' }))));
});
v6(
  '4861 §8.2 MUST',
  'A router does not change its routes by redirects that it gets.',
  (b) => {
    b.send(b.udp({ destination: b.far }));
    b.send(b.redirect6(b.stations[4]!.local, b.far, { source: b.router2.local, destination: b.myLocal(2) }), {
      from: b.router2,
    });
    equal(one(b.send(b.udp({ destination: b.far }))).toMac, b.router2.mac);
  },
  { logo: 'Router Ignores Redirects' },
);
both(
  '1812 §4.3.3.5 MUST',
  '4443 §3.4 MUST',
  'What is for the router itself makes the errors of a host.',
  (b) => one(b.send(b.udp()), 'port-unreachable'),
);
