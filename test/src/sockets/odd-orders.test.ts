/** Calls in odd orders, listeners that throw, signals that outlive their sockets: what node:net and node:dgram do then. */
import { EventEmitter, getEventListeners, once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { createDgram } from '../../../src/sockets/dgram.ts';
import { createNet } from '../../../src/sockets/net.ts';
import { Network } from './virtual.ts';

function pair() {
  const network = new Network();
  const [a, b] = [network.host(1, '192.0.2.1'), network.host(2, '192.0.2.2')];
  return { network, a: createNet(a), b: createNet(b), hostA: a };
}

/** What the application throws is its own affair: noted here instead of ending the test run. */
function catching(): string[] {
  const thrown: string[] = [];
  process.setUncaughtExceptionCaptureCallback((error) => thrown.push(error.message));
  return thrown;
}
afterEach(() => process.setUncaughtExceptionCaptureCallback(null));

describe('net', () => {
  it('sends the FIN of an end that came before connect', async () => {
    const { network, a, b } = pair();
    const server = b.createServer((socket) => socket.resume()).listen(7);
    const client = new a.Socket();
    let finished = false;
    client.on('finish', () => {
      finished = true;
    });
    client.end();
    await network.pass(1_000);
    expect(finished).toBe(false);
    client.connect(7, '192.0.2.2').resume();
    await network.until(once(client, 'close'));
    expect(finished).toBe(true);
    server.close();
  });

  it('names the reason when a write is lost because its socket never connected', async () => {
    const { network, a } = pair();
    const client = a.connect(7, '192.0.2.2');
    const lost = new Promise((resolve) => client.write('x', resolve));
    client.destroy();
    expect(await network.until(lost)).toMatchObject({ code: 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION' });
  });

  it('reads on behind a data listener that threw', async () => {
    const { network, a, b } = pair();
    const server = b.createServer((socket) => socket.end(Buffer.alloc(200_000))).listen(7);
    const thrown = catching();
    const client = a.connect(7, '192.0.2.2');
    let bytes = 0;
    client.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes === chunk.length) throw new Error('the first chunk');
    });
    await network.until(once(client, 'close'));
    expect(bytes).toBe(200_000);
    expect(thrown).toEqual(['the first chunk']);
    server.close();
  });

  it('hands on the connections behind one whose listener threw', async () => {
    const { network, a, b } = pair();
    const thrown = catching();
    let served = 0;
    const all = new EventEmitter();
    const server = b
      .createServer((socket) => {
        socket.resume();
        if (++served === 3) all.emit('served');
        if (served === 1) throw new Error('the first connection');
      })
      .listen(7);
    const clients = [1, 2, 3].map(() => a.connect(7, '192.0.2.2'));
    await network.until(once(all, 'served'));
    expect(thrown).toEqual(['the first connection']);
    for (const client of clients) client.destroy();
    server.close();
  });

  it('leaves nothing at the signal of a server that is closed', async () => {
    const { network, b } = pair();
    const { signal } = new AbortController();
    const server = b.createServer().listen({ port: 7, signal });
    await network.until(once(server, 'listening'));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    server.close();
    await network.until(once(server, 'close'));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

describe('dgram', () => {
  it('leaves nothing at the signal of a socket that is closed', async () => {
    const { network, hostA } = pair();
    const { signal } = new AbortController();
    const socket = createDgram(hostA).createSocket({ type: 'udp4', signal });
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    socket.close();
    await network.until(once(socket, 'close'));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('gives the error of connect to the callback, and can be connected afterwards', async () => {
    const { network, hostA } = pair();
    const socket = createDgram(hostA).createSocket('udp4');
    const error = await network.until(new Promise((resolve) => socket.connect(53, 'NOBODY', resolve)));
    expect(error).toMatchObject({ code: 'ENOTFOUND' });
    const outcome = await network.until(new Promise((resolve) => socket.connect(53, '192.0.2.2', resolve)));
    expect(outcome).toBeUndefined();
    socket.close();
  });

  it('can be connected after a bind that failed', async () => {
    const { network, hostA } = pair();
    const socket = createDgram(hostA).createSocket('udp4');
    const failed = once(socket, 'error');
    socket.bind(0, '203.0.113.9');
    expect((await network.until(failed))[0]).toMatchObject({ code: 'EADDRNOTAVAIL' });
    hostA.stack.stop();
    const down = once(socket, 'error');
    socket.connect(53, '192.0.2.2');
    expect((await network.until(down))[0]).toMatchObject({ code: 'ENETDOWN' });
    hostA.stack.start();
    const connected = once(socket, 'connect');
    socket.connect(53, '192.0.2.2');
    await network.until(connected);
    socket.close();
  });
});
