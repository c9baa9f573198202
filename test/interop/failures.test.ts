/** What a kernel client is told when it cannot connect: refused, no route, or nothing at all. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deck, missing, Namespace } from './namespace.ts';

/** curl's exit codes. */
const COULD_NOT_CONNECT = 7;
const TIMED_OUT = 28;

describe.skipIf(missing !== undefined)('connections that fail', () => {
  let host: Namespace;
  let routed: Namespace;
  beforeAll(async () => {
    host = await Namespace.create();
    routed = await Namespace.create();
    await host.live([deck('pair.deck')]);
    await routed.live([deck('path.deck')], ['--no-host-side']);
    await routed.ip('addr', 'add', '198.18.1.2/24', 'dev', 'near4');
    await routed.ip('addr', 'add', '2001:db8:1::2/64', 'dev', 'near6', 'nodad');
    for (const link of ['near4', 'near6']) await routed.ip('link', 'set', link, 'up');
    await routed.ip('route', 'add', 'default', 'via', '198.18.1.1');
    await routed.ip('-6', 'route', 'add', 'default', 'via', '2001:db8:1::1');
  });
  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    await routed?.[Symbol.asyncDispose]();
  });

  const curl = (kernel: Namespace, patience: number, url: string) =>
    kernel.run('curl', ['-sv', '--connect-timeout', String(patience), url]);

  for (const { family, target, nobody, nowhere } of [
    { family: 'IPv4', target: '192.0.2.80', nobody: '198.18.2.99', nowhere: '203.0.113.9' },
    { family: 'IPv6', target: '[2001:db8:1::80]', nobody: '[2001:db8:2::99]', nowhere: '[2001:db8:f::9]' },
  ]) {
    it(`${family}: a closed port refuses at once`, async () => {
      const { code, stderr } = await curl(host, 10, `http://${target}:81/`);
      expect(stderr).toContain('Connection refused');
      expect(code).toBe(COULD_NOT_CONNECT);
    });

    it(`${family}: a filtered port is silent`, async () => {
      const start = Date.now();
      const { code, stderr } = await curl(host, 2, `http://${target}:4711/`);
      expect(code).toBe(TIMED_OUT);
      expect(stderr).not.toContain('refused');
      expect(Date.now() - start).toBeGreaterThanOrEqual(1_990);
    });

    it(`${family}: a neighbour that does not exist is unreachable`, async () => {
      const { code, stderr } = await curl(routed, 10, `http://${nobody}/`);
      expect(stderr).toContain('No route to host');
      expect(code).toBe(COULD_NOT_CONNECT);
    });

    it(`${family}: a network that the router does not know is unreachable at once`, async () => {
      const start = Date.now();
      const { code, stderr } = await curl(routed, 10, `http://${nowhere}/`);
      // RFC 1812 §5.2.7.1 and RFC 4443 §3.1 code 0, which Linux words so.
      expect(stderr).toContain('Network is unreachable');
      expect(code).toBe(COULD_NOT_CONNECT);
      expect(Date.now() - start).toBeLessThan(1_000);
    });
  }
});
