/** How a host makes interface identifiers: RFC 7217, RFC 8064, RFC 8981. */
import { type Bench, MINUTE, SECOND } from '../bench/bench.ts';
import { deepEqual, equal, ok, within } from '../bench/check.ts';
import { prefixOption } from '../bench/ipv6-packet.ts';
import { Topic } from '../table.ts';

export const hostIdentifiers: Topic = new Topic('host', 'Interface identifiers and temporary addresses');
const { v6 } = hostIdentifiers;

// RFC 7217, RFC 8064, RFC 8981
const PREFIX = '2001:db8:7::';
function hear(b: Bench, prefix = PREFIX, valid = 604_800, preferred = 604_800): void {
  b.send(b.ra({ with: [prefixOption({ prefix, valid, preferred })] }), { from: b.router });
  b.wait(5 * SECOND);
}
function of(b: Bench, origin: string, prefix = '2001:db8:7:'): string[] {
  const { addresses } = b.stack.interfaces()[0]!;
  return addresses
    .filter((each) => each.origin === origin)
    .map(({ address }) => b.stack.family.format(address))
    .filter((ip) => ip.startsWith(prefix));
}
const identifier = (ip: string): string => ip.slice(ip.indexOf('::') < 0 ? 15 : ip.indexOf('::'));
const secret = Uint8Array.from({ length: 16 }, (_, i) => i);
v6(
  '8064 §3 SHOULD',
  'Addresses made from prefixes do not carry the MAC.',
  (b) => {
    hear(b);
    ok(!of(b, 'slaac')[0]!.endsWith('ff:fe00:101'));
  },
  { auto: true },
);
v6(
  '8064 §3 SHOULD',
  'The link-local address of an autoconfigured link does not carry the MAC either.',
  (b) => ok(!b.myLocal().endsWith('ff:fe00:101')),
  { auto: true },
);
v6(
  '7217 §5 MUST',
  'Identifiers differ from prefix to prefix.',
  (b) => {
    hear(b);
    hear(b, '2001:db8:8::');
    ok(identifier(of(b, 'slaac')[0]!) !== identifier(of(b, 'slaac', '2001:db8:8:')[0]!));
  },
  { auto: true },
);
v6(
  '7217 §5 MUST',
  'In one subnet the identifier is always the same, from start to start, with the same secret.',
  (b) => {
    hear(b);
    const again = b.another({ seed: 99 });
    hear(again);
    deepEqual(of(again, 'slaac'), of(b, 'slaac'));
  },
  { auto: true, on: { secret } },
);
v6(
  '7217 §5 MUST',
  'Another secret gives another identifier.',
  (b) => {
    hear(b);
    const again = b.another({ on: { secret: secret.map((byte) => byte + 1) } });
    hear(again);
    ok(of(again, 'slaac')[0] !== of(b, 'slaac')[0]);
  },
  { auto: true, on: { secret } },
);
v6(
  '7217 §6 MUST',
  'A duplicate is followed by another identifier for the same prefix.',
  (b) => {
    b.send(b.ra({ with: [prefixOption({ prefix: PREFIX })] }), { from: b.router });
    const first = of(b, 'slaac')[0]!;
    b.wait(0.5 * SECOND);
    b.send(b.na(first, 'O', { source: first, destination: 'ff02::1' }));
    b.wait(5 * SECOND);
    const second = of(b, 'slaac').find((ip) => ip !== first)!;
    equal(b.addressState(second), 'preferred');
  },
  { auto: true },
);
v6(
  '4291 §2.5.1 MAY',
  'An operator can have identifiers from the MAC.',
  (b) => {
    hear(b);
    equal(of(b, 'slaac')[0], '2001:db8:7::ff:fe00:101');
  },
  { auto: true, on: { identifier: 'eui64' } },
);
v6(
  '8981 §3.1 MAY',
  'Temporary addresses are made only where an operator wants them.',
  (b) => {
    hear(b);
    deepEqual(of(b, 'temporary'), []);
  },
  { auto: true },
);
v6(
  '8981 §3.4 MUST',
  'A prefix makes a temporary address beside the stable one.',
  (b) => {
    hear(b);
    deepEqual([of(b, 'temporary').length, of(b, 'slaac').length], [1, 1]);
  },
  { auto: true, on: { temporary: true } },
);
v6(
  '8981 §3.4 MUST',
  'A temporary address is preferred for a day at most, less a random time.',
  (b) => {
    hear(b);
    const [first] = of(b, 'temporary');
    b.wait(24 * 60 * MINUTE);
    equal(b.addressState(first!), 'deprecated');
  },
  { auto: true, on: { temporary: true } },
);
v6(
  '8981 §3.4 MUST',
  'A temporary address is valid for two days at most.',
  (b) => {
    hear(b);
    const [first] = of(b, 'temporary');
    b.wait(2 * 24 * 60 * MINUTE);
    equal(b.addressState(first!), 'none');
  },
  { auto: true, on: { temporary: true } },
);
v6(
  '8981 §3.4 MUST',
  'A new temporary address is there before the old one is deprecated.',
  (b) => {
    hear(b);
    for (let hour = 0; hour < 36; hour++) {
      b.wait(60 * MINUTE);
      ok(
        of(b, 'temporary').some((ip) => b.addressState(ip) === 'preferred'),
        `hour ${hour}`,
      );
    }
  },
  { auto: true, on: { temporary: true } },
);
v6(
  '8981 §3.4 MUST',
  'A temporary address lives no longer than its prefix.',
  (b) => {
    hear(b, PREFIX, 600, 300);
    b.wait(5 * MINUTE);
    ok(of(b, 'temporary').every((ip) => b.addressState(ip) !== 'preferred'));
    b.wait(5 * MINUTE);
    deepEqual(of(b, 'temporary'), []);
  },
  { auto: true, on: { temporary: true } },
);
v6(
  '8981 §3.3.1 MUST',
  'Successive temporary identifiers have nothing in common.',
  (b) => {
    hear(b);
    const [first] = of(b, 'temporary');
    b.wait(25 * 60 * MINUTE);
    const second = of(b, 'temporary').find((ip) => ip !== first)!;
    ok(identifier(first!) !== identifier(second));
  },
  { auto: true, on: { temporary: true } },
);
v6(
  '8981 §3.4 MUST',
  'A temporary address is probed like any other.',
  (b) => {
    b.send(b.ra({ with: [prefixOption({ prefix: PREFIX, valid: 604_800, preferred: 604_800 })] }), {
      from: b.router,
    });
    equal(b.addressState(of(b, 'temporary')[0]!), 'tentative');
  },
  { auto: true, on: { temporary: true } },
);
v6(
  '8981 §3.4 MUST',
  'A duplicate temporary address is replaced by another, three times at most.',
  (b) => {
    b.send(b.ra({ with: [prefixOption({ prefix: PREFIX, valid: 604_800, preferred: 604_800 })] }), {
      from: b.router,
    });
    const seen = new Set<string>();
    for (let i = 0; i < 200; i++) {
      for (const ip of of(b, 'temporary')) {
        seen.add(ip);
        if (b.addressState(ip) === 'tentative') b.send(b.na(ip, 'O', { source: ip, destination: 'ff02::1' }));
      }
      b.wait(0.1 * SECOND);
    }
    within(seen.size, 2, 4, 'addresses tried');
  },
  { auto: true, on: { temporary: true } },
);
