/** Decks as people have them, unchanged, against the kernel: OSAX devices become TUN (layer 3) or TAP (LAYER2). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deck, missing, Namespace } from './namespace.ts';

interface Case {
  readonly title: string;
  readonly decks: readonly string[];
  readonly flag: string;
  readonly link: string;
  readonly target: string;
  readonly gateway: string;
  readonly page: string;
  readonly mtu: number;
}

const CASES: readonly Case[] = [
  {
    title: 'an IPv4 stack of layer 3 in a /22',
    decks: ['osax4.jcl', 'services21.jcl'],
    flag: '-4',
    link: 'twosa4',
    target: '198.18.6.35',
    gateway: '198.18.4.1/22',
    page: 'STACK21 answers GET / from 198.18.4.1 over IPv4\n',
    mtu: 1_492,
  },
  {
    title: 'an IPv6 stack of layer 3 in a /80',
    decks: ['osax6.jcl', 'services22.jcl'],
    flag: '-6',
    link: 'twosa6',
    target: '2001:db8:51:7:20:ffff:6:35',
    gateway: '2001:db8:51:7:20::1/80',
    page: 'STACK22 answers GET / from 2001:db8:51:7:20::1 over IPv6\n',
    mtu: 1_492,
  },
  {
    title: 'a couple on layer 2, by IPv6',
    decks: ['layer2.jcl', 'services04.jcl'],
    flag: '-6',
    link: 'twl2',
    target: '2001:db8:51:8:20:ffff:6:126',
    gateway: '2001:db8:51:8:20::1/80',
    page: 'STACK04 answers GET / from 2001:db8:51:8:20::1 over IPv6\n',
    mtu: 8_192,
  },
  {
    title: 'a couple on layer 2, by IPv4',
    decks: ['layer2.jcl', 'services04.jcl'],
    flag: '-4',
    link: 'twl2v4',
    target: '198.18.9.126',
    gateway: '198.18.9.1/24',
    page: 'STACK04 answers GET / from 198.18.9.1 over IPv4\n',
    mtu: 8_192,
  },
];

for (const { title, decks, flag, link, target, gateway, page, mtu } of CASES) {
  describe.skipIf(missing !== undefined)(title, () => {
    const headers = flag === '-4' ? 28 : 48;
    let kernel: Namespace;
    beforeAll(async () => {
      kernel = await Namespace.create();
      await kernel.live(decks.map(deck));
      // The kernel may drop what it sends in the first moments of an interface: its queue is attached a little later.
      await kernel.run('ping', [flag, '-n', '-c', '1', '-w', '10', target]);
    });
    afterAll(() => kernel?.[Symbol.asyncDispose]());

    const ping = (...args: string[]) =>
      kernel.run('ping', [flag, '-n', '-c', '3', '-i', '0.1', '-W', '2', ...args, target]);

    it('the kernel is the gateway of the deck', async () => {
      const shown = await kernel.ip('addr', 'show', 'dev', link);
      expect(shown).toContain(` ${gateway} `);
      expect(shown).toContain(`mtu ${mtu} `);
    });

    it('answers ping', async () => {
      expect((await ping()).stdout).toContain('3 received, 0% packet loss');
    });

    it('answers curl', async () => {
      const host = flag === '-4' ? target : `[${target}]`;
      const { stdout, stderr } = await kernel.run('curl', ['-sS', `http://${host}/`]);
      expect(stderr).toBe('');
      expect(stdout).toBe(page);
    });

    it('carries packets of the MTU and none above', async () => {
      expect((await ping('-M', 'do', '-s', String(mtu - headers))).stdout).toContain(
        '3 received, 0% packet loss',
      );
      const above = await ping('-M', 'do', '-s', String(mtu - headers + 1));
      expect(above.code).not.toBe(0);
      expect(above.stdout + above.stderr).toMatch(/[Mm]essage too long/);
    });

    it('takes larger ones in fragments', async () => {
      expect((await ping('-s', '20000')).stdout).toContain('3 received, 0% packet loss');
    });
  });
}

describe.skipIf(missing !== undefined)('the adapter of LAYER2', () => {
  let kernel: Namespace;
  beforeAll(async () => {
    kernel = await Namespace.create();
    await kernel.live([deck('layer2.jcl'), deck('services04.jcl')]);
  });
  afterAll(() => kernel?.[Symbol.asyncDispose]());

  const SIX = '2001:db8:51:8:20:ffff:6:126';
  const FOUR = '198.18.9.126';
  it.each([
    ['an echo reply', 'twl2', SIX, 'icmpv6.type == 129', '02:16:ab:00:00:2a'],
    ['an advertisement', 'twl2', SIX, `icmpv6.type == 136 && ipv6.src == ${SIX}`, '02:16:ab:00:00:2a'],
    ['an echo reply', 'twl2v4', FOUR, 'icmp.type == 0', '02:16:ab:00:00:2b'],
    ['an ARP reply', 'twl2v4', FOUR, `arp.opcode == 2 && arp.src.proto_ipv4 == ${FOUR}`, '02:16:ab:00:00:2b'],
  ])('%s on %s comes from the MAC of the deck', async (_what, link, target, filter, mac) => {
    await kernel.ip('neigh', 'flush', 'dev', link);
    const shark = kernel.start('tshark', ['-l', '-i', link, '-T', 'fields', '-e', 'eth.src', '-Y', filter]);
    await shark.saying(/Capture started/);
    const ping = kernel.start('ping', ['-n', '-i', '0.2', '-w', '10', target]);
    await shark.saying(/^(..:){5}..\n/);
    await ping.kill();
    shark.signal('SIGINT'); // Lets it remove its temporary file, which SIGKILL would leave.
    await shark.ended;
    expect(shark.stdout.split('\n')[0]).toBe(mac);
  });

  it('the link-local address of that MAC answers', async () => {
    const { stdout } = await kernel.run('ping', [
      '-6',
      '-n',
      '-c',
      '2',
      '-i',
      '0.1',
      '-W',
      '2',
      'fe80::16:abff:fe00:2a%twl2',
    ]);
    expect(stdout).toContain('2 received, 0% packet loss');
  });

  it('the kernel knows both neighbours by their MAC', async () => {
    await kernel.run('ping', ['-n', '-c', '1', '198.18.9.126']);
    const known = await kernel.ip('neigh', 'show');
    expect(known).toContain('2001:db8:51:8:20:ffff:6:126 dev twl2 lladdr 02:16:ab:00:00:2a');
    expect(known).toContain('198.18.9.126 dev twl2v4 lladdr 02:16:ab:00:00:2b');
  });
});
