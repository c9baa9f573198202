/** thc-ipv6 against our hosts and routers: odd packets get the answer of their RFC, floods leave everybody served. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, missing } from './namespace.ts';
import { lacking, Office } from './office.ts';

const HOST = '2001:db8:1::80';
const ROUTER = '2001:db8:1::1';
const FAR = '2001:db8:2::80';
/** Of EUI-64, from the prefix that ROUTER6 advertises. */
const ROAMER = '2001:db8:1:0:0:ff:fe00:82';

const REPLY = 'we got a reply';
const SILENCE = 'no reply';
const reports = (code: number): string => `error reply [4:${code}]`;

/** Cases of implementation6 and what it says of them. The silent ones make it wait, so there are few. */
const IMPLEMENTATION: readonly (readonly [number, string, string])[] = [
  [1, REPLY, 'a hop-by-hop option to ignore'],
  [3, reports(1), 'two hop-by-hop headers (RFC 8200 §4.1)'],
  [4, reports(1), '128 hop-by-hop headers'],
  [5, REPLY, 'a destination option to ignore'],
  [7, REPLY, 'two destination headers'],
  [8, REPLY, '128 destination headers: any number (RFC 8200 §4.1)'],
  [11, REPLY, 'fragments'],
  [12, REPLY, 'an atomic fragment (RFC 6946 §4)'],
  [14, reports(1), 'hop-by-hop options behind a fragment header'],
  [18, REPLY, 'a routing header, done'],
  [19, reports(0), 'a routing header, to do (RFC 5095 §3)'],
  [20, reports(0), 'a mobile routing header, to do'],
  [23, reports(0), 'the same in fragments'],
  [24, REPLY, 'hop-by-hop, atomic fragment, routing header done'],
  [25, REPLY, 'destination, atomic fragment, routing header done'],
  [27, REPLY, 'destination options and routing header in fragments'],
  [30, reports(2), 'a home address option'],
  [32, reports(1), 'an authentication header'],
  [35, reports(1), 'an encapsulating security payload'],
  [36, SILENCE, 'a multicast source (RFC 4443 §2.4 (e.6))'],
  [37, reports(0), 'a routing header, to do, to a link-local address'],
  [41, REPLY, 'a unicast solicitation'],
  [42, SILENCE, 'a solicitation from beyond the link (RFC 4861 §7.1.1)'],
  [44, REPLY, 'hop-by-hop padding that is not zeros'],
  [46, REPLY, 'destination padding that is not zeros'],
  [49, reports(2), 'a hop-by-hop option to report'],
  [50, reports(2), 'a destination option to report'],
  [54, SILENCE, 'a bad checksum'],
  [56, REPLY, 'hop limit 0, at its destination (RFC 8200 §3)'],
  // The last: its second fragment waits, and the tool takes its identifications from the second of the day.
  [26, reports(1), 'hop-by-hop options in fragments (RFC 8200 §4)'],
];

/** Cases of fragmentation6: how many echo replies and how many parameter problems come back. */
const FRAGMENTATION: readonly (readonly [number, number, number, string])[] = [
  [1, 0, 0, 'a fragment that comes twice, with other data (RFC 8200 §4.5)'],
  [3, 0, 0, 'the same, the real one first'],
  [5, 1, 0, 'the same, behind the last fragment'],
  [7, 0, 0, 'fragments that overlap (RFC 5722 §4)'],
  [9, 1, 0, 'an atomic fragment'],
  [12, 0, 0, '175 fragment headers'],
  [14, 1, 0, '65,495 bytes'],
  [15, 0, 1, '65,535 bytes and a header: one fragment ends too far (RFC 8200 §4.5)'],
  [22, 0, 1, 'a first fragment whose length is no multiple of eight (RFC 8200 §4.5)'],
  [25, 0, 0, 'an atomic fragment of nothing'],
  [32, 0, 2, 'the last possible offset, too long'],
];

const FLOODS: readonly (readonly string[])[] = [
  ['atk6-flood_router26', 'eth0'],
  ['atk6-flood_router26', '-F', 'eth0'],
  ['atk6-flood_advertise6', 'eth0'],
  ['atk6-flood_solicitate6', 'eth0', HOST],
  ['atk6-denial6', 'eth0', HOST, '1'],
  ['atk6-denial6', 'eth0', ROUTER, '4'],
];

const skip =
  missing ??
  lacking(
    'atk6-implementation6',
    'atk6-fragmentation6',
    'atk6-denial6',
    'atk6-flood_router26',
    'atk6-flood_advertise6',
    'atk6-flood_solicitate6',
    'atk6-fake_router26',
  );

describe.skipIf(skip !== undefined)('thc-ipv6', () => {
  let office: Office;
  beforeAll(async () => {
    office = await Office.open();
    // Until duplicate detection is done and the router has been heard.
    expect(await eventually(async () => (await received(ROAMER, 1)) || undefined, 10_000)).toBe(1);
  });
  afterAll(() => office?.[Symbol.asyncDispose]());

  async function received(target: string, count: number): Promise<number> {
    const args = ['-n', '-q', '-c', String(count), '-i', '0.1', '-W', '1', target];
    const { stdout } = await office.kernel.run('ping', args);
    return Number(/(\d+) received/.exec(stdout)?.[1] ?? Number.NaN);
  }

  async function page(target: string): Promise<string> {
    const host = target.includes(':') ? `[${target}]` : target;
    const { stdout } = await office.kernel.run('curl', ['-sS', '--max-time', '10', `http://${host}/`]);
    return stdout;
  }

  /** Nobody has been harmed, once the queues of the attack have run empty. */
  async function served(): Promise<void> {
    expect(office.twinstack.running).toBe(true);
    for (const target of [HOST, ROUTER, FAR, ROAMER, '198.18.1.80', '198.18.2.80']) {
      const all = await eventually(async () => (await received(target, 3)) === 3 || undefined, 5_000);
      expect(all, target).toBe(true);
    }
    expect(await page(HOST)).toContain('over IPv6');
    expect(await page('198.18.2.80')).toContain('over IPv4');
  }

  describe.each([
    ['host', HOST, IMPLEMENTATION],
    ['router', ROUTER, IMPLEMENTATION.filter(([, expected]) => expected !== SILENCE)],
  ] as const)('implementation6 and the %s', (_who, target, cases) => {
    it.each(cases)('case %i: %s to %s', async (number, expected) => {
      const args = ['-p', 'eth0', target, String(number)];
      const { stdout } = await office.stranger.run('atk6-implementation6', args);
      expect(stdout).toMatch(new RegExp(`^Test +${number}: `, 'm'));
      expect(stdout).toContain(expected);
    });
  });

  it.each(FRAGMENTATION)('fragmentation6, case %i, costs %i replies and %i reports: %s', async (...row) => {
    const [number, replies, problems] = row;
    const { stranger } = office;
    const counters = ['Icmp6InEchoReplies', 'Icmp6InParmProblems'];
    const read = (): Promise<number[]> => Promise.all(counters.map((name) => stranger.counter(name)));
    const before = await read();
    const args = ['-p', 'eth0', HOST, String(number)];
    const { stdout } = await stranger.run('atk6-fragmentation6', args);
    expect(stdout).toMatch(new RegExp(`^ATTACK \\w+ ${number} - `, 'm'));
    const after = await read();
    expect(after.map((count, i) => count - before[i]!)).toEqual([replies, problems]);
  });

  it('fragments of the honest are joined as before', async () => {
    for (const size of ['2000', '20000']) {
      const args = ['-6', '-n', '-c', '3', '-i', '0.1', '-W', '2', '-s', size, HOST];
      expect((await office.stranger.run('ping', args)).stdout).toContain('3 received');
    }
    await served();
  });

  it('a false router is believed beside the true one (RFC 4862 §5.5.3), and takes nothing away', async () => {
    const args = ['-n', '2', '-i', '1', '-A', '2001:db8:bad::/64', '-p', 'high', 'eth0'];
    const attack = office.stranger.start('atk6-fake_router26', args);
    attack.finish();
    await office.kernel.ip('route', 'add', '2001:db8:bad::/64', 'dev', 'br0');
    const address = '2001:db8:bad::ff:fe00:82';
    expect(await eventually(async () => (await received(address, 1)) || undefined, 10_000)).toBe(1);
    await attack.kill();
    await served();
  });

  it.each(FLOODS.map((flood) => [flood.join(' '), flood] as const))(
    '%s: all are served',
    async (_, flood) => {
      const attack = office.stranger.start(flood[0]!, flood.slice(1));
      attack.finish();
      // The queue of the TAP is full of the attack, and how much of it is drained is the machine's affair: what is
      // honest comes through sooner or later.
      for (const server of [HOST, FAR]) {
        const isServed = async () => (await page(server)).includes('over IPv6') || undefined;
        expect(await eventually(isServed, 30_000)).toBe(true);
      }
      expect(attack.running).toBe(true);
      await attack.kill();
      await served();
    },
  );
});
