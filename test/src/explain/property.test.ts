/** Explained is what happens: random small topologies, then a real packet through each of them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Explanation, Service } from '../../../src/explain/explanation.ts';
import type { Way } from '../../../src/explain/walk.ts';
import type { Lab } from '../../../src/lab/lab.ts';
import type { FrameEvent } from '../../../src/lab/trace.ts';
import type { Address } from '../../../stacks/address/address.ts';
import type { DropReason } from '../../../stacks/packet/verdict.ts';
import {
  address,
  everything,
  network,
  one,
  type StackText,
  services,
  stackText,
  started,
  type Version,
} from './decks.ts';

const NETS = 4;
const CLIENT = 1;
const SERVER = 2;
/** A host number that nobody has. */
const NOBODY = 99;

const net = fc.integer({ min: 1, max: NETS });
const mtu = fc.constantFrom(1500, 1500, 1400, 1300);

const router = fc.record({
  nets: fc.uniqueArray(net, { minLength: 2, maxLength: 3 }),
  forward: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
  mtu,
  routes: fc.array(
    fc.record({
      to: fc.oneof(net, fc.constant(0)),
      by: fc.nat(2),
      gateway: fc.nat(5),
      kind: fc.constantFrom('', '', '', '', '', 'BLACKHOLE', 'REJECT'),
      metric: fc.integer({ min: 1, max: 2 }),
    }),
    { minLength: 1, maxLength: 5 },
  ),
});

const host = fc.record({
  mtu,
  gateways: fc.array(fc.record({ router: fc.nat(5), metric: fc.integer({ min: 1, max: 3 }) }), {
    minLength: 1,
    maxLength: 2,
  }),
  filter: fc.constantFrom('', '', '', '', 'IN ICMP DENY', 'IN TCP DENY PORT 7', 'IN UDP DENY PORT 7'),
});

const topology = fc.record({
  routers: fc.array(router, { minLength: 1, maxLength: 4 }),
  client: host,
  server: host,
  protocol: fc.constantFrom('icmp', 'icmp', 'udp', 'tcp'),
  port: fc.constantFrom(7, 7, 7, 8),
});

type Topology = typeof topology extends fc.Arbitrary<infer T> ? T : never;

function deckOf(family: Version, { routers, client, server }: Topology): string {
  const stations = new Map<number, number[]>();
  for (const [i, { nets }] of routers.entries()) {
    for (const one of nets) stations.set(one, [...(stations.get(one) ?? []), 11 + i]);
  }
  /** One of the routers on a segment, or nobody. */
  const gatewayOn = (on: number, choice: number, self: number): number => {
    const others = (stations.get(on) ?? []).filter((one) => one !== self);
    return others.length === 0 || choice === 5 ? NOBODY : others[choice % others.length]!;
  };
  const destination = (to: number): string => (to === 0 ? everything(family) : network(family, to));
  const nothing = family === 4 ? '0.0.0.0' : '::0';
  const stacks: StackText[] = routers.map(({ nets, forward, mtu, routes }, i) => ({
    job: `R${i}`,
    id: 11 + i,
    forward,
    links: nets.map((one) => ({ net: one, host: 11 + i, mtu })),
    cards: routes.map(({ to, by, gateway, kind, metric }) => {
      if (kind !== '') return `ROUTE * ${destination(to)} ${nothing} ${metric} TYPE ${kind}`;
      const on = nets[by % nets.length]!;
      const next = address(family, on, gatewayOn(on, gateway, 11 + i));
      return `ROUTE D${on} ${destination(to)} ${next} ${metric}`;
    }),
  }));
  for (const [job, id, on, { mtu, gateways, filter }] of [
    ['A', CLIENT, 1, client],
    ['B', SERVER, NETS, server],
  ] as const) {
    const cards = gateways.map(({ router, metric }) => {
      const next = address(family, on, gatewayOn(on, router, id));
      return `ROUTE D${on} ${everything(family)} ${next} ${metric}`;
    });
    if (filter !== '') cards.push(filter);
    stacks.push({ job, id, links: [{ net: on, host: id, mtu }], cards });
  }
  return `${stacks.map((stack) => stackText(family, stack)).join('')}${services(SERVER, 'ECHO 7', 'UDPECHO 7')}`;
}

/** The segments that packets from one address to another cross, in order; `first` packet alone. */
function crossings(lab: Lab, version: Version, source: Address, destination: Address): string[] {
  const found: string[] = [];
  const { family } = [...lab.stacks.values()][0]!.stack;
  const [at, type] = version === 4 ? [26, 0x0800] : [22, 0x86dd];
  const wanted = new Uint8Array(2 * family.addressBytes);
  family.write(source, wanted, 0);
  family.write(destination, wanted, family.addressBytes);
  // Neighbour discovery speaks from these addresses too; of what is forwarded, nothing has hop limit 255.
  const isSought = ({ bytes }: FrameEvent): boolean =>
    ((bytes[12]! << 8) | bytes[13]!) === type &&
    !(version === 6 && bytes[21] === 255) &&
    wanted.every((byte, i) => bytes[at + i] === byte);
  lab.trace.onFrame.push((event) => {
    if (isSought(event)) found.push(event.link);
  });
  return found;
}

const segments = ({ hops, end }: Way): string[] =>
  hops.flatMap(({ departure }, i) => {
    const isSent = departure?.neighbour !== undefined;
    // A loop is told by the hop that closes it, whose packet goes on.
    const closes = end.outcome === 'dropped' && end.isLoop === true && i === hops.length - 1;
    return isSent && !closes ? [departure.segment!.name] : [];
  });

function drops(lab: Lab, reason: DropReason): number {
  let sum = 0;
  for (const { stack } of lab.stacks.values()) sum += stack.counters.drops[reason] ?? 0;
  return sum;
}

/** Does an answer come? From the port that `explain` asks about, so that shared flows go the same way. */
async function answered(lab: Lab, to: string, { protocol, ...rest }: Service): Promise<boolean> {
  const client = lab.host('A');
  if (protocol === 'icmp') return (await client.echo(to, { timeout: 8_000_000 })).outcome === 'reply';
  const port = 'port' in rest ? rest.port : 0;
  const timeout = AbortSignal.timeout(20_000);
  if (protocol === 'tcp') {
    const socket = client.net.connect({ host: to, port, localPort: 49_152, signal: timeout });
    return await new Promise((resolve) => {
      socket.on('connect', () => {
        resolve(true);
        socket.destroy();
      });
      socket.on('error', () => resolve(false));
    });
  }
  const socket = client.dgram.createSocket(client.stack.family.version === 4 ? 'udp4' : 'udp6');
  let heard = false;
  socket.on('message', () => {
    heard = true;
  });
  socket.on('error', () => {});
  await new Promise<void>((resolve) => socket.bind(49_152, () => resolve()));
  socket.send('x', port, to, () => {});
  await lab.advance(8_000_000);
  await socket[Symbol.asyncDispose]();
  return heard;
}

function isWhole({ there, back, delivery }: Explanation): boolean {
  return (
    there?.way.end.outcome === 'delivered' && delivery === 'answers' && back?.way.end.outcome === 'delivered'
  );
}

describe.each([4, 6] as const)('explained is what happens, IPv%i', (family) => {
  it('the same hops, and the same verdict', async () => {
    const seen = { whole: 0, broken: 0 };
    await fc.assert(
      fc.asyncProperty(topology, async (shape) => {
        const lab = await started(deckOf(family, shape));
        try {
          const service: Service =
            shape.protocol === 'icmp'
              ? { protocol: 'icmp' }
              : { protocol: shape.protocol as 'tcp' | 'udp', port: shape.port };
          const to = address(family, NETS, SERVER);
          const explained = await one(lab, 'A', to, service);
          seen[isWhole(explained) ? 'whole' : 'broken']++;
          expect(explained.there).toBeDefined();
          const { way } = explained.there!;
          const { source, destination } = way.question;
          const out = crossings(lab, family, source, destination);
          const home = crossings(lab, family, destination, source);
          const reason = way.end.outcome === 'dropped' ? way.end.reason : undefined;
          const before = reason === undefined ? 0 : drops(lab, reason);
          expect(await answered(lab, to, service)).toBe(isWhole(explained));
          const expected = segments(way);
          expect(out.slice(0, expected.length)).toEqual(expected);
          if (service.protocol !== 'tcp' && reason !== 'hop-limit') expect(out).toEqual(expected);
          if (reason !== undefined && way.hops.length > 1) expect(drops(lab, reason)).toBeGreaterThan(before);
          if (isWhole(explained)) {
            const back = segments(explained.back!.way);
            expect(home.slice(0, back.length)).toEqual(back);
            expect(explained.findings.filter(({ breaks }) => breaks)).toEqual([]);
          } else {
            expect(explained.findings.some(({ breaks }) => breaks)).toBe(true);
          }
        } finally {
          await lab.close();
        }
      }),
      { numRuns: 60, seed: 20_260_101 },
    );
    // A property that only meets one of them says little.
    expect(seen.whole).toBeGreaterThan(8);
    expect(seen.broken).toBeGreaterThan(8);
  });

  it('the path MTU is what passes whole, and one byte more does not', async () => {
    let measured = 0;
    await fc.assert(
      fc.asyncProperty(topology, async (shape) => {
        const lab = await started(deckOf(family, shape));
        try {
          const to = address(family, NETS, SERVER);
          const explained = await one(lab, 'A', to, { protocol: 'icmp' });
          const { there, back } = explained;
          if (!isWhole(explained) || there!.narrows.length > 0 || back!.narrows.length > 0) return;
          const headers = family === 4 ? 28 : 48;
          const ping = async (size: number): Promise<string> =>
            (await lab.host('A').echo(to, { size, dontFragment: true, timeout: 3_000_000 })).outcome;
          expect(await ping(there!.pathMtu! - headers)).toBe('reply');
          // A router may have told the hosts of another one by now, which is explained as well.
          const { pathMtu } = (await one(lab, 'A', to, { protocol: 'icmp' })).there!;
          expect(await ping(pathMtu! - headers + 1)).toBe('error');
          measured++;
        } finally {
          await lab.close();
        }
      }),
      { numRuns: 60, seed: 20_260_101 },
    );
    expect(measured).toBeGreaterThan(3);
  });
});

describe('a smaller link on the way, IPv6', () => {
  it('the sender is told, or is not, as explained', async () => {
    const seen = { told: 0, untold: 0 };
    await fc.assert(
      fc.asyncProperty(topology, fc.boolean(), async (shape, isMuted) => {
        const lab = await started(deckOf(6, shape));
        try {
          const to = address(6, NETS, SERVER);
          if (isMuted) {
            // The routers speak to nobody: what they send to the client themselves ends in them.
            for (const { stack, config } of lab.stacks.values()) {
              if (!config.job.startsWith('R')) continue;
              for (const { address: own } of config.links) {
                const from = { address: own, length: 128 };
                const client = { destination: stack.family.parse(address(6, 1, CLIENT))!, prefixLength: 128 };
                const rest = {
                  gateway: stack.family.any,
                  interfaceIndex: 0,
                  metric: 0,
                  origin: 'static',
                } as const;
                stack.addRoute({ ...client, ...rest, from, kind: 'blackhole' });
              }
            }
          }
          const explained = await one(lab, 'A', to, { protocol: 'icmp' });
          const [narrow] = explained.there?.narrows ?? [];
          if (!isWhole(explained) || narrow === undefined) return;
          const isTold = narrow.report?.end.outcome === 'delivered';
          seen[isTold ? 'told' : 'untold']++;
          const client = lab.host('A');
          // Whole on the first link; the packet ends at the small one, and the sender knows better then, or does not.
          await client.echo(to, { size: narrow.size - 48, timeout: 3_000_000 });
          const learnt = [...client.stack.pathMtus()].map(({ mtu }) => mtu);
          expect(learnt).toEqual(isTold ? [narrow.mtu] : []);
          expect(explained.findings.some(({ name }) => name === 'mtu-black-hole')).toBe(!isTold);
        } finally {
          await lab.close();
        }
      }),
      { numRuns: 120, seed: 20_260_102 },
    );
    expect(seen.told).toBeGreaterThan(1);
    expect(seen.untold).toBeGreaterThan(1);
  });
});
