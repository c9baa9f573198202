import type { Address } from '../address/address.ts';

/**
 * What a route does with a packet. All but `unicast` end it here: `blackhole` without a word, the others with an ICMP
 * error (RFC 1812 §5.2.7.1, RFC 4443 §3.1).
 */
export type RouteKind = 'unicast' | 'blackhole' | 'unreachable' | 'reject' | 'prohibit';

/** The sources that a route is for. */
export interface SourcePrefix {
  /** Host bits cleared. */
  readonly address: Address;
  readonly length: number;
}

export interface Route {
  readonly destination: Address;
  readonly prefixLength: number;
  /** Unspecified for a direct route. */
  readonly gateway: Address;
  /** 0 when it is not `unicast`. */
  readonly interfaceIndex: number;
  readonly metric: number;
  /** `link` from an interface address, `static` from a statement, `ra` from a router advertisement. */
  readonly origin: 'link' | 'static' | 'ra' | 'redirect';
  /** Where it was written (`file:line:column`), for those who ask why. */
  readonly card?: string;
  /** Only for packets from here; any when undefined. */
  readonly from?: SourcePrefix;
  /** `unicast` when undefined. */
  readonly kind?: RouteKind;
  /** Share of the flows among routes that are as good; 1 when undefined. */
  readonly weight?: number;
}

/** The largest weight of a route: as in Linux. */
export const MAX_WEIGHT = 256;

/**
 * May flows be shared between this route and others that are as good? Where somebody wrote gateways (RFC 2992), or
 * routers advertise themselves (RFC 4311 §3).
 */
export function mayShare({
  kind = 'unicast',
  origin,
  gateway,
}: Pick<Route, 'kind' | 'origin' | 'gateway'>): boolean {
  return kind === 'unicast' && (origin === 'static' || origin === 'ra') && !gateway.isUnspecified;
}

/** Which routes to a prefix are meant; what is undefined may be anything. */
export interface RouteMatch {
  readonly gateway?: Address | undefined;
  readonly interfaceIndex?: number | undefined;
  readonly metric?: number | undefined;
  readonly origin?: Route['origin'] | undefined;
  readonly kind?: RouteKind | undefined;
  /** `any`: only routes for every source. */
  readonly from?: SourcePrefix | 'any' | undefined;
}

export function sameSources(a: SourcePrefix | undefined, b: SourcePrefix | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.address.sameWords(b.address);
}
