/** What an application side (src/sockets) sees of UDP: RFC 768, RFC 1122 §4.1. */
import type { Address } from '../address/address.ts';
import type { Failure } from '../address/network.ts';

export interface UdpHandler {
  /** `data` is in memory of its own; the addresses may be kept. */
  message(data: Uint8Array, source: Address, sourcePort: number, destination: Address): void;
  /** An ICMP error for a datagram sent from here (RFC 1122 §4.1.3.3). */
  error(failure: Failure, remote: Address, remotePort: number): void;
  /** The stack stopped. */
  closed(): void;
}

export interface UdpSendOptions {
  /** TTL or hop limit. */
  readonly hopLimit?: number | undefined;
  /** False: sockets of this host do not hear a datagram to a group that they joined. */
  readonly loopback?: boolean | undefined;
}

export interface UdpSocket {
  readonly localAddress: Address;
  readonly localPort: number;
  /** The zone of a group is the interface it is sent by. EMSGSIZE over 65,507 / 65,527 bytes, ENETUNREACH, EHOSTUNREACH, ENOBUFS. `data` is copied. */
  send(data: Uint8Array, remote: Address, remotePort: number, options?: UdpSendOptions): Failure | undefined;
  /**
   * Hears a group on an interface, 0 being the one that the routes name. EINVAL when it is no group, ENODEV,
   * EADDRINUSE when it is joined there already, ENOBUFS.
   */
  join(group: Address, interfaceIndex: number): Failure | undefined;
  /** EADDRNOTAVAIL when it was not joined there; interface 0 is any. */
  leave(group: Address, interfaceIndex: number): Failure | undefined;
  close(): void;
}

export interface UdpBindOptions {
  readonly handler: UdpHandler;
  readonly reuse?: boolean;
}

/** `Udp` (udp.ts) implements it. Port 0 asks for an ephemeral port (RFC 6056). */
export interface UdpService {
  bind(address: Address, port: number, options: UdpBindOptions): UdpSocket | Failure;
  sockets(): Iterable<UdpSocket>;
  /** Does a socket hear what comes to this address of the stack? */
  hears(address: Address, port: number): boolean;
}
