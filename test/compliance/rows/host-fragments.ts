/** Reassembly in a host: RFC 791 §3.2, RFC 1122 §3.3.2, RFC 815, RFC 1858, RFC 8200 §4.5, RFC 5722, RFC 6946, RFC 7112. */
import { MINUTE, SECOND } from '../bench/bench.ts';
import { data, join } from '../bench/bytes.ts';
import { equal, errs, none, ok, one, sameBytes } from '../bench/check.ts';
import { destinationOptions, fragmentHeader, hopByHop, option, routing } from '../bench/ipv6-packet.ts';
import { Topic, unseen } from '../table.ts';

export const hostFragments: Topic = new Topic('host', 'Fragments');
const { v4, v6, both } = hostFragments;

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
v6(
  '8200 §4.5 MUST',
  'Next Header values of later fragments may differ: only that of the first counts.',
  (b) => {
    const request = b.echo({ body: data(60) });
    b.send(b.fragments(request, [32])[0]!);
    const last = b.packet({
      chain: [fragmentHeader(32, false, 0x4321)],
      protocol: 200,
      payload: request.subarray(72),
    });
    one(b.send(last), 'echo-reply');
  },
);
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
v6(
  '8200 §4.5 MUST',
  'The reassembly timeout is 60 seconds from the first fragment to come.',
  (b) => {
    const pieces = b.fragments(b.echo({ body: data(100) }), [32, 64]);
    b.send(pieces[0]!);
    b.wait(40 * SECOND);
    b.send(pieces[1]!);
    b.wait(19 * SECOND);
    none(b.seen());
    b.wait(2 * SECOND);
    one(b.seen(), 'reassembly-exceeded');
  },
  { logo: 'Reassembly Time Exceeded' },
);
v6(
  '8200 §4.5 MUST',
  'Fragments that come within 60 seconds become the datagram.',
  (b) => {
    const [first, second] = b.fragments(b.echo({ body: data(100) }), [32]);
    b.send(first!);
    b.wait(55 * SECOND);
    one(
      b.send(second!).filter(({ kind }) => kind === 'echo-reply'),
      'echo-reply',
    );
  },
  { logo: 'Fragment Reassembly' },
);
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
v6(
  '8200 §4.5 MUST',
  'A fragment that ends beyond 65,535 bytes is told by a parameter problem at its offset.',
  (b) => {
    const packet = b.packet({ chain: [fragmentHeader(65_528, false)], payload: data(64) });
    equal(errs(b.send(packet), 'parameter-problem', packet).icmp.word, 42);
  },
  { logo: 'Fragment Header' },
);
v6(
  '8200 §4.5 MUST',
  'More fragments with a length that is no multiple of eight is told by a parameter problem at the payload length.',
  (b) => {
    const packet = b.packet({
      chain: [fragmentHeader(0, true)],
      protocol: 58,
      payload: b.echo({ body: data(13) }).subarray(40),
    });
    equal(errs(b.send(packet), 'parameter-problem', packet).icmp.word, 4);
  },
  { logo: 'Fragment Header M-Bit Set, Payload Length Invalid' },
);
v4('791 §3.2 MUST', 'More fragments with a length that is no multiple of eight is dropped.', (b) => {
  none(b.send(b.packet({ mf: true, payload: data(13) })));
});
v6(
  '8200 §4.5 MUST',
  'A fragment with offset 0 and no more to come is a whole packet: the echo is answered.',
  (b) => {
    const packet = b.packet({
      chain: [fragmentHeader(0, false)],
      protocol: 58,
      payload: b.echo().subarray(40),
    });
    one(b.send(packet), 'echo-reply');
  },
  { logo: 'Stub Fragment Header' },
);
v6(
  '6946 §4 MUST',
  'An atomic fragment is processed alone, though other fragments with its identification wait.',
  (b) => {
    const request = b.echo({ body: data(100) });
    const [first, second] = b.fragments(request, [32], 0x01020304);
    b.send(first!);
    one(
      b.send(b.packet({ chain: [fragmentHeader(0, false)], protocol: 58, payload: b.echo().subarray(40) })),
      'echo-reply',
    );
    one(b.send(second!), 'echo-reply');
  },
);
v6('6946 §4 MUST', 'Atomic fragments with equal identifications do not disturb each other.', (b) => {
  const packet = b.packet({
    chain: [fragmentHeader(0, false)],
    protocol: 58,
    payload: b.echo().subarray(40),
  });
  one(b.send(packet), 'echo-reply');
  one(b.send(packet), 'echo-reply');
});
v6('8200 §4.5 MUST', 'The reserved fields of a fragment header are ignored.', (b) => {
  const [first, second] = b.fragments(b.echo({ body: data(60) }), [32]);
  first![41] = 0xff;
  first![43]! |= 6;
  b.send(first!);
  one(b.send(second!), 'echo-reply');
});
v6(
  '8200 §4.5 MUST',
  'The headers before the fragment header of the first fragment are those of the packet.',
  (b) => {
    const request = b.echo({ body: data(60) });
    const chain = [destinationOptions(), fragmentHeader(0, true)];
    b.send(b.packet({ chain, protocol: 58, payload: request.subarray(40, 72) }));
    const last = b.packet({
      chain: [fragmentHeader(32, false)],
      protocol: 58,
      payload: request.subarray(72),
    });
    one(b.send(last), 'echo-reply');
  },
);
v6('8200 §4.5 MUST', 'Headers behind the fragment header are processed when the packet is whole.', (b) => {
  const request = b.packet({
    chain: [destinationOptions(option(0x9e))],
    protocol: 58,
    payload: b.echo({ body: data(60) }).subarray(40),
  });
  const [first, second] = b.fragments(request, [40]);
  none(b.send(first!));
  one(b.send(second!), 'unknown-option');
});
v6('8200 §4.5 MUST', 'A reassembled packet that is longer than a payload length can say is dropped.', (b) => {
  const chain = (offset: number, more: boolean) => [hopByHop(), fragmentHeader(offset, more)];
  b.send(b.packet({ chain: chain(0, true), payload: data(1_024) }));
  for (let at = 1_024; at < 64_512; at += 1_024)
    b.send(b.packet({ chain: chain(at, true), payload: data(1_024) }));
  const last = b.packet({ chain: chain(64_512, false), payload: data(1_020) });
  ok(b.send(last).every(({ kind }) => kind === 'parameter-problem'));
});
v6(
  '7112 §5 SHOULD',
  'A first fragment without the whole header chain is told by a parameter problem of code 3.',
  (b) => {
    const packet = b.packet({
      chain: [fragmentHeader(0, true)],
      protocol: 60,
      payload: join([58, 3], new Uint8Array(14)),
    });
    errs(b.send(packet), 'incomplete-chain', packet);
  },
);
v6(
  '7112 §5 MUST',
  'A first fragment without the whole header chain never becomes part of a datagram.',
  (b) => {
    const request = b.packet({
      chain: [destinationOptions([1, 20, ...new Array<number>(20).fill(0)])],
      protocol: 58,
      payload: b.echo().subarray(40),
    });
    const [first, second] = b.fragments(request, [16]);
    b.send(first!);
    none(b.send(second!));
  },
);
v6(
  '7112 §5 MUST',
  'A first fragment that ends inside the upper-layer header does not hold the whole chain.',
  (b) => {
    const packet = b.packet({
      chain: [destinationOptions(), fragmentHeader(0, true)],
      protocol: 6,
      payload: data(8),
    });
    one(b.send(packet), 'incomplete-chain');
  },
);
v6('7112 §5 MUST', 'The sender of a datagram puts the whole header chain in the first fragment.', (b) => {
  const pieces = b.sendFrom(b.bind(5_000), b.peer.ip, data(4_000));
  equal(pieces[0]!.offset, 0);
  equal(pieces[0]!.payload[1], 5_000 & 255);
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
v6(
  '8200 §4.5 MUST',
  'No two fragmented packets from one source to one destination have the same identification.',
  (b) => {
    const inbox = b.bind(5_000);
    const ids = Array.from({ length: 200 }, () => b.sendFrom(inbox, b.peer.ip, data(2_000))[0]!.id);
    equal(new Set(ids).size, 200);
  },
);
v6('7739 §5 SHOULD', 'Fragment identifications cannot be predicted from the one before.', (b) => {
  const inbox = b.bind(5_000);
  const [x, y] = [0, 1].map(() => b.sendFrom(inbox, b.peer.ip, data(2_000))[0]!.id);
  ok(Math.abs(x! - y!) > 8);
});
v6(
  '8021 §3 SHOULD',
  'No atomic fragment is ever sent: a packet too big below 1,280 changes nothing.',
  (b) => {
    const inbox = b.bind(5_000);
    const sent = one(b.sendFrom(inbox, b.far, data(100)));
    b.send(b.error('too-big', sent.bytes, { word: 1_000 }), { from: b.router });
    equal(one(b.sendFrom(inbox, b.far, data(100))).options.length, 0);
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
v6(
  '8200 §4.5 MUST',
  'A fragment behind a routing header without segments left is reassembled like any other.',
  (b) => {
    const request = b.echo({ body: data(60) });
    b.send(
      b.packet({
        chain: [routing(99, 0), fragmentHeader(0, true)],
        protocol: 58,
        payload: request.subarray(40, 72),
      }),
    );
    one(
      b.send(
        b.packet({
          chain: [routing(99, 0), fragmentHeader(32, false)],
          protocol: 58,
          payload: request.subarray(72),
        }),
      ),
      'echo-reply',
    );
  },
);
both(
  '1122 §3.3.3 MAY',
  '8200 §4.5 MAY',
  'A host may choose not to fragment at all and leave it to the transport.',
  unseen('a choice between two ways; this stack fragments what UDP and echo send, and never TCP segments'),
);
