/**
 * A million idle connections through two stacks and a segment: half over IPv4, half over IPv6, to a couple of stacks.
 * The plain way beside it: an object with the same fields, in a Map by a string of the four-tuple.
 */

import { collectGarbage, heldBytes } from '../src/cli/heap.ts';
import { lab } from '../src/index.ts';
import type { Stack } from '../stacks/stack.ts';
import type { TcpConnection } from '../stacks/tcp/api.ts';
import type { Comparison } from './measure.ts';
import { IDLE, listen } from './memory-wire.ts';

const CONNECTIONS = 1_000_000;
const PORTS = 20;
const AT_ONCE = 1_000;
/** µs: 2 MSL, FIN-WAIT-2 and all other timers are over. */
const LONG = 200_000_000;

const DECK = `
// EXEC BSTT6NET
ID 02
COUPLE 03
MAXCONN ${CONNECTIONS}
DEVICE ETH WIRE LAN
LINK ETH 0 2001:DB8::2 /64 1500
ATTACH TCP/IP
/*
// EXEC BSTTINET
ID 03
MAXCONN ${CONNECTIONS}
DEVICE ETH WIRE LAN
LINK ETH 0 192.0.2.3 255.255.255.0 1500
ATTACH TCP/IP
/*
// EXEC BSTTINET
ID 44
MAXCONN ${CONNECTIONS}
DEVICE ETH WIRE LAN
LINK ETH 0 192.0.2.44 255.255.255.0 1500
ATTACH TCP/IP
/*
// EXEC BSTT6NET
ID 66
MAXCONN ${CONNECTIONS}
DEVICE ETH WIRE LAN
LINK ETH 0 2001:DB8::66 /64 1500
ATTACH TCP/IP
/*
`;

interface Held {
  readonly bytes: number;
  readonly perSecond: number;
  readonly collection: number;
  /** Bytes that stay when all are closed, over the baseline. */
  readonly left: number;
}

async function ours(version: 4 | 6, count: number): Promise<Held> {
  await using network = await lab(DECK);
  const stack = (id: number): Stack => network.stacks.get(id)!.stack;
  const [client, server] = version === 4 ? [stack(44), stack(3)] : [stack(66), stack(2)];
  const { family } = client;
  const remote = family.parse(version === 4 ? '192.0.2.3' : '2001:db8::2')!;
  const accepted: TcpConnection[] = [];
  for (let port = 0; port < PORTS; port++) {
    listen(server.tcp, family, 1 + port, (connection) => {
      connection.handler = IDLE;
      accepted.push(connection);
    });
  }
  const opened: TcpConnection[] = [];
  await open(client, remote, 0, AT_ONCE, opened, network);
  await closeAll(opened, accepted, network);
  const before = heldBytes();
  const start = performance.now();
  for (let done = 0; done < count; done += AT_ONCE) {
    await open(client, remote, done, AT_ONCE, opened, network);
  }
  const perSecond = count / ((performance.now() - start) / 1_000);
  if (accepted.length !== count) throw new Error(`${accepted.length} of ${count} connections accepted`);
  // The owners' lists are theirs.
  const bytes = (heldBytes() - before) / (2 * count) - 8;
  const collection = collectGarbage();
  await closeAll(opened, accepted, network);
  return { bytes, perSecond, collection, left: heldBytes() - before };
}

type Network = Awaited<ReturnType<typeof lab>>;

async function open(
  client: Stack,
  remote: Parameters<Stack['tcp']['connect']>[0],
  from: number,
  count: number,
  opened: TcpConnection[],
  network: Network,
): Promise<void> {
  for (let i = from; i < from + count; i++) {
    const localPort = 1_024 + Math.floor(i / PORTS);
    const connection = client.tcp.connect(remote, 1 + (i % PORTS), { handler: IDLE, localPort });
    if ('code' in connection) throw new Error(connection.cause);
    opened.push(connection);
  }
  await network.rest();
}

async function closeAll(opened: TcpConnection[], accepted: TcpConnection[], network: Network): Promise<void> {
  for (const ends of [opened, accepted]) {
    for (let i = 0; i < ends.length; i++) {
      ends[i]!.close();
      if (i % AT_ONCE === 0) await network.rest();
    }
    ends.length = 0;
    await network.rest();
  }
  await network.advance(LONG);
}

/** The fields of a connection as an object. */
class PlainConnection {
  localAddress: string;
  localPort: number;
  remoteAddress: string;
  remotePort: number;
  state = 'ESTABLISHED';
  handler: unknown = IDLE;
  fields: Record<string, number> | undefined;
  sndUna = 1;
  sndNxt = 1;
  sndMax = 1;
  sndEnd = 1;
  sndWnd = 65_535;
  sndWl1 = 1;
  sndWl2 = 1;
  maxSndWnd = 65_535;
  rcvNxt = 1;
  rcvEdge = 65_536;
  rcvLimit = 65_535;
  rcvMss = 0;
  lastAckSent = 1;
  mss = 1_448;
  peerMss = 1_460;
  tsOffset = 1;
  tsRecent = 1;
  tsRecentAge = 0;
  srtt = 1_000;
  rttvar = 500;
  rto = 200_000;
  lastSent = 0;
  lastReceived = 0;
  bytesSent = 0;
  bytesReceived = 0;

  constructor(localAddress: string, localPort: number, remoteAddress: string, remotePort: number) {
    this.localAddress = localAddress;
    this.localPort = localPort;
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
  }
}

function plain(local: string, remote: string, count: number): Omit<Held, 'left'> {
  const before = heldBytes();
  const start = performance.now();
  const connections = new Map<string, PlainConnection>();
  for (let i = 0; i < count; i++) {
    const connection = new PlainConnection(local, 1_024 + Math.floor(i / PORTS), remote, 1 + (i % PORTS));
    const { localPort, remotePort } = connection;
    connections.set(`${local}:${localPort}-${remote}:${remotePort}`, connection);
  }
  const perSecond = count / ((performance.now() - start) / 1_000);
  const bytes = (heldBytes() - before) / connections.size;
  return { bytes, perSecond, collection: collectGarbage() };
}

/** A family's row and two of both: memory settles to a byte in one run, so there is no median to take. */
export async function run(): Promise<Comparison[]> {
  const results: Comparison[] = [];
  for (const version of [4, 6] as const) {
    const held = await ours(version, CONNECTIONS);
    const [local, remote] = version === 4 ? ['192.0.2.44', '192.0.2.3'] : ['2001:db8::66', '2001:db8::2'];
    const other = plain(local, remote, CONNECTIONS);
    const referenceName = 'objects in a Map by string';
    const compared = (name: string, unit: string, subject: number, reference: number): Comparison => ({
      name: `IPv${version}, ${CONNECTIONS} idle connections: ${name}`,
      unit,
      subject,
      reference,
      referenceName,
      ratio: subject / reference,
    });
    results.push(
      { ...compared('memory of an end', 'bytes', held.bytes, other.bytes), better: 'lower' },
      {
        ...compared('full collection of both ends', 'ms', held.collection, 2 * other.collection),
        better: 'lower',
      },
      compared('opened through two stacks, one after the other', '/s', held.perSecond, other.perSecond),
      {
        ...compared('left when all are closed', 'bytes', held.left, 2 * CONNECTIONS * held.bytes),
        better: 'lower',
        referenceName: 'held while they were open',
      },
    );
  }
  return results;
}
