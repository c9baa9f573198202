/** Unreachability detection and the bounds of the neighbour cache: RFC 4861 §7.3, RFC 6583, RFC 7048. */
import { MS, SECOND } from '../bench/bench.ts';
import { data, solicitedNode } from '../bench/bytes.ts';
import { deepEqual, equal, none, ok, one, within } from '../bench/check.ts';
import { nonce, sourceLink, targetLink } from '../bench/ipv6-packet.ts';
import { differs, Topic, unseen } from '../table.ts';
import { bring, target } from './host-nd.ts';

export const hostReachability: Topic = new Topic('host', 'Neighbours: reachability');
const { v6 } = hostReachability;

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
