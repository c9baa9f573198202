/** What an explanation holds. */
import type { Address } from '../../stacks/address/address.ts';
import type { BuiltStack } from '../lab/build.ts';
import type { Way } from './walk.ts';

export type Service =
  | { readonly protocol: 'tcp' | 'udp'; readonly port: number }
  | { readonly protocol: 'icmp' };

/** What the service meets where the packet is delivered. */
export type Delivery = 'answers' | 'no-listener' | 'port-suspended';

/** A link on the way that takes less than what the sender sends. */
export interface Narrow {
  readonly hop: number;
  /** Bytes of the packets that come there, and what the link takes. */
  readonly size: number;
  readonly mtu: number;
  /** The way of the ICMP message to the sender; undefined where nobody sends one: a segment that drops in silence. */
  readonly report: Way | undefined;
}

export interface Direction {
  readonly way: Way;
  /** Bytes of the largest packet that every link of the way takes. */
  readonly pathMtu: number | undefined;
  readonly narrows: readonly Narrow[];
}

export interface Explanation {
  readonly family: 'IPv4' | 'IPv6';
  readonly service: Service;
  /** The stack whose id was named, and the one that sends: another where a couple hands over. */
  readonly asked: BuiltStack;
  readonly from: BuiltStack;
  readonly destination: Address;
  /** Undefined with why when no address of the stack can speak to the destination. */
  readonly source: Address | undefined;
  readonly cause: string | undefined;
  readonly there: Direction | undefined;
  /** Undefined when the way there does not arrive, or nobody answers. */
  readonly back: Direction | undefined;
  readonly delivery: Delivery | undefined;
  readonly findings: readonly NamedFinding[];
}

export type FindingName =
  | 'routing-loop'
  | 'no-route'
  | 'no-return-route'
  | 'blackhole-route'
  | 'dead-gateway'
  | 'dead-neighbour'
  | 'wrong-prefix-length'
  | 'stale-neighbour'
  | 'not-a-router'
  | 'filtered'
  | 'port-suspended'
  | 'no-listener'
  | 'wrong-family-listener'
  | 'single-bind-udp'
  | 'mtu-black-hole'
  | 'asymmetric-path'
  | 'duplicate-address'
  | 'dad-failure'
  | 'dropped';

export interface NamedFinding {
  readonly name: FindingName;
  /** Nothing comes through, or not all of it; else the finding is worth a look and no more. */
  readonly breaks: boolean;
  /** `file:line:column`; undefined when no card is to blame. */
  readonly card: string | undefined;
  /** What is wrong, and what to do. */
  readonly text: string;
}
