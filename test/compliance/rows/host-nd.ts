/** Resolution and unreachability detection in a host: RFC 4861 §7.2, §7.3, RFC 6583, RFC 7048. */
import { type Bench, SECOND } from '../bench/bench.ts';
import { data, get16, macText, solicitedNode, text } from '../bench/bytes.ts';
import { deepEqual, equal, none, ok, one, within } from '../bench/check.ts';
import { sourceLink, targetLink } from '../bench/ipv6-packet.ts';
import type { Seen } from '../bench/seen.ts';
import { Topic } from '../table.ts';

export const hostNd: Topic = new Topic('host', 'Neighbours: resolution and reachability');
const { v6 } = hostNd;

const NEW = '02:00:00:00:09:99';
export const target = ({ icmp }: Seen): string => text(icmp.body.subarray(0, 16));
const optionMac = ({ icmp }: Seen): string => macText(icmp.body.subarray(18, 24));
const flags = ({ icmp }: Seen): string =>
  ['R', 'S', 'O'].filter((_, i) => (icmp.word >>> (31 - i)) & 1).join('');

/** Brings the entry of the peer into a state by packets alone. */
export function bring(b: Bench, to: 'incomplete' | 'reachable' | 'stale' | 'delay' | 'probe'): void {
  b.peer.answers = false;
  if (to === 'incomplete') {
    b.sendFrom(b.bind(0), b.peer.ip, data(1));
  } else {
    b.send(b.ns(b.me, { source: b.peer.ip, with: [sourceLink(b.peer.mac)] }));
    b.send(b.na(b.peer.ip, 'S', { source: b.peer.ip }));
    if (to !== 'reachable') b.wait(46 * SECOND);
    if (to === 'delay' || to === 'probe') b.sendFrom(b.bind(0), b.peer.ip, data(1));
    if (to === 'probe') b.wait(5 * SECOND);
  }
  equal(b.state(b.peer.ip), to);
  b.forget();
}

// Solicitations sent

v6(
  '4861 §7.2.2 MUST',
  'An unknown neighbour is asked for at its solicited-node group, from an own address, with our link-layer address.',
  (b) => {
    b.peer.answers = false;
    b.sendFrom(b.bind(5_000), b.peer.ip, data(1));
    const asked = one(b.seen('neighbour-solicitation'));
    equal(asked.destination, solicitedNode(b.peer.ip));
    equal(asked.toMac, '33:33:ff:00:00:02');
    deepEqual(
      [asked.source, target(asked), optionMac(asked), asked.hopLimit],
      [b.me, b.peer.ip, b.macs[0], 255],
    );
  },
  { logo: 'Neighbor Solicitation Origination, Address Resolution' },
);
v6(
  '4861 §7.2.2 SHOULD',
  'The source of the solicitation is that of the packet that asks for it.',
  (b) => {
    b.peer.answers = false;
    b.send(b.echo({ source: b.peer.local, destination: b.myLocal() }));
    equal(one(b.seen('neighbour-solicitation')).source, b.myLocal());
  },
  { logo: 'Neighbor Solicitation Origination, Target Address Being Link-local' },
);
v6(
  '4861 §7.2.2 MUST',
  'At most one solicitation a second, three in all.',
  (b) => {
    b.peer.answers = false;
    b.sendFrom(b.bind(5_000), b.peer.ip, data(1));
    b.wait(20 * SECOND);
    const asked = b.seen('neighbour-solicitation');
    equal(asked.length, 3);
    for (let i = 1; i < 3; i++)
      within(asked[i]!.at - asked[i - 1]!.at, 0.999 * SECOND, 1.5 * SECOND, 'µs between them');
  },
  { logo: 'Neighbor Solicitation Origination, Address Resolution' },
);
v6(
  '4861 §7.2.2 MUST',
  'When nobody answers, the packets that wait are answered with address unreachable: the application hears.',
  (b) => {
    const inbox = b.bind(5_000);
    b.sendFrom(inbox, '2001:db8:1::77', data(1));
    b.wait(10 * SECOND);
    deepEqual(inbox.errors, ['EHOSTUNREACH']);
  },
);
v6(
  '4861 §7.2.2 MUST',
  'A packet waits for each neighbour in resolution, and leaves when it answers.',
  (b) => {
    b.peer.answers = false;
    none(b.sendFrom(b.bind(5_000), b.peer.ip, data(5)));
    equal(
      one(b.send(b.na(b.peer.ip, 'SO', { source: b.peer.ip, with: [targetLink(b.peer.mac)] })), 'udp').toMac,
      b.peer.mac,
    );
  },
  { logo: 'Resolution Wait Queue, Single Queue' },
);
v6(
  '4861 §7.2.2 MUST',
  'Packets for several neighbours wait in queues of their own.',
  (b) => {
    b.peer.answers = b.other.answers = false;
    const inbox = b.bind(5_000);
    b.sendFrom(inbox, b.peer.ip, data(5));
    b.sendFrom(inbox, b.other.ip, data(6));
    equal(
      one(b.send(b.na(b.other.ip, 'SO', { source: b.other.ip, with: [targetLink(b.other.mac)] }))).toMac,
      b.other.mac,
    );
    equal(
      one(b.send(b.na(b.peer.ip, 'SO', { source: b.peer.ip, with: [targetLink(b.peer.mac)] }))).toMac,
      b.peer.mac,
    );
  },
  { logo: 'Resolution Wait Queue, Multiple Queues' },
);
v6('4861 §7.2.2 MUST', 'When the queue is full, the newest packets are kept.', (b) => {
  b.peer.answers = false;
  const inbox = b.bind(5_000);
  for (let i = 0; i < 200; i++) b.sendFrom(inbox, b.peer.ip, data(1), 100 + i);
  const sent = b.send(b.na(b.peer.ip, 'SO', { source: b.peer.ip, with: [targetLink(b.peer.mac)] }));
  equal(get16(sent.at(-1)!.payload, 2), 299);
});
v6(
  '4861 §5.2 MUST',
  'A destination in an on-link prefix is resolved itself.',
  (b) => {
    b.sendFrom(b.bind(5_000), '2001:db8:1::77', data(1));
    equal(target(one(b.seen('neighbour-solicitation'))), '2001:db8:1::77');
  },
  { logo: 'On-link Determination, On-link Destinations' },
);
v6(
  '4861 §5.2 MUST',
  'A link-local destination is on the link.',
  (b) => {
    equal(one(b.sendFrom(b.bind(5_000), b.peer.local, data(1), 9, 1)).toMac, b.peer.mac);
  },
  { logo: 'On-link Determination, Link-local' },
);
v6(
  '4861 §5.2 MUST',
  'A destination outside every prefix goes to a router.',
  (b) => {
    equal(one(b.sendFrom(b.bind(5_000), b.far, data(1))).toMac, b.router.mac);
    deepEqual(b.seen('neighbour-solicitation').map(target), [b.router.local]);
  },
  { logo: 'On-link Determination, Off-link' },
);
v6(
  '5942 §4 MUST',
  'Without a router and a prefix for it, a destination is not taken to be on the link.',
  (b) => {
    const inbox = b.bind(5_000);
    none(b.sendFrom(inbox, b.far, data(1)));
    none(b.seen('neighbour-solicitation'));
    deepEqual(inbox.errors, ['ENETUNREACH']);
  },
  { bare: true },
);
v6('4861 §7.2 MUST', 'A group needs no resolution.', (b) => {
  one(b.sendFrom(b.bind(5_000), 'ff02::1:3', data(1), 9, 1));
  none(b.seen('neighbour-solicitation'));
});

// Answers

v6(
  '4861 §7.2.4 MUST',
  'A solicitation is answered with the solicited flag, our link-layer address, and override.',
  (b) => {
    b.send(
      b.ns(b.me, { source: b.peer.ip, destination: solicitedNode(b.me), with: [sourceLink(b.peer.mac)] }),
    );
    const answer = one(b.seen('neighbour-advertisement'));
    deepEqual(
      [flags(answer), target(answer), optionMac(answer), answer.destination, answer.hopLimit],
      ['SO', b.me, b.macs[0], b.peer.ip, 255],
    );
  },
  { logo: 'Neighbor Solicitation Processing, No NCE' },
);
v6('4861 §7.2.4 MUST', 'The source of the answer is the address that was asked for.', (b) => {
  b.send(b.ns(b.me, { source: b.peer.ip, with: [sourceLink(b.peer.mac)] }));
  equal(one(b.seen('neighbour-advertisement')).source, b.me);
});
v6('4861 §7.2.4 MUST', 'A host has no router flag in its advertisements.', (b) => {
  b.send(b.ns(b.me, { source: b.peer.ip, with: [sourceLink(b.peer.mac)] }));
  ok(!flags(one(b.seen('neighbour-advertisement'))).includes('R'));
});
v6(
  '4861 §7.2.4 MUST',
  'A question from the unspecified address is answered to all nodes, without the solicited flag.',
  (b) => {
    b.send(b.ns(b.me, { source: '::', destination: solicitedNode(b.me) }));
    const answer = one(b.seen('neighbour-advertisement'));
    deepEqual([flags(answer), answer.destination, answer.toMac], ['O', 'ff02::1', '33:33:00:00:00:01']);
  },
  { logo: 'Address Autoconfiguration and Duplicate Address Detection: NS for DAD' },
);
v6('4861 §7.2.3 MUST', 'A solicitation for somebody else is not answered.', (b) => {
  b.send(
    b.ns('2001:db8:1::77', {
      destination: 'ff02::1:ff00:1',
      source: b.peer.ip,
      with: [sourceLink(b.peer.mac)],
    }),
  );
  none(b.all());
  equal(b.state(b.peer.ip), 'none');
});
v6('4861 §7.2.3 MUST', 'A solicitation for the link-local address is answered from it.', (b) => {
  b.send(b.ns(b.myLocal(), { source: b.peer.local, with: [sourceLink(b.peer.mac)] }));
  equal(one(b.seen('neighbour-advertisement')).source, b.myLocal());
});
v6(
  '4861 §7.2.3 MUST',
  'A solicitation without a source link-layer address is answered after the asker was resolved.',
  (b) => {
    b.send(b.ns(b.me, { source: b.peer.ip }));
    equal(one(b.seen('neighbour-advertisement')).toMac, b.peer.mac);
    equal(target(one(b.seen('neighbour-solicitation'))), b.peer.ip);
  },
);

// Solicitations received, by state of the entry

v6(
  '4861 §7.2.3 MUST',
  'A solicitation makes an entry in state stale where there was none.',
  (b) => {
    b.peer.answers = false;
    b.send(b.ns(b.me, { source: b.peer.ip, with: [sourceLink(b.peer.mac)] }));
    equal(b.macOf(b.peer.ip), b.peer.mac);
    // Our answer is the first packet to it, and starts the delay.
    ok(['stale', 'delay'].includes(b.state(b.peer.ip)));
  },
  { logo: 'Neighbor Solicitation Processing, No NCE' },
);
v6(
  '4861 §7.2.3 MUST',
  'A solicitation without a link-layer address makes no entry that is resolved.',
  (b) => {
    b.peer.answers = false;
    b.send(b.ns(b.me, { source: b.peer.ip }));
    equal(b.macOf(b.peer.ip), 'none');
  },
  { logo: 'Neighbor Solicitation Processing, No NCE' },
);
v6(
  '4861 §7.2.3 MUST',
  'A solicitation resolves an incomplete entry: stale, and what waits leaves.',
  (b) => {
    bring(b, 'incomplete');
    const sent = b.send(b.ns(b.me, { source: b.peer.ip, with: [sourceLink(b.peer.mac)] }));
    one(sent, 'udp');
    ok(['stale', 'delay'].includes(b.state(b.peer.ip)));
  },
  { logo: 'Neighbor Solicitation Processing, NCE State INCOMPLETE' },
);
for (const state of ['reachable', 'stale', 'delay', 'probe'] as const) {
  const logo = `Neighbor Solicitation Processing, NCE State ${state.toUpperCase()}`;
  v6(
    '4861 §7.2.3 MUST',
    `A solicitation with a new link-layer address makes an entry in state ${state} stale.`,
    (b) => {
      bring(b, state);
      b.send(b.ns(b.me, { source: b.peer.ip, with: [sourceLink(NEW)] }));
      equal(b.macOf(b.peer.ip), NEW);
      equal(b.seen('neighbour-advertisement')[0]?.toMac, NEW);
      ok(['stale', 'delay'].includes(b.state(b.peer.ip)));
    },
    { logo },
  );
  v6(
    '4861 §7.2.3 MUST',
    `A solicitation with the known link-layer address leaves an entry in state ${state} as it is.`,
    (b) => {
      bring(b, state);
      b.send(b.ns(b.me, { source: b.peer.ip, with: [sourceLink(b.peer.mac)] }));
      // The answer itself is the first packet to a stale neighbour.
      equal(b.state(b.peer.ip), state === 'stale' ? 'delay' : state);
    },
    { logo },
  );
}

// Advertisements received, by state of the entry

v6(
  '4861 §7.2.5 SHOULD',
  'An advertisement about a neighbour without an entry makes none.',
  (b) => {
    for (const f of ['', 'S', 'O', 'SO', 'RSO'])
      b.send(b.na(b.peer.ip, f, { source: b.peer.ip, with: [targetLink(b.peer.mac)] }));
    equal(b.state(b.peer.ip), 'none');
  },
  { logo: 'Neighbor Advertisement Processing, No NCE' },
);
v6(
  '4861 §7.2.5 MUST',
  'An incomplete entry becomes reachable by a solicited advertisement.',
  (b) => {
    bring(b, 'incomplete');
    b.send(b.na(b.peer.ip, 'S', { source: b.peer.ip, with: [targetLink(b.peer.mac)] }));
    equal(b.state(b.peer.ip), 'reachable');
  },
  { logo: 'Neighbor Advertisement Processing, NCE State INCOMPLETE' },
);
v6(
  '4861 §7.2.5 MUST',
  'An incomplete entry becomes stale by an unsolicited advertisement, whatever the override flag says.',
  (b) => {
    bring(b, 'incomplete');
    b.send(b.na(b.peer.ip, 'O', { source: b.peer.ip, with: [targetLink(b.peer.mac)] }));
    ok(['stale', 'delay'].includes(b.state(b.peer.ip)));
  },
  { logo: 'Neighbor Advertisement Processing, NCE State INCOMPLETE' },
);
v6(
  '4861 §7.2.5 SHOULD',
  'An advertisement without a link-layer address leaves an incomplete entry as it is.',
  (b) => {
    bring(b, 'incomplete');
    b.send(b.na(b.peer.ip, 'SO', { source: b.peer.ip }));
    equal(b.state(b.peer.ip), 'incomplete');
  },
  { logo: 'Neighbor Advertisement Processing, NCE State INCOMPLETE' },
);
/** State before, flags, which address it names (none, the known one, a new one), state and address after. */
const answers: readonly (readonly [
  'reachable' | 'stale' | 'probe',
  string,
  'none' | 'same' | 'new',
  string,
  'same' | 'new',
])[] = [
  ['reachable', 'S', 'same', 'reachable', 'same'],
  ['reachable', 'SO', 'same', 'reachable', 'same'],
  ['reachable', 'O', 'same', 'reachable', 'same'],
  ['reachable', '', 'same', 'reachable', 'same'],
  ['reachable', 'S', 'new', 'stale', 'same'],
  ['reachable', '', 'new', 'stale', 'same'],
  ['reachable', 'SO', 'new', 'reachable', 'new'],
  ['reachable', 'O', 'new', 'stale', 'new'],
  ['reachable', 'S', 'none', 'reachable', 'same'],
  ['reachable', '', 'none', 'reachable', 'same'],
  ['stale', 'S', 'same', 'reachable', 'same'],
  ['stale', 'SO', 'same', 'reachable', 'same'],
  ['stale', 'O', 'same', 'stale', 'same'],
  ['stale', '', 'same', 'stale', 'same'],
  ['stale', 'S', 'new', 'stale', 'same'],
  ['stale', '', 'new', 'stale', 'same'],
  ['stale', 'SO', 'new', 'reachable', 'new'],
  ['stale', 'O', 'new', 'stale', 'new'],
  ['stale', 'S', 'none', 'reachable', 'same'],
  ['probe', 'S', 'same', 'reachable', 'same'],
  ['probe', 'SO', 'same', 'reachable', 'same'],
  ['probe', 'O', 'same', 'probe', 'same'],
  ['probe', '', 'same', 'probe', 'same'],
  ['probe', 'S', 'new', 'probe', 'same'],
  ['probe', '', 'new', 'probe', 'same'],
  ['probe', 'SO', 'new', 'reachable', 'new'],
  ['probe', 'O', 'new', 'stale', 'new'],
  ['probe', 'S', 'none', 'reachable', 'same'],
];
for (const [before, said, names, after, kept] of answers) {
  const address = { none: 'no', same: 'the known', new: 'a new' }[names];
  const which = kept === 'new' ? ', with the new address' : '';
  v6(
    '4861 §7.2.5 MUST',
    `In state ${before}, an advertisement (${said === '' ? 'no flag' : said}) with ${address} link-layer address: ${after}${which}.`,
    (b) => {
      bring(b, before);
      const options = names === 'none' ? [] : [targetLink(names === 'new' ? NEW : b.peer.mac)];
      b.send(b.na(b.peer.ip, said, { source: b.peer.ip, with: options }));
      deepEqual([b.state(b.peer.ip), b.macOf(b.peer.ip)], [after, kept === 'new' ? NEW : b.peer.mac]);
    },
    { logo: `Neighbor Advertisement Processing, NCE State ${before.toUpperCase()}` },
  );
}
