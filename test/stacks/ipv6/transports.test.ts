import { describe, expect, it } from 'vitest';
import { isFailure } from '../../../stacks/address/network.ts';
import type { Ipv6Stack } from '../../../stacks/ipv6/stack.ts';
import type { TcpConnection, TcpHandler } from '../../../stacks/tcp/api.ts';
import { SECOND } from '../../../stacks/time/clock.ts';
import type { UdpSocket } from '../../../stacks/udp/api.ts';
import { dropsOf, expectAtRest, ip, pair, seen, settle, udpPacket } from './net.ts';
import { narrow } from './router.ts';

function bind(stack: Ipv6Stack, port: number, got: string[]): UdpSocket {
  const socket = stack.udp.bind(ip('::'), port, {
    handler: {
      message: (data, source, sourcePort) =>
        got.push(
          `${new TextDecoder().decode(data.subarray(0, 20))} ${data.length} ${stack.describe(source)} ${sourcePort}`,
        ),
      error: (failure) => got.push(failure.code),
      closed: () => got.push('closed'),
    },
  });
  if (isFailure(socket)) throw new Error(socket.cause);
  return socket as UdpSocket;
}

const quiet: TcpHandler = { connected() {}, readable() {}, writable() {}, ended() {}, closed() {} };

/** Sends `size` bytes from `client` to `to` and returns what the other side read. */
function transfer(
  env: { clock: { step(): boolean; foreground: number; now: number } },
  server: Ipv6Stack,
  client: Ipv6Stack,
  to: ReturnType<typeof ip>,
  size: number,
): Uint8Array {
  const got: Uint8Array[] = [];
  const listener = server.tcp.listen(ip('::'), 80, {
    accept(connection) {
      connection.handler = {
        ...quiet,
        readable: () => {
          for (let chunk = connection.read(); chunk !== undefined; chunk = connection.read()) got.push(chunk);
        },
        ended: () => connection.close(),
      };
    },
  });
  if (isFailure(listener)) throw new Error(listener.cause);
  const data = Uint8Array.from({ length: size }, (_, i) => (i * 7) & 255);
  const states: string[] = [];
  let connection: TcpConnection;
  const opened = client.tcp.connect(to, 80, {
    handler: {
      ...quiet,
      connected: () => {
        connection.send(data);
        connection.close();
      },
      closed: (failure) => states.push(failure?.code ?? 'clean'),
    },
  });
  if (isFailure(opened)) throw new Error(opened.cause);
  connection = opened as TcpConnection;
  const until = env.clock.now + 300 * SECOND;
  while (env.clock.foreground > 0 && env.clock.now < until) env.clock.step();
  expect(states).toEqual(['clean']);
  return Uint8Array.from(got.flatMap((chunk) => [...chunk]));
}

describe('transports over IPv6', () => {
  it.each(['ethernet', 'ip'] as const)('carry UDP both ways on %s', (medium) => {
    const { env, a, b } = pair({ medium });
    const atA: string[] = [];
    const atB: string[] = [];
    const socketA = bind(a, 1000, atA);
    const socketB = bind(b, 2000, atB);
    expect(socketA.send(new TextEncoder().encode('hello'), ip('2001:db8::2'), 2000)).toBeUndefined();
    expect(socketB.send(new Uint8Array(10_000).fill(65), ip('2001:db8::1'), 1000)).toBeUndefined();
    settle(env);
    expect(atB).toEqual(['hello 5 2001:db8::1 1000']);
    expect(atA).toEqual([`${'A'.repeat(20)} 10000 2001:db8::2 2000`]);
    expectAtRest(env, a, b);
  });

  it('tell the zone of a link-local peer', () => {
    const { env, a, b } = pair();
    const got: string[] = [];
    bind(b, 2000, got);
    expect(bind(a, 1000, []).send(new Uint8Array(1), ip('fe80::ff:fe00:2', 1), 2000)).toBeUndefined();
    settle(env);
    expect(got[0]).toContain('fe80::ff:fe00:1%LINKB 1000');
    expectAtRest(env, a, b);
  });

  it('connect to a link-local peer by the only link when no zone is named', () => {
    const { env, a, b } = pair();
    const told: string[] = [];
    const handler = { ...quiet, connected: () => told.push('connected') };
    const listener = b.tcp.listen(ip('::'), 7, {
      accept: ({ remoteAddress }) => told.push(`accepted ${b.describe(remoteAddress)}`),
    });
    if (isFailure(listener)) throw new Error(listener.cause);
    const connection = a.tcp.connect(ip('fe80::ff:fe00:2'), 7, { handler });
    if (isFailure(connection)) throw new Error(connection.cause);
    settle(env);
    expect(told).toEqual(['connected', 'accepted fe80::ff:fe00:1%LINKB']);
    expectAtRest(env, a, b);
  });

  it('answer a closed UDP port with an error that reaches the socket', () => {
    const { env, a, b, portB } = pair();
    const dropsb = dropsOf(b);
    const got: string[] = [];
    bind(a, 1000, got).send(new Uint8Array(4), ip('2001:db8::2'), 9);
    settle(env);
    expect(got).toEqual(['ECONNREFUSED']);
    const error = seen(portB).at(-1)!;
    expect(error).toMatchObject({ type: 1, code: 4, source: '2001:db8::2', destination: '2001:db8::1' });
    expect(dropsb()).toEqual({ 'port-unreachable': 1 });
    expectAtRest(env, a, b);
  });

  it('drop UDP without a checksum', () => {
    const { env, b, portB } = pair({ medium: 'ip' });
    const dropsb = dropsOf(b);
    const packet = udpPacket(new Uint8Array(4), [1, 2], {
      source: '2001:db8::1',
      destination: '2001:db8::2',
    });
    packet[46] = packet[47] = 0;
    portB.inject(packet);
    expect(dropsb()).toEqual({ 'bad-checksum': 1 });
    expectAtRest(env, b);
  });

  it.each(['ethernet', 'ip'] as const)('carry TCP on %s', (medium) => {
    const { env, a, b } = pair({ medium });
    const got = transfer(env, b, a, ip('2001:db8::2'), 200_000);
    expect(got.length).toBe(200_000);
    expect(got.every((byte, i) => byte === ((i * 7) & 255))).toBe(true);
    expectAtRest(env, a, b);
  });

  it('carry TCP over a link that goes down for a while, and through a path that is too narrow', () => {
    const { env, a, b } = pair();
    env.clock.timer(() => a.setLink(1, false)).armIn(100);
    env.clock.timer(() => a.setLink(1, true)).armIn(3 * SECOND);
    expect(transfer(env, b, a, ip('2001:db8::2'), 500_000).length).toBe(500_000);
    expectAtRest(env, a, b);
    const routed = narrow(1_280);
    expect(transfer(routed.env, routed.right, routed.left, ip('2001:db8:2::2'), 200_000).length).toBe(
      200_000,
    );
    expect(routed.router.counters.drops['too-big']).toBeUndefined(); // the MSS of the SYN said so
    expectAtRest(routed.env, routed.left, routed.router, routed.right);
  });

  it('carry TCP through a path that only its router knows to be narrow (RFC 8201)', () => {
    const { env, left, router, right } = narrow(1_280, 'ethernet', 1_500);
    expect(transfer(env, right, left, ip('2001:db8:2::2'), 200_000).length).toBe(200_000);
    expect(router.counters.drops['too-big']).toBeGreaterThan(0);
    expect(left.pathMtu(ip('2001:db8:2::2'))).toBe(1_280);
    expectAtRest(env, left, router, right);
  });

  it('carry TCP to ourselves and to a link-local address', () => {
    const { env, a, b } = pair();
    expect(transfer(env, a, a, ip('::1'), 100_000).length).toBe(100_000);
    expect(transfer(env, b, a, ip('fe80::ff:fe00:2', 1), 10_000).length).toBe(10_000);
    expectAtRest(env, a, b);
  });

  it('are asked for by the filter, loopback and neighbour discovery never', () => {
    const { env, a, b } = pair();
    const dropsb = dropsOf(b);
    const asked: string[] = [];
    b.filter = (protocol, port) => {
      asked.push(`${protocol}/${port}`);
      return port !== 2000 && protocol !== 58;
    };
    const got: string[] = [];
    bind(b, 2000, got);
    bind(b, 2001, got);
    const socket = bind(a, 1000, got);
    socket.send(new Uint8Array(1), ip('2001:db8::2'), 2000);
    socket.send(new Uint8Array(2), ip('2001:db8::2'), 2001);
    settle(env);
    expect(asked.sort()).toEqual(['17/2000', '17/2001']);
    expect(got).toHaveLength(1);
    expect(dropsb()).toEqual({ filtered: 1 });
    bind(b, 3000, []).send(new Uint8Array(3), ip('2001:db8::2'), 2000);
    settle(env);
    expect(got).toHaveLength(2);
    expectAtRest(env, a, b);
  });

  it('are told when the stack stops, and come back with it', () => {
    const { env, a, b } = pair();
    const states: boolean[] = [];
    b.stateListeners.add((running) => states.push(running));
    const got: string[] = [];
    bind(b, 2000, got);
    b.stop();
    expect(got).toEqual(['closed']);
    expect(bind(a, 1000, got).send(new Uint8Array(1), ip('2001:db8::2'), 2000)).toBeUndefined();
    settle(env);
    expect(got).toEqual(['closed', 'EHOSTUNREACH']);
    b.start();
    settle(env);
    bind(b, 2000, got);
    bind(a, 1001, got).send(new Uint8Array(1), ip('2001:db8::2'), 2000);
    settle(env);
    expect(got).toHaveLength(3);
    expect(states).toEqual([false, true]);
    expectAtRest(env, a, b);
  });
});
