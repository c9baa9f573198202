import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Clock } from '../../../stacks/time/clock.ts';

describe('Clock', () => {
  it('fires by deadline, and by arming order where deadlines are equal', () => {
    const clock = new Clock();
    const fired: string[] = [];
    const timer = (name: string) => clock.timer(() => fired.push(`${name}@${clock.now}`));
    const a = timer('a');
    const b = timer('b');
    const c = timer('c');
    a.armIn(20);
    b.armIn(10);
    c.armIn(10);
    b.armIn(10); // re-armed: now behind c
    expect(clock.nextDeadline()).toBe(10);
    clock.advance(30);
    expect(fired).toEqual(['c@10', 'b@10', 'a@20']);
    expect(clock.now).toBe(30);
    expect(clock.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
  });

  it('counts what keeps a lab running and tells when somebody who sleeps must look again', () => {
    const clock = new Clock();
    let woken = 0;
    clock.onEarlier = () => woken++;
    const ageing = clock.timer(() => {}, { background: true });
    const work = clock.timer(() => {});
    ageing.armIn(5);
    expect([clock.foreground, woken]).toEqual([0, 1]);
    work.armIn(50);
    expect([clock.foreground, woken]).toEqual([1, 2]);
    work.armIn(60);
    expect([clock.foreground, woken]).toEqual([1, 2]);
    work.disarm();
    expect(clock.foreground).toBe(0);
  });

  it('fires exactly what is armed, in order, whatever is armed and disarmed', () => {
    const operation = fc.record({ timer: fc.nat(9), delay: fc.option(fc.nat(100), { nil: undefined }) });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
        const clock = new Clock();
        const fired: [number, number][] = [];
        const timers = Array.from({ length: 10 }, (_, i) => clock.timer(() => fired.push([clock.now, i])));
        const model = new Map<number, { at: number; order: number }>();
        operations.forEach(({ timer, delay }, order) => {
          if (delay === undefined) {
            timers[timer]!.disarm();
            model.delete(timer);
          } else {
            timers[timer]!.armIn(delay);
            model.set(timer, { at: delay, order });
          }
        });
        expect(clock.foreground).toBe(model.size);
        clock.advance(1_000);
        const wanted = [...model].sort(([, x], [, y]) => x.at - y.at || x.order - y.order);
        expect(fired).toEqual(wanted.map(([i, { at }]) => [at, i]));
        expect(clock.foreground).toBe(0);
      }),
    );
  });
});
