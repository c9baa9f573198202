/** UDP for both families: RFC 768, RFC 1122 §4.1, RFC 6056 (ephemeral ports), RFC 8085 (use). */
import type { Address } from '../address/address.ts';
import type { TransportVerdict } from '../address/network.ts';
import {
  type Failure,
  isFailure,
  type MulticastLayer,
  type NetworkError,
  type Transport,
} from '../address/network.ts';
import { failureOf } from '../address/network-failure.ts';
import { KeyedTable } from '../packet/keyed-table.ts';
import type { Packet } from '../packet/packet.ts';
import {
  checkUdp,
  PROTOCOL_UDP,
  UDP_HEADER,
  udpDestinationPort,
  udpLength,
  udpSourcePort,
  writeUdp,
} from '../wire/udp.ts';
import type { UdpBindOptions, UdpHandler, UdpSendOptions, UdpService, UdpSocket } from './api.ts';
import { Memberships } from './memberships.ts';

/** Sockets of one stack: every ephemeral port, half of them once more. */
export const MAX_SOCKETS = 24_576;
/** The dynamic ports (RFC 6335 §6). */
const FIRST_EPHEMERAL = 49_152;
const EPHEMERAL_PORTS = 65_536 - FIRST_EPHEMERAL;
/** Peers of a socket whose ICMP errors are believed: a stranger cannot guess one (RFC 5927 §4). */
const REMEMBERED_PEERS = 8;

const CLOSED: Failure = { code: 'EINVAL', cause: 'the socket is closed' };

class Socket implements UdpSocket {
  readonly localAddress: Address;
  readonly localPort: number;
  readonly handler: UdpHandler;
  readonly reuse: boolean;
  open = true;
  readonly groups: Memberships;
  readonly #udp: Udp;
  readonly #peers: { readonly address: Address; readonly port: number }[] = [];

  constructor(udp: Udp, network: MulticastLayer, address: Address, port: number, options: UdpBindOptions) {
    this.#udp = udp;
    this.groups = new Memberships(network);
    this.localAddress = address;
    this.localPort = port;
    this.handler = options.handler;
    this.reuse = options.reuse === true;
  }

  send(
    data: Uint8Array,
    remote: Address,
    remotePort: number,
    options: UdpSendOptions = {},
  ): Failure | undefined {
    if (!this.open) return CLOSED;
    if (!this.sentTo(remote, remotePort)) {
      if (this.#peers.length >= REMEMBERED_PEERS) this.#peers.shift();
      this.#peers.push({ address: remote.clone(), port: remotePort });
    }
    return this.#udp.send(this, data, remote, remotePort, options);
  }

  join(group: Address, interfaceIndex: number): Failure | undefined {
    return this.open ? this.groups.join(group, interfaceIndex) : CLOSED;
  }

  leave(group: Address, interfaceIndex: number): Failure | undefined {
    return this.open ? this.groups.leave(group, interfaceIndex) : CLOSED;
  }

  sentTo(remote: Address, port: number): boolean {
    return this.#peers.some((peer) => peer.port === port && peer.address.sameHost(remote));
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    this.groups.leaveAll();
    this.#udp.forget(this);
  }
}

export class Udp implements UdpService, Transport {
  readonly protocol: number = PROTOCOL_UDP;
  readonly #network: MulticastLayer;
  /** By local port. */
  readonly #ports: KeyedTable<Socket[]>;
  readonly #all = new Set<Socket>();

  constructor(network: MulticastLayer) {
    this.#network = network;
    this.#ports = new KeyedTable(1, network.environment.random);
  }

  /** EADDRNOTAVAIL, EADDRINUSE, ENOBUFS, EINVAL. */
  bind(address: Address, port: number, options: UdpBindOptions): UdpSocket | Failure {
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      return { code: 'EINVAL', cause: `port ${port} is not between 0 and 65535` };
    }
    // Bound to a group, a socket hears what is sent to that group alone.
    const isGroup = this.#network.family.isMulticast(address);
    if (!address.isUnspecified && !isGroup && !this.#network.isLocal(address)) {
      return {
        code: 'EADDRNOTAVAIL',
        cause: `${this.#network.describe(address)} is no address of this stack`,
      };
    }
    if (this.#all.size >= MAX_SOCKETS)
      return { code: 'ENOBUFS', cause: `${MAX_SOCKETS} UDP sockets are open` };
    const free = port === 0 ? this.#ephemeral(address) : port;
    if (free === undefined) return { code: 'EADDRINUSE', cause: 'no ephemeral UDP port is free' };
    if (port !== 0 && this.#conflicts(address, port, options.reuse === true)) {
      return {
        code: 'EADDRINUSE',
        cause: `UDP port ${port} of ${this.#network.describe(address)} is in use`,
      };
    }
    const socket = new Socket(this, this.#network, address.clone(), free, options);
    this.#all.add(socket);
    this.#ports.key[0] = free;
    this.#ports.set([...(this.#ports.get() ?? []), socket]);
    return socket;
  }

  sockets(): Iterable<UdpSocket> {
    return this.#all;
  }

  hears(address: Address, port: number): boolean {
    this.#ports.key[0] = port;
    return closest(this.#ports.get() ?? [], address).length > 0;
  }

  receive(packet: Packet, source: Address, destination: Address): TransportVerdict {
    const bad = checkUdp(packet, this.#network.family, source, destination);
    if (bad !== undefined) return bad;
    const at = packet.start;
    this.#ports.key[0] = udpDestinationPort(packet, at);
    const sockets = this.#ports.get();
    if (sockets === undefined) return 'port-unreachable';
    const sourcePort = udpSourcePort(packet, at);
    const takers = this.#network.isLocal(destination)
      ? closest(sockets, destination)
      : everyone(sockets, destination, packet.ingress, this.#network.family.isMulticast(destination));
    if (takers.length === 0) return 'port-unreachable';
    for (const socket of takers) {
      if (!socket.open) continue; // closed by the one before
      // A super-segment is many datagrams of one flow, each of which is a message.
      const end = at + udpLength(packet, at);
      const size = packet.segmentSize || packet.length;
      let from = at + UDP_HEADER;
      do {
        const data = packet.copy(from, Math.min(from + size, end));
        socket.handler.message(data, source.clone(), sourcePort, destination.clone());
        from += size;
      } while (from < end && socket.open);
    }
    return 'delivered';
  }

  networkError(error: NetworkError): boolean {
    this.#ports.key[0] = error.localPort;
    const mine = (this.#ports.get() ?? []).filter(
      (socket) =>
        (socket.localAddress.isUnspecified || socket.localAddress.sameHost(error.local)) &&
        socket.sentTo(error.remote, error.remotePort),
    );
    for (const socket of mine) socket.handler.error(failureOf(error), error.remote.clone(), error.remotePort);
    return mine.length > 0;
  }

  stop(): void {
    const sockets = [...this.#all];
    this.#all.clear();
    this.#ports.clear();
    for (const socket of sockets) {
      socket.open = false;
      socket.groups.leaveAll();
      socket.handler.closed();
    }
  }

  send(
    socket: UdpSocket,
    data: Uint8Array,
    remote: Address,
    remotePort: number,
    options: UdpSendOptions,
  ): Failure | undefined {
    const { family, environment } = this.#network;
    const { hopLimit, loopback = true } = options;
    if (!Number.isInteger(remotePort) || remotePort < 1 || remotePort > 65_535) {
      return { code: 'EINVAL', cause: `port ${remotePort} is not between 1 and 65535` };
    }
    const most = family.maxPayload - UDP_HEADER;
    if (data.length > most) {
      return { code: 'EMSGSIZE', cause: `${data.length} bytes; a datagram holds ${most} (RFC 768)` };
    }
    const { localAddress } = socket;
    const anySource = localAddress.isUnspecified || family.isMulticast(localAddress);
    const source = anySource ? this.#network.sourceFor(remote) : localAddress;
    if (isFailure(source)) return source;
    const packet = environment.pool.take(UDP_HEADER + data.length);
    if (packet === undefined) return { code: 'ENOBUFS', cause: 'no packet buffer was free' };
    packet.bytes.set(data, packet.start + UDP_HEADER);
    writeUdp(packet, family, source, socket.localPort, remote, remotePort);
    return this.#network.output(packet, source, remote, PROTOCOL_UDP, {
      dontFragment: false,
      ...(hopLimit === undefined ? {} : { hopLimit }),
      ...(family.isMulticast(remote) && { loopback, zone: remote.zone }),
    });
  }

  /** Of a socket that closes. */
  forget(socket: Socket): void {
    this.#all.delete(socket);
    this.#ports.key[0] = socket.localPort;
    const rest = (this.#ports.get() ?? []).filter((other) => other !== socket);
    if (rest.length > 0) this.#ports.set(rest);
    else this.#ports.delete();
  }

  #conflicts(address: Address, port: number, reuse: boolean): boolean {
    this.#ports.key[0] = port;
    return (this.#ports.get() ?? []).some(
      (other) =>
        !(reuse && other.reuse) &&
        (address.isUnspecified || other.localAddress.isUnspecified || other.localAddress.sameHost(address)),
    );
  }

  /** RFC 6056 §3.3.1: a random port, then the next ones until one is free. */
  #ephemeral(address: Address): number | undefined {
    const from = this.#network.environment.random.u32() % EPHEMERAL_PORTS;
    for (let i = 0; i < EPHEMERAL_PORTS; i++) {
      const port = FIRST_EPHEMERAL + ((from + i) % EPHEMERAL_PORTS);
      if (!this.#conflicts(address, port, false)) return port;
    }
    return undefined;
  }
}

/** The socket bound to the very address, else one bound to any; the latest of several that share it. */
function closest(sockets: readonly Socket[], destination: Address): Socket[] {
  let any: Socket | undefined;
  for (let i = sockets.length - 1; i >= 0; i--) {
    const socket = sockets[i]!;
    if (socket.localAddress.isUnspecified) any ??= socket;
    else if (socket.localAddress.sameHost(destination)) return [socket];
  }
  return any === undefined ? [] : [any];
}

/** Every socket bound to any address hears a broadcast; a group is heard by those who joined it (RFC 1112 §7.2). */
function everyone(
  sockets: readonly Socket[],
  destination: Address,
  ingress: number,
  isGroup: boolean,
): Socket[] {
  return sockets.filter(({ localAddress, groups }) => {
    const bound = localAddress.isUnspecified || localAddress.sameWords(destination);
    return bound && (!isGroup || groups.hears(destination, ingress));
  });
}
