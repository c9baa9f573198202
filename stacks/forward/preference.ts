/**
 * Which of the routes that match is taken: one comparison, for the table's order and for those who ask why.
 *
 * Destination before source, as all source-specific routing has it (RFC 9079 §4): the longest destination prefix, in
 * it the longest source prefix, then the lower metric, then the order in which the routes were written. Routes that
 * differ in that last point only share the flows when they have gateways (RFC 2991, RFC 2992).
 */
import type { Address } from '../address/address.ts';
import type { Family } from '../address/family.ts';
import type { Route, SourcePrefix } from './route.ts';
import type { Way } from './ways.ts';

/** What keeps a route from being taken at all. */
export type Obstacle = 'link-down' | 'other-source' | 'gateway-silent';

/** By what a route that could be taken loses against another. */
export type Advantage = 'longer-prefix' | 'longer-source' | 'lower-metric' | 'earlier';

/** A route that matches a destination, and what becomes of it. */
export interface Candidate {
  readonly route: Route;
  /** `taken`: alone; `shares`: takes a part of the flows, by weight; else why not. */
  readonly verdict: 'taken' | 'shares' | Obstacle | Advantage;
}

/** What the order goes by; a `Way` has it. */
interface Rank {
  readonly metric: number;
  readonly from?: SourcePrefix | undefined;
  readonly shares: boolean;
}

/** Why `a` stands before `b` among the routes to one prefix, whatever their order; undefined when it does not. */
export function precedes(a: Rank, b: Rank): Extract<Advantage, 'longer-source' | 'lower-metric'> | undefined {
  const x = a.from?.length ?? 0;
  const y = b.from?.length ?? 0;
  if (x !== y) return x > y ? 'longer-source' : undefined;
  return a.metric < b.metric ? 'lower-metric' : undefined;
}

/** As good, and flows may go either way. */
export function sharesWith(a: Rank, b: Rank): boolean {
  return a.shares && b.shares && a.metric === b.metric && (a.from?.length ?? 0) === (b.from?.length ?? 0);
}

/** `source` undefined: not known yet, so only routes for every source are taken. */
export function obstacle(way: Way, family: Family, source: Address | undefined): Obstacle | undefined {
  const { from } = way;
  if (from !== undefined && (source === undefined || !family.matches(source, from.address, from.length)))
    return 'other-source';
  if (way.usable) return undefined;
  return way.isUp ? 'gateway-silent' : 'link-down';
}
