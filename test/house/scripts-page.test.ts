/** docs/scripts.md counts the scripts by what they cite. `UPDATE_DOCS=1 npx vitest run test/house` writes it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { expect, it } from 'vitest';
import { files } from '../scripts/collection.ts';

const PAGE = 'docs/scripts.md';

function page(): string {
  const byRule = new Map<string, string[]>();
  const differs: string[] = [];
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    const rule = /^\/\/ (RFC \d+|POSIX|\w+\(\d\))/.exec(text)?.[1] ?? 'no rule';
    const name = `${basename(dirname(file))}/${basename(file, '.pkt')}`;
    byRule.set(rule, [...(byRule.get(rule) ?? []), name]);
    const why = /^\/\/ Linux differs: (.*)$/m.exec(text)?.[1];
    if (why !== undefined) differs.push(`| ${name} | ${why} |`);
  }
  const number = (rule: string): number => Number(/\d+/.exec(rule.startsWith('RFC') ? rule : '99999')?.[0]);
  const rules = [...byRule].sort(([a], [b]) => number(a) - number(b) || (a < b ? -1 : 1));
  return [
    '# TCP in scripts',
    '',
    'Each script in `test/scripts` shows one rule and names it in its first line. `twinstack test test/scripts` plays them to',
    'our stack over IPv4, IPv6 and through a couple; `twinstack test --kernel test/scripts` plays them to the Linux kernel',
    'of the machine (as root), so that a second implementation checks how the RFC was read.',
    '',
    'This page is written by `UPDATE_DOCS=1 npx vitest run test/house`.',
    '',
    `${files.length} scripts, by the rule that each names first:`,
    '',
    '| rule | scripts | which |',
    '|---|---|---|',
    ...rules.map(([rule, names]) => `| ${rule} | ${names.length} | ${names.join(', ')} |`),
    '',
    '## Where Linux differs',
    '',
    '| script | how |',
    '|---|---|',
    ...differs,
    '',
  ].join('\n');
}

it('docs/scripts.md lists the scripts as they are', () => {
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(PAGE, page());
  else expect(readFileSync(PAGE, 'utf8')).toBe(page());
});
