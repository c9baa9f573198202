/** `show sockets`, in the terms of `ss`: filters first, and text only for what passes them. */
import type { Address } from '../../stacks/address/address.ts';
import type { Family } from '../../stacks/address/family.ts';
import { ipv4 } from '../../stacks/address/ipv4.ts';
import { ipv6 } from '../../stacks/address/ipv6.ts';
import type { Stack } from '../../stacks/stack.ts';
import type { TcpConnection, TcpListener, TcpState } from '../../stacks/tcp/api.ts';
import type { UdpSocket } from '../../stacks/udp/api.ts';
import { type Cell, two } from './table.ts';
import type { Table } from './tables.ts';

const TCP_STATES: readonly TcpState[] = [
  'LISTEN',
  'SYN-SENT',
  'SYN-RECEIVED',
  'ESTABLISHED',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'CLOSE-WAIT',
  'CLOSING',
  'LAST-ACK',
  'TIME-WAIT',
];
/** `UNCONN` is a UDP socket, as `ss` has it. */
export const SOCKET_STATES: readonly string[] = [...TCP_STATES, 'UNCONN'];

/** Addresses of a network. */
export interface PeerFilter {
  readonly family: Family;
  readonly network: Address;
  readonly prefixLength: number;
}

export interface SocketFilter {
  readonly states?: readonly string[] | undefined;
  /** At either end. */
  readonly port?: number | undefined;
  readonly peer?: PeerFilter | undefined;
}

/** `192.0.2.1`, `2001:db8::/32`; undefined when it is neither an address nor a network. */
export function parsePeer(text: string): PeerFilter | undefined {
  const [host, length, ...more] = text.split('/');
  for (const family of [ipv4, ipv6]) {
    const address = family.parse(host!);
    if (address === undefined || more.length > 0) continue;
    const bits = family.version === 4 ? 32 : 128;
    const prefixLength = length === undefined ? bits : Number(length);
    if (length !== undefined && (!/^\d+$/.test(length) || prefixLength > bits)) return undefined;
    return { family, network: address, prefixLength };
  }
  return undefined;
}

export function socketTable(stacks: readonly Stack[], filter: SocketFilter): Table {
  return {
    head: ['STACK', 'PROTO', 'STATE', 'RECV-Q', 'SEND-Q', 'LOCAL', 'PEER'],
    rows: rowsOf(stacks, filter),
    summary: summaryOf(stacks, filter),
  };
}

type Socket = TcpListener | TcpConnection | UdpSocket;

function* rowsOf(stacks: readonly Stack[], filter: SocketFilter): Generator<readonly Cell[]> {
  for (const stack of stacks) {
    const id = two(stack.id);
    const endpoint = endpoints(stack);
    for (const socket of socketsOf(stack, filter)) {
      const state = stateOf(socket);
      if ('remoteAddress' in socket) {
        const { available, unacknowledged, localAddress, localPort, remoteAddress, remotePort } = socket;
        const [local, peer] = [endpoint(localAddress, localPort), endpoint(remoteAddress, remotePort)];
        yield [id, 'tcp', state, available, unacknowledged, local, peer];
      } else if ('localAddress' in socket) {
        yield [id, 'udp', state, 0, 0, endpoint(socket.localAddress, socket.localPort), '*'];
      } else yield [id, 'tcp', state, 0, 0, endpoint(socket.address, socket.port), '*'];
    }
  }
}

/** `1000001 sockets: 1 LISTEN, 1000000 ESTABLISHED` */
function summaryOf(stacks: readonly Stack[], filter: SocketFilter): string {
  const counts = new Map<string, number>();
  let all = 0;
  for (const stack of stacks) {
    for (const socket of socketsOf(stack, filter)) {
      const state = stateOf(socket);
      counts.set(state, (counts.get(state) ?? 0) + 1);
      all++;
    }
  }
  const named = SOCKET_STATES.filter((state) => counts.has(state)).map(
    (state) => `${counts.get(state)} ${state}`,
  );
  return `${all} sockets${all === 0 ? '' : `: ${named.join(', ')}`}`;
}

/** Listeners, connections, UDP sockets: those that pass the filter. */
function* socketsOf({ tcp, udp, family }: Stack, filter: SocketFilter): Generator<Socket> {
  const { states, port, peer } = filter;
  const wants = (state: string): boolean => states === undefined || states.includes(state);
  if (wants('LISTEN') && peer === undefined) {
    for (const listener of tcp.listeners()) if (port === undefined || listener.port === port) yield listener;
  }
  if (peer === undefined || peer.family === family) {
    for (const connection of tcp.connections()) {
      if (states !== undefined && !states.includes(connection.state)) continue;
      if (port !== undefined && connection.localPort !== port && connection.remotePort !== port) continue;
      if (peer !== undefined && !family.matches(connection.remoteAddress, peer.network, peer.prefixLength))
        continue;
      yield connection;
    }
  }
  if (wants('UNCONN') && peer === undefined) {
    for (const socket of udp.sockets()) if (port === undefined || socket.localPort === port) yield socket;
  }
}

function stateOf(socket: Socket): string {
  if ('remoteAddress' in socket) return socket.state;
  return 'localAddress' in socket ? 'UNCONN' : 'LISTEN';
}

/** Text of an end; an address that comes again is not written again. */
function endpoints(stack: Stack): (address: Address, port: number) => string {
  /** A handful: the address of our side and that of the peer take turns. */
  const known: { readonly address: Address; readonly start: string }[] = [];
  return (address, port) => {
    let found = known.find((each) => each.address.equals(address));
    if (found === undefined) {
      const host = address.isUnspecified ? '*' : stack.describe(address);
      found = { address, start: stack.family.version === 6 && host !== '*' ? `[${host}]:` : `${host}:` };
      known.unshift(found);
      if (known.length > KNOWN) known.pop();
    }
    return found.start + port;
  };
}

const KNOWN = 4;
