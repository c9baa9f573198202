import { describe, expect, it } from 'vitest';
import { Ipv6Stack } from '../../../stacks/ipv6/stack.ts';
import type { Environment } from '../../../stacks/packet/environment.ts';
import { bytes, environment, expectAtRest, frame, Hub, icmpPacket, ip, ping, seen, settle } from './net.ts';

describe('verdicts', () => {
  it('are told to the trace once for every packet that came in or went out', () => {
    const told: Record<string, number> = {};
    let frames = 0;
    const env: Environment = {
      ...environment(),
      trace: {
        verdict: (place, verdict, reason) => {
          const key = `${place} ${verdict}${reason === undefined ? '' : ` ${reason}`}`;
          told[key] = (told[key] ?? 0) + 1;
        },
        frame: () => frames++,
      },
    };
    const hub = new Hub(env, 'ethernet');
    const [a, b] = ['A', 'B'].map((name, i) => {
      const stack = new Ipv6Stack(env, { id: i, name });
      const address = ip(`2001:db8::${i + 1}`);
      stack.addInterface('LINK', hub.port(name), { mtu: 1_500, address, prefixLength: 64 });
      stack.start();
      return stack;
    }) as [Ipv6Stack, Ipv6Stack];
    settle(env);
    ping(env, a, '2001:db8::2', { size: 4_000 });
    ping(env, a, '::1');
    ping(env, a, '2001:db8::3');
    ping(env, a, '2001:db8:9::1');
    hub.ports[1]!.inject(
      frame(
        bytes(icmpPacket(128, 0, 1, [], { source: '::1', destination: '2001:db8::2' })),
        hub.ports[1]!.mac!,
      ),
    );
    for (const { name, counters } of [a, b]) {
      const sum = (word: string): number =>
        Object.entries(told).reduce(
          (n, [key, count]) => n + (key.startsWith(`${name} ${word}`) ? count : 0),
          0,
        );
      expect(sum('delivered') + sum('answered') + sum('forwarded') + sum('dropped')).toBe(
        counters.received + counters.unsent,
      );
      expect(sum('transmitted')).toBe(counters.transmitted);
    }
    expect(told).toMatchObject({
      'A dropped neighbour-unresolved': 1,
      'B dropped bad-source': 1,
      'A answered': 1,
    });
    // The echo to ::1 and its answer never left.
    expect(a.counters.transmitted).toBe(hub.ports[0]!.sent.length + 2);
    // Frames are the devices' to tell.
    expect(frames).toBe(0);
    expectAtRest(env, a, b);
  });

  it('are counted on the link as well as on the stack', () => {
    const env = environment();
    const hub = new Hub(env, 'ethernet');
    const stack = new Ipv6Stack(env, { id: 1, name: 'X', forwarding: true });
    const link = stack.addInterface('LINK', hub.port('x'), {
      mtu: 1_500,
      address: ip('2001:db8::1'),
      prefixLength: 64,
    });
    const other = stack.addInterface('OTHER', hub.port('y'), { mtu: 1_500 });
    stack.start();
    settle(env);
    const { received, dropped, answered, transmitted } = stack.counters;
    expect(link.counters.received + other.counters.received).toBe(received);
    expect(link.counters.dropped + other.counters.dropped).toBe(dropped);
    expect(link.counters.answered + other.counters.answered).toBe(answered);
    expect(link.counters.transmitted + other.counters.transmitted).toBe(transmitted);
    // A router listens to all routers, and tells the switch.
    const groups = seen(hub.ports[0]!)
      .filter(({ type }) => type === 143)
      .map(({ body }) => [body[4], body.at(-1)]);
    // The routers, the subnet-router anycast address, and our own.
    expect(groups.slice(0, 3)).toEqual([
      [0xff, 2],
      [0xff, 0],
      [0xff, 1],
    ]);
    stack.forwarding = false;
    const echo = icmpPacket(128, 0, 1, [], { source: '2001:db8::2', destination: 'ff02::2' });
    hub.ports[0]!.inject(frame(echo, hub.ports[0]!.mac!));
    expect(stack.counters.dropped).toBe(dropped + 1);
    expectAtRest(env, stack);
  });
});
