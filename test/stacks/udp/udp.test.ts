import { describe, expect, it } from 'vitest';
import type { Address } from '../../../stacks/address/address.ts';
import type { Family } from '../../../stacks/address/family.ts';
import { ipv4 } from '../../../stacks/address/ipv4.ts';
import { ipv6 } from '../../../stacks/address/ipv6.ts';
import {
  type Failure,
  isFailure,
  type MulticastLayer,
  type OutputOptions,
} from '../../../stacks/address/network.ts';
import { LOOPED, PARTIAL } from '../../../stacks/packet/packet.ts';
import type { UdpHandler, UdpSocket } from '../../../stacks/udp/api.ts';
import { MAX_MEMBERSHIPS } from '../../../stacks/udp/memberships.ts';
import { Udp } from '../../../stacks/udp/udp.ts';
import { environment, get16, put16 } from '../ipv4/net.ts';

interface Sent {
  bytes: Uint8Array;
  source: Address;
  destination: Address;
  options: OutputOptions;
}

/** A host with two addresses; what it sends is kept. */
function setUp(family: Family) {
  const env = environment();
  const at = (n: number): Address => family.parse(family.bits === 32 ? `10.0.0.${n}` : `2001:db8::${n}`)!;
  const own = [at(1), at(2)];
  const sent: Sent[] = [];
  const groups: string[] = [];
  const network: MulticastLayer = {
    family,
    environment: env,
    sourceFor: (): Address | Failure => own[0]!,
    isLocal: (address) => own.some((one) => one.equals(address)),
    pathMtu: () => 1_500,
    linkMtu: () => 1_500,
    output(packet, source, destination, _protocol, options) {
      sent.push({ bytes: packet.copy(), source: source.clone(), destination: destination.clone(), options });
      env.pool.release(packet);
      return undefined;
    },
    offload: () => undefined,
    confirmReachable: () => {},
    join(group, interfaceIndex) {
      const index = interfaceIndex || 1;
      groups.push(`+${family.format(group)} ${index}`);
      return index < 3 ? index : { code: 'ENODEV', cause: `no interface ${index}` };
    },
    leave: (group, index) => groups.push(`-${family.format(group)} ${index}`),
    describe: (address) => family.format(address),
  };
  const udp = new Udp(network);
  const arrive = (bytes: Uint8Array, source = at(9), destination = own[0]!, ingress = 1): string => {
    const packet = env.pool.from(bytes)!;
    packet.ingress = ingress;
    const verdict = udp.receive(packet, source, destination);
    env.pool.release(packet);
    return verdict;
  };
  return { env, udp, own, at, sent, groups, arrive };
}

function listener(): UdpHandler & { heard: string[]; errors: string[]; gone: number } {
  return {
    heard: [],
    errors: [],
    gone: 0,
    message(data, _source, sourcePort) {
      this.heard.push(`${sourcePort}:${data.join('')}`);
    },
    error(failure, _remote, remotePort) {
      this.errors.push(`${failure.code} ${remotePort}`);
    },
    closed() {
      this.gone++;
    },
  };
}

function open(result: UdpSocket | Failure): UdpSocket {
  if (isFailure(result)) throw new Error(result.cause);
  return result as UdpSocket;
}

describe.each([ipv4, ipv6])('UDP over $name', (family) => {
  it('sends what it then accepts itself', () => {
    const { udp, own, at, sent, arrive } = setUp(family);
    const one = listener();
    const socket = open(udp.bind(family.any, 7, { handler: one }));
    expect(socket.send(Uint8Array.of(1, 2, 3), at(9), 7, { hopLimit: 5 })).toBeUndefined();
    const { bytes, source, destination, options } = sent[0]!;
    expect([get16(bytes, 0), get16(bytes, 2), get16(bytes, 4)]).toEqual([7, 7, 11]);
    expect([source, destination, options]).toEqual([own[0], at(9), { dontFragment: false, hopLimit: 5 }]);
    expect(arrive(bytes, source, destination)).toBe('delivered');
    bytes[8]! ^= 1;
    expect(arrive(bytes, source, destination)).toBe('bad-checksum');
    expect(one.heard).toEqual(['7:123']);
  });

  it('sends a checksum of all ones where zero comes out', () => {
    const { udp, at, sent, arrive } = setUp(family);
    const one = listener();
    const socket = open(udp.bind(family.any, 7, { handler: one }));
    let seen = false;
    for (let i = 0; i < 65_536 && !seen; i++) {
      sent.length = 0;
      socket.send(Uint8Array.of(i >> 8, i), at(9), 7);
      seen = get16(sent[0]!.bytes, 6) === 0xffff;
      expect(get16(sent[0]!.bytes, 6)).not.toBe(0);
    }
    expect(seen).toBe(true);
    expect(arrive(sent[0]!.bytes, sent[0]!.source, sent[0]!.destination)).toBe('delivered');
  });

  it('hears a super-segment of the device as the datagrams that it is', () => {
    const { env, udp, own, at } = setUp(family);
    const one = listener();
    udp.bind(family.any, 7, { handler: one });
    const packet = env.pool.from(Uint8Array.of(0, 1, 0, 7, 0, 13, 0x12, 0x34, 1, 2, 3, 4, 5))!;
    packet.segmentSize = 2;
    packet.checksum = PARTIAL;
    expect(udp.receive(packet, at(9), own[0]!)).toBe('delivered');
    expect(one.heard).toEqual(['1:12', '1:34', '1:5']);
    env.pool.release(packet);
  });

  it('treats a missing checksum as the family does', () => {
    const { udp, arrive } = setUp(family);
    udp.bind(family.any, 7, { handler: listener() });
    const bytes = Uint8Array.of(0, 1, 0, 7, 0, 9, 0, 0, 5);
    expect(arrive(bytes)).toBe(family.udpChecksumRequired ? 'bad-checksum' : 'delivered');
    expect(family.udpChecksumRequired).toBe(family === ipv6);
  });

  it.each([
    [[0, 1, 0, 7, 0, 8, 0], 'runt'],
    [[0, 1, 0, 7, 0, 7, 0, 0], 'bad-length'],
    [[0, 1, 0, 7, 0, 0, 0, 0], 'bad-length'],
    [[0, 1, 0, 7, 0, 9, 0, 0], 'bad-length'],
  ])('%j is %s', (bytes, reason) => {
    const { udp, arrive } = setUp(family);
    udp.bind(family.any, 7, { handler: listener() });
    expect(arrive(Uint8Array.from(bytes))).toBe(reason);
  });

  it('gives no more than the length says', () => {
    const { udp, at, sent, arrive } = setUp(family);
    const one = listener();
    open(udp.bind(family.any, 7, { handler: one })).send(Uint8Array.of(4), at(9), 7);
    const { bytes, source, destination } = sent[0]!;
    expect(arrive(Uint8Array.of(...bytes, 9, 9), source, destination)).toBe('delivered');
    expect(one.heard).toEqual(['7:4']);
  });

  it('finds the socket that was bound most closely', () => {
    const { udp, own, at, sent, arrive } = setUp(family);
    const [any, second] = [listener(), listener()];
    const socket = open(udp.bind(family.any, 7, { handler: any, reuse: true }));
    udp.bind(own[1]!, 7, { handler: second, reuse: true });
    socket.send(Uint8Array.of(1), at(9), 7);
    const to = (destination: Address): string => {
      const bytes = sent[0]!.bytes.slice();
      // The checksum was made for another destination: move it there.
      put16(bytes, 6, 0);
      const sum = family.pseudoHeader(at(9), destination, 17, bytes.length);
      let total = sum;
      for (let i = 0; i < bytes.length; i += 2) total += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
      while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
      put16(bytes, 6, ~total & 0xffff || 0xffff);
      return arrive(bytes, at(9), destination);
    };
    expect([to(own[0]!), to(own[1]!)]).toEqual(['delivered', 'delivered']);
    expect([any.heard, second.heard]).toEqual([['7:1'], ['7:1']]);
    socket.close();
    expect([to(own[0]!), to(own[1]!)]).toEqual(['port-unreachable', 'delivered']);
  });

  it('refuses a second owner unless both share', () => {
    const { udp, own, at } = setUp(family);
    const bind = (address: Address, port: number, reuse?: boolean): string | undefined => {
      const result = udp.bind(address, port, {
        handler: listener(),
        ...(reuse === undefined ? {} : { reuse }),
      });
      return isFailure(result) ? result.code : undefined;
    };
    expect(bind(own[0]!, 7)).toBeUndefined();
    expect(bind(own[1]!, 7)).toBeUndefined();
    expect(bind(own[0]!, 7)).toBe('EADDRINUSE');
    expect(bind(family.any, 7, true)).toBe('EADDRINUSE');
    expect(bind(at(8), 7)).toBe('EADDRNOTAVAIL');
    expect(bind(own[0]!, 65_536)).toBe('EINVAL');
    expect(bind(own[0]!, 8, true)).toBeUndefined();
    expect(bind(own[0]!, 8, true)).toBeUndefined();
  });

  it('draws ephemeral ports from the dynamic range until none is left', () => {
    const { udp, own } = setUp(family);
    const ports = new Set<number>();
    for (let i = 0; i < 16_384; i++) ports.add(open(udp.bind(own[0]!, 0, { handler: listener() })).localPort);
    expect([ports.size, Math.min(...ports), Math.max(...ports)]).toEqual([16_384, 49_152, 65_535]);
    expect(udp.bind(own[0]!, 0, { handler: listener() })).toMatchObject({ code: 'EADDRINUSE' });
    for (const socket of [...udp.sockets()].slice(0, 3)) socket.close();
    expect(isFailure(udp.bind(own[0]!, 0, { handler: listener() }))).toBe(false);
    for (let i = 1; i < 30_000; i++) udp.bind(own[1]!, i, { handler: listener() });
    expect([...udp.sockets()]).toHaveLength(24_576);
  });

  it('sends up to the largest datagram', () => {
    const { env, udp, at, sent } = setUp(family);
    const socket = open(udp.bind(family.any, 0, { handler: listener() }));
    const most = family === ipv4 ? 65_507 : 65_527;
    expect(socket.send(new Uint8Array(most), at(9), 7)).toBeUndefined();
    expect(socket.send(new Uint8Array(most + 1), at(9), 7)).toMatchObject({ code: 'EMSGSIZE' });
    expect(socket.send(new Uint8Array(1), at(9), 0)).toMatchObject({ code: 'EINVAL' });
    expect([sent.length, env.pool.live]).toEqual([1, 0]);
  });

  it('tells an ICMP error to the socket that sent there, and to nobody else', () => {
    const { udp, own, at } = setUp(family);
    const [one, two] = [listener(), listener()];
    const socket = open(udp.bind(own[0]!, 7, { handler: one }));
    open(udp.bind(own[1]!, 7, { handler: two })).send(Uint8Array.of(1), at(9), 53);
    socket.send(Uint8Array.of(1), at(9), 53);
    const error = {
      kind: 'port-unreachable',
      mtu: 0,
      reporter: 'r',
      local: own[0]!,
      remote: at(9),
      localPort: 7,
      remotePort: 53,
      sequence: 0,
    } as const;
    expect(udp.networkError(error)).toBe(true);
    expect([one.errors, two.errors]).toEqual([['ECONNREFUSED 53'], []]);
    expect(udp.networkError({ ...error, remotePort: 54 })).toBe(false);
    expect(udp.networkError({ ...error, localPort: 8 })).toBe(false);
    expect(udp.networkError({ ...error, remote: at(8) })).toBe(false);
  });

  it('tells every socket that the stack stopped, once', () => {
    const { udp } = setUp(family);
    const one = listener();
    const socket = open(udp.bind(family.any, 7, { handler: one }));
    udp.stop();
    udp.stop();
    socket.close();
    expect([one.gone, [...udp.sockets()]]).toEqual([1, []]);
    expect(isFailure(udp.bind(family.any, 7, { handler: one }))).toBe(false);
  });

  it('hands a datagram to a group to every socket of the port', () => {
    const { udp, at, sent, arrive } = setUp(family);
    const group = family.parse(family === ipv4 ? '224.0.0.1' : 'ff02::1')!;
    const listeners = [listener(), listener()];
    const [socket] = listeners.map((handler) => open(udp.bind(family.any, 7, { handler, reuse: true })));
    socket!.send(Uint8Array.of(6), group, 7);
    expect(arrive(sent[0]!.bytes, sent[0]!.source, group)).toBe('delivered');
    expect(listeners.map((one) => one.heard)).toEqual([['7:6'], ['7:6']]);
    expect(at(1)).toEqual(sent[0]!.source);
    listeners[0]!.message = () => [...udp.sockets()][1]!.close();
    expect(arrive(sent[0]!.bytes, sent[0]!.source, group)).toBe('delivered');
    expect(listeners[1]!.heard).toEqual(['7:6']); // closed by the other meanwhile
  });

  it('hears a group on the interface where the socket joined it, and leaves it when it closes', () => {
    const { udp, groups, sent, arrive } = setUp(family);
    const group = family.parse(family === ipv4 ? '239.1.2.3' : 'ff05::1:3')!;
    const on = family.format(group);
    const [one, two, three] = [listener(), listener(), listener()];
    const socket = open(udp.bind(family.any, 7, { handler: one, reuse: true }));
    const bound = open(udp.bind(group, 7, { handler: two, reuse: true }));
    udp.bind(family.any, 7, { handler: three, reuse: true });
    expect(socket.join(group, 2)).toBeUndefined();
    expect(bound.join(group, 0)).toBeUndefined();
    expect(socket.join(group, 2)).toMatchObject({ code: 'EADDRINUSE' });
    expect(socket.join(group, 3)).toMatchObject({ code: 'ENODEV' });
    expect(socket.join(family.loopback, 1)).toMatchObject({ code: 'EINVAL' });
    expect(groups.splice(0)).toEqual([`+${on} 2`, `+${on} 1`, `+${on} 2`, `-${on} 2`, `+${on} 3`]);

    const away = group.clone();
    away.zone = 2;
    expect(bound.send(Uint8Array.of(5), away, 7, { loopback: false, hopLimit: 3 })).toBeUndefined();
    expect(sent[0]!.options).toEqual({ dontFragment: false, hopLimit: 3, loopback: false, zone: 2 });
    const { bytes, source } = sent[0]!;
    for (const ingress of [1, 2, LOOPED]) expect(arrive(bytes, source, group, ingress)).toBe('delivered');
    expect([one.heard.length, two.heard.length, three.heard.length]).toEqual([2, 2, 0]);
    expect(arrive(bytes, source, group, 3)).toBe('port-unreachable');

    expect(bound.leave(group, 2)).toMatchObject({ code: 'EADDRNOTAVAIL' });
    expect(bound.leave(group, 0)).toBeUndefined();
    socket.close();
    expect(groups).toEqual([`-${on} 1`, `-${on} 2`]);
    expect(socket.join(group, 1)).toMatchObject({ code: 'EINVAL' });
    expect(arrive(bytes, source, group)).toBe('port-unreachable');
  });

  it('joins so many groups and no more', () => {
    const { udp } = setUp(family);
    const socket = open(udp.bind(family.any, 7, { handler: listener() }));
    const join = (n: number) =>
      socket.join(family.parse(family === ipv4 ? `239.0.0.${n}` : `ff05::${n}`)!, 1);
    for (let i = 1; i <= MAX_MEMBERSHIPS; i++) expect(join(i)).toBeUndefined();
    expect(join(99)).toMatchObject({ code: 'ENOBUFS' });
  });
});
