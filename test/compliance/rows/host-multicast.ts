/** Groups of a host: RFC 1112, RFC 2236, RFC 3376 §5 and §7.2, RFC 3810 §6 and §8.2, RFC 3590, RFC 6398. */
import { type Bench, SECOND } from '../bench/bench.ts';
import { address, type Bytes, data, get16, join, text, u16, u32 } from '../bench/bytes.ts';
import { deepEqual, equal, none, ok, one, within } from '../bench/check.ts';
import { igmpQuery } from '../bench/ipv4-packet.ts';
import { hopByHop, icmp6Message, ROUTER_ALERT } from '../bench/ipv6-packet.ts';
import type { Seen } from '../bench/seen.ts';
import { Topic } from '../table.ts';

export const hostMulticast: Topic = new Topic('host', 'Multicast: IGMP and MLD');
const { v4, v6, both } = hostMulticast;

export const group = (b: Bench): string => (b.is6 ? 'ff1e::1:2:3' : '239.1.2.3');
const second = (b: Bench): string => (b.is6 ? 'ff1e::4' : '239.4.4.4');

/** A socket that joined the group. */
export function member(b: Bench, of = group(b), port = 9): ReturnType<Bench['bind']> {
  const inbox = b.bind(port);
  b.forget();
  equal(inbox.socket.join(b.at(of), 1), undefined);
  b.wait(1);
  return inbox;
}

const TYPES = ['', 'is-include', 'is-exclude', 'to-include', 'to-exclude', 'allow', 'block'];

/** `to-exclude 239.1.2.3` for every record of a report of IGMPv3 or MLDv2. */
function records(seen: Seen): string[] {
  const size = seen.protocol === 2 ? 4 : 16;
  const body = seen.payload;
  const found: string[] = [];
  for (let at = 8; at < body.length; at += 4 + size + get16(body, at + 2) * size) {
    found.push(`${TYPES[body[at]!]} ${text(body.subarray(at + 4, at + 4 + size))}`);
  }
  return found;
}

/** All records sent since the last look that name one of the two groups. */
export function told(b: Bench): string[] {
  return [...b.seen('igmp'), ...b.seen('mld2-report')]
    .flatMap(records)
    .filter((each) => each.endsWith(group(b)) || each.endsWith(second(b)));
}

interface QueryFields {
  readonly of?: string;
  /** Tenths of a second (IGMP), ms (MLD). */
  readonly response?: number;
  readonly version?: 1 | 2 | 3;
  readonly alert?: boolean;
  readonly source?: string;
  readonly hopLimit?: number;
  readonly sources?: string[];
  readonly to?: string;
}

/** From the router; version 1 and 2 are MLDv1 in IPv6. */
export function query(b: Bench, f: QueryFields = {}): Seen[] {
  const of = f.of ?? b.places.any;
  const to = f.to ?? (of === b.places.any ? (b.is6 ? 'ff02::1' : '224.0.0.1') : of);
  const source = f.source ?? b.router.local;
  const version = f.version ?? 3;
  if (!b.is6) {
    const options = f.alert === false || version === 1 ? [] : [148, 4, 0, 0];
    const payload = igmpQuery(of, version === 1 ? 0 : (f.response ?? 10), version, f.sources);
    return b.send(
      b.packet({ source, destination: to, hopLimit: f.hopLimit ?? 1, protocol: 2, options, payload }),
      { from: b.router },
    );
  }
  const sources = f.sources ?? [];
  const tail: Bytes =
    version === 3 ? join([2, 125], u16(sources.length), ...sources.map((each) => address(each))) : join();
  const payload = icmp6Message(source, to, 130, 0, (f.response ?? 1_000) * 65_536, join(address(of), tail));
  const chain = f.alert === false ? [] : [hopByHop(ROUTER_ALERT)];
  return b.send(
    b.packet({ source, destination: to, hopLimit: f.hopLimit ?? 1, chain, protocol: 58, payload }),
    { from: b.router },
  );
}

/** Whatever it says about membership of the group. */
export function reports(b: Bench): Seen[] {
  return b
    .all()
    .filter((each) => (each.kind === 'igmp' && each.payload[0] !== 0x11) || /^mld[12]-/.test(each.kind))
    .filter(
      (each) =>
        each.destination === group(b) ||
        (each.payload.length > 8 && records(each).some((record) => record.endsWith(group(b)))),
    );
}

// Sending and receiving

both('1112 §7.1 MUST', '3493 §5.2 MUST', 'A socket hears a group that it joined.', (b) => {
  const inbox = member(b);
  b.send(b.udp({ destination: group(b) }));
  equal(inbox.messages.length, 1);
});
both(
  '1112 §7.2 MUST',
  '4291 §2.7 MUST',
  'A datagram to a group that nobody joined is silently discarded.',
  (b) => {
    const inbox = b.bind(9);
    none(b.send(b.udp({ destination: group(b) })));
    equal(inbox.messages.length, 0);
  },
);
both('1112 §7.1 MUST', '3493 §5.2 MUST', 'A socket hears nothing of a group any more that it left.', (b) => {
  const inbox = member(b);
  inbox.socket.leave(b.at(group(b)), 1);
  b.send(b.udp({ destination: group(b) }));
  equal(inbox.messages.length, 0);
});
both(
  '1112 §7.1 MUST',
  '3376 §3.1 MUST',
  'Of two members, one that leaves does not end the membership of the other.',
  (b) => {
    const inbox = member(b);
    const other = member(b, group(b), 10);
    other.socket.close();
    b.send(b.udp({ destination: group(b) }));
    equal(inbox.messages.length, 1);
  },
);
both(
  '1112 §6.2 MUST',
  '3493 §5.2 MUST',
  'A host is member of a group on the links it joined it on, and on no other.',
  (b) => {
    const inbox = member(b);
    b.send(b.udp({ destination: group(b), source: b.peer2.ip }), { from: b.peer2 });
    equal(inbox.messages.length, 0);
  },
  { links: 2 },
);
both(
  '1112 §6.1 MUST',
  '3493 §5.2 MUST',
  'A datagram to a group is sent with a hop limit of 1 unless the application says otherwise.',
  (b) => {
    equal(one(b.sendFrom(b.bind(0), group(b), data(1), 9, b.is6 ? 1 : 0)).hopLimit, 1);
  },
);
both(
  '1112 §6.1 SHOULD',
  '3493 §5.2 SHOULD',
  'A member on the same host hears what the host sends to the group.',
  (b) => {
    const inbox = member(b);
    b.sendFrom(b.bind(0), group(b), data(1), 9, b.is6 ? 1 : 0);
    b.wait(SECOND);
    equal(inbox.messages.length, 1);
  },
);
v4('1112 §6.4 MUST', 'A group goes to the hardware group 01:00:5e with its low 23 bits.', (b) => {
  equal(one(b.sendFrom(b.bind(0), '239.129.2.3', data(1))).toMac, '01:00:5e:01:02:03');
});
v4('1112 §7.2 MUST', 'Groups that share a hardware address are told apart.', (b) => {
  const inbox = member(b);
  b.send(b.udp({ destination: '238.129.2.3' }));
  equal(inbox.messages.length, 0);
});
v4('1112 §4 MUST', 'Every host is a member of 224.0.0.1.', (b) => {
  const inbox = b.bind(9);
  b.send(b.udp({ destination: '224.0.0.1' }));
  equal(inbox.messages.length, 1);
});
both(
  '1122 §3.2.2 MUST',
  '4443 §2.4(e.3) MUST',
  'A datagram to a joined group without a socket at its port is not answered.',
  (b) => {
    member(b);
    none(b.send(b.udp({ destination: group(b), to: 99 })));
  },
);

// Reports

both(
  '3376 §5.1 MUST',
  '3810 §6.1 MUST',
  'To join is told at once, as a change to exclude nobody, to all capable routers.',
  (b) => {
    member(b);
    const [report] = reports(b);
    equal(report!.destination, b.is6 ? 'ff02::16' : '224.0.0.22');
    ok(records(report!).includes(`to-exclude ${group(b)}`));
  },
);
both(
  '3376 §5.1 MUST',
  '3810 §6.1 MUST',
  'A change is told as often as the robustness variable says, here twice.',
  (b) => {
    member(b);
    b.wait(10 * SECOND);
    equal(told(b).filter((each) => each === `to-exclude ${group(b)}`).length, 2);
  },
);
both('3376 §5.1 MUST', '3810 §6.1 MUST', 'To leave is told as a change to include nobody, twice.', (b) => {
  const inbox = member(b);
  b.wait(10 * SECOND);
  b.forget();
  inbox.socket.leave(b.at(group(b)), 1);
  b.wait(10 * SECOND);
  deepEqual(told(b), [`to-include ${group(b)}`, `to-include ${group(b)}`]);
});
both(
  '3376 §5.1 MUST',
  '3810 §6.1 MUST',
  'To leave while the joining is still being told ends the telling of it.',
  (b) => {
    const inbox = member(b);
    inbox.socket.leave(b.at(group(b)), 1);
    b.forget();
    b.wait(10 * SECOND);
    ok(told(b).every((each) => each.startsWith('to-include')));
  },
);
both('3376 §4 MUST', '3810 §5 MUST', 'A report has a hop limit of 1 and a router alert.', (b) => {
  member(b);
  const report = reports(b)[0]!;
  equal(report.hopLimit, 1);
  ok(report.sound);
  deepEqual([...report.options.subarray(0, b.is6 ? 6 : 4)], b.is6 ? [58, 0, 5, 2, 0, 0] : [148, 4, 0, 0]);
});
v4('3376 §4 MUST', 'An IGMP message has the type of service 0xc0.', (b) => {
  member(b);
  equal(reports(b)[0]!.trafficClass, 0xc0);
});
v6('3810 §5.2.13 MUST', 'A report comes from a link-local address.', (b) => {
  member(b);
  equal(reports(b)[0]!.source, b.myLocal());
});
v6(
  '3590 §4 MUST',
  'As long as there is no valid link-local address, a report comes from the unspecified address.',
  (b) => {
    b.forget();
    b.stack.start();
    b.wait(2 * SECOND);
    const [first] = b.seen('mld2-report');
    equal(first!.source, '::');
  },
  { start: false },
);
v6(
  '3590 §4 SHOULD',
  'When the link-local address is valid, the groups are told once more from it.',
  (b) => {
    b.forget();
    b.stack.start();
    b.wait(20 * SECOND);
    const from = b
      .seen('mld2-report')
      .filter(({ source }) => source === b.myLocal())
      .flatMap(records);
    ok(from.some((each) => each.endsWith('ff02::1:ff00:1')));
  },
  { start: false },
);
both(
  '3376 §5.2 MUST',
  '3810 §6.2 MUST',
  'A general query is answered with the state of every group.',
  (b) => {
    member(b);
    member(b, second(b), 10);
    b.wait(10 * SECOND);
    query(b);
    b.wait(2 * SECOND);
    deepEqual(told(b).sort(), [`is-exclude ${group(b)}`, `is-exclude ${second(b)}`].sort());
  },
);
both(
  '3376 §5.2 MUST',
  '3810 §6.2 MUST',
  'The answer comes after a random moment within the maximum response time.',
  (b) => {
    member(b);
    b.wait(10 * SECOND);
    query(b, { response: b.is6 ? 10_000 : 100 });
    const asked = b.clock.now;
    b.wait(11 * SECOND);
    within(reports(b)[0]!.at - asked, 0, 10 * SECOND, 'µs');
  },
);
both('3376 §5.2 MUST', '3810 §6.2 MUST', 'A query about one group is answered for that group alone.', (b) => {
  member(b);
  member(b, second(b), 10);
  b.wait(10 * SECOND);
  query(b, { of: group(b) });
  b.wait(2 * SECOND);
  deepEqual(told(b), [`is-exclude ${group(b)}`]);
});
both('3376 §5.2 MUST', '3810 §6.2 MUST', 'A query about a group that nobody joined is not answered.', (b) => {
  query(b, { of: group(b), to: b.is6 ? 'ff02::1' : '224.0.0.1' });
  b.wait(5 * SECOND);
  none(reports(b));
});
both(
  '3376 §5.2 MUST',
  '3810 §6.2 MUST',
  'A query about a group and sources is answered with those of them that are wanted.',
  (b) => {
    member(b);
    b.wait(10 * SECOND);
    query(b, { of: group(b), sources: [b.peer.ip] });
    b.wait(2 * SECOND);
    deepEqual(told(b), [`is-include ${group(b)}`]);
  },
);
both('3376 §5 MUST', '3810 §6 MUST', 'Of the group of all hosts nothing is ever told.', (b) => {
  query(b);
  b.wait(5 * SECOND);
  const all = [...b.seen('igmp'), ...b.seen('mld2-report')].flatMap(records);
  ok(all.every((each) => !each.endsWith(b.is6 ? ' ff02::1' : ' 224.0.0.1')));
});
both('3376 §9.1 SHOULD', '3810 §6.2 MUST', 'A query without a router alert is ignored.', (b) => {
  member(b);
  b.wait(10 * SECOND);
  query(b, { alert: false });
  b.wait(5 * SECOND);
  none(reports(b));
});
v6('3810 §5.1.14 MUST', 'A query that does not come from a link-local address is ignored.', (b) => {
  member(b);
  b.wait(10 * SECOND);
  query(b, { source: b.router.ip });
  b.wait(5 * SECOND);
  none(reports(b));
});
v6('3810 §6.2 MUST', 'A query with a hop limit other than 1 is ignored.', (b) => {
  member(b);
  b.wait(10 * SECOND);
  query(b, { hopLimit: 64 });
  b.wait(5 * SECOND);
  none(reports(b));
});
v6('3810 §6 MUST', 'Solicited-node groups are told like any other.', (b) => {
  query(b);
  b.wait(5 * SECOND);
  ok(b.seen('mld2-report').flatMap(records).includes('is-exclude ff02::1:ff00:1'));
});
v6('3810 §5.1.3 MUST', 'A maximum response code of 32,768 and more is a floating-point number.', (b) => {
  member(b);
  b.wait(10 * SECOND);
  query(b, { response: 0x8000 });
  const asked = b.clock.now;
  b.wait(40 * SECOND);
  within(reports(b)[0]!.at - asked, 0, 33 * SECOND, 'µs');
});
v4('3376 §4.1.1 MUST', 'A maximum response code of 128 and more is a floating-point number.', (b) => {
  member(b);
  b.wait(10 * SECOND);
  query(b, { response: 0x80 });
  const asked = b.clock.now;
  b.wait(14 * SECOND);
  within(reports(b)[0]!.at - asked, 0, 12.8 * SECOND, 'µs');
});
v4('3376 §4.2.16 MUST', 'Records that do not fit one message fill several.', (b) => {
  for (let i = 0; i < 200; i++) member(b, `239.9.9.${i}`, 1_000 + i);
  b.wait(10 * SECOND);
  query(b);
  b.wait(2 * SECOND);
  for (const { bytes } of b.seen('igmp')) ok(bytes.length <= 1_500);
  equal(b.seen('igmp').flatMap(records).length, 200);
});
v4('2236 §2 MUST', 'A message with a wrong checksum is ignored.', (b) => {
  member(b);
  b.wait(10 * SECOND);
  const payload = igmpQuery('0.0.0.0', 10, 3);
  payload[3]! ^= 1;
  b.send(b.packet({ destination: '224.0.0.1', hopLimit: 1, protocol: 2, options: [148, 4, 0, 0], payload }), {
    from: b.router,
  });
  b.wait(5 * SECOND);
  none(reports(b));
});
v4('2236 §2.1 MUST', 'IGMP messages of unknown types are silently ignored.', (b) =>
  none(
    b.send(
      b.packet({ destination: '224.0.0.1', protocol: 2, payload: join([0x55, 0], u16(0xaaff), u32(0)) }),
    ),
  ),
);
