import { describe, expect, it } from 'vitest';
import { Ipv4Stack } from '../../../stacks/ipv4/stack.ts';
import { SECOND } from '../../../stacks/time/clock.ts';
import { datagram, environment, expectAtRest, ip, pair, ping, settle, TestDevice, udp } from './net.ts';

describe('a stack', () => {
  it('stops and comes back', () => {
    const { env, a, b, deviceB } = pair();
    const told: boolean[] = [];
    b.stateListeners.add((running) => told.push(running));
    let closed = 0;
    const handler = { message: () => {}, error: () => {}, closed: () => closed++ };
    const socket = b.udp.bind(ip('10.0.0.2'), 9, { handler });
    b.stop();
    b.stop();
    expect([b.running, closed, told]).toEqual([false, 1, [false]]);
    if (!('send' in socket)) throw new Error(socket.cause);
    expect(socket.send(Uint8Array.of(1), ip('10.0.0.1'), 1)).toMatchObject({ code: 'EINVAL' });
    expect(ping(env, a, '10.0.0.2', { timeout: SECOND })).toMatchObject({ outcome: 'timeout' });
    expect(b.counters.drops['stack-stopped']).toBeGreaterThan(0);
    expect(b.interfaces()[0]!.up).toBe(false);
    deviceB.sent.length = 0;
    b.start();
    expect(deviceB.sent).toHaveLength(1); // the announcement
    settle(env);
    expect(ping(env, a, '10.0.0.2')).toMatchObject({ outcome: 'reply' });
    expect(told).toEqual([false, true]);
    expectAtRest(env, a, b);
  });

  it('drops what waits for a neighbour, for fragments or on the loopback when it stops', () => {
    const { env, b, deviceB } = pair();
    for (const to of ['10.0.0.50', '127.0.0.1']) b.echo(ip(to), { size: 8, timeout: SECOND }, () => {});
    deviceB.inject(
      Uint8Array.of(
        ...[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0],
        ...datagram(udp(1, 2), { fragment: 0x2000 }),
      ),
    );
    expect(env.pool.live).toBe(4); // the ARP request is on the wire
    b.stop();
    settle(env);
    expectAtRest(env, b);
  });

  it('drops what comes by a link that is down, and finds no route through it', () => {
    const { env, a, b, deviceB, drops } = pair({ ethernet: false });
    b.setLink(1, false);
    deviceB.inject(datagram(udp(1, 2)));
    expect(drops()).toEqual({ 'link-down': 1 });
    expect(ping(env, b, '10.0.0.1')).toMatchObject({ failure: { code: 'ENETUNREACH' } });
    b.setLink(1, true);
    expect(ping(env, b, '10.0.0.1')).toMatchObject({ outcome: 'reply' });
    expectAtRest(env, a, b);
  });

  it('has an address once, however often it is added', () => {
    const { env, a } = pair();
    const before = [...a.routes()].length;
    a.addAddress(1, ip('10.0.0.1'), 24);
    expect(a.interfaces()[0]!.addresses).toHaveLength(1);
    expect([...a.routes()]).toHaveLength(before);
    settle(env);
    expectAtRest(env, a);
  });

  it('chooses a source on the way to the destination', () => {
    const env = environment();
    const a = new Ipv4Stack(env, { id: 1, name: 'A' });
    const one = new TestDevice(env, 'one', undefined);
    a.addInterface('one', one, { address: ip('10.0.0.1'), prefixLength: 24, mtu: 1_500 });
    a.addInterface('two', new TestDevice(env, 'two', undefined), {
      address: ip('10.1.0.1'),
      prefixLength: 24,
      mtu: 9_000,
    });
    a.addAddress(1, ip('10.5.0.1'), 16);
    a.start();
    const via = (text: string): unknown => {
      const source = a.sourceFor(ip(text));
      return 'code' in source ? source.code : a.describe(source);
    };
    a.addRoute({
      destination: ip('0.0.0.0'),
      prefixLength: 0,
      gateway: ip('10.5.0.9'),
      interfaceIndex: 1,
      metric: 1,
      origin: 'static',
    });
    expect(['10.0.0.9', '10.1.0.9', '10.5.7.7', '192.0.2.1', '127.0.0.1', '10.1.0.1'].map(via)).toEqual([
      '10.0.0.1',
      '10.1.0.1',
      '10.5.0.1',
      '10.5.0.1',
      '127.0.0.1',
      '10.1.0.1',
    ]);
    expect([a.pathMtu(ip('10.1.0.9')), a.interfaces()[1]!.mtu]).toEqual([1_500, 1_500]);
    expect([...a.routes()].map((route) => route.origin)).toEqual(['link', 'link', 'link', 'static']);
    expect(a.candidates(ip('10.0.0.9')).map((route) => route.prefixLength)).toEqual([24, 0]);
    expect(a.removeRoute(ip('0.0.0.0'), 0)).toBe(true);
    expect(via('192.0.2.1')).toBe('ENETUNREACH');
    expect(via('0.0.0.0')).toBe('ENETUNREACH');
  });

  it('refuses to send from what is not its own', () => {
    const { env, a } = pair();
    const send = (source: string, to: string): string | undefined =>
      a.output(env.pool.take(8)!, ip(source), ip(to), 17, {})?.code;
    expect(send('10.0.0.9', '10.0.0.2')).toBe('EADDRNOTAVAIL');
    expect(send('127.0.0.1', '10.0.0.2')).toBe('EINVAL');
    expect(send('10.0.0.1', '241.0.0.1')).toBe('ENETUNREACH');
    a.stop();
    expect(send('10.0.0.1', '10.0.0.2')).toBe('ENETDOWN');
    expect(a.counters.unsent).toBe(4);
    expectAtRest(env, a);
  });

  it('takes nothing more once a socket has stopped it from inside', () => {
    const { env, a } = pair();
    let heard = 0;
    const message = (): void => {
      heard++;
      a.stop();
    };
    const handler = { message, error: () => {}, closed: () => {} };
    const socket = a.udp.bind(ip('127.0.0.1'), 9, { handler });
    if (!('send' in socket)) throw new Error(socket.cause);
    for (let i = 0; i < 3; i++) socket.send(Uint8Array.of(i), ip('127.0.0.1'), 9);
    settle(env);
    expect([heard, a.counters.delivered, a.counters.drops['stack-stopped']]).toEqual([1, 1, 2]);
    expectAtRest(env, a);
  });

  it('bounds what waits on the loopback', () => {
    const { env, a } = pair();
    const codes: (string | undefined)[] = [];
    for (let i = 0; i < 5_000; i++) {
      codes.push(a.output(env.pool.take(8)!, ip('127.0.0.1'), ip('127.0.0.1'), 17, {})?.code);
    }
    expect(codes.filter((code) => code === 'ENOBUFS')).toHaveLength(5_000 - 4_096);
    settle(env);
    expectAtRest(env, a);
  });

  it('gives the same frames for the same seed', () => {
    const run = (): Uint8Array[] => {
      const { env, a, deviceA, deviceB } = pair({ seed: 7 });
      ping(env, a, '10.0.0.2', { size: 3_000 });
      ping(env, a, '10.0.0.3');
      return [...deviceA.sent, ...deviceB.sent];
    };
    expect(run()).toEqual(run());
  });
});
