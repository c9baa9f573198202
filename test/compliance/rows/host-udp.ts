/** UDP: RFC 768, RFC 1122 §4.1, RFC 8085, RFC 8200 §8.1, RFC 6056. */
import { MS } from '../bench/bench.ts';
import { data, get16 } from '../bench/bytes.ts';
import { deepEqual, equal, none, ok, one, sameBytes, within } from '../bench/check.ts';
import { udpData } from '../bench/packets.ts';
import { Topic, unseen } from '../table.ts';

export const hostUdp: Topic = new Topic('host', 'UDP');
const { v4, v6, both } = hostUdp;

both(
  '768 Fields MUST',
  '768 Fields MUST',
  'A datagram reaches the socket of its port, whole and unchanged.',
  (b) => {
    const inbox = b.bind(9);
    b.send(b.udp({ data: data(77) }));
    sameBytes(inbox.messages[0]!.data, data(77));
  },
);
both('768 Interface MUST', '768 Interface MUST', 'The receiver learns the source address and port.', (b) => {
  const inbox = b.bind(9);
  b.send(b.udp({ from: 4_321 }));
  deepEqual([inbox.messages[0]!.source, inbox.messages[0]!.port], [b.peer.ip, 4_321]);
});
both(
  '1122 §4.1.3.5 MUST',
  '1122 §4.1.3.5 MUST',
  'The receiver learns the address that the datagram was sent to.',
  (b) => {
    const inbox = b.bind(9);
    b.send(b.udp());
    b.send(b.udp({ destination: b.is6 ? 'ff02::1' : b.broadcast() }));
    deepEqual(
      inbox.messages.map(({ to }) => to),
      [b.me, b.is6 ? 'ff02::1' : b.broadcast()],
    );
  },
);
both('768 Fields MUST', '768 Fields MUST', 'Ports, length and checksum of what is sent are right.', (b) => {
  const sent = one(b.sendFrom(b.bind(5_000), b.peer.ip, data(33), 7), 'udp');
  deepEqual([get16(sent.payload, 0), get16(sent.payload, 2), get16(sent.payload, 4)], [5_000, 7, 41]);
  sameBytes(udpData(sent.payload), data(33));
});
both('1122 §4.1.3.4 MUST', '8200 §8.1 MUST', 'Checksums are sent.', (b) => {
  ok(get16(one(b.sendFrom(b.bind(5_000), b.peer.ip, data(33))).payload, 6) !== 0);
});
both('768 Checksum MUST', '8200 §8.1 MUST', 'A computed checksum of zero is sent as all ones.', (b) => {
  const inbox = b.bind(5_000);
  const first = one(b.sendFrom(inbox, b.peer.ip, Uint8Array.of(0, 0)));
  const sum = get16(first.payload, 6);
  const second = one(b.sendFrom(inbox, b.peer.ip, Uint8Array.of(sum >>> 8, sum & 255)));
  equal(get16(second.payload, 6), 0xffff);
});
both(
  '1122 §4.1.3.4 MUST',
  '8200 §8.1 MUST',
  'A datagram with a wrong checksum is silently discarded.',
  (b) => {
    const inbox = b.bind(9);
    none(b.send(b.udp({ sum: 'bad' })));
    equal(inbox.messages.length, 0);
  },
);
v4('768 Checksum MUST', 'A datagram without a checksum is taken.', (b) => {
  const inbox = b.bind(9);
  b.send(b.udp({ sum: 'none' }));
  equal(inbox.messages.length, 1);
});
v6('8200 §8.1 MUST', 'A datagram without a checksum is discarded.', (b) => {
  const inbox = b.bind(9);
  none(b.send(b.udp({ sum: 'none' })));
  equal(inbox.messages.length, 0);
});
both('768 Length MUST', '768 Length MUST', 'A length below eight is discarded.', (b) => {
  const inbox = b.bind(9);
  for (const udpLength of [b.is6 ? 1 : 0, 7]) none(b.send(b.udp({ udpLength })));
  equal(inbox.messages.length, 0);
});
both('768 Length MUST', '768 Length MUST', 'A length beyond the bytes that came is discarded.', (b) => {
  const inbox = b.bind(9);
  none(b.send(b.udp({ udpLength: 500 })));
  equal(inbox.messages.length, 0);
});
both('768 Length MUST', '768 Length MUST', 'A datagram without data is delivered.', (b) => {
  const inbox = b.bind(9);
  b.send(b.udp({ data: data(0) }));
  equal(inbox.messages[0]!.data.length, 0);
});
both('768 Interface MUST', '768 Interface MUST', 'A datagram without data can be sent.', (b) => {
  equal(get16(one(b.sendFrom(b.bind(5_000), b.peer.ip, data(0))).payload, 4), 8);
});
both(
  '1122 §4.1.3.1 SHOULD',
  '4443 §3.1 SHOULD',
  'A datagram for a port without a socket is answered with port unreachable.',
  (b) => one(b.send(b.udp({ to: 99 })), 'port-unreachable'),
);
both(
  '1122 §4.1.3.3 MUST',
  '4443 §3.1 MUST',
  'ICMP errors are passed up to the application that sent the datagram.',
  (b) => {
    const inbox = b.bind(5_000);
    const sent = one(b.sendFrom(inbox, b.peer.ip, data(1)));
    b.send(b.error('port-unreachable', sent.bytes, { source: b.peer.ip }));
    deepEqual(inbox.errors, ['ECONNREFUSED']);
  },
);
both('1122 §4.1.3.6 MUST', '4291 §2.7 MUST', 'A datagram from a group is silently discarded.', (b) => {
  const inbox = b.bind(9);
  none(b.send(b.udp({ source: b.is6 ? 'ff02::9' : '224.0.0.9' })));
  equal(inbox.messages.length, 0);
});
v4('1122 §4.1.3.6 MUST', 'A datagram from a broadcast address is silently discarded.', (b) => {
  const inbox = b.bind(9);
  for (const source of ['255.255.255.255', b.broadcast()]) none(b.send(b.udp({ source })));
  equal(inbox.messages.length, 0);
});
v6('4291 §2.5.2 MUST', 'A datagram from the unspecified address is not delivered.', (b) => {
  const inbox = b.bind(9);
  none(b.send(b.udp({ source: '::' })));
  equal(inbox.messages.length, 0);
});
both('1122 §4.1.3.6 MUST', '4291 §2.5.3 MUST', 'What is sent has a source address of the host.', (b) =>
  equal(one(b.sendFrom(b.bind(5_000), b.far, data(1))).source, b.me),
);
both(
  '1122 §4.1.4 MUST',
  '1122 §4.1.4 MUST',
  'The application can bind an address, and hears nothing that goes to another one.',
  (b) => {
    const second = b.is6 ? '2001:db8:1::77' : '192.0.2.77';
    b.stack.addAddress(1, b.at(second), b.places.length);
    b.wait(20_000 * MS);
    const inbox = b.bind(9, second);
    b.send(b.udp());
    equal(inbox.messages.length, 0);
    b.send(b.udp({ destination: second }));
    equal(inbox.messages.length, 1);
  },
);
both(
  '1122 §4.1.3.2 MUST',
  '8200 §4 MUST',
  'What the application sends to a hop limit of its choice leaves with it.',
  (b) => {
    equal(b.ping(b.far, { hopLimit: 3 }).length, 0);
    equal(one(b.seen()).hopLimit, 3);
  },
);
both(
  '6056 §3.1 SHOULD',
  '6056 §3.1 SHOULD',
  'Ephemeral ports are drawn from a wide range, at random.',
  (b) => {
    const ports = Array.from({ length: 20 }, () => b.bind(0).socket.localPort);
    for (const port of ports) within(port, 1_024, 65_535, 'port');
    const steps = ports.slice(1).map((port, i) => Math.abs(port - ports[i]!));
    ok(steps.filter((step) => step > 16).length > 15);
  },
);
both('8085 §5.1 MUST', '8085 §5.1 MUST', 'Two sockets never share a port unless both ask for it.', (b) => {
  b.bind(9);
  const second = b.stack.udp.bind(b.at(b.places.any), 9, {
    handler: { message() {}, error() {}, closed() {} },
  });
  ok('code' in second);
});
both(
  '8085 §3.2 SHOULD',
  '8085 §3.2 SHOULD',
  'The application can learn the largest datagram that needs no fragments.',
  (b) => equal(b.stack.pathMtu(b.at(b.far)), 1_500),
);
both(
  '8085 §3.4 MUST',
  '8200 §8.1 MUST',
  'A zero checksum is never sent unless the application asks for it; here nobody can.',
  (b) => {
    for (let i = 0; i < 50; i++)
      ok(get16(one(b.sendFrom(b.bind(6_000 + i), b.peer.ip, data(i))).payload, 6) !== 0);
  },
);
both(
  '8085 §5.2 SHOULD',
  '8085 §5.2 SHOULD',
  'Errors are believed only about datagrams that were sent.',
  (b) => {
    const inbox = b.bind(5_000);
    b.send(b.error('port-unreachable', b.udp({ source: b.me, destination: b.peer.ip, from: 5_000, to: 1 })), {
      from: b.router,
    });
    deepEqual(inbox.errors, []);
  },
);
both(
  '768 Length MUST',
  '768 Length MUST',
  'Bytes behind the length of the datagram are not delivered.',
  (b) => {
    const inbox = b.bind(9);
    const whole = b.udp({ data: data(20), udpLength: 18, sum: b.is6 ? 'bad' : 'none' });
    if (b.is6) {
      // The checksum covers the length that the header names (RFC 8200 §8.1).
      const payload = whole.slice(40);
      payload.set([0, 0], 6);
      const sum = b.sum(b.peer.ip, b.me, 17, payload.subarray(0, 18));
      payload.set([sum >>> 8, sum & 255], 6);
      b.send(b.packet({ protocol: 17, payload }));
    } else b.send(whole);
    equal(inbox.messages[0]?.data.length, 10);
  },
);
both(
  '1122 §4.1.3.2 MUST',
  '1122 §4.1.3.2 MUST',
  'The application can set IP options.',
  unseen('options are not offered to applications: RFC 7126 and RFC 9673 advise against most of them'),
);
both('1122 §4.1.3.5 MUST', '1122 §4.1.3.5 MUST', 'A socket that is bound answers from its address.', (b) => {
  equal(one(b.sendFrom(b.bind(5_000, b.me), b.far, data(1))).source, b.me);
});
