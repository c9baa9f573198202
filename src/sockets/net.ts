/**
 * A module shaped like node:net on a stack or a couple.
 *
 * `http.Server#listen` cannot be redirected, so a server of node:http, node:http2 or node:tls is handed over instead:
 * `net.createServer(http.createServer(app)).listen(80)`. It is the short form of
 * `net.createServer({ allowHalfOpen: true }, (socket) => httpServer.emit('connection', socket))`.
 * Clients take a connection: `http.request({ host, createConnection: net.createConnection })`, or an `http.Agent`
 * whose `createConnection` is that of this module; `tls.connect({ socket: net.connect(...) })`.
 */
import type { EventEmitter } from 'node:events';
import { isIP, isIPv4, isIPv6 } from 'node:net';
import type { OnRead, SocketOptions, TcpConnectOptions } from './connect-arguments.ts';
import { readConnectArguments } from './connect-arguments.ts';
import type { SocketHost } from './host.ts';
import { type ServerOptions, TcpServer } from './server.ts';
import { TcpSocket } from './socket.ts';

export type { ListenOptions } from './listen-arguments.ts';
export type { SocketAddress } from './socket-facts.ts';
export type {
  OnRead,
  ServerOptions,
  SocketOptions,
  TcpConnectOptions,
  TcpServer as Server,
  TcpSocket as Socket,
};

type Serve = ((socket: TcpSocket) => void) | EventEmitter;

export interface Net {
  readonly Socket: new (options?: SocketOptions) => TcpSocket;
  readonly Server: new (options?: ServerOptions | Serve, serve?: Serve) => TcpServer;
  /** See `TcpServer`: `serve` may be a server of node:http, node:http2 or node:tls. */
  createServer(options: ServerOptions, serve?: Serve): TcpServer;
  createServer(serve?: Serve): TcpServer;
  createConnection: Connect;
  connect: Connect;
  isIP(input: string): number;
  isIPv4(input: string): boolean;
  isIPv6(input: string): boolean;
}

export interface Connect {
  (options: TcpConnectOptions, connected?: () => void): TcpSocket;
  (port: number, host: string, connected?: () => void): TcpSocket;
  (port: number, connected?: () => void): TcpSocket;
}

export function createNet(host: SocketHost): Net {
  class Socket extends TcpSocket {
    constructor(options?: SocketOptions) {
      super(host, options);
    }
  }

  class Server extends TcpServer {
    constructor(first?: ServerOptions | Serve, second?: Serve) {
      const options = isServe(first) ? {} : (first ?? {});
      super(host, (socketOptions) => new Socket(socketOptions), options, isServe(first) ? first : second);
    }
  }

  const connect = (...args: unknown[]): TcpSocket => {
    const { options, connected } = readConnectArguments(args);
    const { allowHalfOpen, highWaterMark, onread } = options;
    return new Socket({ allowHalfOpen, highWaterMark, onread }).connect(options, connected);
  };

  return {
    Socket,
    Server,
    createServer: (first?: ServerOptions | Serve, second?: Serve) => new Server(first, second),
    createConnection: connect,
    connect,
    isIP,
    isIPv4,
    isIPv6,
  };
}

function isServe(value: ServerOptions | Serve | undefined): value is Serve {
  return typeof value === 'function' || (value !== undefined && 'emit' in value);
}
