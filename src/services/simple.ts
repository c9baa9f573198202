/**
 * TWINSERV: the small services that every lab needs, on sockets only: a web page, ECHO (RFC 862), SINK (RFC 863),
 * SOURCE (a stream of bytes, after RFC 864) over TCP, and UDPECHO (RFC 862 over UDP).
 */
import { once } from 'node:events';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import type { Dgram } from '../sockets/dgram.ts';
import type { Net, OnRead, Server, Socket } from '../sockets/net.ts';

export type SimpleServiceKind = 'HTTP' | 'ECHO' | 'SINK' | 'SOURCE' | 'UDPECHO';

export interface RunningService {
  readonly kind: SimpleServiceKind;
  readonly port: number;
  /** Stops accepting; resolves when the connections that were open are done, or reset at once with `force`. May be repeated. */
  close(force: boolean): Promise<void>;
}

/** One chunk of what SOURCE sends: the printable ASCII characters in rotation (RFC 864 §2, pattern). */
const SOURCE_CHUNK: Buffer = Buffer.from(Array.from({ length: 65_520 }, (_, i) => 32 + (i % 95)));

/** Where a service stands. */
export interface ServiceHost {
  readonly name: string;
  readonly net: Net;
  readonly dgram: Dgram;
  /** The UDP of the stack whose id was named; a couple has that of its IPv6 stack. */
  readonly udpType: 'udp4' | 'udp6';
}

/** @throws the module's own error (EADDRINUSE, EAFNOSUPPORT, ...) when the port cannot be had. */
export async function startSimpleService(
  kind: SimpleServiceKind,
  port: number,
  host: ServiceHost,
): Promise<RunningService> {
  if (kind === 'UDPECHO') {
    const socket = host.dgram.createSocket(host.udpType);
    let open = true;
    socket.on('close', () => {
      open = false;
    });
    socket.on('message', (data, { port: from, address }) => {
      // Port 0 wants no answer (RFC 768), and an answer that cannot be sent is lost, as datagrams are.
      if (from !== 0) socket.send(data, from, address, () => {});
    });
    socket.bind(port);
    await once(socket, 'listening');
    return {
      kind,
      port,
      async close() {
        // Its stack may have closed it by stopping.
        if (open) socket.close();
        open = false;
      },
    };
  }
  const open = new Set<Socket>();
  const accept = (socket: Socket): void => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
  };
  let server: Server;
  if (kind === 'HTTP') {
    const page = webPage(host.name);
    page.prependListener('connection', accept);
    server = host.net.createServer(page);
  } else {
    const onread = kind === 'SINK' ? sinking() : undefined;
    server = host.net.createServer({ allowHalfOpen: true, onread }, (socket) => {
      accept(socket);
      streamOf[kind](socket);
    });
  }
  server.listen(port);
  await once(server, 'listening');
  return {
    kind,
    port,
    async close(force) {
      // A reset: an end in order would tell the peer that it has got everything.
      if (force) for (const socket of open) socket.resetAndDestroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** What SINK reads into: as much as one burst of super-segments brings. */
const SINK_BYTES = 1 << 20;
/** Buffers kept while nobody sends. */
const SPARE_SINKS = 4;

/** Reads and drops; a buffer serves whichever connection has brought something. */
function sinking(): OnRead {
  const spare: Uint8Array[] = [];
  return {
    buffer: () => spare.pop() ?? new Uint8Array(SINK_BYTES),
    callback: (_bytes, buffer) => {
      if (spare.length < SPARE_SINKS) spare.push(buffer);
      return true;
    },
  };
}

const streamOf: Record<'ECHO' | 'SINK' | 'SOURCE', (socket: Socket) => void> = {
  ECHO: (socket) => void socket.pipe(socket),
  SINK: (socket) => {
    socket.resume();
    socket.on('end', () => socket.end());
  },
  SOURCE: (socket) => {
    socket.resume();
    const pump = (): void => {
      while (socket.writable && socket.write(SOURCE_CHUNK));
    };
    socket.on('drain', pump);
    socket.on('end', () => socket.end());
    pump();
  },
};

/** A page that says over which family, and from where, it was asked for. */
function webPage(name: string): HttpServer {
  return createHttpServer((request, response) => {
    const from = request.socket;
    // Discard a body, so that a POST of any size is answered after its last byte.
    request.resume();
    request.on('end', () => {
      response.setHeader('content-type', 'text/plain; charset=utf-8');
      response.end(
        `${name} answers ${request.method} ${request.url} from ${from.remoteAddress} over ${from.remoteFamily}\n`,
      );
    });
  });
}
