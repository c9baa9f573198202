/** The host's side of IGMP: RFC 3376, RFC 2236, RFC 1112. */
import { describe, expect, it } from 'vitest';
import type { Ipv4Stack } from '../../../stacks/ipv4/stack.ts';
import type { Environment } from '../../../stacks/packet/environment.ts';
import { SECOND } from '../../../stacks/time/clock.ts';
import {
  datagram,
  environment,
  expectAtRest,
  frame,
  ip,
  put16,
  settle,
  stack,
  sumOf,
  TestDevice,
} from './net.ts';

const GROUP = '239.1.2.3';
const dotted = (text: string): number[] => text.split('.').map(Number);

interface Net {
  env: Environment;
  host: Ipv4Stack;
  device: TestDevice;
  /** What the host said since the last call: seconds, `destination type group...`. */
  said(): [number, string][];
  hear(message: Uint8Array, to?: string, options?: number[]): void;
  pass(seconds: number): void;
}

function host(): Net {
  const env = environment();
  const device = new TestDevice(env, 'x', 1);
  const lines: [number, string][] = [];
  device.pass = (bytes) => {
    if (bytes[12] === 8 && bytes[13] === 0 && bytes[23] === 2)
      lines.push([env.clock.now / SECOND, tell(bytes)]);
    return false;
  };
  device.peer = device;
  const made = stack(env, 'H', [[device, '10.0.0.1', 24]]);
  env.clock.advance(10 * SECOND);
  return {
    env,
    host: made,
    device,
    said: () => lines.splice(0),
    hear: (message, to = '224.0.0.1', options = [148, 4, 0, 0]) =>
      device.inject(
        frame(
          datagram(message, { protocol: 2, ttl: 1, source: '10.0.0.9', destination: to, options }),
          [1, 0, 0x5e, 0, 0, 1],
          [2, 0, 0, 0, 0, 9],
        ),
      ),
    pass: (seconds) => env.clock.advance(env.clock.now + seconds * SECOND),
  };
}

/** A message that is right in all that RFC 3376 §4 asks for: TTL 1, router alert, precedence 6, checksums, the MAC. */
function tell(bytes: Uint8Array): string {
  const packet = bytes.subarray(14);
  const to = packet.subarray(16, 20);
  expect([packet[0], packet[1], packet[8], ...packet.subarray(20, 24)]).toEqual([
    0x46, 0xc0, 1, 148, 4, 0, 0,
  ]);
  expect([sumOf(packet.subarray(0, 24)), sumOf(packet.subarray(24))]).toEqual([0, 0]);
  expect([...bytes.subarray(0, 6)]).toEqual([1, 0, 0x5e, to[1]! & 0x7f, to[2], to[3]]);
  const message = packet.subarray(24);
  const text = `${to.join('.')} ${message[0]!.toString(16)}`;
  if (message[0] !== 0x22) return `${text} ${message.subarray(4, 8).join('.')}`;
  const records: string[] = [];
  for (let at = 8; at < message.length; ) {
    const sources = message[at + 3]!;
    const words = Array.from({ length: sources + 1 }, (_, i) =>
      message.subarray(at + 4 + 4 * i, at + 8 + 4 * i).join('.'),
    );
    records.push(`${message[at]}:${words.join('+')}`);
    at += 8 + 4 * sources;
  }
  expect(message[7]).toBe(records.length);
  return `${text} ${records.join(' ')}`;
}

function sealed(bytes: number[]): Uint8Array {
  const message = Uint8Array.from(bytes);
  put16(message, 2, sumOf(message));
  return message;
}

/** A query: `code` in its own unit; sources only with version 3. */
function query(version: 1 | 2 | 3, code: number, group = '0.0.0.0', sources: string[] = []): Uint8Array {
  const v3 = version === 3 ? [2, 125, 0, sources.length, ...sources.flatMap(dotted)] : [];
  return sealed([0x11, version === 1 ? 0 : code, 0, 0, ...dotted(group), ...v3]);
}

function socketOf(made: Ipv4Stack) {
  const handler = { message: () => {}, error: () => {}, closed: () => {} };
  const socket = made.udp.bind(ip('0.0.0.0'), 0, { handler });
  if (!('send' in socket)) throw new Error(socket.cause);
  return socket;
}

const texts = (lines: [number, string][]): string[] => lines.map(([, text]) => text);

describe('IGMPv3', () => {
  it('tells that a group is joined, twice, and left, twice; once however many sockets', () => {
    const { env, host: h, said, pass } = host();
    const [one, two] = [socketOf(h), socketOf(h)];
    one.join(ip(GROUP), 0);
    two.join(ip(GROUP), 1);
    pass(5);
    expect(texts(said())).toEqual([`224.0.0.22 22 4:${GROUP}`, `224.0.0.22 22 4:${GROUP}`]);
    expect([...h.groups()]).toEqual([{ group: ip(GROUP), interfaceIndex: 1, users: 2 }]);
    one.close();
    expect(said()).toEqual([]);
    two.leave(ip(GROUP), 0);
    pass(5);
    expect(texts(said())).toEqual([`224.0.0.22 22 3:${GROUP}`, `224.0.0.22 22 3:${GROUP}`]);
    expect([...h.groups()]).toEqual([]);
    settle(env);
    expectAtRest(env, h);
  });

  it('says nothing of 224.0.0.1, which every host belongs to', () => {
    const { host: h, said, hear, pass } = host();
    socketOf(h).join(ip('224.0.0.1'), 0);
    hear(query(3, 10));
    pass(5);
    expect(said()).toEqual([]);
  });

  it('answers a general query with all groups, within the time that it gives', () => {
    const { env, host: h, said, hear, pass } = host();
    for (const group of [GROUP, '239.9.9.9']) socketOf(h).join(ip(group), 0);
    pass(5);
    said();
    const asked = env.clock.now / SECOND;
    hear(query(3, 50));
    pass(6);
    const answers = said();
    expect(texts(answers)).toEqual([`224.0.0.22 22 2:${GROUP} 2:239.9.9.9`]);
    expect(answers[0]![0] - asked).toBeLessThanOrEqual(5);
    hear(query(3, 0x8f)); // (15 | 16) << 3: 24.8 seconds
    pass(24.9);
    expect(said()).toHaveLength(1);
    expectAtRest(env, h);
  });

  it('answers a query for a group, and for sources of it', () => {
    const { host: h, said, hear, pass } = host();
    socketOf(h).join(ip(GROUP), 0);
    pass(5);
    said();
    hear(query(3, 10, GROUP), GROUP);
    pass(2);
    expect(texts(said())).toEqual([`224.0.0.22 22 2:${GROUP}`]);
    hear(query(3, 10, GROUP, ['192.0.2.1']), GROUP);
    hear(query(3, 10, GROUP, ['192.0.2.2']), GROUP);
    pass(2);
    expect(texts(said())).toEqual([`224.0.0.22 22 1:${GROUP}+192.0.2.1+192.0.2.2`]);
    hear(query(3, 10, GROUP, ['192.0.2.1']), GROUP);
    hear(query(3, 10, GROUP), GROUP);
    pass(2);
    expect(texts(said())).toEqual([`224.0.0.22 22 2:${GROUP}`]);
    hear(query(3, 10, '239.8.8.8'), '224.0.0.1');
    pass(2);
    expect(said()).toEqual([]);
  });

  it('splits a report that one datagram does not hold', () => {
    const env = environment();
    const device = new TestDevice(env, 'x', 1, 576);
    const h = stack(env, 'H', [[device, '10.0.0.1', 24]]);
    for (let i = 0; i < 80; i++) {
      if (i % 20 === 0) socketOf(h);
      [...h.udp.sockets()].at(-1)!.join(ip(`239.0.0.${i}`), 0);
    }
    device.sent.length = 0;
    device.inject(
      frame(
        datagram(query(3, 1), {
          protocol: 2,
          destination: '224.0.0.1',
          source: '10.0.0.9',
          options: [148, 4, 0, 0],
        }),
        [1, 0, 0x5e, 0, 0, 1],
        [2, 0, 0, 0, 0, 9],
      ),
    );
    env.clock.advance(env.clock.now + SECOND / 5);
    const reports = device.sent.filter((bytes) => bytes[23] === 2 && bytes[14 + 24 + 8] === 2);
    expect(reports.map((bytes) => bytes.length - 14)).toEqual([576, 576 - 8 * (2 * 68 - 80)]);
  });

  it('tells its groups anew when the link comes up', () => {
    const { host: h, said, pass } = host();
    socketOf(h).join(ip(GROUP), 0);
    pass(5);
    said();
    h.setLink(1, false);
    h.setLink(1, true);
    expect(texts(said())).toEqual([`224.0.0.22 22 4:${GROUP}`]);
  });
});

describe('IGMP among older routers', () => {
  it('speaks version 2 after a query of version 2, for 260 seconds', () => {
    const { host: h, said, hear, pass } = host();
    const socket = socketOf(h);
    hear(query(2, 100));
    socket.join(ip(GROUP), 0);
    pass(11);
    expect(texts(said())).toEqual([`${GROUP} 16 ${GROUP}`, `${GROUP} 16 ${GROUP}`]);
    hear(query(2, 20, GROUP), GROUP);
    pass(2.1);
    expect(texts(said())).toEqual([`${GROUP} 16 ${GROUP}`]);
    socket.leave(ip(GROUP), 0);
    expect(texts(said())).toEqual([`224.0.0.2 17 ${GROUP}`]);
    pass(261);
    socket.join(ip(GROUP), 0);
    expect(texts(said())).toEqual([`224.0.0.22 22 4:${GROUP}`]);
  });

  it('leaves the report to another member, and then need not say when it leaves', () => {
    const { host: h, said, hear, pass } = host();
    const socket = socketOf(h);
    hear(query(2, 100));
    socket.join(ip(GROUP), 0);
    pass(11);
    said();
    hear(query(2, 100));
    hear(sealed([0x16, 0, 0, 0, ...dotted(GROUP)]), GROUP);
    pass(11);
    socket.leave(ip(GROUP), 0);
    expect(said()).toEqual([]);
  });

  it('is asked for all groups by version 1, whatever stands for a group there (RFC 1112 appendix I)', () => {
    const { host: h, said, hear, pass } = host();
    socketOf(h).join(ip(GROUP), 0);
    pass(5);
    said();
    hear(query(1, 0, '239.7.7.7'), '224.0.0.1', []);
    pass(11);
    expect(texts(said())).toEqual([`${GROUP} 12 ${GROUP}`]);
  });

  it('speaks version 1 after a query of version 1, and never leaves', () => {
    const { host: h, said, hear, pass } = host();
    const socket = socketOf(h);
    hear(query(1, 0), '224.0.0.1', []);
    socket.join(ip(GROUP), 0);
    pass(11);
    expect(texts(said())).toEqual([`${GROUP} 12 ${GROUP}`, `${GROUP} 12 ${GROUP}`]);
    hear(query(2, 1));
    pass(11);
    expect(texts(said())).toEqual([`${GROUP} 12 ${GROUP}`]);
    socket.leave(ip(GROUP), 0);
    expect(said()).toEqual([]);
  });

  it.each([
    ['a query without router alert', query(3, 10), '224.0.0.1', [], 'icmp-ignored'],
    ['a general query to another group', query(3, 10), GROUP, [148, 4, 0, 0], 'icmp-ignored'],
    [
      'a query of 10 bytes',
      sealed([0x11, 10, 0, 0, 0, 0, 0, 0, 0, 0]),
      '224.0.0.1',
      [148, 4, 0, 0],
      'bad-length',
    ],
    [
      'sources that are not there',
      sealed([0x11, 10, 0, 0, 0, 0, 0, 0, 2, 125, 0, 9]),
      '224.0.0.1',
      [148, 4, 0, 0],
      'bad-length',
    ],
    ['a broken checksum', query(3, 10).fill(7, 2, 3), '224.0.0.1', [148, 4, 0, 0], 'bad-checksum'],
    ['seven bytes', sealed([0x11, 10, 0, 0, 0, 0, 0]), '224.0.0.1', [148, 4, 0, 0], 'runt'],
    ['a report of version 3', sealed([0x22, 0, 0, 0, 0, 0, 0, 0]), GROUP, [148, 4, 0, 0], 'icmp-ignored'],
    ['an unknown type', sealed([0x99, 0, 0, 0, 0, 0, 0, 0]), GROUP, [148, 4, 0, 0], 'icmp-ignored'],
  ] as const)('hears nothing in %s', (_name, message, to, options, reason) => {
    const { env, host: h, said, hear, pass } = host();
    socketOf(h).join(ip(GROUP), 0);
    pass(5);
    said();
    hear(message, to, [...options]);
    pass(30);
    expect(said()).toEqual([]);
    expect(h.counters.drops[reason]).toBe(1);
    expectAtRest(env, h);
  });
});

it('a switch without an address may ask', () => {
  const { host: h, said, device, pass } = host();
  socketOf(h).join(ip(GROUP), 0);
  pass(5);
  said();
  const fields = { protocol: 2, source: '0.0.0.0', destination: '224.0.0.1', options: [148, 4, 0, 0] };
  device.inject(frame(datagram(query(3, 10), fields), [1, 0, 0x5e, 0, 0, 1], [2, 0, 0, 0, 0, 9]));
  pass(2);
  expect(texts(said())).toEqual([`224.0.0.22 22 2:${GROUP}`]);
});

it('a group that nobody joined is not for us, and groups are not forwarded', () => {
  const env = environment();
  const device = new TestDevice(env, 'x', 1);
  const other = new TestDevice(env, 'y', 2);
  const router = stack(
    env,
    'R',
    [
      [device, '10.0.0.1', 24],
      [other, '10.2.0.1', 24],
    ],
    { forwarding: true },
  );
  socketOf(router).join(ip(GROUP), 1);
  const to = (group: string): Uint8Array =>
    frame(
      datagram([0, 9, 0, 9, 0, 8, 0, 0], { source: '10.0.0.9', destination: group }),
      [1, 0, 0x5e, 1, 2, 3],
      [2, 0, 0, 0, 0, 9],
    );
  const before = other.sent.length;
  device.inject(to('239.7.7.7'));
  expect(router.counters.drops).toEqual({ 'not-for-me': 1 });
  device.inject(to(GROUP));
  expect(router.counters.drops).toEqual({ 'not-for-me': 1, 'port-unreachable': 1 });
  expect(other.sent).toHaveLength(before);
});
