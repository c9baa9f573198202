/** `show sockets`, in the terms of `ss`: filters first, and text only for what passes them. */
import type { Address } from '../../stacks/address/address.ts';
import type { Family } from '../../stacks/address/family.ts';
import { ipv4 } from '../../stacks/address/ipv4.ts';
import { ipv6 } from '../../stacks/address/ipv6.ts';
import type { Stack } from '../../stacks/stack.ts';
import type { TcpConnection, TcpListener, TcpState } from '../../stacks/tcp/api.ts';
import type { UdpSocket } from '../../stacks/udp/api.ts';
import { type Cell, type Table, two } from './table.ts';

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
    summary: () => summaryOf(stacks, filter),
  };
}

function* rowsOf(stacks: readonly Stack[], filter: SocketFilter): Generator<readonly Cell[]> {
  for (const stack of stacks) {
    const id = two(stack.id);
    const endpoint = endpoints(stack);
    for (const { address, port } of listeners(stack, filter)) {
      yield [id, 'tcp', 'LISTEN', 0, 0, endpoint(address, port), '*'];
    }
    for (const connection of stack.tcp.connections()) {
      if (!passes(connection, stack.family, filter)) continue;
      const { state, available, unacknowledged, localAddress, remoteAddress } = connection;
      const local = endpoint(localAddress, connection.localPort);
      const peer = endpoint(remoteAddress, connection.remotePort);
      yield [id, 'tcp', state, available, unacknowledged, local, peer];
    }
    for (const { localAddress, localPort } of udpSockets(stack, filter)) {
      yield [id, 'udp', 'UNCONN', 0, 0, endpoint(localAddress, localPort), '*'];
    }
  }
}

/** `1000001 sockets: 1 LISTEN, 1000000 ESTABLISHED` */
function summaryOf(stacks: readonly Stack[], filter: SocketFilter): string {
  const counts: Record<string, number> = Object.fromEntries(SOCKET_STATES.map((state) => [state, 0]));
  for (const stack of stacks) {
    counts['LISTEN']! += listeners(stack, filter).length;
    counts['UNCONN']! += udpSockets(stack, filter).length;
    for (const connection of stack.tcp.connections()) {
      if (passes(connection, stack.family, filter)) counts[connection.state]!++;
    }
  }
  const present = SOCKET_STATES.filter((state) => counts[state]! > 0);
  const all = present.reduce((sum, state) => sum + counts[state]!, 0);
  const named = present.map((state) => `${counts[state]} ${state}`).join(', ');
  return `${all} sockets${all === 0 ? '' : `: ${named}`}`;
}

function listeners({ tcp }: Stack, { states, port, peer }: SocketFilter): TcpListener[] {
  if (peer !== undefined || states?.includes('LISTEN') === false) return [];
  return [...tcp.listeners()].filter((listener) => port === undefined || listener.port === port);
}

function udpSockets({ udp }: Stack, { states, port, peer }: SocketFilter): UdpSocket[] {
  if (peer !== undefined || states?.includes('UNCONN') === false) return [];
  return [...udp.sockets()].filter((socket) => port === undefined || socket.localPort === port);
}

function passes(connection: TcpConnection, family: Family, { states, port, peer }: SocketFilter): boolean {
  if (states !== undefined && !states.includes(connection.state)) return false;
  if (port !== undefined && connection.localPort !== port && connection.remotePort !== port) return false;
  if (peer === undefined) return true;
  return peer.family === family && family.matches(connection.remoteAddress, peer.network, peer.prefixLength);
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
