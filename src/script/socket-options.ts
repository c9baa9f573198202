/** setsockopt and getsockopt on a stack of ours, as far as it has what they set; socket(7), tcp(7), ip(7). */

import type { Failure } from '../../stacks/address/network.ts';
import type { TcpConnection } from '../../stacks/tcp/api.ts';
import { NotSupported, type OptionValue, type Result } from './world.ts';

interface StreamSocket {
  readonly type: 'stream';
  readonly connection: TcpConnection | undefined;
  /** SO_LINGER with a time of zero. */
  resetOnClose: boolean;
  takeError(): Failure | undefined;
  /** Now, or as soon as there is a connection. */
  wish(set: (connection: TcpConnection) => void): void;
}

interface DatagramSocket {
  readonly type: 'datagram';
  takeError(): Failure | undefined;
}

type Socket = StreamSocket | DatagramSocket;

const SECOND = 1_000_000;

interface KeepAlive {
  on: boolean;
  idle: number;
  interval: number;
  probes: number;
}

const keepAlives = new WeakMap<StreamSocket, KeepAlive>();
const values = new WeakMap<Socket, Map<string, OptionValue>>();

/** Options that are kept, and change nothing that a packet shows. */
const WITHOUT_EFFECT = new Set([
  'SO_REUSEADDR',
  'SO_REUSEPORT',
  'IPV6_V6ONLY',
  'SO_PRIORITY',
  'SO_ZEROCOPY',
  'SO_OOBINLINE',
]);

type Setter = (socket: StreamSocket, given: readonly number[]) => void;

const onConnection =
  (set: (connection: TcpConnection, value: number) => void): Setter =>
  (socket, [value]) =>
    socket.wish((connection) => set(connection, value ?? 0));

const keepAlive =
  (change: (k: KeepAlive, value: number) => void): Setter =>
  (socket, [value]) => {
    const k = keepAlives.get(socket) ?? { on: false, idle: 7_200, interval: 75, probes: 9 };
    change(k, value ?? 0);
    keepAlives.set(socket, k);
    const { on, idle, interval, probes } = k;
    socket.wish((connection) => connection.setKeepAlive(on, idle * SECOND, interval * SECOND, probes));
  };

const SETTERS: Readonly<Record<string, Setter>> = {
  TCP_NODELAY: onConnection((connection, value) => connection.setNoDelay(value !== 0)),
  SO_KEEPALIVE: keepAlive((k, value) => {
    k.on = value !== 0;
  }),
  TCP_KEEPIDLE: keepAlive((k, value) => {
    k.idle = value;
  }),
  TCP_KEEPINTVL: keepAlive((k, value) => {
    k.interval = value;
  }),
  TCP_KEEPCNT: keepAlive((k, value) => {
    k.probes = value;
  }),
  TCP_QUICKACK: (_, [on]) => {
    // Off is how this stack always is: acknowledgments wait for company from the first segment on.
    if (on !== 0) throw new NotSupported('setsockopt TCP_QUICKACK, other than off');
  },
  SO_LINGER: (socket, [on, time]) => {
    socket.resetOnClose = on !== 0 && time === 0;
  },
};

export function setOption(socket: Socket, name: string, given: readonly OptionValue[]): Result {
  const kept = values.get(socket) ?? new Map<string, OptionValue>();
  values.set(socket, kept.set(name, given[0] ?? 0));
  if (WITHOUT_EFFECT.has(name)) return 0;
  const setter = Object.hasOwn(SETTERS, name) ? SETTERS[name] : undefined;
  if (setter === undefined || socket.type !== 'stream') throw new NotSupported(`setsockopt ${name}`);
  setter(socket, given.map(Number));
  return 0;
}

export function getOption(socket: Socket, name: string): OptionValue {
  if (name === 'SO_ERROR') return socket.takeError()?.code ?? 0;
  const kept = values.get(socket)?.get(name);
  if (kept !== undefined) return kept;
  const connection = socket.type === 'stream' ? socket.connection : undefined;
  if (name === 'TCP_MAXSEG' && connection !== undefined) return connection.info().mss;
  if (name === 'TCP_NODELAY' || name === 'SO_KEEPALIVE') return 0;
  throw new NotSupported(`getsockopt ${name}`);
}
