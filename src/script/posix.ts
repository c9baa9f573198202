/**
 * The system calls of a script on a host of the lab: POSIX sockets as Linux scripts expect them. A call either has its
 * result at once or would block; whoever asked tries again when time has gone on.
 */
import { type Failure, isFailure } from '../../stacks/address/network.ts';
import type { TcpConnection, TcpHandler, TcpInfo } from '../../stacks/tcp/api.ts';
import type { ConnectionOptions } from '../../stacks/tcp/connection-options.ts';
import type { HostAddress, HostListener, SocketHost } from '../sockets/host.ts';
import type { Names } from './expression.ts';
import { infoNames } from './info.ts';
import { getOption, setOption } from './socket-options.ts';
import {
  type OptionValue,
  type PosixSocket,
  type Readiness,
  type Result,
  type Tried,
  WOULD_BLOCK,
} from './world.ts';

export const error = (errno: string, cause?: string): Result =>
  cause === undefined ? { errno } : { errno, cause };
export const failed = ({ code, cause }: Failure): Result => ({ errno: code, cause });

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
  /** SO_RCVLOWAT */
  lowWater = 1;
  /** Goes up whenever something has happened. */
  news = 0;
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

  queued(direction: 'in' | 'out' | 'unsent'): number {
    const connection = this.#connection;
    if (connection === undefined) return 0;
    if (direction === 'in') return connection.available;
    if (direction === 'out') return connection.unacknowledged;
    const { sndNxt, sndUna } = connection.info();
    return Math.max(connection.unacknowledged - ((sndNxt - sndUna) | 0), 0);
  }

  get linger(): readonly [onoff: number, seconds: number] {
    return [this.resetOnClose ? 1 : 0, 0];
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
      arrived: () => {
        this.news++;
      },
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
        ...(this.#local?.address.isUnspecified === false && { local: this.#local }),
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

  read(max: number, flags: readonly string[]): Tried {
    const connection = this.#connection;
    if (connection === undefined) return error('ENOTCONN');
    if (this.#connecting) return WOULD_BLOCK;
    const there = this.#readShut ? 0 : Math.min(connection.available, max);
    const enough = flags.includes('MSG_WAITALL') ? max : Math.min(this.lowWater, max);
    if (there > 0 && there < enough && !this.#isOver) return WOULD_BLOCK;
    if (there > 0) return flags.includes('MSG_PEEK') ? there : this.#readAll(connection, there);
    if (max === 0) return 0;
    if (this.#error !== undefined) return failed(this.takeError()!);
    if (this.#ended || this.#readShut || this.#isClosed) return 0;
    return WOULD_BLOCK;
  }

  /** The connection hands out what it has in pieces. */
  #readAll(connection: TcpConnection, length: number): number {
    let done = 0;
    while (done < length) {
      const piece = connection.read(length - done)?.length ?? 0;
      if (piece === 0) break;
      done += piece;
    }
    return done;
  }

  get #isOver(): boolean {
    return this.#ended || this.#readShut || this.#isClosed || this.#error !== undefined;
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
        (this.#listener?.waiting ?? 0) > 0 ||
        (connection?.available ?? 0) >= this.lowWater ||
        this.#ended ||
        this.#readShut ||
        isOver,
      writable: (isOpen && connection.sendSpace > 0) || isOver,
      hungUp: isOver || (this.#ended && this.#writeShut),
      error: this.#error !== undefined,
      peerClosed: this.#ended || this.#readShut || isOver,
    };
  }

  connected(): void {
    this.#connecting = false;
    this.news++;
  }
  readable(): void {
    this.news++;
  }
  writable(): void {
    this.news++;
  }
  ended(): void {
    this.#ended = true;
    this.news++;
  }
  closed(failure: Failure | undefined): void {
    this.news++;
    this.#lastInfo = this.#connection?.info();
    this.#connecting = false;
    this.#isClosed = true;
    this.#error = failure;
  }
}
