import { describe, expect, it } from 'vitest';
import { SECOND } from '../../../stacks/time/clock.ts';
import {
  environment,
  expectAtRest,
  frame,
  ip,
  type Pair,
  pair,
  ping,
  put16,
  settle,
  stack,
  TestDevice,
} from './net.ts';

const A = [2, 0, 0, 0, 0, 1];
const B = [2, 0, 0, 0, 0, 2];
const C = [2, 0, 0, 0, 0, 3];
const ALL = [255, 255, 255, 255, 255, 255];

interface Said {
  op?: number;
  mac?: number[];
  sender: string;
  target: string;
  to?: number[];
  change?: (arp: Uint8Array) => void;
}

function arp({ op = 1, mac = C, sender, target, to = ALL, change }: Said): Uint8Array {
  const bytes = new Uint8Array(28);
  put16(bytes, 0, 1);
  put16(bytes, 2, 0x0800);
  bytes.set([6, 4], 4);
  put16(bytes, 6, op);
  bytes.set(mac, 8);
  bytes.set(sender.split('.').map(Number), 14);
  bytes.set(target.split('.').map(Number), 24);
  change?.(bytes);
  return frame(bytes, to, mac, 0x0806);
}

/** What B knows about an address. */
function known({ b }: Pair, address: string): [string, number[]] | undefined {
  for (const n of b.neighbours()) {
    if (n.address.equals(ip(address))) return [n.state, [...(n.mac ?? [])]];
  }
  return undefined;
}

describe('ARP', () => {
  it('announces its address at the start, and again two seconds later', () => {
    const env = environment();
    const device = new TestDevice(env, 'x', 1);
    const a = stack(env, 'A', [[device, '10.0.0.1', 24]]);
    env.clock.advance(10 * SECOND);
    expect(device.sent).toHaveLength(2);
    for (const one of device.sent) {
      expect([...one.subarray(0, 14)]).toEqual([...ALL, ...A, 8, 6]);
      expect([...one.subarray(20, 22), ...one.subarray(28, 32), ...one.subarray(38, 42)]).toEqual([
        0, 1, 10, 0, 0, 1, 10, 0, 0, 1,
      ]);
    }
    expectAtRest(env, a);
  });

  it('answers a request for it and learns who asked; a probe is answered and not learnt', () => {
    const net = pair();
    const { env, b, deviceB } = net;
    deviceB.inject(arp({ sender: '10.0.0.3', target: '10.0.0.2' }));
    expect([...deviceB.sent[0]!]).toEqual([
      ...[...C, ...B, 8, 6],
      ...[0, 1, 8, 0, 6, 4, 0, 2, ...B, 10, 0, 0, 2, ...C, 10, 0, 0, 3],
    ]);
    expect(known(net, '10.0.0.3')).toEqual(['stale', C]);
    deviceB.inject(arp({ sender: '0.0.0.0', target: '10.0.0.2' }));
    expect(deviceB.sent).toHaveLength(2);
    expect(known(net, '0.0.0.0')).toBeUndefined();
    expect(b.counters.answered).toBe(2);
    settle(env);
    expectAtRest(env, b);
  });

  it('keeps silent about others, learns nothing from what it did not ask', () => {
    const net = pair();
    const { env, b, deviceB, drops } = net;
    deviceB.inject(arp({ sender: '10.0.0.3', target: '10.0.0.9' }));
    deviceB.inject(arp({ sender: '10.0.0.3', target: '10.0.0.3' }));
    deviceB.inject(arp({ op: 2, sender: '10.0.0.3', target: '10.0.0.2', to: B }));
    expect(deviceB.sent).toEqual([]);
    expect(known(net, '10.0.0.3')).toBeUndefined();
    expect(drops()).toEqual({ 'not-for-me': 2, 'neighbour-unsolicited': 1 });
    expectAtRest(env, b);
  });

  it('a gratuitous announcement corrects what is known', () => {
    const net = pair();
    const { env, a, b, deviceB } = net;
    ping(env, b, '10.0.0.1');
    expect(known(net, '10.0.0.1')).toEqual(['reachable', A]);
    deviceB.inject(arp({ mac: C, sender: '10.0.0.1', target: '10.0.0.1' }));
    expect(known(net, '10.0.0.1')).toEqual(['stale', C]);
    settle(env);
    expectAtRest(env, a, b);
  });

  it('defends its address, once in ten seconds', () => {
    const { env, b, deviceB, drops } = pair();
    for (let i = 0; i < 5; i++) deviceB.inject(arp({ op: 2, sender: '10.0.0.2', target: '10.0.0.1' }));
    expect(deviceB.sent).toHaveLength(1);
    expect([...deviceB.sent[0]!.subarray(28, 32)]).toEqual([10, 0, 0, 2]);
    env.clock.advance(env.clock.now + 11 * SECOND);
    deviceB.sent.length = 0;
    deviceB.inject(arp({ sender: '10.0.0.2', target: '10.0.0.2' }));
    expect(deviceB.sent).toHaveLength(1);
    expect(drops()['address-conflict']).toBe(6);
    settle(env);
    expectAtRest(env, b);
  });

  it.each<[string, (arp: Uint8Array) => void]>([
    ['hardware type', (p) => put16(p, 0, 6)],
    ['protocol type', (p) => put16(p, 2, 0x86dd)],
    ['hardware length', (p) => p.set([8], 4)],
    ['protocol length', (p) => p.set([16], 5)],
    ['operation', (p) => put16(p, 6, 3)],
    ['a group as the sender', (p) => p.set([255], 8)],
    ['nobody as the sender', (p) => p.fill(0, 8, 14)],
    ['a broadcast as the sender address', (p) => p.set([10, 0, 0, 255], 14)],
    ['loopback as the sender address', (p) => p.set([127, 0, 0, 1], 14)],
  ])('impossible: %s', (_name, change) => {
    const { env, b, deviceB, drops } = pair();
    deviceB.inject(arp({ sender: '10.0.0.3', target: '10.0.0.2', change }));
    expect(drops()).toEqual({ 'bad-arp': 1 });
    expect([...b.neighbours()]).toEqual([]);
    expect(deviceB.sent).toEqual([]);
    expectAtRest(env, b);
  });

  it('is too short', () => {
    const { env, b, deviceB, drops } = pair();
    deviceB.inject(arp({ sender: '10.0.0.3', target: '10.0.0.2' }).subarray(0, 41));
    expect(drops()).toEqual({ runt: 1 });
    expectAtRest(env, b);
  });

  it('a flood of senders stays within the bound of the cache', () => {
    const { env, a, b, deviceB } = pair();
    b.addAddress(1, ip('11.0.0.1'), 8);
    for (let i = 0; i < 20_000; i++) {
      deviceB.inject(arp({ sender: `11.1.${i >> 8}.${i & 255}`, target: '10.0.0.2' }));
    }
    settle(env);
    expect([...b.neighbours()].length).toBeLessThanOrEqual(8_192);
    expect(ping(env, b, '10.0.0.1')).toMatchObject({ outcome: 'reply' });
    expectAtRest(env, a, b);
  });
});
