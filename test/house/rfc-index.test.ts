/** The index at the end of stacks/README.md is what the comments say. `UPDATE_DOCS=1 npx vitest run test/house` writes it. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const PAGE = 'stacks/README.md';
const HEADING = '## Where each RFC lives\n';

function index(): string {
  const files = readdirSync('stacks', { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts'));
  const byRfc = new Map<number, string[]>();
  for (const file of files.sort()) {
    const text = readFileSync(join('stacks', file), 'utf8');
    const named = new Set([...text.matchAll(/\bRFC (\d{3,4})\b/g)].map((match) => Number(match[1])));
    for (const rfc of named) byRfc.set(rfc, [...(byRfc.get(rfc) ?? []), file]);
  }
  const rows = [...byRfc]
    .sort(([a], [b]) => a - b)
    .map(([rfc, where]) => `| ${rfc} | ${where.map((f) => `[${f}](${f})`).join(', ')} |`);
  return `\nMade from the comments by \`UPDATE_DOCS=1 npx vitest run test/house\`.\n\n| RFC | files |\n|---|---|\n${rows.join('\n')}\n`;
}

it('stacks/README.md lists the RFCs that the files cite', () => {
  const page = readFileSync(PAGE, 'utf8');
  const head = page.slice(0, page.indexOf(HEADING) + HEADING.length);
  const wanted = head + index();
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(PAGE, wanted);
  else expect(page).toBe(wanted);
});
