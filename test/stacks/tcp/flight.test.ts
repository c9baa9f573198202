/** The log of what is in flight against one object for each byte. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Flight, LOST, MAX_RECORDS, RETRANSMITTED, SACKED } from '../../../stacks/tcp/flight.ts';
import { MAX_RANGES } from '../../../stacks/tcp/settings.ts';

interface Byte {
  state: number;
  sentAt: number;
}

/** So that runs cross zero and the sign of int32 as well. */
const BASES = [0, 0x7fffffff - 100, -100];

/** What is told of deliveries: the bytes, each with its time and state. */
class Told {
  readonly bytes = new Map<number, Byte>();
  readonly #base: number;
  constructor(base: number) {
    this.#base = base;
  }
  delivered(start: number, end: number, sentAt: number, state: number): void {
    for (let seq = start; seq !== end; seq = (seq + 1) | 0) {
      const at = (seq - this.#base) | 0;
      expect(this.bytes.has(at)).toBe(false);
      this.bytes.set(at, { state, sentAt });
    }
  }
}

class Model {
  readonly bytes: Byte[] = [];
  una = 0;
  readonly told = new Map<number, Byte>();

  acknowledge(una: number): void {
    for (let i = this.una; i < una; i++) this.#tell(i);
    this.una = una;
  }
  sack(start: number, end: number): void {
    for (let i = start; i < end; i++) {
      this.#tell(i);
      this.bytes[i] = { state: SACKED, sentAt: 0 };
    }
  }
  #tell(i: number): void {
    const { state, sentAt } = this.bytes[i]!;
    if (state !== SACKED) this.told.set(i, { state, sentAt });
  }
  change(what: (byte: Byte, i: number) => void): void {
    for (let i = this.una; i < this.bytes.length; i++) what(this.bytes[i]!, i);
  }
  count(which: (state: number) => boolean): number {
    return this.bytes.filter((byte, i) => i >= this.una && which(byte.state)).length;
  }
}

function check(log: Flight, model: Model, base: number): void {
  expect((log.una - base) | 0).toBe(model.una);
  let at = model.una;
  let before = -1;
  for (let i = log.first; i < log.last; i++) {
    expect((log.start(i) - base) | 0).toBe(at);
    const end = (log.end(i) - base) | 0;
    expect(end).toBeGreaterThan(at);
    const state = log.state(i);
    if (state === SACKED) expect(before).not.toBe(SACKED);
    before = state;
    for (; at < end; at++) {
      const byte = model.bytes[at]!;
      expect(state).toBe(byte.state);
      if (state !== SACKED) expect(log.sentAt(i)).toBe(byte.sentAt);
    }
  }
  expect(at).toBe(model.bytes.length);
  expect(log.sackedBytes).toBe(model.count((s) => s === SACKED));
  expect(log.lostBytes).toBe(model.count((s) => (s & LOST) !== 0));
  expect(log.retransmittedBytes).toBe(model.count((s) => s === RETRANSMITTED));
  let ranges = 0;
  model.change((byte, i) => {
    if (byte.state === SACKED && (i === model.una || model.bytes[i - 1]!.state !== SACKED)) ranges++;
  });
  expect(log.ranges).toBe(ranges);
  const lost = log.firstLost();
  const firstLost = model.bytes.findIndex((byte, i) => i >= model.una && (byte.state & LOST) !== 0);
  expect(lost < 0 ? -1 : (log.start(lost) - base) | 0).toBe(firstLost);
}

const step = fc.oneof(
  fc.record({ push: fc.integer({ min: 1, max: 30 }) }),
  fc.record({ push: fc.integer({ min: 1, max: 30 }) }),
  fc.record({ sack: fc.tuple(fc.nat(999), fc.integer({ min: 1, max: 25 })) }),
  fc.record({ sack: fc.tuple(fc.nat(999), fc.integer({ min: 1, max: 25 })) }),
  fc.record({ acknowledge: fc.nat(20) }),
  fc.record({ lose: fc.nat(99) }),
  fc.record({ loseFirst: fc.integer({ min: 1, max: 15 }) }),
  fc.record({ resend: fc.integer({ min: 1, max: 15 }) }),
  fc.record({ resend: fc.integer({ min: 1, max: 15 }) }),
  fc.record({ special: fc.constantFrom('all', 'forget', 'unmark', 'probe') }),
);

describe('Flight', () => {
  it('agrees with a record for each byte', () => {
    fc.assert(
      fc.property(fc.constantFrom(...BASES), fc.array(step, { maxLength: 80 }), (base, steps) => {
        const log = new Flight();
        log.clear(base);
        const model = new Model();
        const told = new Told(base);
        const at = (n: number) => (base + n) | 0;
        for (const [now, each] of steps.entries()) {
          const time = now >> 1; // now and then two in one microsecond
          const inFlight = model.bytes.length - model.una;
          if ('push' in each) {
            for (let i = 0; i < each.push; i++) model.bytes.push({ state: 0, sentAt: time });
            log.push(at(model.bytes.length), time);
          } else if ('sack' in each && inFlight > 0) {
            const start = model.una + (each.sack[0] % inFlight);
            const end = Math.min(start + each.sack[1], model.bytes.length);
            model.sack(start, end);
            log.sack(at(start), at(end), told);
          } else if ('acknowledge' in each) {
            const una = model.una + Math.min(each.acknowledge, inFlight);
            model.acknowledge(una);
            log.acknowledge(at(una), told);
          } else if ('lose' in each && !log.isEmpty) {
            const i = log.first + (each.lose % (log.last - log.first));
            if (log.state(i) === SACKED) continue;
            const [from, to] = [(log.start(i) - base) | 0, (log.end(i) - base) | 0];
            model.change((byte, b) => {
              if (b >= from && b < to) byte.state |= LOST;
            });
            log.markLost(i);
          } else if ('loseFirst' in each && inFlight > 0) {
            const end = Math.min(model.una + each.loseFirst, (log.end(log.first) - base) | 0);
            if (log.state(log.first) !== SACKED) {
              model.change((byte, b) => {
                if (b < end) byte.state |= LOST;
              });
            }
            log.markFirstLost(each.loseFirst);
          } else if ('resend' in each && log.lostBytes > 0) {
            const i = log.firstLost();
            const start = log.start(i);
            const end = (start + Math.min(each.resend, log.bytes(i))) | 0;
            model.change((byte, b) => {
              if (b < ((start - base) | 0) || b >= ((end - base) | 0)) return;
              byte.state = RETRANSMITTED;
              byte.sentAt = time;
            });
            log.retransmitted(i, start, end, time);
          } else if ('special' in each) {
            if (each.special === 'all') {
              model.change((byte) => {
                if (byte.state !== SACKED) byte.state |= LOST;
              });
              log.markAllLost();
            } else if (each.special === 'forget') {
              // The times of what was SACKed are gone; afterwards both have none.
              for (let i = log.first; i < log.last; i++) {
                if (log.state(i) !== SACKED) continue;
                model.change((byte, b) => {
                  if (b >= ((log.start(i) - base) | 0) && b < ((log.end(i) - base) | 0))
                    byte.sentAt = log.sentAt(i);
                });
              }
              model.change((byte) => {
                byte.state = (byte.state & ~SACKED) | LOST;
                // What is told a second time was told wrongly the first time.
              });
              log.forgetSacks();
              told.bytes.clear();
              model.told.clear();
            } else if (each.special === 'unmark') {
              model.change((byte) => {
                byte.state &= ~LOST;
              });
              log.unmarkLost();
            } else if (!log.isEmpty && log.state(log.last - 1) !== SACKED) {
              // The last segment again, as a tail loss probe does.
              const i = log.last - 1;
              const length = Math.min(7, log.bytes(i));
              const end = log.end(i);
              model.change((byte, b) => {
                if (b < model.bytes.length - length) return;
                byte.state = RETRANSMITTED;
                byte.sentAt = time;
              });
              log.retransmitted(i, (end - length) | 0, end, time);
            }
          }
          check(log, model, base);
          expect([...told.bytes].sort(([a], [b]) => a - b)).toEqual(
            [...model.told].sort(([a], [b]) => a - b),
          );
        }
      }),
      { numRuns: 300, seed: 7 },
    );
  });

  it('keeps one record for a burst, and for a run that is SACKed', () => {
    const log = new Flight();
    const told = new Told(0);
    log.clear(0);
    for (let i = 1; i <= 1_000; i++) log.push(i * 10, i >> 3);
    expect(log.last - log.first).toBe(126);
    for (let i = 1; i < 1_000; i++) log.sack(i * 10, i * 10 + 10, told);
    expect([log.last - log.first, log.ranges, log.sackedBytes]).toEqual([2, 1, 9_990]);
    log.acknowledge(10_000, told);
    expect([log.isEmpty, log.ranges, told.bytes.size]).toEqual([true, 0, 10_000]);
  });

  it('has a bound for what is sent byte by byte', () => {
    const log = new Flight();
    log.clear(0);
    for (let i = 1; i <= 20_000; i++) log.push(i, i);
    expect(log.last - log.first).toBe(MAX_RECORDS);
    expect([log.end(log.last - 1), log.sentAt(log.last - 1)]).toEqual([20_000, 20_000]);
  });

  it('believes no more than MAX_RANGES ranges, and those that join others always', () => {
    const log = new Flight();
    const told = new Told(0);
    log.clear(0);
    log.push(10_000, 1);
    for (let i = 0; i < 600; i++) log.sack(i * 10 + 1, i * 10 + 3, told);
    expect([log.ranges, log.sackedBytes]).toEqual([MAX_RANGES, 2 * MAX_RANGES]);
    log.sack(3, 11, told);
    expect([log.ranges, log.sackedBytes]).toEqual([MAX_RANGES - 1, 2 * MAX_RANGES + 8]);
  });
});
