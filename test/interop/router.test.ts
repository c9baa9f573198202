import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deck, missing, Namespace } from './namespace.ts';

const FAMILIES = [
  { family: 'IPv4', flag: '-4', router: '198.18.1.1', far: '198.18.2.2' },
  { family: 'IPv6', flag: '-6', router: '2001:db8:1::1', far: '2001:db8:2::2' },
];

describe.skipIf(missing !== undefined)('a router between two kernels', () => {
  let near: Namespace;
  let far: Namespace;
  beforeAll(async () => {
    near = await Namespace.create();
    far = await Namespace.create();
    await near.live([deck('router.deck')], ['--no-host-side']);
    for (const name of ['far4', 'far6']) await near.ip('link', 'set', name, 'netns', far.name);
    await stand(near, 'near4', '198.18.1.2/24', '198.18.1.1', 1_500);
    await stand(near, 'near6', '2001:db8:1::2/64', '2001:db8:1::1', 1_500);
    await stand(far, 'far4', '198.18.2.2/24', '198.18.2.1', 1_400);
    await stand(far, 'far6', '2001:db8:2::2/64', '2001:db8:2::1', 1_400);
  });
  afterAll(async () => {
    await near?.[Symbol.asyncDispose]();
    await far?.[Symbol.asyncDispose]();
  });

  async function stand(
    kernel: Namespace,
    link: string,
    address: string,
    gateway: string,
    mtu: number,
  ): Promise<void> {
    await kernel.ip('addr', 'add', address, 'dev', link, ...(address.includes(':') ? ['nodad'] : []));
    await kernel.ip('link', 'set', link, 'up', 'mtu', String(mtu));
    await kernel.ip('route', 'add', 'default', 'via', gateway, 'dev', link);
  }

  for (const { family, flag, router, far: target } of FAMILIES) {
    for (const [method, option] of [
      ['UDP', '-U'],
      ['ICMP', '-I'],
    ] as const) {
      it(`${family}: traceroute by ${method} sees the router, then the destination`, async () => {
        const { code, stdout } = await near.run('traceroute', [
          flag,
          option,
          '-n',
          '-w',
          '2',
          '-m',
          '5',
          target,
        ]);
        expect(code).toBe(0);
        const hops = stdout.trim().split('\n').slice(1);
        expect(hops).toHaveLength(2);
        expect(hops[0]).toMatch(new RegExp(`^ 1  ${router}(  [\\d.]+ ms){3}$`));
        expect(hops[1]).toMatch(new RegExp(`^ 2  ${target}(  [\\d.]+ ms){3}$`));
      });
    }

    it(`${family}: the hop count falls by one`, async () => {
      const { stdout } = await near.run('ping', [flag, '-n', '-c', '1', '-W', '2', target]);
      expect(stdout).toMatch(/ttl=63 /);
    });

    it(`${family}: a packet whose hop count ends here is answered, not passed on`, async () => {
      const { stdout } = await near.run('ping', [flag, '-n', '-c', '1', '-W', '2', '-t', '1', target]);
      expect(stdout).toMatch(
        new RegExp(`From ${router} icmp_seq=1 (Time to live exceeded|Time exceeded: Hop limit)`),
      );
    });

    it(`${family}: a packet too large for the far link is refused with its MTU`, async () => {
      const size = family === 'IPv4' ? '1472' : '1452';
      const args = [flag, '-n', '-c', '1', '-W', '2', '-M', 'do', '-s', size, target];
      const { stdout, stderr } = await near.run('ping', args);
      expect(stdout + stderr).toMatch(
        new RegExp(
          `From ${router} icmp_seq=1 (Frag needed and DF set \\(mtu = 1400\\)|Packet too big: mtu=1400)`,
        ),
      );
      // The kernel believed it (RFC 1191, RFC 8201).
      const route = await near.ip('route', 'get', target);
      expect(route).toContain('mtu 1400');
    });

    it(`${family}: fragments pass through`, async () => {
      const { stdout } = await near.run('ping', [
        flag,
        '-n',
        '-c',
        '3',
        '-i',
        '0.1',
        '-W',
        '2',
        '-s',
        '20000',
        target,
      ]);
      expect(stdout).toContain('3 received, 0% packet loss');
    });
  }

  it('IPv4: ping records the route of both ways, and the times', async () => {
    const args = ['-4', '-n', '-c', '1', '-W', '2', '198.18.2.2'];
    const { stdout: route } = await near.run('ping', ['-R', ...args]);
    const recorded = /RR:((?:\s+\d+\.\d+\.\d+\.\d+)+)/.exec(route)?.[1]?.trim().split(/\s+/) ?? [];
    expect(recorded.slice(0, 3), route).toEqual(['198.18.1.2', '198.18.2.1', '198.18.2.2']);
    expect(recorded.at(-2), route).toBe('198.18.1.1');
    const { stdout: times } = await near.run('ping', ['-T', 'tsandaddr', ...args]);
    expect(times).toMatch(/TS:\s+198\.18\.1\.2\s+\d+ absolute/);
    expect(times).toMatch(/198\.18\.2\.1\s+-?\d+/);
  });
});
