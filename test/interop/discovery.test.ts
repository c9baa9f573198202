/** IPv6 discovery beside the kernel, ndisc6 and radvd: routers, prefixes, redirects, groups. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ipv6 } from '../../stacks/address/ipv6.ts';
import { StableIdentifiers } from '../../stacks/ipv6/identifiers.ts';
import { deck, eventually, missing, Namespace } from './namespace.ts';

const folders = (process.env['PATH'] ?? '').split(delimiter);
const installed = (name: string): boolean => folders.some((folder) => existsSync(join(folder, name)));

/** How long the kernel takes for an address, a route, a redirect, ms. */
const SOON = 6_000;
const ROUTER = 'fe80::ff:fe00:11';
const BETTER = 'fe80::ff:fe00:22';

describe.skipIf(missing !== undefined)('our router beside a kernel that is a host', () => {
  let kernel: Namespace;
  beforeAll(async () => {
    kernel = await Namespace.create();
    await kernel.ip('link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '1', 'mcast_querier', '1');
    for (const set of [
      'accept_ra=2',
      'accept_ra_rt_info_max_plen=64',
      'accept_redirects=1',
      'dad_transmits=0',
    ])
      await kernel.run('sysctl', ['-qw', `net.ipv6.conf.br0.${set}`]);
    await kernel.ip('link', 'set', 'br0', 'up');
    await kernel.live([deck('discovery.deck')], ['--no-host-side']);
    for (const name of ['nd0', 'nd1']) await kernel.ip('link', 'set', name, 'master', 'br0', 'up');
  });
  afterAll(() => kernel?.[Symbol.asyncDispose]());

  /** What `ip -6 ...` says, once it says `pattern`. */
  const says = async (pattern: RegExp, ...args: string[]): Promise<string | undefined> =>
    await eventually(async () => {
      const said = await kernel.ip('-6', ...args);
      return pattern.test(said) ? said : undefined;
    }, SOON);

  it('gives it an address, a default route, and a route to the network behind', async () => {
    expect(await says(/2001:db8:5:.*dynamic/, 'addr', 'show', 'br0')).toBeDefined();
    const routes = await says(/2001:db8:77::\/48/, 'route', 'show', 'dev', 'br0');
    expect(routes).toMatch(new RegExp(`default via ${ROUTER} proto ra .*pref high`));
    expect(routes).toMatch(new RegExp(`2001:db8:77::/48 via ${ROUTER} proto ra .*pref low`));
    expect(routes).toMatch(/2001:db8:5::\/64 proto kernel/);
  });

  it.skipIf(!installed('rdisc6'))('answers rdisc6 and ndisc6', async () => {
    const { stdout } = await kernel.run('rdisc6', ['-1', '-w', '4000', 'br0']);
    for (const line of [
      /Hop limit\s+: +64/,
      /Router preference\s+: +high/,
      /Router lifetime\s+: +900/,
      /Prefix\s+: 2001:db8:5::\/64/,
      /MTU\s+: +1500/,
      /Route\s+: 2001:db8:77::\/48/,
      /Recursive DNS server\s+: 2001:db8:5::53/,
      /DNS search list\s+: lab\.example/,
      /Source link-layer address: 02:00:00:00:00:11/,
    ])
      expect(stdout).toMatch(line);
    const asked = await kernel.run('ndisc6', ['-1', '-w', '2000', '2001:db8:5::1', 'br0']);
    expect(asked.stdout).toMatch(/02:00:00:00:00:11/);
  });

  it('redirects it to the better router', async () => {
    await says(/2001:db8:5:/, 'addr', 'show', 'br0');
    const { stdout } = await kernel.run('ping', [
      '-6',
      '-n',
      '-c',
      '3',
      '-i',
      '0.2',
      '-w',
      '5',
      '2001:db8:2::1',
    ]);
    expect(stdout).toContain('3 received');
    const route = await says(new RegExp(`via ${BETTER}`), 'route', 'get', '2001:db8:2::1');
    expect(route).toContain(`via ${BETTER}`);
  });

  it('answers to the subnet-router anycast address', async () => {
    const { stdout } = await kernel.run('ping', ['-6', '-n', '-c', '1', '-w', '5', '2001:db8:5::']);
    expect(stdout).toMatch(/64 bytes from 2001:db8:5::[12]:/);
  });

  it('tells a bridge that snoops which groups it listens to', async () => {
    const found = await eventually(async () => {
      const { stdout } = await kernel.run('bridge', ['-n', kernel.name, 'mdb', 'show', 'dev', 'br0']);
      return stdout.includes('port nd0 grp ff02::1:ff00:11') && stdout.includes('port nd0 grp ff02::2')
        ? stdout
        : undefined;
    }, SOON);
    expect(found).toContain('port nd1 grp ff02::1:ff00:22');
  });
});

const CONFIG = `
interface nd2 {
  AdvSendAdvert on;
  MinRtrAdvInterval 3;
  MaxRtrAdvInterval 4;
  AdvDefaultPreference high;
  AdvLinkMTU 1400;
  AdvCurHopLimit 77;
  prefix 2001:db8:6::/64 { AdvOnLink on; AdvAutonomous on; };
};
`;

describe.skipIf(missing !== undefined || !installed('radvd'))('our host beside radvd', () => {
  let kernel: Namespace;
  let folder: string;
  beforeAll(async () => {
    kernel = await Namespace.create();
    folder = mkdtempSync(join(tmpdir(), 'twinstack-radvd-'));
    await kernel.live([deck('autoconf.deck')], ['--no-host-side']);
    await kernel.run('sysctl', ['-qw', 'net.ipv6.conf.all.forwarding=1']);
    await kernel.ip('link', 'set', 'nd2', 'up');
    await kernel.ip('addr', 'add', '2001:db8:6::1/64', 'dev', 'nd2', 'nodad');
    await kernel.ip('addr', 'add', '2001:db8:99::1/128', 'dev', 'lo', 'nodad');
    const config = join(folder, 'radvd.conf');
    writeFileSync(config, CONFIG);
    const args = ['-n', '-C', config, '-p', join(folder, 'radvd.pid'), '-m', 'stderr', '-d', '1'];
    kernel.start('radvd', args);
  });
  afterAll(async () => {
    await kernel?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it('takes its address by RFC 7217, and answers by the default router with its hop limit and MTU', async () => {
    const secret = Uint8Array.from({ length: 16 }, (_, i) => i);
    const own = ipv6.format(new StableIdentifiers(secret).addressIn(ipv6.parse('2001:db8:6::')!, 'ETH', 0));
    const answered = await eventually(async () => {
      const { stdout } = await kernel.run('ping', [
        '-6',
        '-n',
        '-c',
        '1',
        '-W',
        '1',
        '-I',
        '2001:db8:99::1',
        own,
      ]);
      return stdout.includes('1 received') ? stdout : undefined;
    }, 8_000);
    expect(answered).toContain('ttl=77');
    // Its reply is larger than the MTU that was advertised, so it comes in fragments.
    const joined = await kernel.counter('Ip6ReasmOKs');
    const { stdout } = await kernel.run('ping', ['-6', '-n', '-c', '1', '-W', '2', '-s', '1420', own]);
    expect(stdout).toContain('1 received');
    expect((await kernel.counter('Ip6ReasmOKs')) - joined).toBe(1);
  });
});
