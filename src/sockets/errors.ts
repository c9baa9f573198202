/** Failures of the stacks as the errors that Node's modules would throw: `code`, `errno`, `syscall`, `address`, `port`. */
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import type { HostFailure, ResolveFailure } from './host.ts';

export interface NetworkErrorFields {
  readonly syscall: string;
  readonly address?: string;
  readonly port?: number;
  /** `address:port` of our side, which Node prints behind a failed connect. */
  readonly local?: string;
}

/** UV_EAI_NONAME, which Node gives as the `errno` of ENOTFOUND. */
const EAI_NONAME = -3008;

const SYSTEM_ERRORS = getSystemErrorMap();

/** `connect ECONNREFUSED 192.0.2.1:80`, with the packet or the rule behind it as `cause`. */
export function networkError(failure: HostFailure, fields: NetworkErrorFields): NodeJS.ErrnoException {
  return systemError(failure, fields, '');
}

/** `listen EADDRINUSE: address already in use :::80`: Node words this one with the system's text. */
export function listenError(failure: HostFailure, fields: NetworkErrorFields): NodeJS.ErrnoException {
  const text = SYSTEM_ERRORS.get(errnoOf(failure.code))?.[1];
  return systemError(failure, fields, text === undefined ? '' : `: ${text}`);
}

/** `getaddrinfo ENOTFOUND name`. */
export function resolveError(failure: ResolveFailure, hostname: string): NodeJS.ErrnoException {
  const error = new Error(`getaddrinfo ${failure.code} ${hostname}`, { cause: new Error(failure.cause) });
  return Object.assign(error, {
    errno: EAI_NONAME,
    code: failure.code,
    syscall: 'getaddrinfo',
    hostname,
  });
}

/** One of Node's own `ERR_...` errors. */
export function nodeError(code: string, message: string, kind: typeof Error = Error): NodeJS.ErrnoException {
  return Object.assign(new kind(message), { code });
}

/** @throws RangeError ERR_SOCKET_BAD_PORT unless `port` is 0..65535. */
export function checkPort(port: unknown, name = 'options.port'): number {
  const number = typeof port === 'string' && port.trim() !== '' ? Number(port) : port;
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= 65535) return number;
  const message = `${name} should be >= 0 and < 65536. Received ${String(port)}.`;
  throw nodeError('ERR_SOCKET_BAD_PORT', message, RangeError);
}

function systemError(
  { code, cause, refusedBy }: HostFailure,
  { syscall, address, port, local }: NetworkErrorFields,
  text: string,
): NodeJS.ErrnoException {
  const where = address === undefined ? '' : port ? ` ${address}:${port}` : ` ${address}`;
  let behind = local === undefined ? '' : ` - Local (${local})`;
  if (refusedBy !== undefined) behind += ` - ${refusedBy}`;
  // The one code where a program can do something about it: the message itself has to name the way out.
  if (code === 'EAFNOSUPPORT') behind += ` - ${cause}`;
  const error = new Error(`${syscall} ${code}${text}${where}${behind}`, { cause: new Error(cause) });
  return Object.assign(error, {
    errno: errnoOf(code),
    code,
    syscall,
    ...(address !== undefined && { address }),
    ...(port && { port }),
  });
}

/** libuv's number: the system's, negative. */
function errnoOf(code: string): number {
  return -(constants.errno[code as keyof typeof constants.errno] ?? 0);
}
