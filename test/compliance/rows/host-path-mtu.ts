/** Path MTU discovery in a host: RFC 1191, RFC 8201, RFC 8200 §5, RFC 5927 §7. */
import { type Bench, MINUTE } from '../bench/bench.ts';
import { data } from '../bench/bytes.ts';
import { equal, none, ok, one } from '../bench/check.ts';
import type { Seen } from '../bench/seen.ts';
import { Topic, unseen } from '../table.ts';

export const hostPathMtu: Topic = new Topic('host', 'Path MTU');
const { v4, v6, both } = hostPathMtu;

/** A packet of `bytes` to the far host, which no router may fragment. */
function full(b: Bench, to: string = b.far, bytes = 1_500): Seen {
  b.ping(to, { size: bytes - (b.is6 ? 48 : 28), dontFragment: true });
  return one(b.seen(), 'echo-request');
}

/** The largest packet that leaves for `to` now. */
function longest(b: Bench, to: string = b.far): number {
  return b.stack.pathMtu(b.at(to));
}

function tooBig(b: Bench, about: Seen, mtu: number, from = b.router.ip): void {
  none(b.send(b.error('too-big', about.bytes, { word: mtu, source: from }), { from: b.router }));
}

both('1191 §3 MUST', '8201 §4 MUST', 'The path MTU begins as the MTU of the first link.', (b) => {
  equal(full(b).bytes.length, 1_500);
});
both(
  '1191 §3 MUST',
  '8201 §4 MUST',
  'A packet too big message lowers the path MTU to what it says.',
  (b) => {
    tooBig(b, full(b), 1_400);
    equal(longest(b), 1_400);
  },
  { logo: 'Reduce PMTU On-link, Reduce PMTU Off-link' },
);
both(
  '1191 §3 MUST',
  '8201 §4 MUST',
  'A second message lowers it further.',
  (b) => {
    tooBig(b, full(b), 1_400);
    tooBig(b, full(b, b.far, 1_400), 1_300);
    equal(longest(b), 1_300);
  },
  { logo: 'Receiving MTU Below Current' },
);
both(
  '1191 §3 MUST',
  '8201 §4 MUST',
  'A message never raises the path MTU.',
  (b) => {
    const first = full(b);
    const second = full(b);
    tooBig(b, first, 1_300);
    tooBig(b, second, 1_450);
    equal(longest(b), 1_300);
  },
  { logo: 'Increase Estimate' },
);
both(
  '1191 §3 MUST',
  '8201 §4 MUST',
  'A message that names more than the packet had changes nothing.',
  (b) => {
    tooBig(b, full(b), 9_000);
    equal(longest(b), 1_500);
  },
);
both(
  '1191 §6.3 MUST',
  '8201 §4 MUST',
  'A larger MTU is not tried within five minutes of a message.',
  (b) => {
    tooBig(b, full(b), 1_400);
    b.wait(5 * MINUTE);
    equal(longest(b), 1_400);
  },
  { logo: 'Increase Estimate' },
);
both(
  '1191 §6.3 SHOULD',
  '8201 §4 SHOULD',
  'A larger MTU is tried again after ten minutes.',
  (b) => {
    tooBig(b, full(b), 1_400);
    b.wait(11 * MINUTE);
    equal(longest(b), 1_500);
  },
  { logo: 'Stored PMTU' },
);
both(
  '1191 §6.1 MUST',
  '8201 §5.2 MUST',
  'Each destination has its own path MTU.',
  (b) => {
    const another = b.is6 ? '2001:db8:9::10' : '198.51.100.10';
    tooBig(b, full(b), 1_400);
    equal(longest(b, another), 1_500);
  },
  { logo: 'Stored PMTU' },
);
both(
  '1191 §6.1 MUST',
  '8201 §5.2 MUST',
  'Several destinations keep their different path MTUs.',
  (b) => {
    const another = b.is6 ? '2001:db8:9::10' : '198.51.100.10';
    tooBig(b, full(b), 1_400);
    tooBig(b, full(b, another), 1_300);
    equal(longest(b), 1_400);
    equal(longest(b, another), 1_300);
  },
  { logo: 'Stored PMTU' },
);
v6(
  '8201 §4 MUST',
  'Packets longer than the path MTU leave in fragments that fit.',
  (b) => {
    tooBig(b, full(b), 1_300);
    b.ping(b.far, { size: 1_452 });
    for (const { bytes } of b.seen()) ok(bytes.length <= 1_300);
    equal(b.seen().length, 2);
  },
  { logo: 'Reduce PMTU Off-link' },
);
v6(
  '8200 §5 MUST',
  'A packet too big about an answer of this host lowers the size of its answers.',
  (b) => {
    const reply = one(b.send(b.echo({ source: b.far, body: data(1_400) }), { from: b.router }));
    tooBig(b, reply, 1_280);
    const replies = b.send(b.echo({ source: b.far, body: data(1_400) }), { from: b.router });
    ok(replies.length === 2 && replies.every(({ bytes }) => bytes.length <= 1_280));
  },
  { logo: 'Reduce PMTU Off-link' },
);
v6(
  '8201 §4 MUST',
  'A neighbour on the link may be reached with a smaller MTU as well.',
  (b) => {
    const reply = one(b.send(b.echo({ body: data(1_400) })));
    tooBig(b, reply, 1_280);
    equal(b.send(b.echo({ body: data(1_400) })).length, 2);
  },
  { logo: 'Reduce PMTU On-link' },
);
v6(
  '8201 §4 MUST',
  'A message that names less than 1,280 bytes is discarded.',
  (b) => {
    const sent = full(b);
    for (const mtu of [0, 56, 1_279]) tooBig(b, sent, mtu);
    equal(longest(b), 1_500);
  },
  { logo: 'Receiving MTU Below IPv6 Minimum Link MTU' },
);
v6('8200 §5 MUST', 'A host may be told 1,280 bytes exactly.', (b) => {
  tooBig(b, full(b), 1_280);
  equal(longest(b), 1_280);
});
v6('8201 §4 MUST', 'A code other than zero in a packet too big is ignored: the message counts.', (b) => {
  const sent = full(b);
  b.send(b.icmp(2, 7, { source: b.router.ip, word: 1_400, body: sent.bytes.subarray(0, 1_232) }), {
    from: b.router,
  });
  equal(longest(b), 1_400);
});
v6(
  '8201 §4 MUST',
  'An advertised link MTU bounds the path MTU.',
  (b) => {
    b.send(b.ra({ with: [Uint8Array.of(5, 1, 0, 0, 0, 0, 5, 0x78)] }), { from: b.router });
    equal(longest(b), 1_400);
  },
  { logo: 'Router Advertisement with MTU Option', auto: true },
);
v6(
  '8201 §4 MUST',
  'A packet too big about a packet to a group counts for that group.',
  (b) => {
    const inbox = b.bind(5_000);
    const sent = b.sendFrom(inbox, 'ff1e::1:2', data(1_400), 9, 1);
    tooBig(b, sent[0]!, 1_300);
    equal(b.sendFrom(inbox, 'ff1e::1:2', data(1_400), 9, 1).length, 2);
  },
  { logo: 'Multicast Destination - One Router' },
);
v4('1191 §3 MUST', 'A message without an MTU lowers the path MTU to the next plateau.', (b) => {
  tooBig(b, full(b), 0);
  equal(longest(b), 1_492);
});
v4('1191 §5 MUST', 'Plateaus go on downwards with the length that the quoted header tells.', (b) => {
  const sent = full(b);
  tooBig(b, sent, 0);
  b.ping(b.far, { size: 1_492 - 28, dontFragment: true });
  tooBig(b, one(b.seen()), 0);
  equal(longest(b), 1_006);
});
v4('1191 §3 MUST', 'The path MTU is never lowered below 68 bytes.', (b) => {
  tooBig(b, full(b), 40);
  ok(longest(b) >= 68);
});
v4(
  '5927 §7.2 SHOULD',
  'A message below a floor does not make the host send crumbs: what is longer goes without "don\'t fragment".',
  (b) => {
    tooBig(b, full(b), 100);
    equal(longest(b), 552);
    b.ping(b.far, { size: 400, dontFragment: true });
    equal(one(b.seen()).df, false);
  },
);
v4('1191 §3 MUST', 'A message about a datagram that may be fragmented changes nothing.', (b) => {
  const sent = one(b.sendFrom(b.bind(5_000), b.far, data(1_472)));
  equal(sent.df, false);
  tooBig(b, sent, 1_000);
  equal(longest(b), 1_500);
});
v4('1191 §3 MUST', 'Datagrams of path MTU discovery have "don\'t fragment" set.', (b) => ok(full(b).df));
v4('1191 §6.4 MUST', 'TCP segments leave with "don\'t fragment".', (b) => {
  ok(one(b.send(b.syn(80)), 'tcp').df);
});
both(
  '5927 §7 SHOULD',
  '8201 §4 SHOULD',
  'A message about a packet that was never sent changes nothing.',
  (b) => {
    const invented = b.udp({
      source: b.me,
      destination: b.far,
      from: 7_777,
      to: 9,
      data: data(1_400),
      df: true,
    });
    none(b.send(b.error('too-big', invented, { word: 1_300 }), { from: b.router }));
    equal(longest(b), 1_500);
  },
  { logo: 'Validate Packet Too Big' },
);
both(
  '1191 §3 MUST',
  '8201 §4 MUST',
  'A message whose checksum is wrong changes nothing.',
  (b) => {
    b.send(b.error('too-big', full(b).bytes, { word: 1_400, icmpError: 1 }), { from: b.router });
    equal(longest(b), 1_500);
  },
  { logo: 'Checksum Error' },
);
both(
  '1191 §6.5 MAY',
  '8201 §5.5 MAY',
  'The path MTU can be turned off for a destination by management.',
  unseen('there is no such management; RFC 8201 §5.5 leaves it open'),
);
both('1191 §6.1 SHOULD', '8201 §4 MUST', 'The application hears that its packet was too big.', (b) => {
  b.ping(b.far, { size: 1_452, dontFragment: true });
  const results = b.ping(b.far, { size: 1_440, dontFragment: true });
  const sent = b.seen()[0]!;
  tooBig(b, sent, 1_300);
  equal(results[0]?.outcome, 'error');
});
both(
  '1191 §6.2 MUST',
  '8201 §5.4 MUST',
  'What is longer than a known path MTU and must not be fragmented is refused at once.',
  (b) => {
    tooBig(b, full(b), 1_300);
    const results = b.ping(b.far, { size: 1_400, dontFragment: true });
    none(b.seen());
    equal(results[0]?.outcome, 'error');
  },
);
