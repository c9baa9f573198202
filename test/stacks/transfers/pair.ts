/** Two stacks of one family on a segment, and transfers between them: no sockets of Node's, so thousands are quick. */
import { createHash, type Hash } from 'node:crypto';
import { Segment, type SegmentConditions } from '../../../devices/segment/segment.ts';
import { seededRandom } from '../../../src/lab/random.ts';
import type { Address } from '../../../stacks/address/address.ts';
import { ipv4 } from '../../../stacks/address/ipv4.ts';
import { ipv6 } from '../../../stacks/address/ipv6.ts';
import type { Failure } from '../../../stacks/address/network.ts';
import { Ipv4Stack } from '../../../stacks/ipv4/stack.ts';
import { Ipv6Stack } from '../../../stacks/ipv6/stack.ts';
import { PacketPool } from '../../../stacks/packet/pool.ts';
import type { Stack } from '../../../stacks/stack.ts';
import type { TcpConnection, TcpHandler } from '../../../stacks/tcp/api.ts';
import type { TcpOptions } from '../../../stacks/tcp/tcp.ts';
import { Clock, SECOND } from '../../../stacks/time/clock.ts';

const PORT = 5_001;
const MTU = 1_500;
/** Written in pieces of this, as a program would. */
const PIECE = 16_384;

export class Pair {
  readonly clock = new Clock();
  readonly pool = new PacketPool();
  readonly segment: Segment;
  readonly sender: Stack;
  readonly receiver: Stack;
  readonly target: Address;

  constructor(version: 4 | 6, seed: number, conditions: SegmentConditions, tuning: Partial<TcpOptions> = {}) {
    const environment = { clock: this.clock, random: seededRandom(seed), pool: this.pool, trace: undefined };
    // The links come up on a perfect segment: duplicate address detection is not what is tried here.
    this.segment = new Segment(environment, 'WIRE', {});
    const family = version === 4 ? ipv4 : ipv6;
    const [one, two] = version === 4 ? ['192.0.2.1', '192.0.2.2'] : ['2001:db8::1', '2001:db8::2'];
    const make = (id: number, text: string): Stack => {
      const options = { id, name: `END${id}` };
      const stack = version === 4 ? new Ipv4Stack(environment, options) : new Ipv6Stack(environment, options);
      stack.tcp.configure(tuning);
      const device = this.segment.attach(`END${id}`, Uint8Array.of(2, 0, 0, 0, 0, id), MTU);
      const prefixLength = version === 4 ? 24 : 64;
      stack.addInterface('ETH', device, { address: family.parse(text)!, prefixLength, mtu: MTU });
      stack.start();
      return stack;
    };
    this.sender = make(1, one!);
    this.receiver = make(2, two!);
    this.target = family.parse(two!)!;
    this.clock.advance(10 * SECOND);
    // And they know each other: neither is address resolution.
    this.sender.echo(this.target, { size: 8, timeout: SECOND }, () => {});
    this.clock.advance(11 * SECOND);
    this.segment.set(conditions);
  }

  listen(accept: (connection: TcpConnection) => void): void {
    const listener = this.receiver.tcp.listen(this.receiver.family.any, PORT, { accept });
    if ('code' in listener) throw new Error(listener.cause);
  }

  connect(handler: TcpHandler): TcpConnection {
    const connection = this.sender.tcp.connect(this.target, PORT, { handler });
    if ('code' in connection) throw new Error(connection.cause);
    return connection;
  }
}

/** Writes `data`, then FIN. */
export class Writer implements TcpHandler {
  connection!: TcpConnection;
  readonly #data: Uint8Array;
  #at = 0;
  failure: Failure | undefined;
  isClosed = false;

  constructor(data: Uint8Array) {
    this.#data = data;
  }
  connected(): void {
    this.writable();
  }
  writable(): void {
    while (this.#at < this.#data.length && this.connection.sendSpace > 0) {
      this.connection.send(this.#data.subarray(this.#at, this.#at + PIECE));
      this.#at += PIECE;
    }
    if (this.#at >= this.#data.length) this.connection.close();
  }
  readable(): void {}
  ended(): void {}
  closed(failure: Failure | undefined): void {
    this.isClosed = true;
    this.failure = failure;
  }
}

/** Reads and hashes; closes when the other has. */
export class Reader implements TcpHandler {
  readonly #connection: TcpConnection;
  readonly #clock: Clock;
  readonly #hash: Hash = createHash('sha256');
  bytes = 0;
  /** µs; undefined before the FIN. */
  endedAt: number | undefined;
  failure: Failure | undefined;

  constructor(connection: TcpConnection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
    connection.handler = this;
  }
  connected(): void {}
  writable(): void {}
  readable(): void {
    for (let chunk = this.#connection.read(); chunk !== undefined; chunk = this.#connection.read()) {
      this.#hash.update(chunk);
      this.bytes += chunk.length;
    }
  }
  ended(): void {
    this.readable();
    this.endedAt = this.#clock.now;
    this.#connection.close();
  }
  closed(failure: Failure | undefined): void {
    this.failure = failure;
  }
  get digest(): string {
    return this.#hash.copy().digest('hex');
  }
}

/** Bytes that differ from place to place, the same for the same `seed`. */
export function pattern(length: number, seed: number): Uint8Array {
  const data = new Uint8Array(length);
  let x = (seed * 2_654_435_761) >>> 0 || 1;
  for (let i = 0; i < length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    data[i] = x;
  }
  return data;
}

export const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');
