/** docs/compliance.md is what the rows of test/compliance say. `UPDATE_DOCS=1 npx vitest run test/house` writes it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { lineOf, page } from '../compliance/report.ts';
import { rows } from '../compliance/rows/index.ts';
import { casesOf } from '../compliance/table.ts';

const PAGE = 'docs/compliance.md';

it('docs/compliance.md lists the requirements as they are shown', () => {
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(PAGE, page(rows));
  else expect(readFileSync(PAGE, 'utf8')).toBe(page(rows));
});

it('no requirement stands twice', () => {
  const lines = casesOf(rows).map(lineOf);
  expect(lines.filter((line, i) => lines.indexOf(line) !== i)).toEqual([]);
});
