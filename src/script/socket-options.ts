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
  /** SO_RCVLOWAT */
  lowWater: number;
  reuseAddress: boolean;
  takeError(): Failure | undefined;
  /** Now, or as soon as there is a connection. */
  wish(set: (connection: TcpConnection) => void): void;
  /** The same for what a SYN obeys already. */
  configure(options: ConnectionOptions): void;
}

interface DatagramSocket {
  readonly type: 'datagram';
  /** IP_TTL */
  hopLimit: number | undefined;
  takeError(): Failure | undefined;
}

type Socket = StreamSocket | DatagramSocket;

const SECOND = 1_000_000;
const MILLISECOND = 1_000;
/** socket(7): what Linux takes as the least, before it doubles. */
const LEAST_BUFFER = 1_152;
/** socket(7): told as doubled, for the kernel's own needs. */
const DOUBLED = new Set(['SO_RCVBUF', 'SO_SNDBUF']);
/** What an option is by default, where that is not for the stack to say. */
const PRESET: Readonly<Record<string, OptionValue>> = {
  TCP_NODELAY: 0,
  SO_KEEPALIVE: 0,
  TCP_CORK: 0,
  TCP_USER_TIMEOUT: 0,
  TCP_DEFER_ACCEPT: 0,
  IP_TOS: 0,
  IPV6_TCLASS: 0,
  TCP_KEEPIDLE: 7_200,
  TCP_KEEPINTVL: 75,
  TCP_KEEPCNT: 9,
  TCP_INQ: 0,
  TCP_MAXSEG: 536,
  TCP_NOTSENT_LOWAT: -1,
  TCP_QUICKACK: 1,
  SO_REUSEADDR: 0,
  SO_REUSEPORT: 0,
  SO_RCVLOWAT: 1,
  SO_OOBINLINE: 0,
  SO_PRIORITY: 0,
  SO_ZEROCOPY: 0,
  SO_DEBUG: 0,
  IPV6_V6ONLY: 0,
};

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
  'SO_REUSEPORT',
  'IPV6_V6ONLY',
  'SO_PRIORITY',
  'SO_ZEROCOPY',
  'SO_OOBINLINE',
  'SO_DEBUG',
  'SO_BUSY_POLL',
  'SO_MARK',
  'TCP_INQ',
  'TCP_SAVE_SYN',
]);

/** Values by which an option asks for what this stack does anyway. */
const AS_IT_IS: Readonly<Record<string, readonly number[]>> = {
  IP_MTU_DISCOVER: [1, 2],
  IPV6_MTU_DISCOVER: [1, 2],
  TCP_THIN_LINEAR_TIMEOUTS: [0],
  TCP_THIN_DUPACK: [0],
  SO_MAX_PACING_RATE: [-1, 0xffff_ffff, Number('0xffffffffffffffff')],
  IP_RECVERR: [0],
  IPV6_RECVERR: [0],
  TCP_FASTOPEN: [0],
  TCP_FASTOPEN_CONNECT: [0],
  SO_TIMESTAMPING: [0],
  SO_TIMESTAMP: [0],
  TCP_WINDOW_CLAMP: [0],
  TCP_REPAIR: [0],
};

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
  (change: (k: KeepAlive, value: number) => void, most = 0): Setter =>
  (socket, [value = 0]) => {
    if (most > 0 && (value < 1 || value > most)) return { errno: 'EINVAL' };
    const k = keepAlives.get(socket) ?? { on: false, idle: 7_200, interval: 75, probes: 9 };
    change(k, value);
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
  }, 32_767),
  TCP_KEEPINTVL: keepAlive((k, value) => {
    k.interval = value;
  }, 32_767),
  TCP_KEEPCNT: keepAlive((k, value) => {
    k.probes = value;
  }, 127),
  TCP_QUICKACK: onConnection((connection, value) => connection.setQuickAck(value !== 0)),
  TCP_USER_TIMEOUT: option((value) => ({ userTimeout: value * MILLISECOND })),
  // RFC 5482: no other system has names for these.
  TCP_UTO: option((on) => ({ userTimeoutOption: on !== 0 })),
  TCP_UTO_ADVERTISED: option((value) => ({ advertisedUserTimeout: value * MILLISECOND || undefined })),
  TCP_UTO_CHANGEABLE: option((on) => ({ userTimeoutChangeable: on !== 0 })),
  TCP_SYNCNT: option((synCount) => ({ synCount }), 1, 127),
  // tcp(7): TCP_MIN_MSS to MAX_TCP_WINDOW, or 0 for none.
  TCP_MAXSEG: (socket, [value = 0]) => {
    if (value !== 0 && (value < 88 || value > 32_767)) return { errno: 'EINVAL' };
    socket.configure({ maxSegment: value || undefined });
    return 0;
  },
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
  SO_RCVLOWAT: (socket, [value = 1]) => {
    socket.lowWater = Math.max(value, 1);
    return 0;
  },
  SO_REUSEADDR: (socket, [on]) => {
    socket.reuseAddress = on !== 0;
    return 0;
  },
  SO_LINGER: (socket, [on, time]) => {
    // close(2) would wait for the last acknowledgment.
    if (on !== 0 && time !== 0) throw new NotSupported('SO_LINGER with a time');
    socket.resetOnClose = on !== 0 && time === 0;
    return 0;
  },
};

/** Other names for the same. */
const ALIASES: Readonly<Record<string, string>> = {
  SO_SNDBUFFORCE: 'SO_SNDBUF',
  SO_RCVBUFFORCE: 'SO_RCVBUF',
};
/** Of datagram sockets: kept, and of no effect but that of IP_TTL. */
const OF_DATAGRAMS = new Set(['SO_REUSEADDR', 'SO_RCVBUF', 'SO_SNDBUF']);
const HOP_LIMITS = new Set(['IP_TTL', 'IPV6_UNICAST_HOPS']);

export function setOption(socket: Socket, given: string, to: readonly OptionValue[]): Result {
  const name = ALIASES[given] ?? given;
  const done = set(socket, name, to);
  if (done === 0) {
    const kept = values.get(socket) ?? new Map<string, OptionValue>();
    values.set(socket, kept.set(name, to[0] ?? 0));
  }
  return done;
}

function set(socket: Socket, name: string, to: readonly OptionValue[]): Result {
  if (WITHOUT_EFFECT.has(name)) return 0;
  if (Object.hasOwn(AS_IT_IS, name) && AS_IT_IS[name]!.includes(Number(to[0]))) return 0;
  if (socket.type === 'datagram') {
    if (HOP_LIMITS.has(name)) socket.hopLimit = Number(to[0]);
    else if (!OF_DATAGRAMS.has(name)) throw new NotSupported(`setsockopt ${name} of a datagram socket`);
    return 0;
  }
  if (name === 'TCP_CONGESTION') return setCongestion(socket, String(to[0]));
  const setter = Object.hasOwn(SETTERS, name) ? SETTERS[name] : undefined;
  if (setter === undefined)
    throw new NotSupported(`setsockopt ${name}${to.length === 1 ? ` to ${to[0]}` : ''}`);
  return setter(socket, to.map(Number));
}

/** Modules of Linux and FreeBSD that are not here. */
const ALGORITHMS =
  /^(?:bbr\d?|bic|cdg|chd|dctcp|hd|highspeed|htcp|hybla|illinois|lp|nv|prague|scalable|vegas|veno|westwood|yeah)$/;

function setCongestion(socket: StreamSocket, name: string): Result {
  if (!Object.hasOwn(CONGESTION, name)) {
    if (ALGORITHMS.test(name)) throw new NotSupported(`congestion control '${name}'`);
    return { errno: 'ENOENT' };
  }
  socket.wish((connection) => connection.setCongestion(CONGESTION[name]!));
  return 0;
}

const TYPES = { stream: { SO_TYPE: 1, SO_PROTOCOL: 6 }, datagram: { SO_TYPE: 2, SO_PROTOCOL: 17 } } as const;

export function getOption(socket: Socket, name: string): OptionValue {
  if (name === 'SO_ERROR') return socket.takeError()?.code ?? 0;
  if (name === 'SO_TYPE' || name === 'SO_PROTOCOL') return TYPES[socket.type][name];
  const connection = socket.type === 'stream' ? socket.connection : undefined;
  if (name === 'TCP_MAXSEG' && connection !== undefined) return connection.info().mss;
  if (name === 'TCP_CONGESTION' && connection !== undefined) {
    const { congestion } = connection.info();
    return congestion === 'newreno' ? 'reno' : congestion;
  }
  const kept = values.get(socket)?.get(name);
  if (DOUBLED.has(name) && kept !== undefined) return 2 * Number(kept);
  if (kept !== undefined) return kept;
  if (Object.hasOwn(PRESET, name)) return PRESET[name]!;
  throw new NotSupported(`getsockopt ${name}`);
}
