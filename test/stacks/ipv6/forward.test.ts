import { describe, expect, it } from 'vitest';
import { SECOND } from '../../../stacks/time/clock.ts';
import { dropsOf, expectAtRest, frame, icmpPacket, ping, seen, settle, udpPacket } from './net.ts';
import { narrow } from './router.ts';

const LEFT = '2001:db8:1::2';
const RIGHT = '2001:db8:2::2';

describe('forwarding (RFC 8200, RFC 4443)', () => {
  it.each(['ethernet', 'ip'] as const)('passes packets on with one hop less on %s', (medium) => {
    const { env, left, router, right, nearPort, farPort } = narrow(1_500, medium);
    expect(ping(env, left, RIGHT, { size: 3_000 })).toMatchObject({
      outcome: 'reply',
      reply: { bytes: 3_000, hopLimit: 63 },
    });
    expect(router.counters.forwarded).toBe(6);
    const [near, far] = router.interfaces().map(({ counters }) => counters);
    expect([near!.forwarded, far!.forwarded]).toEqual([3, 3]);
    expect([near!.transmitted, far!.transmitted]).toEqual([nearPort.sent.length, farPort.sent.length]);
    expectAtRest(env, left, router, right);
  });

  it.each([
    ['the last hop', RIGHT, 'hop-limit', { hopLimit: 1 }, { type: 3, code: 0 }],
    ['no route', '2001:db8:7::1', 'no-route', {}, { type: 1, code: 0 }],
    ['a link-local source', RIGHT, 'beyond-scope', { source: 'fe80::ff:fe00:1' }, { type: 1, code: 2 }],
  ])('tells the sender of %s', (_, destination, reason, fields, expected) => {
    const { env, left, router, right, nearPort } = narrow();
    const drops = dropsOf(router);
    const packet = icmpPacket(128, 0, 1, [], { source: LEFT, destination, ...fields });
    nearPort.inject(frame(packet, nearPort.mac!));
    settle(env);
    expect(drops()).toEqual({ [reason]: 1 });
    expect(seen(nearPort).at(-1)).toMatchObject({
      ...expected,
      destination: (fields as { source?: string }).source ?? LEFT,
    });
    expectAtRest(env, left, router, right);
  });

  it.each([
    ['a link-local destination', LEFT, 'fe80::77', 'beyond-scope'],
    ['no source', '::', RIGHT, 'bad-source'],
    ['a group', LEFT, 'ff05::77', 'not-for-me'],
  ])('is silent about %s', (_, source, destination, reason) => {
    const { env, left, router, right, nearPort } = narrow();
    const drops = dropsOf(router);
    const before = nearPort.sent.length;
    nearPort.inject(frame(icmpPacket(128, 0, 1, [], { source, destination }), nearPort.mac!));
    settle(env);
    expect(drops()).toEqual({ [reason]: 1 });
    expect(nearPort.sent.length).toBe(before);
    expectAtRest(env, left, router, right);
  });

  it('does not pass on what came to a group of stations', () => {
    const { env, left, router, right, nearPort } = narrow();
    const packet = udpPacket(new Uint8Array(1), [1, 2], { source: LEFT, destination: RIGHT });
    nearPort.inject(frame(packet, Uint8Array.of(0x33, 0x33, 0, 0, 0, 1)));
    expect(router.counters.forwarded).toBe(0);
    expectAtRest(env, left, router, right);
  });

  it('says that the last hop does not answer', () => {
    const { env, left, router, right } = narrow();
    const before = env.clock.now;
    expect(ping(env, left, '2001:db8:2::77')).toMatchObject({
      outcome: 'error',
      failure: { code: 'EHOSTUNREACH' },
      from: { w0: 0x20010db8 | 0 },
    });
    expect(Math.floor((env.clock.now - before) / SECOND)).toBe(3);
    expect(router.counters.drops).toMatchObject({ 'neighbour-unresolved': 1 });
    expect(router.counters.forwarded).toBe(0);
    expectAtRest(env, left, router, right);
  });

  it('does not loop on a point-to-point link (RFC 4443 §3.1)', () => {
    const { env, left, router, right } = narrow(1_500, 'ip');
    const before = router.counters.forwarded;
    expect(ping(env, left, '2001:db8:1::99')).toMatchObject({
      outcome: 'error',
      failure: { code: 'EHOSTUNREACH' },
    });
    expect(router.counters.forwarded).toBe(before);
    expect(ping(env, right, '2001:db8:1::99')).toEqual({ outcome: 'timeout' });
    expectAtRest(env, left, router, right);
  });

  it('stops when it is switched off, and when a link is down', () => {
    const { env, left, router, right } = narrow();
    router.forwarding = false;
    expect(ping(env, left, RIGHT)).toEqual({ outcome: 'timeout' });
    router.forwarding = true;
    router.setLink(2, false);
    expect(ping(env, left, RIGHT)).toMatchObject({ outcome: 'error', failure: { code: 'ENETUNREACH' } });
    router.setLink(2, true);
    settle(env);
    expect(ping(env, left, RIGHT)).toMatchObject({ outcome: 'reply' });
    expectAtRest(env, left, router, right);
  });

  it('shows each hop to a traceroute', () => {
    const { env, left } = narrow();
    const hops = [1, 2].map((hopLimit) => {
      const result = ping(env, left, RIGHT, { hopLimit });
      if (result.outcome === 'reply') return left.describe(result.reply.from);
      return result.outcome === 'error' && result.from !== undefined ? left.describe(result.from) : '*';
    });
    expect(hops).toEqual(['2001:db8:1::1', RIGHT]);
  });
});
