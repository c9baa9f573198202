/** The layers of the stacks: each its own packets and its own weights, all of them played to whole stacks. */
import type { Kind } from './operation.ts';
import { encode, FIX_LENGTHS, FIX_SUMS, type Operation } from './operation.ts';
import type { Bytes } from './packets.ts';
import { play } from './play.ts';
import { Program } from './program.ts';
import type { Layout } from './scene.ts';
import type { Target } from './target.ts';
import * as templates from './templates.ts';

const HONEST = FIX_LENGTHS | FIX_SUMS;

interface Layer {
  readonly layout: Layout;
  readonly says: string;
  readonly templates: readonly Bytes[];
  readonly weights: Partial<Record<Kind, number>>;
  /** First bytes of the seeds: see play.ts. */
  readonly settings: readonly number[];
}

const { SYNS4, SYNS6, UDPS4, UDPS6, ICMPS4, ICMPS6, ODD4, ODD6, NEIGHBOURS4, NEIGHBOURS6 } = templates;
const { WHOLE4, WHOLE6, THROUGH4, THROUGH6 } = templates;

/** Mostly packets, hardly any calls. */
const PACKETS = { frame: 1, template: 8, reply: 2, quote: 1, segment: 0, fragments: 0, time: 1, call: 1 };

const LAYERS: Readonly<Record<string, Layer>> = {
  ipv4: {
    layout: 'host4',
    says: 'the IPv4 header, options, addresses',
    templates: [...ODD4, ...UDPS4, ...ICMPS4],
    weights: { ...PACKETS, fragments: 1 },
    settings: [0, 1],
  },
  ipv6: {
    layout: 'host6',
    says: 'the IPv6 header and extension headers',
    templates: [...ODD6, ...UDPS6, ...ICMPS6],
    weights: { ...PACKETS, fragments: 1 },
    settings: [0, 1],
  },
  arp: {
    layout: 'host4',
    says: 'ARP on Ethernet',
    templates: [...NEIGHBOURS4, ...ICMPS4.slice(0, 2)],
    weights: { ...PACKETS, time: 4, call: 3, reply: 4 },
    settings: [1, 3],
  },
  nd: {
    layout: 'host6',
    says: 'neighbour discovery, address configuration and MLD',
    templates: [...NEIGHBOURS6, ...ICMPS6.slice(0, 2)],
    weights: { ...PACKETS, time: 4, call: 2, reply: 4 },
    settings: [9, 1, 11, 8],
  },
  icmp4: {
    layout: 'host4',
    says: 'ICMP, and errors about what was sent',
    templates: [...ICMPS4, ...UDPS4.slice(0, 2), ...SYNS4.slice(0, 2)],
    weights: { ...PACKETS, quote: 6, call: 5, time: 2 },
    settings: [0],
  },
  icmp6: {
    layout: 'host6',
    says: 'ICMPv6, and errors about what was sent',
    templates: [...ICMPS6, ...UDPS6.slice(0, 2), ...SYNS6.slice(0, 2)],
    weights: { ...PACKETS, quote: 6, call: 5, time: 2 },
    settings: [0],
  },
  udp4: {
    layout: 'host4',
    says: 'UDP over IPv4',
    templates: UDPS4,
    weights: { ...PACKETS, call: 2 },
    settings: [0],
  },
  udp6: {
    layout: 'host6',
    says: 'UDP over IPv6',
    templates: UDPS6,
    weights: { ...PACKETS, call: 2 },
    settings: [0],
  },
  tcp4: {
    layout: 'host4',
    says: 'TCP over IPv4, connections in all states',
    templates: SYNS4,
    weights: { frame: 0, template: 3, reply: 5, quote: 1, segment: 10, fragments: 0, time: 4, call: 8 },
    settings: [0, 2],
  },
  tcp6: {
    layout: 'host6',
    says: 'TCP over IPv6, connections in all states',
    templates: SYNS6,
    weights: { frame: 0, template: 3, reply: 5, quote: 1, segment: 10, fragments: 0, time: 4, call: 8 },
    settings: [0, 2],
  },
  reassembly4: {
    layout: 'host4',
    says: 'fragments of IPv4',
    templates: WHOLE4,
    weights: { frame: 0, template: 1, reply: 0, quote: 0, segment: 0, fragments: 12, time: 2, call: 0 },
    settings: [0, 2],
  },
  reassembly6: {
    layout: 'host6',
    says: 'fragments of IPv6',
    templates: WHOLE6,
    weights: { frame: 0, template: 1, reply: 0, quote: 0, segment: 0, fragments: 12, time: 2, call: 0 },
    settings: [0, 2],
  },
  host4: {
    layout: 'host4',
    says: 'a whole IPv4 host',
    templates: [...SYNS4, ...UDPS4, ...ICMPS4, ...ODD4, ...NEIGHBOURS4, ...WHOLE4],
    weights: {},
    settings: [0, 1, 3, 6],
  },
  host6: {
    layout: 'host6',
    says: 'a whole IPv6 host',
    templates: [...SYNS6, ...UDPS6, ...ICMPS6, ...ODD6, ...NEIGHBOURS6, ...WHOLE6],
    weights: {},
    settings: [0, 9, 3, 14],
  },
  router4: {
    layout: 'router4',
    says: 'an IPv4 router between two links',
    templates: [...THROUGH4, ...ODD4, ...ICMPS4, ...NEIGHBOURS4, ...WHOLE4],
    weights: { ...PACKETS, fragments: 1, quote: 3, reply: 4, time: 2, call: 2 },
    settings: [0, 1, 4, 5],
  },
  router6: {
    layout: 'router6',
    says: 'an IPv6 router between two links',
    templates: [...THROUGH6, ...ODD6, ...ICMPS6, ...NEIGHBOURS6, ...WHOLE6],
    weights: { ...PACKETS, fragments: 1, quote: 3, reply: 4, time: 2, call: 2 },
    settings: [0, 1, 4, 13],
  },
  couple: {
    layout: 'couple',
    says: 'a couple of an IPv6 and an IPv4 stack under one program',
    templates: [...SYNS6, ...SYNS4, ...UDPS6.slice(0, 3), ...UDPS4.slice(0, 3), ...ICMPS6, ...ICMPS4],
    weights: { call: 4, segment: 3 },
    settings: [0, 1, 2],
  },
};

const op = (kind: Kind, a: number, b: number, body: readonly number[] = []): Operation => ({
  kind,
  a,
  b,
  body: Uint8Array.from(body),
});

/** A connection that is opened from outside, and one that is opened here; data both ways, and their ends. */
const TALKS: readonly (readonly Operation[])[] = [
  [
    op('template', HONEST, 0),
    op('reply', HONEST, 0),
    op('segment', HONEST, 0, [24, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 100]),
    op('segment', HONEST, 0, [17, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 0]),
    op('time', 90, 200),
  ],
  [
    op('template', HONEST, 1),
    op('reply', HONEST, 0),
    op('segment', HONEST, 0, [24, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 100]),
    op('reply', HONEST, 0),
    op('call', 4, 0),
    op('reply', HONEST, 0),
  ],
  [
    op('call', 0, 0),
    op('reply', HONEST, 0),
    op('call', 2, 20),
    op('reply', HONEST, 0),
    op('call', 3, 0),
    op('reply', HONEST, 0),
    op('segment', HONEST, 0, [17, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 0]),
  ],
  [
    op('call', 0, 0),
    op('segment', HONEST, 0, [2, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 0]),
    op('reply', HONEST, 0),
    op('call', 5, 0),
  ],
  [
    op('call', 8, 5),
    op('reply', HONEST, 0),
    op('call', 7, 9),
    op('quote', HONEST, 0, [0, 3, 0, 0, 0, 0]),
    op('time', 90, 200),
  ],
];

function seedsOf({ templates: packets, weights, settings }: Layer): Uint8Array[] {
  const lists: Operation[][] = packets.map((_, i) => [op('template', HONEST, i)]);
  if (weights.fragments !== 0) {
    packets.forEach((_, i) => {
      lists.push([op('fragments', FIX_LENGTHS | FIX_SUMS, i, [1, 0, 4, 1, 4, 4, 1, 8, 30, 0])]);
      lists.push([
        op('fragments', FIX_LENGTHS | FIX_SUMS, i, [1, 8, 30, 0, 0, 8, 1, 4, 4, 1]),
        op('time', 110, 200),
      ]);
    });
  }
  lists.push([op('time', 90, 100), op('call', 9, 0), op('call', 9, 0)]);
  if (weights.segment !== 0) lists.push(...TALKS.map((talk) => [...talk]));
  return lists.flatMap((list, i) => {
    const body = encode(list);
    const input = new Uint8Array(body.length + 1);
    input[0] = settings[i % settings.length]!;
    input.set(body, 1);
    return [input];
  });
}

export const STACK_TARGETS: readonly Target[] = Object.entries(LAYERS).map(([name, layer]) => ({
  name,
  says: layer.says,
  grammar: {
    format: 'operations',
    weights: layer.weights,
    templates: layer.templates.length,
    calls: Program.CALLS,
  },
  seeds: () => seedsOf(layer),
  run: (input, deep) => play(layer.layout, layer.templates, input, { deep }),
}));
