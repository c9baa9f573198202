/** Resolution and unreachability detection in a host: RFC 4861 §7.2, §7.3, RFC 6583, RFC 7048. */
import { type Bench, MS, SECOND } from '../bench/bench.ts';
import { data, get16, macText, solicitedNode, text } from '../bench/bytes.ts';
import { deepEqual, equal, none, ok, one, within } from '../bench/check.ts';
import { nonce, sourceLink, targetLink } from '../bench/ipv6-packet.ts';
import type { Seen } from '../bench/seen.ts';
import { differs, Topic, unseen } from '../table.ts';

export const hostNd: Topic = new Topic('host', 'Neighbours: resolution and reachability');
const { v6 } = hostNd;

const NEW = '02:00:00:00:09:99';
const target = ({ icmp }: Seen): string => text(icmp.body.subarray(0, 16));
const optionMac = ({ icmp }: Seen): string => macText(icmp.body.subarray(18, 24));
const flags = ({ icmp }: Seen): string =>
  ['R', 'S', 'O'].filter((_, i) => (icmp.word >>> (31 - i)) & 1).join('');

/** Brings the entry of the peer into a state by packets alone. */
function bring(b: Bench, to: 'incomplete' | 'reachable' | 'stale' | 'delay' | 'probe'): void {
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

// Unreachability detection

v6(
  '4861 §7.3.3 MUST',
  'A reachable neighbour becomes stale between 15 and 45 seconds after its last confirmation.',
  (b) => {
    bring(b, 'reachable');
    b.wait(14 * SECOND);
    equal(b.state(b.peer.ip), 'reachable');
    b.wait(32 * SECOND);
    equal(b.state(b.peer.ip), 'stale');
  },
  { logo: 'Neighbor Solicitation Origination, Reachability Confirmation' },
);
v6(
  '4861 §7.3.3 MUST',
  'A packet to a stale neighbour leaves at once and starts the delay.',
  (b) => {
    bring(b, 'stale');
    one(b.sendFrom(b.bind(5_000), b.peer.ip, data(1)), 'udp');
    equal(b.state(b.peer.ip), 'delay');
    none(b.seen('neighbour-solicitation'));
  },
  { logo: 'Neighbor Solicitation Origination, Reachability Confirmation' },
);
v6(
  '4861 §7.3.3 MUST',
  'A neighbour in delay is probed by unicast after five seconds without confirmation.',
  (b) => {
    bring(b, 'delay');
    b.wait(4 * SECOND);
    none(b.seen('neighbour-solicitation'));
    b.wait(1.1 * SECOND);
    const probe = one(b.seen('neighbour-solicitation'));
    deepEqual([probe.destination, probe.toMac, target(probe)], [b.peer.ip, b.peer.mac, b.peer.ip]);
  },
  { logo: 'Neighbor Solicitation Origination, Reachability Confirmation' },
);
v6(
  '4861 §7.3.3 MUST',
  'Three probes a second apart, and then the entry is given up.',
  (b) => {
    bring(b, 'delay');
    b.wait(20 * SECOND);
    const probes = b.seen('neighbour-solicitation').filter(({ destination }) => destination === b.peer.ip);
    equal(probes.length, 3);
    within(probes[1]!.at - probes[0]!.at, SECOND, 1.1 * SECOND, 'µs between them');
    ok(b.macOf(b.peer.ip) === 'none');
  },
  { logo: 'Neighbor Solicitation Origination, Reachability Confirmation' },
);
v6('4861 §7.3.3 MUST', 'Packets still leave to the known address while it is probed.', (b) => {
  bring(b, 'probe');
  equal(one(b.sendFrom(b.bind(5_000), b.peer.ip, data(1))).toMac, b.peer.mac);
});
v6('4861 §7.3.3 MUST', 'After it was given up, a neighbour is resolved anew by the next packet.', (b) => {
  bring(b, 'delay');
  b.wait(30 * SECOND);
  b.sendFrom(b.bind(5_000), b.peer.ip, data(1));
  equal(
    one(
      b
        .seen('neighbour-solicitation')
        .filter((each) => target(each) === b.peer.ip)
        .slice(-1),
    ).destination,
    solicitedNode(b.peer.ip),
  );
});
v6('4861 §7.3.3 MUST', 'A solicited advertisement while it is probed ends the probing.', (b) => {
  bring(b, 'probe');
  b.send(b.na(b.peer.ip, 'S', { source: b.peer.ip }));
  b.wait(10 * SECOND);
  none(b.seen('neighbour-solicitation'));
});
v6(
  '4861 §7.3.1 MUST',
  'Unsolicited advertisements and router advertisements do not confirm reachability.',
  (b) => {
    bring(b, 'stale');
    b.send(b.na(b.peer.ip, 'O', { source: b.peer.ip, with: [targetLink(b.peer.mac)] }));
    equal(b.state(b.peer.ip), 'stale');
  },
);
v6('4861 §7.3.1 SHOULD', 'Forward progress of TCP confirms reachability.', (b) => {
  bring(b, 'stale');
  b.stack.confirmReachable(b.at(b.peer.ip));
  equal(b.state(b.peer.ip), 'reachable');
});
v6(
  '4861 §7.3.1 MUST',
  'Packets that merely come from a neighbour do not confirm that it can be reached.',
  (b) => {
    bring(b, 'stale');
    b.send(b.packet({ source: b.peer.ip, protocol: 59 }));
    equal(b.state(b.peer.ip), 'stale');
  },
);
v6(
  '4861 §7.2.6 MAY',
  'A node whose link-layer address changed may tell with unsolicited advertisements.',
  unseen('the hardware address of a device never changes here'),
);
v6(
  '4861 §7.2.7 MUST',
  'Anycast addresses are answered without override.',
  unseen("a host of this stack has no anycast addresses; the subnet-router anycast address is a router's"),
);
v6(
  '6583 §7.1 SHOULD',
  'Resolution of addresses that do not exist is bounded and does not drive known neighbours out.',
  (b) => {
    bring(b, 'reachable');
    const inbox = b.bind(5_000);
    for (let i = 0; i < 2_000; i++) b.sendFrom(inbox, `2001:db8:1::1:${i.toString(16)}`, data(1));
    deepEqual(
      [
        b.macOf(b.peer.ip),
        one(b.sendFrom(inbox, b.peer.ip, data(1)).filter(({ destination }) => destination === b.peer.ip))
          .toMac,
      ],
      [b.peer.mac, b.peer.mac],
    );
    ok([...b.stack.neighbours()].length <= 1_024);
  },
);
v6(
  '6583 §7.2 SHOULD',
  'While many addresses are in resolution, a neighbour that speaks first is learnt and answered.',
  (b) => {
    const inbox = b.bind(5_000);
    for (let i = 0; i < 2_000; i++) b.sendFrom(inbox, `2001:db8:1::1:${i.toString(16)}`, data(1));
    one(b.send(b.echo()).filter(({ kind }) => kind === 'echo-reply'));
  },
);
v6(
  '7048 §3 SHOULD',
  'A neighbour that stops answering is probed for longer than three seconds.',
  differs(
    'three probes a second apart, as RFC 4861 §10 has it; RFC 7048 allows exponential back-off',
    (b) => {
      bring(b, 'delay');
      b.wait(9 * SECOND);
      equal(b.macOf(b.peer.ip), 'none');
    },
  ),
);
v6(
  '7527 §4.2 MUST',
  'A nonce in a solicitation that is not duplicate detection changes nothing about the answer.',
  (b) => {
    b.send(b.ns(b.me, { source: b.peer.ip, with: [sourceLink(b.peer.mac), nonce(1, 2, 3, 4, 5, 6)] }));
    equal(one(b.seen('neighbour-advertisement')).destination, b.peer.ip);
  },
);
v6(
  '4861 §7.2.2 MUST',
  'A solicitation is repeated after a second, not sooner, however many packets wait.',
  (b) => {
    b.peer.answers = false;
    const inbox = b.bind(5_000);
    b.forget();
    for (let i = 0; i < 9; i++) {
      inbox.socket.send(data(1), b.at(b.peer.ip), 9);
      b.wait(100 * MS);
    }
    one(b.seen('neighbour-solicitation'));
  },
);
