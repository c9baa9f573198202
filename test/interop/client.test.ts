/** A couple as the client: it opens connections to the kernel, and is told by the kernel why one fails. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deck, missing, Namespace, type Running } from './namespace.ts';

/** A page of 100,000 bytes for everybody. */
const SERVER = `require('node:http').createServer((q, r) => r.end('x'.repeat(100000))).listen(8080, '::', () => console.log('listening'))`;
const ACTIONS = 8;

describe.skipIf(missing !== undefined)('a couple as a client of the kernel', () => {
  let kernel: Namespace;
  let twinstack: Running;
  beforeAll(async () => {
    kernel = await Namespace.create();
    // As a router the kernel says so when it has no route.
    await kernel.run('sysctl', ['-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
    await kernel.start(process.execPath, ['-e', SERVER]).saying(/listening/);
    twinstack = await kernel.live([deck('client.deck')]);
    await twinstack.saying(new RegExp(`(^ +[\\d.]+ .*\\n){${ACTIONS}}`, 'm'), 20_000);
  });
  afterAll(() => kernel?.[Symbol.asyncDispose]());

  it.each(['192.0.2.1', '2001:DB8:1::1'])('pings %s with fragments', (target) => {
    expect(twinstack.stdout).toContain(`ok   CALLER6 pings ${target}: 2/2 answered`);
  });

  it.each([
    ['192.0.2.1', 'IPv4'],
    ['2001:DB8:1::1', 'IPv6'],
  ])('fetches from %s', (target, family) => {
    expect(twinstack.stdout).toContain(
      `ok   CALLER6 fetches ${target}:8080 over ${family}: 200, 100000 bytes`,
    );
  });

  it.each(['192.0.2.1', '2001:db8:1::1'])('is refused by a closed port of %s', (target) => {
    expect(twinstack.stdout).toMatch(
      new RegExp(`FAIL CALLER6 connect .*: connect ECONNREFUSED ${target}:81`),
    );
  });

  it.each(['203.0.113.9', '2001:db8:f::9'])('learns that there is no way to %s', (target) => {
    expect(twinstack.stdout).toMatch(
      new RegExp(`FAIL CALLER6 .*: connect (ENETUNREACH|EHOSTUNREACH) ${target}:80`),
    );
  });
});
