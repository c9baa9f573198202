/** Addresses in a host: RFC 4862 (autoconfiguration, duplicates), RFC 7527, RFC 7217, RFC 8064, RFC 8981, RFC 4429. */
import { type Bench, SECOND } from '../bench/bench.ts';
import { address, solicitedNode, text } from '../bench/bytes.ts';
import { deepEqual, equal, none, ok, one } from '../bench/check.ts';
import { nonce, sourceLink, targetLink } from '../bench/ipv6-packet.ts';
import type { Seen } from '../bench/seen.ts';
import { differs, Topic, unseen } from '../table.ts';

export const hostAutoconfiguration: Topic = new Topic('host', 'Autoconfiguration and duplicate addresses');
const { v6 } = hostAutoconfiguration;

const fresh = { start: false };

/** Starts the stack and stops when the probe for `me` has left. */
function tentative(b: Bench): void {
  b.forget();
  b.stack.start();
  for (let i = 0; i < 300 && !probes(b).some((each) => text(each.icmp.body.subarray(0, 16)) === b.me); i++)
    b.wait(10_000);
  equal(b.addressState(b.me), 'tentative');
}

export const probes = (b: Bench): Seen[] =>
  b.seen('neighbour-solicitation').filter(({ source }) => source === '::');

// Duplicate address detection

v6(
  '4862 §5.4 MUST',
  'Every unicast address is probed before it is used, the link-local one too.',
  (b) => {
    b.forget();
    b.stack.start();
    b.wait(20 * SECOND);
    const targets = probes(b).map(({ icmp }) => text(icmp.body.subarray(0, 16)));
    ok(targets.includes(b.me) && targets.includes(b.myLocal()));
  },
  { ...fresh, logo: 'Address Autoconfiguration and Duplicate Address Detection' },
);
v6(
  '4862 §5.4.2 MUST',
  'The probe goes from the unspecified address to the solicited-node group, hop limit 255, without a link-layer address.',
  (b) => {
    b.forget();
    b.stack.start();
    b.wait(20 * SECOND);
    const probe = probes(b).find(({ icmp }) => text(icmp.body.subarray(0, 16)) === b.me)!;
    deepEqual([probe.destination, probe.hopLimit, probe.sound], [solicitedNode(b.me), 255, true]);
    ok(probe.icmp.body[16] !== 1);
  },
  { ...fresh, logo: 'Address Autoconfiguration and Duplicate Address Detection' },
);
v6(
  '4862 §5.4.2 MUST',
  'The all-nodes and solicited-node groups are joined before the probe.',
  (b) => {
    b.forget();
    b.stack.start();
    b.wait(20 * SECOND);
    const at = b
      .all()
      .findIndex(
        ({ kind, source, icmp }) =>
          kind === 'neighbour-solicitation' && source === '::' && text(icmp.body.subarray(0, 16)) === b.me,
      );
    ok(
      b
        .all()
        .slice(0, at)
        .some(
          ({ kind, icmp }) =>
            kind === 'mld2-report' && hex(icmp.body).includes(hex(address(solicitedNode(b.me)))),
        ),
    );
  },
  fresh,
);
v6(
  '4862 §5.4 MUST',
  'An address is tentative for RetransTimer after the probe, then preferred.',
  (b) => {
    tentative(b);
    b.wait(0.9 * SECOND);
    equal(b.addressState(b.me), 'tentative');
    b.wait(0.2 * SECOND);
    equal(b.addressState(b.me), 'preferred');
  },
  fresh,
);
v6(
  '4862 §5.4 MUST',
  'A tentative address takes no packets.',
  (b) => {
    tentative(b);
    none(b.send(b.echo()));
  },
  fresh,
);
v6(
  '4862 §5.4.3 MUST',
  'A solicitation for a tentative address is not answered.',
  (b) => {
    tentative(b);
    b.send(
      b.ns(b.me, { source: b.peer.ip, destination: solicitedNode(b.me), with: [sourceLink(b.peer.mac)] }),
    );
    none(b.seen('neighbour-advertisement'));
  },
  { ...fresh, logo: 'Receiving DAD Neighbor Solicitations and Advertisements' },
);
v6(
  '4862 §5.4.3 MUST',
  'A solicitation by somebody who resolves a tentative address is ignored: it is no duplicate.',
  (b) => {
    tentative(b);
    b.send(
      b.ns(b.me, { source: b.peer.ip, destination: solicitedNode(b.me), with: [sourceLink(b.peer.mac)] }),
    );
    b.wait(2 * SECOND);
    equal(b.addressState(b.me), 'preferred');
  },
  { ...fresh, logo: 'Receiving DAD Neighbor Solicitations and Advertisements' },
);
v6(
  '4862 §5.4.3 MUST',
  'A probe of another station for a tentative address makes it a duplicate.',
  (b) => {
    tentative(b);
    b.send(b.ns(b.me, { source: '::', destination: solicitedNode(b.me) }));
    equal(b.addressState(b.me), 'duplicate');
  },
  { ...fresh, logo: 'Receiving DAD Neighbor Solicitations and Advertisements' },
);
v6(
  '4862 §5.4.4 MUST',
  'An advertisement for a tentative address makes it a duplicate.',
  (b) => {
    tentative(b);
    b.send(b.na(b.me, 'O', { source: b.me, destination: 'ff02::1', with: [targetLink(b.peer.mac)] }));
    equal(b.addressState(b.me), 'duplicate');
  },
  { ...fresh, logo: 'Receiving DAD Neighbor Solicitations and Advertisements' },
);
v6(
  '4862 §5.4.5 MUST',
  'A duplicate is not used: nothing is answered and nothing sent from it.',
  (b) => {
    tentative(b);
    b.send(b.na(b.me, 'O', { source: b.me, destination: 'ff02::1', with: [targetLink(b.peer.mac)] }));
    b.wait(20 * SECOND);
    none(b.send(b.echo()));
    b.send(
      b.ns(b.me, { source: b.peer.ip, destination: solicitedNode(b.me), with: [sourceLink(b.peer.mac)] }),
    );
    none(b.seen('neighbour-advertisement'));
  },
  { ...fresh, logo: 'Address Autoconfiguration and Duplicate Address Detection' },
);
v6(
  '4862 §5.4.3 MUST',
  'An invalid probe does not make a duplicate: hop limit, checksum, code, target, length.',
  (b) => {
    tentative(b);
    const group = solicitedNode(b.me);
    for (const f of [
      { hopLimit: 254 },
      { icmpError: 1 },
      { code: 1 },
      { cut: 8 },
      { destination: b.me },
      { with: [sourceLink(b.peer.mac)] },
      { with: [Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0)] },
    ]) {
      b.send(b.ns(b.me, { source: '::', destination: group, ...f }));
    }
    equal(b.addressState(b.me), 'tentative');
  },
  { ...fresh, logo: 'Validation of DAD Neighbor Solicitations' },
);
v6(
  '4862 §5.4.4 MUST',
  'An invalid advertisement does not make a duplicate: hop limit, checksum, code, length, solicited to a group.',
  (b) => {
    tentative(b);
    for (const [flags, f] of [
      ['O', { hopLimit: 254 }],
      ['O', { icmpError: 1 }],
      ['O', { code: 1 }],
      ['O', { cut: 8 }],
      ['SO', {}],
    ] as const) {
      b.send(b.na(b.me, flags, { source: b.me, destination: 'ff02::1', ...f }));
    }
    equal(b.addressState(b.me), 'tentative');
  },
  { ...fresh, logo: 'Validation of DAD Neighbor Advertisements' },
);
v6(
  '4862 §5.4.4 SHOULD',
  'An advertisement of another station for an address in use does not take it away.',
  (b) => {
    b.send(b.na(b.me, 'O', { source: b.me, destination: 'ff02::1', with: [targetLink(b.peer.mac)] }));
    equal(b.addressState(b.me), 'preferred');
    one(b.send(b.echo()), 'echo-reply');
  },
);
v6('4862 §5.4.3 MUST', 'A probe of another station for an address in use is answered to all nodes.', (b) => {
  b.send(b.ns(b.me, { source: '::', destination: solicitedNode(b.me) }));
  equal(one(b.seen('neighbour-advertisement')).destination, 'ff02::1');
});
v6(
  '4862 §5.4.2 SHOULD',
  'The first message of an interface waits a random moment of up to a second.',
  differs('a lab has no storm of hosts that start at once, and its first second would be lost', (b) => {
    const delays = [1, 2, 3, 4, 5].map((seed) => {
      const again = b.another({ seed });
      again.stack.start();
      again.wait(10 * SECOND);
      return again.seen('neighbour-solicitation')[0]!.at;
    });
    deepEqual(delays, [0, 0, 0, 0, 0]);
  }),
  fresh,
);
v6(
  '7527 §4.1 MUST',
  'A probe carries a nonce of at least six bytes.',
  (b) => {
    tentative(b);
    const { body } = probes(b).at(-1)!.icmp;
    deepEqual([body[16], body[17]], [14, 1]);
  },
  fresh,
);
v6(
  '7527 §4.2 MUST',
  'An own probe that the link loops back is no duplicate.',
  (b) => {
    tentative(b);
    const own = probes(b).at(-1)!;
    b.send(own.bytes);
    b.wait(10 * SECOND);
    equal(b.addressState(b.me), 'preferred');
  },
  fresh,
);
v6(
  '7527 §4.2 MUST',
  "A probe with another nonce is another station's.",
  (b) => {
    tentative(b);
    b.send(b.ns(b.me, { source: '::', destination: solicitedNode(b.me), with: [nonce(1, 2, 3, 4, 5, 6)] }));
    equal(b.addressState(b.me), 'duplicate');
  },
  fresh,
);
v6(
  '7527 §4.1 MUST',
  'Each address and each start has another nonce.',
  (b) => {
    b.forget();
    b.stack.start();
    b.wait(20 * SECOND);
    const nonces = probes(b).map(({ icmp }) => hex(icmp.body.subarray(18, 24)));
    ok(nonces.length >= 2);
    equal(new Set(nonces).size, nonces.length);
  },
  fresh,
);
v6(
  '4862 §5.4.5 SHOULD',
  'A duplicate link-local address that was made from the MAC disables IPv6 on the interface.',
  (b) => {
    b.forget();
    b.stack.start();
    for (let i = 0; i < 300 && probes(b).length === 0; i++) b.wait(10_000);
    const own = b.myLocal();
    b.send(b.na(own, 'O', { source: own, destination: 'ff02::1', with: [targetLink(b.peer.mac)] }));
    b.wait(20 * SECOND);
    none(b.send(b.echo()));
  },
  fresh,
);
v6(
  '4862 §5.3 MUST',
  'A link-local address is made when the interface comes up.',
  (b) => {
    ok(b.myLocal().startsWith('fe80::'));
    one(b.send(b.echo({ source: b.peer.local, destination: b.myLocal() })), 'echo-reply');
  },
  { logo: 'Address Autoconfiguration and Duplicate Address Detection' },
);
v6('4862 §5.4 MUST', 'A link that comes up again probes its addresses again.', (b) => {
  b.stack.setLink(1, false);
  b.wait(SECOND);
  b.forget();
  b.stack.setLink(1, true);
  b.wait(20 * SECOND);
  ok(probes(b).length >= 2);
});

v6(
  '4862 §5.4.6 MAY',
  'Management can change the number of probes.',
  unseen('DupAddrDetectTransmits is 1 and no statement changes it'),
);

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
