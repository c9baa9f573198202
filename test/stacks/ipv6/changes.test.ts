/** What is left behind when addresses go, links come and go, and a host becomes a router or the other way round. */
import { describe, expect, it } from 'vitest';
import { ipv6 } from '../../../stacks/address/ipv6.ts';
import { SECOND } from '../../../stacks/time/clock.ts';
import { advertise, host } from './advertised.ts';
import { address, bytes, expectAtRest, frame, icmpPacket, ip, pair, seen, settle, udpPacket } from './net.ts';

const PREFIX = '2001:db8:5::';

describe('an address that is removed', () => {
  it('takes its subnet-router anycast address along', () => {
    const { env, a, b, portB } = pair({ forwardingB: true });
    const asked = (): number => {
      const before = seen(portB).filter(({ type }) => type === 136).length;
      const question = bytes(address('2001:db8:7::'), [1, 1, 2, 0, 0, 0, 0, 0x99]);
      const fields = { source: 'fe80::99', destination: 'ff02::1:ff00:0', hopLimit: 255 };
      portB.inject(frame(icmpPacket(135, 0, 0, question, fields), portB.mac!));
      settle(env);
      return seen(portB).filter(({ type }) => type === 136).length - before;
    };
    b.addAddress(1, ip('2001:db8:7::1'), 64);
    b.addAddress(1, ip('2001:db8:7::2'), 64);
    settle(env);
    expect(asked()).toBe(1);
    b.removeAddress(1, ip('2001:db8:7::1'));
    expect(asked()).toBe(1);
    b.removeAddress(1, ip('2001:db8:7::2'));
    expect(asked()).toBe(0);
    // That of 2001:db8::2/64 has the same group.
    expect([...b.groups()].map(({ group }) => ipv6.format(group))).toContain('ff02::1:ff00:0');
    expectAtRest(env, a, b);
  });

  it('takes the route to its network along, whatever addresses a router gave there', () => {
    const { env, stack, port } = host({
      address: ip('2001:db8:5::7'),
      prefixLength: 64,
      autoconfigure: true,
    });
    stack.start();
    settle(env);
    advertise(port, { prefix: PREFIX, flags: 0x40 });
    settle(env);
    stack.removeAddress(1, ip('2001:db8:5::7'));
    expect([...stack.routes()].filter(({ prefixLength }) => prefixLength === 64)).toEqual([]);
  });

  it('has no successor when it was a duplicate', () => {
    const { env, stack, port } = host({ identifier: 'stable', secret: new Uint8Array(16) });
    stack.start();
    settle(env);
    advertise(port, { prefix: PREFIX });
    const duplicate = stack.interfaces()[0]!.addresses[1]!.address;
    const fields = { source: ipv6.format(duplicate), destination: 'ff02::1', hopLimit: 255 };
    port.inject(frame(icmpPacket(136, 0, 0x2000_0000, address(ipv6.format(duplicate)), fields), port.mac!));
    expect(stack.interfaces()[0]!.addresses[1]!.state).toBe('duplicate');
    stack.removeAddress(1, duplicate);
    env.clock.advance(env.clock.now + 5 * SECOND);
    expect(stack.interfaces()[0]!.addresses.map(({ origin }) => origin)).toEqual(['link-local']);
    expectAtRest(env, stack);
  });
});

describe('a link that was down', () => {
  it.each([false, true])(
    'is listened to for the groups of sockets again, and they are reported (router: %s)',
    (forwardingB) => {
      const { env, a, b, portB } = pair({ forwardingB });
      const heard: number[] = [];
      const socket = b.udp.bind(ipv6.any, 9, {
        handler: { message: (data) => heard.push(data.length), error: () => {}, closed: () => {} },
      });
      if ('code' in socket) throw new Error(socket.cause);
      expect(socket.join(ip('ff02::77'), 1)).toBeUndefined();
      settle(env);
      const groups = [...b.groups()];
      b.setLink(1, false);
      b.setLink(1, true);
      const before = portB.sent.length;
      settle(env);
      expect([...b.groups()]).toHaveLength(groups.length);
      expect([...b.groups()].map(({ users }) => users).sort()).toEqual(
        groups.map(({ users }) => users).sort(),
      );
      const reported = seen(portB, before).filter(
        ({ type, body }) => type === 143 && text(body).includes('77'),
      );
      expect(reported.length).toBeGreaterThan(0);
      const fields = { source: 'fe80::99', destination: 'ff02::77' };
      portB.inject(frame(udpPacket(new Uint8Array(3), [1, 9], fields), portB.mac!));
      expect(heard).toEqual([3]);
      expectAtRest(env, a, b);
    },
  );
});

function text(body: Uint8Array): string {
  return [...body].map((byte) => byte.toString(16)).join(' ');
}

describe('a host that becomes a router', () => {
  it('asks for routers no more and forgets them; asks again when it is a host again (RFC 4861 §6.3.7)', () => {
    const { env, stack, port } = host();
    stack.start();
    settle(env);
    const asked = (): number => seen(port).filter(({ type }) => type === 133).length;
    stack.forwarding = true;
    const before = asked();
    env.clock.advance(env.clock.now + 3_600 * SECOND);
    expect(asked()).toBe(before);
    stack.forwarding = false;
    settle(env);
    expect(asked()).toBe(before + 3);
    advertise(port, { prefix: PREFIX });
    settle(env);
    expect(stack.candidates(ip('2001:ffff::1'))).toHaveLength(1);
    stack.forwarding = true;
    expect(stack.candidates(ip('2001:ffff::1'))).toEqual([]);
    expectAtRest(env, stack);
  });
});
