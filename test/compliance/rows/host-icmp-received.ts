/** ICMP that a host receives: RFC 1122 §3.2.2, §4.1.3.3, RFC 4443 §2 to §5, RFC 5927, RFC 6633, RFC 6918. */
import { data, u32 } from '../bench/bytes.ts';
import { deepEqual, equal, none, one } from '../bench/check.ts';
import type { MessageName } from '../bench/packets.ts';
import { Topic, unseen } from '../table.ts';

export const hostIcmpReceived: Topic = new Topic('host', 'ICMP received');
const { v4, v6, both } = hostIcmpReceived;

const told: readonly (readonly [MessageName, string, string, string])[] = [
  ['net-unreachable', 'Network unreachable', '1122 §3.2.2.1 MUST', '4443 §3.1 MUST'],
  ['host-unreachable', 'Host unreachable', '1122 §3.2.2.1 MUST', '4443 §3.1 MUST'],
  ['protocol-unreachable', 'Protocol unreachable', '1122 §3.2.2.1 MUST', '4443 §3.4 MUST'],
  ['port-unreachable', 'Port unreachable', '1122 §3.2.2.1 MUST', '4443 §3.1 MUST'],
  ['prohibited', 'Communication administratively prohibited', '1812 §5.2.7.1 MUST', '4443 §3.1 MUST'],
  ['time-exceeded', 'Time exceeded in transit', '1122 §3.2.2.4 MUST', '4443 §3.3 MUST'],
  ['reassembly-exceeded', 'Time exceeded in reassembly', '1122 §3.2.2.4 MUST', '4443 §3.3 MUST'],
  ['parameter-problem', 'A parameter problem', '1122 §3.2.2.5 MUST', '4443 §3.4 MUST'],
];
for (const [name, title, rule4, rule6] of told) {
  both(rule4, rule6, `${title} is passed to the transport, which tells the application.`, (b) => {
    const inbox = b.bind(5_000);
    const sent = one(b.sendFrom(inbox, b.far, data(20)));
    none(b.send(b.error(name, sent.bytes), { from: b.router }));
    equal(inbox.errors.length, 1);
  });
}
both(
  '1122 §3.2.2 MUST',
  '4443 §2.4(d) MUST',
  'The quoted packet names the socket: no other socket hears of an error.',
  (b) => {
    const inbox = b.bind(5_000);
    const bystander = b.bind(5_001);
    const sent = one(b.sendFrom(inbox, b.far, data(20)));
    b.sendFrom(bystander, b.far, data(20));
    b.send(b.error('port-unreachable', sent.bytes), { from: b.router });
    deepEqual([inbox.errors.length, bystander.errors.length], [1, 0]);
  },
);
both('5927 §4 SHOULD', '5927 §4 SHOULD', 'An error about a packet that was never sent is dropped.', (b) => {
  const inbox = b.bind(5_000);
  const invented = b.udp({ source: b.me, destination: b.far, from: 5_000, to: 7 });
  none(b.send(b.error('port-unreachable', invented), { from: b.router }));
  deepEqual(inbox.errors, []);
});
both(
  '1122 §3.2.2 MUST',
  '4443 §2.4(d) MUST',
  'An error that quotes a packet of somebody else is dropped.',
  (b) => {
    const inbox = b.bind(5_000);
    b.sendFrom(inbox, b.far, data(20));
    none(
      b.send(b.error('port-unreachable', b.udp({ source: b.other.ip, destination: b.far, from: 5_000 })), {
        from: b.router,
      }),
    );
    deepEqual(inbox.errors, []);
  },
);
both(
  '1122 §3.2.2 MUST',
  '4443 §2.4(d) MUST',
  'An error that quotes too little to name a socket is dropped.',
  (b) => {
    const inbox = b.bind(5_000);
    const sent = one(b.sendFrom(inbox, b.far, data(20)));
    for (const length of [0, 4, 19, b.is6 ? 40 : 20])
      none(b.send(b.error('port-unreachable', sent.bytes.subarray(0, length)), { from: b.router }));
    deepEqual(inbox.errors, []);
  },
);
both('792 Checksum MUST', '4443 §2.3 MUST', 'An error with a wrong checksum is dropped.', (b) => {
  const inbox = b.bind(5_000);
  const sent = one(b.sendFrom(inbox, b.far, data(20)));
  b.send(b.error('port-unreachable', sent.bytes, { icmpError: 1 }), { from: b.router });
  deepEqual(inbox.errors, []);
});
v4(
  '1122 §3.2.2.1 MUST',
  'The codes that RFC 1122 adds to destination unreachable, 6 to 12, are understood.',
  (b) => {
    for (let code = 6; code <= 12; code++) {
      const inbox = b.bind(5_000 + code);
      const sent = one(b.sendFrom(inbox, b.far, data(20)));
      b.send(b.icmp(3, code, { source: b.router.ip, body: sent.bytes }), { from: b.router });
      equal(inbox.errors.length, 1, `code ${code}`);
    }
  },
);
v4('1812 §5.2.7.1 MUST', 'Codes 13 to 15 of destination unreachable are understood.', (b) => {
  for (let code = 13; code <= 15; code++) {
    const inbox = b.bind(5_000 + code);
    const sent = one(b.sendFrom(inbox, b.far, data(20)));
    b.send(b.icmp(3, code, { source: b.router.ip, body: sent.bytes }), { from: b.router });
    equal(inbox.errors.length, 1, `code ${code}`);
  }
});
v6('4443 §3.1 MUST', 'Codes 2, 5 and 6 of destination unreachable are understood.', (b) => {
  for (const code of [2, 5, 6]) {
    const inbox = b.bind(5_000 + code);
    const sent = one(b.sendFrom(inbox, b.far, data(20)));
    b.send(b.icmp(1, code, { source: b.router.ip, body: sent.bytes }), { from: b.router });
    equal(inbox.errors.length, 1, `code ${code}`);
  }
});
v6('4443 §2.4(d) MUST', 'The quoted upper-layer header is found behind extension headers.', (b) => {
  const inbox = b.bind(5_000);
  const [sent] = b.sendFrom(inbox, b.far, data(2_000));
  b.send(b.error('time-exceeded', sent!.bytes), { from: b.router });
  equal(inbox.errors.length, 1);
});
v6(
  '4443 §2.4(a) MUST',
  'An error of an unknown type is passed to the transport that sent the packet.',
  (b) => {
    const inbox = b.bind(5_000);
    const sent = one(b.sendFrom(inbox, b.far, data(20)));
    none(b.send(b.icmp(77, 3, { source: b.router.ip, body: sent.bytes }), { from: b.router }));
    equal(inbox.errors.length, 1);
  },
);
v4('6633 §3 MUST', 'A source quench is silently ignored.', (b) => {
  const inbox = b.bind(5_000);
  const sent = one(b.sendFrom(inbox, b.far, data(20)));
  none(b.send(b.icmp(4, 0, { source: b.router.ip, body: sent.bytes }), { from: b.router }));
  deepEqual(inbox.errors, []);
});
v4('1122 §3.2.2.7 SHOULD', 'Information requests and replies (15, 16) are obsolete and ignored.', (b) => {
  for (const type of [15, 16]) none(b.send(b.icmp(type, 0, { word: 1 })));
});
v4('6918 §2 SHOULD', 'Address mask requests (17) are obsolete and ignored.', (b) =>
  none(b.send(b.icmp(17, 0, { word: 1, body: u32(0) }))),
);
v4('1122 §3.2.2.9 MUST', 'Address mask replies that nobody asked for change nothing.', (b) => {
  none(b.send(b.icmp(18, 0, { word: 1, body: u32(0xffff0000) })));
  equal(one(b.sendFrom(b.bind(5_000), '192.0.3.9', data(1))).toMac, b.router.mac);
});
v4('1122 §3.2.2.8 MAY', 'Timestamp requests need not be answered.', (b) =>
  none(b.send(b.icmp(13, 0, { word: 1, body: [...u32(1), ...u32(0), ...u32(0)] }))),
);
v4('1122 §3.2.2.2 MUST', 'A host acts upon redirects: the route of that one destination changes.', (b) => {
  const inbox = b.bind(5_000);
  const sent = one(b.sendFrom(inbox, b.far, data(1)));
  equal(sent.toMac, b.router.mac);
  const redirect = b.icmp(5, 1, { source: b.router.ip, word: addressWord(b.other.ip), body: sent.bytes });
  none(b.send(redirect, { from: b.router }));
  equal(one(b.sendFrom(inbox, b.far, data(1))).toMac, b.other.mac);
});
v4('1122 §3.2.2.2 SHOULD', 'A redirect to a router that is not on the link is discarded.', (b) => {
  const inbox = b.bind(5_000);
  const sent = one(b.sendFrom(inbox, b.far, data(1)));
  b.send(b.icmp(5, 1, { source: b.router.ip, word: addressWord('10.1.1.1'), body: sent.bytes }), {
    from: b.router,
  });
  equal(one(b.sendFrom(inbox, b.far, data(1))).toMac, b.router.mac);
});
v4('1122 §3.2.2.2 SHOULD', 'A redirect that does not come from the router in use is discarded.', (b) => {
  const inbox = b.bind(5_000);
  const sent = one(b.sendFrom(inbox, b.far, data(1)));
  b.send(b.icmp(5, 1, { source: b.peer.ip, word: addressWord(b.other.ip), body: sent.bytes }));
  equal(one(b.sendFrom(inbox, b.far, data(1))).toMac, b.router.mac);
});
v4('1122 §3.2.2.2 MUST', 'A redirect for a network is taken as one for the host.', (b) => {
  const inbox = b.bind(5_000);
  const sent = one(b.sendFrom(inbox, b.far, data(1)));
  b.send(b.icmp(5, 0, { source: b.router.ip, word: addressWord(b.other.ip), body: sent.bytes }), {
    from: b.router,
  });
  equal(one(b.sendFrom(inbox, b.far, data(1))).toMac, b.other.mac);
  equal(one(b.sendFrom(inbox, '198.51.100.10', data(1))).toMac, b.router.mac);
});
both(
  '1122 §4.2.3.9 MUST',
  '4443 §3.1 MUST',
  'An error names who reported it.',
  unseen('the text of the failure that sockets see; the tests of the sockets show it'),
);
both(
  '1122 §3.2.2.1 MUST',
  '4443 §2.4(d) MUST',
  'An unreachable message is only a hint: the way is not given up.',
  (b) => {
    const inbox = b.bind(5_000);
    const sent = one(b.sendFrom(inbox, b.far, data(20)));
    b.send(b.error('host-unreachable', sent.bytes), { from: b.router });
    one(b.sendFrom(inbox, b.far, data(20)), 'udp');
  },
);
v4(
  '6633 §4 MUST',
  'A quench never slows TCP down.',
  unseen('the scripts attack/source-quench and pmtu/source-quench show it'),
);

function addressWord(text: string): number {
  return text.split('.').reduce((word, byte) => word * 256 + Number(byte), 0);
}
