/** The IPv6 header and its extension headers in a host: RFC 8200, RFC 6437, RFC 8504 §5. */
import type { Bench } from '../bench/bench.ts';
import { type Bytes, data, join } from '../bench/bytes.ts';
import { equal, errs, none, ok, one } from '../bench/check.ts';
import {
  destinationOptions,
  type Extension,
  fragmentHeader,
  hopByHop,
  option,
  ROUTER_ALERT,
  routing,
} from '../bench/ipv6-packet.ts';
import { Topic, unseen } from '../table.ts';

export const hostIpv6: Topic = new Topic('host', 'The IPv6 header and extension headers');
const { v6 } = hostIpv6;

/** An echo request behind extension headers. */
function behind(b: Bench, ...chain: readonly Extension[]): Bytes {
  return b.packet({ chain, protocol: 58, payload: b.echo().subarray(40) });
}

v6(
  '8200 §3 MUST',
  'A packet whose version is not 6 is silently discarded.',
  (b) => {
    for (const version of [0, 4, 5, 7, 15]) none(b.send(b.echo({ version })));
  },
  { logo: 'Version Field' },
);
v6(
  '8200 §7 MUST',
  'A traffic class that is not zero changes nothing at its destination.',
  (b) => {
    for (const trafficClass of [0x20, 0xb8, 0xff]) one(b.send(b.echo({ trafficClass })), 'echo-reply');
  },
  { logo: 'Traffic Class Non-Zero - End Node' },
);
v6(
  '6437 §4 MUST',
  'A flow label that is not zero changes nothing at its destination.',
  (b) => {
    for (const flowLabel of [1, 0x34567, 0xfffff]) one(b.send(b.echo({ flowLabel })), 'echo-reply');
  },
  { logo: 'Flow Label Non-Zero' },
);
v6(
  '8200 §3 MUST',
  'A payload length that is even or odd, and shorter than the frame, is the length of the packet.',
  (b) => {
    for (const length of [20, 21]) {
      const packet = b.echo({ body: data(length) });
      equal(one(b.send(join(packet, [1, 2, 3])), 'echo-reply').icmp.body.length, length);
    }
  },
  { logo: 'Payload Length' },
);
v6('8200 §3 MUST', 'A payload length beyond the bytes that came is silently discarded.', (b) =>
  none(b.send(b.echo({ payloadLength: 500 }))),
);
v6('8200 §3 MUST', 'A runt of less than a header is silently discarded.', (b) => {
  for (const length of [1, 8, 39]) none(b.send(b.echo().subarray(0, length)));
});
v6(
  '8200 §4.7 MUST',
  'Nothing behind Next Header 59 is looked at, and nothing is answered.',
  (b) => none(b.send(b.packet({ protocol: 59, payload: data(8) }))),
  { logo: 'No Next Header after IPv6 Header' },
);
v6(
  '8200 §4 MUST',
  'An unrecognised next header is told by a parameter problem of code 1 that points at it.',
  (b) => {
    for (const protocol of [138, 200, 252]) {
      const packet = b.packet({ protocol, payload: data(16) });
      equal(errs(b.send(packet), 'protocol-unreachable', packet).icmp.word, 6);
    }
  },
  { logo: 'Unrecognized Next Header in IPv6 Header (Multiple Values)' },
);
v6(
  '8200 §3 MUST',
  'A packet for this host is taken although its hop limit is zero.',
  (b) => one(b.send(b.echo({ hopLimit: 0 })), 'echo-reply'),
  { logo: 'Hop Limit Zero - End Node' },
);
v6('8200 §3 MUST', 'No packet is sent with a hop limit of zero.', (b) =>
  ok(one(b.sendFrom(b.bind(5_000), b.far, data(1))).hopLimit > 0),
);
v6(
  '8200 §4.7 MUST',
  'Nothing behind Next Header 59 of an extension header is looked at.',
  (b) => none(b.send(b.packet({ chain: [destinationOptions()], protocol: 59, payload: data(8) }))),
  { logo: 'No Next Header after Extension Header' },
);
v6(
  '8200 §4 MUST',
  'An unrecognised next header of an extension header is told with a pointer at it.',
  (b) => {
    const packet = b.packet({ chain: [destinationOptions()], protocol: 200, payload: data(16) });
    equal(errs(b.send(packet), 'protocol-unreachable', packet).icmp.word, 40);
  },
  { logo: 'Unrecognized Next Header in Extension Header - End Node' },
);
v6(
  '8200 §4 MUST',
  'A next header of zero anywhere but in the IPv6 header is an unrecognised one.',
  (b) => {
    const packet = behind(b, destinationOptions(), hopByHop());
    equal(errs(b.send(packet), 'protocol-unreachable', packet).icmp.word, 40);
  },
  { logo: 'Next Header Zero' },
);
v6(
  '8200 §4.1 MUST',
  'Extension headers are processed strictly in the order in which they stand.',
  (b) => {
    const bad = destinationOptions(option(0x87));
    const first = behind(b, bad, { ...fragmentHeader(0, true), type: 44 });
    equal(errs(b.send(first), 'unknown-option', first).icmp.word, 42);
  },
  { logo: 'Extension Header Processing Order' },
);
v6(
  '8200 §4.1 MUST',
  'Extension headers are accepted in any order and any number of times, hop-by-hop options aside.',
  (b) => {
    one(
      b.send(
        behind(
          b,
          hopByHop(),
          destinationOptions(),
          routing(0, 0),
          fragmentHeader(0, false),
          destinationOptions(),
        ),
      ),
      'echo-reply',
    );
    one(
      b.send(
        behind(b, fragmentHeader(0, false), destinationOptions(), routing(200, 0), destinationOptions()),
      ),
      'echo-reply',
    );
  },
  { logo: 'Extension Header Processing Order' },
);
v6(
  '8200 §4.2 MUST',
  'Options are processed strictly in the order in which they stand.',
  (b) => {
    const packet = behind(b, destinationOptions(option(0x80), option(0x40)));
    equal(errs(b.send(packet), 'unknown-option', packet).icmp.word, 42);
    none(b.send(behind(b, destinationOptions(option(0x40), option(0x80)))));
  },
  { logo: 'Option Processing Order' },
);
for (const [what, make] of [
  ['hop-by-hop', hopByHop],
  ['destination', destinationOptions],
] as const) {
  const logo =
    what === 'hop-by-hop'
      ? 'Options Processing, Hop-by-Hop Options Header - End Node'
      : 'Option Processing, Destination Options Header';
  v6(
    '8200 §4.2 MUST',
    `Pad1 and PadN in ${what} options are passed over.`,
    (b) => {
      one(b.send(behind(b, make([0, 0, 0, 0, 0, 0]))), 'echo-reply');
      one(b.send(behind(b, make([1, 4, 0, 0, 0, 0]))), 'echo-reply');
    },
    { logo },
  );
  v6(
    '8200 §4.2 MUST',
    `An unknown option of ${what} options with high bits 00 is skipped.`,
    (b) => one(b.send(behind(b, make(option(0x07)))), 'echo-reply'),
    { logo },
  );
  v6(
    '8200 §4.2 MUST',
    `An unknown option of ${what} options with high bits 01 discards the packet.`,
    (b) => none(b.send(behind(b, make(option(0x47))))),
    { logo },
  );
  v6(
    '8200 §4.2 MUST',
    `An unknown option of ${what} options with high bits 10 is told by code 2 with a pointer at it.`,
    (b) => {
      const packet = behind(b, make(option(0x87)));
      equal(errs(b.send(packet), 'unknown-option', packet).icmp.word, 42);
    },
    { logo },
  );
  v6(
    '8200 §4.2 MUST',
    `An unknown option of ${what} options with high bits 11 is told when the packet is for one host.`,
    (b) => {
      const packet = behind(b, make(option(0xc7)));
      equal(errs(b.send(packet), 'unknown-option', packet).icmp.word, 42);
    },
    { logo },
  );
  v6(
    '8200 §4.2 MUST',
    `High bits 10 in ${what} options are told although the packet is for a group.`,
    (b) => {
      const packet = b.packet({
        source: b.peer.local,
        destination: 'ff02::1',
        chain: [make(option(0x87))],
        protocol: 59,
      });
      errs(b.send(packet), 'unknown-option', packet);
    },
    { logo },
  );
  v6(
    '8200 §4.2 MUST',
    `High bits 11 in ${what} options are not told when the packet is for a group.`,
    (b) => {
      none(
        b.send(
          b.packet({
            source: b.peer.local,
            destination: 'ff02::1',
            chain: [make(option(0xc7))],
            protocol: 59,
          }),
        ),
      );
    },
    { logo },
  );
  v6(
    '8200 §4.2 MUST',
    `A type of ${what} options is told by all eight bits: an option that differs in the high three is another.`,
    (b) => {
      none(b.send(behind(b, make([0x45, 2, 0, 0]))));
    },
  );
  v6('8200 §4.2 MUST', `An option that runs past its ${what} header discards the packet.`, (b) => {
    none(b.send(behind(b, make([0x07, 200, 0, 0, 0, 0]))));
  });
  v6('8504 §5.3 MAY', `Padding beyond seven bytes in ${what} options is tolerated.`, (b) =>
    one(b.send(behind(b, make([1, 12, ...new Array<number>(12).fill(0)]))), 'echo-reply'),
  );
  v6('8504 §5.3 MAY', `More than eight options other than padding in ${what} options are refused.`, (b) => {
    one(b.send(behind(b, make(...Array.from({ length: 8 }, () => option(0x07))))), 'echo-reply');
    none(b.send(behind(b, make(...Array.from({ length: 9 }, () => option(0x07))))));
  });
}
v6(
  '8200 §4.4 MUST',
  'A routing header of unknown type without segments left is passed over.',
  (b) => one(b.send(behind(b, routing(33, 0, [b.far]))), 'echo-reply'),
  { logo: 'Unrecognized Routing Type - End Node' },
);
v6(
  '8200 §4.4 MUST',
  'A routing header of unknown type with segments left is told by code 0 with a pointer at its type.',
  (b) => {
    const packet = behind(b, routing(33, 1, [b.far]));
    equal(errs(b.send(packet), 'parameter-problem', packet).icmp.word, 42);
  },
  { logo: 'Unrecognized Routing Type - End Node' },
);
v6(
  '5095 §3 MUST',
  'A routing header of type 0 with segments left is an unknown one: code 0, pointer at its type.',
  (b) => {
    const packet = behind(b, routing(0, 1, [b.far]));
    equal(errs(b.send(packet), 'parameter-problem', packet).icmp.word, 42);
  },
);
v6('5095 §3 MUST', 'A routing header of type 0 is never followed.', (b) => {
  b.send(behind(b, routing(0, 1, [b.peer.ip])));
  ok(b.seen().every(({ kind }) => kind === 'parameter-problem'));
});
v6('8200 §4.1 MUST', 'A chain of many headers ends in a verdict, not in endless work.', (b) => {
  one(b.send(behind(b, ...Array.from({ length: 128 }, () => destinationOptions()))), 'echo-reply');
});
v6('8200 §4 MUST', 'An extension header that runs past the packet discards it.', (b) => {
  none(b.send(b.packet({ protocol: 60, payload: [58, 9, 1, 4, 0, 0, 0, 0] })));
});
v6(
  '8200 §4 MUST',
  'An extension header of which fewer than eight bytes are there discards the packet.',
  (b) => none(b.send(b.packet({ protocol: 60, payload: [58, 0, 1] }))),
);
v6('8200 §4.3 MUST', 'Hop-by-hop options are read when they stand at once behind the IPv6 header.', (b) =>
  one(b.send(behind(b, hopByHop(option(0x87)))), 'unknown-option'),
);
v6('2711 §2.1 MUST', 'A router alert does not keep a packet from its destination.', (b) =>
  one(b.send(behind(b, hopByHop(ROUTER_ALERT))), 'echo-reply'),
);
v6(
  '2675 §3 MAY',
  'Jumbo payloads are not supported where no link has the MTU for them: the option is an unknown one.',
  (b) => {
    const packet = behind(b, hopByHop([0xc2, 4, 0, 1, 0, 0]));
    equal(one(b.send(packet), 'unknown-option').icmp.word, 42);
  },
);
v6('8200 §5 MUST', 'A link whose MTU is below 1,280 bytes cannot carry IPv6.', (b) => {
  const device = {
    name: 'SMALL',
    medium: 'ip' as const,
    mac: undefined,
    mtu: 1_279,
    transmit() {},
    attach() {},
    close() {},
  };
  let refused = false;
  try {
    b.stack.addInterface('SMALL', device, { mtu: 1_279 });
  } catch {
    refused = true;
  }
  ok(refused);
});
v6('8200 §5 MUST', 'A host takes packets as large as the MTU of its link.', (b) => {
  equal(one(b.send(b.echo({ body: data(1_452) })), 'echo-reply').bytes.length, 1_500);
});
v6('8200 §5 SHOULD', 'A packet longer than the link is never sent whole.', (b) => {
  for (const { bytes } of b.sendFrom(b.bind(5_000), b.peer.ip, data(3_000))) ok(bytes.length <= 1_500);
});
v6(
  '8200 §8.1 MUST',
  'The pseudo-header of checksums counts the upper-layer length and its next header, extension headers aside.',
  (b) => {
    const inbox = b.bind(9);
    b.send(b.packet({ chain: [destinationOptions()], protocol: 17, payload: b.udp().subarray(40) }));
    equal(inbox.messages.length, 1);
  },
);
v6(
  '8200 §8.4 MUST',
  'A reply to a packet with a routing header carries none that was derived from it.',
  (b) => {
    equal(one(b.send(behind(b, routing(0, 0, [b.far]))), 'echo-reply').options.length, 0);
  },
);
v6('8200 §7 MUST', 'The traffic class of what is sent is zero unless the upper layer says otherwise.', (b) =>
  equal(one(b.sendFrom(b.bind(5_000), b.far, data(1))).trafficClass, 0),
);
v6('6437 §3 SHOULD', 'Each flow has a label of its own that is not zero.', (b) => {
  const inbox = b.bind(5_000);
  const labels = Array.from(
    { length: 16 },
    (_, i) => one(b.sendFrom(inbox, b.far, data(1), 9 + i)).flowLabel,
  );
  ok(new Set(labels).size >= 15);
});
v6('6437 §3 MUST', 'All packets of a flow have the same label.', (b) => {
  const inbox = b.bind(5_000);
  const labels = Array.from({ length: 4 }, () => one(b.sendFrom(inbox, b.far, data(1))).flowLabel);
  equal(new Set(labels).size, 1);
});
v6(
  '6437 §3 SHOULD',
  'Labels of flows cannot be guessed from their addresses and ports: another start gives others.',
  (b) => {
    const label = one(b.sendFrom(b.bind(5_000), b.far, data(1))).flowLabel;
    const again = b.another({ seed: 77 });
    ok(one(again.sendFrom(again.bind(5_000), again.far, data(1))).flowLabel !== label);
  },
);
v6('6437 §3 SHOULD', 'All fragments of a packet have its label.', (b) => {
  const labels = b.sendFrom(b.bind(5_000), b.far, data(4_000)).map(({ flowLabel }) => flowLabel);
  equal(new Set(labels).size, 1);
});
v6('8504 §5.2 MUST', 'Extension headers are never sent on packets that need none.', (b) =>
  equal(one(b.sendFrom(b.bind(5_000), b.far, data(1))).options.length, 0),
);
v6('2464 §3 MUST', 'Packets are sent in Ethernet frames of type 0x86dd.', (b) =>
  equal(one(b.sendFrom(b.bind(5_000), b.far, data(1))).fromMac, b.macs[0]),
);
v6('2464 §7 MUST', 'A packet to a group goes to the hardware group 33:33 with its last four bytes.', (b) => {
  equal(one(b.sendFrom(b.bind(5_000), 'ff02::1234:5678', data(1), 9, 1)).toMac, '33:33:12:34:56:78');
});
v6(
  '3493 §5.2 MUST',
  'A packet to a group leaves with hop limit 1 unless the application says otherwise.',
  (b) => equal(one(b.sendFrom(b.bind(5_000), 'ff02::1234', data(1), 9, 1)).hopLimit, 1),
);
v6(
  '8504 §5.4 MAY',
  'Sending hop-by-hop options other than router alert is left out.',
  unseen('applications have no way to ask for options'),
);
v6(
  '8200 §4.1 SHOULD',
  'A sender puts its extension headers in the recommended order.',
  unseen('no packet of this stack has more than one extension header'),
);
v6(
  '4443 §2.4(e.3) MUST',
  'The answer to an unknown option in a packet to a group is limited in rate.',
  (b) => {
    const packet = b.packet({
      source: b.peer.local,
      destination: 'ff02::1',
      chain: [destinationOptions(option(0x87))],
      protocol: 59,
    });
    let answers = 0;
    for (let i = 0; i < 1_000; i++) answers += b.send(packet).length;
    ok(answers < 500);
  },
);
