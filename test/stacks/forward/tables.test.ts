import { describe, expect, it } from 'vitest';
import { Address } from '../../../stacks/address/address.ts';
import { ipv6 } from '../../../stacks/address/ipv6.ts';
import { MAX_PATH_MTUS, PATH_MTU_AGE, PathMtuTable } from '../../../stacks/forward/path-mtu.ts';
import { TokenBucket } from '../../../stacks/forward/token-bucket.ts';
import { Clock, SECOND } from '../../../stacks/time/clock.ts';
import { environment } from '../ipv4/net.ts';

describe('TokenBucket', () => {
  it('gives a burst and then its rate', () => {
    const clock = new Clock();
    const bucket = new TokenBucket(clock, 10, 3);
    const taken = (): number => {
      let n = 0;
      while (bucket.take()) n++;
      return n;
    };
    expect(taken()).toBe(3);
    clock.advance(SECOND / 10 - 1);
    expect(taken()).toBe(0);
    clock.advance(SECOND / 5);
    expect(taken()).toBe(2);
    clock.advance(100 * SECOND);
    expect(taken()).toBe(3);
  });
});

describe('PathMtuTable', () => {
  it('forgets after ten minutes, and the oldest when it is full', () => {
    const env = environment();
    const table = new PathMtuTable(env, ipv6);
    const peer = (n: number): Address => new Address(0x20010db8, 0, 0, n);
    for (let i = 0; i < MAX_PATH_MTUS + 10; i++) table.set(peer(i), 1_300, false);
    expect([...table.entries()]).toHaveLength(MAX_PATH_MTUS);
    expect([table.get(peer(9)), table.get(peer(10))?.mtu]).toEqual([undefined, 1_300]);
    env.clock.advance(PATH_MTU_AGE - 1);
    expect(table.get(peer(11))?.mtu).toBe(1_300);
    env.clock.advance(PATH_MTU_AGE);
    expect(table.get(peer(11))).toBeUndefined();
    expect([...table.entries()]).toEqual([]);
  });

  it('keeps zones apart and puts back what was there', () => {
    const table = new PathMtuTable(environment(), ipv6);
    const one = new Address(0xfe800000, 0, 0, 1, 1);
    const two = new Address(0xfe800000, 0, 0, 1, 2);
    table.set(one, 1_400, false);
    expect(table.get(two)).toBeUndefined();
    const before = table.get(one);
    table.set(one, 1_280, true);
    table.restore(one, before);
    expect(table.get(one)).toMatchObject({ mtu: 1_400, locked: false });
    table.restore(one, undefined);
    expect(table.get(one)).toBeUndefined();
  });
});
