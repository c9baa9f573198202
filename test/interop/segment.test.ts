/** IPv4 on a segment with the kernel: multicast groups, and addresses that two stations have. */
import { describe, expect, it } from 'vitest';
import { DIST, deck, eventually, missing, Namespace, program, type Running } from './namespace.ts';

const GROUP = '239.7.7.7';
const PORT = 5_353;
const MEMBER = `
const socket = require('node:dgram').createSocket({ type: 'udp4', reuseAddr: true });
socket.on('message', (message, { address }) => console.log('heard', String(message), 'from', address));
socket.bind(${PORT}, () => {
  socket.addMembership('${GROUP}', '192.0.2.1');
  socket.setMulticastInterface('192.0.2.1');
  console.log('joined');
});
process.stdin.on('data', (line) => socket.send(String(line).trim(), ${PORT}, '${GROUP}'));`;

const live = (kernel: Namespace): Running =>
  kernel.start(process.execPath, [
    program('group-member.mjs'),
    DIST,
    deck('segment4.deck'),
    '4',
    GROUP,
    String(PORT),
  ]);

describe.skipIf(missing !== undefined)('IPv4 on a segment', () => {
  it.each([2, 3])(
    'a bridge that asks by IGMPv%i knows who listens',
    async (version) => {
      await using kernel = await Namespace.create();
      const member = live(kernel);
      await member.saying(/the group is joined/);
      // Times in hundredths of a second.
      const querier = ['mcast_snooping', '1', 'mcast_querier', '1', 'mcast_igmp_version', String(version)];
      const times = ['mcast_startup_query_interval', '100', 'mcast_query_response_interval', '50'];
      await kernel.ip(
        'link',
        'add',
        'br4',
        'type',
        'bridge',
        ...querier,
        ...times,
        'mcast_last_member_interval',
        '30',
      );
      await kernel.ip('link', 'set', 'member4', 'master', 'br4', 'up');
      await kernel.ip('link', 'set', 'br4', 'up');
      const groups = async (): Promise<string> =>
        (await kernel.run('bridge', ['mdb', 'show', 'dev', 'br4'])).stdout;
      const isMember = async (wanted: boolean): Promise<true | undefined> =>
        (await groups()).includes(`port member4 grp ${GROUP}`) === wanted ? true : undefined;
      expect(await eventually(() => isMember(true), 5_000), await groups()).toBe(true);
      member.write('leave\n');
      await member.saying(/the group is left/);
      expect(await eventually(() => isMember(false), 4_000), await groups()).toBe(true);
    },
    20_000,
  );

  it('a group has members on both sides', async () => {
    await using kernel = await Namespace.create();
    const member = live(kernel);
    await member.saying(/the group is joined/);
    await kernel.ip('addr', 'add', '192.0.2.1/24', 'dev', 'member4');
    await kernel.ip('link', 'set', 'member4', 'up');
    const ours = kernel.start(process.execPath, ['-e', MEMBER]);
    await ours.saying(/joined/);
    ours.write('hello\n');
    await member.saying(/heard hello from 192\.0\.2\.1/);
    await ours.saying(/heard re: hello from 192\.0\.2\.80/);
  }, 20_000);

  it('an address that the kernel has is not used where it is probed, and defended where it is not', async () => {
    await using kernel = await Namespace.create();
    const stacks = await kernel.live([deck('segment4.deck')], ['--no-host-side']);
    // The kernel answers probes, and announces its addresses when a link comes up (RFC 5227 §2.3).
    for (const [link, address] of [
      ['prober4', '198.18.0.80/24'],
      ['member4', '192.0.2.80/24'],
    ] as const) {
      await kernel.run('sysctl', ['-qw', `net.ipv4.conf.${link}.arp_notify=1`]);
      await kernel.ip('addr', 'add', address, 'dev', link);
      await kernel.ip('link', 'set', link, 'up');
    }
    const mac = async (link: string): Promise<string> =>
      (JSON.parse(await kernel.ip('-j', 'link', 'show', link)) as { address: string }[])[0]!.address;
    await stacks.saying(
      new RegExp(
        `TWNS006E ADDRESS 198.18.0.80 OF DEVICE NET IS NOT USED, STATION ${await mac('prober4')} HAS IT`,
      ),
    );
    await stacks.saying(
      new RegExp(
        `TWNS007W ADDRESS 192.0.2.80 OF DEVICE NET IS DEFENDED, STATION ${await mac('member4')} CLAIMS IT`,
      ),
    );
  }, 20_000);

  it('an address that a stack picks is reached by the kernel, whose probe is answered', async () => {
    await using kernel = await Namespace.create();
    await kernel.live([deck('segment4.deck')], ['--no-host-side']);
    await kernel.ip('addr', 'add', '169.254.9.9/16', 'dev', 'picker4');
    await kernel.ip('link', 'set', 'picker4', 'up');
    const seen = kernel.start('tshark', [
      '-l',
      '-n',
      '-i',
      'picker4',
      '-f',
      'arp',
      '-T',
      'fields',
      '-e',
      'arp.src.proto_ipv4',
      '-e',
      'arp.dst.proto_ipv4',
    ]);
    await seen.saying(/^169\.254\.(\d+)\.(\d+)\t169\.254\.\1\.\2$/m, 12_000);
    const own = /^(169\.254\.\d+\.\d+)\t\1$/m.exec(seen.stdout)![1]!;
    const { stdout } = await kernel.run('ping', ['-n', '-c', '1', '-W', '2', own]);
    expect(stdout).toContain('1 received');
  }, 20_000);

  it('the kernel believes redirects and is believed', async () => {
    await using kernel = await Namespace.create();
    const all = 'net.ipv4.conf.all';
    await kernel.run('sysctl', ['-qw', `${all}.accept_redirects=1`, `${all}.secure_redirects=0`]);
    await kernel.live([deck('redirect4.deck')], ['--no-host-side']);
    for (const [link, address] of [
      ['router4', '192.0.2.1/24'],
      ['caller4', '198.18.0.1/24'],
    ] as const) {
      await kernel.run('sysctl', ['-qw', `net.ipv4.conf.${link}.secure_redirects=0`]);
      await kernel.ip('addr', 'add', address, 'dev', link);
      await kernel.ip('link', 'set', link, 'up');
    }
    // To the kernel, which believes in a gateway whose MAC it knows.
    await kernel.ip('neigh', 'add', '192.0.2.9', 'lladdr', '02:00:00:00:00:09', 'dev', 'router4');
    await kernel.ip('route', 'add', '203.0.113.0/24', 'via', '192.0.2.80');
    await kernel.run('ping', ['-n', '-c', '2', '-i', '0.2', '-W', '1', '203.0.113.7']);
    expect(await kernel.ip('route', 'get', '203.0.113.7')).toMatch(
      /via 192\.0\.2\.9 dev router4.*\n.*redirected/,
    );
    // From the kernel, as a router whose next hop is a neighbour of its caller.
    const asks = kernel.start('tshark', ['-l', '-n', '-i', 'caller4', '-f', 'arp']);
    await kernel.ip('route', 'replace', '203.0.113.0/24', 'via', '198.18.0.9');
    await kernel.run('sysctl', ['-qw', 'net.ipv4.ip_forward=1', `${all}.send_redirects=1`]);
    await asks.saying(/Who has 198\.18\.0\.9\? Tell 198\.18\.0\.80/);
  }, 20_000);
});
