import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { datagram, expectAtRest, frame, icmp, ip, pair, ping, put16, settle, sumOf, udp } from './net.ts';

const B = [2, 0, 0, 0, 0, 2];
const A = [2, 0, 0, 0, 0, 1];

/** An IGMP message with its checksum. */
function sealed(bytes: number[]): Uint8Array {
  const message = Uint8Array.from(bytes);
  put16(message, 2, sumOf(message));
  return message;
}

const seeds: Uint8Array[] = [
  datagram(udp(1, 9, new Uint8Array(40))),
  datagram(icmp(8, 0, 7, new Uint8Array(64)), { protocol: 1 }),
  datagram(icmp(3, 4, 600, datagram(udp(1, 2), { source: '10.0.0.2' })), { protocol: 1 }),
  datagram(icmp(11, 0, 0, datagram(icmp(8, 0, 1), { source: '10.0.0.2', protocol: 1 })), { protocol: 1 }),
  datagram(new Uint8Array(64), { fragment: 0x2000, protocol: 1 }),
  datagram(new Uint8Array(64), { fragment: 8, protocol: 1 }),
  datagram(udp(1, 9), { options: [7, 7, 4, 0, 0, 0, 0, 0, 148, 4, 0, 0] }),
  datagram(udp(1, 9), { options: [68, 16, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] }),
  datagram(icmp(8, 0, 7), { protocol: 1, options: [131, 11, 4, 192, 0, 2, 7, 10, 0, 0, 1, 0] }),
  datagram(icmp(8, 0, 7), { protocol: 1, options: [137, 7, 8, 192, 0, 2, 7, 0] }),
  datagram(icmp(5, 1, 0x0a000001, datagram(udp(1, 2), { source: '10.0.0.2' })), { protocol: 1 }),
  datagram(sealed([0x11, 1, 0, 0, 0, 0, 0, 0]), {
    protocol: 2,
    destination: '224.0.0.1',
    options: [148, 4, 0, 0],
  }),
  datagram(sealed([0x11, 1, 0, 0, 0, 0, 0, 0, 0, 125, 0, 0]), {
    protocol: 2,
    destination: '239.0.0.9',
    options: [148, 4, 0, 0],
  }),
  datagram(udp(1, 9), { destination: '239.0.0.9' }),
  datagram(new Uint8Array(20).fill(0x50), { protocol: 6 }),
  datagram(udp(1, 9), { destination: '192.0.2.7' }),
  datagram(udp(1, 9), { destination: '255.255.255.255' }),
];

/** Changes a few bytes of an honest packet, perhaps cuts it, and (mostly) repairs the header checksum. */
const mutated = fc
  .record({
    seed: fc.nat(seeds.length - 1),
    changes: fc.array(fc.tuple(fc.nat(140), fc.nat(255)), { maxLength: 4 }),
    cut: fc.option(fc.nat(120), { nil: undefined }),
    repair: fc.integer({ min: 0, max: 9 }),
  })
  .map(({ seed, changes, cut, repair }) => {
    const bytes = seeds[seed]!.slice(0, cut);
    for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
    const header = ((bytes[0] ?? 0) & 15) * 4;
    if (repair > 0 && header >= 20 && bytes.length >= header) {
      put16(bytes, 10, 0);
      put16(bytes, 10, sumOf(bytes.subarray(0, header)));
    }
    return bytes;
  });

const noise = fc.uint8Array({ maxLength: 120 });

describe('whatever comes', () => {
  it.each([true, false])('costs a counter and nothing else, Ethernet %s', (ethernet) => {
    const input = fc.oneof({ weight: 4, arbitrary: mutated }, { weight: 1, arbitrary: noise });
    const kinds = fc.constantFrom(0x0800, 0x0800, 0x0800, 0x0806, 0x86dd);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(input, kinds), { minLength: 1, maxLength: 30 }),
        fc.boolean(),
        (list, forwarding) => {
          const { env, a, b, deviceB } = pair({
            ethernet,
            b: { sourceRoutes: true, directedBroadcasts: true },
          });
          b.forwarding = forwarding;
          b.addRoute({
            destination: ip('192.0.2.0'),
            prefixLength: 24,
            gateway: ip('10.0.0.1'),
            interfaceIndex: 1,
            metric: 1,
            origin: 'static',
          });
          const handler = { message: () => {}, error: () => {}, closed: () => {} };
          const socket = b.udp.bind(ip('0.0.0.0'), 9, { handler });
          if (!('join' in socket)) throw new Error(socket.cause);
          socket.join(ip('239.0.0.9'), 1);
          b.echo(ip('10.0.0.1'), { size: 8, timeout: 1_000 }, () => {});
          const before = b.counters.received;
          for (const [bytes, type] of list) deviceB.inject(ethernet ? frame(bytes, B, A, type) : bytes);
          expect(b.counters.received).toBe(before + list.length);
          settle(env);
          expectAtRest(env, a, b);
          // And the next honest client is served.
          expect(ping(env, a, '10.0.0.2').outcome).toBe('reply');
          expectAtRest(env, a, b);
        },
      ),
      { numRuns: 400 },
    );
  });
});
