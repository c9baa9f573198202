import { describe, expect, it } from 'vitest';
import { ipv6 } from '../../../stacks/address/ipv6.ts';
import type { OutputOptions } from '../../../stacks/address/network.ts';
import { writeUdp } from '../../../stacks/wire/udp.ts';
import { expectAtRest, ip, pair, settle } from './net.ts';

/** Sends a datagram to a group, and what the sockets of the sender and of the other host heard of it. */
function send(destination: string, options: OutputOptions, data = Uint8Array.of(1, 2, 3)) {
  const { env, a, b, portA } = pair();
  const heard: string[] = [];
  for (const stack of [a, b]) {
    stack.udp.bind(ipv6.any, 9, {
      handler: {
        message: (got, source) => heard.push(`${stack.name} ${got.length} ${stack.describe(source)}`),
        error: () => {},
        closed: () => {},
      },
    });
  }
  const to = ip(destination, 1);
  const source = ip('fe80::ff:fe00:1', 1);
  const packet = env.pool.take(8 + data.length)!;
  packet.bytes.set(data, packet.start + 8);
  writeUdp(packet, ipv6, source, 5_000, to, 9);
  const before = portA.sent.length;
  expect(a.output(packet, source, to, 17, { zone: 1, ...options })).toBeUndefined();
  expect(heard).toEqual([]); // never from inside the call
  settle(env);
  expectAtRest(env, a, b);
  return { heard, sent: portA.sent.length - before };
}

describe('datagrams to a group', () => {
  it('are heard by members on the sending host when it is asked for (RFC 1112 §6.1)', () => {
    const source = 'fe80::ff:fe00:1';
    expect(send('ff02::1', { loopback: true })).toEqual({
      heard: [`A 3 ${source}%LINKA`, `B 3 ${source}%LINKB`],
      sent: 1,
    });
    expect(send('ff02::1', { loopback: false }).heard).toEqual([`B 3 ${source}%LINKB`]);
    // In fragments on the wire, whole here.
    expect(send('ff02::1', { loopback: true }, new Uint8Array(4_000))).toMatchObject({
      heard: [`A 4000 ${source}%LINKA`, `B 4000 ${source}%LINKB`],
      sent: 3,
    });
  });

  it('do not leave the host with a hop limit of zero, nor to a group of the interface (RFC 4291 §2.7)', () => {
    expect(send('ff02::1', { loopback: true, hopLimit: 0 })).toMatchObject({
      heard: [expect.stringMatching(/^A 3/)],
      sent: 0,
    });
    expect(send('ff01::1', { loopback: true }).sent).toBe(0);
  });
});
