/** Router discovery in a host: RFC 4861 §6.3, RFC 4191, RFC 7559, RFC 8028, RFC 4311. */
import { type Bench, MINUTE, SECOND } from '../bench/bench.ts';
import { data, macText } from '../bench/bytes.ts';
import { deepEqual, equal, none, ok, one, within } from '../bench/check.ts';
import { prefixOption, sourceLink, targetLink } from '../bench/ipv6-packet.ts';
import type { RaFields } from '../bench/packets.ts';
import type { Station } from '../bench/stations.ts';
import { Topic } from '../table.ts';

export const hostRouters: Topic = new Topic('host', 'Router discovery', { auto: true });
const { v6 } = hostRouters;

export const PREFIX = '2001:db8:7::';

/** An advertisement by the router, or by another station that plays one. */
export function hear(b: Bench, f: RaFields = {}, by: Station = b.router): void {
  by.isRouter = true;
  const options = [sourceLink(by.mac), ...(f.with ?? [prefixOption({ prefix: PREFIX })])];
  b.send(b.ra({ source: by.local, ...f, with: options }), { from: by });
  b.wait(3 * SECOND);
}

/** The station that a datagram to `to` goes to; `none` when it does not leave. */
export function hop(b: Bench, to: string = b.far): string {
  const sent = b.sendFrom(b.bind(0), to, data(1));
  return sent.find(({ kind }) => kind === 'udp')?.toMac ?? 'none';
}

// Solicitations

v6(
  '4861 §6.3.7 MUST',
  'A host that comes up asks all routers, with hop limit 255.',
  (b) => {
    b.forget();
    b.stack.start();
    b.wait(10 * SECOND);
    const asked = b.seen('router-solicitation')[0]!;
    deepEqual(
      [asked.destination, asked.toMac, asked.hopLimit, asked.icmp.code, asked.sound],
      ['ff02::2', '33:33:00:00:00:02', 255, 0, true],
    );
  },
  { start: false, logo: 'Router Solicitation Origination - Host Solicits' },
);
v6(
  '4861 §6.3.7 MUST',
  'The source of a solicitation is an own address, or unspecified without a link-layer address option.',
  (b) => {
    b.forget();
    b.stack.start();
    b.wait(20 * SECOND);
    for (const { source, icmp } of b.seen('router-solicitation')) {
      if (source === '::') equal(icmp.body.length, 0);
      else deepEqual([source, macText(icmp.body.subarray(2, 8))], [b.myLocal(), b.macs[0]]);
    }
    ok(b.seen('router-solicitation').length > 0);
  },
  { start: false, logo: 'Router Solicitation Origination - Host Solicits' },
);
v6(
  '4861 §6.3.7 MUST',
  'Solicitations are at least four seconds apart, give or take a tenth for jitter.',
  (b) => {
    b.forget();
    b.stack.start();
    b.wait(MINUTE);
    const times = b.seen('router-solicitation').map(({ at }) => at);
    ok(times.length >= 3);
    times.slice(1).forEach((at, i) => {
      ok(at - times[i]! >= 3.6 * SECOND);
    });
  },
  { start: false, logo: 'Router Solicitation Origination - Host Solicits' },
);
v6(
  '7559 §2 SHOULD',
  'A host goes on asking, ever more slowly, as long as no router answers.',
  (b) => {
    b.forget();
    b.stack.start();
    b.wait(24 * 60 * MINUTE);
    const times = b.seen('router-solicitation').map(({ at }) => at);
    within(times.length, 12, 60, 'solicitations in a day');
    ok(times.at(-1)! - times.at(-2)! > 50 * MINUTE);
  },
  { start: false },
);
v6(
  '4861 §6.3.7 MUST',
  'A valid advertisement with a router lifetime ends the asking.',
  (b) => {
    b.forget();
    b.stack.start();
    b.wait(3 * SECOND);
    hear(b);
    b.forget();
    b.wait(10 * MINUTE);
    none(b.seen('router-solicitation'));
  },
  { start: false, logo: 'Router Solicitation Origination - Host Receives RA' },
);
v6(
  '7559 §2 MUST',
  'An advertisement with a router lifetime of zero does not end the asking.',
  (b) => {
    b.forget();
    b.stack.start();
    b.wait(3 * SECOND);
    hear(b, { lifetime: 0 });
    b.forget();
    b.wait(5 * MINUTE);
    ok(b.seen('router-solicitation').length > 0);
  },
  { start: false },
);

// Default routers

v6(
  '4861 §6.3.4 MUST',
  'An advertisement with a lifetime makes a default router.',
  (b) => {
    equal(hop(b), 'none');
    hear(b);
    equal(hop(b), b.router.mac);
  },
  { logo: 'Router Advertisement Processing, Router Lifetime' },
);
v6(
  '4861 §6.3.4 MUST',
  'A router lifetime of zero takes the router from the list at once.',
  (b) => {
    hear(b);
    hear(b, { lifetime: 0 });
    equal(hop(b), 'none');
  },
  { logo: 'Router Advertisement Processing, Router Lifetime' },
);
v6(
  '4861 §6.3.4 MUST',
  'A router lifetime of zero says nothing about the prefixes in the same message.',
  (b) => {
    hear(b, { lifetime: 0 });
    ok(b.addresses().some(({ ip }) => ip.startsWith('2001:db8:7:')));
  },
);
v6(
  '4861 §6.3.5 MUST',
  'A router is gone when its lifetime is over.',
  (b) => {
    hear(b, { lifetime: 60 });
    equal(hop(b), b.router.mac);
    b.wait(60 * SECOND);
    equal(hop(b), 'none');
  },
  { logo: 'Router Advertisement Processing, Router Lifetime' },
);
v6(
  '4861 §6.3.4 MUST',
  'A later advertisement renews the lifetime.',
  (b) => {
    hear(b, { lifetime: 60 });
    b.wait(40 * SECOND);
    hear(b, { lifetime: 60 });
    b.wait(40 * SECOND);
    equal(hop(b), b.router.mac);
  },
  { logo: 'Router Advertisement Processing, Router Lifetime' },
);
v6(
  '4861 §6.3.4 MUST',
  'At least two default routers are kept.',
  (b) => {
    hear(b);
    hear(b, {}, b.other);
    hear(b, { lifetime: 0 });
    equal(hop(b), b.other.mac);
  },
  { logo: 'Default Router Switch' },
);
v6(
  '4861 §6.3.6 MUST',
  'A router that stopped answering is left for one that can be reached.',
  (b) => {
    hear(b);
    hear(b, {}, b.other);
    const first = hop(b);
    (first === b.router.mac ? b.router : b.other).answers = false;
    b.wait(MINUTE);
    hop(b);
    b.wait(20 * SECOND);
    const second = hop(b);
    ok(second !== first && second !== 'none');
  },
  { logo: 'Default Router Switch' },
);
v6('4861 §7.3.3 MUST', 'With no router left that answers, they are tried in turn rather than none.', (b) => {
  hear(b);
  b.router.answers = false;
  hop(b);
  b.wait(5 * MINUTE);
  hop(b);
  b.wait(30 * SECOND);
  b.router.answers = true;
  hop(b);
  b.wait(2 * SECOND);
  equal(hop(b), b.router.mac);
});
v6(
  '4861 §7.2.5 MUST',
  'An advertisement without the router flag takes a router from the list.',
  (b) => {
    hear(b);
    equal(hop(b), b.router.mac);
    b.send(
      b.na(b.router.local, 'SO', {
        source: b.router.local,
        destination: b.myLocal(),
        with: [targetLink(b.router.mac)],
      }),
      { from: b.router },
    );
    equal(hop(b), 'none');
  },
  { logo: 'Neighbor Advertisement Processing, R-bit Change' },
);
v6(
  '4861 §6.3.4 MUST',
  'The source link-layer address option enters the router in the cache, as a router.',
  (b) => {
    b.router.answers = false;
    hear(b);
    deepEqual([b.macOf(b.router.local), b.neighbour(b.router.local)?.isRouter], [b.router.mac, true]);
  },
  { logo: 'Router Advertisement Processing, Neighbor Cache' },
);
v6(
  '4861 §6.3.4 MUST',
  'An advertisement with another link-layer address makes the entry stale.',
  (b) => {
    b.router.answers = false;
    hear(b);
    b.send(b.ra({ with: [sourceLink('02:00:00:00:09:99')] }), { from: b.router });
    deepEqual([b.macOf(b.router.local), b.state(b.router.local)], ['02:00:00:00:09:99', 'stale']);
  },
  { logo: 'Router Advertisement Processing, Neighbor Cache' },
);
v6(
  '4861 §7.3.1 MUST',
  'A router advertisement does not confirm reachability.',
  (b) => {
    b.router.answers = false;
    hear(b);
    equal(b.state(b.router.local), 'stale');
  },
  { logo: 'Router Advertisement Processing, Neighbor Cache' },
);
v6('4861 §6.3.4 MAY', 'The number of routers is bounded: a flood of advertisements does no harm.', (b) => {
  hear(b);
  for (let i = 0; i < 200; i++) b.send(b.ra({ source: `fe80::bad:${i.toString(16)}` }), { from: b.other });
  ok(b.ways('::', 0).length <= 64);
  one(b.send(b.echo({ source: b.peer.local, destination: b.myLocal() })), 'echo-reply');
});
