/**
 * What the socket modules stand upon: one stack (`StackHost`) or a couple of two (`Couple`). Everything that differs
 * between the two is decided behind this interface, so net.ts, dgram.ts and dns.ts know nothing of coupling.
 */
import type { Address } from '../../stacks/address/address.ts';
import type { Family } from '../../stacks/address/family.ts';
import type { Failure, NetworkLayer } from '../../stacks/address/network.ts';
import type { TcpConnection, TcpHandler } from '../../stacks/tcp/api.ts';
import type { ConnectionOptions } from '../../stacks/tcp/connection-options.ts';
import type { Clock } from '../../stacks/time/clock.ts';
import type { UdpHandler, UdpSendOptions } from '../../stacks/udp/api.ts';

/** An address together with the family that its words belong to. */
export interface HostAddress {
  readonly family: Family;
  readonly address: Address;
}

/** A connection and the stack that carries it, which knows the family and how its addresses are written. */
export interface HostConnection {
  readonly connection: TcpConnection;
  readonly network: NetworkLayer;
}

/** A failure of a call that concerned more than one stack names the one that refused: `stack 03 (BSTTINET)`. */
export interface HostFailure extends Failure {
  readonly refusedBy?: string;
}

export interface HostListener {
  readonly port: number;
  /** What it was asked to listen on; unspecified for every address. */
  readonly local: HostAddress;
  /** Established connections that nobody has taken yet. */
  readonly waiting: number;
  /**
   * The oldest established connection; its handler is set to `handler`, and what happened meanwhile is told to it
   * from inside this call. Undefined when none waits.
   */
  take(handler: (taken: HostConnection) => TcpHandler): HostConnection | undefined;
  /** For the connections to come. */
  configure(options: ConnectionOptions): void;
  /** Stops listening on every stack; connections not yet taken are reset. */
  close(): void;
}

export interface ListenRequest {
  /** Undefined or unspecified: every address of every stack behind the host. */
  readonly local?: HostAddress;
  /** 0 asks for an ephemeral port, the same on every stack. */
  readonly port: number;
  /** Connections that may wait to be taken, over all stacks together. */
  readonly backlog?: number;
  /** Keeps an unspecified IPv6 address to IPv6 (RFC 3493 §5.3, IPV6_V6ONLY). */
  readonly ipv6Only?: boolean;
  /** Of the connections to come. */
  readonly options?: ConnectionOptions;
  /** A connection waits for `take`. */
  arrived(): void;
  /** A stack that came up later (or came back) refuses; the others go on listening. */
  refused(failure: HostFailure): void;
}

export interface HostConnectOptions {
  readonly handler: TcpHandler;
  readonly local?: HostAddress;
  readonly localPort?: number;
  readonly options?: ConnectionOptions;
}

export interface HostUdpSocket {
  readonly network: NetworkLayer;
  readonly localAddress: Address;
  readonly localPort: number;
  /** The failures of `UdpSocket.send`, and EAFNOSUPPORT for a destination of the other family. */
  send(data: Uint8Array, remote: HostAddress, port: number, options?: UdpSendOptions): Failure | undefined;
  /** The interface that an address of this host or a zone names, 0 for the unspecified one; EADDRNOTAVAIL. */
  interfaceOf(address: HostAddress): number | Failure;
  /** `UdpSocket.join` and `leave`; EAFNOSUPPORT for a group of the other family. */
  join(group: HostAddress, interfaceIndex: number): Failure | undefined;
  leave(group: HostAddress, interfaceIndex: number): Failure | undefined;
  close(): void;
}

export interface HostUdpOptions {
  readonly handler: UdpHandler;
  readonly reuse?: boolean;
}

/** Why a name has no address. */
export interface ResolveFailure {
  readonly code: 'ENOTFOUND';
  readonly cause: string;
}

/** One address of the host, as `os.networkInterfaces()` would list it. */
export interface HostInterfaceAddress extends HostAddress {
  readonly interface: string;
  readonly prefixLength: number;
}

export interface SocketHost {
  /** The servers that listen here: they are closed when the host is gone for good. */
  readonly servers: Set<{ close(): unknown }>;
  /** The owner has closed everything: a connection that ends by that is an error only for those who listen for one. */
  gone: boolean;
  /** For messages: `stack 02`, `couple 02/03`. */
  readonly name: string;
  readonly clock: Clock;
  /** The families that sockets of this host may ask for, the preferred one first. */
  readonly families: readonly Family[];
  /**
   * Called whenever something is about to be handed to the application (data, connect, drain, close ...): in virtual
   * time the lab lets the microtasks and ticks of Node settle before the clock moves on.
   */
  activity(): void;
  /** An address written as text, with a zone if need be; undefined when it is a name or names no link of this host. */
  parse(text: string): HostAddress | undefined;
  format(address: HostAddress): string;
  /** Literals, `localhost`, then the HOST table; at least one address, in the order of RFC 6724 §6. */
  resolve(name: string, done: (found: readonly HostAddress[] | ResolveFailure) => void): void;
  addresses(): HostInterfaceAddress[];
  listenTcp(request: ListenRequest): HostListener | HostFailure;
  connectTcp(remote: HostAddress, port: number, options: HostConnectOptions): HostConnection | Failure;
  bindUdp(local: HostAddress, port: number, options: HostUdpOptions): HostUdpSocket | Failure;
}
