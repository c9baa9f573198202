/** What only IPv6 says about fragments: RFC 8200 §4.5, RFC 6946, RFC 7112, RFC 8021. */
import { SECOND } from '../bench/bench.ts';
import { data, join } from '../bench/bytes.ts';
import { equal, errs, none, ok, one } from '../bench/check.ts';
import { destinationOptions, fragmentHeader, hopByHop, option, routing } from '../bench/ipv6-packet.ts';
import { Topic } from '../table.ts';

export const hostIpv6Fragments: Topic = new Topic('host', 'Fragments of IPv6');
const { v6 } = hostIpv6Fragments;

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
