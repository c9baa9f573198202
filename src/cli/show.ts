import type { Neighbour, Stack } from '../../stacks/stack.ts';
import { Lab } from '../lab/lab.ts';
import { runSchedule } from '../lab/schedule.ts';
import { loadDecks } from './decks.ts';
import { GOOD } from './exit.ts';
import { startLab } from './start.ts';
import { type Cell, renderTable } from './table.ts';

interface Table {
  readonly head: readonly string[];
  readonly rows: (readonly Cell[])[];
}

/** Every table that `show` knows; each row begins with the stack's id. */
export const TABLES: Readonly<Record<string, { readonly help: string; readonly make: (lab: Lab) => Table }>> =
  {
    links: {
      help: 'links with their state, MTU, hardware address and addresses',
      make: (lab) => ({
        head: ['STACK', 'IDX', 'LINK', 'STATE', 'MTU', 'MAC', 'ADDRESS'],
        rows: stacks(lab).flatMap((stack) =>
          stack.interfaces().flatMap((link) => {
            const start = [
              two(stack.id),
              link.index,
              link.name,
              link.up ? 'UP' : 'DOWN',
              link.mtu,
              macText(link.device?.mac),
            ];
            if (link.addresses.length === 0) return [[...start, '-']];
            return link.addresses.map((a) => [
              ...start,
              `${stack.describe(a.address)}/${a.prefixLength}${a.state === 'preferred' ? '' : ` ${a.state}`}`,
            ]);
          }),
        ),
      }),
    },
    routes: {
      help: 'routes, longest prefix first as they are chosen',
      make: (lab) => ({
        head: ['STACK', 'DESTINATION', 'GATEWAY', 'LINK', 'METRIC', 'ORIGIN', 'CARD'],
        rows: stacks(lab).flatMap((stack) =>
          [...stack.routes()]
            .sort((a, b) => b.prefixLength - a.prefixLength || a.metric - b.metric)
            .map((route) => [
              two(stack.id),
              `${stack.describe(route.destination)}/${route.prefixLength}`,
              route.gateway.isUnspecified ? 'direct' : stack.describe(route.gateway),
              linkName(stack, route.interfaceIndex),
              route.metric,
              route.origin,
              route.card ?? '-',
            ]),
        ),
      }),
    },
    neighbors: {
      help: 'neighbour caches with their states (ARP and neighbour discovery)',
      make: (lab) => ({
        head: ['STACK', 'ADDRESS', 'LINK', 'MAC', 'STATE'],
        rows: stacks(lab).flatMap((stack) =>
          [...stack.neighbours()].map((n) => [
            two(stack.id),
            stack.describe(n.address),
            linkName(stack, n.interfaceIndex),
            macText(n.mac),
            neighbourState(n),
          ]),
        ),
      }),
    },
    sockets: {
      help: 'listeners, connections and UDP sockets',
      make: (lab) => ({
        head: ['STACK', 'PROTO', 'STATE', 'RECV-Q', 'SEND-Q', 'LOCAL', 'PEER'],
        rows: stacks(lab).flatMap((stack) => [
          ...[...stack.tcp.listeners()].map((l) => [
            two(stack.id),
            'tcp',
            'LISTEN',
            0,
            0,
            endpoint(stack, l.address, l.port),
            '*',
          ]),
          ...[...stack.tcp.connections()].map((c) => [
            two(stack.id),
            'tcp',
            c.state,
            c.available,
            c.unacknowledged,
            endpoint(stack, c.localAddress, c.localPort),
            endpoint(stack, c.remoteAddress, c.remotePort),
          ]),
          ...[...stack.udp.sockets()].map((s) => [
            two(stack.id),
            'udp',
            'UNCONN',
            0,
            0,
            endpoint(stack, s.localAddress, s.localPort),
            '*',
          ]),
        ]),
      }),
    },
    storage: {
      help: 'TCP connections of every stack against its limit, and the bytes they take',
      make: (lab) => ({
        head: ['STACK', 'CONNECTIONS', 'LIMIT', 'HALF-OPEN', 'TIME-WAIT', 'RECORDS', 'BUFFERS', 'BOUND'],
        rows: stacks(lab).map((stack) => {
          const { connections, maxConnections, halfOpen, timeWait, records, buffers, maxBuffers } =
            stack.tcp.storage();
          return [
            two(stack.id),
            connections,
            maxConnections,
            halfOpen,
            timeWait,
            records,
            buffers,
            maxBuffers,
          ];
        }),
      }),
    },
    counters: {
      help: 'packets by verdict, and drops by reason, of every stack and segment',
      make: (lab) => ({
        head: ['PLACE', 'COUNTER', 'PACKETS'],
        rows: [
          ...stacks(lab).map((stack) => ({ place: `stack ${two(stack.id)}`, counters: stack.counters })),
          ...[...lab.segments.values()].map((s) => ({ place: `segment ${s.name}`, counters: s.counters })),
        ].flatMap(({ place, counters }) => {
          const { drops, ...verdicts } = counters;
          const named = Object.entries(verdicts).filter(([name, n]) => n > 0 && name !== 'dropped');
          const reasons = Object.entries(drops).map(([reason, n]) => [`dropped: ${reason}`, n] as const);
          return [...named, ...reasons].map(([name, n]) => [place, name, n]);
        }),
      }),
    },
    pmtu: {
      help: 'path MTUs learnt from the network',
      make: (lab) => ({
        head: ['STACK', 'DESTINATION', 'MTU'],
        rows: stacks(lab).flatMap((stack) =>
          [...stack.pathMtus()].map((p) => [two(stack.id), stack.describe(p.destination), p.mtu]),
        ),
      }),
    },
    couple: {
      help: 'which IPv6 stack is coupled to which IPv4 stack',
      make: (lab) => ({
        head: ['STACK', 'COUPLED TO', 'STATE'],
        rows: [...lab.stacks.values()].flatMap(({ config, stack }) => {
          if (config.couple === undefined) return [];
          const partner = lab.stacks.get(config.couple.id)?.stack;
          const state =
            partner === undefined ? 'ABSENT' : partner.running && stack.running ? 'COUPLED' : 'STOPPED';
          return [[two(config.id), two(config.couple.id), state]];
        }),
      }),
    },
  };

export interface ShowCommand {
  readonly what: string;
  readonly decks: readonly string[];
  /** µs of lab time after the start; undefined: when the deck's schedule has ended and nothing is in flight. */
  readonly at: number | undefined;
  readonly seed: number;
  readonly json: boolean;
  readonly color: boolean;
}

/** `show`: one table of the lab, after its schedule has run (or at a moment of it). */
export async function show(command: ShowCommand): Promise<number> {
  const table = TABLES[command.what]!;
  const lab = new Lab(loadDecks(command.decks, command.color), { seed: command.seed });
  try {
    await startLab(lab);
    const schedule = runSchedule(lab, ({ ok, text, card }) => {
      if (!ok) process.stderr.write(`${card}: ${text}\n`);
    });
    if (command.at === undefined) await schedule.then(() => lab.rest());
    else await lab.advance(command.at);
    const { head, rows } = table.make(lab);
    if (command.json) {
      const names = head.map((title) => title.toLowerCase().replaceAll(/[^a-z]+/g, '_'));
      const objects = rows.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i]])));
      process.stdout.write(`${JSON.stringify(objects, null, 2)}\n`);
    } else {
      process.stdout.write(renderTable(head, rows));
    }
    return GOOD;
  } finally {
    await lab.close();
  }
}

function stacks(lab: Lab): Stack[] {
  return [...lab.stacks.values()].map((built) => built.stack);
}

function two(id: number): string {
  return String(id).padStart(2, '0');
}

function linkName(stack: Stack, index: number): string {
  return stack.interfaces().find((link) => link.index === index)?.name ?? '-';
}

function neighbourState(n: Neighbour): string {
  return n.isRouter ? `${n.state} (router)` : n.state;
}

function endpoint(stack: Stack, address: Parameters<Stack['describe']>[0], port: number): string {
  const host = address.isUnspecified ? '*' : stack.describe(address);
  return stack.family.version === 6 && host !== '*' ? `[${host}]:${port}` : `${host}:${port}`;
}

export function macText(mac: Uint8Array | undefined): string {
  return mac === undefined ? '-' : [...mac].map((b) => b.toString(16).padStart(2, '0')).join(':');
}
