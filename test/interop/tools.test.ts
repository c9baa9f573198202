/** What the tools of a network operator find out about our hosts and routers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missing } from './namespace.ts';
import { lacking, Office } from './office.ts';

const FAMILIES = [
  { family: 'IPv4', flag: '-4', nmap: [], host: '198.18.1.80', router: '198.18.1.1', far: '198.18.2.80' },
  {
    family: 'IPv6',
    flag: '-6',
    nmap: ['-6'],
    host: '2001:db8:1::80',
    router: '2001:db8:1::1',
    far: '2001:db8:2::80',
  },
];
const skip = missing ?? lacking('nmap', 'tracepath', 'arping', 'ndisc6', 'rdisc6');

describe.skipIf(skip !== undefined)('tools of an operator', () => {
  let office: Office;
  beforeAll(async () => {
    office = await Office.open();
  });
  afterAll(() => office?.[Symbol.asyncDispose]());

  const run = async (command: string, ...args: string[]): Promise<string> => {
    const { stdout, stderr } = await office.kernel.run(command, args);
    return stdout + stderr;
  };
  /** The table of a scan: port or protocol, and its state. */
  const scan = async (...args: string[]): Promise<string[]> => {
    const text = await run('nmap', '-n', '--max-retries', '2', ...args);
    expect(text).toMatch(/Host is up/);
    return [...text.matchAll(/^(\d+(?:\/\w+)?) +(\S+)/gm)].map(([, what, state]) => `${what} ${state}`);
  };

  for (const { family, flag, nmap, host, router, far } of FAMILIES) {
    it(`${family}: nmap -sn finds host, router and what is behind it`, async () => {
      const text = await run('nmap', '-n', '-sn', ...nmap, host, router, far);
      expect(text).toMatch(/3 hosts up/);
    });

    it(`${family}: nmap -sS finds the open ports and no other`, async () => {
      for (const target of [host, far]) {
        const found = await scan('-sS', '-p', '1-1000', ...nmap, target);
        expect(found, target).toEqual(['7/tcp open', '80/tcp open']);
      }
      expect(await scan('-sS', '-p', '22,80', ...nmap, router)).toEqual(['22/tcp closed', '80/tcp closed']);
    });

    it(`${family}: nmap -sU tells the open port from the closed ones`, async () => {
      const found = await scan('-sU', '-p', '6-8', ...nmap, host);
      expect(found).toEqual(['6/udp closed', '7/udp open', '8/udp closed']);
    });

    it(`${family}: nmap -sO finds the protocols it has`, async () => {
      const found = await scan('-sO', '-p', '6,17,47,132', ...nmap, host);
      expect(found).toEqual(['6 open', '17 open', '47 closed', '132 closed']);
    });

    it(`${family}: nmap -sN, -sF and -sX see a closed port and silence (RFC 9293 §3.10.7.2)`, async () => {
      for (const kind of ['-sN', '-sF', '-sX']) {
        expect(await scan(kind, '-p', '80,81', ...nmap, host)).toEqual([
          '80/tcp open|filtered',
          '81/tcp closed',
        ]);
      }
    });

    it(`${family}: tracepath finds both hops and the MTU of the narrow link`, async () => {
      const text = await run('tracepath', flag, '-n', '-m', '5', far);
      expect(text).toMatch(new RegExp(`^ *1: +${router} `, 'm'));
      expect(text).toMatch(new RegExp(`${router} .*pmtu 1400`));
      expect(text).toMatch(new RegExp(`^ *2: +${far} .*reached`, 'm'));
      expect(text).toMatch(/Resume: pmtu 1400 hops 2 back 2/);
    });

    it.each([
      ['an open port', '80'],
      ['a closed port', '81'],
    ])(`${family}: traceroute by TCP to %s sees the router, then the host`, async (_what, port) => {
      const text = await run('traceroute', flag, '-T', '-p', port, '-n', '-w', '2', '-m', '4', far);
      const hops = text.trim().split('\n').slice(1);
      expect(hops).toHaveLength(2);
      expect(hops[0]).toMatch(new RegExp(`^ 1  ${router}(  [\\d.]+ ms){3}$`));
      expect(hops[1]).toMatch(new RegExp(`^ 2  ${far}(  [\\d.]+ ms){3}$`));
    });
  }

  it('ping -6: no data, the most data, a pattern, a flow label, a traffic class, several at once', async () => {
    for (const options of [
      ['-s', '0'],
      ['-s', '65507'],
      ['-p', 'ff', '-s', '100'],
      ['-F', '0xabcde'],
      ['-Q', '0xb8'],
      ['-t', '1'],
      ['-l', '3'],
    ]) {
      const args = ['-6', '-n', '-c', '3', '-i', '0.1', '-W', '2', ...options, '2001:db8:1::80'];
      expect(await run('ping', ...args), options.join(' ')).toContain('3 received, 0% packet loss');
    }
  });

  it('answers no node information query (ping -6 -N)', async () => {
    const text = await run('ping', '-6', '-n', '-c', '1', '-W', '1', '-N', 'name', '2001:db8:1::80');
    expect(text).toContain('0 received');
  });

  it('all nodes answer an echo request to all nodes (RFC 4443 §4.2)', async () => {
    const text = await run('ping', '-6', '-n', '-c', '2', '-w', '3', 'ff02::1%br0');
    for (const station of ['80', '82', '11']) expect(text).toContain(`from fe80::ff:fe00:${station}%br0`);
  });

  it('arping: a reply to a request and to a probe, none for an address nobody has', async () => {
    const asked = await run('arping', '-c', '2', '-w', '4', '-I', 'br0', '198.18.1.80');
    expect(asked).toMatch(/reply from 198\.18\.1\.80 \[02:00:00:00:00:81\]/);
    expect(asked).toContain('Received 2 response(s)');
    const probed = await run('arping', '-D', '-c', '1', '-w', '2', '-I', 'br0', '198.18.1.80');
    expect(probed).toContain('Received 1 response(s)');
    const nobody = await run('arping', '-c', '1', '-w', '1', '-I', 'br0', '198.18.1.77');
    expect(nobody).toContain('Received 0 response(s)');
  });

  it('ndisc6 finds host and router, rdisc6 the router and its prefix', async () => {
    for (const [target, mac] of [
      ['2001:db8:1::80', '02:00:00:00:00:80'],
      ['fe80::ff:fe00:80', '02:00:00:00:00:80'],
      ['2001:db8:1::1', '02:00:00:00:00:11'],
    ] as const) {
      expect(await run('ndisc6', '-1', '-w', '2000', target, 'br0')).toContain(
        `Target link-layer address: ${mac}`,
      );
    }
    const routers = await run('rdisc6', '-1', '-w', '4000', 'br0');
    expect(routers).toMatch(/Prefix +: 2001:db8:1::\/64/);
    expect(routers).toContain('from fe80::ff:fe00:11');
  });
});
