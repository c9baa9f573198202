/** What stations of the link can do to the neighbour cache, on both families. */
import { describe, expect, it } from 'vitest';
import { MAX_RESOLVING, QUEUE_PER_NEIGHBOUR } from '../../../stacks/forward/neighbours.ts';
import type { Bench } from '../../compliance/bench/bench.ts';
import { sourceLink, targetLink } from '../../compliance/bench/ipv6-packet.ts';
import { Tally } from './tally.ts';

const STRANGER = '02:00:00:00:09:99';

/** Hosts of the second network of a router, which nobody has. */
const nobody = (bench: Bench, i: number): string =>
  bench.is6 ? `2001:db8:2::${(i + 16).toString(16)}:1` : `10.${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`;
const someone = (bench: Bench, i: number): string =>
  bench.is6 ? `2001:db8:1::${(i + 16).toString(16)}:1` : `192.0.${(i >> 8) & 255}.${i & 255}`;

/** "I have this address", said by a stranger: asked for, or by itself. */
function claim(bench: Bench, ip: string, senderMac: string): void {
  if (bench.is6) {
    const option = [targetLink(senderMac)];
    bench.send(bench.na(ip, 'SO', { source: ip, with: option }), { from: bench.peer });
  } else {
    bench.frame(bench.arp({ operation: 2, senderMac, sender: ip }, bench.macs[0]));
  }
}

/** "Who has your address?", asked by a stranger. */
function ask(bench: Bench, ip: string, senderMac: string): void {
  if (bench.is6) bench.send(bench.ns(bench.me, { source: ip, with: [sourceLink(senderMac)] }));
  else bench.frame(bench.arp({ senderMac, sender: ip }));
}

const count = (list: Iterable<unknown>): number => [...list].length;

describe.each(['ipv4', 'ipv6'] as const)('over %s', (family) => {
  it('answers that nobody asked for make no entry (RFC 826, RFC 4861 §7.2.5)', () => {
    const tally = new Tally(family);
    const { bench } = tally;
    const before = count(bench.stack.neighbours());
    for (let i = 0; i < 500; i++) claim(bench, someone(bench, i), STRANGER);
    expect(count(bench.stack.neighbours())).toBe(before);
    expect(tally.drops()).toEqual({ 'neighbour-unsolicited': 500 });
    tally.check();
  });

  it.each(['ff:ff:ff:ff:ff:ff', '01:00:5e:00:00:01', '33:33:00:00:00:01', '00:00:00:00:00:00'])(
    'nobody is at %s (RFC 1812 §3.3.2, RFC 4861 §4.6.1)',
    (group) => {
      const tally = new Tally(family);
      const { bench } = tally;
      ask(bench, bench.other.ip, group);
      claim(bench, bench.other.ip, group);
      expect(tally.drops()).toEqual({ [bench.is6 ? 'bad-neighbour-message' : 'bad-arp']: 2 });
      expect(bench.state(bench.other.ip)).toBe('none');
      tally.check();
    },
  );

  it('a scan through a router is held to so many resolutions, and known hosts go on (RFC 6583 §7.1)', () => {
    const tally = new Tally(family, { router: true });
    const { bench } = tally;
    if (!bench.is6) bench.stack.addAddress(2, bench.at('10.0.0.1'), 8);
    const through = (): string[] =>
      bench.send(bench.echo({ destination: bench.peer2.ip })).map(({ kind }) => kind);
    expect(through()).toEqual(['echo-request']);
    for (let i = 0; i < 5_000; i++) bench.inject(bench.echo({ destination: nobody(bench, i) }));
    const resolving = [...bench.stack.neighbours()].filter(({ state }) => state === 'incomplete');
    expect(resolving.length).toBe(MAX_RESOLVING);
    expect(tally.drops()).toEqual({ 'neighbour-queue': 5_000 - MAX_RESOLVING });
    expect(through()).toEqual(['echo-request']);
    bench.wait(10_000_000);
    expect(tally.drops()).toEqual({ 'neighbour-unresolved': MAX_RESOLVING });
    tally.check();
  });

  it('packets for one host that does not answer wait up to their bound', () => {
    const tally = new Tally(family, { router: true });
    const { bench } = tally;
    bench.peer2.answers = false;
    for (let i = 0; i < 500; i++) bench.inject(bench.echo({ destination: bench.peer2.ip }));
    expect(tally.drops()).toEqual({ 'neighbour-queue': 500 - QUEUE_PER_NEIGHBOUR });
    bench.wait(10_000_000);
    expect(tally.drops()).toEqual({ 'neighbour-unresolved': QUEUE_PER_NEIGHBOUR });
    tally.check();
  });

  it('who claims our address while we use it is counted, and answered once in ten seconds at most', () => {
    const tally = new Tally(family);
    const { bench } = tally;
    for (let i = 0; i < 100; i++) {
      if (bench.is6) {
        const claimed = bench.na(bench.me, 'O', { destination: 'ff02::1', with: [targetLink(STRANGER)] });
        bench.send(claimed, { from: bench.peer });
      } else {
        bench.frame(bench.arp({ senderMac: STRANGER, sender: bench.me, target: bench.me }));
      }
    }
    expect(tally.drops()).toEqual({ 'address-conflict': 100 });
    expect(bench.addressState(bench.me)).toBe('preferred');
    tally.check();
  });
});
