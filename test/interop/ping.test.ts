import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deck, missing, Namespace } from './namespace.ts';

const FAMILIES = [
  { family: 'IPv4', flag: '-4', target: '192.0.2.80', fragmented: 'Ip.FragOKs', reassembled: 'Ip.ReasmOKs' },
  {
    family: 'IPv6',
    flag: '-6',
    target: '2001:db8:1::80',
    fragmented: 'Ip6FragOKs',
    reassembled: 'Ip6ReasmOKs',
  },
];
const COUNT = 5;

describe.skipIf(missing !== undefined)('ping from the kernel', () => {
  let kernel: Namespace;
  beforeAll(async () => {
    kernel = await Namespace.create();
    await kernel.live([deck('pair.deck')]);
    // The kernel may drop what it sends in the first moments of an interface: its queue is attached a little later.
    for (const { flag, target } of FAMILIES)
      await kernel.run('ping', [flag, '-n', '-c', '1', '-w', '10', target]);
  });
  afterAll(() => kernel?.[Symbol.asyncDispose]());

  const ping = (flag: string, size: number, target: string) =>
    kernel.run('ping', [flag, '-n', '-c', String(COUNT), '-i', '0.1', '-W', '2', '-s', String(size), target]);

  for (const { family, flag, target, fragmented, reassembled } of FAMILIES) {
    it(`${family}: 1,400 bytes pass whole, all answered`, async () => {
      const before = await kernel.counter(reassembled);
      const { code, stdout } = await ping(flag, 1_400, target);
      expect(stdout).toContain(`${COUNT} received, 0% packet loss`);
      expect(code).toBe(0);
      expect(await kernel.counter(reassembled)).toBe(before);
    });

    it(`${family}: 20,000 bytes pass in fragments both ways, all answered`, async () => {
      const cut = await kernel.counter(fragmented);
      const joined = await kernel.counter(reassembled);
      const { stdout } = await ping(flag, 20_000, target);
      expect(stdout).toContain(`20008 bytes from ${target}`);
      expect(stdout).toContain(`${COUNT} received, 0% packet loss`);
      expect((await kernel.counter(fragmented)) - cut).toBe(COUNT);
      expect((await kernel.counter(reassembled)) - joined).toBe(COUNT);
    });

    it(`${family}: the largest payload that an echo can have`, async () => {
      const size = family === 'IPv4' ? 65_507 : 65_527;
      const { stdout } = await kernel.run('ping', [
        flag,
        '-n',
        '-c',
        '1',
        '-W',
        '2',
        '-s',
        String(size),
        target,
      ]);
      expect(stdout).toContain(`${size + 8} bytes from ${target}`);
    });

    it(`${family}: answers a flood of 500 without loss`, async () => {
      const { stdout } = await kernel.run('ping', [flag, '-n', '-q', '-f', '-c', '500', target]);
      expect(stdout).toContain('500 received, 0% packet loss');
    });
  }
});
