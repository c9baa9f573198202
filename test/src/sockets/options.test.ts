import { once } from 'node:events';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createNet, type Net, type ServerOptions, type Socket } from '../../../src/sockets/net.ts';
import { Connection } from '../../../stacks/tcp/connection.ts';
import { Network } from './virtual.ts';

let network: Network;
let a: Net;
let b: Net;
const noDelay = vi.spyOn(Connection.prototype, 'setNoDelay');
const keepAlive = vi.spyOn(Connection.prototype, 'setKeepAlive');

beforeEach(() => {
  network = new Network();
  a = createNet(network.host(1, '192.0.2.1'));
  b = createNet(network.host(2, '192.0.2.2'));
});
afterEach(() => vi.clearAllMocks());

async function connects(client: Socket, options: ServerOptions = {}): Promise<Socket> {
  const server = b.createServer(options).listen(7);
  await network.until(Promise.all([once(server, 'connection'), once(client, 'connect')]));
  return client;
}

it('tells the connection at once what was asked for before there was one', async () => {
  const client = new a.Socket({ noDelay: true });
  client.setKeepAlive(true, 3_000);
  client.connect({ port: 7, host: '192.0.2.2' });
  expect(noDelay).not.toHaveBeenCalled();
  await connects(client);
  expect(noDelay.mock.calls).toEqual([[true]]);
  expect(keepAlive.mock.calls).toEqual([[true, 3_000_000]]);
  client.setNoDelay(false);
  expect(noDelay.mock.lastCall).toEqual([false]);
});

it('takes the last word while it connects, and the options of connect', async () => {
  const client = a.connect({ port: 7, host: '192.0.2.2', noDelay: true, keepAlive: true });
  client.setNoDelay(false);
  await connects(client);
  expect(noDelay).not.toHaveBeenCalled();
  expect(keepAlive.mock.calls).toEqual([[true, undefined]]);
});

it('gives every socket of a server the options of the server', async () => {
  await connects(a.connect(7, '192.0.2.2'), { noDelay: true, keepAlive: true, keepAliveInitialDelay: 2_000 });
  expect(noDelay.mock.calls).toEqual([[true]]);
  expect(keepAlive.mock.calls).toEqual([[true, 2_000_000]]);
});

it('is no longer open, and takes options in silence, when it is destroyed', async () => {
  const client = await connects(a.connect(7, '192.0.2.2'));
  expect(client.pending).toBe(false);
  client.destroy();
  client.setNoDelay(true).setKeepAlive(true).setTimeout(50);
  expect(client.pending).toBe(true);
  expect(client.timeout).toBe(50);
  expect(noDelay).not.toHaveBeenCalled();
  let fired = false;
  client.on('timeout', () => {
    fired = true;
  });
  await network.pass(1_000_000);
  expect(fired).toBe(false);
});

it('may be given a signal that is aborted already', async () => {
  const client = new a.Socket({ signal: AbortSignal.abort() });
  const [error] = (await network.until(once(client, 'error'))) as [Error];
  expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' });
  expect(client.destroyed).toBe(true);
});
