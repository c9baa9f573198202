/** The IPv4 header in a host: RFC 791, RFC 1122 §3.2.1, RFC 6864. */

import { MINUTE } from '../bench/bench.ts';
import { data } from '../bench/bytes.ts';
import { deepEqual, equal, errs, none, ok, one } from '../bench/check.ts';
import { differs, Topic, unseen } from '../table.ts';

export const hostIpv4: Topic = new Topic('host', 'The IPv4 header');
const { v4 } = hostIpv4;

v4('1122 §3.2.1.1 MUST', 'A datagram whose version is not 4 is silently discarded.', (b) => {
  for (const version of [0, 3, 5, 6, 15]) none(b.send(b.echo({ version })));
});
v4('1122 §3.2.1.2 MUST', 'A datagram with a wrong header checksum is silently discarded.', (b) =>
  none(b.send(b.echo({ checksumError: 1 }))),
);
v4('791 §3.1 MUST', 'A header length of less than five words is silently discarded.', (b) => {
  for (const headerWords of [0, 1, 4]) none(b.send(b.echo({ headerWords })));
});
v4('791 §3.1 MUST', 'A header that is longer than the datagram is silently discarded.', (b) =>
  none(b.send(b.packet({ headerWords: 15, payload: data(8) }))),
);
v4('791 §3.1 MUST', 'A total length beyond the bytes that came is silently discarded.', (b) =>
  none(b.send(b.echo({ totalLength: 400 }))),
);
v4('791 §3.1 MUST', 'A total length shorter than the header is silently discarded.', (b) =>
  none(b.send(b.echo({ totalLength: 19 }))),
);
v4(
  '894 Padding MUST',
  'Bytes of the frame behind the total length are padding and no part of the datagram.',
  (b) => {
    const packet = b.echo({ body: data(5) });
    equal(one(b.send(Uint8Array.from([...packet, 9, 9, 9, 9])), 'echo-reply').icmp.body.length, 5);
  },
);
v4('791 §3.2 MUST', 'A host takes datagrams of 576 bytes, whole.', (b) => {
  equal(one(b.send(b.echo({ body: data(548) }))).icmp.body.length, 548);
});
v4('1122 §3.3.2 MUST', 'A host takes datagrams of 576 bytes, in fragments.', (b) => {
  const pieces = b.fragments(b.echo({ body: data(548) }), [64, 256]);
  none(b.send(pieces[0]!));
  none(b.send(pieces[1]!));
  equal(one(b.send(pieces[2]!)).icmp.body.length, 548);
});
v4(
  '791 §3.1 MUST',
  'The header of every datagram sent has the right checksum, version 4 and its true length.',
  (b) => {
    const inbox = b.bind(5_000);
    const sent = one(b.sendFrom(inbox, b.peer.ip, data(33)), 'udp');
    equal(sent.bytes[0], 0x45);
    equal(sent.bytes.length, 20 + 8 + 33);
  },
);
v4('1122 §3.2.1.7 MUST', 'No datagram is sent with a time to live of zero.', (b) => {
  const inbox = b.bind(5_000);
  ok(one(b.sendFrom(inbox, b.peer.ip, data(1))).hopLimit > 0);
});
v4('1122 §3.2.1.7 MUST', 'A datagram for this host is taken although its time to live is 1 or 0.', (b) => {
  one(b.send(b.echo({ hopLimit: 1 })), 'echo-reply');
  one(b.send(b.echo({ hopLimit: 0 })), 'echo-reply');
});
v4('1122 §3.2.1.7 MUST', 'The transport can set the time to live of what it sends.', (b) => {
  const inbox = b.bind(5_000);
  b.forget();
  inbox.socket.send(data(4), b.at(b.far), 9, { hopLimit: 7 });
  b.wait(1_000);
  equal(one(b.seen()).hopLimit, 7);
});
v4(
  '1122 §3.2.1.7 MUST',
  'The default time to live is at least 64, as the Assigned Numbers recommend.',
  (b) => {
    ok(one(b.sendFrom(b.bind(5_000), b.far, data(4))).hopLimit >= 64);
  },
);
v4(
  '1122 §3.2.1.6 MUST',
  'The type of service of a received datagram does not keep it from the transport.',
  (b) => {
    const inbox = b.bind(9);
    for (const trafficClass of [0, 0x10, 0xb8, 0xff]) b.send(b.udp({ trafficClass }));
    equal(inbox.messages.length, 4);
  },
);
v4('1122 §3.2.1.6 SHOULD', 'The default type of service is zero.', (b) =>
  equal(one(b.sendFrom(b.bind(5_000), b.far, data(4))).trafficClass, 0),
);
v4(
  '791 §3.1 MUST',
  'A datagram with the reserved flag set is still taken: one is liberal in what one accepts.',
  (b) => {
    one(b.send(b.echo({ reserved: true })), 'echo-reply');
  },
);
v4('791 §3.1 MUST', 'The reserved flag is zero in what is sent.', (b) => {
  const sent = one(b.sendFrom(b.bind(5_000), b.far, data(4)));
  equal(sent.bytes[6]! & 0x80, 0);
});
v4(
  '6864 §4.1 MUST',
  'The identification of a received atomic datagram is ignored: equal ones are all delivered.',
  (b) => {
    const inbox = b.bind(9);
    for (let i = 0; i < 3; i++) b.send(b.udp({ df: true, id: 77 }));
    equal(inbox.messages.length, 3);
  },
);
v4('6864 §4.1 MAY', 'The identification of an atomic datagram may be any value, here zero.', (b) => {
  b.ping(b.peer.ip, { size: 8, dontFragment: true });
  const sent = one(b.seen());
  ok(sent.df);
  equal(sent.id, 0);
});
v4(
  '6864 §4.3 MUST',
  'The identification of datagrams that may be fragmented does not repeat for the same source, destination and protocol.',
  (b) => {
    const inbox = b.bind(5_000);
    const ids = new Set<number>();
    for (let i = 0; i < 3_000; i++) ids.add(one(b.sendFrom(inbox, b.peer.ip, data(1))).id);
    equal(ids.size, 3_000);
  },
);
v4('7739 §5 SHOULD', 'Identifications cannot be predicted from those of another destination.', (b) => {
  const inbox = b.bind(5_000);
  const a = one(b.sendFrom(inbox, b.peer.ip, data(1))).id;
  const c = one(b.sendFrom(inbox, b.other.ip, data(1))).id;
  ok(Math.abs(a - c) > 1);
});
v4('1122 §3.2.1.4 MUST', 'The subnet mask of an interface decides what is on its link.', (b) => {
  one(b.sendFrom(b.bind(5_000), b.peer.ip, data(1)));
  equal(b.seen()[0]!.toMac, b.peer.mac);
  equal(one(b.sendFrom(b.bind(5_001), b.far, data(1))).toMac, b.router.mac);
});
v4('1122 §3.3.3 MUST', 'A datagram longer than the MTU of its link is fragmented by its sender.', (b) => {
  const pieces = b.sendFrom(b.bind(5_000), b.peer.ip, data(4_000));
  ok(pieces.length >= 3);
  for (const piece of pieces) ok(piece.bytes.length <= 1_500 && piece.sound);
  deepEqual(
    pieces.map(({ more }) => more),
    [true, true, false],
  );
  equal(new Set(pieces.map(({ id }) => id)).size, 1);
});
v4(
  '791 §3.2 MUST',
  'Every fragment but the last holds a multiple of eight bytes, and offsets follow on.',
  (b) => {
    let expected = 0;
    for (const piece of b.sendFrom(b.bind(5_000), b.peer.ip, data(5_000))) {
      equal(piece.offset, expected);
      if (piece.more) equal(piece.payload.length % 8, 0);
      expected += piece.payload.length;
    }
    equal(expected, 5_008);
  },
);
v4('1122 §3.3.3 MUST', 'A datagram may be as long as 65,535 bytes.', (b) => {
  const pieces = b.sendFrom(b.bind(5_000), b.peer.ip, data(65_507));
  equal(
    pieces.reduce((sum, { payload }) => sum + payload.length, 0),
    65_515,
  );
});
v4(
  '1122 §3.4 MUST',
  'What is too long for one datagram is refused with an error to the application.',
  (b) => {
    const inbox = b.bind(5_000);
    none(b.sendFrom(inbox, b.peer.ip, new Uint8Array(65_508)));
    deepEqual(inbox.errors, ['EMSGSIZE']);
  },
);
v4('1122 §3.2.2.1 SHOULD', 'A protocol that nobody takes is answered with protocol unreachable.', (b) => {
  const packet = b.packet({ protocol: 254, payload: data(40) });
  errs(b.send(packet), 'protocol-unreachable', packet);
});
v4('1122 §3.2.1.1 MUST', 'A runt of less than a header is silently discarded.', (b) => {
  for (const length of [1, 4, 19]) none(b.send(b.echo().subarray(0, length)));
});
v4('894 Ethernet MUST', 'Frames of another EtherType never reach IP.', (b) => {
  const frame = Uint8Array.from([2, 0, 0, 0, 1, 1, 2, 0, 0, 0, 1, 2, 0x88, 0xb5, ...b.echo()]);
  none(b.frame(frame));
});
v4('1122 §2.3.3 MUST', 'Datagrams are sent in the encapsulation of RFC 894.', (b) => {
  const sent = one(b.sendFrom(b.bind(5_000), b.peer.ip, data(1)));
  equal(sent.fromMac, b.macs[0]);
});
v4('1122 §2.3.1 MUST', 'Trailers are not sent: the header follows the EtherType at once.', (b) => {
  one(b.sendFrom(b.bind(5_000), b.peer.ip, data(1_000)), 'udp');
});
v4(
  '1122 §3.2.1.5 SHOULD',
  'A datagram goes on being identical when it is sent again with the same identification.',
  unseen('an option of the sender: no transport here sends an identical copy of a datagram'),
);
v4('791 §3.2 MUST', 'A datagram in fragments whose rest never comes costs no memory for ever.', (b) => {
  b.send(b.fragments(b.echo({ body: data(64) }), [32])[0]!);
  b.wait(5 * MINUTE);
  none(b.send(b.fragments(b.echo({ body: data(64) }), [32])[1]!));
});
v4(
  '1122 §3.3.5 MAY',
  'A host may take source routes; this one discards what has them.',
  differs(
    'RFC 7126 §4.3 and §4.4 recommend to drop datagrams with source routes; RFC 1122 would have a host be able to be their end',
    (b) =>
      none(
        b.send(
          b.packet({ protocol: 1, options: [131, 7, 4, 192, 0, 2, 7, 0], payload: b.echo().subarray(20) }),
        ),
      ),
  ),
);
