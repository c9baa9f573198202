/** The many forms in which `net.connect` may be called. */
import { checkPort, nodeError } from './errors.ts';

export interface SocketOptions {
  readonly allowHalfOpen?: boolean | undefined;
  readonly signal?: AbortSignal | null | undefined;
  readonly highWaterMark?: number | undefined;
  readonly noDelay?: boolean | undefined;
  readonly keepAlive?: boolean | undefined;
  /** ms */
  readonly keepAliveInitialDelay?: number | undefined;
  /** No 'data' events: what comes is copied once, to memory of the application's own. */
  readonly onread?: OnRead | undefined;
}

/** As in `net.connect`, and for a server's sockets too. */
export interface OnRead {
  /** Memory to fill, or what gives some for each filling; it is the application's again when `callback` is called. */
  readonly buffer: Uint8Array | (() => Uint8Array);
  /** The first `bytes` of `buffer` have come. False pauses the socket. */
  callback(bytes: number, buffer: Uint8Array): boolean | undefined;
}

type LookupAnswer = string | readonly { readonly address: string }[] | undefined;

/** In the form of `dns.lookup`. */
export type LookupFunction = (
  hostname: string,
  options: { family: number; all: true },
  callback: (error: Error | null, answer: LookupAnswer, family?: number) => void,
) => void;

export interface TcpConnectOptions extends SocketOptions {
  readonly port: number | string;
  /** An address, an address with a zone, or a name; `localhost` when undefined. */
  readonly host?: string | null | undefined;
  readonly family?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  /** ms of the lab's time without traffic until 'timeout'. */
  readonly timeout?: number | undefined;
  readonly lookup?: LookupFunction | undefined;
  /** ms before the next of several addresses is tried. */
  readonly autoSelectFamilyAttemptTimeout?: number | undefined;
}

export interface ConnectTarget {
  readonly options: TcpConnectOptions;
  readonly host: string;
  readonly port: number;
  readonly connected: (() => void) | undefined;
}

/** `(port, host?, callback?)` and `(options, callback?)`. @throws ERR_MISSING_ARGS, ERR_SOCKET_BAD_PORT */
export function readConnectArguments(args: readonly unknown[]): ConnectTarget {
  const last = args[args.length - 1];
  const connected = typeof last === 'function' ? (last as () => void) : undefined;
  const [first, second] = args;
  const options = (
    typeof first === 'object' && first !== null
      ? first
      : { port: first, ...(typeof second === 'string' && { host: second }) }
  ) as TcpConnectOptions;
  // http.Agent hands a request's path in the same object, so a path counts only where a port is missing.
  if (options.port === undefined || typeof options.port === 'function') {
    throw nodeError('ERR_MISSING_ARGS', 'The "options.port" argument must be specified', TypeError);
  }
  return { options, host: options.host || 'localhost', port: checkPort(options.port), connected };
}
