import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deck, eventually, missing, Namespace } from './namespace.ts';

const FAMILIES = [
  { family: 'IPv4', flag: '-4', target: '192.0.2.80', client: '192.0.2.1', socat: 'TCP4:192.0.2.80' },
  {
    family: 'IPv6',
    flag: '-6',
    target: '[2001:db8:1::80]',
    client: '2001:db8:1::1',
    socat: 'TCP6:[2001:db8:1::80]',
  },
];

describe.skipIf(missing !== undefined)('services of a couple for kernel clients', () => {
  let kernel: Namespace;
  beforeAll(async () => {
    kernel = await Namespace.create();
    await kernel.live([deck('pair.deck')]);
  });
  afterAll(() => kernel?.[Symbol.asyncDispose]());

  for (const { family, flag, target, client, socat } of FAMILIES) {
    it(`${family}: curl is answered by the one server that listens on both`, async () => {
      const { code, stdout, stderr } = await kernel.run('curl', [flag, '-sS', `http://${target}/page`]);
      expect(stderr).toBe('');
      expect(code).toBe(0);
      expect(stdout).toBe(`PAIR6 answers GET /page from ${client} over ${family}\n`);
    });

    it(`${family}: ECHO gives back a stream, and its end`, async () => {
      const input = 'The quick brown fox\n'.repeat(20_000);
      const { code, stdout } = await kernel.run('socat', ['-t', '10', '-', `${socat}:7`], { input });
      expect(code).toBe(0);
      expect(stdout === input).toBe(true);
    });

    it(`${family}: the kernel's side of a connection has SACK, timestamps and window scaling`, async () => {
      const client = kernel.start('socat', ['-', `${socat}:7`]);
      client.write('hello\n');
      await client.saying(/hello/);
      // -o: without it ss leaves out ts and sack.
      const { stdout } = await kernel.run('ss', ['-tinoH', 'dport', '=', ':7']);
      expect(stdout).toMatch(/ESTAB/);
      expect(stdout).toMatch(/\bts\b/);
      expect(stdout).toMatch(/\bsack\b/);
      expect(stdout).toMatch(/\bwscale:[1-9]\d*,[1-9]\d*/);
      client.finish();
      expect((await client.ended).code).toBe(0);
    });

    it(`${family}: both ends close in order, nothing is left behind`, async () => {
      await kernel.run('curl', [flag, '-sS', `http://${target}/`]);
      const left = await eventually(async () => {
        const { stdout } = await kernel.run('ss', ['-tanH', 'state', 'connected', 'exclude', 'time-wait']);
        return stdout.trim() === '' ? 'none' : undefined;
      }, 3_000);
      expect(left).toBe('none');
    });
  }

  it('UDP through the couple: IPv6 is answered', async () => {
    const { code, stdout } = await kernel.run('socat', ['-t', '1', '-', 'UDP6:[2001:db8:1::80]:7'], {
      input: 'six\n',
    });
    expect(stdout).toBe('six\n');
    expect(code).toBe(0);
  });

  it('UDP through the couple: a datagram in fragments comes back whole', async () => {
    const input = `${'x'.repeat(4_999)}\n`;
    const { stdout } = await kernel.run('socat', ['-b', '8000', '-t', '1', '-', 'UDP6:[2001:db8:1::80]:7'], {
      input,
    });
    expect(stdout).toBe(input);
  });

  it('UDP through the couple: IPv4 is refused by ICMP port unreachable', async () => {
    const before = await kernel.counter('Icmp.InDestUnreachs');
    const { code, stderr } = await kernel.run('socat', ['-t', '1', '-', 'UDP4:192.0.2.80:7'], {
      input: 'four\n',
    });
    expect(stderr).toContain('Connection refused');
    expect(code).toBe(1);
    expect((await kernel.counter('Icmp.InDestUnreachs')) - before).toBe(1);
  });
});
