import type { Offload } from '../packet/device.ts';
import type { Environment } from '../packet/environment.ts';
import type { Packet } from '../packet/packet.ts';
import type { DropReason } from '../packet/verdict.ts';
import type { Address } from './address.ts';
import type { Family } from './family.ts';

/** Why a call failed, in the words of POSIX; sockets hand them on as Node's error codes. */
export type ErrorCode =
  | 'EACCES'
  | 'EADDRINUSE'
  | 'EADDRNOTAVAIL'
  | 'EAFNOSUPPORT'
  | 'EBADF'
  | 'ECONNABORTED'
  | 'ECONNREFUSED'
  | 'ECONNRESET'
  | 'EHOSTUNREACH'
  | 'EINVAL'
  | 'EMSGSIZE'
  | 'ENODEV'
  | 'ENETDOWN'
  | 'ENETUNREACH'
  | 'ENOBUFS'
  | 'ENOTCONN'
  | 'EPIPE'
  | 'EPROTO'
  | 'ETIMEDOUT';

/** A failure with the packet or the rule that caused it. */
export interface Failure {
  readonly code: ErrorCode;
  /** For a person: which packet, from whom, under which rule. */
  readonly cause: string;
}

export function isFailure(value: object | undefined): value is Failure {
  return value !== undefined && 'code' in value && 'cause' in value;
}

/** An ICMP error that quotes a packet of ours, in terms both families share (RFC 1122 §3.2.2, RFC 4443 §3). */
export interface NetworkError {
  readonly kind:
    | 'network-unreachable'
    | 'host-unreachable'
    | 'protocol-unreachable'
    | 'port-unreachable'
    | 'prohibited'
    | 'too-big'
    | 'time-exceeded'
    | 'parameter-problem'
    /** An ICMPv6 error of a type that this stack does not know (RFC 4443 §2.4(a)). */
    | 'unknown-error';
  /** The next MTU for `too-big`, else 0. */
  readonly mtu: number;
  /** Who reported it, as text. */
  readonly reporter: string;
  /** From the quoted packet: our address, the peer's, and the first 8 bytes of the transport header. */
  readonly local: Address;
  readonly remote: Address;
  readonly localPort: number;
  readonly remotePort: number;
  /** TCP sequence number of the quoted segment (int32). */
  readonly sequence: number;
}

export interface OutputOptions {
  /** TTL or hop limit; the stack's default (64) when undefined. */
  readonly hopLimit?: number;
  /** TOS or traffic class. */
  readonly trafficClass?: number;
  /** False lets the sender fragment (UDP, ICMP echo); true asks for path MTU discovery (TCP). */
  readonly dontFragment?: boolean;
  /** Send by this interface whatever the routes say (link-local peers, replies on the link they came from). */
  readonly zone?: number;
  /** A datagram to a group also goes to the sockets of this host that joined it (RFC 1112 §6.1). */
  readonly loopback?: boolean;
}

/** What the transports see of an IP layer. */
export interface NetworkLayer {
  readonly family: Family;
  readonly environment: Environment;
  /** The source address for packets to `destination`, or why there is none. */
  sourceFor(destination: Address): Address | Failure;
  /** Is it one of this host's unicast addresses (loopback included) and usable as a source? */
  isLocal(address: Address): boolean;
  /** Bytes of the largest IP packet known to reach `destination`: link MTU lowered by path MTU discovery. */
  pathMtu(destination: Address): number;
  /** Bytes of the largest IP packet that the link to `destination` takes. */
  linkMtu(destination: Address): number;
  /** What the link to `destination` does for us; undefined when it takes packets of `pathMtu` and no more. */
  offload(destination: Address): Offload | undefined;
  /**
   * Sends `packet`, whose `start` is at the transport header with its checksum complete, or `PARTIAL` where `offload`
   * says so. Takes ownership.
   * Undefined when it was handed to a link, to the neighbour queue or to loopback. Never calls back into the
   * transport synchronously: a packet to one of our own addresses arrives after the current call has returned.
   */
  output(
    packet: Packet,
    source: Address,
    destination: Address,
    protocol: number,
    options: OutputOptions,
  ): Failure | undefined;
  /** Reachability confirmed by forward progress (RFC 4861 §7.3.1): an ACK of new data came from `destination`. */
  confirmReachable(destination: Address): void;
  /** The address as text, with the zone's name when it has one. */
  describe(address: Address): string;
}

/** What a transport that speaks to groups sees besides. */
export interface MulticastLayer extends NetworkLayer {
  /**
   * One more socket listens to a multicast group on an interface, 0 being the one that the routes name (RFC 1112 §7.1).
   * The index of the interface, or why not.
   */
  join(group: Address, interfaceIndex: number): number | Failure;
  /** One socket less; `interfaceIndex` is what `join` returned. */
  leave(group: Address, interfaceIndex: number): void;
}

/** What an IP layer does with a packet for a transport: `delivered`, `answered` (a reset went back) or a drop. */
export type TransportVerdict = 'delivered' | 'answered' | DropReason;

/** What an IP layer needs of a transport protocol. */
export interface Transport {
  readonly protocol: number;
  /**
   * `packet.start` is at the transport header, `packet.end` behind the last byte, lengths of the IP layer checked.
   * Does not take ownership and keeps nothing of the packet. `source` and `destination` are scratch: clone to keep.
   */
  receive(packet: Packet, source: Address, destination: Address): TransportVerdict;
  /** True when it belonged to a socket of ours (RFC 5927 §4); the IP layer counts the rest as `icmp-unmatched`. */
  networkError(error: NetworkError): boolean;
  /** The stack stops: every connection is reset and every socket told. */
  stop(): void;
}
