import { describe, expect, it } from 'vitest';
import { Address } from '../../../stacks/address/address.ts';
import { ipv6 } from '../../../stacks/address/ipv6.ts';
import { MAX_NEIGHBOURS } from '../../../stacks/forward/neighbour-table.ts';
import { REACHABLE_TIME } from '../../../stacks/forward/neighbour-times.ts';
import {
  type Advertisement,
  DELAY_FIRST_PROBE_TIME,
  FAILED_TIME,
  MAX_RESOLVING,
  MAX_WAITING,
  NeighbourCache,
  QUEUE_PER_NEIGHBOUR,
} from '../../../stacks/forward/neighbours.ts';
import { SECOND } from '../../../stacks/time/clock.ts';
import { environment, settle } from '../ipv4/net.ts';

const MAC = Uint8Array.of(2, 0, 0, 0, 0, 1);
const OTHER = Uint8Array.of(2, 0, 0, 0, 0, 2);

function address(n: number): Address {
  return new Address(0x20010db8, 0, 0, n);
}

function setUp() {
  const env = environment();
  const asked: (string | undefined)[] = [];
  const out: string[] = [];
  const refused: Record<string, number> = {};
  const lost: string[] = [];
  const cache = new NeighbourCache(env, ipv6, {
    solicit: (_address, _index, mac) => asked.push(mac?.join(':')),
    transmit: (packet, mac) => {
      out.push(mac.join(':'));
      env.pool.release(packet);
    },
    unresolved: (packet, reason) => {
      refused[reason] = (refused[reason] ?? 0) + 1;
      env.pool.release(packet);
    },
    lost: (_address, _index, why) => lost.push(why),
  });
  const send = (n = 1): void => cache.send(env.pool.take(40)!, address(n), 1);
  const state = (n = 1): string | undefined => cache.lookup(address(n), 1)?.state;
  const say = (said: Partial<Advertisement> = {}): boolean =>
    cache.advertise({
      address: address(1),
      interfaceIndex: 1,
      mac: MAC,
      solicited: true,
      override: true,
      router: false,
      ...said,
    });
  return { env, cache, asked, out, refused, lost, send, state, say };
}

describe('resolution (RFC 4861 §7.2)', () => {
  it('asks three times, a second apart, then fails and remembers it for a moment', () => {
    const { env, asked, refused, lost, send, state } = setUp();
    send();
    expect([state(), asked.length]).toEqual(['incomplete', 1]);
    settle(env);
    expect(env.clock.now).toBe(3 * SECOND);
    expect(asked).toEqual([undefined, undefined, undefined]);
    expect([state(), lost]).toEqual(['failed', ['unreachable']]);
    send();
    expect([asked.length, refused]).toEqual([3, { 'neighbour-unresolved': 2 }]);
    env.clock.advance(env.clock.now + FAILED_TIME);
    send();
    expect([state(), asked.length]).toEqual(['incomplete', 4]);
    settle(env);
    expect(env.pool.live).toBe(0);
  });

  it('sends what waited, oldest first, once the answer comes', () => {
    const { env, cache, out, refused, send, say, state } = setUp();
    for (let i = 0; i < QUEUE_PER_NEIGHBOUR + 5; i++) send();
    expect(refused).toEqual({ 'neighbour-queue': 5 });
    expect(say({ mac: undefined })).toBe(false);
    expect(out).toEqual([]);
    expect(say()).toBe(true);
    expect(out).toHaveLength(QUEUE_PER_NEIGHBOUR);
    expect([state(), env.clock.foreground, env.pool.live]).toEqual(['reachable', 0, 0]);
    expect(cache.lookup(address(1), 2)).toBeUndefined(); // another link, another neighbour
  });

  it('an unsolicited answer makes it stale, and so does a solicitation from it', () => {
    const { cache, send, say, state } = setUp();
    send();
    say({ solicited: false });
    expect(state()).toBe('delay'); // the packet that waited went out by the stale entry
    cache.learn(address(2), 1, MAC);
    expect(state(2)).toBe('stale');
    send(3);
    cache.learn(address(3), 1, MAC, true);
    expect([state(3), cache.lookup(address(3), 1)!.isRouter]).toEqual(['delay', true]);
  });

  it('makes no entry for an answer that nobody asked for', () => {
    const { cache, say } = setUp();
    expect(say()).toBe(false);
    expect(cache.size).toBe(0);
  });
});

describe('unreachability detection (RFC 4861 §7.3)', () => {
  it('is reachable for 15 to 45 seconds, then stale, and probes five seconds after the next packet', () => {
    const { env, asked, out, lost, send, say, state } = setUp();
    send();
    say();
    env.clock.advance(REACHABLE_TIME / 2);
    expect(state()).toBe('reachable');
    env.clock.advance(1.5 * REACHABLE_TIME);
    expect(state()).toBe('stale');
    send();
    expect([state(), out.length, env.clock.foreground]).toEqual(['delay', 2, 0]);
    env.clock.advance(env.clock.now + DELAY_FIRST_PROBE_TIME);
    expect([state(), asked.at(-1), env.clock.foreground]).toEqual(['probe', MAC.join(':'), 1]);
    settle(env);
    expect(asked).toEqual([undefined, MAC.join(':'), MAC.join(':'), MAC.join(':')]);
    expect([state(), lost]).toEqual([undefined, ['unreachable']]);
  });

  it('is confirmed by an upper layer, or by the answer to a probe', () => {
    const { env, cache, asked, send, say, state } = setUp();
    send();
    cache.confirm(address(1), 1);
    expect(state()).toBe('incomplete'); // no address to be reachable at
    say();
    env.clock.advance(2 * REACHABLE_TIME);
    send();
    cache.confirm(address(1), 1);
    expect(state()).toBe('reachable');
    env.clock.advance(env.clock.now + 2 * REACHABLE_TIME);
    send();
    env.clock.advance(env.clock.now + DELAY_FIRST_PROBE_TIME);
    expect(state()).toBe('probe');
    say();
    expect([state(), env.clock.foreground, asked.length]).toEqual(['reachable', 0, 2]);
  });

  const other = { mac: OTHER };
  it.each<[string, Partial<Advertisement>, string, Uint8Array]>([
    ['another address without override', { ...other, override: false }, 'stale', MAC],
    ['another address, override, unsolicited', { ...other, solicited: false }, 'stale', OTHER],
    ['another address, override, solicited', other, 'reachable', OTHER],
    ['the same address, unsolicited', { solicited: false }, 'reachable', MAC],
    ['no address, solicited', { mac: undefined }, 'reachable', MAC],
  ])('RFC 4861 §7.2.5: %s', (_name, said, then, mac) => {
    const { cache, send, say, state } = setUp();
    send();
    say();
    say(said);
    expect([state(), cache.lookup(address(1), 1)!.mac]).toEqual([then, mac]);
  });

  it('tells when a router stops to be one', () => {
    const { lost, send, say } = setUp();
    send();
    say({ router: true });
    say({ router: false });
    expect(lost).toEqual(['not-a-router']);
  });
});

describe('bounds (RFC 6583)', () => {
  it('a scan evicts only others like itself', () => {
    const { env, cache, refused, send, say, state } = setUp();
    send();
    say();
    for (let i = 0; i < 5_000; i++) send(100 + i);
    expect(cache.size).toBe(MAX_RESOLVING + 1);
    expect(refused).toEqual({ 'neighbour-queue': 5_000 - MAX_RESOLVING });
    expect(state()).toBe('reachable');
    settle(env);
    expect(env.pool.live).toBe(0);
  });

  it('packets that wait are bounded in all', () => {
    const { env, send } = setUp();
    for (let i = 0; i < 100; i++) for (let j = 0; j < QUEUE_PER_NEIGHBOUR; j++) send(i);
    expect(env.pool.live).toBeLessThanOrEqual(MAX_WAITING);
    settle(env);
    expect(env.pool.live).toBe(0);
  });

  it('a flood of solicitations stays within the table and leaves the reachable alone', () => {
    const { cache, send, say, state } = setUp();
    send();
    say();
    for (let i = 0; i < 3 * MAX_NEIGHBOURS; i++) cache.learn(address(100 + i), 1, OTHER);
    expect(cache.size).toBe(MAX_NEIGHBOURS);
    expect(state()).toBe('reachable');
  });

  it('a link that goes down takes its entries and their packets with it', () => {
    const { env, cache, refused, send, state } = setUp();
    send();
    cache.learn(address(2), 2, MAC);
    cache.flush(1);
    expect([state(), refused, cache.size, env.pool.live]).toEqual([undefined, { 'link-down': 1 }, 1, 0]);
    cache.flush(2);
    expect([...cache.entries()]).toEqual([]);
  });
});
