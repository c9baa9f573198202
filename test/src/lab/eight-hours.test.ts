/**
 * Eight virtual hours with as many sessions as a stack may have. Each says a line every thirty minutes over a link that
 * loses some, and is kept alive in between. The heap ends where it was after the first hour.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { Segment } from '../../../devices/segment/segment.ts';
import { seededRandom } from '../../../src/lab/random.ts';
import type { Family } from '../../../stacks/address/family.ts';
import { ipv4 } from '../../../stacks/address/ipv4.ts';
import { ipv6 } from '../../../stacks/address/ipv6.ts';
import { isFailure } from '../../../stacks/address/network.ts';
import { Ipv4Stack } from '../../../stacks/ipv4/stack.ts';
import { Ipv6Stack } from '../../../stacks/ipv6/stack.ts';
import type { Environment } from '../../../stacks/packet/environment.ts';
import { PacketPool } from '../../../stacks/packet/pool.ts';
import { MAX_CONNECTIONS, type Stack } from '../../../stacks/stack.ts';
import type { TcpConnection, TcpHandler } from '../../../stacks/tcp/api.ts';
import { NOBODY } from '../../../stacks/tcp/connection.ts';
import { Clock, SECOND } from '../../../stacks/time/clock.ts';

const HOURS = 8;
const TURN: number = 1_800 * SECOND;
const TURNS_PER_HOUR = 2;
const KEEP_ALIVE: number = 1_200 * SECOND;
const PORT = 7;
const LINE: Uint8Array = new TextEncoder().encode('one line every thirty minutes\n');
/** Bytes that the engine itself may come to keep; 256 for each session would be as much. */
const SLACK = 1 << 20;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heap(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

/** Sends back what it hears. */
class Echo implements TcpHandler {
  readonly connection: TcpConnection;

  constructor(connection: TcpConnection) {
    this.connection = connection;
    connection.handler = this;
  }

  connected(): void {}
  readable(): void {
    const chunk = this.connection.read();
    if (chunk !== undefined) this.heard(chunk);
  }
  heard(chunk: Uint8Array): void {
    this.connection.send(chunk);
  }
  writable(): void {}
  ended(): void {
    this.connection.close();
  }
  closed(): void {}
}

class Session extends Echo {
  bytes = 0;
  override heard(chunk: Uint8Array): void {
    this.bytes += chunk.length;
  }
}

function pair(environment: Environment, family: Family, addresses: readonly string[]): Stack[] {
  const segment = new Segment(environment, 'LAN', { delay: 500, loss: 0.01 });
  return addresses.map((text, i) => {
    const options = { id: i + 1, name: `HOST${i}` };
    const stack = family === ipv6 ? new Ipv6Stack(environment, options) : new Ipv4Stack(environment, options);
    const device = segment.attach(`HOST${i}`, Uint8Array.of(2, 0, 0, 0, 0, i + 1), 1_500);
    const prefixLength = family === ipv6 ? 64 : 24;
    stack.addInterface('ETH', device, { address: family.parse(text)!, prefixLength, mtu: 1_500 });
    stack.start();
    return stack;
  });
}

describe.each([
  [ipv4.name, ipv4, ['192.0.2.1', '192.0.2.2']],
  [ipv6.name, ipv6, ['2001:db8::1', '2001:db8::2']],
] as const)('over %s', (_, family, addresses) => {
  it(`${MAX_CONNECTIONS} sessions take eight hours, and no more memory than they took in the first`, () => {
    const clock = new Clock();
    const environment = { clock, random: seededRandom(1), pool: new PacketPool(), trace: undefined };
    const [client, server] = pair(environment, family, addresses);
    clock.advance(3 * SECOND);
    const accept = (connection: TcpConnection): void => void new Echo(connection);
    const listener = server!.tcp.listen(family.any, PORT, { backlog: MAX_CONNECTIONS, accept });
    expect(isFailure(listener)).toBe(false);

    const to = family.parse(addresses[1])!;
    const sessions = Array.from({ length: MAX_CONNECTIONS }, () => {
      const opened = client!.tcp.connect(to, PORT, { handler: NOBODY });
      if (isFailure(opened)) throw new Error(opened.cause);
      opened.setKeepAlive(true, KEEP_ALIVE);
      return new Session(opened);
    });
    const heaps: number[] = [];
    for (let hour = 1; hour <= HOURS; hour++) {
      for (let turn = 0; turn < TURNS_PER_HOUR; turn++) {
        for (const { connection } of sessions) connection.send(LINE);
        clock.advance(clock.now + TURN);
      }
      const all = hour * TURNS_PER_HOUR * LINE.length;
      expect(sessions.filter(({ bytes }) => bytes !== all)).toEqual([]);
      expect(environment.pool.live).toBe(0);
      heaps.push(heap());
    }
    const kib = heaps.map((bytes) => Math.round(bytes / 1024));
    console.log(`${family.name}: heap by the hour ${kib.join(' ')} KiB`);
    expect(heaps.at(-1)! - heaps[0]!).toBeLessThan(SLACK);

    expect([client!.tcp.connectionCount, server!.tcp.connectionCount]).toEqual([
      MAX_CONNECTIONS,
      MAX_CONNECTIONS,
    ]);
    for (const { connection } of sessions) connection.close();
    clock.advance(clock.now + TURN);
    expect([client!.tcp.connectionCount, server!.tcp.connectionCount]).toEqual([0, 0]);
    expect([client!.tcp.storage().buffers, server!.tcp.storage().buffers]).toEqual([0, 0]);
  });
});
