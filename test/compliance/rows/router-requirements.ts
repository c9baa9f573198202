/** What else RFC 1812 §§4 and 5 ask of a router, section by section, and RFC 8504 of one for IPv6. */
import { SECOND } from '../bench/bench.ts';
import { data } from '../bench/bytes.ts';
import { deepEqual, equal, none, ok, one } from '../bench/check.ts';
import { differs, Topic, unseen } from '../table.ts';

export const routerRequirements: Topic = new Topic('router', 'What else RFC 1812 asks');
const { v4, v6, both } = routerRequirements;

v4('1812 §4.2.1 MUST', 'A router is a host as well: it has transports of its own.', (b) => {
  const inbox = b.bind(9);
  b.send(b.udp());
  equal(inbox.messages.length, 1);
});
v4('1812 §4.2.2.3 MUST', 'The reserved flag of the header is passed on unchanged.', (b) => {
  equal(one(b.send(b.udp({ destination: b.peer2.ip, reserved: true }))).bytes[6]! & 0x80, 0x80);
});
v4('1812 §4.2.2.4 MUST', 'The type of service is passed on unchanged.', (b) =>
  equal(one(b.send(b.udp({ destination: b.peer2.ip, trafficClass: 0xfc }))).trafficClass, 0xfc),
);
v4('1812 §4.2.2.6 MUST', 'A datagram whose options are not understood is forwarded.', (b) =>
  one(b.send(b.udp({ destination: b.peer2.ip, options: [0x5e, 4, 9, 9] })), 'udp'),
);
v4('1812 §4.2.2.8 MUST', 'A router reassembles what is for itself.', (b) => {
  const [first, second] = b.fragments(b.echo({ body: data(80) }), [40]);
  b.send(first!);
  one(b.send(second!), 'echo-reply');
});
v4('1812 §4.2.2.9 MUST', 'What a router originates has the time to live of a host.', (b) =>
  ok(one(b.send(b.echo())).hopLimit >= 64),
);
v4('1812 §4.2.2.9 MUST', 'A router does not discard what is for itself because of a low time to live.', (b) =>
  one(b.send(b.echo({ hopLimit: 1 })), 'echo-reply'),
);
v4('1812 §4.2.2.10 MAY', 'Broadcasts to all subnets of a network are obsolete and nothing special.', (b) =>
  none(b.send(b.udp({ destination: b.broadcast(1) }))),
);
v4(
  '1812 §4.2.2.11 MUST',
  'A router has no datagrams in transit from or to network numbers 0 and 127.',
  (b) => {
    none(b.send(b.udp({ destination: b.peer2.ip, source: '0.9.9.9' })));
    none(b.send(b.udp({ destination: '127.9.9.9' }), { toMac: b.macs[0] }));
  },
);
v4('1812 §4.2.3.1 MUST', 'The all-zeros form of a directed broadcast is treated like the other.', (b) => {
  none(b.send(b.udp({ destination: '203.0.113.0' }), { toMac: b.macs[0] }));
  b.wait(5 * SECOND);
  none(b.seen('arp').filter(({ destination }) => destination === '203.0.113.0'));
});
v4('1812 §4.2.3.2 SHOULD', 'Local multicasting is supported.', (b) => {
  const inbox = b.bind(9);
  inbox.socket.join(b.at('239.1.1.1'), 1);
  b.send(b.udp({ destination: '239.1.1.1' }));
  equal(inbox.messages.length, 1);
});
v4(
  '1812 §4.2.3.3 MUST',
  'The next MTU stands in the low half of the word of "fragmentation needed".',
  (b) => {
    const error = one(b.send(b.udp({ destination: b.peer2.ip, data: data(1_000), df: true })), 'too-big');
    deepEqual([error.icmp.word >>> 16, error.icmp.word & 0xffff], [0, 600]);
  },
  { mtu2: 600 },
);
v4(
  '1812 §4.2.3.4 MUST',
  'Routes may have any prefix length, host routes and the default route among them.',
  (b) => {
    b.addRoute('198.51.100.128', 25, b.stations[4]!);
    b.addRoute('198.51.100.200', 32, b.router2);
    equal(one(b.send(b.udp({ destination: '198.51.100.130' }))).toMac, b.stations[4]!.mac);
    equal(one(b.send(b.udp({ destination: '198.51.100.200' }))).toMac, b.router2.mac);
    equal(one(b.send(b.udp({ destination: '198.51.100.5' }))).toMac, b.router2.mac);
  },
);
v4('1812 §4.3.2.1 MUST', 'ICMP of unknown types is silently discarded.', (b) => {
  for (const type of [1, 7, 41, 200]) none(b.send(b.icmp(type, 0, { body: data(8) })));
});
v4(
  '1812 §4.3.2.2 MUST',
  "The time to live of an error is that of a router's own datagrams, not of the one it is about.",
  (b) => {
    ok(one(b.send(b.udp({ destination: b.places.nowhere, hopLimit: 7 }))).hopLimit >= 64);
  },
);
v4('1812 §4.3.3.4 MUST', 'Time exceeded with code 0 when the time to live ends in transit.', (b) => {
  const error = one(b.send(b.udp({ destination: b.peer2.ip, hopLimit: 1 })));
  deepEqual([error.icmp.type, error.icmp.code], [11, 0]);
});
v4(
  '1812 §4.3.3.10 SHOULD',
  'Router advertisements of RFC 1256 are sent.',
  differs('RFC 1256 has died out: IPv4 hosts get their routers from DHCP or a configuration', (b) => {
    b.wait(1_800 * SECOND);
    none(b.all().filter(({ icmp }) => icmp.type === 9));
  }),
);
v4(
  '1812 §5.2.1.1 MUST',
  'The order of the checks: what is wrong with a header is found before the route.',
  (b) => none(b.send(b.udp({ destination: b.places.nowhere, checksumError: 1 }))),
);
v4('1812 §5.2.3 MUST', 'A broadcast on the link is delivered to the router itself.', (b) => {
  const inbox = b.bind(9);
  b.send(b.udp({ destination: b.broadcast() }));
  b.send(b.udp({ destination: '255.255.255.255' }));
  equal(inbox.messages.length, 2);
});
v4('1812 §5.2.5 MUST', 'A datagram is not refused for bits that have no meaning yet.', (b) =>
  one(b.send(b.udp({ destination: b.peer2.ip, reserved: true })), 'udp'),
);
v4(
  '1812 §5.2.8 MUST',
  'Groups of the link are known from IGMP where a router forwards groups.',
  unseen('there is no multicast routing; the router is a member like a host'),
);
both(
  '1812 §5.3.2 MUST',
  '8200 §7 MAY',
  'The type of service takes part in the choice of a route.',
  unseen('no route here has a type of service: RFC 2474 made that rule obsolete'),
);
both(
  '1812 §5.3.3 SHOULD',
  '8200 §7 MAY',
  'Queues honour precedence.',
  unseen('queues belong to the devices and segments, which know no protocol'),
);
v4('1812 §5.3.5.3 MUST', 'Broadcasts to all subnets are not forwarded as such.', (b) =>
  none(b.send(b.udp({ destination: '203.0.113.255' }), { toMac: b.macs[0] })),
);
v4('1812 §5.3.5.4 MUST', 'Subnet broadcasts of a link are not forwarded to it.', (b) =>
  none(b.send(b.udp({ destination: b.broadcast(2) }), { toMac: b.macs[0] })),
);
v4(
  '1812 §5.3.6 SHOULD',
  'Congestion: the router discards rather than send source quench.',
  unseen('nothing waits in a router here except for resolution, which is bounded'),
);
v4(
  '1812 §5.3.8 SHOULD',
  'A source that could not have come by this link is discarded, when so configured.',
  differs(
    'there is no statement for reverse path filtering, and RFC 1812 wants it off by default: such datagrams are forwarded',
    (b) => one(b.send(b.udp({ source: b.places.far, destination: b.peer2.ip })), 'udp'),
  ),
);
v6(
  '8504 §16 SHOULD',
  'A source that could not have come by this link is discarded, when so configured.',
  differs('there is no statement for reverse path filtering: such packets are forwarded', (b) =>
    one(b.send(b.udp({ source: b.places.far, destination: b.peer2.ip })), 'udp'),
  ),
);
both(
  '1812 §5.3.9 SHOULD',
  '8504 §16 MAY',
  'Packets in transit can be filtered.',
  unseen('IN statements are about packets for the stack itself'),
);
v4('1812 §5.3.11 SHOULD', 'Forwarding can be turned off.', (b) => {
  b.stack.forwarding = false;
  none(b.send(b.udp({ destination: b.peer2.ip })));
  b.stack.forwarding = true;
  one(b.send(b.udp({ destination: b.peer2.ip })), 'udp');
});
both(
  '1812 §5.3.12.2 MUST',
  '4861 §6.2.5 MUST',
  'A router that stops takes no packets, and forwards again when it starts.',
  (b) => {
    b.stack.stop();
    none(b.send(b.udp({ destination: b.peer2.ip })));
    b.stack.start();
    b.wait(20 * SECOND);
    one(b.send(b.udp({ destination: b.peer2.ip })), 'udp');
  },
);
both('1812 §5.3.12.3 MUST', '4443 §3.1 MUST', 'When a link goes down, its networks are unreachable.', (b) => {
  b.stack.setLink(2, false);
  const seen = b.send(b.udp({ destination: b.peer2.ip }));
  ok(seen.every(({ link }) => link === 1));
  equal(seen.length, 1);
});
both('1812 §5.3.12.4 MUST', '4861 §7.3 MUST', 'When it comes up again, they are reached again.', (b) => {
  b.stack.setLink(2, false);
  b.stack.setLink(2, true);
  b.wait(20 * SECOND);
  one(b.send(b.udp({ destination: b.peer2.ip })), 'udp');
});
