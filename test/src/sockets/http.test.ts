/** node:http unchanged over a stack: the server is handed over, the client takes a connection. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { createNet, type Net, type Socket } from '../../../src/sockets/net.ts';
import type { StackHost } from '../../../src/sockets/stack-host.ts';
import { Network } from './virtual.ts';

const FIVE_MB = 5 << 20;

const families = [
  { family: 'IPv4', a: '192.0.2.1', b: '192.0.2.2' },
  { family: 'IPv6', a: '2001:db8::1', b: '2001:db8::2' },
] as const;

class LabAgent extends http.Agent {
  readonly #net: Net;

  constructor(net: Net, options: http.AgentOptions) {
    super(options);
    this.#net = net;
  }

  override createConnection(options: http.ClientRequestArgs): Socket {
    return this.#net.connect({ host: options.host, port: Number(options.port) });
  }
}

function pair({ a, b }: { a: string; b: string }): {
  network: Network;
  hostA: StackHost;
  hostB: StackHost;
  a: Net;
  b: Net;
} {
  const network = new Network();
  const hostA = network.host(1, a);
  const hostB = network.host(2, b);
  return { network, hostA, hostB, a: createNet(hostA), b: createNet(hostB) };
}

/** 5 MB that do not repeat every few bytes, in pieces. */
function* content(): Generator<Buffer> {
  for (let at = 0; at < FIVE_MB; at += 65_536) {
    const piece = Buffer.alloc(65_536);
    for (let i = 0; i < piece.length; i += 4) piece.writeUInt32LE((at + i) ^ 0x5bd1e995, i);
    yield piece;
  }
}

function digest(pieces: Iterable<Buffer>): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

describe.each(families)('http over $family', (at) => {
  it('gets and posts 5 MB through one keep-alive connection', async () => {
    const { network, a, b } = pair(at);
    const expected = digest(content());
    const app = http.createServer(async (request, response) => {
      if (request.method === 'POST') {
        response.end(digest([await buffer(request)]));
        return;
      }
      response.setHeader('content-length', FIVE_MB);
      await pipeline(Readable.from(content()), response);
    });
    const server = b.createServer(app).listen(80);
    let connections = 0;
    app.on('connection', () => connections++);
    await network.until(once(app, 'listening'));

    const agent = new LabAgent(a, { keepAlive: true, maxSockets: 1 });
    const request = (method: string, path: string) =>
      http.request({ host: at.b, port: 80, path, method, agent });
    const get = request('GET', '/file');
    get.end();
    const [got] = (await network.until(once(get, 'response'))) as [http.IncomingMessage];
    expect(got.statusCode).toBe(200);
    expect(digest([await network.until(buffer(got))])).toBe(expected);

    const post = request('POST', '/file');
    void pipeline(Readable.from(content()), post);
    const [answer] = (await network.until(once(post, 'response'))) as [http.IncomingMessage];
    expect(await network.until(text(answer))).toBe(expected);
    expect(connections).toBe(1);

    // The idle keep-alive connection does not hold the server.
    const closed = once(server, 'close');
    server.close();
    await network.until(closed);
    agent.destroy();
  });

  it('holds a fast sender back when the reader is slow', async () => {
    const { network, hostA, hostB, a, b } = pair(at);
    let produced = 0;
    const app = http.createServer((_request, response) => {
      const source = Readable.from(
        (function* () {
          for (const piece of content()) {
            produced += piece.length;
            yield piece;
          }
        })(),
      );
      void pipeline(source, response);
    });
    b.createServer(app).listen(80);
    const request = http.get({ host: at.b, port: 80, createConnection: () => a.connect(80, at.b) });
    const [response] = (await network.until(once(request, 'response'))) as [http.IncomingMessage];
    // Half a megabyte at a time, with five seconds of rest between.
    let received = 0;
    let quota = 0;
    let most = 0;
    response.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received >= quota) response.pause();
    });
    response.pause();
    const ended = once(response, 'end');
    while (received < FIVE_MB) {
      await network.pass(5_000_000);
      most = Math.max(most, produced - received);
      for (const host of [hostA, hostB]) {
        for (const connection of host.stack.tcp.connections()) {
          expect(connection.available).toBeLessThan(2 << 20);
          expect(connection.unacknowledged).toBeLessThan(4 << 20);
        }
      }
      quota += 512 * 1024;
      response.resume();
    }
    await network.until(ended);
    expect(received).toBe(FIVE_MB);
    expect(most).toBeLessThan(4 << 20);
  });

  it('answers two pipelined requests in order', async () => {
    const { network, a, b } = pair(at);
    const app = http.createServer((request, response) => response.end(`for ${request.url};`));
    b.createServer({ allowHalfOpen: true }, (socket) => app.emit('connection', socket)).listen(80);
    const client = a.connect(80, at.b);
    client.write('GET /1 HTTP/1.1\r\nHost: b\r\n\r\nGET /2 HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n');
    const answer = await network.until(text(client));
    expect(answer.match(/for \/\d;/g)).toEqual(['for /1;', 'for /2;']);
  });

  it('gives a client without a server its error', async () => {
    const { network, a } = pair(at);
    const request = http.get({ host: at.b, port: 80, createConnection: () => a.connect(80, at.b) });
    const [error] = await network.until(once(request, 'error').catch((reason) => [reason]));
    expect(error).toMatchObject({ code: 'ECONNREFUSED', address: at.b, port: 80 });
  });

  it('carries HTTP/2', async () => {
    const { network, a, b } = pair(at);
    const app = http2.createServer();
    app.on('stream', (stream, headers) => stream.end(`for ${headers[':path']}`));
    b.createServer(app as never).listen(80);
    const session = http2.connect('http://b', { createConnection: () => a.connect(80, at.b) });
    const answers = ['/1', '/2'].map((path) => text(session.request({ ':path': path })));
    expect(await network.until(Promise.all(answers))).toEqual(['for /1', 'for /2']);
    const closed = once(session, 'close');
    session.close();
    await network.until(closed);
  });
});
