import { type Failure, isFailure } from '../../stacks/address/network.ts';
import type { HostAddress, HostUdpSocket, SocketHost } from '../sockets/host.ts';
import type { Names } from './expression.ts';
import { error, failed } from './posix.ts';
import { getOption, setOption } from './socket-options.ts';
import {
  isErrno,
  type OptionValue,
  type PosixSocket,
  type Readiness,
  type Result,
  type Tried,
  WOULD_BLOCK,
} from './world.ts';

/** The length field of UDP has 16 bits. */
const LONGEST = 0xffff - 8;

/** Datagram sockets; unbound ones bind to an ephemeral port when they first send. */
export class DatagramSocket implements PosixSocket {
  readonly type = 'datagram';
  nonBlocking = false;
  /** Goes up whenever something has happened. */
  news = 0;
  hopLimit: number | undefined;
  readonly linger = [0, 0] as const;
  readonly #host: SocketHost;
  readonly #any: HostAddress;
  readonly #messages: number[] = [];
  #socket: HostUdpSocket | undefined;
  #peer: { readonly address: HostAddress; readonly port: number } | undefined;
  #error: Failure | undefined;

  /** `any`: the unspecified address of the family that the socket was made for. */
  constructor(host: SocketHost, any: HostAddress) {
    this.#host = host;
    this.#any = any;
  }

  get port(): number {
    return this.#socket?.localPort ?? 0;
  }

  bind(local: HostAddress | undefined, port: number): Result {
    if (this.#socket !== undefined) return error('EINVAL', 'bound already');
    const socket = this.#host.bindUdp(local ?? this.#any, port, {
      handler: {
        message: (data) => {
          this.#messages.push(data.length);
          this.news++;
        },
        error: (failure) => {
          this.#error = failure;
          this.news++;
        },
        closed: () => {},
      },
    });
    if (isFailure(socket)) return failed(socket);
    this.#socket = socket;
    return 0;
  }

  connect(address: HostAddress, port: number): Result {
    this.#peer = { address, port };
    return this.#socket === undefined ? this.bind(undefined, 0) : 0;
  }

  read(max: number, flags: readonly string[]): Tried {
    if (this.#error !== undefined) return failed(this.takeError()!);
    const length = flags.includes('MSG_PEEK') ? this.#messages[0] : this.#messages.shift();
    return length === undefined ? WOULD_BLOCK : Math.min(length, max);
  }

  write(length: number): Tried {
    return this.#peer === undefined
      ? error('EDESTADDRREQ')
      : this.sendTo(length, this.#peer.address, this.#peer.port);
  }

  sendTo(length: number, remote: HostAddress, port: number): Result {
    if (length > LONGEST) return error('EMSGSIZE');
    if (this.#error !== undefined) return failed(this.takeError()!);
    if (this.#socket === undefined) {
      const bound = this.bind(undefined, 0);
      if (isErrno(bound)) return bound;
    }
    const failure = this.#socket!.send(
      new Uint8Array(length),
      remote,
      port,
      this.hopLimit === undefined ? undefined : { hopLimit: this.hopLimit },
    );
    return failure === undefined ? length : failed(failure);
  }

  listen(): Result {
    return error('EOPNOTSUPP');
  }

  accept(): Result {
    return error('EOPNOTSUPP');
  }

  shutdown(): Result {
    return this.#peer === undefined ? error('ENOTCONN') : 0;
  }

  setOption(name: string, values: readonly OptionValue[]): Result {
    return setOption(this, name, values);
  }

  getOption(name: string): OptionValue {
    return getOption(this, name);
  }

  queued(direction: 'in' | 'out' | 'unsent'): number {
    return direction === 'in' ? (this.#messages[0] ?? 0) : 0;
  }

  get info(): Names {
    return () => undefined;
  }

  close(): Result {
    this.#socket?.close();
    return 0;
  }

  abort(): void {
    this.close();
  }

  takeError(): Failure | undefined {
    const failure = this.#error;
    this.#error = undefined;
    return failure;
  }

  get ready(): Readiness {
    const hasError = this.#error !== undefined;
    return {
      readable: this.#messages.length > 0 || hasError,
      writable: true,
      hungUp: false,
      error: hasError,
      peerClosed: false,
    };
  }
}
