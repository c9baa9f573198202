/** What everything above sees of a stack. `Ipv4Stack` and `Ipv6Stack` both implement it and never see each other. */
import type { Address } from './address/address.ts';
import type { Failure, MulticastLayer } from './address/network.ts';
import type { Decision } from './forward/decision.ts';
import type { Neighbour } from './forward/neighbours.ts';
import type { Candidate, Route, RouteMatch } from './forward/routes.ts';
import type { Device } from './packet/device.ts';
import type { Packet } from './packet/packet.ts';
import type { Counters } from './packet/verdict.ts';
import type { TcpService } from './tcp/api.ts';
import type { UdpService } from './udp/api.ts';

export type { Candidate, Decision, Neighbour, Route, RouteMatch };

/** TCP connections of a stack unless told otherwise: the model's limit. */
export const MAX_CONNECTIONS = 4_095;

export interface StackOptions {
  /** SYSID 0..99. */
  readonly id: number;
  /** Appears in the trace and in messages. */
  readonly name: string;
  /** Forwards packets that are not for it (RFC 1812, RFC 4861 §6.2). */
  readonly forwarding?: boolean;
  /**
   * IPv4: datagrams with a source route are followed and answered along it; else they are dropped (RFC 7126 §4.3, §4.4).
   */
  readonly sourceRoutes?: boolean;
  /** IPv4, on a stack that forwards: directed broadcasts are forwarded too (RFC 2644 §2). */
  readonly directedBroadcasts?: boolean;
  /** TCP connections at once; `MAX_CONNECTIONS` when undefined. */
  readonly maxConnections?: number;
}

export interface InterfaceOptions {
  /** Undefined: IPv6 link-local only, or an address learnt by SLAAC. */
  readonly address?: Address;
  readonly prefixLength?: number;
  /** Bytes; lowered to the device's when larger. */
  readonly mtu: number;
  /**
   * IPv6: solicit routers and autoconfigure from their prefixes (RFC 4862); default: only without `address`.
   * IPv4: pick a link-local address (RFC 3927); default: false.
   */
  readonly autoconfigure?: boolean;
  /**
   * IPv6: are the interface identifiers of addresses that are made here stable and opaque (RFC 7217), or do they come
   * from the MAC (RFC 4291 appendix A)? Default: opaque where the link autoconfigures (RFC 8064).
   */
  readonly identifier?: 'stable' | 'eui64';
  /** Of stable identifiers, 16 bytes at least: the same one gives the same addresses. Default: drawn by the stack. */
  readonly secret?: Uint8Array;
  /** IPv6: temporary addresses beside the stable ones, and before them (RFC 8981). Default: none. */
  readonly temporary?: boolean;
  /** IPv4: probe addresses before they are used, which takes 4 to 7 seconds (RFC 5227 §2.1). Default: false. */
  readonly probe?: boolean;
  /** IPv6, on a stack that forwards: advertise this router and the prefixes of the link (RFC 4861 §6.2). */
  readonly advertise?: boolean | Advertisement;
}

export type Preference = 'high' | 'medium' | 'low';

/**
 * What a router says on a link: RFC 4861 §6.2.1, RFC 4191, RFC 8106. Lifetimes are in seconds, 4,294,967,295 for ever.
 * What is undefined has the default of its RFC. Nothing is refused: a lab may want a router that is wrong.
 */
export interface Advertisement {
  /** Of the default router, at most 65,535; 0: it is none. */
  readonly lifetime?: number;
  readonly preference?: Preference;
  /** Seconds between unsolicited ones, at most. */
  readonly interval?: number;
  /** M and O flags: addresses, or other things, come by DHCPv6. */
  readonly managed?: boolean;
  readonly other?: boolean;
  /** 0: unspecified. */
  readonly hopLimit?: number;
  /** Bytes; 0: no MTU option. */
  readonly mtu?: number;
  /** ms; 0: unspecified. */
  readonly reachableTime?: number;
  readonly retransTimer?: number;
  /** In the place of the link's own prefixes, or beside them. */
  readonly prefixes?: readonly {
    readonly prefix: Address;
    readonly prefixLength: number;
    readonly onLink?: boolean;
    readonly autonomous?: boolean;
    readonly valid?: number;
    readonly preferred?: number;
  }[];
  readonly routes?: readonly {
    readonly prefix: Address;
    readonly prefixLength: number;
    readonly preference?: Preference;
    readonly lifetime?: number;
  }[];
  readonly dns?: readonly { readonly address: Address; readonly lifetime?: number }[];
  readonly search?: readonly { readonly domain: string; readonly lifetime?: number }[];
}

/** One link of a stack. */
export interface Interface {
  /** From 1; the zone of link-local addresses. */
  readonly index: number;
  readonly name: string;
  readonly device: Device | undefined;
  readonly mtu: number;
  readonly up: boolean;
  readonly addresses: readonly InterfaceAddress[];
  readonly counters: Counters;
}

export interface InterfaceAddress {
  readonly address: Address;
  readonly prefixLength: number;
  readonly state: 'preferred' | 'deprecated' | 'tentative' | 'duplicate';
  /** Where it comes from; IPv6 only. */
  readonly origin?: 'static' | 'link-local' | 'slaac' | 'temporary';
  /** µs on the clock, Infinity for ever; IPv6 only. */
  readonly preferredUntil?: number;
  readonly validUntil?: number;
  /** The station that claims it as well, when one was seen (RFC 5227 §2.4). */
  readonly conflict?: Uint8Array | undefined;
}

/** Another station has an address of ours; `state` of the address says whether we go on using it. */
export interface AddressConflict {
  readonly link: Interface;
  readonly local: InterfaceAddress;
}

export interface Group {
  readonly group: Address;
  readonly interfaceIndex: number;
  /** Sockets and addresses that need it. */
  readonly users: number;
}

export interface EchoReply {
  readonly from: Address;
  readonly bytes: number;
  readonly hopLimit: number;
  /** µs */
  readonly time: number;
}

export interface EchoOptions {
  /** Bytes of data behind the ICMP header. */
  readonly size: number;
  /** µs to wait. */
  readonly timeout: number;
  readonly hopLimit?: number;
  readonly dontFragment?: boolean;
  readonly source?: Address;
}

/** Exactly one of these ends an echo request. */
export type EchoResult =
  | { readonly outcome: 'reply'; readonly reply: EchoReply }
  | { readonly outcome: 'error'; readonly failure: Failure; readonly from: Address | undefined }
  | { readonly outcome: 'timeout' };

/** What only an IPv6 stack has: what it learnt from routers, and what it prefers. */
export interface Ipv6Facts {
  /** RFC 6724 §2.1. */
  readonly policies: Iterable<AddressPolicy> & { set(policy: AddressPolicy): void };
  /** Default routers. */
  routers(): Iterable<{
    readonly address: Address;
    readonly interfaceIndex: number;
    readonly preference: Preference;
    readonly reachable: boolean;
    /** µs on the clock. */
    readonly until: number;
  }>;
  /** On-link prefixes that routers advertise. */
  prefixes(): Iterable<{
    readonly network: Address;
    readonly length: number;
    readonly interfaceIndex: number;
    readonly until: number;
  }>;
  /** RFC 8106: in the order in which they came. */
  nameServers(): Iterable<{
    readonly address: Address;
    readonly interfaceIndex: number;
    readonly until: number;
  }>;
  searchDomains(): Iterable<{
    readonly domain: string;
    readonly interfaceIndex: number;
    readonly until: number;
  }>;
  /** RFC 6724 §6: the best first. IPv4 addresses stand as mapped ones, with the source that `sourceOf` gives. */
  sortDestinations(
    addresses: readonly Address[],
    sourceOf: (mapped: Address) => Address | undefined,
  ): Address[];
}

export interface AddressPolicy {
  readonly prefix: Address;
  readonly prefixLength: number;
  /** Of destinations: the higher one goes first. */
  readonly precedence: number;
  /** Sources go with destinations of the same label. */
  readonly label: number;
}

export interface Stack extends MulticastLayer {
  /** Undefined for IPv4. */
  readonly ipv6?: Ipv6Facts;
  readonly id: number;
  readonly name: string;
  readonly tcp: TcpService;
  readonly udp: UdpService;
  readonly counters: Counters;
  readonly running: boolean;
  forwarding: boolean;
  /**
   * IN statements: asked for every packet from a link that is for this host, with the destination port (0 when the
   * protocol has none); of ICMP for echo requests only. False drops it silently as `filtered`. Packets to oneself are
   * never asked about.
   */
  filter: ((protocol: number, destinationPort: number) => boolean) | undefined;

  /** The device must not carry another family of this stack; several stacks never share one device. */
  addInterface(name: string, device: Device, options: InterfaceOptions): Interface;
  /** A further address on a link. */
  addAddress(index: number, address: Address, prefixLength: number): void;
  /**
   * Takes an address from a link, with the route to its network. Connections from it are reset first, sockets that are
   * bound to it hear nothing until it is back. False when the link has no such address.
   */
  removeAddress(index: number, address: Address): boolean;
  /** @throws RangeError below the least of the family and above what the device carries. */
  setMtu(index: number, mtu: number): void;
  setLink(index: number, up: boolean): void;
  interfaces(): readonly Interface[];
  addRoute(route: Route): void;
  removeRoute(destination: Address, prefixLength: number, gateway?: Address): boolean;
  /** Removes the routes to a prefix that match; how many. */
  withdrawRoutes(destination: Address, prefixLength: number, match: RouteMatch): number;
  routes(): Iterable<Route>;
  /** Every route that matches a destination, with what becomes of it for packets from `source`: the taken one first. */
  explain(destination: Address, source?: Address): readonly Candidate[];
  /**
   * Where `output` would send a short packet, whose `start` is at its transport header. Nothing is sent: the packet, which
   * gets its IP header, stays the caller's.
   */
  decideOutput(packet: Packet, source: Address, destination: Address, protocol: number): Decision;
  /** The same for a packet that comes by an interface, `start` at its IP header; one that would go on loses a hop. */
  decideInput(packet: Packet, interfaceIndex: number): Decision;
  neighbours(): Iterable<Neighbour>;
  /** Asks for the link address of a neighbour, though nothing waits for it; `neighbours` has what comes of it. */
  askNeighbour(address: Address, interfaceIndex: number): void;
  /** The multicast groups of every link, without those that every host belongs to. */
  groups(): Iterable<Group>;
  /** Learnt path MTUs. */
  pathMtus(): Iterable<{ readonly destination: Address; readonly mtu: number }>;
  echo(destination: Address, options: EchoOptions, done: (result: EchoResult) => void): void;
  /** ATTACH: links come up (DAD, router solicitation), sockets may be opened. */
  start(): void;
  /** Connections are reset, sockets told, links down; `start` brings it back. */
  stop(): void;
  /** Told of addresses that another station has: RFC 5227 §2.4, RFC 4862 §5.4.5. */
  readonly conflictListeners: Set<(conflict: AddressConflict) => void>;
  /** Called at the end of `start` (true) and of `stop` (false): listeners of a couple come and go with the stack. */
  readonly stateListeners: Set<(running: boolean) => void>;
}
