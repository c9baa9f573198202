/** Every table that `show` prints, made of a lab at rest. */
import type { InterfaceAddress, Neighbour, Stack } from '../../stacks/stack.ts';
import { formatMac } from '../../stacks/wire/ethernet.ts';
import type { Lab } from '../lab/lab.ts';
import { IPV6_TABLES } from './ipv6-tables.ts';
import { type RouteFilter, routeTable } from './route-table.ts';
import { type SocketFilter, socketTable } from './socket-table.ts';
import { type Table, two } from './table.ts';

/** What `show sockets` and `show routes` are asked for. */
export type TableFilter = SocketFilter & RouteFilter;

/** Every table that `show` knows; each row begins with the stack's id. */
export const TABLES: Readonly<
  Record<string, { readonly help: string; readonly make: (lab: Lab, filter: TableFilter) => Table }>
> = {
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
            `${stack.describe(a.address)}/${a.prefixLength}${addressState(a)}`,
          ]);
        }),
      ),
    }),
  },
  routes: {
    help: 'routes, longest prefix first as they are chosen; --to tells which one a packet takes, and why',
    make: (lab, filter) => routeTable(stacks(lab), filter),
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
  groups: {
    help: 'multicast groups of every link, and how many sockets and addresses need them',
    make: (lab) => ({
      head: ['STACK', 'GROUP', 'LINK', 'USERS'],
      rows: stacks(lab).flatMap((stack) =>
        [...stack.groups()].map(({ group, interfaceIndex, users }) => [
          two(stack.id),
          stack.family.format(group),
          linkName(stack, interfaceIndex),
          users,
        ]),
      ),
    }),
  },
  sockets: {
    help: 'listeners, connections and UDP sockets, as many of each state first',
    make: (lab, filter) => socketTable(stacks(lab), filter),
  },
  storage: {
    help: 'TCP connections of every stack against its limit, and the bytes they take',
    make: (lab) => ({
      head: ['STACK', 'CONNECTIONS', 'LIMIT', 'HALF-OPEN', 'TIME-WAIT', 'RECORDS', 'BUFFERS', 'BOUND'],
      rows: stacks(lab).map((stack) => {
        const { connections, maxConnections, halfOpen, timeWait, records, buffers, maxBuffers } =
          stack.tcp.storage();
        return [two(stack.id), connections, maxConnections, halfOpen, timeWait, records, buffers, maxBuffers];
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
  ...IPV6_TABLES,
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

function stacks(lab: Lab): Stack[] {
  return [...lab.stacks.values()].map((built) => built.stack);
}

function linkName(stack: Stack, index: number): string {
  return stack.interfaces().find((link) => link.index === index)?.name ?? '-';
}

function neighbourState(n: Neighbour): string {
  return n.isRouter ? `${n.state} (router)` : n.state;
}

function macText(mac: Uint8Array | undefined): string {
  return mac === undefined ? '-' : formatMac(mac);
}

/** ` duplicate of 02:00:00:00:00:01`; nothing when the address is simply ours. */
function addressState({ state, conflict }: InterfaceAddress): string {
  const station = conflict === undefined ? '' : formatMac(conflict);
  if (state === 'preferred') return station && ` claimed by ${station}`;
  return station ? ` ${state} of ${station}` : ` ${state}`;
}
