/** Forwarding: RFC 1812 §5.2 and §5.3, RFC 8200 §3 and §4, RFC 4291, RFC 4007 §9, RFC 2644, RFC 5095, RFC 7045. */
import { type Bench, SECOND } from '../bench/bench.ts';
import { type Bytes, checksum, data, join } from '../bench/bytes.ts';
import { deepEqual, equal, errs, none, ok, one, sameBytes } from '../bench/check.ts';
import type { UdpFields } from '../bench/packets.ts';
import { Topic, unseen } from '../table.ts';

export const routerForwarding: Topic = new Topic('router', 'Forwarding');
const { v4, v6, both } = routerForwarding;

/** A datagram through the router to the host on the other link. */
export function through(b: Bench, f: UdpFields = {}): Bytes {
  return b.udp({ destination: b.peer2.ip, ...f });
}

both('1812 §5.2.1 MUST', '8200 §3 MUST', 'A packet for a host on another link is forwarded to it.', (b) => {
  const sent = one(b.send(through(b)), 'udp');
  deepEqual([sent.link, sent.toMac, sent.fromMac], [2, b.peer2.mac, b.macs[1]]);
});
both(
  '1812 §5.2.1 MUST',
  '8200 §3 MUST',
  'A packet for a network behind another router is forwarded to that router.',
  (b) => {
    const sent = one(b.send(through(b, { destination: b.far })), 'udp');
    deepEqual([sent.link, sent.toMac], [2, b.router2.mac]);
  },
);
both(
  '1812 §5.3.1 MUST',
  '8200 §3 MUST',
  'The hop limit is decremented by one.',
  (b) => {
    equal(one(b.send(through(b, { hopLimit: 17 }))).hopLimit, 16);
  },
  { logo: 'Hop Limit Decrement - Intermediate Node' },
);
both(
  '1812 §5.3.1 MUST',
  '8200 §3 MUST',
  'A packet with hop limit 1 is not forwarded, and its sender hears time exceeded.',
  (b) => {
    const packet = through(b, { hopLimit: 1 });
    const error = errs(b.send(packet), 'time-exceeded', packet);
    deepEqual([error.link, error.destination], [1, b.peer.ip]);
  },
  { logo: 'Hop Limit Exceeded: Time Exceeded Message Generation' },
);
both(
  '1812 §5.3.1 MUST',
  '8200 §3 MUST',
  'A packet with hop limit 0 is not forwarded.',
  (b) => {
    const packet = through(b, { hopLimit: 0 });
    errs(b.send(packet), 'time-exceeded', packet);
  },
  { logo: 'Hop Limit Exceeded: Time Exceeded Message Generation' },
);
both(
  '1812 §5.3.1 MUST',
  '8200 §3 MUST',
  'A packet for the router itself is taken whatever its hop limit.',
  (b) => {
    one(b.send(b.echo({ hopLimit: 1 })), 'echo-reply');
    one(b.send(b.echo({ hopLimit: 0, destination: b.me2 })), 'echo-reply');
  },
  { logo: 'Hop Limit Zero - End Node' },
);
both(
  '1812 §4.2.2.5 MUST',
  '8200 §3 MUST',
  'Nothing but what forwarding changes is changed.',
  (b) => {
    const packet = through(b, { trafficClass: 0xb8, flowLabel: 0x12345, id: 4_711, data: data(333) });
    const { bytes } = one(b.send(packet));
    const expected = packet.slice();
    expected[b.is6 ? 7 : 8]!--;
    if (!b.is6) expected.set(bytes.subarray(10, 12), 10);
    sameBytes(bytes, expected);
  },
  { logo: 'Traffic Class Non-Zero - Intermediate Node' },
);
v4('1812 §4.2.2.5 MUST', 'The header checksum of what is forwarded is right, whatever it was.', (b) => {
  for (let id = 0; id < 300; id++)
    ok(
      checksum(one(b.send(through(b, { id: id * 211, hopLimit: 2 + (id % 200) }))).bytes.subarray(0, 20)) ===
        0,
    );
});
v6(
  '6437 §4 MUST',
  'The flow label is delivered unchanged.',
  (b) => equal(one(b.send(through(b, { flowLabel: 0xabcde }))).flowLabel, 0xabcde),
  { logo: 'Flow Label Non-Zero - Intermediate Node' },
);
both(
  '1812 §5.2.7.1 MUST',
  '4443 §3.1 SHOULD',
  'Without a route, the sender hears network unreachable or no route.',
  (b) => {
    const packet = through(b, { destination: b.places.nowhere });
    errs(b.send(packet), 'net-unreachable', packet);
  },
  { logo: 'Destination Unreachable: No Route to Destination' },
);
both(
  '1812 §5.2.7.1 MUST',
  '4443 §3.1 SHOULD',
  'When the last hop does not answer, the sender hears host or address unreachable.',
  (b) => {
    none(b.send(through(b, { destination: b.is6 ? '2001:db8:2::77' : '203.0.113.77' })));
    b.wait(10 * SECOND);
    const error = one(b.seen(), 'host-unreachable');
    deepEqual([error.link, error.destination], [1, b.peer.ip]);
  },
  { logo: 'Destination Unreachable: Address Unreachable' },
);
both(
  '1812 §3.3.2 MUST',
  '4861 §7.2.2 MUST',
  'A packet waits while its next hop is resolved, and is then forwarded.',
  (b) => {
    b.peer2.answers = false;
    none(b.send(through(b)));
    b.peer2.answers = true;
    b.wait(2 * SECOND);
    one(b.seen(), 'udp');
  },
);
both(
  '1812 §5.2.4.3 MUST',
  '8200 §3 MUST',
  'Of several routes the one with the longest prefix is taken.',
  (b) => {
    b.addRoute(b.far, b.is6 ? 128 : 32, b.stations[4]!);
    equal(one(b.send(through(b, { destination: b.far }))).toMac, b.stations[4]!.mac);
  },
);
both(
  '1812 §5.2.4.3 MUST',
  '8200 §3 MUST',
  'Of routes of one length the one with the lower metric is taken.',
  (b) => {
    b.addRoute(b.places.farPrefix, b.places.farLength, b.stations[4]!, 9);
    equal(one(b.send(through(b, { destination: b.far }))).toMac, b.router2.mac);
  },
);
both('1812 §5.2.4.3 MUST', '8200 §3 MUST', 'A default route takes what no other route does.', (b) => {
  b.addRoute(b.places.any, 0, b.router2);
  equal(one(b.send(through(b, { destination: b.places.nowhere }))).toMac, b.router2.mac);
});
both(
  '1812 §5.2.2 MUST',
  '8200 §3 MUST',
  'Packets for each address of the router are delivered to it.',
  (b) => {
    one(b.send(b.echo({ destination: b.me2 })), 'echo-reply');
  },
);
both('1122 §3.3.1.1 MUST', '8200 §3 MUST', 'When forwarding is turned off, nothing is forwarded.', (b) => {
  b.stack.forwarding = false;
  none(b.send(through(b)));
});

// What is never forwarded

v4(
  '1812 §5.3.7 MUST',
  'A datagram from 0/8, 127/8, a group, class E or a broadcast address is not forwarded.',
  (b) => {
    for (const source of ['0.1.2.3', '127.0.0.1', '224.0.0.9', '240.0.0.1', '255.255.255.255', b.broadcast()])
      none(b.send(through(b, { source })));
  },
);
v4('1812 §5.3.7 MUST', 'A datagram to 0/8, 127/8 or class E is not forwarded.', (b) => {
  for (const destination of ['0.1.2.3', '127.0.0.5', '240.0.0.1'])
    none(b.send(through(b, { destination }), { toMac: b.macs[0] }));
});
v4('1812 §5.3.4 MUST', 'A datagram that came in a broadcast or multicast frame is not forwarded.', (b) => {
  none(b.send(through(b), { toMac: 'ff:ff:ff:ff:ff:ff' }));
  none(b.send(through(b), { toMac: '01:00:5e:00:00:09' }));
});
v6('2464 §7 MUST', 'A unicast packet that came in a multicast frame is not forwarded.', (b) =>
  none(b.send(through(b), { toMac: '33:33:00:00:00:01' })),
);
v4('1812 §5.3.5.1 MUST', 'The limited broadcast is never forwarded.', (b) =>
  none(b.send(through(b, { destination: '255.255.255.255' }))),
);
v4('2644 §2 MUST', 'Directed broadcasts to a link of the router are not forwarded.', (b) =>
  none(b.send(through(b, { destination: b.broadcast(2) }), { toMac: b.macs[0] })),
);
v4('2644 §2 MUST', 'No error is sent about a directed broadcast.', (b) =>
  none(b.send(through(b, { destination: b.broadcast(2), hopLimit: 1 }), { toMac: b.macs[0] })),
);
v4(
  '1812 §5.3.5.2 MUST',
  'Broadcasts to a distant subnet look like any other datagram and are forwarded.',
  (b) => one(b.send(through(b, { destination: '198.51.100.255' }), { toMac: b.macs[0] }), 'udp'),
);
v4('3927 §7 MUST', 'A datagram to or from a link-local address is not forwarded.', (b) => {
  none(b.send(through(b, { source: '169.254.1.1' })));
  none(b.send(through(b, { destination: '169.254.1.1' }), { toMac: b.macs[0] }));
});
both(
  '1812 §5.2.1.2 MUST',
  '4291 §2.7 MUST',
  'Without a multicast routing protocol, groups are not forwarded.',
  (b) => none(b.send(through(b, { destination: b.is6 ? 'ff0e::9' : '239.1.2.3' }))),
);
v6('4291 §2.5.6 MUST', 'A packet to a link-local destination is not forwarded.', (b) =>
  none(b.send(through(b, { destination: 'fe80::77' }), { toMac: b.macs[0] })),
);
v6(
  '4291 §2.5.6 MUST',
  'A packet from a link-local source is not forwarded to another link.',
  (b) => {
    const packet = through(b, { source: b.peer.local });
    ok(b.send(packet).every(({ kind, link }) => kind === 'beyond-scope' && link === 1));
  },
  { logo: 'Destination Unreachable: Beyond Scope of Source Address' },
);
v6(
  '4443 §3.1 MUST',
  'Its sender hears that the destination is beyond the scope of its source.',
  (b) => {
    const packet = through(b, { source: b.peer.local });
    errs(b.send(packet), 'beyond-scope', packet);
  },
  { logo: 'Destination Unreachable: Beyond Scope of Source Address' },
);
v6('4291 §2.5.2 MUST', 'A packet from the unspecified address is not forwarded.', (b) =>
  none(b.send(through(b, { source: '::' }))),
);
v6('4291 §2.5.3 MUST', 'A packet from or to the loopback address is not forwarded.', (b) => {
  none(b.send(through(b, { source: '::1' })));
  none(b.send(through(b, { destination: '::1' }), { toMac: b.macs[0] }));
});
v6('4291 §2.5.5 MUST', 'A packet from or to an IPv4-mapped address is not forwarded.', (b) => {
  none(b.send(through(b, { source: '::ffff:c000:209' })));
  none(b.send(through(b, { destination: '::ffff:c000:209' }), { toMac: b.macs[0] }));
});
v6('4291 §2.7 MUST', 'A packet whose source is a group is not forwarded.', (b) =>
  none(b.send(through(b, { source: 'ff02::9' }))),
);
v6(
  '4193 §4.3 SHOULD',
  'Unique local addresses are forwarded like any other between the links of a site.',
  (b) => {
    b.addRoute('fd00:1::', 48, b.router2);
    one(b.send(through(b, { source: 'fd00:2::1', destination: 'fd00:1::1' })), 'udp');
  },
);
v6(
  '4443 §3.1 MUST',
  'A packet for an absent address of a point-to-point link is answered with address unreachable.',
  (b) => {
    const packet = through(b, { destination: '2001:db8:1::77' });
    errs(b.send(packet), 'host-unreachable', packet);
  },
  { medium: 'ip' },
);

// Lengths and fragments

both('1812 §4.2.2.5 MUST', '8200 §3 MUST', 'What is longer than its length field is cut to it.', (b) => {
  const packet = through(b);
  equal(one(b.send(join(packet, [1, 2, 3, 4]))).bytes.length, packet.length);
});
v4(
  '1812 §5.2.2 MUST',
  'A datagram with a wrong header checksum, version, length or header length is not forwarded.',
  (b) => {
    for (const f of [{ checksumError: 1 }, { version: 5 }, { totalLength: 999 }, { headerWords: 4 }])
      none(b.send(through(b, f)));
  },
);
v6(
  '8200 §3 MUST',
  'A packet with a wrong version or length is not forwarded.',
  (b) => {
    for (const f of [{ version: 5 }, { payloadLength: 999 }]) none(b.send(through(b, f)));
  },
  { logo: 'Version Field - Intermediate Node' },
);
v4(
  '1812 §4.2.2.7 MUST',
  'A datagram that is too long for the next link is fragmented.',
  (b) => {
    const pieces = b.send(through(b, { data: data(1_200) }));
    ok(pieces.length >= 2);
    let at = 0;
    for (const piece of pieces) {
      ok(piece.bytes.length <= 576 && piece.sound);
      deepEqual([piece.offset, piece.id], [at, 0x1234]);
      at += piece.payload.length;
    }
    equal(at, 1_208);
  },
  { mtu2: 576 },
);
v4(
  '1812 §4.2.2.7 MUST',
  'Pieces of a fragment keep its offset and its more fragments flag.',
  (b) => {
    const packet = b.packet({ destination: b.peer2.ip, payload: data(1_200), offset: 2_400, mf: true });
    const pieces = b.send(packet);
    equal(pieces[0]!.offset, 2_400);
    ok(pieces.every(({ more }) => more));
  },
  { mtu2: 576 },
);
v4(
  '1812 §4.2.2.7 MUST',
  'Options that are to be copied stand in every piece, the others in the first alone.',
  (b) => {
    const packet = b.packet({
      destination: b.peer2.ip,
      payload: data(1_200),
      options: [0x94, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 0],
    });
    const [first, second] = b.send(packet);
    ok(first!.options.length >= 11);
    deepEqual([second!.options[0], second!.options.includes(7)], [0x94, false]);
  },
  { mtu2: 576 },
);
v4(
  '1191 §4 MUST',
  'A datagram with "don\'t fragment" that is too long is refused with the MTU of the next link.',
  (b) => {
    const packet = through(b, { data: data(1_200), df: true });
    equal(errs(b.send(packet), 'too-big', packet).icmp.word, 576);
  },
  { mtu2: 576 },
);
v6(
  '4443 §3.2 MUST',
  'A packet that is too long for the next link is refused with its MTU.',
  (b) => {
    const packet = through(b, { data: data(1_400) });
    equal(errs(b.send(packet), 'too-big', packet).icmp.word, 1_300);
  },
  { mtu2: 1_300, logo: 'Packet Too Big Message Generation' },
);
v6(
  '8200 §5 MUST',
  'A router never fragments.',
  (b) => ok(b.send(through(b, { data: data(1_400) })).every(({ link }) => link === 1)),
  { mtu2: 1_300 },
);
v6(
  '4443 §2.4(e.3) MUST',
  'Packet too big would be sent even for a packet to a group.',
  unseen('groups are not forwarded here, so that none is ever too long'),
);
v6(
  '8200 §5 MUST',
  'A link of 1,280 bytes takes packets of 1,280 bytes.',
  (b) => equal(one(b.send(through(b, { data: data(1_232) }))).bytes.length, 1_280),
  { mtu2: 1_280 },
);
both('1812 §5.2.6 MUST', '8200 §4.5 MUST', 'A router does not reassemble what it forwards.', (b) => {
  const [first, second] = b.fragments(through(b, { data: data(100) }), [48]);
  equal(b.send(second!).length, 1);
  equal(b.send(first!).length, 1);
});
both('1812 §4.2.1 MUST', '8200 §4.5 MUST', 'A router reassembles what is for itself.', (b) => {
  const [first, second] = b.fragments(b.echo({ body: data(100) }), [48]);
  b.send(first!);
  one(b.send(second!), 'echo-reply');
});
v6(
  '5722 §4 MUST',
  'Overlapping fragments are forwarded like any packets: their destination judges them.',
  (b) => {
    const packet = through(b, { data: data(100) });
    equal(b.send(b.piece(packet, packet.subarray(40, 88), 0, true)).length, 1);
    equal(b.send(b.piece(packet, packet.subarray(72, 120), 32, false)).length, 1);
  },
);
