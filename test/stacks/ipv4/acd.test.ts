/** RFC 5227 (probe, announce, defend) and RFC 3927 (addresses that a host picks). */
import { describe, expect, it } from 'vitest';
import { Ipv4Stack } from '../../../stacks/ipv4/stack.ts';
import type { InterfaceOptions } from '../../../stacks/stack.ts';
import { SECOND } from '../../../stacks/time/clock.ts';
import { formatMac } from '../../../stacks/wire/ethernet.ts';
import {
  datagram,
  environment,
  expectAtRest,
  frame,
  ip,
  join,
  put16,
  settle,
  TestDevice,
  udp,
} from './net.ts';

const C = [2, 0, 0, 0, 0, 3];
const ALL = [255, 255, 255, 255, 255, 255];
const OWN = '10.0.0.1';

function arp(sender: string, target: string, mac = C, op = 1): Uint8Array {
  const bytes = new Uint8Array(28);
  put16(bytes, 0, 1);
  put16(bytes, 2, 0x0800);
  bytes.set([6, 4, 0, op], 4);
  bytes.set(mac, 8);
  bytes.set(sender.split('.').map(Number), 14);
  bytes.set(target.split('.').map(Number), 24);
  return frame(bytes, ALL, mac, 0x0806);
}

interface Said {
  at: number;
  text: string;
  to: string;
}

/** One station; what it says in ARP is written down with its time. */
function station(options: Partial<InterfaceOptions> = {}) {
  const env = environment();
  const device = new TestDevice(env, 'x', 1);
  const said: Said[] = [];
  device.pass = (bytes) => {
    const dotted = (at: number): string => bytes.subarray(at, at + 4).join('.');
    if (bytes[12] === 8 && bytes[13] === 6) {
      const text = `${bytes[21] === 1 ? 'who has' : 'here is'} ${dotted(38)} from ${dotted(28)}`;
      said.push({ at: env.clock.now / SECOND, text, to: formatMac(bytes.subarray(0, 6)) });
    }
    return false;
  };
  device.peer = device;
  const stack = new Ipv4Stack(env, { id: 1, name: 'X' });
  const conflicts: string[] = [];
  stack.conflictListeners.add(({ local }) =>
    conflicts.push(`${stack.describe(local.address)} ${local.state} ${formatMac(local.conflict!)}`),
  );
  stack.addInterface('x', device, { address: ip(OWN), prefixLength: 24, mtu: 1_500, ...options });
  stack.start();
  const state = (): string[] =>
    stack.interfaces()[0]!.addresses.map((a) => `${stack.describe(a.address)} ${a.state}`);
  const pass = (seconds: number): void => {
    env.clock.advance(env.clock.now + seconds * SECOND);
  };
  return { env, device, stack, said, conflicts, state, pass };
}

const probed = () => station({ probe: true });

describe('an address that is probed (RFC 5227 §2.1)', () => {
  it('is asked for three times, then announced twice, and used in between only', () => {
    const { env, stack, said, state, pass, device } = probed();
    expect(state()).toEqual([`${OWN} tentative`]);
    expect(stack.sourceFor(ip('10.0.0.9'))).toMatchObject({ code: 'EADDRNOTAVAIL' });
    expect(stack.isLocal(ip(OWN))).toBe(false);
    device.inject(
      frame(datagram(udp(1, 2), { destination: OWN, source: '10.0.0.9' }), [2, 0, 0, 0, 0, 1], C),
    );
    expect(stack.counters.drops).toEqual({ 'address-tentative': 1 });
    settle(env); // virtual time waits for the probes
    expect(state()).toEqual([`${OWN} preferred`]);
    pass(5);
    expect(said.map(({ text }) => text)).toEqual([
      ...new Array(3).fill(`who has ${OWN} from 0.0.0.0`),
      ...new Array(2).fill(`who has ${OWN} from ${OWN}`),
    ]);
    const gaps = said.map(({ at }, i) => at - (said[i - 1]?.at ?? 0));
    expect(gaps[0]).toBeLessThan(1);
    for (const gap of gaps.slice(1, 3)) {
      expect(gap).toBeGreaterThanOrEqual(1);
      expect(gap).toBeLessThan(2);
    }
    expect(gaps.slice(3)).toEqual([2, 2].map((n) => expect.closeTo(n, 6)));
    expectAtRest(env, stack);
  });

  it.each([
    ['an announcement', arp(OWN, OWN)],
    ['a request of its owner for somebody else', arp(OWN, '10.0.0.7')],
    ['an answer', arp(OWN, OWN, C, 2)],
    ['a probe of another station for the same address', arp('0.0.0.0', OWN)],
  ])('is not used after %s', (_name, heard) => {
    const { env, device, stack, said, conflicts, state, pass } = probed();
    pass(1.5);
    const before = said.length;
    device.inject(heard);
    expect(conflicts).toEqual([`${OWN} duplicate 02:00:00:00:00:03`]);
    settle(env);
    expect(said).toHaveLength(before);
    expect(state()).toEqual([`${OWN} duplicate`]);
    expect(stack.counters.drops).toEqual({ 'address-conflict': 1 });
    // It belongs to the other station now: no answer to who asks, nothing is received for it.
    device.inject(arp('10.0.0.9', OWN));
    expect(said).toHaveLength(before);
    expect(stack.isLocal(ip(OWN))).toBe(false);
    // A link that comes up again may be another one.
    stack.setLink(1, false);
    stack.setLink(1, true);
    settle(env);
    expect(state()).toEqual([`${OWN} preferred`]);
    expectAtRest(env, stack);
  });

  it('survives its own probe that the link brings back', () => {
    const { env, device, stack, state, pass } = probed();
    pass(1.5);
    device.inject(arp('0.0.0.0', OWN, [2, 0, 0, 0, 0, 1]));
    settle(env);
    expect(state()).toEqual([`${OWN} preferred`]);
    expectAtRest(env, stack);
  });

  it('answers a probe for it once it is in use', () => {
    const { env, device, said, state } = probed();
    settle(env);
    device.inject(arp('0.0.0.0', OWN));
    expect(said.at(-1)).toMatchObject({ text: `here is 0.0.0.0 from ${OWN}`, to: '02:00:00:00:00:03' });
    expect(state()).toEqual([`${OWN} preferred`]);
  });

  it('is defended once in ten seconds, and given up at the second conflict (§2.4 b)', () => {
    const { env, device, said, conflicts, state, pass } = probed();
    settle(env);
    pass(5);
    said.length = 0;
    device.inject(arp(OWN, '10.0.0.9'));
    expect(said.map(({ text }) => text)).toEqual([`who has ${OWN} from ${OWN}`]);
    pass(11);
    device.inject(arp(OWN, '10.0.0.9'));
    expect(said).toHaveLength(2);
    pass(9);
    device.inject(arp(OWN, '10.0.0.9'));
    expect([said.length, ...state()]).toEqual([2, `${OWN} duplicate`]);
    expect(conflicts.map((text) => text.split(' ')[1])).toEqual(['preferred', 'preferred', 'duplicate']);
  });

  it('takes its connections with it when it is given up', () => {
    const { env, device, stack, pass } = probed();
    settle(env);
    const closed: (string | undefined)[] = [];
    const handler = {
      connected: () => {},
      readable: () => {},
      writable: () => {},
      ended: () => {},
      closed: (failure: { code: string } | undefined) => closed.push(failure?.code),
    };
    stack.tcp.connect(ip('10.0.0.9'), 80, { handler });
    for (let i = 0; i < 2; i++) {
      device.inject(arp(OWN, '10.0.0.9'));
      pass(0.1);
    }
    expect(closed).toEqual(['ECONNABORTED']);
    settle(env);
    expectAtRest(env, stack);
  });

  it('is claimed at once on a link with two ends', () => {
    const env = environment();
    const stack = new Ipv4Stack(env, { id: 1, name: 'X' });
    const device = new TestDevice(env, 'x', undefined);
    stack.addInterface('x', device, { address: ip(OWN), prefixLength: 24, mtu: 1_500, probe: true });
    stack.start();
    expect([stack.isLocal(ip(OWN)), device.sent.length]).toEqual([true, 0]);
  });
});

describe('an address that the operator wants without a probe', () => {
  it('is defended for ever, and the operator told once in ten seconds (§2.4 c)', () => {
    const { device, said, conflicts, state, pass } = station();
    pass(5);
    said.length = 0;
    for (let i = 0; i < 50; i++) {
      device.inject(arp(OWN, '10.0.0.9'));
      pass(1);
    }
    expect(said).toHaveLength(5);
    expect(conflicts).toEqual(new Array(5).fill(`${OWN} preferred 02:00:00:00:00:03`));
    expect(state()).toEqual([`${OWN} preferred`]);
  });

  it('knows its own MAC in the name of another station for a lie', () => {
    const { env, device, stack } = station();
    device.inject(arp('10.0.0.9', OWN, [2, 0, 0, 0, 0, 1]));
    expect(stack.counters.drops).toEqual({ 'bad-arp': 1 });
    expect([...stack.neighbours()]).toEqual([]);
    settle(env);
    expectAtRest(env, stack);
  });
});

describe('an address that a host picks (RFC 3927)', () => {
  const picked = () => {
    const made = station({ address: undefined, autoconfigure: true } as Partial<InterfaceOptions>);
    return { ...made, address: () => made.stack.describe(made.stack.interfaces()[0]!.addresses[0]!.address) };
  };

  it('is of 169.254.1.0 to 169.254.254.255, probed, and the same at every start', () => {
    const { env, said, state, address } = picked();
    settle(env);
    expect(state()).toEqual([`${address()} preferred`]);
    const third = Number(address().split('.')[2]);
    expect([address().startsWith('169.254.'), third > 0 && third < 255]).toEqual([true, true]);
    expect(said.slice(0, 4).map(({ text }) => text)).toEqual([
      ...new Array(3).fill(`who has ${address()} from 0.0.0.0`),
      `who has ${address()} from ${address()}`,
    ]);
    expect(picked().address()).toBe(address());
  });

  it('is another one when it is taken, and waits a minute after ten conflicts', () => {
    const { env, device, stack, conflicts, address, pass } = picked();
    const tried = new Set<string>();
    for (let i = 0; i < 10; i++) {
      pass(0.01);
      tried.add(address());
      device.inject(arp(address(), address()));
    }
    expect([tried.size, conflicts.length]).toEqual([10, 10]);
    expect([...stack.routes()]).toHaveLength(1);
    const before = env.clock.now;
    settle(env);
    expect(env.clock.now - before).toBeGreaterThan(60 * SECOND);
    expect(tried.has(address())).toBe(false);
  });

  it('answers by broadcast, and reaches its link whatever the default route says', () => {
    const { env, device, stack, said, address } = picked();
    settle(env);
    device.inject(arp('169.254.7.7', address()));
    expect(said.at(-1)).toMatchObject({
      text: `here is 169.254.7.7 from ${address()}`,
      to: 'ff:ff:ff:ff:ff:ff',
    });
    stack.removeRoute(ip('169.254.0.0'), 16);
    const gateway = { destination: ip('0.0.0.0'), prefixLength: 0, gateway: ip('169.254.9.9') };
    stack.addRoute({ ...gateway, interfaceIndex: 1, metric: 1, origin: 'static' });
    stack.echo(ip('169.254.8.8'), { size: 0, timeout: SECOND }, () => {});
    expect(said.at(-1)!.text).toBe(`who has 169.254.8.8 from ${address()}`);
    settle(env);
    expectAtRest(env, stack);
  });

  it('never speaks to a router: what is elsewhere is asked for on the link (RFC 3927 §2.6.2)', () => {
    const { env, stack, said, address } = picked();
    settle(env);
    const gateway = { destination: ip('0.0.0.0'), prefixLength: 0, gateway: ip('169.254.9.9') };
    stack.addRoute({ ...gateway, interfaceIndex: 1, metric: 1, origin: 'static' });
    stack.echo(ip('192.0.2.1'), { size: 0, timeout: SECOND }, () => {});
    expect(said.at(-1)!.text).toBe(`who has 192.0.2.1 from ${address()}`);
    settle(env);
  });

  it('makes two stations find each other', () => {
    const env = environment();
    const devices = [1, 2].map((mac) => new TestDevice(env, `x${mac}`, mac));
    join(devices[0]!, devices[1]!);
    const stacks = devices.map((device, i) => {
      const stack = new Ipv4Stack(env, { id: i, name: device.name });
      stack.addInterface('x', device, { mtu: 1_500, autoconfigure: true });
      stack.start();
      return stack;
    });
    settle(env);
    const results: unknown[] = [];
    const other = stacks[1]!.interfaces()[0]!.addresses[0]!.address;
    stacks[0]!.echo(other, { size: 8, timeout: SECOND }, (result) => results.push(result));
    settle(env);
    expect(results).toMatchObject([{ outcome: 'reply' }]);
    expectAtRest(env, ...stacks);
  });
});
