/** UDP for both families: RFC 768, RFC 1122 §4.1, RFC 6056 (ephemeral ports), RFC 8085 (use). */
import type { Address } from '../address/address.ts';
import type { TransportVerdict } from '../address/network.ts';
import {
  type Failure,
  isFailure,
  type NetworkError,
  type NetworkLayer,
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
import type { UdpBindOptions, UdpHandler, UdpService, UdpSocket } from './api.ts';

/** Sockets of one stack: every ephemeral port, half of them once more. */
export const MAX_SOCKETS = 24_576;
/** The dynamic ports (RFC 6335 §6). */
const FIRST_EPHEMERAL = 49_152;
const EPHEMERAL_PORTS = 65_536 - FIRST_EPHEMERAL;
/** Peers of a socket whose ICMP errors are believed: a stranger cannot guess one (RFC 5927 §4). */
const REMEMBERED_PEERS = 8;

class Socket implements UdpSocket {
  readonly localAddress: Address;
  readonly localPort: number;
  readonly handler: UdpHandler;
  readonly reuse: boolean;
  open = true;
  readonly #udp: Udp;
  readonly #peers: { readonly address: Address; readonly port: number }[] = [];

  constructor(udp: Udp, address: Address, port: number, options: UdpBindOptions) {
    this.#udp = udp;
    this.localAddress = address;
    this.localPort = port;
    this.handler = options.handler;
    this.reuse = options.reuse === true;
  }

  send(data: Uint8Array, remote: Address, remotePort: number, hopLimit?: number): Failure | undefined {
    if (!this.open) return { code: 'EINVAL', cause: 'the socket is closed' };
    if (!this.sentTo(remote, remotePort)) {
      if (this.#peers.length >= REMEMBERED_PEERS) this.#peers.shift();
      this.#peers.push({ address: remote.clone(), port: remotePort });
    }
    return this.#udp.send(this, data, remote, remotePort, hopLimit);
  }

  sentTo(remote: Address, port: number): boolean {
    return this.#peers.some((peer) => peer.port === port && peer.address.sameHost(remote));
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    this.#udp.forget(this);
  }
}

export class Udp implements UdpService, Transport {
  readonly protocol: number = PROTOCOL_UDP;
  readonly #network: NetworkLayer;
  /** By local port. */
  readonly #ports: KeyedTable<Socket[]>;
  readonly #all = new Set<Socket>();

  constructor(network: NetworkLayer) {
    this.#network = network;
    this.#ports = new KeyedTable(1, network.environment.random);
  }

  /** EADDRNOTAVAIL, EADDRINUSE, ENOBUFS, EINVAL. */
  bind(address: Address, port: number, options: UdpBindOptions): UdpSocket | Failure {
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      return { code: 'EINVAL', cause: `port ${port} is not between 0 and 65535` };
    }
    if (!address.isUnspecified && !this.#network.isLocal(address)) {
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
    const socket = new Socket(this, address.clone(), free, options);
    this.#all.add(socket);
    this.#ports.key[0] = free;
    this.#ports.set([...(this.#ports.get() ?? []), socket]);
    return socket;
  }

  sockets(): Iterable<UdpSocket> {
    return this.#all;
  }

  receive(packet: Packet, source: Address, destination: Address): TransportVerdict {
    const bad = checkUdp(packet, this.#network.family, source, destination);
    if (bad !== undefined) return bad;
    const at = packet.start;
    this.#ports.key[0] = udpDestinationPort(packet, at);
    const sockets = this.#ports.get();
    if (sockets === undefined) return 'port-unreachable';
    const sourcePort = udpSourcePort(packet, at);
    // A datagram to a group goes to every socket of the port, any other to the one that was bound most closely.
    const toGroup = !this.#network.isLocal(destination);
    const takers = toGroup
      ? sockets.filter((s) => s.localAddress.isUnspecified)
      : closest(sockets, destination);
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
      socket.handler.closed();
    }
  }

  send(
    socket: UdpSocket,
    data: Uint8Array,
    remote: Address,
    remotePort: number,
    hopLimit: number | undefined,
  ): Failure | undefined {
    const { family, environment } = this.#network;
    if (!Number.isInteger(remotePort) || remotePort < 1 || remotePort > 65_535) {
      return { code: 'EINVAL', cause: `port ${remotePort} is not between 1 and 65535` };
    }
    const most = family.maxPayload - UDP_HEADER;
    if (data.length > most) {
      return { code: 'EMSGSIZE', cause: `${data.length} bytes; a datagram holds ${most} (RFC 768)` };
    }
    const source = socket.localAddress.isUnspecified ? this.#network.sourceFor(remote) : socket.localAddress;
    if (isFailure(source)) return source;
    const packet = environment.pool.take(UDP_HEADER + data.length);
    if (packet === undefined) return { code: 'ENOBUFS', cause: 'no packet buffer was free' };
    packet.bytes.set(data, packet.start + UDP_HEADER);
    writeUdp(packet, family, source, socket.localPort, remote, remotePort);
    return this.#network.output(packet, source, remote, PROTOCOL_UDP, {
      dontFragment: false,
      ...(hopLimit === undefined ? {} : { hopLimit }),
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
