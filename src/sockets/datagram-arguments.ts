/** The forms in which `bind` and `send` of a datagram socket may be called, and what else it is told. */
import type { Failure } from '../../stacks/address/network.ts';
import { checkPort, networkError, nodeError } from './errors.ts';

export type Data = string | NodeJS.ArrayBufferView;
export type SendCallback = (error: Error | null, bytes: number) => void;

export interface BindOptions {
  readonly port?: number | undefined;
  readonly address?: string | undefined;
}

export interface Sending {
  readonly data: Uint8Array;
  /** Undefined: the connected peer. */
  readonly port: number | undefined;
  readonly address: string | undefined;
  readonly callback: SendCallback | undefined;
}

/** `(port?, address?, callback?)`, `(options, callback?)`, `(callback)`. @throws ERR_SOCKET_BAD_PORT */
export function readBindArguments(args: readonly unknown[]): {
  port: number;
  address: string | undefined;
  listening: (() => void) | undefined;
} {
  const last = args[args.length - 1];
  const listening = typeof last === 'function' ? (last as () => void) : undefined;
  const [first, second] = listening === undefined ? args : args.slice(0, -1);
  const { port, address } = (
    typeof first === 'object' && first !== null ? first : { port: first, address: second }
  ) as BindOptions;
  return { port: checkPort(port ?? 0, 'Port'), address: address || undefined, listening };
}

/**
 * `(data[, offset, length][, port[, address]][, callback])`: without a port for a connected socket only.
 * @throws ERR_SOCKET_DGRAM_IS_CONNECTED, ERR_SOCKET_BAD_PORT, ERR_INVALID_ARG_TYPE, ERR_BUFFER_OUT_OF_BOUNDS
 */
export function readSendArguments(args: readonly unknown[], connected: boolean): Sending {
  const last = args[args.length - 1];
  const callback = typeof last === 'function' ? (last as SendCallback) : undefined;
  const plain = callback === undefined ? [...args] : args.slice(0, -1);
  while (plain.length > 1 && plain[plain.length - 1] === undefined) plain.pop();
  let [data, ...rest] = plain as [Data | readonly Data[], ...unknown[]];
  // Two numbers are an offset and a length; behind a port stands an address.
  if (typeof rest[1] === 'number') {
    if (Array.isArray(data)) throw wrongType('A list of buffers has no offset and length');
    data = slice(bytesOf(data as Data), rest[0] as number, rest[1] as number);
    rest = rest.slice(2);
  }
  if (connected && rest.length > 0) {
    throw nodeError('ERR_SOCKET_DGRAM_IS_CONNECTED', 'Already connected');
  }
  const bytes = Array.isArray(data) ? Buffer.concat(data.map(bytesOf)) : bytesOf(data as Data);
  if (connected) return { data: bytes, port: undefined, address: undefined, callback };
  const port = checkPort(rest[0], 'Port');
  if (port === 0)
    throw nodeError('ERR_SOCKET_BAD_PORT', 'Port should be > 0 and < 65536. Received 0.', RangeError);
  const address = rest[1];
  if (address !== undefined && address !== null && typeof address !== 'string') {
    throw wrongType('The "address" argument must be of type string');
  }
  return { data: bytes, port, address: address || undefined, callback };
}

/** TTL or hop limit. @throws EINVAL */
export function checkHops(hops: number, least: number): number {
  if (Number.isInteger(hops) && hops >= least && hops <= 255) return hops;
  const failure: Failure = { code: 'EINVAL', cause: `${hops} is not a number of hops from ${least} to 255` };
  throw networkError(failure, { syscall: 'setTTL' });
}

function bytesOf(data: Data): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw wrongType('The "buffer" argument must be a string, a Buffer, TypedArray, DataView or a list of them');
}

function slice(data: Uint8Array, offset: number, length: number): Uint8Array {
  if (!(offset >= 0 && length >= 0 && offset + length <= data.length)) {
    throw nodeError(
      'ERR_BUFFER_OUT_OF_BOUNDS',
      '"offset" or "length" is outside of buffer bounds',
      RangeError,
    );
  }
  return data.subarray(offset, offset + length);
}

function wrongType(message: string): Error {
  return nodeError('ERR_INVALID_ARG_TYPE', message, TypeError);
}
