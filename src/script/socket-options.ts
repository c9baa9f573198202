/** setsockopt and getsockopt on a stack of ours, as far as it has what they set; socket(7), tcp(7), ip(7). */

import type { Failure } from '../../stacks/address/network.ts';
import type { TcpConnection } from '../../stacks/tcp/api.ts';
import type { ConnectionOptions } from '../../stacks/tcp/connection-options.ts';
import { CONGESTION } from './settings.ts';
import { NotSupported, type OptionValue, type Result } from './world.ts';

interface StreamSocket {
  readonly type: 'stream';
  readonly connection: TcpConnection | undefined;
  /** SO_LINGER with a time of zero. */
  resetOnClose: boolean;
  reuseAddress: boolean;
  takeError(): Failure | undefined;
  /** Now, or as soon as there is a connection. */
  wish(set: (connection: TcpConnection) => void): void;
  /** The same for what a SYN obeys already. */
  configure(options: ConnectionOptions): void;
}

interface DatagramSocket {
  readonly type: 'datagram';
  takeError(): Failure | undefined;
}

type Socket = StreamSocket | DatagramSocket;

const SECOND = 1_000_000;
const MILLISECOND = 1_000;
/** socket(7): what Linux takes as the least, before it doubles. */
const LEAST_BUFFER = 1_152;
/** socket(7): told as doubled, for the kernel's own needs. */
const DOUBLED = new Set(['SO_RCVBUF', 'SO_SNDBUF']);
/** Off, or not set, by default. */
const OFF = new Set([
  'TCP_NODELAY',
  'SO_KEEPALIVE',
  'TCP_CORK',
  'TCP_USER_TIMEOUT',
  'TCP_DEFER_ACCEPT',
  'IP_TOS',
]);

interface KeepAlive {
  on: boolean;
  idle: number;
  interval: number;
  probes: number;
}

const keepAlives = new WeakMap<StreamSocket, KeepAlive>();
const values = new WeakMap<Socket, Map<string, OptionValue>>();

/** Options that are kept, and change nothing that a packet shows. */
const WITHOUT_EFFECT = new Set(['SO_REUSEPORT', 'IPV6_V6ONLY', 'SO_PRIORITY', 'SO_ZEROCOPY', 'SO_OOBINLINE']);

type Setter = (socket: StreamSocket, given: readonly number[]) => Result;

const onConnection =
  (set: (connection: TcpConnection, value: number) => void): Setter =>
  (socket, [value]) => {
    socket.wish((connection) => set(connection, value ?? 0));
    return 0;
  };

/** `least` and `most` that setsockopt takes. */
const option =
  (make: (value: number) => ConnectionOptions, least = 0, most = 0x7fffffff): Setter =>
  (socket, [value = 0]) => {
    if (value < least || value > most) return { errno: 'EINVAL' };
    socket.configure(make(value));
    return 0;
  };

/** Linux counts retransmissions of the SYN-ACK, after 1, 3, 7 ... seconds. */
function retransmissionsIn(seconds: number): number {
  return seconds <= 0 ? 0 : Math.max(Math.ceil(Math.log2(seconds + 1)), 1);
}

const keepAlive =
  (change: (k: KeepAlive, value: number) => void): Setter =>
  (socket, [value]) => {
    const k = keepAlives.get(socket) ?? { on: false, idle: 7_200, interval: 75, probes: 9 };
    change(k, value ?? 0);
    keepAlives.set(socket, k);
    const { on, idle, interval, probes } = k;
    socket.wish((connection) => connection.setKeepAlive(on, idle * SECOND, interval * SECOND, probes));
    return 0;
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
    return 0;
  },
  TCP_USER_TIMEOUT: option((value) => ({ userTimeout: value * MILLISECOND })),
  // RFC 5482: no other system has names for these.
  TCP_UTO: option((on) => ({ userTimeoutOption: on !== 0 })),
  TCP_UTO_ADVERTISED: option((value) => ({ advertisedUserTimeout: value * MILLISECOND || undefined })),
  TCP_UTO_CHANGEABLE: option((on) => ({ userTimeoutChangeable: on !== 0 })),
  TCP_SYNCNT: option((synCount) => ({ synCount }), 1, 127),
  TCP_MAXSEG: option((value) => ({ maxSegment: value || undefined }), 0, 32_767),
  TCP_CORK: option((value) => ({ cork: value !== 0 })),
  TCP_NOTSENT_LOWAT: option((value) => ({ notsentLowat: value || undefined })),
  TCP_LINGER2: option((value) => ({ lingerTimeout: Math.max(value, 0) * SECOND }), -1),
  TCP_DEFER_ACCEPT: option((value) => ({ deferAccept: retransmissionsIn(value) })),
  SO_RCVBUF: option((receiveBuffer) => ({ receiveBuffer: Math.max(receiveBuffer, LEAST_BUFFER) })),
  SO_SNDBUF: option((sendBuffer) => ({ sendBuffer: Math.max(sendBuffer, LEAST_BUFFER) })),
  IP_TOS: option((trafficClass) => ({ trafficClass }), 0, 255),
  IPV6_TCLASS: option((trafficClass) => ({ trafficClass }), 0, 255),
  IP_TTL: option((hopLimit) => ({ hopLimit }), 1, 255),
  IPV6_UNICAST_HOPS: option((hopLimit) => ({ hopLimit }), 1, 255),
  SO_REUSEADDR: (socket, [on]) => {
    socket.reuseAddress = on !== 0;
    return 0;
  },
  SO_LINGER: (socket, [on, time]) => {
    socket.resetOnClose = on !== 0 && time === 0;
    return 0;
  },
};

export function setOption(socket: Socket, name: string, given: readonly OptionValue[]): Result {
  const kept = values.get(socket) ?? new Map<string, OptionValue>();
  values.set(socket, kept.set(name, given[0] ?? 0));
  if (WITHOUT_EFFECT.has(name)) return 0;
  if (name === 'TCP_CONGESTION' && socket.type === 'stream') return setCongestion(socket, String(given[0]));
  const setter = Object.hasOwn(SETTERS, name) ? SETTERS[name] : undefined;
  if (setter === undefined || socket.type !== 'stream') throw new NotSupported(`setsockopt ${name}`);
  return setter(socket, given.map(Number));
}

function setCongestion(socket: StreamSocket, name: string): Result {
  if (!Object.hasOwn(CONGESTION, name)) throw new NotSupported(`congestion control '${name}'`);
  socket.wish((connection) => connection.setCongestion(CONGESTION[name]!));
  return 0;
}

export function getOption(socket: Socket, name: string): OptionValue {
  if (name === 'SO_ERROR') return socket.takeError()?.code ?? 0;
  const connection = socket.type === 'stream' ? socket.connection : undefined;
  if (name === 'TCP_MAXSEG' && connection !== undefined) return connection.info().mss;
  const kept = values.get(socket)?.get(name);
  if (DOUBLED.has(name) && kept !== undefined) return 2 * Number(kept);
  if (kept !== undefined) return kept;
  if (OFF.has(name)) return 0;
  throw new NotSupported(`getsockopt ${name}`);
}
