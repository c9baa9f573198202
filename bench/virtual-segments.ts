/** Segments through two whole stacks and a segment in virtual time: a byte and its echo, many flows at once. */
import { twoHosts } from '../src/cli/two-hosts.ts';
import { lab } from '../src/index.ts';
import { ipv4 } from '../stacks/address/ipv4.ts';
import type { TcpConnection } from '../stacks/tcp/api.ts';
import { type Comparison, compare } from './measure.ts';
import { Echo, IDLE, listen, MemoryWire, Reader } from './memory-wire.ts';

const FLOWS = 64;
const BYTES = 200_000;

/** Segments a second, by the counters of the segment; the clock is stepped as the lab steps it. */
async function stacks(): Promise<number> {
  await using network = await lab(twoHosts());
  const [client, server] = [network.stacks.get(1)!.stack, network.stacks.get(2)!.stack];
  const wire = network.segments.get('LAN')!;
  listen(server.tcp, server.family, 7, (connection) => new Echo(connection));
  const remote = server.family.parse('192.0.2.2')!;
  const connections: TcpConnection[] = [];
  for (let i = 0; i < FLOWS; i++) {
    const connection = client.tcp.connect(remote, 7, { handler: IDLE });
    if ('code' in connection) throw new Error(connection.cause);
    new Reader(connection);
    connections.push(connection);
  }
  await network.rest();
  const { clock } = network.environment;
  const before = wire.counters.received;
  const start = performance.now();
  for (let i = 0; i < BYTES; i += FLOWS) {
    for (const connection of connections) connection.send(Uint8Array.of(i));
    for (let steps = 0; steps < 4; steps++) clock.step(clock.now);
  }
  const seconds = (performance.now() - start) / 1_000;
  return (wire.counters.received - before) / seconds;
}

/** The same without stacks: what of it is TCP. */
async function transport(): Promise<number> {
  const wire = new MemoryWire(ipv4, FLOWS);
  listen(wire.server.tcp, ipv4, 7, (connection) => new Echo(connection));
  const connections: TcpConnection[] = [];
  for (let i = 0; i < FLOWS; i++) {
    const connection = wire.connect(7, 1_024 + i);
    new Reader(connection);
    connections.push(connection);
  }
  wire.settle();
  const before = wire.segments;
  const start = performance.now();
  for (let i = 0; i < BYTES; i += FLOWS) {
    for (const connection of connections) connection.send(Uint8Array.of(i));
    wire.settle();
  }
  return (wire.segments - before) / ((performance.now() - start) / 1_000);
}

export async function run(): Promise<Comparison[]> {
  const name = 'segments through two stacks and a segment in virtual time';
  return [await compare(name, 'segments/s', stacks, 'two TCPs on a queue', transport)];
}
