/** Equal flows share a bottleneck equally: Jain's index (RFC 5166 §2.3.1) over what each got. */
import { describe, expect, it } from 'vitest';
import type { TcpConnection, TcpHandler } from '../../../stacks/tcp/api.ts';
import { MILLISECOND, SECOND } from '../../../stacks/time/clock.ts';
import { Pair } from './pair.ts';

const CHUNK = new Uint8Array(65_536);
/** Slow start is over, and the flows have met each other. */
const WARM_UP = 20 * SECOND;
const MEASURED = 60 * SECOND;

/** Sends for as long as the other reads. */
class Source implements TcpHandler {
  connection!: TcpConnection;
  connected(): void {
    this.writable();
  }
  writable(): void {
    while (this.connection.sendSpace > 0) this.connection.send(CHUNK);
  }
  readable(): void {}
  ended(): void {}
  closed(): void {}
}

class Sink implements TcpHandler {
  readonly #connection: TcpConnection;
  bytes = 0;

  constructor(connection: TcpConnection) {
    this.#connection = connection;
    connection.handler = this;
  }
  readable(): void {
    for (let chunk = this.#connection.read(); chunk !== undefined; chunk = this.#connection.read()) {
      this.bytes += chunk.length;
    }
  }
  connected(): void {}
  writable(): void {}
  ended(): void {}
  closed(): void {}
}

function jain(shares: readonly number[]): number {
  const sum = shares.reduce((a, b) => a + b, 0);
  return sum ** 2 / (shares.length * shares.reduce((a, b) => a + b * b, 0));
}

describe.each([4, 6] as const)('equal flows of IPv%i over 20 Mbit/s and 20 ms', (version) => {
  it.each([2, 8, 64])('%i of them', (flows) => {
    const pair = new Pair(version, 1, { rate: 20e6, delay: 10 * MILLISECOND, queue: 100 * 1_514 });
    const { clock } = pair;
    const sinks: Sink[] = [];
    pair.listen((connection) => sinks.push(new Sink(connection)));
    for (let i = 0; i < flows; i++) {
      const source = new Source();
      source.connection = pair.connect(source);
      clock.advance(clock.now + 7 * MILLISECOND);
    }
    clock.advance(clock.now + WARM_UP);
    const before = sinks.map(({ bytes }) => bytes);
    clock.advance(clock.now + MEASURED);
    const shares = sinks.map(({ bytes }, i) => bytes - before[i]!);
    expect(shares).toHaveLength(flows);
    expect(jain(shares)).toBeGreaterThanOrEqual(0.95);
    // And they leave nothing unused: headers take 5 %.
    const total = shares.reduce((a, b) => a + b, 0);
    expect((total * 8) / (MEASURED / SECOND)).toBeGreaterThan(0.85 * 20e6);
  });
});
