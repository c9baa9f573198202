/** What a deck says, typed: the outcome of lexing, parsing and resolving. The lab is built from this and nothing else. */
import type { SegmentConditions } from '../../devices/segment/conditions.ts';
import type { Address } from '../../stacks/address/address.ts';
import type { RouteKind, RouteMatch, SourcePrefix } from '../../stacks/forward/route.ts';
import type { DropReason } from '../../stacks/packet/verdict.ts';
import type { Advertisement } from '../../stacks/stack.ts';

export type { SegmentConditions };

/** Where something was written; lines and columns count from 1. */
export interface CardRef {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export type Severity = 'error' | 'warning' | 'note';

export interface Finding {
  readonly at: CardRef;
  /** Length in characters of what the caret underlines. */
  readonly length: number;
  readonly severity: Severity;
  /** TWnnnn, one per rule, listed in the reference page. */
  readonly rule: string;
  readonly message: string;
  /** Short text behind the carets. */
  readonly label?: string;
  readonly help?: string;
}

/** Statements to a lab that runs: the actions of AT, without AT and a time. */
export interface CommandReader {
  /**
   * Reads one, as in a TWINLAB step; the id of the stack may be left out where there is one stack only. No action when
   * something is wrong with it. `from` and `line` are the place that findings name.
   */
  read(
    text: string,
    from: string,
    line: number,
  ): { action: Action | undefined; findings: readonly Finding[] };
}

export interface Deck {
  readonly stacks: readonly StackConfig[];
  readonly programs: readonly ProgramConfig[];
  readonly segments: readonly SegmentConfig[];
  readonly schedule: readonly ScheduledAction[];
  readonly commands: CommandReader;
  /** All of them; a deck with an error starts nothing. */
  readonly findings: readonly Finding[];
}

export interface StackConfig {
  readonly at: CardRef;
  readonly family: 4 | 6;
  readonly id: number;
  /** From `// JOB` or `* $$ JOB`, else `BSI` + id. */
  readonly job: string;
  /** COUPLE nn, IPv6 decks only. */
  readonly couple: { readonly id: number; readonly at: CardRef } | undefined;
  /** Seconds; default 120. */
  readonly interval: number;
  readonly forward: boolean;
  /** IPv4: source routes are followed, directed broadcasts forwarded. */
  readonly sourceRoutes: boolean;
  readonly directedBroadcasts: boolean;
  /** TCP connections at once (MAXCONN); the model's 4,095 when undefined. */
  readonly maxConnections: number | undefined;
  /** Settings of TCP that the deck names: CONGESTION, SOFTERR. */
  readonly tcp: { readonly congestion?: 'cubic' | 'newreno'; readonly softErrorsEndConnect?: boolean };
  readonly devices: readonly DeviceConfig[];
  readonly links: readonly LinkConfig[];
  /** Links without LINK: IPv6 addresses come from routers, IPv4 ones are picked (RFC 3927). */
  readonly autoconf: readonly AutoconfConfig[];
  /** IPv4: devices whose addresses are probed before they are used. */
  readonly probe: readonly { readonly device: string; readonly at: CardRef }[];
  /** IPv6 routers: devices on which advertisements are sent. */
  readonly advertise: readonly AdvertiseConfig[];
  /** IPv6: rows of the policy table beside the defaults. */
  readonly policies: readonly PolicyConfig[];
  readonly routes: readonly RouteConfig[];
  readonly dns: readonly { readonly address: Address; readonly primary: boolean; readonly at: CardRef }[];
  readonly hosts: readonly { readonly name: string; readonly address: Address; readonly at: CardRef }[];
  readonly filters: readonly FilterConfig[];
  readonly suspended: readonly number[];
  /** ATTACH TCP/IP was there. */
  readonly attached: boolean;
}

export interface DeviceConfig {
  readonly at: CardRef;
  readonly name: string;
  readonly type: 'OSAX' | 'LCS' | 'CTCA' | 'HSI' | 'TUN' | 'TAP' | 'WIRE' | 'LOOP';
  /** OSAX/HSI: the port name; TUN/TAP: the interface; WIRE: the segment; others: the device's own name. */
  readonly attachment: string;
  /** LAYER2 mac, 6 bytes. */
  readonly mac: Uint8Array | undefined;
  readonly layer2: boolean;
}

export interface LinkConfig {
  readonly at: CardRef;
  readonly device: string;
  readonly adapter: number;
  readonly address: Address;
  readonly prefixLength: number;
  readonly mtu: number;
}

export interface AutoconfConfig {
  readonly at: CardRef;
  readonly device: string;
  readonly mtu: number;
  /** What is undefined is as the stack has it. */
  readonly identifier?: 'stable' | 'eui64';
  readonly secret?: Uint8Array;
  readonly temporary?: boolean;
}

export interface AdvertiseConfig {
  readonly at: CardRef;
  readonly device: string;
  readonly advertisement: Advertisement;
}

export interface PolicyConfig {
  readonly at: CardRef;
  readonly prefix: Address;
  readonly prefixLength: number;
  readonly precedence: number;
  readonly label: number;
}

export interface RouteConfig {
  readonly at: CardRef;
  /** `*` for a route that ends packets. */
  readonly device: string;
  /** Host bits cleared. */
  readonly destination: Address;
  readonly prefixLength: number;
  /** Unspecified: direct. */
  readonly gateway: Address;
  readonly metric: number;
  readonly kind: RouteKind;
  /** Host bits cleared; undefined: for every source. */
  readonly from: SourcePrefix | undefined;
  readonly weight: number;
}

export interface FilterConfig {
  readonly at: CardRef;
  readonly protocol: 'TCP' | 'UDP' | 'ICMP';
  readonly allow: boolean;
  /** 0 = any. */
  readonly port: number;
}

export interface SegmentConfig {
  readonly at: CardRef;
  readonly name: string;
  readonly conditions: SegmentConditions;
}

/** A program other than a stack: `// EXEC pgm` with its cards, checked for form. */
export interface ProgramConfig {
  readonly at: CardRef;
  readonly program: string;
  readonly job: string;
  /** From its ID card, else `// OPTION SYSPARM`. */
  readonly stackId: number | undefined;
  /** TWINSERV only: what to serve. Other programs are recognised; starting one says that it does not exist yet. */
  readonly services: readonly SimpleService[];
  readonly attached: boolean;
}

/** `SERVICE name port` of TWINSERV: the small services of RFC 862, 863, 864 and a web page. */
export interface SimpleService {
  readonly at: CardRef;
  readonly kind: 'HTTP' | 'ECHO' | 'SINK' | 'SOURCE' | 'UDPECHO';
  readonly port: number;
}

export interface ScheduledAction {
  readonly at: CardRef;
  /** µs after the start. */
  readonly time: number;
  readonly action: Action;
}

/** `stackId` is the stack whose deck the AT card stands in, or the one that the action names. */
export type Action =
  | {
      readonly kind: 'ping';
      readonly stackId: number;
      readonly target: string;
      readonly count: number;
      readonly size: number;
      /** µs */
      readonly interval: number;
    }
  | { readonly kind: 'fetch'; readonly stackId: number; readonly target: string; readonly port: number }
  | { readonly kind: 'connect'; readonly stackId: number; readonly target: string; readonly port: number }
  | { readonly kind: 'udp'; readonly stackId: number; readonly target: string; readonly port: number }
  | { readonly kind: 'stop'; readonly stackId: number }
  | { readonly kind: 'start'; readonly stackId: number }
  | { readonly kind: 'link'; readonly stackId: number; readonly device: string; readonly up: boolean }
  | {
      readonly kind: 'route';
      readonly stackId: number;
      readonly verb: 'ADD' | 'REPLACE';
      readonly route: RouteConfig;
    }
  | {
      readonly kind: 'no-route';
      readonly stackId: number;
      /** Undefined: by any. */
      readonly device: string | undefined;
      readonly destination: Address;
      readonly prefixLength: number;
      readonly match: RouteMatch;
    }
  | {
      readonly kind: 'address';
      readonly stackId: number;
      readonly device: string;
      readonly address: Address;
      /** Undefined: it is taken away. */
      readonly prefixLength: number | undefined;
    }
  | { readonly kind: 'mtu'; readonly stackId: number; readonly device: string; readonly mtu: number }
  | { readonly kind: 'port'; readonly stackId: number; readonly port: number; readonly suspended: boolean }
  | { readonly kind: 'segment'; readonly name: string; readonly conditions: SegmentConditions }
  | {
      readonly kind: 'expect';
      /** The card from EXPECT on, one blank between words. */
      readonly text: string;
      readonly claim: Claim;
    };

/** How a target is asked: an echo request, a TCP connection, or a UDP datagram. */
export type ProbeConfig =
  | { readonly by: 'ping' }
  | { readonly by: 'tcp'; readonly port: number }
  | { readonly by: 'udp'; readonly port: number };

/** Echo requests that are measured; `interval` in µs. */
export interface RequestsConfig {
  readonly count: number;
  readonly size: number;
  readonly interval: number;
}

/** What a packet must be like; what is undefined does not matter. */
export interface PacketLike {
  readonly protocol: 'IPV4' | 'IPV6' | 'TCP' | 'UDP' | 'ICMP' | 'ICMPV6' | 'ARP' | undefined;
  /** Addresses as text (RFC 5952). */
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** Of either side. */
  readonly port: number | undefined;
  readonly flags: 'SYN' | 'SYN-ACK' | 'FIN' | 'RST' | undefined;
  readonly type: number | undefined;
  readonly code: number | undefined;
}

/** What EXPECT claims. Times and latencies are µs, losses 0 to 1, rates bits per second; `max` may be infinite. */
export type Claim =
  | ({ readonly stackId: number; readonly target: string } & (
      | { readonly kind: 'reachable'; readonly probe: ProbeConfig; readonly within: number }
      | {
          readonly kind: 'unreachable';
          readonly probe: ProbeConfig;
          /** The error's code; undefined: any. */
          readonly error: string | undefined;
          readonly within: number;
        }
      /** `routers` are ids of stacks. */
      | { readonly kind: 'path'; readonly routers: readonly number[] }
      | {
          readonly kind: 'latency' | 'loss';
          readonly min: number;
          readonly max: number;
          readonly requests: RequestsConfig;
        }
      | {
          readonly kind: 'goodput';
          readonly port: number;
          readonly min: number;
          readonly max: number;
          readonly duration: number;
        }
      | { readonly kind: 'converges'; readonly within: number }
    ))
  | {
      readonly kind: 'packet';
      readonly segment: string;
      readonly like: PacketLike;
      readonly min: number;
      readonly max: number;
      readonly within: number;
    }
  | {
      readonly kind: 'drop';
      readonly stackId: number;
      readonly reason: DropReason;
      readonly min: number;
      readonly max: number;
      readonly within: number;
    };
