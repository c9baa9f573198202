import { describe, expect, it } from 'vitest';
import { Ipv6Stack } from '../../../stacks/ipv6/stack.ts';
import type { Packet } from '../../../stacks/packet/packet.ts';
import { PacketPool } from '../../../stacks/packet/pool.ts';
import { SECOND } from '../../../stacks/time/clock.ts';
import {
  bytes,
  datagram,
  dropsOf,
  environment,
  expectAtRest,
  frame,
  Hub,
  icmp,
  icmpPacket,
  ip,
  pair,
  ping,
  seen,
  settle,
  udpPacket,
} from './net.ts';
import { narrow } from './router.ts';

const A = '2001:db8::1';
const B = '2001:db8::2';
const AB = { source: A, destination: B };
const BA = { source: B, destination: A };

describe('errors that we send (RFC 4443 §2.4)', () => {
  it('never go to the anycast address of a subnet (e.6)', () => {
    const { portB } = pair({ medium: 'ip' });
    portB.inject(udpPacket(Uint8Array.of(1), [1, 9], { source: '2001:db8::', destination: B }));
    expect(seen(portB)).toEqual([]);
    portB.inject(udpPacket(Uint8Array.of(1), [1, 9], AB));
    expect(seen(portB)).toHaveLength(1);
  });

  it('quote as much as fits into 1,280 bytes', () => {
    const { env, a, b, portB } = pair({ medium: 'ip' });
    const packet = udpPacket(new Uint8Array(1_400).fill(7), [1, 9], AB);
    portB.inject(packet);
    const [error] = seen(portB);
    expect(error!.packet.length).toBe(1_280);
    expect(error!.body).toEqual(packet.subarray(0, 1_232));
    const small = udpPacket(Uint8Array.of(1), [1, 9], AB);
    portB.inject(small);
    expect(seen(portB)[1]!.body).toEqual(small);
    expectAtRest(env, a, b);
  });

  it('are never about errors, redirects, groups, or what nobody sent', () => {
    const { env, a, b, portB } = pair();
    const from = portB.sent.length;
    const unknown = { next: 200 };
    const drops = dropsOf(b);
    const to = portB.mac!;
    // Port unreachable for a datagram to a group, or to us in a frame to a group.
    portB.inject(frame(udpPacket(new Uint8Array(1), [1, 9], { source: A, destination: 'ff02::1' }), to));
    portB.inject(frame(udpPacket(new Uint8Array(1), [1, 9], AB), Uint8Array.of(0x33, 0x33, 0, 0, 0, 1)));
    portB.inject(frame(datagram(new Uint8Array(8), { ...unknown, source: A, destination: 'ff02::1' }), to));
    // Reported problems in packets that carry an error or a redirect: an unknown option in front of them.
    for (const type of [1, 4, 100, 137]) {
      const about = bytes([58, 0, 0xde, 0, 0, 0, 0, 0], icmp(type, 0, 0, new Uint8Array(48), A, B));
      portB.inject(frame(datagram(about, { ...AB, next: 60 }), to));
    }
    portB.inject(frame(datagram(new Uint8Array(8), { ...unknown, source: '::', destination: B }), to));
    settle(env);
    expect(seen(portB, from).filter(({ type }) => type < 128)).toEqual([]);
    expect(drops()).toEqual({
      'port-unreachable': 2,
      'unknown-protocol': 1,
      'unknown-option': 4,
      'bad-source': 1,
    });
    expectAtRest(env, a, b);
  });

  it('count as unsent when no buffer is free', () => {
    const env = { ...environment(), pool: new PacketPool(1 << 20) };
    const port = new Hub(env, 'ip').port('x');
    const stack = new Ipv6Stack(env, { id: 1, name: 'X' });
    stack.addInterface('LINK', port, { mtu: 1_500, address: ip('2001:db8::1'), prefixLength: 64 });
    stack.start();
    settle(env);
    const held: Packet[] = [];
    while (held.length < 511) held.push(env.pool.take(1)!);
    const sent = port.sent.length;
    port.inject(udpPacket(bytes(), [1, 2], { source: '2001:db8::9', destination: A }));
    expect([port.sent.length - sent, stack.counters.unsent]).toEqual([0, 1]);
    expect(stack.counters.drops).toEqual({ 'port-unreachable': 1 });
    for (const packet of held) env.pool.release(packet);
    expectAtRest(env, stack);
  });

  it('are limited to a burst of 50 and 100 a second', () => {
    const { env, a, b, portB } = pair({ medium: 'ip' });
    const packet = udpPacket(new Uint8Array(1), [1, 9], AB);
    for (let i = 0; i < 500; i++) portB.inject(packet);
    expect(portB.sent).toHaveLength(50);
    env.clock.advance(env.clock.now + SECOND / 10);
    for (let i = 0; i < 500; i++) portB.inject(packet);
    expect(portB.sent).toHaveLength(60);
    expect(b.counters.drops['port-unreachable']).toBe(1_000);
    expectAtRest(env, a, b);
  });
});

describe('errors about our packets', () => {
  const pending = () => {
    const net = pair({ medium: 'ip' });
    net.portA.pass = () => false;
    const results: unknown[] = [];
    net.a.echo(ip(B), { size: 1_400, timeout: SECOND }, (result) => results.push(result));
    const request = net.portA.sent.at(-1)!;
    const tell = (type: number, code: number, word: number, quote = request, source = B): void =>
      net.portA.inject(icmpPacket(type, code, word, quote.subarray(0, 1_232), { source, destination: A }));
    return { ...net, results, request, tell, drops: dropsOf(net.a) };
  };

  it.each([
    [1, 0, 'ENETUNREACH'],
    [1, 1, 'EACCES'],
    [1, 3, 'EHOSTUNREACH'],
    [1, 5, 'EACCES'],
    [3, 0, 'EHOSTUNREACH'],
    [4, 0, 'EPROTO'],
    [99, 7, 'EPROTO'], // an error of a type that is not known (RFC 4443 §2.4(a))
  ])('type %i code %i ends an echo with %s, once', (type, code, expected) => {
    const { env, a, results, tell } = pending();
    tell(type, code, 0, undefined, '2001:db8::99');
    tell(type, code, 0);
    expect(results).toMatchObject([{ outcome: 'error', failure: { code: expected } }]);
    expectAtRest(env, a);
  });

  it('are ignored when the quote is not ours', () => {
    const { env, a, results, request, tell, drops } = pending();
    const other = (at: number, value: number): Uint8Array => {
      const copy = request.slice();
      copy[at] = value;
      return copy;
    };
    tell(1, 0, 0, other(23, 99)); // another source
    tell(1, 0, 0, other(39, 99)); // another destination
    tell(1, 0, 0, other(45, request[45]! ^ 1)); // another identifier
    tell(1, 0, 0, other(0, 0x45)); // not IPv6
    tell(1, 0, 0, other(6, 0)); // a chain that runs out of the quote
    tell(1, 0, 0, request.subarray(0, 44)); // too little of it
    tell(1, 0, 0, new Uint8Array(0));
    expect(drops()).toEqual({ 'icmp-unmatched': 7 });
    tell(199, 0, 0); // no error, and unknown
    tell(1, 4, 0, udpPacket(new Uint8Array(1), [1, 9], AB)); // no socket sent it
    expect(drops()).toEqual({ 'icmp-unmatched': 8, 'icmp-ignored': 1 });
    expect(results).toEqual([]);
    expectAtRest(env, a);
  });

  it('shorter than a message, or with a wrong checksum, are dropped', () => {
    const { env, a, portA, drops } = pending();
    portA.inject(datagram(Uint8Array.of(1, 0, 0, 0), { ...BA, next: 58 }));
    const broken = icmpPacket(1, 0, 0, [], BA);
    broken[42] = broken[42]! ^ 1;
    portA.inject(broken);
    expect(drops()).toEqual({ runt: 1, 'bad-checksum': 1 });
    expectAtRest(env, a);
  });

  it('lower the path MTU when one of ours was too big, and the echo is sent again', () => {
    const { env, a, portA, request, tell } = pending();
    expect(a.pathMtu(ip(B))).toBe(1_500);
    const before = portA.sent.length;
    tell(2, 0, 1_300);
    expect(a.pathMtu(ip(B))).toBe(1_300);
    expect([...a.pathMtus()]).toMatchObject([{ mtu: 1_300 }]);
    expect(portA.sent.slice(before).map((packet) => [packet[6], packet.length <= 1_300])).toEqual([
      [44, true],
      [44, true],
    ]);
    // The same again says nothing new; a larger one is no news at all.
    tell(2, 0, 1_300);
    tell(2, 0, 1_400);
    expect(portA.sent.length).toBe(before + 2);
    expect(a.pathMtu(ip(B))).toBe(1_300);
    expect(request.length).toBeGreaterThan(1_300);
    expectAtRest(env, a);
    env.clock.advance(env.clock.now + 601 * SECOND);
    expect(a.pathMtu(ip(B))).toBe(1_500);
  });

  it('cannot push the path MTU below 1,280, nor lower it for a packet that nobody sent', () => {
    const { env, a, request, tell, drops } = pending();
    for (const mtu of [0, 68, 1_279]) tell(2, 0, mtu);
    expect(drops()).toEqual({ 'icmp-ignored': 3 });
    const stranger = request.slice();
    stranger[45] = stranger[45]! ^ 1;
    tell(2, 0, 1_280, stranger);
    expect(drops()).toEqual({ 'icmp-ignored': 3, 'icmp-unmatched': 1 });
    expect(a.pathMtu(ip(B))).toBe(1_500);
    expect([...a.pathMtus()]).toEqual([]);
    expectAtRest(env, a);
  });
});

describe('path MTU discovery', () => {
  it('believes a router about an echo reply that was sent, and about no other (RFC 8201 §4)', () => {
    const { env, a, b, portB } = pair({ medium: 'ip' });
    const data = new Uint8Array(1_400);
    const ask = (sequence: number): void =>
      portB.inject(icmpPacket(128, 0, 0x1234_0000 | sequence, data, AB));
    const refuse = (reply: Uint8Array): void =>
      portB.inject(
        icmpPacket(2, 0, 1_300, reply.subarray(0, 1_232), { source: '2001:db8::99', destination: B }),
      );
    ask(1);
    const reply = portB.sent.at(-1)!;
    expect(reply.length).toBe(1_448);
    const forged = reply.slice();
    forged[47] = 99; // a sequence number that nobody asked with
    refuse(forged);
    expect(b.pathMtu(ip(A))).toBe(1_500);
    refuse(reply);
    expect(b.pathMtu(ip(A))).toBe(1_300);
    const before = portB.sent.length;
    ask(2);
    const pieces = portB.sent.slice(before);
    expect(pieces.map((piece) => [piece[6], piece.length <= 1_300])).toEqual([
      [44, true],
      [44, true],
    ]);
    // RFC 8201 §5.2: only for packets on that path.
    expect(b.pathMtu(ip('2001:db8::77'))).toBe(1_500);
    expectAtRest(env, a, b);
  });

  it('works through a narrow router, for echo and UDP alike', () => {
    const { env, left, right, router } = narrow(1_280);
    expect(ping(env, left, '2001:db8:2::2', { size: 1_400 })).toMatchObject({
      outcome: 'reply',
      reply: { bytes: 1_400 },
    });
    expect(left.pathMtu(ip('2001:db8:2::2'))).toBe(1_280);
    expect(ping(env, left, '2001:db8:2::2', { size: 1_400, dontFragment: true })).toMatchObject({
      outcome: 'error',
      failure: { code: 'EMSGSIZE' },
    });
    expect(router.counters.drops['too-big']).toBe(1);
    expectAtRest(env, left, right, router);
  });
});
