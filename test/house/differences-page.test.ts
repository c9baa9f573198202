/** docs/differences.md is made from the table that the comparison with Linux is held to. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { page } from '../interop/differential/table.ts';
import { vectors } from '../interop/differential/vectors.ts';

const PAGE = 'docs/differences.md';

it('docs/differences.md shows the table as it is', () => {
  const text = page(vectors().length);
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(PAGE, text);
  else expect(readFileSync(PAGE, 'utf8')).toBe(text);
});
