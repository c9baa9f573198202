/** Connections set up and closed in memory: both ends are full TCPs, every segment is built, summed and checked. */
import { once } from 'node:events';
import net from 'node:net';
import { ipv4 } from '../stacks/address/ipv4.ts';
import type { TcpConnection } from '../stacks/tcp/api.ts';
import { SECOND } from '../stacks/time/clock.ts';
import { type Comparison, compare } from './measure.ts';
import { IDLE, listen, MemoryWire } from './memory-wire.ts';

/** At once, so that tables are not empty and caches not all ours. */
const BATCH = 1_000;
const ROUNDS = 100;
const KERNEL_CONNECTIONS = 2_000;
const KERNEL_AT_ONCE = 200;

/** Connections a second. */
function churn(): number {
  const wire = new MemoryWire(ipv4, 1_000_000);
  const accepted: TcpConnection[] = [];
  listen(wire.server.tcp, ipv4, 80, (connection) => {
    connection.handler = IDLE;
    accepted.push(connection);
  });
  const start = performance.now();
  for (let round = 0; round < ROUNDS; round++) {
    const opened: TcpConnection[] = [];
    for (let i = 0; i < BATCH; i++) opened.push(wire.connect(80, 1_024 + ((round * BATCH + i) % 64_000)));
    wire.settle();
    if (accepted.length !== BATCH) throw new Error(`${accepted.length} connections accepted`);
    for (const connection of opened) connection.close();
    wire.settle();
    for (const connection of accepted) connection.close();
    wire.settle();
    accepted.length = 0;
    // The ports come round again, so their TIME-WAIT must be over.
    wire.clock.advance(wire.clock.now + 2 * SECOND);
  }
  return (ROUNDS * BATCH) / ((performance.now() - start) / 1_000);
}

/** The kernel's: both ends in this process, as ours are. */
async function kernel(): Promise<number> {
  const server = net.createServer((socket) => socket.resume().end());
  server.listen({ port: 0, host: '127.0.0.1', backlog: KERNEL_AT_ONCE });
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const start = performance.now();
  for (let done = 0; done < KERNEL_CONNECTIONS; done += KERNEL_AT_ONCE) {
    const closed: Promise<unknown>[] = [];
    for (let i = 0; i < KERNEL_AT_ONCE; i++) {
      const socket = net.connect(port, '127.0.0.1');
      socket.resume().on('connect', () => socket.end());
      closed.push(once(socket, 'close'));
    }
    await Promise.all(closed);
  }
  const seconds = (performance.now() - start) / 1_000;
  server.close();
  await once(server, 'close');
  return KERNEL_CONNECTIONS / seconds;
}

export async function run(): Promise<Comparison[]> {
  const name = 'TCP connections set up and closed in memory, both ends';
  return [await compare(name, 'connections/s', async () => churn(), 'node:net over loopback', kernel)];
}
