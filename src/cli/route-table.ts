/** `show routes`: the table, or what a packet to one destination meets in it. */
import type { Address } from '../../stacks/address/address.ts';
import { precedes, sharesWith } from '../../stacks/forward/preference.ts';
import { mayShare } from '../../stacks/forward/route.ts';
import type { Route, Stack } from '../../stacks/stack.ts';
import { ROUTE_VERDICTS } from '../explain/text.ts';
import { UsageError } from './exit.ts';
import { type Cell, type Table, two } from './table.ts';

export interface RouteFilter {
  /** As on the command line. */
  readonly to?: string | undefined;
  readonly from?: string | undefined;
}

/** @throws UsageError when `to` or `from` is no address of a stack's family. */
export function routeTable(stacks: readonly Stack[], { to, from }: RouteFilter): Table {
  if (to !== undefined) return decisionTable(stacks, to, from);
  if (from !== undefined) throw new UsageError('--from goes with --to');
  return {
    head: ['STACK', 'DESTINATION', 'FROM', 'GATEWAY', 'LINK', 'METRIC', 'SHARE', 'ORIGIN', 'CARD'],
    rows: stacks.flatMap(rowsOf),
  };
}

interface Ranked {
  readonly route: Route;
  readonly shares: boolean;
  readonly metric: number;
  readonly from: Route['from'];
}

function rowsOf(stack: Stack): Cell[][] {
  const byPrefix = new Map<string, Ranked[]>();
  const keyOf = (route: Route): string => `${stack.describe(route.destination)}/${route.prefixLength}`;
  for (const route of stack.routes()) {
    const ranked = { route, shares: mayShare(route), metric: route.metric, from: route.from };
    const key = keyOf(route);
    const others = byPrefix.get(key);
    if (others === undefined) byPrefix.set(key, [ranked]);
    else others.push(ranked);
  }
  const prefixes = [...byPrefix].sort(([, [a]], [, [b]]) => b!.route.prefixLength - a!.route.prefixLength);
  return prefixes.flatMap(([key, routes]) =>
    routes
      .sort((a, b) => (precedes(a, b) !== undefined ? -1 : precedes(b, a) !== undefined ? 1 : 0))
      .map((one) => [
        two(stack.id),
        key,
        ...waysOf(stack, one.route),
        shareOf(stack, one, routes),
        ...endOf(one),
      ]),
  );
}

function waysOf(stack: Stack, { from, gateway, kind, interfaceIndex, metric }: Route): Cell[] {
  return [
    from === undefined ? '-' : `${stack.describe(from.address)}/${from.length}`,
    kind !== undefined ? kind : gateway.isUnspecified ? 'direct' : stack.describe(gateway),
    stack.interfaces().find((link) => link.index === interfaceIndex)?.name ?? '-',
    metric,
  ];
}

function endOf({ route }: { readonly route: Route }): Cell[] {
  return [route.origin, route.card ?? '-'];
}

/** The weight of a route of those that share flows now; `down` while its link is. */
function shareOf(stack: Stack, one: Ranked, others: readonly Ranked[]): string {
  const isUp = ({ route }: Ranked): boolean =>
    route.interfaceIndex === 0 || stack.interfaces()[route.interfaceIndex - 1]!.up;
  if (!isUp(one)) return 'down';
  const isSameSource = (other: Ranked): boolean =>
    other.from === undefined || (one.from?.address.sameWords(other.from.address) ?? false);
  const legs = others.filter((other) => sharesWith(one, other) && isSameSource(other) && isUp(other));
  if (legs.length < 2) return '-';
  return `${one.route.weight ?? 1}/${legs.reduce((sum, { route }) => sum + (route.weight ?? 1), 0)}`;
}

function decisionTable(stacks: readonly Stack[], to: string, from: string | undefined): Table {
  const asked = stacks.flatMap((stack) => {
    const destination = stack.family.parse(to);
    if (destination === undefined) return [];
    const source = from === undefined ? undefined : stack.family.parse(from);
    if (from !== undefined && source === undefined)
      throw new UsageError(`${from} is not of the family of ${to}`);
    return [{ stack, destination, source }];
  });
  if (asked.length === 0) throw new UsageError(`${to} is not an address of the family of a stack here`);
  return {
    head: ['STACK', 'VERDICT', 'DESTINATION', 'FROM', 'GATEWAY', 'LINK', 'METRIC', 'ORIGIN', 'CARD'],
    rows: asked.flatMap(({ stack, destination, source }) => decision(stack, destination, source)),
    summary: () => `to ${to} ${from === undefined ? 'before a source is chosen' : `from ${from}`}`,
  };
}

function decision(stack: Stack, destination: Address, source: Address | undefined): Cell[][] {
  if (stack.isLocal(destination)) {
    return [[two(stack.id), 'an address of this stack', '-', '-', '-', '-', '-', '-', '-']];
  }
  const candidates = stack.explain(destination, source);
  const none: Cell[][] = [[two(stack.id), 'no route', '-', '-', '-', '-', '-', '-', '-']];
  const rows = candidates.map(({ route, verdict }): Cell[] => [
    two(stack.id),
    ROUTE_VERDICTS[verdict],
    `${stack.describe(route.destination)}/${route.prefixLength}`,
    ...waysOf(stack, route),
    ...endOf({ route }),
  ]);
  const isTaken = candidates.some(({ verdict }) => verdict === 'taken' || verdict === 'shares');
  return isTaken ? rows : [...none, ...rows];
}
