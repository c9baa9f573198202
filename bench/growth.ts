/**
 * Cost against size: a byte to one of n connections and back, through both TCPs with nothing else to do. `ten`: always
 * to the same ten, so that only the tables differ; `all`: to each in turn, so that none is in the cache any more.
 * Drawn in docs/connections.svg. The reference is the smallest size.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ipv4 } from '../stacks/address/ipv4.ts';
import type { TcpConnection } from '../stacks/tcp/api.ts';
import type { Comparison } from './measure.ts';
import { Echo, listen, MemoryWire, Reader } from './memory-wire.ts';
import { plot } from './plot.ts';

const SIZES = [10, 100, 1_000, 10_000, 100_000, 1_000_000];
const PORTS = 20;
const BYTES = 50_000;
const REPETITIONS = 5;
const FILE = fileURLToPath(new URL('../../docs/connections.svg', import.meta.url));

interface Subject {
  readonly wire: MemoryWire;
  readonly connections: TcpConnection[];
  /** ns a segment, the smallest of the repetitions: what the machine does besides only adds. */
  ten: number;
  all: number;
}

function subject(size: number): Subject {
  const wire = new MemoryWire(ipv4, size);
  for (let port = 0; port < PORTS; port++) {
    listen(wire.server.tcp, ipv4, 1 + port, (connection) => new Echo(connection));
  }
  const connections: TcpConnection[] = [];
  for (let i = 0; i < size; i++) {
    const connection = wire.connect(1 + (i % PORTS), 1_024 + Math.floor(i / PORTS));
    new Reader(connection);
    connections.push(connection);
    if (i % 1_000 === 999) wire.settle();
  }
  wire.settle();
  return { wire, connections, ten: Number.POSITIVE_INFINITY, all: Number.POSITIVE_INFINITY };
}

/** ns a segment. A step of a large prime goes round all of `among` connections. */
function cost({ wire, connections }: Subject, among: number): number {
  const before = wire.segments;
  const start = performance.now();
  for (let i = 0; i < BYTES; i++) {
    connections[(i * 7_919) % among]!.send(Uint8Array.of(i));
    if (i % 8 === 7) wire.settle();
  }
  return ((performance.now() - start) * 1e6) / (wire.segments - before);
}

export async function run(): Promise<Comparison[]> {
  const subjects = SIZES.map(subject);
  for (let i = 0; i <= REPETITIONS; i++) {
    for (const each of subjects) {
      each.ten = Math.min(each.ten, cost(each, 10));
      each.all = Math.min(each.all, cost(each, each.connections.length));
    }
  }
  const series = (['ten', 'all'] as const).map((name) => ({
    name: name === 'ten' ? 'ten of them busy' : 'all in turn',
    points: subjects.map((each, i) => ({ x: SIZES[i]!, y: each[name] })),
  }));
  writeFileSync(FILE, plot('Cost of a segment, both ends', 'connections', 'ns', series));
  const largest = subjects.at(-1)!;
  return (['ten', 'all'] as const).map((name) => ({
    name: `segment with 1,000,000 connections, ${name === 'ten' ? 'ten of them busy' : 'all in turn'}`,
    unit: 'ns',
    better: 'lower',
    subject: largest[name],
    reference: subjects[0]![name],
    referenceName: 'with 10',
    ratio: largest[name] / subjects[0]![name],
  }));
}
