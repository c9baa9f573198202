import { describe, expect, it } from 'vitest';
import { randomAddressIn, StableIdentifiers } from '../../../stacks/ipv6/identifiers.ts';
import { REGEN_ADVANCE } from '../../../stacks/ipv6/temporary.ts';
import { SECOND } from '../../../stacks/time/clock.ts';
import { type Alone, advertise, host } from './advertised.ts';
import {
  bytes,
  expectAtRest,
  frame,
  icmpPacket,
  ip,
  type Port,
  STRANGER,
  seen,
  settle,
  text,
} from './net.ts';

const PREFIX = '2001:db8:5::';
const HOUR = 3_600 * SECOND;
const secret = Uint8Array.from({ length: 16 }, (_, i) => i);

const list = ({ stack }: Alone) =>
  stack.interfaces()[0]!.addresses.map(({ address, origin, state }) => ({
    address: stack.family.format(address),
    origin,
    state,
  }));

/** Somebody else has every address that is asked about, `times` times. */
function deny(port: Port, times: number): string[] {
  const denied: string[] = [];
  port.pass = (sent) => {
    if (sent[54] !== 135 || denied.length >= times || text(sent, 22) !== '::') return true;
    const target = text(sent, 62);
    if (target.startsWith('fe80')) return true;
    denied.push(target);
    const body = bytes(sent.subarray(62, 78), [2, 1], STRANGER);
    const fields = { source: target, destination: 'ff02::1', hopLimit: 255 };
    setImmediateOn(port, frame(icmpPacket(136, 0, 0x2000_0000, body, fields), STRANGER));
    return true;
  };
  return denied;
}

const pending: { port: Port; frame: Uint8Array }[] = [];
function setImmediateOn(port: Port, answer: Uint8Array): void {
  pending.push({ port, frame: answer });
}
/** Until nothing is in flight, with the answers of `deny`. */
function settleDenied({ env }: Alone): void {
  for (;;) {
    const next = pending.shift();
    if (next !== undefined) next.port.inject(next.frame);
    else if (env.clock.foreground > 0) env.clock.step();
    else return;
  }
}

describe('stable opaque identifiers (RFC 7217)', () => {
  it('depend on prefix, interface, attempt and secret, and on nothing else', () => {
    const ids = new StableIdentifiers(secret);
    const one = ids.addressIn(ip(PREFIX), 'ETH', 0);
    expect(ids.addressIn(ip('2001:db8:5::1234'), 'ETH', 0)).toEqual(one);
    expect(new StableIdentifiers(secret).addressIn(ip(PREFIX), 'ETH', 0)).toEqual(one);
    const others = [
      ids.addressIn(ip('2001:db8:6::'), 'ETH', 0),
      ids.addressIn(ip(PREFIX), 'ETJ', 0),
      ids.addressIn(ip(PREFIX), 'ETH', 1),
      new StableIdentifiers(secret.map((b) => b ^ 1)).addressIn(ip(PREFIX), 'ETH', 0),
    ];
    for (const other of others) {
      expect(other.w2).not.toBe(one.w2);
      expect(other.w3).not.toBe(one.w3);
    }
    expect(() => new StableIdentifiers(secret.subarray(1))).toThrow(RangeError);
  });

  it('are never reserved ones (RFC 5453)', () => {
    const words = [0, 0, 0xfdffffff, 0xffffff80, 0x02005eff, 0xfe000001, 5, 6];
    const random = { u32: () => words.shift()! };
    expect(randomAddressIn(ip(PREFIX), random)).toEqual(ip('2001:db8:5:0:0:5:0:6'));
  });

  it('are what a host configures unless told otherwise (RFC 8064), the same for the same secret', () => {
    const addresses = [1, 2].map(() => {
      const alone = host({ identifier: 'stable', secret });
      alone.stack.start();
      settle(alone.env);
      advertise(alone.port, { prefix: PREFIX });
      settle(alone.env);
      return list(alone).map(({ address }) => address);
    });
    expect(addresses[0]).toEqual(addresses[1]);
    expect(addresses[0]!.join()).not.toContain('ff:fe00');
    const [linkLocal, global] = addresses[0]!.map((address) => ip(address));
    expect(linkLocal!.w3).not.toBe(global!.w3);
  });

  it('give way to a duplicate three times, a second apart, and then no more', () => {
    const alone = host({ identifier: 'stable', secret });
    alone.stack.start();
    settle(alone.env);
    const denied = deny(alone.port, 2);
    advertise(alone.port, { prefix: PREFIX });
    settleDenied(alone);
    expect(new Set(denied).size).toBe(2);
    expect(list(alone)[1]).toMatchObject({ origin: 'slaac', state: 'preferred' });
    expect(denied).not.toContain(list(alone)[1]!.address);

    const unlucky = host({ identifier: 'stable', secret });
    unlucky.stack.start();
    settle(unlucky.env);
    const all = deny(unlucky.port, 99);
    advertise(unlucky.port, { prefix: PREFIX });
    settleDenied(unlucky);
    expect(new Set(all).size).toBe(4);
    expect(list(unlucky)[1]!.state).toBe('duplicate');
    // IP goes on: the identifier says nothing about the MAC (RFC 4862 §5.4.5).
    expect(list(unlucky)[0]!.state).toBe('preferred');
    expectAtRest(unlucky.env, unlucky.stack);
  });
});

describe('temporary addresses (RFC 8981)', () => {
  const started = (said = { prefix: PREFIX, valid: 2_592_000, preferred: 604_800 }): Alone => {
    const alone = host({ temporary: true });
    alone.stack.start();
    settle(alone.env);
    advertise(alone.port, said);
    settle(alone.env);
    return alone;
  };
  const temporary = (alone: Alone) => list(alone).filter(({ origin }) => origin === 'temporary');

  it('stand beside the stable one and are preferred as sources', () => {
    const alone = started();
    const [one, ...rest] = temporary(alone);
    expect([one!.state, rest]).toEqual(['preferred', []]);
    const source = alone.stack.sourceFor(ip('2001:ffff::1'));
    expect(alone.stack.describe(source as never)).toBe(one!.address);
    // At most a day, less up to four tenths so that not all hosts renew at once; valid for two.
    const { preferredUntil, validUntil } = alone.stack
      .interfaces()[0]!
      .addresses.find(({ origin }) => origin === 'temporary')!;
    expect(preferredUntil! / HOUR).toBeGreaterThan(0.6 * 24);
    expect(preferredUntil! / HOUR).toBeLessThanOrEqual(24.1);
    expect(validUntil! / HOUR).toBeCloseTo(48, 1);
  });

  it('have a successor before they are deprecated, and end', () => {
    const alone = started();
    const { clock } = alone.env;
    const [first] = temporary(alone);
    const end = alone.stack.interfaces()[0]!.addresses.find(({ origin }) => origin === 'temporary')!
      .preferredUntil!;
    clock.advance(end - REGEN_ADVANCE + 1.1 * SECOND);
    expect(temporary(alone).map(({ state }) => state)).toEqual(['preferred', 'preferred']);
    clock.advance(end);
    expect(temporary(alone).map(({ state }) => state)).toEqual(['deprecated', 'preferred']);
    for (let day = 1; day <= 6; day++) {
      clock.advance(clock.now + 24 * HOUR);
      advertise(alone.port, { prefix: PREFIX, valid: 2_592_000, preferred: 604_800 });
      expect(temporary(alone).filter(({ state }) => state === 'preferred').length).toBeGreaterThanOrEqual(1);
      expect(temporary(alone).length).toBeLessThanOrEqual(5);
    }
    expect(temporary(alone).map(({ address }) => address)).not.toContain(first!.address);
  });

  it('follow their prefix down, and are not made of one that is nearly over', () => {
    const alone = started();
    advertise(alone.port, { prefix: PREFIX, valid: 7_300, preferred: 0 });
    expect(temporary(alone).map(({ state }) => state)).toEqual(['deprecated']);
    alone.env.clock.advance(alone.env.clock.now + 7_301 * SECOND);
    expect(list(alone)).toHaveLength(1);
    expect(temporary(started({ prefix: PREFIX, valid: 5, preferred: 5 }))).toEqual([]);
  });

  it('give way to duplicates three times', () => {
    const alone = host({ temporary: true });
    alone.stack.start();
    settle(alone.env);
    const own = '2001:db8:5::ff:fe00:1';
    const denied = deny(alone.port, 99);
    const pass = alone.port.pass;
    alone.port.pass = (sent) => (text(sent, 62) === own ? true : pass(sent));
    advertise(alone.port, { prefix: PREFIX });
    settleDenied(alone);
    expect(new Set(denied).size).toBe(4);
    expect(list(alone).map(({ address }) => address)).toEqual(['fe80::ff:fe00:1', own]);
    expectAtRest(alone.env, alone.stack);
  });
});

describe('solicitations for routers', () => {
  it('go on in the background, ever more rarely, until a router answers (RFC 7559)', () => {
    const { env, stack, port } = host();
    stack.start();
    env.clock.advance(12 * 3_600 * SECOND);
    const count = () => seen(port).filter(({ type }) => type === 133).length;
    // 1, 5, 9, then 8, 16, ... 2,048 and 3,600 seconds later, each give or take a tenth.
    expect(count()).toBeGreaterThanOrEqual(20);
    expect(count()).toBeLessThanOrEqual(25);
    advertise(port, {});
    const before = count();
    env.clock.advance(24 * 3_600 * SECOND);
    expect(count()).toBe(before);
    expectAtRest(env, stack);
  });
});
