import { data, get16 } from '../bench/bytes.ts';
import { equal, errs, none, one, sameBytes } from '../bench/check.ts';
import {
  destinationOptions,
  fragmentHeader,
  hopByHop,
  option,
  ROUTER_ALERT,
  routing,
} from '../bench/ipv6-packet.ts';
import { differs, Topic } from '../table.ts';
import { through } from './router-forwarding.ts';

export const routerOptions: Topic = new Topic('router', 'Options and extension headers in transit');
const { v4, v6, both } = routerOptions;

// Options and extension headers
v6(
  '8200 §4 MUST',
  "Extension headers other than hop-by-hop options are none of a router's business.",
  (b) => {
    const upper = b.udp({ destination: b.peer2.ip }).subarray(40);
    for (const chain of [
      [destinationOptions(option(0x87))],
      [routing(33, 1, [b.far])],
      [fragmentHeader(0, false)],
      [destinationOptions(), routing(0, 1, [b.me])],
    ]) {
      one(
        b
          .send(b.packet({ destination: b.peer2.ip, chain, protocol: 17, payload: upper }))
          .map((each) => ({ ...each, sound: true })),
      );
    }
  },
  { logo: 'Unrecognized Routing Type - Intermediate Node' },
);
v6(
  '7045 §2.1 MUST',
  'An unknown next header does not keep a packet from being forwarded.',
  (b) => one(b.send(b.packet({ destination: b.peer2.ip, protocol: 253, payload: data(20) }))),
  { logo: 'Unrecognized Next Header - Intermediate Node' },
);
v6(
  '8200 §4.7 MUST',
  'Next Header 59 does not keep a packet from being forwarded, data and all.',
  (b) => {
    const packet = b.packet({ destination: b.peer2.ip, protocol: 59, payload: data(20) });
    equal(one(b.send(packet)).payload.length, 20);
  },
  { logo: 'No Next Header after Extension Header - Intermediate Node' },
);
v6(
  '5095 §3 MUST',
  'A routing header of type 0 that names the router as its destination is refused, not followed.',
  (b) => {
    const packet = b.packet({
      chain: [routing(0, 1, [b.peer2.ip])],
      protocol: 58,
      payload: b.echo().subarray(40),
    });
    errs(b.send(packet), 'parameter-problem', packet);
  },
);
v6(
  '9673 §5 MAY',
  'Hop-by-hop options of packets in transit need not be processed.',
  differs(
    'RFC 8200 §4 and RFC 9673 leave it to configuration; a router here passes them on unread, so that unknown ones change nothing',
    (b) => {
      const chain = [hopByHop(option(0x47))];
      one(
        b.send(b.packet({ destination: b.peer2.ip, chain, protocol: 17, payload: through(b).subarray(40) })),
      );
    },
  ),
  { logo: 'Options Processing, Hop-by-Hop Options Header - Intermediate Node' },
);
v6('2711 §2.1 MAY', 'A packet with a router alert of no interest is forwarded.', (b) => {
  one(
    b.send(
      b.packet({
        destination: b.peer2.ip,
        chain: [hopByHop(ROUTER_ALERT)],
        protocol: 17,
        payload: through(b).subarray(40),
      }),
    ),
  );
});
v4('1812 §5.3.13.1 MUST', 'Options that are not known pass through unchanged.', (b) => {
  sameBytes(one(b.send(through(b, { options: [0x9e, 4, 1, 2] }))).options, Uint8Array.of(0x9e, 4, 1, 2));
});
v4('1812 §5.3.13.2 MUST', 'A security option passes through unchanged.', (b) => {
  const options = [130, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0];
  sameBytes(one(b.send(through(b, { options }))).options, Uint8Array.from(options));
});
v4('1812 §5.3.13.3 MUST', 'A stream identifier is ignored.', (b) =>
  one(b.send(through(b, { options: [136, 4, 0, 1] }))),
);
v4('7126 §4.3 SHOULD', 'A source route is not followed, nor passed on.', (b) => {
  none(b.send(b.packet({ options: [131, 7, 4, 203, 0, 113, 2, 0], payload: data(8) })));
  none(b.send(through(b, { options: [131, 7, 4, 203, 0, 113, 2, 0] })));
});
v4('1812 §5.3.13.5 MUST', 'A record route option gets the address of the outgoing link.', (b) => {
  const { options } = one(b.send(through(b, { options: [7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0] })));
  sameBytes(options.subarray(0, 7), Uint8Array.of(7, 11, 8, 203, 0, 113, 1));
});
v4('1812 §5.3.13.5 MUST', 'A record route option that is full passes through unchanged.', (b) => {
  const full = [7, 7, 8, 1, 2, 3, 4, 0];
  sameBytes(one(b.send(through(b, { options: full }))).options, Uint8Array.from(full));
});
v4('1812 §5.3.13.6 MUST', 'A timestamp option that asks for addresses too gets both.', (b) => {
  const { options } = one(b.send(through(b, { options: [68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0] })));
  sameBytes(options.subarray(2, 8), Uint8Array.of(13, 1, 203, 0, 113, 1));
});
v4('791 §3.1 MUST', 'A timestamp option that is full counts its overflow.', (b) => {
  const { options } = one(b.send(through(b, { options: [68, 8, 9, 0, 1, 2, 3, 4] })));
  equal(options[3]! >>> 4, 1);
});
v4('1812 §5.2.4.1 MUST', 'A datagram with a router alert for somebody else is forwarded.', (b) =>
  one(b.send(through(b, { options: [148, 4, 0, 0] }))),
);
v4('1812 §4.2.2.11 MUST', 'A malformed option is told by a parameter problem.', (b) => {
  const packet = through(b, { options: [0x9e, 40, 0, 0] });
  errs(b.send(packet), 'parameter-problem', packet);
});
both('1812 §5.3.3 MUST', '8200 §7 MUST', 'The traffic class is not changed but for congestion marks.', (b) =>
  equal(one(b.send(through(b, { trafficClass: 0xba }))).trafficClass, 0xba),
);
both('1812 §4.3.3.6 MUST', '4443 §4.2 MUST', 'A router answers echo requests.', (b) => {
  one(b.send(b.echo()), 'echo-reply');
  one(b.send(b.echo({ source: b.peer2.ip, destination: b.me2 }), { from: b.peer2 }), 'echo-reply');
});
both(
  '1812 §5.2.2 MUST',
  '8200 §8.1 MUST',
  "The checksums of upper layers are none of a router's business.",
  (b) => {
    const sent = b.send(through(b, { sum: 'bad' }));
    equal(sent.length, 1);
    equal(get16(sent[0]!.payload, 2), 9);
  },
);
