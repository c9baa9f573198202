/** Addresses and options that an IPv4 host sees: RFC 1122 §3.2.1.3, §3.2.1.8, §3.3.6, RFC 3021, RFC 3927. */

import { type Bench, SECOND } from '../bench/bench.ts';
import { data } from '../bench/bytes.ts';
import { deepEqual, equal, errs, none, ok, one } from '../bench/check.ts';
import type { Fields } from '../bench/packets.ts';
import { differs, Topic } from '../table.ts';

export const hostIpv4Addresses: Topic = new Topic('host', 'IPv4 addresses and options');
const { v4 } = hostIpv4Addresses;

v4('1122 §3.2.1.3 MUST', 'A datagram for another host is silently discarded.', (b) =>
  none(b.send(b.echo({ destination: '192.0.2.77' }))),
);
v4('1122 §3.2.1.3(a) MUST', 'Zero is no source of what an application sends.', (b) => {
  ok(one(b.sendFrom(b.bind(5_000), b.peer.ip, data(1))).source !== '0.0.0.0');
});
v4('1122 §3.2.1.3(a) MUST', 'A datagram from 0.0.0.0 is not answered.', (b) =>
  none(b.send(b.echo({ source: '0.0.0.0' }))),
);
v4('1122 §3.2.1.3(b) MUST', 'A datagram from 0/8 is silently discarded.', (b) =>
  none(b.send(b.echo({ source: '0.1.2.3' }))),
);
v4('1122 §3.2.1.3(c) MUST', 'A datagram to 255.255.255.255 is taken.', (b) => {
  const inbox = b.bind(9);
  b.send(b.udp({ destination: '255.255.255.255' }));
  equal(inbox.messages.length, 1);
});
v4('1122 §3.2.1.3(c) MUST', 'A datagram from 255.255.255.255 is silently discarded.', (b) =>
  none(b.send(b.echo({ source: '255.255.255.255' }))),
);
v4('1122 §3.2.1.3(d) MUST', 'A datagram to the directed broadcast of the link is taken.', (b) => {
  const inbox = b.bind(9);
  b.send(b.udp({ destination: b.broadcast() }));
  equal(inbox.messages.length, 1);
});
v4(
  '1122 §3.2.1.3(d) MUST',
  'A datagram from the directed broadcast of the link is silently discarded.',
  (b) => none(b.send(b.echo({ source: b.broadcast() }))),
);
v4('1122 §3.2.1.3(g) MUST', 'A datagram from 127/8 on a link is silently discarded.', (b) =>
  none(b.send(b.echo({ source: '127.0.0.1' }))),
);
v4('1122 §3.2.1.3(g) MUST', 'A datagram to 127/8 on a link is silently discarded.', (b) =>
  none(b.send(b.echo({ destination: '127.0.0.1' }))),
);
v4('1122 §3.2.1.3(g) MUST', '127/8 never appears outside the host.', (b) => {
  const inbox = b.bind(5_000, '127.0.0.1');
  b.sendFrom(inbox, b.peer.ip, data(1));
  b.sendFrom(b.bind(5_001), '127.0.0.9', data(1));
  b.wait(SECOND);
  deepEqual(
    b.all().filter((each) => each.source.startsWith('127.') || each.destination.startsWith('127.')),
    [],
  );
});
v4('1122 §3.2.1.3 MUST', 'A datagram from a group is silently discarded.', (b) =>
  none(b.send(b.echo({ source: '224.0.0.5' }))),
);
v4('1122 §3.2.1.3 MUST', 'A datagram from class E is silently discarded.', (b) =>
  none(b.send(b.echo({ source: '240.0.0.1' }))),
);
v4('1122 §3.2.1.3 MUST', 'A datagram to class E is silently discarded.', (b) =>
  none(b.send(b.echo({ destination: '240.0.0.1' }))),
);
v4('1122 §3.2.1.3 MUST', 'What is sent has one of the own addresses as its source.', (b) => {
  equal(one(b.sendFrom(b.bind(5_000), b.far, data(1))).source, b.me);
});
v4('1122 §3.2.1.3 MUST', "An application cannot send from an address that is not the host's.", (b) => {
  const bound = b.stack.udp.bind(b.at('192.0.2.77'), 5_000, {
    handler: { message() {}, error() {}, closed() {} },
  });
  ok('code' in bound);
});
v4(
  '1122 §3.3.6 SHOULD',
  'A datagram for this host alone in a broadcast frame is silently discarded.',
  (b) => {
    none(b.send(b.echo(), { toMac: 'ff:ff:ff:ff:ff:ff' }));
  },
);
v4('1122 §3.3.6 MUST', 'A datagram to the limited broadcast is sent as a broadcast frame.', (b) => {
  const sent = one(b.sendFrom(b.bind(5_000), '255.255.255.255', data(1)));
  equal(sent.toMac, 'ff:ff:ff:ff:ff:ff');
});
v4(
  '1122 §3.3.6 MUST',
  'A datagram to the directed broadcast of the link is sent as a broadcast frame.',
  (b) => {
    equal(one(b.sendFrom(b.bind(5_000), b.broadcast(), data(1))).toMac, 'ff:ff:ff:ff:ff:ff');
  },
);
v4(
  '1122 §3.3.6 SHOULD',
  'The all-zeros form of the broadcast is recognised.',
  differs(
    'RFC 1122 §3.3.6 asks a host to recognise all four standard forms; a host address ending in zeros is so often a mistake that it is nobody here',
    (b) => {
      const inbox = b.bind(9);
      b.send(b.udp({ destination: '192.0.2.0' }), { toMac: 'ff:ff:ff:ff:ff:ff' });
      equal(inbox.messages.length, 0);
    },
  ),
);
v4('1122 §4.2.3.10 MUST', 'A TCP segment to a broadcast address is silently discarded.', (b) => {
  none(b.send(b.syn(80, { destination: b.broadcast() })));
});
v4(
  '1122 §3.3.4.2 MAY',
  'A multihomed host takes datagrams for any of its addresses on any link (the weak model).',
  (b) => {
    one(b.send(b.echo({ destination: b.me2 })), 'echo-reply');
  },
  { links: 2 },
);
v4(
  '1122 §3.3.4.3 MUST',
  'The source of a datagram is an address of the link that it leaves by.',
  (b) => {
    equal(one(b.sendFrom(b.bind(5_000), b.peer2.ip, data(1))).source, b.me2);
  },
  { links: 2 },
);
v4(
  '1122 §3.3.4.3 MUST',
  'A socket bound to an address sends from that address.',
  (b) => {
    equal(one(b.sendFrom(b.bind(5_000, b.me), b.peer2.ip, data(1))).source, b.me);
  },
  { links: 2 },
);
v4('1122 §3.3.1.6 MUST', 'A link can have several addresses, and all of them are answered.', (b) => {
  b.stack.addAddress(1, b.at('192.0.2.10'), 24);
  b.wait(20 * SECOND);
  equal(one(b.send(b.echo({ destination: '192.0.2.10' }))).source, '192.0.2.10');
});

// Options

const echoWith = (b: Bench, options: readonly number[]): Fields => ({
  protocol: 1,
  options,
  payload: b.echo().subarray(20),
});
v4('1122 §3.2.1.8 MUST', 'Options that are not known are skipped in silence.', (b) => {
  one(b.send(b.packet(echoWith(b, [0x9e, 4, 0, 0]))), 'echo-reply');
});
v4('791 §3.1 MUST', 'No operation and end of list are understood.', (b) =>
  one(b.send(b.packet(echoWith(b, [1, 1, 1, 0]))), 'echo-reply'),
);
v4('791 §3.1 MUST', 'Nothing behind the end of the option list is looked at.', (b) =>
  one(b.send(b.packet(echoWith(b, [0, 0x9e, 0, 0]))), 'echo-reply'),
);
v4(
  '1122 §3.2.2.5 MAY',
  'An option that is longer than the header is told by a parameter problem that points at it.',
  (b) => {
    const packet = b.packet(echoWith(b, [0x9e, 40, 0, 0]));
    const problem = errs(b.send(packet), 'parameter-problem', packet);
    ok([20, 21].includes(problem.icmp.word >>> 24));
  },
);
v4(
  '1122 §3.2.2.5 MAY',
  'An option of length zero or one ends in a parameter problem, not in an endless loop.',
  (b) => {
    for (const length of [0, 1])
      one(b.send(b.packet(echoWith(b, [0x9e, length, 0, 0]))), 'parameter-problem');
  },
);
v4('1122 §3.2.1.8(a) MAY', 'The security option is passed over.', (b) => {
  one(b.send(b.packet(echoWith(b, [130, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]))), 'echo-reply');
});
v4('1122 §3.2.1.8(b) MUST', 'The stream identifier is obsolete and ignored.', (b) =>
  one(b.send(b.packet(echoWith(b, [136, 4, 0, 1]))), 'echo-reply'),
);
v4('1122 §3.2.1.8(d) MAY', 'A record route option does not keep a datagram from its transport.', (b) => {
  one(b.send(b.packet(echoWith(b, [7, 7, 4, 0, 0, 0, 0, 0]))), 'echo-reply');
});
v4('1122 §3.2.1.8(e) MAY', 'A timestamp option does not keep a datagram from its transport.', (b) => {
  one(b.send(b.packet(echoWith(b, [68, 8, 5, 0, 0, 0, 0, 0]))), 'echo-reply');
});
v4('6398 §4 MUST', 'A router alert does not keep a datagram from its transport.', (b) =>
  one(b.send(b.packet(echoWith(b, [148, 4, 0, 0]))), 'echo-reply'),
);
v4('7126 §4.3 SHOULD', 'A loose source route is dropped.', (b) =>
  none(b.send(b.packet(echoWith(b, [131, 7, 8, 192, 0, 2, 7, 0])))),
);
v4('7126 §4.4 SHOULD', 'A strict source route is dropped.', (b) =>
  none(b.send(b.packet(echoWith(b, [137, 7, 8, 192, 0, 2, 7, 0])))),
);

// RFC 3021, RFC 3927

v4(
  '3021 §2.1 MUST',
  'A link of 31 bits has two hosts, and both numbers are theirs.',
  (b) => {
    b.frame(b.arp({ sender: '192.0.2.0' }));
    one(b.send(b.echo({ source: '192.0.2.0' }), { toMac: b.macs[0] }), 'echo-reply');
  },
  { on: { prefixLength: 31 }, bare: true },
);
v4(
  '3021 §2.2 MUST',
  'Of a link of 31 bits only the limited broadcast is a broadcast.',
  (b) => {
    equal(one(b.sendFrom(b.bind(5_000), '255.255.255.255', data(1))).toMac, 'ff:ff:ff:ff:ff:ff');
    b.sendFrom(b.bind(5_001), '192.0.2.0', data(1));
    equal(b.seen('arp').length, 1);
  },
  { on: { prefixLength: 31 }, bare: true },
);
v4(
  '3927 §2.6.2 MUST',
  'A link-local destination is never sent to a router: it is asked for on the link.',
  (b) => {
    b.sendFrom(b.bind(5_000), '169.254.7.7', data(1));
    none(b.seen().filter(({ toMac }) => toMac === b.router.mac));
  },
);
v4('3927 §2.6.2 MUST', 'A host with a link-local address speaks from it to link-local destinations.', (b) => {
  b.stack.addAddress(1, b.at('169.254.1.1'), 16);
  b.wait(20 * SECOND);
  b.sendFrom(b.bind(5_000), '169.254.7.7', data(1));
  const asked = one(b.seen('arp'));
  deepEqual([asked.source, asked.destination], ['169.254.1.1', '169.254.7.7']);
});
v4('3927 §2.5 MUST', 'Every ARP packet with a link-local sender is a broadcast, replies too.', (b) => {
  b.stack.addAddress(1, b.at('169.254.1.1'), 16);
  b.wait(20 * SECOND);
  b.frame(b.arp({ sender: '169.254.2.2', target: '169.254.1.1' }));
  equal(one(b.seen('arp')).toMac, 'ff:ff:ff:ff:ff:ff');
});
v4('3927 §1.9 MAY', 'A host may have a link-local and a routable address on one link.', (b) => {
  b.stack.addAddress(1, b.at('169.254.1.1'), 16);
  b.wait(20 * SECOND);
  b.frame(b.arp({ sender: '169.254.2.2', target: '169.254.1.1' }));
  equal(one(b.send(b.echo({ source: '169.254.2.2', destination: '169.254.1.1' }))).source, '169.254.1.1');
  equal(one(b.send(b.echo())).source, b.me);
});
