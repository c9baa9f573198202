/** Each fault is planted in a small lab and found by its name, with the card that is to blame. */
import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain.ts';
import type { FindingName } from '../../../src/explain/explanation.ts';
import { command } from '../../../src/lab/schedule.ts';
import {
  address,
  blamed,
  everything,
  find,
  network,
  one,
  type StackText,
  services,
  stackText,
  started,
  type Version,
} from './decks.ts';

const BREAKS = true;

/** A - N1 - R - N2 - B, whole but for what a test changes. */
function line(
  family: Version,
  change: { a?: Partial<StackText>; r?: Partial<StackText>; b?: Partial<StackText> } = {},
): string {
  const route = (net: number, gateway = 11): string =>
    `ROUTE D${net} ${everything(family)} ${address(family, net, gateway)} 1`;
  const stacks: StackText[] = [
    { job: 'A', id: 1, links: [{ net: 1, host: 1 }], cards: [route(1)], ...change.a },
    {
      job: 'R',
      id: 11,
      forward: true,
      links: [
        { net: 1, host: 11 },
        { net: 2, host: 11 },
      ],
      ...change.r,
    },
    { job: 'B', id: 2, links: [{ net: 2, host: 2 }], cards: [route(2)], ...change.b },
  ];
  return stacks.map((stack) => stackText(family, stack)).join('') + services(2, 'ECHO 7', 'UDPECHO 9');
}

/** A - N1 - R - N3 - S - N2 - B. */
function long(family: Version, change: { r?: string[]; s?: string[]; mtu?: number } = {}): string {
  const by = (net: number, gateway: number, to = everything(family)): string =>
    `ROUTE D${net} ${to} ${address(family, net, gateway)} 1`;
  const { r = [by(3, 12)], s = [by(3, 11)], mtu = 1500 } = change;
  const stacks: StackText[] = [
    { job: 'A', id: 1, links: [{ net: 1, host: 1 }], cards: [by(1, 11)] },
    {
      job: 'R',
      id: 11,
      forward: true,
      links: [
        { net: 1, host: 11 },
        { net: 3, host: 11, mtu },
      ],
      cards: r,
    },
    {
      job: 'S',
      id: 12,
      forward: true,
      links: [
        { net: 3, host: 12 },
        { net: 2, host: 12, mtu },
      ],
      cards: s,
    },
    { job: 'B', id: 2, links: [{ net: 2, host: 2 }], cards: [by(2, 12)] },
  ];
  return stacks.map((stack) => stackText(family, stack)).join('') + services(2, 'ECHO 7');
}

describe.each([4, 6] as const)('findings by name, IPv%i', (family) => {
  const at = (net: number, host: number): string => address(family, net, host);
  const b = at(2, 2);
  const none = family === 4 ? '0.0.0.0' : '::0';
  const icmp = { protocol: 'icmp' } as const;

  /** The one finding of a deck, and what it blames. */
  async function blame(
    text: string,
    name: FindingName,
    service: Parameters<typeof one>[3] = icmp,
    before: string[] = [],
  ): Promise<{ card: string | undefined; text: string; breaks: boolean }> {
    await using lab = await started(text);
    for (const statement of before) {
      const done = await command(lab, statement);
      expect(done.ok, done.text).toBe(true);
    }
    const found = find(await one(lab, 'A', b, service), name);
    return { card: blamed(text, found), text: found.text, breaks: found.breaks };
  }

  it('none where all is well', async () => {
    await using lab = await started(line(family));
    for (const service of [icmp, { protocol: 'tcp', port: 7 }, { protocol: 'udp', port: 9 }] as const) {
      const explained = await one(lab, 'A', b, service);
      expect(explained.findings).toEqual([]);
      expect(explained.there!.way.hops.map(({ built }) => built.config.job)).toEqual(['A', 'R', 'B']);
      expect(explained.back!.pathMtu).toBe(1500);
    }
  });

  it('routing-loop', async () => {
    const back = `ROUTE D3 ${everything(family)} ${at(3, 11)} 1`;
    const text = stackText(family, {
      job: 'A',
      id: 1,
      links: [{ net: 1, host: 1 }],
      cards: [`ROUTE D1 ${everything(family)} ${at(1, 11)} 1`],
    })
      .concat(
        stackText(family, {
          job: 'R',
          id: 11,
          forward: true,
          links: [
            { net: 1, host: 11 },
            { net: 3, host: 11 },
          ],
          cards: [`ROUTE D3 ${everything(family)} ${at(3, 12)} 1`],
        }),
      )
      .concat(
        stackText(family, { job: 'S', id: 12, forward: true, links: [{ net: 3, host: 12 }], cards: [back] }),
      );
    const found = await blame(text, 'routing-loop');
    expect(found).toMatchObject({ breaks: BREAKS, card: `ROUTE D3 ${everything(family)} ${at(3, 12)} 1` });
    expect(found.text).toContain('R -> S -> R');
  });

  it('no-route and no-return-route', async () => {
    expect(await blame(line(family, { a: { cards: [] } }), 'no-route')).toMatchObject({ breaks: BREAKS });
    const there = await blame(long(family, { r: [] }), 'no-route');
    expect(there.text).toContain('R has no route');
    const back = await blame(line(family, { b: { cards: [] } }), 'no-return-route');
    expect(back).toMatchObject({ breaks: BREAKS });
    expect(back.text).toContain(`B has no route to ${at(1, 1)}`);
  });

  it('blackhole-route', async () => {
    const card = `ROUTE * ${network(family, 2)} ${none} 0 TYPE BLACKHOLE`;
    const found = await blame(long(family, { r: [card] }), 'blackhole-route');
    expect(found).toMatchObject({ breaks: BREAKS, card });
  });

  it('dead-gateway, with who has the address', async () => {
    const card = `ROUTE D1 ${everything(family)} ${at(1, 77)} 1`;
    const nobody = await blame(line(family, { a: { cards: [card] } }), 'dead-gateway');
    expect(nobody).toMatchObject({ breaks: BREAKS, card });
    expect(nobody.text).toContain('nobody in the lab has it');
    const stopped = await blame(line(family), 'dead-gateway', icmp, ['STOP 11']);
    expect(stopped.text).toContain('R, whose it is, is stopped');
    const down = await blame(line(family), 'dead-gateway', icmp, ['LINK 11 D1 DOWN']);
    expect(down.text).toContain('the link D1 of R is down');
  });

  it('a host turns to the gateway that answers, and the dead one is among the losers', async () => {
    const dead = `ROUTE D1 ${everything(family)} ${at(1, 77)} 1`;
    const alive = `ROUTE D1 ${everything(family)} ${at(1, 11)} 2`;
    await using lab = await started(line(family, { a: { cards: [dead, alive] } }));
    const { there, findings } = await one(lab, 'A', b);
    expect(findings).toEqual([]);
    expect(there!.way.hops[0]!.candidates.map(({ verdict }) => verdict)).toEqual(['taken', 'gateway-silent']);
  });

  it('dead-neighbour', async () => {
    expect(await blame(line(family), 'dead-neighbour', icmp, ['STOP 02'])).toMatchObject({ breaks: BREAKS });
  });

  it('wrong-prefix-length', async () => {
    const [wide, mask] = family === 4 ? ['255.255.0.0', '255.255.255.0'] : ['/32', '/64'];
    const text = line(family).replace(`LINK D1 0 ${at(1, 1)} ${mask}`, `LINK D1 0 ${at(1, 1)} ${wide}`);
    const found = await blame(text, 'wrong-prefix-length');
    expect(found).toMatchObject({ breaks: BREAKS, card: `LINK D1 0 ${at(1, 1)} ${wide} 1500` });
  });

  it('not-a-router', async () => {
    const found = await blame(line(family, { r: { forward: false } }), 'not-a-router');
    expect(found).toMatchObject({ breaks: BREAKS, card: `ROUTE D1 ${everything(family)} ${at(1, 11)} 1` });
  });

  it('filtered, by the card that decides', async () => {
    const open = `ROUTE D2 ${everything(family)} ${at(2, 11)} 1`;
    const text = line(family, { b: { cards: [open, 'IN TCP ALLOW PORT 80', 'IN TCP DENY PORT 7'] } });
    expect(await blame(text, 'filtered', { protocol: 'tcp', port: 7 })).toMatchObject({
      breaks: BREAKS,
      card: 'IN TCP DENY PORT 7',
    });
    const only = line(family, { b: { cards: [open, 'IN TCP ALLOW PORT 80'] } });
    const found = await blame(only, 'filtered', { protocol: 'tcp', port: 7 });
    expect(found.card).toBe('IN TCP ALLOW PORT 80');
    await using lab = await started(text);
    expect((await one(lab, 'A', b)).findings).toEqual([]);
  });

  it('no-listener and port-suspended', async () => {
    expect(await blame(line(family), 'no-listener', { protocol: 'tcp', port: 8 })).toMatchObject({
      breaks: BREAKS,
    });
    expect(await blame(line(family), 'no-listener', { protocol: 'udp', port: 8 })).toMatchObject({
      breaks: BREAKS,
    });
    const suspended = await blame(line(family), 'port-suspended', { protocol: 'tcp', port: 7 }, [
      'PORT 02 7 SUSPEND',
    ]);
    expect(suspended.breaks).toBe(true);
  });

  it('asymmetric-path breaks nothing', async () => {
    const links = [
      { net: 1, host: 12 },
      { net: 2, host: 12 },
    ];
    const card = `ROUTE D2 ${everything(family)} ${at(2, 12)} 1`;
    const text =
      line(family, { b: { cards: [card] } }) + stackText(family, { job: 'S', id: 12, forward: true, links });
    const found = await blame(text, 'asymmetric-path');
    expect(found).toMatchObject({ breaks: false, card });
    expect(found.text).toContain('A -> R -> B');
    expect(found.text).toContain('B -> S -> A');
  });

  it('mtu-black-hole: the message Packet Too Big has no way back', async () => {
    const tcp = { protocol: 'tcp', port: 7 } as const;
    // A small link behind the second router, which reaches the first one and not the sender.
    const whole = long(family, { mtu: 1400 });
    await using lab = await started(whole);
    const fine = await one(lab, 'A', b, tcp);
    expect(fine.findings).toEqual([]);
    expect(fine.there!.pathMtu).toBe(1400);
    expect(fine.there!.narrows).toMatchObject([
      { hop: 1, mtu: 1400, report: { end: { outcome: 'delivered' } } },
    ]);
    // The router's own packets to the sender end in a blackhole for its own address.
    const mask = family === 4 ? '255.255.255.0' : '/64';
    const own = `ROUTE * ${network(family, 1)} ${none} 0 FROM ${network(family, 3)} TYPE BLACKHOLE`;
    const text = long(family, {
      s: [own, `ROUTE D3 ${everything(family)} ${at(3, 11)} 1`],
    }).replace(`LINK D2 0 ${at(2, 12)} ${mask} 1500`, `LINK D2 0 ${at(2, 12)} ${mask} 1300`);
    const found = await blame(text, 'mtu-black-hole', tcp);
    expect(found).toMatchObject({ breaks: BREAKS, card: own });
    expect(found.text).toContain('lost at S');
  });

  it('mtu-black-hole: a segment that takes less than its stations believe', async () => {
    const card = 'SEGMENT N2 MTU 1300';
    const text = `${line(family)}// EXEC TWINLAB\n${card}\n/*\n`;
    const found = await blame(text, 'mtu-black-hole', { protocol: 'tcp', port: 7 });
    expect(found).toMatchObject({ breaks: BREAKS, card });
    expect(found.text).toContain('vanish on segment N2');
  });

  it('a segment that loses everything', async () => {
    const card = 'SEGMENT N2 DELAY 1MS';
    const text = `${line(family)}// EXEC TWINLAB\n${card}\n/*\n`;
    await using lab = await started(text);
    expect((await one(lab, 'A', b)).findings).toEqual([]);
    lab.segments.get('N2')!.set({ loss: 1 });
    const found = find(await one(lab, 'A', b), 'dropped');
    expect(found.breaks).toBe(true);
    expect(blamed(text, found)).toBe(card);
  });

  it('stale-neighbour', async () => {
    await using lab = await started(line(family));
    expect((await one(lab, 'A', b)).findings).toEqual([]);
    // B leaves the segment, as when its cable is pulled; the router still has its link address.
    lab.host('B').stack.interfaces()[0]!.device!.close();
    expect(find(await one(lab, 'A', b), 'stale-neighbour').breaks).toBe(true);
  });

  it('dad-failure', async () => {
    const probe = family === 4 ? ['PROBE D2'] : [];
    const extra = stackText(family, { job: 'C', id: 3, links: [{ net: 2, host: 3 }], cards: probe });
    await using lab = await started(line(family) + extra);
    const { stack } = lab.host('C');
    stack.addAddress(1, stack.family.parse(b)!, family === 4 ? 24 : 64);
    await lab.advance(10_000_000);
    const found = find(await one(lab, 'A', b), 'dad-failure');
    expect(found.text).toContain(`${b} of C is not used`);
  });
});

describe('duplicate-address', () => {
  it('is named where both use it', async () => {
    const extra = stackText(4, { job: 'C', id: 3, links: [{ net: 2, host: 3 }] });
    await using lab = await started(line(4) + extra);
    const { stack } = lab.host('C');
    stack.addAddress(1, stack.family.parse('10.0.2.2')!, 24);
    await lab.rest();
    expect(find(await one(lab, 'A', '10.0.2.2'), 'duplicate-address').breaks).toBe(true);
  });
});

describe('a couple', () => {
  /** Hosts with both families on one segment: A6 + A4 and B6 + B4, coupled. */
  const text = `${[
    stackText(6, {
      job: 'A6',
      id: 2,
      links: [{ net: 1, host: 1 }],
      cards: ['COUPLE 03', 'HOST TARGET 2001:db8:1::9'],
    }),
    stackText(4, { job: 'A4', id: 3, links: [{ net: 1, host: 1 }], cards: ['HOST TARGET 10.0.1.9'] }),
    stackText(6, { job: 'B6', id: 12, links: [{ net: 1, host: 9 }], cards: ['COUPLE 13'] }),
    stackText(4, { job: 'B4', id: 13, links: [{ net: 1, host: 9 }] }),
  ].join('')}${services(12, 'UDPECHO 9', 'ECHO 7')}${services(13, 'ECHO 8')}`;

  it('hands over, and both families are explained', async () => {
    await using lab = await started(text);
    const both = await explain(lab, 'A6', 'TARGET', { protocol: 'tcp', port: 7 });
    expect(both.map(({ family, from }) => [family, from.config.job])).toEqual([
      ['IPv6', 'A6'],
      ['IPv4', 'A4'],
    ]);
    expect(both.flatMap(({ findings }) => findings)).toEqual([]);
  });

  it('single-bind-udp', async () => {
    await using lab = await started(text);
    const [six, four] = await explain(lab, 'A6', 'TARGET', { protocol: 'udp', port: 9 });
    expect(six!.findings).toEqual([]);
    const found = find(four!, 'single-bind-udp');
    expect(found.breaks).toBe(true);
    expect(blamed(text, found)).toBe('COUPLE 13');
  });

  it('wrong-family-listener', async () => {
    await using lab = await started(text);
    const [six, four] = await explain(lab, 'A6', 'TARGET', { protocol: 'tcp', port: 8 });
    expect(four!.findings).toEqual([]);
    expect(find(six!, 'wrong-family-listener').text).toContain('over IPv4 (B4) and not over IPv6');
  });
});
