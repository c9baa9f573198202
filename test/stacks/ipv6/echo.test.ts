import { describe, expect, it } from 'vitest';
import { SECOND } from '../../../stacks/time/clock.ts';
import { expectAtRest, icmpPacket, ip, pair, ping, seen, settle } from './net.ts';

describe('echo', () => {
  it.each(['ethernet', 'ip'] as const)('is answered with the same data on %s', (medium) => {
    const { env, a, b, portA, portB } = pair({ medium });
    const result = ping(env, a, '2001:db8::2', { size: 100 });
    expect(result).toMatchObject({ outcome: 'reply', reply: { bytes: 100, hopLimit: 64 } });
    if (result.outcome === 'reply') expect(result.reply.from.equals(ip('2001:db8::2'))).toBe(true);
    const request = seen(portA).find(({ type }) => type === 128)!;
    const reply = seen(portB).find(({ type }) => type === 129)!;
    expect(reply.word).toBe(request.word);
    expect(reply.body).toEqual(request.body);
    expect(reply.source).toBe('2001:db8::2');
    expectAtRest(env, a, b);
  });

  it.each([0, 1, 1_452, 1_453, 4_000, 65_527])('carries %i bytes, in fragments where needed', (size) => {
    const { env, a, b, portA } = pair();
    expect(ping(env, a, '2001:db8::2', { size })).toMatchObject({ outcome: 'reply', reply: { bytes: size } });
    for (const sent of portA.sent) expect(sent.length).toBeLessThanOrEqual(1514);
    expectAtRest(env, a, b);
  });

  it('refuses what no packet holds', () => {
    const { env, a } = pair();
    expect(ping(env, a, '2001:db8::2', { size: 65_528 })).toMatchObject({ failure: { code: 'EMSGSIZE' } });
    expect(ping(env, a, '2001:db8::2', { size: 1_453, dontFragment: true })).toMatchObject({
      failure: { code: 'EMSGSIZE' },
    });
    expectAtRest(env, a);
  });

  it('bounds the requests under way, and answers all that it took', () => {
    const { env, a, b } = pair();
    ping(env, a, '2001:db8::2');
    const outcomes: Record<string, number> = {};
    for (let i = 0; i < 4_098; i++) {
      a.echo(ip('2001:db8::2'), { size: 8, timeout: SECOND }, (result) => {
        const outcome = result.outcome === 'error' ? result.failure.code : result.outcome;
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      });
    }
    expect(outcomes).toEqual({});
    settle(env);
    expect(outcomes).toEqual({ reply: 4_096, ENOBUFS: 2 });
    expectAtRest(env, a, b);
  });

  it('reaches every own address and ::1 without a link', () => {
    const { env, a, portA } = pair();
    const before = portA.sent.length;
    for (const to of [ip('2001:db8::1'), ip('::1'), ip('fe80::ff:fe00:1', 1)]) {
      expect(ping(env, a, to, { size: 60_000 })).toMatchObject({
        outcome: 'reply',
        reply: { bytes: 60_000 },
      });
    }
    expect(portA.sent.length).toBe(before);
    expectAtRest(env, a);
  });

  it('speaks to link-local addresses and to all nodes by their zone', () => {
    const { env, a, b } = pair();
    expect(ping(env, a, ip('fe80::ff:fe00:2', 1))).toMatchObject({ outcome: 'reply' });
    const result = ping(env, a, ip('ff02::1', 1));
    expect(result).toMatchObject({ outcome: 'reply', reply: { from: { zone: 1 } } });
    expectAtRest(env, a, b);
  });

  it('times out once when the answer is lost', () => {
    const { env, a, b, portB } = pair({ medium: 'ip' });
    portB.pass = () => false;
    const before = env.clock.now;
    expect(ping(env, a, '2001:db8::2', { timeout: 2 * SECOND })).toEqual({ outcome: 'timeout' });
    expect(env.clock.now - before).toBe(2 * SECOND);
    expectAtRest(env, a, b);
  });

  it('says that a neighbour does not answer, after three solicitations a second apart', () => {
    const { env, a, portA } = pair();
    const before = env.clock.now;
    expect(ping(env, a, '2001:db8::77')).toMatchObject({
      outcome: 'error',
      failure: { code: 'EHOSTUNREACH' },
    });
    expect(env.clock.now - before).toBe(3 * SECOND);
    expect(seen(portA).filter(({ type, body }) => type === 135 && body.at(15) === 0x77)).toHaveLength(3);
    expectAtRest(env, a);
  });

  it('fails without a route, and when the stack stops', () => {
    const { env, a, portB } = pair({ medium: 'ip' });
    expect(ping(env, a, '2001:db8:9::1')).toMatchObject({
      outcome: 'error',
      failure: { code: 'ENETUNREACH' },
    });
    portB.pass = () => false;
    const results: unknown[] = [];
    a.echo(ip('2001:db8::2'), { size: 8, timeout: SECOND }, (result) => results.push(result));
    a.stop();
    settle(env);
    expect(results).toMatchObject([{ outcome: 'error', failure: { code: 'ENETDOWN' } }]);
    expectAtRest(env, a);
  });

  it('ignores replies that nobody asked for, from strangers, or of another length', () => {
    const { env, a, portA } = pair({ medium: 'ip' });
    portA.pass = () => false;
    const results: unknown[] = [];
    a.echo(ip('2001:db8::2'), { size: 4, timeout: SECOND }, (result) => results.push(result));
    const { word } = seen(portA).at(-1)!;
    const reply = (source: string, size: number, w = word): void =>
      portA.inject(icmpPacket(129, 0, w, new Uint8Array(size), { source, destination: '2001:db8::1' }));
    reply('2001:db8::9', 4);
    reply('2001:db8::2', 5);
    reply('2001:db8::2', 4, word + 1);
    expect(a.counters.drops).toEqual({ 'icmp-unmatched': 3 });
    expect(results).toEqual([]);
    reply('2001:db8::2', 4);
    expect(results).toMatchObject([{ outcome: 'reply' }]);
    settle(env);
    expect(results).toHaveLength(1);
    expectAtRest(env, a);
  });

  it('holds when a device answers from inside transmit', () => {
    const { env, a, b, hub } = pair();
    hub.synchronous = true;
    expect(ping(env, a, '2001:db8::2', { size: 5_000 })).toMatchObject({ outcome: 'reply' });
    expectAtRest(env, a, b);
  });
});
