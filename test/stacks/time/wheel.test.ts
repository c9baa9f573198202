import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Clock } from '../../../stacks/time/clock.ts';
import { Wheel, type WheelEntry } from '../../../stacks/time/wheel.ts';

/** A sorted list, the plainest thing that could be right. */
class Plain {
  list: { id: number; at: number; order: number }[] = [];
  #order = 0;
  arm(id: number, at: number): void {
    this.disarm(id);
    this.list.push({ id, at, order: this.#order++ });
    this.list.sort((x, y) => x.at - y.at || x.order - y.order);
  }
  disarm(id: number): void {
    this.list = this.list.filter((each) => each.id !== id);
  }
}

const TIMERS = 12;
/** Delays of every size: of the past, within a µs, on every level, beyond the last. */
const delay = fc.oneof(
  fc.integer({ min: -1_000, max: 1_000 }),
  fc.constantFrom(0, 0.25, 0.5, 0.75, 1.5, 255, 256, 257, 65_535, 65_536, 2 ** 24 - 1, 2 ** 24, 2 ** 24 + 1),
  fc.tuple(fc.integer({ min: 0, max: 50 }), fc.nat(255)).map(([power, n]) => Math.floor(2 ** power) + n),
);
const operation = fc.oneof(
  fc.record({ kind: fc.constant('arm' as const), timer: fc.nat(TIMERS - 1), delay }),
  fc.record({ kind: fc.constant('disarm' as const), timer: fc.nat(TIMERS - 1) }),
  fc.record({ kind: fc.constant('advance' as const), delay }),
  fc.record({ kind: fc.constant('step' as const) }),
  fc.record({ kind: fc.constant('look' as const) }),
);

describe('the timing wheel', () => {
  it('agrees with a sorted list, whatever is done to it and however far time jumps', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 120 }), (operations) => {
        const clock = new Clock();
        const plain = new Plain();
        const fired: [number, number][] = [];
        const wanted: [number, number][] = [];
        let now = 0;
        const timers = Array.from({ length: TIMERS }, (_, i) =>
          clock.timer(() => fired.push([i, clock.now])),
        );
        const fireFirst = () => {
          const { id, at } = plain.list.shift()!;
          now = Math.max(now, at);
          wanted.push([id, now]);
        };
        for (const each of operations) {
          if (each.kind === 'arm') {
            timers[each.timer]!.armIn(each.delay);
            plain.arm(each.timer, now + each.delay);
          } else if (each.kind === 'disarm') {
            timers[each.timer]!.disarm();
            plain.disarm(each.timer);
          } else if (each.kind === 'advance') {
            const to = now + each.delay;
            clock.advance(to);
            while (plain.list.length > 0 && plain.list[0]!.at <= to) fireFirst();
            now = Math.max(now, to);
          } else if (each.kind === 'step') {
            expect(clock.step()).toBe(plain.list.length > 0);
            if (plain.list.length > 0) fireFirst();
          } else {
            expect(clock.nextDeadline()).toBe(plain.list[0]?.at ?? Number.POSITIVE_INFINITY);
          }
          expect(clock.now).toBe(now);
          expect(clock.foreground).toBe(plain.list.length);
        }
        while (clock.step()) fireFirst();
        expect(fired).toEqual(wanted);
        expect(plain.list).toEqual([]);
      }),
      { numRuns: 1_000, seed: 9 },
    );
  });

  it('takes a hundred thousand timers and gives them back in order', () => {
    const wheel = new Wheel<WheelEntry & { order: number }>();
    let x = 1;
    for (let order = 0; order < 100_000; order++) {
      x = (Math.imul(x, 1_103_515_245) + 12_345) >>> 0;
      const entry = { deadline: x >>> (x & 15), slot: -1, next: undefined, previous: undefined, order };
      wheel.add(entry, 0);
    }
    let last = { deadline: -1, order: -1 };
    for (let n = 0; n < 100_000; n++) {
      const entry = wheel.due(Number.POSITIVE_INFINITY)!;
      wheel.remove(entry);
      const later = entry.deadline > last.deadline || entry.order > last.order;
      if (entry.deadline < last.deadline || !later) expect(entry).toBe(last);
      last = entry;
    }
    expect([wheel.size, wheel.due(Number.POSITIVE_INFINITY)]).toEqual([0, undefined]);
  });
});
