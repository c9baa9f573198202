/** Reassembly in a host: RFC 791 §3.2, RFC 1122 §3.3.2, RFC 815, RFC 1858, RFC 8200 §4.5, RFC 5722, RFC 6946, RFC 7112. */
import { MINUTE, SECOND } from '../bench/bench.ts';
import { data } from '../bench/bytes.ts';
import { equal, errs, none, ok, one, sameBytes } from '../bench/check.ts';
import { Topic, unseen } from '../table.ts';

export const hostFragments: Topic = new Topic('host', 'Fragments');
const { v4, both } = hostFragments;

both(
  '791 §3.2 MUST',
  '8200 §4.5 MUST',
  'Fragments in order become the datagram.',
  (b) => {
    const [first, second, third] = b.fragments(b.echo({ body: data(100) }), [32, 64]);
    none(b.send(first!));
    none(b.send(second!));
    sameBytes(one(b.send(third!), 'echo-reply').icmp.body, data(100));
  },
  { logo: 'Fragment Reassembly' },
);
both(
  '815 §3 MUST',
  '8200 §4.5 MUST',
  'Fragments in reverse order become the datagram.',
  (b) => {
    const [first, second, third] = b.fragments(b.echo({ body: data(100) }), [32, 64]);
    none(b.send(third!));
    none(b.send(second!));
    sameBytes(one(b.send(first!), 'echo-reply').icmp.body, data(100));
  },
  { logo: 'Fragment Reassembly' },
);
both('815 §3 MUST', '8200 §4.5 MUST', 'The fragments of several datagrams may come mixed.', (b) => {
  const a = b.fragments(b.echo({ word: 1, body: data(60) }), [32], 1);
  const c = b.fragments(b.echo({ word: 2, body: data(60, 7) }), [32], 2);
  b.send(a[0]!);
  b.send(c[0]!);
  sameBytes(one(b.send(a[1]!), 'echo-reply').icmp.body, data(60));
  sameBytes(one(b.send(c[1]!), 'echo-reply').icmp.body, data(60, 7));
});
both(
  '791 §3.2 MUST',
  '8200 §4.5 MUST',
  'Fragments with different identifications never join.',
  (b) => {
    const request = b.echo({ body: data(60) });
    b.send(b.fragments(request, [32], 1)[0]!);
    none(b.send(b.fragments(request, [32], 2)[1]!));
  },
  { logo: 'Fragment Reassembly' },
);
both(
  '791 §3.2 MUST',
  '8200 §4.5 MUST',
  'Fragments from different sources never join.',
  (b) => {
    const body = data(60);
    b.send(b.fragments(b.echo({ body }), [32])[0]!);
    none(b.send(b.fragments(b.echo({ body, source: b.other.ip }), [32])[1]!, { from: b.other }));
  },
  { logo: 'Fragment Reassembly' },
);
both(
  '791 §3.2 MUST',
  '8200 §4.5 MUST',
  'Fragments to different destinations never join.',
  (b) => {
    const second = b.is6 ? '2001:db8:1::77' : '192.0.2.77';
    b.stack.addAddress(1, b.at(second), b.places.length);
    b.wait(20 * SECOND);
    const body = data(60);
    b.send(b.fragments(b.echo({ body }), [32])[0]!);
    none(b.send(b.fragments(b.echo({ body, destination: second }), [32])[1]!));
  },
  { logo: 'Fragment Reassembly' },
);
v4('791 §3.2 MUST', 'Fragments of different protocols never join.', (b) => {
  const request = b.echo({ body: data(60) });
  b.send(b.fragments(request, [32])[0]!);
  none(b.send(b.packet({ protocol: 17, id: 0x4321, offset: 32, payload: request.subarray(52) })));
});
both('791 §3.2 MUST', '8200 §4.5 MUST', 'A duplicate of a fragment does no harm.', (b) => {
  const [first, second] = b.fragments(b.echo({ body: data(100) }), [32]);
  b.send(first!);
  none(b.send(first!));
  one(b.send(second!), 'echo-reply');
});
both(
  '1858 §3 SHOULD',
  '5722 §4 MUST',
  'Fragments that overlap end the whole datagram in silence.',
  (b) => {
    const request = b.echo({ body: data(100) });
    const payload = request.subarray(b.is6 ? 40 : 20);
    none(b.send(b.piece(request, payload.subarray(0, 48), 0, true)));
    none(b.send(b.piece(request, payload.subarray(40), 40, false)));
    none(b.send(b.piece(request, payload.subarray(48), 48, false)));
  },
  { logo: 'Fragment Reassembly' },
);
both(
  '1858 §3 SHOULD',
  '5722 §4 MUST',
  'An overlap that makes up for a hole in the count of bytes brings no datagram about.',
  (b) => {
    // Nobody takes the protocol, and no checksum protects it: were it whole, its sender would hear.
    const request = b.packet({ protocol: 253, payload: data(108) });
    const payload = request.subarray(b.is6 ? 40 : 20);
    none(b.send(b.piece(request, payload.subarray(0, 56), 0, true)));
    none(b.send(b.piece(request, payload.subarray(48, 64), 48, true)));
    none(b.send(b.piece(request, payload.subarray(72), 72, false)));
  },
);
both(
  '1858 §3 SHOULD',
  '5722 §4 MUST',
  'Fragments that overlap by one unit in front end the datagram.',
  (b) => {
    const request = b.echo({ body: data(100) });
    const payload = request.subarray(b.is6 ? 40 : 20);
    none(b.send(b.piece(request, payload.subarray(48), 48, false)));
    none(b.send(b.piece(request, payload.subarray(0, 56), 0, true)));
  },
);
both('1858 §3 SHOULD', '5722 §4 MUST', 'Fragments that come after an overlap are dropped too.', (b) => {
  const request = b.echo({ body: data(100) });
  const payload = request.subarray(b.is6 ? 40 : 20);
  b.send(b.piece(request, payload.subarray(0, 48), 0, true));
  b.send(b.piece(request, payload.subarray(40, 80), 40, true));
  for (const piece of b.fragments(request, [48])) none(b.send(piece));
});
both(
  '791 §3.2 MUST',
  '8200 §4.5 MUST',
  'The data of a fragment inside another is an overlap, not a datagram.',
  (b) => {
    const request = b.echo({ body: data(100) });
    const payload = request.subarray(b.is6 ? 40 : 20);
    b.send(b.piece(request, payload.subarray(0, 64), 0, true));
    none(b.send(b.piece(request, payload.subarray(16, 32), 16, true)));
    none(b.send(b.piece(request, payload.subarray(64), 64, false)));
  },
);
both(
  '1122 §3.3.2 MUST',
  '8200 §4.5 MUST',
  'A datagram that does not become whole in time is given up.',
  (b) => {
    const [first, second] = b.fragments(b.echo({ body: data(100) }), [32]);
    b.send(second!);
    b.wait(2 * MINUTE);
    none(b.send(first!));
  },
  { logo: 'Reassembly Time Exceeded' },
);
both(
  '1122 §3.3.2 MUST',
  '8200 §4.5 SHOULD',
  'If the first fragment is there when time is up, its sender hears of it.',
  (b) => {
    const [first] = b.fragments(b.echo({ body: data(100) }), [32]);
    b.send(first!);
    b.wait(2 * MINUTE);
    errs(b.seen(), 'reassembly-exceeded', first!);
  },
  { logo: 'Reassembly Time Exceeded' },
);
both(
  '1122 §3.3.2 MUST',
  '8200 §4.5 SHOULD',
  'Without the first fragment nobody hears of it.',
  (b) => {
    b.send(b.fragments(b.echo({ body: data(100) }), [32])[1]!);
    b.wait(2 * MINUTE);
    none(b.seen());
  },
  { logo: 'Reassembly Time Exceeded' },
);
v4('1122 §3.3.2 SHOULD', 'The reassembly timeout is between 60 and 120 seconds.', (b) => {
  b.send(b.fragments(b.echo({ body: data(100) }), [32])[0]!);
  b.wait(59 * SECOND);
  none(b.seen());
  b.wait(62 * SECOND);
  one(b.seen(), 'reassembly-exceeded');
});
v4('1122 §3.3.2 MUST', 'Fragments that come within half of the timeout become the datagram.', (b) => {
  const [first, second] = b.fragments(b.echo({ body: data(100) }), [32]);
  b.send(first!);
  b.wait(15 * SECOND);
  one(b.send(second!), 'echo-reply');
});
both('1122 §3.3.2 MUST', '8200 §5 MUST', 'A host reassembles a datagram as large as its MTU.', (b) => {
  const request = b.echo({ body: data(1_452 - 8) });
  const pieces = b.fragments(request, [512, 1_024]);
  b.send(pieces[0]!);
  b.send(pieces[1]!);
  one(b.send(pieces[2]!), 'echo-reply');
});
both('1122 §3.3.2 SHOULD', '8200 §5 MAY', 'A host reassembles the largest datagram there is.', (b) => {
  const inbox = b.bind(9);
  const bytes = data(b.is6 ? 65_527 : 65_507);
  for (const piece of b.fragments(
    b.udp({ data: bytes }),
    Array.from({ length: 46 }, (_, i) => 1_400 * (i + 1)),
  ))
    b.send(piece);
  equal(inbox.messages[0]?.data.length, bytes.length);
});
v4('791 §3.2 MUST', 'A fragment that ends beyond 65,535 bytes is dropped.', (b) => {
  none(b.send(b.packet({ offset: 65_528, payload: data(64), mf: false })));
});
v4('791 §3.2 MUST', 'More fragments with a length that is no multiple of eight is dropped.', (b) => {
  none(b.send(b.packet({ mf: true, payload: data(13) })));
});
both(
  '791 §3.2 MUST',
  '8200 §4.5 MUST',
  'Fragments are made so that each fits the MTU, with one identification and offsets that follow on.',
  (b) => {
    const pieces = b.sendFrom(b.bind(5_000), b.peer.ip, data(6_000));
    let at = 0;
    for (const piece of pieces) {
      ok(piece.bytes.length <= 1_500);
      equal(piece.offset, at);
      equal(piece.id, pieces[0]!.id);
      at += piece.payload.length;
    }
    equal(at, 6_008);
  },
);
v4('1858 §3 SHOULD', 'A tiny first fragment that hides the TCP flags brings no connection about.', (b) => {
  const syn = [0x10, 0, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0x10, 0, 0, 0, 0, 0];
  b.send(b.packet({ protocol: 6, payload: syn.slice(0, 8), mf: true, id: 9 }));
  none(b.send(b.packet({ protocol: 6, payload: syn.slice(0, 12), offset: 8, id: 9, mf: true })));
});
both(
  '1122 §3.3.2 MAY',
  '8200 §4.5 MAY',
  'Reassembly is bounded: a flood of first fragments does not keep later datagrams from becoming whole.',
  (b) => {
    const lone = b.echo({ body: data(1_000) });
    for (let id = 0; id < 5_000; id++) b.send(b.fragments(lone, [512], 0x1000 + id)[0]!);
    const [first, second] = b.fragments(b.echo({ body: data(100) }), [32], 7);
    b.send(first!);
    one(b.send(second!), 'echo-reply');
  },
);
both(
  '1122 §3.3.3 MAY',
  '8200 §4.5 MAY',
  'A host may choose not to fragment at all and leave it to the transport.',
  unseen('a choice between two ways; this stack fragments what UDP and echo send, and never TCP segments'),
);
