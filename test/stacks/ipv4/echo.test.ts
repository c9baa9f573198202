import { describe, expect, it } from 'vitest';
import { SECOND } from '../../../stacks/time/clock.ts';
import { datagram, expectAtRest, get16, icmp, ip, pair, ping, settle } from './net.ts';

describe('echo', () => {
  it.each([true, false])('is answered with the same data, Ethernet %s', (ethernet) => {
    const { env, a, b, deviceA, deviceB } = pair({ ethernet });
    const result = ping(env, a, '10.0.0.2', { size: 100 });
    expect(result).toMatchObject({ outcome: 'reply', reply: { bytes: 100, hopLimit: 64 } });
    if (result.outcome === 'reply') expect(result.reply.from).toEqual(ip('10.0.0.2'));
    const from = ethernet ? 34 : 20;
    const request = deviceA.sent.at(-1)!;
    const reply = deviceB.sent.at(-1)!;
    expect([request[from], reply[from]]).toEqual([8, 0]);
    expect(reply.subarray(from + 4)).toEqual(request.subarray(from + 4));
    expect(b.counters.answered).toBe(ethernet ? 2 : 1); // the ARP request as well
    expectAtRest(env, a, b);
  });

  it.each([0, 1, 1_472, 1_473, 4_000, 65_507])('carries %i bytes, in fragments where needed', (size) => {
    const { env, a, b } = pair();
    expect(ping(env, a, '10.0.0.2', { size })).toMatchObject({ outcome: 'reply', reply: { bytes: size } });
    expectAtRest(env, a, b);
  });

  it('refuses what no datagram holds', () => {
    const { env, a } = pair();
    expect(ping(env, a, '10.0.0.2', { size: 65_508 })).toMatchObject({ failure: { code: 'EMSGSIZE' } });
    expect(ping(env, a, '10.0.0.2', { size: 1_473, dontFragment: true })).toMatchObject({
      failure: { code: 'EMSGSIZE' },
    });
    expectAtRest(env, a);
  });

  it('answers to every own address and to 127/8, without a link', () => {
    const { env, a, deviceA } = pair();
    for (const to of ['10.0.0.1', '127.0.0.1', '127.9.9.9']) {
      expect(ping(env, a, to, { size: 60_000 })).toMatchObject({
        outcome: 'reply',
        reply: { bytes: 60_000 },
      });
    }
    expect(deviceA.sent).toEqual([]);
    expectAtRest(env, a);
  });

  it('times out once when the answer is lost', () => {
    const { env, a, b, deviceB } = pair({ ethernet: false });
    deviceB.pass = () => false;
    const before = env.clock.now;
    expect(ping(env, a, '10.0.0.2', { timeout: 2 * SECOND })).toEqual({ outcome: 'timeout' });
    expect(env.clock.now - before).toBe(2 * SECOND);
    expectAtRest(env, a, b);
  });

  it('says that a neighbour does not answer, after three requests a second apart', () => {
    const { env, a, deviceA } = pair();
    expect(ping(env, a, '10.0.0.77')).toMatchObject({ outcome: 'error', failure: { code: 'EHOSTUNREACH' } });
    const asked = (): number => deviceA.sent.filter((f) => get16(f, 12) === 0x0806 && f[41] === 77).length;
    expect(asked()).toBe(3);
    // Remembered for a moment: the next call fails at once and asks nobody.
    const before = env.clock.now;
    expect(ping(env, a, '10.0.0.77')).toMatchObject({ outcome: 'error', failure: { code: 'EHOSTUNREACH' } });
    expect(env.clock.now).toBe(before);
    expect(asked()).toBe(3);
    expectAtRest(env, a);
  });

  it('fails without a route, and when the stack stops', () => {
    const { env, a, deviceB } = pair({ ethernet: false });
    expect(ping(env, a, '192.0.2.1')).toMatchObject({ outcome: 'error', failure: { code: 'ENETUNREACH' } });
    deviceB.pass = () => false;
    const results: unknown[] = [];
    a.echo(ip('10.0.0.2'), { size: 8, timeout: SECOND }, (result) => results.push(result));
    a.stop();
    settle(env);
    expect(results).toMatchObject([{ outcome: 'error', failure: { code: 'ENETDOWN' } }]);
    expectAtRest(env, a);
  });

  it('ignores replies that nobody asked for, from strangers, or of another length', () => {
    const { env, a, deviceA, deviceB } = pair({ ethernet: false });
    deviceA.pass = () => false;
    const results: unknown[] = [];
    a.echo(ip('10.0.0.2'), { size: 4, timeout: SECOND }, (result) => results.push(result));
    const word = (get16(deviceA.sent[0]!, 24) << 16) | get16(deviceA.sent[0]!, 26);
    const reply = (source: string, size: number, w = word): void =>
      deviceA.inject(
        datagram(icmp(0, 0, w, new Uint8Array(size)), { protocol: 1, source, destination: '10.0.0.1' }),
      );
    reply('10.0.0.9', 4);
    reply('10.0.0.2', 5);
    reply('10.0.0.2', 4, word + 1);
    expect(a.counters.drops).toEqual({ 'icmp-unmatched': 3 });
    expect(results).toEqual([]);
    reply('10.0.0.2', 4);
    expect(results).toMatchObject([{ outcome: 'reply' }]);
    settle(env);
    expect(results).toHaveLength(1);
    expect(deviceB.sent).toEqual([]);
    expectAtRest(env, a);
  });
});
