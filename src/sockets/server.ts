/** `net.Server` on a stack or a couple. */
import { addAbortListener, EventEmitter } from 'node:events';
import { isFailure } from '../../stacks/address/network.ts';
import { UNHEARD } from './attempts.ts';
import type { SocketOptions } from './connect-arguments.ts';
import { listenError, networkError, nodeError, resolveError } from './errors.ts';
import type { HostAddress, HostConnection, HostListener, SocketHost } from './host.ts';
import { type ListenOptions, readListenArguments } from './listen-arguments.ts';
import { ADOPT, type TcpSocket } from './socket.ts';
import type { SocketAddress } from './socket-facts.ts';

export interface ServerOptions extends Omit<SocketOptions, 'signal'> {
  /** Sockets are handed over paused. */
  readonly pauseOnConnect?: boolean | undefined;
}

/** What a server of node:http, node:http2 or node:tls needs of us to be fed with connections. */
interface Application extends EventEmitter {
  readonly allowHalfOpen?: boolean;
  readonly listening?: boolean;
  close?(): unknown;
}

export interface DropData {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly remoteFamily: string;
  readonly localAddress: string;
  readonly localPort: number;
  readonly localFamily: string;
}

/**
 * Events: those of net.Server, and 'degraded' with an error when a stack that came (back) later refuses the port, while
 * the others go on listening.
 */
export class TcpServer extends EventEmitter implements AsyncIterable<TcpSocket> {
  /** More connections than this at once are closed and announced by 'drop'. */
  maxConnections: number | undefined;
  readonly #host: SocketHost;
  readonly #makeSocket: (options: SocketOptions) => TcpSocket;
  readonly #options: ServerOptions;
  readonly #application: Application | undefined;
  /** One for all of its sockets. */
  readonly #left = (): void => {
    this.#connections--;
    this.#closeIfDrained();
  };
  #listener: HostListener | undefined;
  #connections = 0;
  #scheduled = false;
  #iterators = 0;
  #waiters: ((socket: TcpSocket | undefined) => void)[] = [];

  /**
   * `serve` is a 'connection' listener, or a server of node:http, node:http2 or node:tls: then every connection goes
   * to it, as if it had accepted it itself.
   */
  constructor(
    host: SocketHost,
    makeSocket: (options: SocketOptions) => TcpSocket,
    options: ServerOptions,
    serve: ((socket: TcpSocket) => void) | EventEmitter | undefined,
  ) {
    super();
    this.#host = host;
    this.#makeSocket = makeSocket;
    if (typeof serve === 'function') this.on('connection', serve);
    else this.#application = serve;
    this.#options = { allowHalfOpen: this.#application?.allowHalfOpen, ...options };
  }

  /**
   * Without a host (or with an unspecified address) it listens on every address of every stack behind the host.
   * 'listening' or 'error' follows.
   */
  listen(options: ListenOptions, listening?: () => void): this;
  listen(port?: number, host?: string, backlog?: number, listening?: () => void): this;
  listen(port?: number, host?: string, listening?: () => void): this;
  listen(port?: number, backlog?: number, listening?: () => void): this;
  listen(port?: number, listening?: () => void): this;
  listen(...args: unknown[]): this {
    const { options, port, listening } = readListenArguments(args);
    if (this.#listener !== undefined) {
      throw nodeError(
        'ERR_SERVER_ALREADY_LISTEN',
        'Listen method has been called more than once without closing.',
      );
    }
    this.#enter();
    if (listening !== undefined) this.once('listening', listening);
    const { signal } = options;
    if (signal?.aborted) {
      process.nextTick(() => this.close());
      return this;
    }
    if (signal !== undefined) {
      const aborted = addAbortListener(signal, () => this.close());
      this.once('close', () => aborted[Symbol.dispose]());
    }
    if (options.host === undefined || options.host === '') this.#listen(undefined, port, options);
    else {
      const name = options.host;
      this.#host.resolve(name, (found) => {
        if ('code' in found) this.#later('error', resolveError(found, name));
        else this.#listen(found[0], port, options);
      });
    }
    return this;
  }

  #listen(local: HostAddress | undefined, port: number, options: ListenOptions): void {
    const opened = this.#host.listenTcp({
      port,
      ...(local !== undefined && { local }),
      ...(options.backlog !== undefined && { backlog: options.backlog }),
      ...(options.ipv6Only !== undefined && { ipv6Only: options.ipv6Only }),
      arrived: () => this.#schedule(),
      refused: (failure) => this.#later('degraded', networkError(failure, { syscall: 'listen' })),
    });
    if (isFailure(opened)) {
      const asked = local ?? { family: this.#host.families[0]!, address: this.#host.families[0]!.any };
      const address = this.#host.format(asked);
      this.#later('error', listenError(opened, { syscall: 'listen', address, port }));
      return;
    }
    this.#listener = opened;
    this.#host.servers.add(this);
    this.#later('listening');
  }

  get listening(): boolean {
    return this.#listener !== undefined;
  }

  /** Null while not listening; `::` when a couple listens on both stacks. */
  address(): SocketAddress | null {
    if (this.#listener === undefined) return null;
    const { local, port } = this.#listener;
    return { address: this.#host.format(local), family: local.family.name, port };
  }

  getConnections(callback: (error: Error | null, count: number) => void): this {
    process.nextTick(callback, null, this.#connections);
    return this;
  }

  /** Stops listening; 'close' follows when the last connection is closed. */
  close(closed?: (error?: Error) => void): this {
    this.#enter();
    if (closed !== undefined) {
      if (this.#listener !== undefined) this.once('close', closed);
      else this.once('close', () => closed(nodeError('ERR_SERVER_NOT_RUNNING', 'Server is not running.')));
    }
    this.#listener?.close();
    this.#listener = undefined;
    this.#host.servers.delete(this);
    // An http.Server lets go of its idle keep-alive connections here; one that listens elsewhere, too, goes on.
    if (this.#application?.listening !== true) this.#application?.close?.();
    for (const waiter of this.#waiters.splice(0)) waiter(undefined);
    this.#closeIfDrained();
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.listening) return;
    await new Promise<void>((resolve) => this.close(() => resolve()));
  }

  /** Connections as they are taken; those not yet taken fill the backlog. Ends when the server closes. */
  [Symbol.asyncIterator](): AsyncIterator<TcpSocket, undefined> {
    let open = true;
    this.#iterators++;
    const finish = (): IteratorReturnResult<undefined> => {
      if (open) this.#iterators--;
      open = false;
      this.#deliver();
      return { done: true, value: undefined };
    };
    return {
      next: async () => {
        this.#enter();
        if (!open) return finish();
        const socket = this.#take() ?? (this.listening ? await this.#waitForOne() : undefined);
        return socket === undefined ? finish() : { done: false, value: socket };
      },
      return: async () => finish(),
    };
  }

  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }

  #waitForOne(): Promise<TcpSocket | undefined> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  #schedule(): void {
    this.#host.activity();
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(() => this.#deliver());
  }

  /** One connection; the next in a tick of its own, so that a listener that throws costs no other connection. */
  #deliver(): void {
    this.#scheduled = false;
    if (this.#iterators > 0 && this.#waiters.length === 0) return;
    const socket = this.#take();
    if (socket === undefined) return;
    this.#schedule();
    if (this.#iterators > 0) this.#waiters.shift()!(socket);
    else (this.#application ?? this).emit('connection', socket);
  }

  #take(): TcpSocket | undefined {
    while (this.#listener !== undefined && this.#listener.waiting > 0) {
      if (this.maxConnections !== undefined && this.#connections >= this.maxConnections) {
        const dropped = this.#listener.take(() => UNHEARD)!;
        this.emit('drop', describe(dropped));
        dropped.connection.close();
        continue;
      }
      const socket = this.#makeSocket(this.#options);
      this.#listener.take((connection) => socket[ADOPT](connection, this.#left));
      this.#connections++;
      socket.server = this.#application ?? this;
      if (this.#options.pauseOnConnect === true) socket.pause();
      else socket.read(0);
      return socket;
    }
    return undefined;
  }

  #closeIfDrained(): void {
    if (this.#listener === undefined && this.#connections === 0) this.#later('close');
  }

  /** Events come after the call that caused them, as everywhere in Node. */
  #later(event: string, ...args: unknown[]): void {
    this.#host.activity();
    process.nextTick(() => {
      if (event === 'listening') {
        if (!this.listening) return;
        this.#application?.emit(event);
      }
      this.emit(event, ...args);
    });
  }

  #enter(): void {
    this.#host.clock.refresh();
    this.#host.activity();
  }
}

function describe({ connection, network }: HostConnection): DropData {
  return {
    remoteAddress: network.describe(connection.remoteAddress),
    remotePort: connection.remotePort,
    remoteFamily: network.family.name,
    localAddress: network.describe(connection.localAddress),
    localPort: connection.localPort,
    localFamily: network.family.name,
  };
}
