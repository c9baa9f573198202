/**
 * Two ends and a hostile link: whatever it does to the first packets, once it behaves no end hangs, no byte is wrong,
 * and every connection ends. A counter-example is shrunk and printed as a script.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Failure } from '../../../stacks/address/network.ts';
import type { TcpConnection, TcpHandler } from '../../../stacks/tcp/api.ts';
import { SECOND } from '../../../stacks/time/clock.ts';
import { Recording } from './as-script.ts';
import { type Fate, HostileLink } from './hostile-link.ts';
import { pattern } from './pair.ts';

const PORT = 8_080;
/** R2 and all that may follow it: nothing is left to wait for. */
const END_OF_TIME = 4 * 3_600 * SECOND;

/** What a program does, one after the other; `wait` in ms. */
type Act =
  | { readonly kind: 'write'; readonly bytes: number }
  | { readonly kind: 'wait'; readonly time: number }
  | { readonly kind: 'shutdown' | 'close' | 'abort' };

interface Plan {
  readonly version: 4 | 6;
  readonly seed: number;
  readonly fates: readonly Fate[];
  readonly client: readonly Act[];
  readonly server: readonly Act[];
}

const share = fc.double({ min: 0, max: 1, noNaN: true });
const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Fate>({ kind: 'pass' }) },
  { weight: 3, arbitrary: fc.constant<Fate>({ kind: 'drop' }) },
  { weight: 2, arbitrary: fc.constant<Fate>({ kind: 'duplicate' }) },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 1, max: 3_000_000 }).map((time): Fate => ({ kind: 'hold', time })),
  },
  { weight: 1, arbitrary: share.map((at): Fate => ({ kind: 'truncate', at })) },
  { weight: 1, arbitrary: share.map((at): Fate => ({ kind: 'flip', at })) },
);
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.integer({ min: 1, max: 20_000 }).map((bytes): Act => ({ kind: 'write', bytes })),
  },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 2_000 }).map((time): Act => ({ kind: 'wait', time })) },
  { weight: 1, arbitrary: fc.constantFrom<Act>({ kind: 'shutdown' }, { kind: 'close' }, { kind: 'abort' }) },
);
const plan: fc.Arbitrary<Plan> = fc.record({
  version: fc.constantFrom<4 | 6>(4, 6),
  seed: fc.integer({ min: 1, max: 1_000 }),
  fates: fc.array(fate, { maxLength: 60 }),
  client: fc.array(act, { maxLength: 8 }),
  server: fc.array(act, { maxLength: 8 }),
});

/** A program that does as it is told, then closes; it checks every byte that it gets. */
class Program implements TcpHandler {
  readonly #link: HostileLink;
  readonly #acts: Iterator<Act>;
  readonly #sends: Uint8Array;
  readonly #expects: Uint8Array;
  readonly #recording: Recording | undefined;
  connection!: TcpConnection;
  #sent = 0;
  received = 0;
  isDone = false;
  isAborted = false;
  isClosed = false;
  hasEnded = false;
  failure: Failure | undefined;

  constructor(
    link: HostileLink,
    acts: readonly Act[],
    sends: Uint8Array,
    expects: Uint8Array,
    recording?: Recording,
  ) {
    this.#link = link;
    this.#acts = acts[Symbol.iterator]();
    this.#sends = sends;
    this.#expects = expects;
    this.#recording = recording;
  }

  get sent(): number {
    return this.#sent;
  }

  go(): void {
    const { clock } = this.#link;
    for (;;) {
      const next = this.#acts.next();
      if (this.isClosed) return;
      if (next.done === true) {
        this.#call('close(3) = 0');
        this.isDone = true;
        this.connection.close();
        return;
      }
      const { value } = next;
      switch (value.kind) {
        case 'wait':
          clock.timer(() => this.go()).armIn(value.time * 1_000);
          return;
        case 'write':
          this.#write(value.bytes);
          break;
        case 'shutdown':
          this.#call('shutdown(3, SHUT_WR) = 0');
          this.connection.shutdown();
          break;
        case 'close':
          this.#call('close(3) = 0');
          this.isDone = true;
          this.connection.close();
          return;
        case 'abort':
          this.#call('close(3) = 0 // with SO_LINGER 0');
          this.isDone = this.isAborted = true;
          this.connection.abort();
          return;
      }
    }
  }

  #write(bytes: number): void {
    const chunk = this.#sends.subarray(this.#sent, this.#sent + bytes);
    if (this.connection.send(chunk) !== undefined) return;
    this.#call(`write(3, ..., ${chunk.length}) = ${chunk.length}`);
    this.#sent += chunk.length;
  }

  #call(text: string): void {
    this.#recording?.call(this.#link.clock.now, text);
  }

  connected(): void {
    this.go();
  }
  writable(): void {}
  readable(): void {
    for (let chunk = this.connection.read(); chunk !== undefined; chunk = this.connection.read()) {
      for (const byte of chunk) {
        if (byte !== this.#expects[this.received++]) throw new Error(`byte ${this.received - 1} is wrong`);
      }
    }
  }
  ended(): void {
    this.hasEnded = true;
  }
  closed(failure: Failure | undefined): void {
    this.isClosed = true;
    this.failure = failure;
  }
}

const MOST = 8 * 20_000;
const UP = pattern(MOST, 1);
const DOWN = pattern(MOST, 2);

/** @throws Error for a broken promise. */
function run(plan: Plan, recording?: Recording): void {
  const link = new HostileLink(plan.version, plan.seed, plan.fates);
  const { clock, stacks, addresses, ends } = link;
  if (recording !== undefined) {
    ends[0].onPacket = (direction, bytes, fate) => recording.packet(clock.now, direction, bytes, fate);
  }
  const client = new Program(link, plan.client, UP, DOWN, recording);
  const servers: Program[] = [];
  const listener = stacks[1].tcp.listen(link.family.any, PORT, {
    accept: (connection) => {
      const server = new Program(link, plan.server, DOWN, UP);
      server.connection = connection;
      connection.handler = server;
      servers.push(server);
      server.go();
    },
  });
  if ('code' in listener) throw new Error(listener.cause);
  recording?.call(clock.now, 'socket(..., SOCK_STREAM, IPPROTO_TCP) = 3');
  const opened = stacks[0].tcp.connect(addresses[1], PORT, { handler: client });
  if ('code' in opened) throw new Error(opened.cause);
  client.connection = opened;
  clock.advance(clock.now + END_OF_TIME);

  for (const program of [client, ...servers]) {
    if (!program.isClosed && !program.isAborted)
      throw new Error(`an end is still ${program.connection.state}`);
  }
  for (const stack of stacks) {
    if (stack.tcp.connectionCount !== 0) throw new Error(`${stack.name} still holds a connection`);
  }
  if (link.pool.live !== 0) throw new Error(`${link.pool.live} packets are held`);
  const [server] = servers;
  if (
    servers.length === 1 &&
    server !== undefined &&
    client.failure === undefined &&
    server.failure === undefined
  ) {
    if (server.hasEnded && !client.isAborted && server.received !== client.sent) {
      throw new Error(`clean end, but ${client.sent} bytes were sent and ${server.received} received`);
    }
    if (client.hasEnded && !server.isAborted && client.received !== server.sent) {
      throw new Error(`clean end, but ${server.sent} bytes were sent and ${client.received} received`);
    }
  }
}

/** Minutes of search for one's own machine: FUZZ_RUNS=100000. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 2_000);

describe('two ends and a hostile link', () => {
  it('never hang, never take a wrong byte, and always end', () => {
    const result = fc.check(
      fc.property(plan, (p) => run(p)),
      { numRuns: RUNS, seed: Number(process.env['FUZZ_SEED'] ?? 1) },
    );
    if (!result.failed) return;
    const [counterexample] = result.counterexample!;
    const { family } = new HostileLink(counterexample.version, 1, []);
    const recording = new Recording(family);
    let told = '';
    try {
      run(counterexample, recording);
    } catch (error) {
      told = String(error);
    }
    throw new Error(`${told}\n${JSON.stringify(counterexample)}\n${recording}`);
  });

  it('prints what happened as a script', () => {
    const recording = new Recording(new HostileLink(4, 1, []).family);
    const fates: Fate[] = [{ kind: 'drop' }, { kind: 'pass' }, { kind: 'flip', at: 0.5 }];
    run({ version: 4, seed: 1, fates, client: [{ kind: 'write', bytes: 10 }], server: [] }, recording);
    const text = recording.toString();
    expect(text).toContain('> S 0:0(0)');
    expect(text).toContain('a packet arrives damaged (flip)');
    expect(text).toMatch(/> P\. 1:11\(10\) ack 1 win \d+/);
    expect(text).toContain('< S. 0:0(0) ack 1');
  });
});
