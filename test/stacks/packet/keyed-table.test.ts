import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyedTable } from '../../../stacks/packet/keyed-table.ts';
import { environment } from '../ipv4/net.ts';

describe('KeyedTable', () => {
  it('behaves as a map', () => {
    const step = fc.record({ set: fc.boolean(), a: fc.integer({ min: -6, max: 6 }), b: fc.nat(3) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), fc.integer(), (steps, seed) => {
        const table = new KeyedTable<number>(2, environment(seed).random);
        const model = new Map<string, number>();
        steps.forEach(({ set, a, b }, i) => {
          table.key[0] = a;
          table.key[1] = b;
          const key = `${a},${b}`;
          expect(table.get()).toBe(model.get(key));
          if (set) {
            table.set(i);
            model.set(key, i);
          } else {
            expect(table.delete()).toBe(model.delete(key));
          }
          expect(table.size).toBe(model.size);
        });
        expect([...table.values()].sort()).toEqual([...model.values()].sort());
        for (const [key, value] of model) {
          table.key.set(key.split(',').map(Number));
          expect(table.get()).toBe(value);
        }
      }),
    );
  });

  it('forgets all', () => {
    const table = new KeyedTable<number>(1, environment().random);
    for (let i = 0; i < 1_000; i++) {
      table.key[0] = i;
      table.set(i);
    }
    expect(table.size).toBe(1_000);
    table.clear();
    expect([table.size, table.get(), [...table.values()]]).toEqual([0, undefined, []]);
  });
});
