/**
 * A million idle connections through a segment to a couple of stacks: all IPv4, all IPv6, and half and half at once.
 * The plain way beside it: an object with the same fields, in a Map by a string of the four-tuple.
 */
import { Couple } from '../src/couple/couple.ts';
import { lab } from '../src/index.ts';
import { StackHost } from '../src/sockets/stack-host.ts';
import type { Address } from '../stacks/address/address.ts';
import { isFailure } from '../stacks/address/network.ts';
import type { Stack } from '../stacks/stack.ts';
import type { TcpConnection } from '../stacks/tcp/api.ts';
import { collectGarbage, heldBytes } from './heap.ts';
import type { Comparison } from './measure.ts';
import { IDLE } from './memory-wire.ts';

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
  /** Of one end. */
  readonly bytes: number;
  readonly opened: number;
  readonly closed: number;
  readonly collection: number;
  /** Bytes that stay when all are closed, over the baseline. */
  readonly left: number;
}

/** Where connections come from and go to. */
interface Way {
  readonly client: Stack;
  readonly remote: Address;
}

type Version = 4 | 6;
type Network = Awaited<ReturnType<typeof lab>>;

/** `count` connections, by turns over each of `versions`. */
async function ours(versions: readonly Version[], count: number): Promise<Held> {
  await using network = await lab(DECK);
  const stack = (id: number): Stack => network.stacks.get(id)!.stack;
  const couple = new Couple(new StackHost(stack(2)), 3);
  couple.join(new StackHost(stack(3)));
  const ways = versions.map((version): Way => {
    const client = stack(version === 4 ? 44 : 66);
    return { client, remote: client.family.parse(version === 4 ? '192.0.2.3' : '2001:db8::2')! };
  });
  const accepted: TcpConnection[] = [];
  for (let port = 1; port <= PORTS; port++) {
    const arrived = (): void => {
      accepted.push(listener.take(() => IDLE)!.connection);
    };
    const refused = (): void => {};
    const opened = couple.listenTcp({ port, backlog: AT_ONCE, arrived, refused });
    if (isFailure(opened)) throw new Error(opened.cause);
    const listener = opened;
  }
  const opened: TcpConnection[] = [];
  await open(ways, 0, opened, network);
  await closeAll(opened, accepted, network);
  const before = heldBytes();
  const opening = performance.now();
  for (let done = 0; done < count; done += AT_ONCE) await open(ways, done, opened, network);
  const perSecond = (since: number): number => count / ((performance.now() - since) / 1_000);
  const openedPerSecond = perSecond(opening);
  if (accepted.length !== count) throw new Error(`${accepted.length} of ${count} connections accepted`);
  // The owners' lists are theirs.
  const bytes = (heldBytes() - before) / (2 * count) - 8;
  const collection = collectGarbage();
  const closing = performance.now();
  await closeAll(opened, accepted, network);
  const closed = perSecond(closing);
  return { bytes, opened: openedPerSecond, closed, collection, left: heldBytes() - before };
}

/** Connections `from` to `from` + AT_ONCE. */
async function open(
  ways: readonly Way[],
  from: number,
  opened: TcpConnection[],
  network: Network,
): Promise<void> {
  for (let i = from; i < from + AT_ONCE; i++) {
    const { client, remote } = ways[i % ways.length]!;
    const nth = Math.floor(i / ways.length);
    const localPort = 1_024 + Math.floor(nth / PORTS);
    const connection = client.tcp.connect(remote, 1 + (nth % PORTS), { handler: IDLE, localPort });
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

interface PlainHeld {
  readonly bytes: number;
  readonly opened: number;
  readonly collection: number;
}

function plain(versions: readonly Version[], count: number): PlainHeld {
  const before = heldBytes();
  const start = performance.now();
  const connections = new Map<string, PlainConnection>();
  for (let i = 0; i < count; i++) {
    const isV4 = versions[i % versions.length] === 4;
    const [local, remote] = isV4 ? ['192.0.2.44', '192.0.2.3'] : ['2001:db8::66', '2001:db8::2'];
    const nth = Math.floor(i / versions.length);
    const connection = new PlainConnection(local, 1_024 + Math.floor(nth / PORTS), remote, 1 + (nth % PORTS));
    const { localPort, remotePort } = connection;
    connections.set(`${local}:${localPort}-${remote}:${remotePort}`, connection);
  }
  const opened = count / ((performance.now() - start) / 1_000);
  const bytes = (heldBytes() - before) / count;
  const collection = collectGarbage();
  // Asked for last: what nobody asks for any more is dead, and to collect it would be timed instead.
  if (connections.size !== count) throw new Error(`${connections.size} of ${count} objects`);
  return { bytes, opened, collection };
}

/** Memory settles to a byte in one run, so there is no median to take. */
export async function run(): Promise<Comparison[]> {
  const results: Comparison[] = [];
  for (const versions of [[4], [6], [4, 6]] as const) {
    const held = await ours(versions, CONNECTIONS);
    const other = plain(versions, CONNECTIONS);
    const families = versions.length === 2 ? 'IPv4 and IPv6 by turns' : `IPv${versions[0]}`;
    const compared = (name: string, unit: string, subject: number, reference: number): Comparison => ({
      name: `${families}, ${CONNECTIONS} idle connections: ${name}`,
      unit,
      subject,
      reference,
      referenceName: 'objects in a Map by string',
      ratio: subject / reference,
    });
    results.push(
      { ...compared('memory of an end', 'bytes', held.bytes, other.bytes), better: 'lower' },
      {
        ...compared('full collection of both ends', 'ms', held.collection, 2 * other.collection),
        better: 'lower',
      },
      compared('opened through two stacks, one after the other', '/s', held.opened, other.opened),
      { ...compared('closed', '/s', held.closed, held.opened), referenceName: 'opened' },
      {
        ...compared('left when all are closed', 'bytes', held.left, 2 * CONNECTIONS * held.bytes),
        better: 'lower',
        referenceName: 'held while they were open',
      },
    );
  }
  return results;
}
