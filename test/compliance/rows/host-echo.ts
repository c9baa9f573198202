/** Echo in a host: RFC 1122 §3.2.2.6, RFC 4443 §4. */

import { SECOND } from '../bench/bench.ts';
import { data } from '../bench/bytes.ts';
import { deepEqual, equal, none, ok, one, sameBytes } from '../bench/check.ts';
import { Topic } from '../table.ts';

export const hostEcho: Topic = new Topic('host', 'Echo');
const { v4, v6, both } = hostEcho;

both('1122 §3.2.2.6 MUST', '4443 §4.2 MUST', 'An echo request is answered.', (b) => {
  one(b.send(b.echo()), 'echo-reply');
});
both(
  '792 Echo MUST',
  '4443 §4.2 MUST',
  'The reply carries the identifier and sequence number of the request.',
  (b) => {
    equal(one(b.send(b.echo({ word: 0x12345678 }))).icmp.word, 0x12345678);
  },
);
both('1122 §3.2.2.6 MUST', '4443 §4.2 MUST', 'All data of the request comes back unchanged.', (b) => {
  sameBytes(one(b.send(b.echo({ body: data(1_400) }))).icmp.body, data(1_400));
});
both('792 Echo MUST', '4443 §4.2 MUST', 'The code of a reply is zero.', (b) => {
  equal(one(b.send(b.echo())).icmp.code, 0);
});
both('792 Echo MUST', '4443 §2.1 MUST', 'A request with a wrong checksum is discarded.', (b) => {
  none(b.send(b.echo({ icmpError: 1 })));
});
both(
  '1122 §3.2.2.6 MUST',
  '4443 §4.2 MUST',
  'The source of the reply is the unicast destination of the request.',
  (b) => {
    const reply = one(b.send(b.echo()));
    deepEqual([reply.source, reply.destination], [b.me, b.peer.ip]);
  },
);
both('1122 §3.2.2.6 MUST', '4443 §4.2 MUST', 'A request without data is answered without data.', (b) => {
  equal(one(b.send(b.echo({ body: [] }))).icmp.body.length, 0);
});
both(
  '1122 §3.2.2.6 MUST',
  '4443 §4.2 MUST',
  'A request that came in fragments is answered whole, in fragments where needed.',
  (b) => {
    const request = b.echo({ body: data(2_992) });
    for (const piece of b.fragments(request, [1_000, 2_000])) b.send(piece);
    const replies = b.seen();
    equal(
      replies.reduce((sum, each) => sum + each.payload.length, 0),
      3_000,
    );
    sameBytes(replies[0]!.payload.subarray(8), data(replies[0]!.payload.length - 8));
  },
);
v4('1122 §3.2.2.6 MUST', 'A record route option of the request is updated and stands in the reply.', (b) => {
  const options = [7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  const reply = one(b.send(b.packet({ protocol: 1, options, payload: b.echo().subarray(20) })));
  sameBytes(reply.options.subarray(0, 7), Uint8Array.of(7, 11, 8, 192, 0, 2, 1));
});
v4('1122 §3.2.2.6 MUST', 'A timestamp option of the request is updated and stands in the reply.', (b) => {
  const options = [68, 12, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  const reply = one(b.send(b.packet({ protocol: 1, options, payload: b.echo().subarray(20) })));
  deepEqual([reply.options[0], reply.options[2]! > 5], [68, true]);
});
v4('1122 §3.2.1.6 SHOULD', 'The reply carries the type of service of the request.', (b) => {
  equal(one(b.send(b.echo({ trafficClass: 0xb8 }))).trafficClass, 0xb8);
});
v4('1122 §3.2.2.6 MAY', 'A request to a broadcast address may be silently discarded.', (b) => {
  none(b.send(b.echo({ destination: b.broadcast() })));
  none(b.send(b.echo({ destination: '255.255.255.255' })));
});
v4('1122 §3.2.2.6 MAY', 'A request to a group may be silently discarded.', (b) =>
  none(b.send(b.echo({ destination: '224.0.0.1' }))),
);
v6('4443 §4.2 SHOULD', 'A request to a group is answered from a unicast address of the interface.', (b) => {
  const reply = one(b.send(b.echo({ destination: 'ff02::1', source: b.peer.local })));
  equal(reply.source, b.myLocal());
});
v6(
  '4443 §4.2 MUST',
  'A request to the link-local address is answered from it.',
  (b) => {
    equal(one(b.send(b.echo({ destination: b.myLocal(), source: b.peer.local }))).source, b.myLocal());
  },
  { logo: 'Replying to Echo Request' },
);
v6('4443 §4.2 MUST', 'A request from the unspecified address is not answered.', (b) =>
  none(b.send(b.echo({ source: '::' }))),
);
both(
  '1122 §3.2.2.6 MUST',
  '4443 §4.1 MUST',
  'An application can send echo requests and gets the replies.',
  (b) => {
    const results = b.ping(b.peer.ip, { size: 8 });
    const request = one(b.seen(), 'echo-request');
    none(b.send(b.message('echo-reply', { word: request.icmp.word, body: request.icmp.body })));
    equal(results[0]?.outcome, 'reply');
  },
);
both('1122 §3.2.2.6 MUST', '4443 §4.2 MUST', 'A reply that answers nothing is discarded in silence.', (b) =>
  none(b.send(b.message('echo-reply', { word: 7 }))),
);
both(
  '1122 §3.2.2.6 MUST',
  '4443 §4.2 MUST',
  'A reply from somebody who was not asked ends no request.',
  (b) => {
    const results = b.ping(b.peer.ip, { size: 8, timeout: SECOND });
    const request = one(b.seen(), 'echo-request');
    b.send(
      b.message('echo-reply', { source: b.other.ip, word: request.icmp.word, body: request.icmp.body }),
      { from: b.other },
    );
    equal(results.length, 0);
    b.wait(2 * SECOND);
    equal(results[0]?.outcome, 'timeout');
  },
);
both(
  '1122 §3.2.2.1 MUST',
  '4443 §3.1 MUST',
  'Unreachable messages about a request reach the application.',
  (b) => {
    const results = b.ping(b.far, { size: 8 });
    const request = one(b.seen(), 'echo-request');
    b.send(b.error('host-unreachable', request.bytes), { from: b.router });
    equal(results[0]?.outcome, 'error');
  },
);
both(
  '1122 §3.2.2.4 MUST',
  '4443 §3.3 MUST',
  'Time exceeded messages about a request reach the application.',
  (b) => {
    const results = b.ping(b.far, { size: 8, hopLimit: 1 });
    const request = one(b.seen(), 'echo-request');
    equal(request.hopLimit, 1);
    b.send(b.error('time-exceeded', request.bytes), { from: b.router });
    equal(results[0]?.outcome, 'error');
  },
);
both(
  '1122 §3.2.1.5 MUST',
  '4443 §4.2 MUST',
  'A stack can be sent echo requests by itself over loopback; nothing appears on the wire.',
  (b) => {
    const results = b.ping(b.is6 ? '::1' : '127.0.0.1');
    b.wait(SECOND);
    equal(results[0]?.outcome, 'reply');
    deepEqual(b.all(), []);
  },
);
both('1122 §3.2.2.6 MUST', '4443 §4.2 MUST', 'A request of the largest size is answered.', (b) => {
  const bytes = b.is6 ? 65_527 - 8 : 65_507;
  const request = b.echo({ body: data(bytes) });
  const cuts = Array.from({ length: Math.floor((bytes + 7) / 1_400) }, (_, i) => 1_400 * (i + 1));
  for (const piece of b.fragments(request, cuts)) b.send(piece);
  b.wait(SECOND);
  const replies = b.seen('fragment');
  ok(replies.length > 40);
});
