/** What the sender of a packet is told when its route ends it here; what routers tell by ICMP is the families' business. */
import type { ErrorCode } from '../address/network.ts';
import type { DropReason } from '../packet/verdict.ts';
import type { RouteKind } from './route.ts';

interface Refusal {
  readonly reason: DropReason;
  /** For programs of this host, as Linux has it. */
  readonly code: ErrorCode;
  readonly says: string;
}

export const REFUSALS: Record<Exclude<RouteKind, 'unicast'>, Refusal> = {
  blackhole: { reason: 'route-blackhole', code: 'EINVAL', says: 'the route is a blackhole' },
  unreachable: { reason: 'route-unreachable', code: 'EHOSTUNREACH', says: 'the route says unreachable' },
  reject: { reason: 'route-unreachable', code: 'ENETUNREACH', says: 'the route rejects' },
  prohibit: { reason: 'route-prohibited', code: 'EACCES', says: 'the route prohibits' },
};
