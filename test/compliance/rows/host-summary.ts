/** What is left of the table in RFC 1122 §3.5, and of the requirements of RFC 8504. */
import { SECOND } from '../bench/bench.ts';
import { data } from '../bench/bytes.ts';
import { deepEqual, equal, none, ok, one } from '../bench/check.ts';
import { Topic, unseen } from '../table.ts';

export const hostSummary: Topic = new Topic('host', 'What else RFC 1122 §3.5 and RFC 8504 list');
const { v4, v6, both } = hostSummary;

v4('1122 §3.1 SHOULD', 'Silently discarded datagrams are counted, so that a problem can be found.', (b) => {
  const before = b.stack.counters.drops['bad-checksum'] ?? 0;
  b.send(b.echo({ checksumError: 1 }));
  equal(b.stack.counters.drops['bad-checksum'], before + 1);
});
v6('4443 §2.4(b) SHOULD', 'Silently discarded packets are counted, so that a problem can be found.', (b) => {
  const before = b.stack.counters.drops['bad-checksum'] ?? 0;
  b.send(b.echo({ icmpError: 1 }));
  equal(b.stack.counters.drops['bad-checksum'], before + 1);
});
v4('1122 §3.1 MUST', 'IP and ICMP are implemented.', (b) => one(b.send(b.echo()), 'echo-reply'));
v4(
  '1122 §3.1 MUST',
  'Remote multihoming in the application layer: a peer may have several addresses.',
  (b) => {
    const inbox = b.bind(9);
    b.send(b.udp());
    b.send(b.udp({ source: b.other.ip }), { from: b.other });
    deepEqual(
      inbox.messages.map(({ source }) => source),
      [b.peer.ip, b.other.ip],
    );
  },
);
v4(
  '1122 §3.1 MAY',
  'A host with several links does not forward unless it is made a router.',
  (b) => none(b.send(b.udp({ destination: b.peer2.ip }))),
  { links: 2 },
);
v4(
  '1122 §3.2.1.3 MUST',
  'Subnets may be of any length: what is outside the mask goes to a router.',
  (b) => {
    b.addRoute('0.0.0.0', 0, b.other);
    b.sendFrom(b.bind(0), '192.0.2.100', data(1));
    ok(b.seen('arp').some(({ destination }) => destination === '192.0.2.100'));
    equal(one(b.sendFrom(b.bind(0), '192.0.2.130', data(1))).toMac, b.other.mac);
  },
  { on: { prefixLength: 25 }, bare: true },
);
v4(
  '1122 §3.2.1.8(c) MAY',
  'An application may originate and end source routes.',
  unseen('options are not offered to applications; RFC 7126 advises against source routes'),
);
v4(
  '1122 §3.2.2.3 MAY',
  'A host may send source quench.',
  unseen('RFC 6633 forbids it since; the row of RFC 6633 shows that none is sent'),
);
v4('1122 §3.2.2.4 MUST', 'Time exceeded is passed to the transport.', (b) => {
  const inbox = b.bind(5_000);
  const sent = one(b.sendFrom(inbox, b.far, data(1)));
  b.send(b.error('time-exceeded', sent.bytes), { from: b.router });
  equal(inbox.errors.length, 1);
});
v4(
  '1122 §3.3.2 MUST',
  'The transport learns the largest datagram that can be reassembled: the largest there is.',
  (b) => {
    const inbox = b.bind(9);
    const bytes = data(65_507);
    for (const piece of b.fragments(
      b.udp({ data: bytes }),
      Array.from({ length: 46 }, (_, i) => 1_400 * (i + 1)),
    ))
      b.send(piece);
    equal(inbox.messages.length, 1);
  },
);
v4('1122 §3.3.3 MUST', 'The transport learns the largest datagram that can be sent without fragments.', (b) =>
  equal(b.stack.pathMtu(b.at(b.peer.ip)), 1_500),
);
v4(
  '1122 §3.3.3 SHOULD',
  'Off the link, 576 bytes are not exceeded unless path MTU discovery says that more is fine.',
  unseen(
    'path MTU discovery (RFC 1191) took the place of this rule: TCP sets "don\'t fragment", and what UDP sends may be fragmented on its way',
  ),
);
v4(
  '1122 §3.3.6 SHOULD',
  'For the link itself the limited broadcast is used.',
  unseen('a choice of applications; both forms are sent as broadcasts'),
);
v4('1122 §3.3.6 MUST', 'A broadcast address is never the source of a datagram.', (b) => {
  const bound = b.stack.udp.bind(b.at(b.broadcast()), 5_000, {
    handler: { message() {}, error() {}, closed() {} },
  });
  ok('code' in bound);
});
v4('1122 §3.3.7 SHOULD', 'Hosts support local multicasting.', (b) => {
  const inbox = b.bind(9);
  equal(inbox.socket.join(b.at('239.1.1.1'), 1), undefined);
  b.send(b.udp({ destination: '239.1.1.1' }));
  equal(inbox.messages.length, 1);
});
both(
  '1122 §3.4 MUST',
  '8200 §8 MUST',
  'The transport chooses the source address, and hears of the destination.',
  (b) => {
    const inbox = b.bind(9, b.me);
    b.send(b.udp());
    equal(inbox.messages[0]!.to, b.me);
  },
);
both(
  '1122 §3.4 MUST',
  '8504 §5.2 MUST',
  'All that IP offers is there for the transport: lengths, time to live, fragmentation.',
  (b) => {
    b.ping(b.peer.ip, { size: 64, hopLimit: 9, dontFragment: true });
    const sent = one(b.seen(), 'echo-request');
    deepEqual([sent.hopLimit, sent.df], [9, true]);
  },
);
v6('8504 §5.1 MUST', 'A node implements RFC 8200: it takes what is for it and answers.', (b) =>
  one(b.send(b.echo()), 'echo-reply'),
);
v6('8504 §5.6 SHOULD', 'Path MTU discovery is implemented.', (b) => {
  b.ping(b.far, { size: 1_452, dontFragment: true });
  b.send(b.error('too-big', one(b.seen()).bytes, { word: 1_400 }), { from: b.router });
  equal(b.stack.pathMtu(b.at(b.far)), 1_400);
});
v6(
  '8504 §5.7 MUST',
  'A node that fragments never sends fragments of a packet that fits 1,280 bytes.',
  (b) => {
    const sent = one(b.sendFrom(b.bind(0), b.far, data(1_232)), 'udp');
    equal(sent.options.length, 0);
  },
);
v6('8504 §5.8 MUST', 'ICMPv6 is implemented.', (b) => one(b.send(b.udp()), 'port-unreachable'));
v6(
  '8504 §5.10 SHOULD',
  'Neighbour solicitations are bounded when many addresses do not exist (RFC 6583).',
  (b) => {
    const inbox = b.bind(0);
    for (let i = 0; i < 3_000; i++) b.sendFrom(inbox, `2001:db8:1::2:${i.toString(16)}`, data(1));
    ok([...b.stack.neighbours()].length < 1_024);
  },
);
v6('8504 §5.12 MUST', 'Multicast listener discovery is implemented.', (b) => {
  b.forget();
  b.bind(9).socket.join(b.at('ff1e::77'), 1);
  b.wait(SECOND);
  ok(b.seen('mld2-report').length > 0);
});
v6(
  '8504 §5.13 MUST',
  'Without explicit congestion notification nothing breaks: the marks are taken as they come.',
  (b) => {
    for (const trafficClass of [1, 2, 3]) one(b.send(b.echo({ trafficClass })), 'echo-reply');
  },
);
v6(
  '8504 §6.3 MUST',
  'Stateless address autoconfiguration is implemented.',
  (b) => ok(b.myLocal().startsWith('fe80:')),
  { auto: true },
);
v6(
  '8504 §6.5 MAY',
  'Addresses by DHCPv6.',
  unseen('DHCPv6 is not implemented; addresses are written or autoconfigured'),
);
v6('8504 §9 MAY', 'Mobile IPv6.', unseen('not implemented, as most hosts do not'));
v6('8504 §13 SHOULD', 'IPsec.', unseen('not implemented: services protect themselves by TLS'));
