/** setsockopt and getsockopt of a script, as far as the stack has what they set; socket(7), tcp(7), ip(7). */
import type { TcpConnection } from '../../stacks/tcp/api.ts';
import { NotSupported, type PosixSocket, type Result, StreamSocket } from './posix.ts';
import type { Call, Value } from './syntax.ts';

export type OptionValue = number | string;

/** The integer in `[1]`, or 1 of `[1, 4]`-like structures by position. */
function numbers(value: Value | undefined): number[] {
  if (value?.kind === 'number') return [value.value];
  const items =
    value?.kind === 'list' ? value.items : value?.kind === 'struct' ? [...value.fields.values()] : [];
  return items.flatMap(numbers);
}

const SECOND = 1_000_000;

interface KeepAlive {
  on: boolean;
  idle: number;
  interval: number;
  probes: number;
}

const keepAlives = new WeakMap<StreamSocket, KeepAlive>();
const values = new WeakMap<PosixSocket, Map<string, number>>();

/** Options that are kept, and change nothing that a packet shows. */
const WITHOUT_EFFECT = new Set(['SO_REUSEADDR', 'SO_REUSEPORT', 'IPV6_V6ONLY', 'SO_PRIORITY', 'SO_ZEROCOPY']);

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
  SO_LINGER: (socket, [on, time]) => {
    socket.resetOnClose = on !== 0 && time === 0;
  },
};

function optionName(call: Call): string {
  const value = call.arguments[2];
  if (value?.kind !== 'names') throw new NotSupported(`${call.name} of an option without a name`);
  return value.names[0]!;
}

export function setOption(socket: PosixSocket, call: Call): Result {
  const name = optionName(call);
  const given = numbers(call.arguments[3]);
  const kept = values.get(socket) ?? new Map<string, number>();
  values.set(socket, kept.set(name, given[0] ?? 0));
  if (WITHOUT_EFFECT.has(name)) return 0;
  const setter = Object.hasOwn(SETTERS, name) ? SETTERS[name] : undefined;
  if (setter === undefined || !(socket instanceof StreamSocket)) throw new NotSupported(`setsockopt ${name}`);
  setter(socket, given);
  return 0;
}

export function getOption(socket: PosixSocket, call: Call): OptionValue {
  const name = optionName(call);
  if (name === 'SO_ERROR') return socket.takeError()?.code ?? 0;
  const kept = values.get(socket)?.get(name);
  if (kept !== undefined) return kept;
  const connection = socket instanceof StreamSocket ? socket.connection : undefined;
  if (name === 'TCP_MAXSEG' && connection !== undefined) return connection.info().mss;
  if (name === 'TCP_NODELAY' || name === 'SO_KEEPALIVE') return 0;
  throw new NotSupported(`getsockopt ${name}`);
}
