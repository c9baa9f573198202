/** Addresses that a host makes from advertised prefixes: RFC 4862 §5.5. */
import { type Bench, MINUTE, SECOND } from '../bench/bench.ts';
import { data, text } from '../bench/bytes.ts';
import { equal, none, ok, one } from '../bench/check.ts';
import { type PrefixFields, prefixOption, targetLink } from '../bench/ipv6-packet.ts';
import { Topic } from '../table.ts';
import { probes } from './host-autoconfiguration.ts';

export const hostPrefixes: Topic = new Topic('host', 'Addresses from prefixes');
const { v6 } = hostPrefixes;

const PREFIX = '2001:db8:7::';
const HOUR = 60 * MINUTE;
const auto = { auto: true };
function hear(b: Bench, f: Partial<PrefixFields> = {}): void {
  b.send(b.ra({ with: [prefixOption({ prefix: PREFIX, ...f })] }), { from: b.router });
  b.wait(3 * SECOND);
}
/** The address made from the prefix, or undefined. */
function made(b: Bench, prefix = '2001:db8:7:'): { ip: string; state: string } | undefined {
  return b.addresses().find(({ ip }) => ip.startsWith(prefix));
}
// Prefixes become addresses
v6(
  '4862 §5.5.3(d) MUST',
  'A prefix with the autonomous flag makes an address.',
  (b) => {
    hear(b);
    equal(made(b)?.state, 'preferred');
    one(reply(b, made(b)!.ip), 'echo-reply');
  },
  { ...auto, logo: 'Global Address Autoconfiguration and DAD' },
);
v6(
  '4862 §5.4 MUST',
  'An address made from a prefix is probed.',
  (b) => {
    b.send(b.ra({ with: [prefixOption({ prefix: PREFIX })] }), { from: b.router });
    equal(made(b)?.state, 'tentative');
    b.wait(3 * SECOND);
    ok(probes(b).some(({ icmp }) => text(icmp.body.subarray(0, 16)) === made(b)!.ip));
  },
  { ...auto, logo: 'Global Address Autoconfiguration and DAD' },
);
v6(
  '4862 §5.4.5 MUST',
  'An address made from a prefix that is a duplicate is not used.',
  (b) => {
    b.send(b.ra({ with: [prefixOption({ prefix: PREFIX })] }), { from: b.router });
    const { ip } = made(b)!;
    b.wait(0.5 * SECOND);
    b.send(b.na(ip, 'O', { source: ip, destination: 'ff02::1', with: [targetLink(b.peer.mac)] }));
    b.wait(SECOND);
    ok(b.addressState(ip) === 'duplicate' || b.addressState(ip) === 'none');
  },
  { ...auto, logo: 'Global Address Autoconfiguration and DAD' },
);
v6(
  '4862 §5.5.3(a) MUST',
  'A prefix without the autonomous flag makes no address.',
  (b) => {
    hear(b, { autonomous: false });
    equal(made(b), undefined);
  },
  { ...auto, logo: 'Prefix Information Option Processing, Autonomous Flag' },
);
v6(
  '4862 §5.5.3(b) MUST',
  'The link-local prefix makes no address.',
  (b) => {
    const before = b.addresses().length;
    hear(b, { prefix: 'fe80::' });
    equal(b.addresses().length, before);
  },
  auto,
);
v6(
  '4862 §5.5.3(c) MUST',
  'A preferred lifetime above the valid lifetime: the option is ignored.',
  (b) => {
    hear(b, { valid: 100, preferred: 200 });
    equal(made(b), undefined);
  },
  { ...auto, logo: 'Prefix Information Option Processing, Lifetimes' },
);
v6(
  '4862 §5.5.3(d) MUST',
  'A valid lifetime of zero makes no address.',
  (b) => {
    hear(b, { valid: 0 });
    equal(made(b), undefined);
  },
  auto,
);
v6(
  '4862 §5.5.3(d) MUST',
  'A prefix whose length with the identifier is not 128 bits makes no address.',
  (b) => {
    for (const length of [48, 63, 65, 96]) hear(b, { length });
    equal(made(b), undefined);
  },
  { ...auto, logo: 'Prefix Information Option Processing, Invalid Prefix Length' },
);
v6(
  '4862 §5.5.4 MUST',
  'An address is deprecated when its preferred lifetime is over.',
  (b) => {
    hear(b, { valid: 3_600, preferred: 60 });
    b.wait(MINUTE);
    equal(made(b)?.state, 'deprecated');
  },
  { ...auto, logo: 'Address Lifetime Expiry' },
);
v6(
  '4862 §5.5.4 MUST',
  'A deprecated address still takes packets and answers them.',
  (b) => {
    hear(b, { valid: 3_600, preferred: 60 });
    b.wait(MINUTE);
    one(reply(b, made(b)!.ip), 'echo-reply');
  },
  auto,
);
v6(
  '4862 §5.5.4 SHOULD',
  'A deprecated address is no source of what is new when there is a preferred one.',
  (b) => {
    hear(b, { valid: 3_600, preferred: 60 });
    hear(b, { prefix: '2001:db8:8::' });
    b.wait(MINUTE);
    ok(one(b.sendFrom(b.bind(0), b.far, data(1))).source.startsWith('2001:db8:8:'));
  },
  auto,
);
v6(
  '4862 §5.5.4 MUST',
  'An address is gone when its valid lifetime is over.',
  (b) => {
    hear(b, { valid: 100, preferred: 50 });
    const { ip } = made(b)!;
    b.wait(100 * SECOND);
    equal(made(b), undefined);
    none(b.send(b.echo({ destination: ip }), { toMac: b.macs[0] }));
  },
  { ...auto, logo: 'Address Lifetime Expiry' },
);
v6(
  '4862 §5.5.3(e) MUST',
  'A later advertisement renews the lifetimes of an address.',
  (b) => {
    hear(b, { valid: 100, preferred: 50 });
    b.wait(40 * SECOND);
    hear(b, { valid: 100, preferred: 50 });
    b.wait(40 * SECOND);
    equal(made(b)?.state, 'preferred');
  },
  auto,
);
v6(
  '4862 §5.5.3(e) MUST',
  'A valid lifetime above two hours is taken as it is.',
  (b) => {
    hear(b, { valid: 4 * 3_600 });
    hear(b, { valid: 3 * 3_600 });
    b.wait(3 * HOUR + 5 * SECOND);
    equal(made(b), undefined);
  },
  { ...auto, logo: 'Prefix Information Option Processing, 2 Hour Rule' },
);
v6(
  '4862 §5.5.3(e) MUST',
  'A valid lifetime above the remaining one is taken as it is.',
  (b) => {
    hear(b, { valid: 60 });
    hear(b, { valid: 600 });
    b.wait(5 * MINUTE);
    ok(made(b) !== undefined);
  },
  { ...auto, logo: 'Prefix Information Option Processing, 2 Hour Rule' },
);
v6(
  '4862 §5.5.3(e) MUST',
  'With two hours or less remaining, a shorter valid lifetime is ignored.',
  (b) => {
    hear(b, { valid: 3_600, preferred: 3_600 });
    hear(b, { valid: 10, preferred: 10 });
    b.wait(5 * MINUTE);
    ok(made(b) !== undefined);
  },
  { ...auto, logo: 'Prefix Information Option Processing, 2 Hour Rule' },
);
v6(
  '4862 §5.5.3(e) MUST',
  'With more than two hours remaining, a short valid lifetime becomes two hours.',
  (b) => {
    hear(b, { valid: 10 * 3_600 });
    hear(b, { valid: 10 });
    b.wait(HOUR);
    ok(made(b) !== undefined);
    b.wait(HOUR + 10 * SECOND);
    equal(made(b), undefined);
  },
  { ...auto, logo: 'Prefix Information Option Processing, 2 Hour Rule' },
);
v6(
  '4862 §5.5.3(e) MUST',
  'The preferred lifetime follows each advertisement, even when the valid lifetime does not.',
  (b) => {
    hear(b, { valid: 3_600, preferred: 3_600 });
    hear(b, { valid: 10, preferred: 0 });
    equal(made(b)?.state, 'deprecated');
  },
  auto,
);
v6(
  '4862 §5.5.3(e) MUST',
  'A deprecated address becomes preferred again by an advertisement.',
  (b) => {
    hear(b, { preferred: 0 });
    equal(made(b)?.state, 'deprecated');
    hear(b);
    equal(made(b)?.state, 'preferred');
  },
  auto,
);
v6(
  '4862 §5.5.4 MUST',
  'Infinite lifetimes never end.',
  (b) => {
    hear(b, { valid: 0xffffffff, preferred: 0xffffffff });
    b.wait(1_000 * 24 * HOUR);
    equal(made(b)?.state, 'preferred');
  },
  auto,
);
v6(
  '4862 §5.5 MUST',
  'Several prefixes make several addresses.',
  (b) => {
    hear(b);
    hear(b, { prefix: '2001:db8:8::' });
    ok(made(b) !== undefined && made(b, '2001:db8:8:') !== undefined);
  },
  { ...auto, logo: 'Multiple Prefixes and Network Renumbering' },
);
v6(
  '4862 §5.5.3 MUST',
  'An advertisement by a router does not touch an address that was written.',
  (b) => {
    b.send(b.ra({ with: [prefixOption({ prefix: '2001:db8:1::', valid: 0 })] }), { from: b.router });
    equal(b.addressState(b.me), 'preferred');
  },
  { on: { autoconfigure: true } },
);
v6(
  '6104 §2 SHOULD',
  'A flood of prefixes makes a bounded number of addresses.',
  (b) => {
    for (let i = 1; i < 300; i++)
      b.send(b.ra({ with: [prefixOption({ prefix: `2001:db8:f:${i.toString(16)}::` })] }), {
        from: b.router,
      });
    ok(b.addresses().length < 64);
  },
  auto,
);
v6(
  '4862 §5.6 MUST',
  'Addresses from several sources stand side by side.',
  (b) => {
    hear(b);
    ok(made(b) !== undefined);
    equal(b.addressState(b.me), 'preferred');
  },
  { on: { autoconfigure: true } },
);
function reply(b: Bench, to: string): ReturnType<Bench['send']> {
  return b
    .send(b.echo({ destination: to, source: b.far }), { from: b.router })
    .filter(({ kind }) => kind === 'echo-reply');
}
