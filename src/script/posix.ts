/**
 * The system calls of a script on a host of the lab: POSIX sockets as Linux scripts expect them. A call either has its
 * result at once or would block; whoever asked tries again when time has gone on.
 */
import { type Failure, isFailure } from '../../stacks/address/network.ts';
import type { TcpConnection, TcpHandler, TcpInfo } from '../../stacks/tcp/api.ts';
import type { ConnectionOptions } from '../../stacks/tcp/connection-options.ts';
import type { HostAddress, HostListener, HostUdpSocket, SocketHost } from '../sockets/host.ts';
import type { Names } from './expression.ts';
import { infoNames } from './info.ts';
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

const error = (errno: string, cause?: string): Result => (cause === undefined ? { errno } : { errno, cause });
const failed = ({ code, cause }: Failure): Result => ({ errno: code, cause });

/** Ports that stream sockets of a host are bound to. */
const bound = new WeakMap<SocketHost, Map<number, StreamSocket>>();

/** Stream sockets: not connected, listening, or one end of a connection. */
export class StreamSocket implements PosixSocket, TcpHandler {
  readonly type = 'stream';
  nonBlocking = false;
  /** SO_REUSEADDR: a port that is bound, but not listened on, may be shared. */
  reuseAddress = false;
  /** SO_LINGER with a time of zero: close sends a reset. */
  resetOnClose = false;
  /** For the SYN already. */
  #options: ConnectionOptions | undefined;
  /** Set before there is a connection, and told to it then. */
  readonly #wishes: ((connection: TcpConnection) => void)[] = [];
  readonly #host: SocketHost;
  #local: HostAddress | undefined;
  #port = 0;
  #listener: HostListener | undefined;
  #connection: TcpConnection | undefined;
  #connecting = false;
  /** Connected, and the caller of connect knows. */
  #isTold: boolean;
  #ended = false;
  #isClosed = false;
  #readShut = false;
  #writeShut = false;
  #error: Failure | undefined;
  #lastInfo: TcpInfo | undefined;

  constructor(host: SocketHost, taken?: TcpConnection) {
    this.#host = host;
    this.#connection = taken;
    this.#isTold = taken !== undefined;
  }

  get port(): number {
    return this.#connection?.localPort ?? this.#listener?.port ?? this.#port;
  }

  get connection(): TcpConnection | undefined {
    return this.#connection;
  }

  /** Of the connection; what it was last when it is gone. */
  get info(): Names {
    if (this.#connection !== undefined && !this.#isClosed) this.#lastInfo = this.#connection.info();
    return infoNames(this.#lastInfo);
  }

  queued(direction: 'in' | 'out'): number {
    return (direction === 'in' ? this.#connection?.available : this.#connection?.unacknowledged) ?? 0;
  }

  setOption(name: string, values: readonly OptionValue[]): Result {
    return setOption(this, name, values);
  }

  getOption(name: string): OptionValue {
    return getOption(this, name);
  }

  /** Now, or as soon as there is a connection; those accepted here inherit it. */
  wish(set: (connection: TcpConnection) => void): void {
    this.#wishes.push(set);
    if (this.#connection !== undefined) set(this.#connection);
  }

  configure(options: ConnectionOptions): void {
    this.#options = { ...this.#options, ...options };
    (this.#connection ?? this.#listener)?.configure(options);
  }

  bind(local: HostAddress | undefined, port: number): Result {
    if (this.#port !== 0 || this.#connection !== undefined) return error('EINVAL', 'bound already');
    const ports = bound.get(this.#host) ?? new Map<number, StreamSocket>();
    bound.set(this.#host, ports);
    const other = ports.get(port);
    const mayShare = other?.reuseAddress === true && this.reuseAddress && other.#listener === undefined;
    if (other !== undefined && !mayShare) return error('EADDRINUSE', `port ${port} is bound already`);
    if (port !== 0) ports.set(port, this);
    this.#local = local;
    this.#port = port;
    return 0;
  }

  listen(backlog: number): Result {
    if (this.#listener !== undefined) return 0;
    if (this.#connection !== undefined) return error('EINVAL', 'connected already');
    const listener = this.#host.listenTcp({
      ...(this.#local !== undefined && { local: this.#local }),
      port: this.#port,
      backlog: Math.max(backlog, 1),
      ...(this.#options !== undefined && { options: this.#options }),
      arrived: () => {},
      refused: () => {},
    });
    if (isFailure(listener)) return failed(listener);
    this.#listener = listener;
    return 0;
  }

  accept(): StreamSocket | Tried {
    if (this.#listener === undefined) return error('EINVAL', 'not listening');
    let socket: StreamSocket | undefined;
    this.#listener.take(({ connection }) => {
      socket = new StreamSocket(this.#host, connection);
      return socket;
    });
    if (socket === undefined) return WOULD_BLOCK;
    for (const set of this.#wishes) socket.wish(set);
    socket.resetOnClose = this.resetOnClose;
    return socket;
  }

  connect(remote: HostAddress, port: number): Tried {
    if (this.#listener !== undefined) return error('EISCONN', 'it listens');
    if (this.#connection === undefined) {
      const opened = this.#host.connectTcp(remote, port, {
        handler: this,
        ...(this.#options !== undefined && { options: this.#options }),
        ...(this.#local !== undefined && { local: this.#local }),
        ...(this.#port !== 0 && { localPort: this.#port }),
      });
      if (isFailure(opened)) return failed(opened);
      this.#connection = opened.connection;
      this.#connecting = true;
      for (const set of this.#wishes) set(opened.connection);
      if (this.nonBlocking) return error('EINPROGRESS');
      return WOULD_BLOCK;
    }
    if (this.#error !== undefined) return failed(this.takeError()!);
    if (!this.#connecting) {
      if (this.#isTold || this.nonBlocking) return error('EISCONN');
      this.#isTold = true;
      return 0;
    }
    return this.nonBlocking ? error('EALREADY') : WOULD_BLOCK;
  }

  read(max: number): Tried {
    if (this.#connection === undefined) return error('ENOTCONN');
    if (this.#connecting) return WOULD_BLOCK;
    if (!this.#readShut && this.#connection.available > 0) return this.#connection.read(max)?.length ?? 0;
    if (this.#error !== undefined) return failed(this.takeError()!);
    if (this.#ended || this.#readShut || this.#isClosed) return 0;
    return WOULD_BLOCK;
  }

  /** As much as the send buffer has room for; a blocking caller comes again with the rest. */
  write(length: number, flags: readonly string[]): Tried {
    if (this.#error !== undefined) return failed(this.takeError()!);
    if (this.#connection === undefined || this.#isClosed || this.#writeShut) return error('EPIPE');
    if (this.#connecting) return WOULD_BLOCK;
    const room = Math.min(length, this.#connection.sendSpace);
    if (room <= 0 && length > 0) return WOULD_BLOCK;
    const bytes = new Uint8Array(room);
    const failure = flags.includes('MSG_OOB')
      ? this.#connection.sendUrgent(bytes)
      : flags.includes('MSG_MORE')
        ? this.#connection.sendMore(bytes)
        : this.#connection.send(bytes);
    return failure === undefined ? room : failed(failure);
  }

  sendTo(length: number): Tried {
    return this.write(length, []);
  }

  shutdown(how: string): Result {
    if (this.#connection === undefined || this.#isClosed) return error('ENOTCONN');
    if (how !== 'SHUT_WR') this.#readShut = true;
    if (how !== 'SHUT_RD' && !this.#writeShut) {
      this.#writeShut = true;
      this.#connection.shutdown();
    }
    return 0;
  }

  close(): Result {
    const ports = bound.get(this.#host);
    if (ports?.get(this.#port) === this) ports.delete(this.#port);
    this.#listener?.close();
    const connection = this.#connection;
    if (connection !== undefined && !this.#isClosed) {
      if (this.resetOnClose || this.#connecting) connection.abort();
      else connection.close();
    }
    return 0;
  }

  abort(): void {
    this.resetOnClose = true;
    this.close();
  }

  /** SO_ERROR: read once. */
  takeError(): Failure | undefined {
    const failure = this.#error;
    this.#error = undefined;
    return failure;
  }

  get ready(): Readiness {
    const connection = this.#connection;
    const isOpen = connection !== undefined && !this.#connecting && !this.#isClosed;
    const isOver = this.#isClosed || this.#error !== undefined;
    return {
      readable:
        (this.#listener?.waiting ?? 0) > 0 || (connection?.available ?? 0) > 0 || this.#ended || isOver,
      writable: (isOpen && connection.sendSpace > 0) || isOver,
      hungUp: isOver || (this.#ended && this.#writeShut),
      error: this.#error !== undefined,
      peerClosed: this.#ended || isOver,
    };
  }

  connected(): void {
    this.#connecting = false;
  }
  readable(): void {}
  writable(): void {}
  ended(): void {
    this.#ended = true;
  }
  closed(failure: Failure | undefined): void {
    this.#lastInfo = this.#connection?.info();
    this.#connecting = false;
    this.#isClosed = true;
    this.#error = failure;
  }
}

/** Datagram sockets; unbound ones bind to an ephemeral port when they first send. */
export class DatagramSocket implements PosixSocket {
  readonly type = 'datagram';
  nonBlocking = false;
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
        message: (data) => this.#messages.push(data.length),
        error: (failure) => {
          this.#error = failure;
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

  read(max: number): Tried {
    if (this.#error !== undefined) return failed(this.takeError()!);
    const length = this.#messages.shift();
    return length === undefined ? WOULD_BLOCK : Math.min(length, max);
  }

  write(length: number): Tried {
    return this.#peer === undefined
      ? error('EDESTADDRREQ')
      : this.sendTo(length, this.#peer.address, this.#peer.port);
  }

  sendTo(length: number, remote: HostAddress, port: number): Result {
    if (this.#error !== undefined) return failed(this.takeError()!);
    if (this.#socket === undefined) {
      const bound = this.bind(undefined, 0);
      if (isErrno(bound)) return bound;
    }
    const failure = this.#socket!.send(new Uint8Array(length), remote, port);
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

  queued(direction: 'in' | 'out'): number {
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
