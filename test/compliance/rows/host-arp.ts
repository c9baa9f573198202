/** ARP: RFC 826, RFC 1122 §2.3.2, RFC 5227. */
import { MINUTE, MS, SECOND } from '../bench/bench.ts';
import { data, join } from '../bench/bytes.ts';
import { deepEqual, equal, none, ok, one, within } from '../bench/check.ts';
import type { Seen } from '../bench/seen.ts';
import { differs, Topic } from '../table.ts';

export const hostArp: Topic = new Topic('host', 'ARP');
const { v4 } = hostArp;

const NEW = '02:00:00:00:09:99';
const operation = ({ bytes }: Seen): number => bytes[7]!;
const senderMac = ({ bytes }: Seen): string =>
  [...bytes.subarray(8, 14)].map((x) => x.toString(16).padStart(2, '0')).join(':');

v4('826 Reception MUST', 'A request for an own address is answered to its sender alone.', (b) => {
  b.frame(b.arp());
  const reply = one(b.seen('arp'));
  deepEqual(
    [operation(reply), reply.source, reply.destination, reply.toMac, senderMac(reply)],
    [2, b.me, b.peer.ip, b.peer.mac, b.macs[0]],
  );
});
v4('826 Reception MUST', 'A request for an address of somebody else is not answered.', (b) => {
  b.frame(b.arp({ target: '192.0.2.77' }));
  none(b.all());
});
v4('826 Reception MUST', 'The sender of a request for an own address is learnt.', (b) => {
  b.frame(b.arp());
  equal(b.macOf(b.peer.ip), b.peer.mac);
});
v4('826 Reception MUST', 'A request for somebody else makes no entry.', (b) => {
  b.frame(b.arp({ target: '192.0.2.77' }));
  equal(b.state(b.peer.ip), 'none');
});
v4('826 Reception MUST', 'Any ARP packet of a known sender corrects its hardware address.', (b) => {
  b.frame(b.arp());
  b.frame(b.arp({ senderMac: NEW, target: '192.0.2.77' }));
  equal(b.macOf(b.peer.ip), NEW);
});
v4('826 Reception MUST', 'A reply corrects the hardware address of a known sender.', (b) => {
  b.frame(b.arp());
  b.frame(b.arp({ operation: 2, senderMac: NEW }, b.macs[0]));
  equal(b.macOf(b.peer.ip), NEW);
});
for (const [what, change] of [
  ['hardware space', { hardware: 6 }],
  ['protocol space', { protocol: 0x86dd }],
  ['hardware address length', { hardwareLength: 8 }],
  ['protocol address length', { protocolLength: 16 }],
  ['operation', { operation: 9 }],
] as const) {
  v4('826 Reception MUST', `A packet with a foreign ${what} is discarded.`, (b) => {
    b.frame(b.arp(change));
    none(b.all());
    equal(b.state(b.peer.ip), 'none');
  });
}
v4('826 Generation MUST', 'An address that is not known is asked for by broadcast.', (b) => {
  b.peer.answers = false;
  b.sendFrom(b.bind(5_000), b.peer.ip, data(1));
  const request = one(b.seen('arp'));
  deepEqual(
    [operation(request), request.source, request.destination, request.toMac],
    [1, b.me, b.peer.ip, 'ff:ff:ff:ff:ff:ff'],
  );
});
v4(
  '1122 §2.3.2.2 SHOULD',
  'The last packet to an unresolved address is kept and sent when it is known.',
  (b) => {
    b.peer.answers = false;
    none(b.sendFrom(b.bind(5_000), b.peer.ip, data(7)));
    equal(one(b.frame(b.arp({ operation: 2 }, b.macs[0])), 'udp').toMac, b.peer.mac);
  },
);
v4('1122 §2.3.2.1 MUST', 'The same address is asked for at most about once a second.', (b) => {
  b.peer.answers = false;
  const inbox = b.bind(5_000);
  b.forget();
  for (let i = 0; i < 100; i++) {
    inbox.socket.send(data(1), b.at(b.peer.ip), 9);
    b.wait(100 * MS);
  }
  ok(b.seen('arp').length <= 11, String(b.seen('arp').length));
});
v4(
  '1122 §2.3.2.1 MUST',
  'Entries that are out of date are flushed: a neighbour that moved is found again.',
  (b) => {
    const inbox = b.bind(5_000);
    one(b.sendFrom(inbox, b.peer.ip, data(1)));
    b.peer.answers = false;
    b.wait(5 * MINUTE);
    b.sendFrom(inbox, b.peer.ip, data(1));
    b.wait(20 * SECOND);
    b.sendFrom(inbox, b.peer.ip, data(1));
    ok(b.seen('arp').some(({ toMac }) => toMac === 'ff:ff:ff:ff:ff:ff'));
  },
);
v4(
  '1122 §2.3.2.1 MAY',
  'An entry that is used is confirmed by a unicast request before it is given up.',
  (b) => {
    const inbox = b.bind(5_000);
    one(b.sendFrom(inbox, b.peer.ip, data(1)));
    b.wait(5 * MINUTE);
    b.sendFrom(inbox, b.peer.ip, data(1));
    b.wait(6 * SECOND);
    equal(one(b.seen('arp')).toMac, b.peer.mac);
  },
);
v4('1122 §2.4 MUST', 'The application hears of a neighbour that does not answer.', (b) => {
  const inbox = b.bind(5_000);
  b.sendFrom(inbox, '192.0.2.77', data(1));
  b.wait(10 * SECOND);
  deepEqual(inbox.errors, ['EHOSTUNREACH']);
});
v4('1122 §2.3.3 MUST', 'ARP packets carry the EtherType of ARP and the hardware type of Ethernet.', (b) => {
  b.frame(b.arp());
  ok(one(b.seen('arp')).sound);
});
v4(
  '5227 §2.4 MUST',
  'A request from an own address by another station is not answered as a request.',
  (b) => {
    b.frame(b.arp({ sender: b.me, senderMac: NEW }));
    none(b.seen('arp').filter((each) => operation(each) === 2));
    equal(b.state(b.me), 'none');
  },
);
v4('5227 §2.4(b) MAY', 'A conflict is answered with one announcement that defends the address.', (b) => {
  b.frame(b.arp({ sender: b.me, senderMac: NEW, target: b.me }));
  const defence = one(b.seen('arp'));
  deepEqual(
    [operation(defence), defence.source, defence.destination, defence.toMac],
    [1, b.me, b.me, 'ff:ff:ff:ff:ff:ff'],
  );
});
v4(
  '5227 §2.4(b) MUST',
  'An address is defended at most once in ten seconds, lest two hosts fight for ever.',
  (b) => {
    const conflict = b.arp({ sender: b.me, senderMac: NEW, target: b.me });
    b.frame(conflict);
    let more = 0;
    for (let i = 0; i < 8; i++) {
      b.frame(conflict);
      more += b.seen('arp').length;
      b.wait(SECOND);
    }
    equal(more, 0);
  },
);
v4(
  '5227 §2.3 MUST',
  'An address that comes into use is announced twice, two seconds apart.',
  (b) => {
    b.forget();
    b.stack.start();
    b.wait(20 * SECOND);
    const announced = b
      .seen('arp')
      .filter(({ source, destination }) => source === b.me && destination === b.me);
    equal(announced.length, 2);
    within(announced[1]!.at - announced[0]!.at, 1.9 * SECOND, 2.1 * SECOND, 'µs between them');
    for (const each of announced) deepEqual([operation(each), each.toMac], [1, 'ff:ff:ff:ff:ff:ff']);
  },
  { start: false },
);
v4(
  '5227 §2.1.1 MUST',
  'A probe of another host, from 0.0.0.0, is answered when the address is ours.',
  (b) => {
    b.frame(b.arp({ sender: '0.0.0.0' }));
    equal(operation(one(b.seen('arp'))), 2);
  },
);
v4('5227 §2.1.1 MUST', 'A probe of another host enters nothing in the cache.', (b) => {
  b.frame(b.arp({ sender: '0.0.0.0' }));
  equal(b.state('0.0.0.0'), 'none');
});
v4('5227 §2.3 MUST', 'An announcement of another host corrects what is known of it.', (b) => {
  b.frame(b.arp());
  b.frame(b.arp({ senderMac: NEW, target: b.peer.ip }));
  equal(b.macOf(b.peer.ip), NEW);
});
v4('5227 §2.6 SHOULD', 'Replies are unicast unless the address is link-local.', (b) => {
  b.frame(b.arp());
  equal(one(b.seen('arp')).toMac, b.peer.mac);
});
v4('1812 §3.3.2 MUST', 'A reply that claims a group or broadcast hardware address is not believed.', (b) => {
  b.frame(b.arp({ senderMac: 'ff:ff:ff:ff:ff:ff' }));
  b.frame(b.arp({ senderMac: '01:00:5e:00:00:05' }));
  equal(b.state(b.peer.ip), 'none');
});
v4('1122 §3.2.1.3 MUST', 'An ARP packet from a broadcast, group or loopback address is discarded.', (b) => {
  for (const sender of ['255.255.255.255', b.broadcast(), '224.0.0.1', '127.0.0.1']) {
    b.frame(b.arp({ sender }));
    none(b.all());
    equal(b.state(sender), 'none');
  }
});
v4('826 Reception MUST', 'A truncated ARP packet is discarded.', (b) => {
  for (const length of [14, 20, 41]) {
    b.frame(b.arp().subarray(0, length));
    none(b.all());
  }
});
v4('826 Reception MUST', 'Padding behind an ARP packet is ignored.', (b) => {
  b.frame(join(b.arp(), new Uint8Array(18)));
  one(b.seen('arp'));
});
v4('826 Reception MUST', 'A reply that nobody asked for makes no entry.', (b) => {
  b.frame(b.arp({ operation: 2 }, b.macs[0]));
  equal(b.state(b.peer.ip), 'none');
});
v4(
  '1122 §2.3.2.1 SHOULD',
  'A flood of packets to addresses that do not exist leaves the known neighbours known.',
  (b) => {
    const inbox = b.bind(5_000);
    one(b.sendFrom(inbox, b.peer.ip, data(1)));
    for (let i = 4; i < 254; i++) b.sendFrom(inbox, `192.0.2.${i}`, data(1));
    equal(
      one(b.sendFrom(inbox, b.peer.ip, data(1)).filter(({ destination }) => destination === b.peer.ip)).toMac,
      b.peer.mac,
    );
  },
);
v4(
  '826 Generation MUST',
  'A link without hardware addresses needs no ARP.',
  (b) => {
    equal(one(b.sendFrom(b.bind(5_000), b.peer.ip, data(1))).kind, 'udp');
    deepEqual(
      b.all().map(({ kind }) => kind),
      ['udp'],
    );
  },
  { medium: 'ip' },
);
v4(
  '5227 §2.1 MUST',
  'An address that an operator wrote is probed before it is used.',
  differs(
    'probing takes up to seven seconds and is asked for by a statement; without it the address is used and announced at once, as most hosts do with written addresses',
    (b) => {
      b.forget();
      b.stack.start();
      b.wait(MS);
      equal(b.seen('arp')[0]!.source, b.me);
    },
  ),
  { start: false },
);
