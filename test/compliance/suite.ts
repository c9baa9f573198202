/** The rows of one suite as tests, on each family that has the rule. */
import { describe, expect, it } from 'vitest';
import { rows } from './rows/index.ts';
import { casesOf, judge, type Role } from './table.ts';

export function suite(role: Role): void {
  const cases = casesOf(rows).filter(({ row }) => row.role === role);
  for (const topic of new Set(cases.map(({ row }) => row.topic))) {
    describe(topic, () => {
      for (const each of cases.filter(({ row }) => row.topic === topic)) {
        const { row, family, rule } = each;
        if (row.shown.as === 'not observable') continue;
        const how = row.shown.as === 'pass' ? '' : ` [${row.shown.as}]`;
        it(`${family}, RFC ${rule.rfc} ${rule.section}: ${row.says}${how}`, () => {
          expect(judge(each)).toBeUndefined();
        });
      }
    });
  }
}
