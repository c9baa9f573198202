/** What an attack costs: the drops by reason that the stack of a bench has counted since the last look. */
import { deepEqual, equal } from 'node:assert/strict';
import type { DropReason } from '../../../stacks/packet/verdict.ts';
import { Bench, type FamilyName, SECOND, type Setup } from '../../compliance/bench/bench.ts';

export type Drops = Partial<Record<DropReason, number>>;

/** Longer than any fragment waits for the rest (RFC 8200 §4.5: 60 s), or a packet for its next hop. */
const UNTIL_GIVEN_UP: number = 61 * SECOND;

export class Tally {
  readonly bench: Bench;
  #before: Record<string, number>;

  constructor(family: FamilyName, setup: Setup = {}) {
    this.bench = new Bench(family, setup);
    this.#before = { ...this.bench.stack.counters.drops };
  }

  drops(): Drops {
    const { counters } = this.bench.stack;
    const now = Object.entries(counters.drops).map(([reason, count]): [string, number] => [
      reason,
      count - (this.#before[reason] ?? 0),
    ]);
    this.#before = { ...counters.drops };
    return Object.fromEntries(now.filter(([, count]) => count > 0));
  }

  /** Every packet that came in has one verdict, and the next honest one is answered. */
  check(): void {
    const { bench } = this;
    bench.wait(UNTIL_GIVEN_UP);
    const { received, delivered, forwarded, answered, dropped, drops } = bench.stack.counters;
    equal(delivered + forwarded + answered + dropped, received);
    equal(
      Object.values(drops).reduce((sum, count) => sum + count, 0),
      dropped,
    );
    deepEqual(
      bench.send(bench.echo()).map(({ kind }) => kind),
      ['echo-reply'],
    );
  }
}
