/** What makes a message of neighbour discovery invalid: RFC 4861 §6.1, §7.1, §8.1, RFC 6980. Invalid ones change nothing. */
import type { Bench } from '../bench/bench.ts';
import { type Bytes, data, text } from '../bench/bytes.ts';
import { equal, none } from '../bench/check.ts';
import { fragmentHeader, prefixOption, sourceLink, targetLink } from '../bench/ipv6-packet.ts';
import type { NdFields } from '../bench/packets.ts';
import { Topic } from '../table.ts';

export const hostNdValidation: Topic = new Topic('host', 'Neighbour discovery: invalid messages');
const { v6 } = hostNdValidation;

/** Faults that every message of neighbour discovery can have. */
const faults: readonly (readonly [string, NdFields])[] = [
  ['a hop limit other than 255', { hopLimit: 254 }],
  ['a wrong checksum', { icmpError: 1 }],
  ['a code other than zero', { code: 1 }],
  ['an option of length zero', { with: [Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0)] }],
  ['an option that runs past the message', { with: [Uint8Array.of(1, 2, 0, 0, 0, 0, 0, 0)] }],
  ['a fragment header', { chain: [fragmentHeader(0, false)] }],
];

interface Kind {
  readonly title: string;
  readonly rule: string;
  readonly least: number;
  readonly logo: string;
  readonly make: (b: Bench, f: NdFields) => Bytes;
  /** Passes when the message changed nothing. */
  readonly inert: (b: Bench) => void;
  readonly effective: (b: Bench) => void;
  readonly auto?: boolean;
}

const NEW = '02:00:00:00:09:99';

const kindsOfMessage: readonly Kind[] = [
  {
    title: 'A solicitation',
    rule: '4861 §7.1.1 MUST',
    least: 16,
    logo: 'Invalid Neighbor Solicitation Handling',
    make: (b, f) => b.ns(b.me, { with: [sourceLink(b.peer.mac)], ...f }),
    inert: (b) => none(b.seen('neighbour-advertisement')),
    effective: (b) => equal(b.seen('neighbour-advertisement').length, 1),
  },
  {
    title: 'An advertisement',
    rule: '4861 §7.1.2 MUST',
    least: 16,
    logo: 'Neighbor Advertisement Processing, Invalid',
    make: (b, f) => {
      b.send(b.ns(b.me, { source: b.peer.ip, with: [sourceLink(b.peer.mac)] }));
      return b.na(b.peer.ip, 'SO', { source: b.peer.ip, with: [targetLink(NEW)], ...f });
    },
    inert: (b) => equal(b.macOf(b.peer.ip), b.peer.mac),
    effective: (b) => equal(b.macOf(b.peer.ip), NEW),
  },
  {
    title: 'A router advertisement',
    rule: '4861 §6.1.2 MUST',
    least: 8,
    logo: 'Host Ignores Invalid Router Advertisements',
    make: (b, f) => b.ra({ with: [prefixOption({ prefix: '2001:db8:7::' })], ...f }),
    inert: (b) => equal(b.ways('::', 0).length + b.ways('2001:db8:7::', 64).length, 0),
    effective: (b) => equal(b.ways('::', 0).length, 1),
    auto: true,
  },
  {
    title: 'A redirect',
    rule: '4861 §8.1 MUST',
    least: 32,
    logo: 'Invalid Redirect - Host Ignores',
    make: (b, f) => b.redirect6(b.other.local, b.far, { with: [targetLink(b.other.mac)], ...f }),
    inert: (b) => equal(b.sendFrom(b.bind(0), b.far, data(1))[0]?.toMac, b.router.mac),
    effective: (b) => equal(b.sendFrom(b.bind(0), b.far, data(1))[0]?.toMac, b.other.mac),
  },
];

for (const { title, rule, least, logo, make, inert, effective, auto } of kindsOfMessage) {
  const setup = { logo, ...(auto === true ? { auto } : {}) };
  v6(
    rule,
    `${title} without any fault is acted upon (the control of the rows that follow).`,
    (b) => {
      b.send(make(b, {}));
      effective(b);
    },
    setup,
  );
  for (const [what, fault] of faults) {
    const own = what === 'a fragment header' ? '6980 §5 MUST' : rule;
    v6(
      own,
      `${title} with ${what} is silently discarded.`,
      (b) => {
        b.send(make(b, fault));
        inert(b);
      },
      setup,
    );
  }
  v6(
    rule,
    `${title} that is too short is silently discarded.`,
    (b) => {
      b.send(make(b, { cut: least - 1, with: [] }));
      inert(b);
      b.send(make(b, { cut: least - 8, with: [] }));
      inert(b);
    },
    setup,
  );
  v6(
    rule,
    `${title} with options of unknown types is acted upon, and they are passed over.`,
    (b) => {
      const known =
        title === 'A redirect'
          ? [targetLink(b.other.mac)]
          : title === 'An advertisement'
            ? [targetLink(NEW)]
            : [sourceLink(title === 'A solicitation' ? b.peer.mac : b.router.mac)];
      b.send(make(b, { with: [Uint8Array.of(200, 1, 1, 2, 3, 4, 5, 6), ...known] }));
      effective(b);
    },
    setup,
  );
  v6(
    rule,
    `The reserved field of ${title.toLowerCase()} is ignored.`,
    (b) => {
      const packet = make(b, {});
      // The reserved bits that follow the flags, with the checksum put right.
      const message = packet.slice(40);
      const at = title === 'A router advertisement' ? 5 : 7;
      message[at]! |= 1;
      message.set([0, 0], 2);
      const sum = b.sum(text(packet.subarray(8, 24)), text(packet.subarray(24, 40)), 58, message);
      message.set([sum >>> 8, sum & 255], 2);
      b.send(Uint8Array.from([...packet.subarray(0, 40), ...message]));
      effective(b);
    },
    setup,
  );
}

v6(
  '4861 §7.1.1 MUST',
  'A solicitation whose target is a group is silently discarded.',
  (b) => {
    b.send(b.ns('ff02::1:ff00:1', { destination: b.me }));
    none(b.all());
  },
  { logo: 'Invalid Neighbor Solicitation Handling' },
);
v6(
  '4861 §7.1.1 MUST',
  'A solicitation from the unspecified address that does not go to a solicited-node group is discarded.',
  (b) => {
    b.send(b.ns(b.me, { source: '::' }));
    b.send(b.ns(b.me, { source: '::', destination: 'ff02::1' }));
    none(b.all());
  },
  { logo: 'Invalid Neighbor Solicitation Handling' },
);
v6(
  '4861 §7.1.1 MUST',
  'A solicitation from the unspecified address with a source link-layer address is discarded.',
  (b) => {
    b.send(b.ns(b.me, { source: '::', destination: 'ff02::1:ff00:1', with: [sourceLink(b.peer.mac)] }));
    none(b.all());
  },
  { logo: 'Invalid Neighbor Solicitation Handling' },
);
v6(
  '4861 §7.1.2 MUST',
  'An advertisement whose target is a group is silently discarded.',
  (b) => {
    b.send(b.na('ff02::1', 'SO', { with: [targetLink(NEW)] }));
    equal(b.state('ff02::1'), 'none');
  },
  { logo: 'Neighbor Advertisement Processing, Invalid' },
);
v6(
  '4861 §7.1.2 MUST',
  'An advertisement to a group with the solicited flag is silently discarded.',
  (b) => {
    b.send(b.ns(b.me, { source: b.peer.ip, with: [sourceLink(b.peer.mac)] }));
    b.send(b.na(b.peer.ip, 'SO', { source: b.peer.ip, destination: 'ff02::1', with: [targetLink(NEW)] }));
    equal(b.macOf(b.peer.ip), b.peer.mac);
  },
  { logo: 'Neighbor Advertisement Processing, Invalid' },
);
v6(
  '4861 §6.1.2 MUST',
  'A router advertisement from an address that is not link-local is silently discarded.',
  (b) => {
    b.send(b.ra({ source: b.router.ip }), { from: b.router });
    equal(b.ways('::', 0).length, 0);
  },
  { auto: true, logo: 'Host Ignores Invalid Router Advertisements' },
);
v6(
  '4861 §8.1 MUST',
  'A redirect from an address that is not link-local is silently discarded.',
  (b) => {
    b.send(b.redirect6(b.other.local, b.far, { source: b.router.ip }), { from: b.router });
    equal(firstHop(b), b.router.mac);
  },
  { logo: 'Invalid Redirect - Host Ignores' },
);
v6(
  '4861 §8.1 MUST',
  'A redirect that does not come from the first hop in use is silently discarded.',
  (b) => {
    b.send(b.redirect6(b.other.local, b.far, { source: b.peer.local }));
    equal(firstHop(b), b.router.mac);
  },
  { logo: 'Invalid Redirect - Host Ignores' },
);
v6(
  '4861 §8.1 MUST',
  'A redirect about a group is silently discarded.',
  (b) => {
    b.send(b.redirect6(b.other.local, 'ff1e::5'), { from: b.router });
    equal(b.ways('ff1e::5', 128).length, 0);
  },
  { logo: 'Invalid Redirect - Host Ignores' },
);
v6(
  '4861 §8.1 MUST',
  'A redirect to a target that is neither link-local nor the destination itself is silently discarded.',
  (b) => {
    b.send(b.redirect6(b.other.ip, b.far), { from: b.router });
    equal(firstHop(b), b.router.mac);
  },
  { logo: 'Invalid Redirect - Host Ignores' },
);
v6(
  '4861 §6.1.1 MUST',
  'A host silently discards router solicitations.',
  (b) => {
    b.send(b.rs({ with: [sourceLink(NEW)] }));
    none(b.all());
    equal(b.state(b.peer.local), 'none');
  },
  { logo: 'Host Ignores Router Solicitations' },
);
v6(
  '4861 §4.6.1 MUST',
  'A link-layer address that is a group is no station: the message is discarded.',
  (b) => {
    b.send(b.ns(b.me, { source: b.peer.ip, with: [sourceLink('33:33:00:00:00:01')] }));
    equal(b.state(b.peer.ip), 'none');
  },
);

function firstHop(b: Bench): string | undefined {
  return b.sendFrom(b.bind(0), b.far, data(1))[0]?.toMac;
}
