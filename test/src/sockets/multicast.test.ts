import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createDgram, type DatagramSocket } from '../../../src/sockets/dgram.ts';
import { Network } from './virtual.ts';

const families = [
  { type: 'udp4', hosts: ['192.0.2.1', '192.0.2.2', '192.0.2.3'], group: '239.1.2.3', zone: '192.0.2.' },
  { type: 'udp6', hosts: ['2001:db8::1', '2001:db8::2', '2001:db8::3'], group: 'ff15::123', zone: '::%' },
] as const;

function setUp({ hosts, type }: (typeof families)[number]) {
  const network = new Network();
  const [a, b, c] = hosts.map((host, i) => createDgram(network.host(i + 1, host)));
  const listen = async (
    dgram: typeof a,
    reuseAddr = true,
  ): Promise<{ socket: DatagramSocket; heard: string[] }> => {
    const heard: string[] = [];
    const socket = dgram!.createSocket({ type, reuseAddr }, (message) => heard.push(message.toString()));
    socket.bind(5353);
    await network.until(once(socket, 'listening'));
    return { socket, heard };
  };
  return { network, a, b, c, listen };
}

describe.each(families)('multicast over $type', (family) => {
  const { group } = family;

  it('reaches the members of a group and nobody else', async () => {
    const { network, a, b, c, listen } = setUp(family);
    const [one, two, stranger] = [await listen(b), await listen(b), await listen(c)];
    one.socket.addMembership(group);
    two.socket.addMembership(group, family.type === 'udp4' ? '192.0.2.2' : '::%OSA');
    const sender = a!.createSocket(family.type);
    sender.send('to all', 5353, group);
    await network.pass(100_000);
    expect([one.heard, two.heard, stranger.heard]).toEqual([['to all'], ['to all'], []]);
    one.socket.dropMembership(group);
    two.socket.close();
    sender.send('again', 5353, group);
    await network.pass(100_000);
    expect([one.heard, two.heard, stranger.heard]).toEqual([['to all'], ['to all'], []]);
  });

  it('says what is wrong with a membership', async () => {
    const { a } = setUp(family);
    const socket = a!.createSocket(family.type);
    const failing = (call: () => void): string | undefined => {
      try {
        call();
      } catch (error) {
        return `${(error as NodeJS.ErrnoException).syscall} ${(error as NodeJS.ErrnoException).code}`;
      }
      return undefined;
    };
    const other = family.type === 'udp4' ? 'ff15::1' : '239.1.1.1';
    expect(failing(() => socket.addMembership(group))).toBeUndefined(); // binds
    expect(socket.address().port).toBeGreaterThan(0);
    expect(failing(() => socket.addMembership(group))).toBe('addMembership EADDRINUSE');
    expect(failing(() => socket.addMembership(family.hosts[1]))).toBe('addMembership EINVAL');
    expect(failing(() => socket.addMembership('all'))).toBe('addMembership EINVAL');
    expect(failing(() => socket.addMembership(other))).toBe('addMembership EAFNOSUPPORT');
    expect(failing(() => socket.addMembership(group, family.hosts[2]))).toBe('addMembership EADDRNOTAVAIL');
    expect(failing(() => socket.dropMembership(group))).toBeUndefined();
    expect(failing(() => socket.dropMembership(group))).toBe('dropMembership EADDRNOTAVAIL');
    expect(failing(() => socket.setMulticastInterface(family.hosts[2]))).toBe(
      'setMulticastInterface EADDRNOTAVAIL',
    );
    expect(failing(() => socket.setMulticastTTL(256))).toBe('setTTL EINVAL');
    expect(() => socket.addMembership('')).toThrow(expect.objectContaining({ code: 'ERR_MISSING_ARGS' }));
    socket.close();
    expect(() => socket.addMembership(group)).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' }),
    );
  });
});

describe('multicast on IPv4', () => {
  it('comes back to members on the same host, unless loopback is off; TTL 0 does not leave it', async () => {
    const family = families[0];
    const { network, a, b, listen } = setUp(family);
    const [own, other] = [await listen(a), await listen(b)];
    own.socket.addMembership(family.group);
    other.socket.addMembership(family.group);
    own.socket.setMulticastInterface('192.0.2.1');
    own.socket.send('one', 5353, family.group);
    expect(own.socket.setMulticastLoopback(false)).toBe(false);
    own.socket.send('two', 5353, family.group);
    own.socket.setMulticastLoopback(true);
    own.socket.setMulticastTTL(0);
    own.socket.send('three', 5353, family.group);
    await network.pass(100_000);
    expect([own.heard, other.heard]).toEqual([
      ['one', 'three'],
      ['one', 'two'],
    ]);
    expect(network.environment.pool.live).toBe(0);
  });
});
