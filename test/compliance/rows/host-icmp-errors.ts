/** ICMP errors that a host sends, and those it must not: RFC 1122 §3.2.2, RFC 4443 §2 and §3. */
import { SECOND } from '../bench/bench.ts';
import { data } from '../bench/bytes.ts';
import { equal, errs, none, ok, one, sameBytes, within } from '../bench/check.ts';
import { destinationOptions, option } from '../bench/ipv6-packet.ts';
import { Topic } from '../table.ts';

export const hostIcmpErrors: Topic = new Topic('host', 'ICMP errors sent');
const { v4, v6, both } = hostIcmpErrors;

both(
  '1122 §4.1.3.1 SHOULD',
  '4443 §3.1 SHOULD',
  'A datagram for a port where nobody listens is answered with port unreachable.',
  (b) => {
    const packet = b.udp();
    errs(b.send(packet), 'port-unreachable', packet);
  },
  { logo: 'Destination Unreachable Message Generation' },
);
both(
  '1122 §3.2.2.1 SHOULD',
  '4443 §3.4 SHOULD',
  'A protocol that nobody takes is answered.',
  (b) => {
    const packet = b.packet({ protocol: 253, payload: data(24) });
    errs(b.send(packet), 'protocol-unreachable', packet);
  },
  { logo: 'Unrecognized Next Header (Parameter Problem Message Generation)' },
);
v6(
  '4443 §3.4 MUST',
  'The pointer of an unrecognised next header names the byte of that Next Header field.',
  (b) => {
    equal(one(b.send(b.packet({ protocol: 253, payload: data(24) }))).icmp.word, 6);
  },
);
both(
  '1122 §3.2.2 MUST',
  '4443 §2.2 MUST',
  'An error comes from the address that the packet was sent to.',
  (b) => {
    const error = one(b.send(b.udp()));
    equal(error.source, b.me);
    equal(error.destination, b.peer.ip);
  },
);
v4('1122 §3.2.2 MUST', 'An error quotes the IP header and at least eight bytes of the data.', (b) => {
  const packet = b.udp({ data: data(100) });
  const error = errs(b.send(packet), 'port-unreachable', packet);
  ok(error.icmp.body.length >= 28);
});
v4(
  '1812 §4.3.2.3 SHOULD',
  'An error quotes as much as it can without getting longer than 576 bytes.',
  (b) => {
    equal(one(b.send(b.udp({ data: data(1_400) }))).bytes.length, 576);
  },
);
v6('4443 §2.4(c) MUST', 'An error quotes as much as fits without getting longer than 1,280 bytes.', (b) => {
  equal(one(b.send(b.udp({ data: data(1_400) }))).bytes.length, 1_280);
  const short = b.udp({ data: data(40) });
  sameBytes(one(b.send(short)).icmp.body, short);
});
v4('1122 §3.2.2 MUST', 'The header is quoted as it came.', (b) => {
  const packet = b.udp({ id: 4_711, hopLimit: 3, trafficClass: 0x40 });
  errs(b.send(packet), 'port-unreachable', packet);
});
both('792 Unreachable MUST', '4443 §3.1 MUST', 'Unused fields of an error are zero.', (b) =>
  equal(one(b.send(b.udp())).icmp.word, 0),
);
v4('1122 §3.2.2 SHOULD', 'Errors have a type of service of zero.', (b) =>
  equal(one(b.send(b.udp())).trafficClass, 0),
);

both('1122 §3.2.2 MUST', '4443 §2.4(e.1) MUST', 'No error about an error.', (b) => {
  none(b.send(b.error('port-unreachable', b.udp(), { source: b.peer.ip })));
  none(b.send(b.is6 ? b.icmp(100, 0, { body: data(20) }) : b.icmp(3, 9, { body: data(28) })));
});
both('1122 §3.2.2 MUST', '4443 §2.4(e.3) MUST', 'No error about a packet to a group.', (b) => {
  none(b.send(b.udp({ destination: b.is6 ? 'ff02::1' : '224.0.0.1' })));
});
v4('1122 §3.2.2 MUST', 'No error about a datagram to a broadcast address.', (b) => {
  none(b.send(b.udp({ destination: b.broadcast() })));
  none(b.send(b.udp({ destination: '255.255.255.255' })));
});
both('1122 §3.2.2 MUST', '4443 §2.4(e.4) MUST', 'No error about a packet in a multicast frame.', (b) =>
  none(b.send(b.udp(), { toMac: b.is6 ? '33:33:00:00:00:01' : '01:00:5e:00:00:01' })),
);
both('1122 §3.2.2 MUST', '4443 §2.4(e.5) MUST', 'No error about a packet in a broadcast frame.', (b) =>
  none(b.send(b.udp(), { toMac: 'ff:ff:ff:ff:ff:ff' })),
);
both(
  '1122 §3.2.2 MUST',
  '4443 §2.4(e.6) MUST',
  'No error about a packet whose source names no single host: the unspecified address.',
  (b) => {
    none(b.send(b.udp({ source: b.places.any })));
  },
);
both('1122 §3.2.2 MUST', '4443 §2.4(e.6) MUST', 'No error about a packet whose source is a group.', (b) => {
  none(b.send(b.udp({ source: b.is6 ? 'ff02::5' : '224.0.0.5' })));
});
v4(
  '1122 §3.2.2 MUST',
  'No error about a datagram whose source is a broadcast address, loopback or class E.',
  (b) => {
    for (const source of ['255.255.255.255', b.broadcast(), '127.0.0.1', '250.1.2.3'])
      none(b.send(b.udp({ source })));
  },
);
v4('1122 §3.2.2 MUST', 'No error about a fragment other than the first.', (b) => {
  const packet = b.packet({ protocol: 253, payload: data(64) });
  none(b.send(b.fragments(packet, [32])[1]!));
});
v6('4443 §2.4(e.2) MUST', 'No error about a redirect.', (b) => {
  const redirect = b.redirect6(b.other.local, b.far, {
    hopLimit: 64,
    chain: [destinationOptions(option(0x9e))],
  });
  none(b.send(redirect));
});
v6(
  '4443 §2.4(e.3) MUST',
  'The exception: an unknown option that asks for it is told even of a packet to a group.',
  (b) => {
    const packet = b.packet({
      source: b.peer.local,
      destination: 'ff02::1',
      chain: [destinationOptions(option(0x9e))],
      protocol: 59,
    });
    errs(b.send(packet), 'unknown-option', packet);
  },
);
v6(
  '4443 §2.4(a) MUST',
  'An error message of an unknown type goes to the upper layer that sent the packet, or is dropped, but never answered.',
  (b) => none(b.send(b.icmp(77, 0, { body: b.udp({ source: b.me, destination: b.peer.ip }) }))),
);
v6('4443 §2.4(b) MUST', 'An informational message of an unknown type is silently discarded.', (b) =>
  none(b.send(b.icmp(250, 0, { body: data(8) }))),
);
v4('1122 §3.2.2 MUST', 'A message of an unknown type is silently discarded.', (b) => {
  for (const type of [1, 2, 7, 19, 44, 255]) none(b.send(b.icmp(type, 0, { body: data(20) })));
});
v6('4443 §2.4(f) MUST', 'The rate of errors is limited.', (b) => {
  let errors = 0;
  for (let i = 0; i < 1_000; i++) errors += b.send(b.udp()).length;
  within(errors, 10, 500, 'errors in a second');
});
v6('4443 §2.4(f) SHOULD', 'The limit is a token bucket: a short burst is answered whole.', (b) => {
  for (let i = 0; i < 10; i++) one(b.send(b.udp()));
});
v6('4443 §2.4(f) MUST', 'After the limit was hit, errors are sent again.', (b) => {
  for (let i = 0; i < 1_000; i++) b.send(b.udp());
  b.wait(SECOND);
  one(b.send(b.udp()));
});
v4('1812 §4.3.2.8 SHOULD', 'The rate of errors is limited.', (b) => {
  one(b.send(b.udp()));
  for (let i = 0; i < 3_000; i++) b.inject(b.udp());
  within(b.seen().length, 10, 1_100, 'errors at once');
});
both(
  '1122 §3.3.8 MUST',
  '4443 §2.4(e) MUST',
  'A packet that is dropped for its checksum is not answered with an error.',
  (b) => none(b.send(b.udp({ sum: 'bad' }))),
);
v4(
  '1122 §3.2.2.5 SHOULD',
  'A datagram whose header cannot be understood is told by a parameter problem with a pointer.',
  (b) => {
    const packet = b.packet({ protocol: 1, options: [0x9e, 40, 0, 0], payload: b.echo().subarray(20) });
    ok(errs(b.send(packet), 'parameter-problem', packet).icmp.word >>> 24 >= 20);
  },
);
v6('4443 §3.1 SHOULD', 'A TCP port where nobody listens is refused by a reset, not by ICMPv6.', (b) => {
  one(b.send(b.syn(80)), 'tcp');
});
v4('1122 §4.2.2.2 MUST', 'A TCP port where nobody listens is refused by a reset, not by ICMP.', (b) =>
  one(b.send(b.syn(80)), 'tcp'),
);
v6('4443 §2.2 MUST', 'An error about a packet to a link-local address comes from that address.', (b) => {
  equal(one(b.send(b.udp({ source: b.peer.local, destination: b.myLocal() }))).source, b.myLocal());
});
v6('4443 §2.2 MUST', 'An error about a packet to a group comes from a unicast address of the link.', (b) => {
  const packet = b.packet({
    source: b.peer.local,
    destination: 'ff02::1',
    chain: [destinationOptions(option(0x9e))],
    protocol: 59,
  });
  equal(one(b.send(packet)).source, b.myLocal());
});
both('1122 §3.2.2 MUST', '4443 §2.3 MUST', 'Every error sent has the right checksum.', (b) =>
  one(b.send(b.udp({ data: data(33) })), 'port-unreachable'),
);
v4('6633 §3 MUST', 'A host sends no source quench, however it is flooded.', (b) => {
  const inbox = b.bind(9);
  for (let i = 0; i < 500; i++) none(b.send(b.udp()));
  equal(inbox.messages.length, 500);
});
v4('1122 §3.2.2.2 SHOULD', 'A host sends no redirects.', (b) =>
  none(b.send(b.echo({ source: b.peer.ip, destination: b.far }), { toMac: b.macs[0] })),
);
v6('4861 §8.2 MUST', 'A host sends no redirects.', (b) =>
  none(b.send(b.echo({ destination: b.far }), { toMac: b.macs[0] })),
);
both(
  '1122 §3.3.1.1 MUST',
  '8200 §3 MUST',
  'A host forwards nothing that is not for it, and says nothing about it.',
  (b) => {
    none(b.send(b.udp({ destination: b.far }), { toMac: b.macs[0] }));
  },
);
