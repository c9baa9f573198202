import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import tls from 'node:tls';
import { describe, expect, it } from 'vitest';
import { HostTable } from '../../../src/sockets/names.ts';
import { createNet, type Net, type Server, type Socket } from '../../../src/sockets/net.ts';
import { StackHost } from '../../../src/sockets/stack-host.ts';
import { Network } from './virtual.ts';

const MB = 1 << 20;

const families = [
  { family: 'IPv4', a: '192.0.2.1', b: '192.0.2.2', nobody: '192.0.2.99', any: '0.0.0.0' },
  { family: 'IPv6', a: '2001:db8::1', b: '2001:db8::2', nobody: '2001:db8::99', any: '::' },
] as const;

interface Pair {
  network: Network;
  hostA: StackHost;
  hostB: StackHost;
  a: Net;
  b: Net;
}

function pair({ a, b }: { a: string; b: string }): Pair {
  const network = new Network();
  const names = new HostTable();
  const hostA = network.host(1, a, names);
  const hostB = network.host(2, b);
  names.add('VSEB', hostA.parse(b)!);
  return { network, hostA, hostB, a: createNet(hostA), b: createNet(hostB) };
}

async function listening(network: Network, server: Server, port: number): Promise<Server> {
  server.listen(port);
  await network.until(once(server, 'listening'));
  return server;
}

/** A client on A and the socket that the server on B got. */
async function connected(
  { network, a, b }: Pair,
  to: string,
  options: { allowHalfOpen?: boolean; pauseOnConnect?: boolean } = {},
): Promise<{ client: Socket; served: Socket; server: Server }> {
  const server = await listening(network, b.createServer(options), 7);
  const accepted = once(server, 'connection');
  const client = a.connect({ port: 7, host: to, allowHalfOpen: options.allowHalfOpen });
  const [[served]] = await network.until(Promise.all([accepted, once(client, 'connect')]));
  return { client, served: served as Socket, server };
}

describe.each(families)('net over $family', (at) => {
  it('connects, says who is who, and closes both sides after their ends', async () => {
    const two = pair(at);
    const { client, served, server } = await connected(two, at.b);
    expect(client.connecting).toBe(false);
    expect(client.readyState).toBe('open');
    expect(client.pending).toBe(false);
    expect([client.remoteAddress, client.remotePort, client.remoteFamily]).toEqual([at.b, 7, at.family]);
    expect([served.remoteAddress, served.remoteFamily]).toEqual([at.a, at.family]);
    expect(served.remotePort).toBe(client.localPort);
    expect(served.address()).toEqual({ address: at.b, family: at.family, port: 7 });
    expect(served.server).toBe(server);
    expect(client).toBeInstanceOf(two.a.Socket);
    expect(server.address()).toEqual({ address: at.any, family: at.family, port: 7 });

    const echoed = text(client);
    served.pipe(served);
    client.write('eins ');
    client.end('zwei');
    const closes = Promise.all([once(client, 'close'), once(served, 'close')]);
    expect(await two.network.until(echoed)).toBe('eins zwei');
    expect(await two.network.until(closes)).toEqual([[false], [false]]);
    expect([client.bytesWritten, client.bytesRead]).toEqual([9, 9]);
    expect(client.readyState).toBe('closed');
  });

  it('keeps the other half open when asked, and ends by itself when not', async () => {
    const two = pair(at);
    const { client, served } = await connected(two, at.b, { allowHalfOpen: true });
    const answer = text(client);
    served.resume();
    client.end();
    await two.network.until(once(served, 'end'));
    await two.network.pass(1_000_000);
    expect(served.writable).toBe(true);
    expect(served.readyState).toBe('writeOnly');
    served.end('late answer');
    expect(await two.network.until(answer)).toBe('late answer');

    const plain = pair(at);
    const ends = await connected(plain, at.b);
    ends.client.end();
    ends.served.resume();
    await plain.network.until(Promise.all([once(ends.served, 'close'), once(ends.client, 'close')]));
    expect(ends.served.writableFinished).toBe(true);
  });

  it('refuses a write after the peer has ended and both are done', async () => {
    const two = pair(at);
    const { client, served } = await connected(two, at.b);
    client.end();
    served.resume();
    await two.network.until(once(served, 'end'));
    await two.network.pass(0);
    const failed = new Promise((resolve) => served.write('x', resolve));
    served.on('error', () => {});
    expect(await two.network.until(failed)).toMatchObject({ code: expect.stringMatching(/^E/) });
  });

  it('names a refused connection as Node does, with the packet behind it', async () => {
    const { network, a } = pair(at);
    const client = a.connect(81, at.b);
    const [error] = await network.until(once(client, 'error').catch((reason) => [reason]));
    expect(error).toMatchObject({
      code: 'ECONNREFUSED',
      errno: -111,
      syscall: 'connect',
      address: at.b,
      port: 81,
      message: `connect ECONNREFUSED ${at.b}:81`,
    });
    expect(error.cause).toBeInstanceOf(Error);
    expect(error.cause.message).not.toBe('');
    expect(client.destroyed).toBe(true);
  });

  it('gives up on a host that is not there', async () => {
    const { network, a } = pair(at);
    const client = a.connect(80, at.nobody);
    const [error] = await network.until(once(client, 'error').catch((reason) => [reason]));
    expect(error.code).toMatch(/^(EHOSTUNREACH|ETIMEDOUT)$/);
    expect(error.syscall).toBe('connect');
  });

  it('tells the other side of a reset', async () => {
    const two = pair(at);
    const { client, served } = await connected(two, at.b);
    const told = once(served, 'error').catch((reason) => [reason]);
    const closed = new Promise((resolve) => served.on('close', resolve));
    client.resetAndDestroy();
    const [error] = await two.network.until(told);
    expect(error).toMatchObject({ code: 'ECONNRESET', syscall: 'read', message: 'read ECONNRESET' });
    expect(await two.network.until(closed)).toBe(true);
  });

  it('gives a connection up when the network is gone', async () => {
    const two = pair(at);
    const { client, served } = await connected(two, at.b);
    served.resume();
    two.network.segment.set({ loss: 1 });
    client.write('anybody?');
    const [error] = await two.network.until(once(client, 'error').catch((reason) => [reason]));
    expect(error).toMatchObject({ code: 'EHOSTUNREACH', errno: -113, syscall: 'read' });
    expect(error.cause.message).toContain(at.b);
  });

  it('tells the lab of every event before the application hears of it', async () => {
    const network = new Network();
    const order: string[] = [];
    const a = createNet(new StackHost(network.stack(1, at.a), { activity: () => order.push('activity') }));
    const server = await listening(network, createNet(network.host(2, at.b)).createServer(), 7);
    server.on('connection', (socket: Socket) => socket.end('data'));
    const client = a.connect(7, at.b);
    client.on('connect', () => order.push('connect'));
    client.on('data', () => order.push('data'));
    client.on('close', () => order.push('close'));
    order.length = 0;
    await network.until(once(client, 'close'));
    const heard = order.filter((entry, i) => entry !== 'activity' || order[i - 1] !== 'activity');
    expect(heard.slice(0, 2)).toEqual(['activity', 'connect']);
    expect(heard[heard.indexOf('data') - 1]).toBe('activity');
    expect(heard[heard.indexOf('close') - 1]).toBe('activity');
  });

  it('times out in the time of the lab, and traffic puts it off', async () => {
    const two = pair(at);
    const { client, served } = await connected(two, at.b);
    let fired = 0;
    client.setTimeout(5_000, () => fired++);
    expect(client.timeout).toBe(5_000);
    await two.network.pass(4_000_000);
    served.write('still here');
    client.resume();
    await two.network.pass(4_000_000);
    expect(fired).toBe(0);
    const before = two.network.clock.now;
    await two.network.until(once(client, 'timeout'));
    expect(fired).toBe(1);
    expect(two.network.clock.now - before).toBeGreaterThan(900_000);
    expect(two.network.clock.now - before).toBeLessThan(1_200_000);
    expect(client.destroyed).toBe(false);
    client.setTimeout(1_000);
    client.setTimeout(0);
    await two.network.pass(3_000_000);
    expect(fired).toBe(1);
  });

  it('stops reading when the application does, and the writer waits', async () => {
    const two = pair(at);
    const { client, served } = await connected(two, at.b, { pauseOnConnect: true });
    const chunk = Buffer.alloc(256 * 1024, 7);
    let accepted = 0;
    for (let i = 0; i < 20; i++) client.write(chunk, () => accepted++);
    client.end();
    await two.network.pass(30_000_000);
    const [onServer] = [...two.hostB.stack.tcp.connections()];
    const [onClient] = [...two.hostA.stack.tcp.connections()];
    // Nothing is taken from the connection while the stream is paused, so the window closes ...
    expect(served.readableLength).toBeLessThanOrEqual(2 * 65_536);
    expect(onServer!.available).toBeGreaterThan(0);
    expect(onServer!.available).toBeLessThan(2 * MB);
    // ... and what the sender has taken stays bounded, too: the rest waits with the application.
    expect(onClient!.unacknowledged).toBeLessThan(2 * MB);
    expect(accepted).toBeLessThan(20);
    const stuck = accepted;
    await two.network.pass(30_000_000);
    expect(accepted).toBe(stuck);

    let received = 0;
    served.on('data', (data: Buffer) => {
      received += data.length;
      expect(data[0]).toBe(7);
    });
    served.resume();
    await two.network.until(once(served, 'end'));
    expect(received).toBe(20 * chunk.length);
    expect(accepted).toBe(20);
    expect(client.bytesWritten).toBe(received);
  });

  it('lets the writer reuse its buffer once the write is done', async () => {
    const two = pair(at);
    const { client, served } = await connected(two, at.b);
    const got = text(served);
    const buffer = Buffer.from('first');
    await two.network.until(new Promise((resolve) => client.write(buffer, resolve)));
    buffer.write('XXXXX');
    client.end();
    expect(await two.network.until(got)).toBe('first');
  });

  it('writes what was written before it was connected', async () => {
    const { network, a, b } = pair(at);
    const server = await listening(network, b.createServer({ allowHalfOpen: true }), 7);
    const client = a.connect(7, at.b);
    expect([client.connecting, client.pending, client.readyState]).toEqual([true, true, 'opening']);
    expect(client.remoteAddress).toBeUndefined();
    expect(client.address()).toEqual({});
    client.end('early');
    const [served] = await network.until(once(server, 'connection'));
    expect(await network.until(text(served))).toBe('early');
  });

  it('aborts by signal, before and after the connection stands', async () => {
    const two = pair(at);
    const early = new AbortController();
    const first = two.a.connect({ port: 7, host: at.nobody, signal: early.signal });
    const firstError = once(first, 'error').catch((reason) => [reason]);
    early.abort();
    expect((await two.network.until(firstError))[0].name).toBe('AbortError');

    const late = new AbortController();
    await listening(two.network, two.b.createServer(), 7);
    const second = two.a.connect({ port: 7, host: at.b, signal: late.signal });
    await two.network.until(once(second, 'connect'));
    const secondError = once(second, 'error').catch((reason) => [reason]);
    late.abort();
    expect((await two.network.until(secondError))[0].name).toBe('AbortError');
    expect(second.destroyed).toBe(true);
  });

  it('connects to a name of a HOST statement and says when there is none', async () => {
    const { network, a, b } = pair(at);
    await listening(network, b.createServer(), 7);
    const client = a.connect({ port: 7, host: 'vseb' });
    const looked = once(client, 'lookup');
    await network.until(once(client, 'connect'));
    expect(await looked).toEqual([null, at.b, at.family === 'IPv4' ? 4 : 6, 'vseb']);
    expect(client.remoteAddress).toBe(at.b);

    const lost = a.connect({ port: 7, host: 'NOBODY' });
    const [error] = await network.until(once(lost, 'error').catch((reason) => [reason]));
    expect(error).toMatchObject({
      code: 'ENOTFOUND',
      syscall: 'getaddrinfo',
      hostname: 'NOBODY',
      message: 'getaddrinfo ENOTFOUND NOBODY',
    });
    expect(error.cause.message).toContain('HOST');
  });

  it('takes a local address and port, and refuses one that is not its own', async () => {
    const { network, a, b } = pair(at);
    const server = await listening(network, b.createServer(), 7);
    const accepted = once(server, 'connection');
    a.connect({ port: 7, host: at.b, localAddress: at.a, localPort: 1023 });
    const [served] = await network.until(accepted);
    expect([served.remoteAddress, served.remotePort]).toEqual([at.a, 1023]);
    const wrong = a.connect({ port: 7, host: at.b, localAddress: at.nobody });
    const [error] = await network.until(once(wrong, 'error').catch((reason) => [reason]));
    expect(error.code).toBe('EADDRNOTAVAIL');
  });

  it('says when a port is taken', async () => {
    const { network, b } = pair(at);
    await listening(network, b.createServer(), 7);
    const second = b.createServer().listen(7);
    const [error] = await network.until(once(second, 'error').catch((reason) => [reason]));
    expect(error).toMatchObject({
      code: 'EADDRINUSE',
      syscall: 'listen',
      port: 7,
      message: `listen EADDRINUSE: address already in use ${at.any}:7`,
    });
    expect(second.listening).toBe(false);
  });

  it('closes a server when its last connection is closed', async () => {
    const two = pair(at);
    const { client, served, server } = await connected(two, at.b);
    let closed = false;
    server.close(() => {
      closed = true;
    });
    expect(server.listening).toBe(false);
    expect(server.address()).toBeNull();
    await two.network.pass(1_000_000);
    expect(closed).toBe(false);
    const refused = two.a.connect(7, at.b);
    const [error] = await two.network.until(once(refused, 'error').catch((reason) => [reason]));
    expect(error.code).toBe('ECONNREFUSED');
    served.resume();
    const end = once(server, 'close');
    client.end();
    client.resume();
    await two.network.until(end);
    expect(closed).toBe(true);
    const again = new Promise((resolve) => server.close(resolve));
    expect(await again).toMatchObject({ code: 'ERR_SERVER_NOT_RUNNING' });
  });

  it('drops connections over maxConnections', async () => {
    const two = pair(at);
    const { server } = await connected(two, at.b);
    server.maxConnections = 1;
    const dropped = once(server, 'drop');
    const client = two.a.connect(7, at.b);
    client.resume();
    const closed = once(client, 'close');
    const [data] = await two.network.until(dropped);
    expect(data).toMatchObject({ remoteAddress: at.a, remoteFamily: at.family, localPort: 7 });
    await two.network.until(closed);
    const count = await new Promise((resolve) => server.getConnections((_error, n) => resolve(n)));
    expect(count).toBe(1);
  });

  it('iterates over connections, one backlog for those not taken', async () => {
    const { network, a, b } = pair(at);
    const server = b.createServer();
    const sockets = server[Symbol.asyncIterator]();
    server.listen({ port: 7, backlog: 2 });
    const clients = [1, 2, 3].map(() => a.connect(7, at.b));
    await network.pass(200_000);
    const first = await network.until(sockets.next());
    const second = await network.until(sockets.next());
    // The third was not admitted while two were waiting; it comes in with a retransmission.
    const third = await network.until(sockets.next());
    const ports = [first, second, third].map(({ value }) => (value as Socket).remotePort);
    expect(new Set(ports).size).toBe(3);
    expect(ports.sort()).toEqual(clients.map((client) => client.localPort).sort());
    const done = sockets.next();
    server.close();
    expect(await network.until(done)).toEqual({ done: true, value: undefined });
  });

  it('closes a server by signal and by disposal', async () => {
    const { network, b } = pair(at);
    const controller = new AbortController();
    const server = b.createServer().listen({ port: 7, signal: controller.signal });
    await network.until(once(server, 'listening'));
    const closed = once(server, 'close');
    controller.abort();
    await network.until(closed);
    const other = await listening(network, b.createServer(), 7);
    await network.until(other[Symbol.asyncDispose]());
    expect(other.listening).toBe(false);
  });

  it('keeps an exception of the application out of the stack', async () => {
    const { network, a, b } = pair(at);
    const server = await listening(network, b.createServer(), 7);
    const thrown: Error[] = [];
    const previous = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', (error) => thrown.push(error));
    server.once('connection', () => {
      throw new Error('a bug of the application');
    });
    await network.until(once(a.connect(7, at.b), 'connect'));
    await network.pass(10_000);
    await turn();
    for (const listener of previous) process.on('uncaughtException', listener);
    expect(thrown.map(({ message }) => message)).toEqual(['a bug of the application']);
    const served = once(server, 'connection');
    a.connect(7, at.b);
    await network.until(served);
  });

  it('carries TLS', async () => {
    const { network, a, b } = pair(at);
    const key = Buffer.from('0123456789abcdef');
    const secured = { ciphers: 'PSK', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
    const secure = tls.createServer({ ...secured, pskCallback: () => key }, (socket) => {
      socket.end(`hello ${socket.getProtocol()}`);
    });
    await listening(network, b.createServer(secure), 992);
    const client = tls.connect({
      ...secured,
      socket: a.connect(992, at.b),
      pskCallback: () => ({ psk: key, identity: 'A' }),
      checkServerIdentity: () => undefined,
    });
    expect(await network.until(text(client))).toBe('hello TLSv1.2');
  });
});

describe('arguments', () => {
  const { a } = pair(families[0]);

  it('refuses ports and forms that do not exist', () => {
    expect(() => a.connect(65_536, '192.0.2.2')).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKET_BAD_PORT' }),
    );
    expect(() => a.createServer().listen(-1)).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKET_BAD_PORT' }),
    );
    expect(() => new a.Socket().connect({ path: '/run/x' } as never)).toThrow(
      expect.objectContaining({ code: 'ERR_MISSING_ARGS' }),
    );
    expect(() => a.createServer().listen({ path: '/run/x' } as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }),
    );
  });

  it('knows addresses', () => {
    expect([a.isIP('192.0.2.1'), a.isIP('2001:db8::1'), a.isIP('x')]).toEqual([4, 6, 0]);
  });

  it('refuses a write on a socket that was never connected', async () => {
    const socket = new a.Socket();
    const error = new Promise((resolve) => socket.on('error', resolve));
    socket.write('x');
    expect(await error).toMatchObject({ code: 'ERR_SOCKET_CLOSED' });
  });

  it('refuses the address of the other family', async () => {
    const { network, a: net } = pair(families[0]);
    const client = net.connect(80, '2001:db8::1');
    const [error] = await network.until(once(client, 'error').catch((reason) => [reason]));
    expect(error.code).toBe('EAFNOSUPPORT');
    expect(error.cause.message).toContain('stack 01');
  });
});
