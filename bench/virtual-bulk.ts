/** One TCP flow through two stacks and a segment in virtual time, against the kernel's loopback in the same process. */
import { once } from 'node:events';
import net from 'node:net';
import { twoHosts } from '../src/cli/two-hosts.ts';
import { lab } from '../src/index.ts';
import type { Net } from '../src/sockets/net.ts';
import { type Comparison, compare } from './measure.ts';

const BYTES = 64 << 20;
const CHUNK: Buffer = Buffer.alloc(65_536, 7);

/** MiB a second from a client's write to a server's data event; both ends run here. */
async function bulk(server: Net | typeof net, client: Net | typeof net, host: string): Promise<number> {
  let received = 0;
  const listener = (server as typeof net).createServer((socket) => {
    socket.on('data', (data) => {
      received += data.length;
    });
    socket.on('end', () => socket.end());
  });
  listener.listen(0, host);
  await once(listener, 'listening');
  const { port } = listener.address() as net.AddressInfo;
  const socket = (client as typeof net).connect({ host, port });
  await once(socket, 'connect');
  const start = performance.now();
  for (let sent = 0; sent < BYTES; sent += CHUNK.length) {
    if (!socket.write(CHUNK)) await once(socket, 'drain');
  }
  socket.end();
  socket.resume();
  await once(socket, 'close');
  const seconds = (performance.now() - start) / 1_000;
  listener.close();
  await once(listener, 'close');
  if (received !== BYTES) throw new Error(`${received} bytes arrived instead of ${BYTES}`);
  return BYTES / 2 ** 20 / seconds;
}

export async function run(): Promise<Comparison[]> {
  await using network = await lab(twoHosts());
  const ours = (): Promise<number> => bulk(network.host(2).net, network.host(1).net, '192.0.2.2');
  const kernel = (): Promise<number> => bulk(net, net, '127.0.0.1');
  return [
    await compare('bulk TCP in virtual time, MTU 1500', 'MiB/s', ours, 'node:net over loopback', kernel),
  ];
}
