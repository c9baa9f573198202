/** The forms in which `server.listen` may be called. */
import { checkPort, nodeError } from './errors.ts';

export interface ListenOptions {
  /** 0 or undefined: an ephemeral port. */
  readonly port?: number | string | undefined;
  readonly host?: string | undefined;
  readonly backlog?: number | undefined;
  /** Keeps `::` to IPv6 on a couple. */
  readonly ipv6Only?: boolean | undefined;
  /** Closes the server. */
  readonly signal?: AbortSignal | undefined;
}

export interface ListenTarget {
  readonly options: ListenOptions;
  readonly port: number;
  readonly listening: (() => void) | undefined;
}

/** `(options, callback?)` and `(port?, host?, backlog?, callback?)`. @throws ERR_SOCKET_BAD_PORT, ERR_INVALID_ARG_VALUE */
export function readListenArguments(args: readonly unknown[]): ListenTarget {
  const last = args[args.length - 1];
  const listening = typeof last === 'function' ? (last as () => void) : undefined;
  const plain = listening === undefined ? args : args.slice(0, -1);
  const options = isObject(plain[0]) ? (plain[0] as ListenOptions) : fromList(plain);
  if ('path' in options || 'fd' in options) {
    throw nodeError(
      'ERR_INVALID_ARG_VALUE',
      'A stack has no paths or file descriptors to listen on',
      TypeError,
    );
  }
  return { options, port: checkPort(options.port ?? 0), listening };
}

function fromList([port, ...rest]: readonly unknown[]): ListenOptions {
  const host = rest.find((argument) => typeof argument === 'string');
  const backlog = rest.find((argument) => typeof argument === 'number');
  return {
    ...(port !== undefined && port !== null && { port: port as number }),
    ...(host !== undefined && { host }),
    ...(backlog !== undefined && { backlog }),
  };
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
