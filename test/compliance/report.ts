/** The table of requirements as text: one line a case, the counts, and the page `docs/compliance.md`. */
import { type Case, casesOf, type Row, type Shown } from './table.ts';

const VERDICTS: readonly Shown['as'][] = ['pass', 'differs', 'not observable', 'failing'];

export function lineOf({ row, family, rule }: Case): string {
  return `${row.role} ${family} RFC ${rule.rfc} ${rule.section} ${rule.level}: ${row.says}`;
}

function count(cases: readonly Case[], verdict: Shown['as']): number {
  return cases.filter(({ row }) => row.shown.as === verdict).length;
}

function countRow(name: string, cases: readonly Case[]): string {
  return `| ${[name, cases.length, ...VERDICTS.map((verdict) => count(cases, verdict))].join(' | ')} |`;
}

const HEAD = ['requirements', ...VERDICTS].join(' | ');

/** By suite and family. */
export function counts(cases: readonly Case[]): string {
  const groups = (['host', 'router'] as const).flatMap((role) =>
    (['ipv4', 'ipv6'] as const).map((family) =>
      countRow(
        `${role}, ${family === 'ipv4' ? 'IPv4' : 'IPv6'}`,
        cases.filter((each) => each.row.role === role && each.family === family),
      ),
    ),
  );
  return [`| suite | ${HEAD} |`, '|---|---|---|---|---|---|', ...groups, countRow('all', cases)].join('\n');
}

/** `docs/compliance.md`. */
export function page(rows: readonly Row[]): string {
  const cases = casesOf(rows);
  const rfcs = [...new Set(cases.map(({ rule }) => rule.rfc))].sort((a, b) => a - b);
  return [
    '# What the standards ask, and what the stacks do',
    '',
    'Each row is one requirement of an RFC in our own words. It is shown by a small test of its own in `test/compliance`:',
    'frames in, frames out, states seen, in virtual time; the frames are built and read by code that shares nothing with the',
    'stacks. A rule that both families have is one row, shown on both. TCP is shown by the [scripts](scripts.md).',
    '',
    '- **pass**: the test shows that the rule holds.',
    '- **differs**: not met, on purpose, for the reason given; the test shows the difference and fails when it is gone.',
    '- **not observable**: nothing that packets and states could show, for the reason given.',
    '- **failing**: not met, and it should be; the test fails as soon as it is.',
    '',
    '`npm run compliance` judges every row and prints this table (`-- --json`, `-- --tap`, `-- "RFC 4861"` for some).',
    'The page is written by `UPDATE_DOCS=1 npx vitest run test/house`.',
    '',
    '## Counts',
    '',
    counts(cases),
    '',
    `| RFC | ${HEAD} |`,
    '|---|---|---|---|---|---|',
    ...rfcs.map((rfc) =>
      countRow(
        String(rfc),
        cases.filter(({ rule }) => rule.rfc === rfc),
      ),
    ),
    '',
    ...section('Where the stacks differ', rows, 'differs'),
    ...section('What fails', rows, 'failing'),
    ...section('What cannot be seen', rows, 'not observable'),
    '## The table',
    '',
    ...(['host', 'router'] as const).flatMap((role) =>
      suite(
        role,
        rows.filter((row) => row.role === role),
      ),
    ),
  ].join('\n');
}

function section(title: string, rows: readonly Row[], verdict: Shown['as']): string[] {
  const some = rows.filter(({ shown }) => shown.as === verdict);
  if (some.length === 0) return [];
  const lines = some.map(
    (row) => `| ${rules(row)} | ${row.role} | ${row.says} | ${'why' in row.shown ? row.shown.why : ''} |`,
  );
  return [`## ${title}`, '', '| rule | suite | requirement | why |', '|---|---|---|---|', ...lines, ''];
}

function suite(role: string, rows: readonly Row[]): string[] {
  return [...new Set(rows.map(({ topic }) => topic))].flatMap((topic) => [
    `### ${role === 'host' ? 'Host' : 'Router'}: ${topic}`,
    '',
    '| IPv4 | IPv6 | requirement | shown |',
    '|---|---|---|---|',
    ...rows.filter((row) => row.topic === topic).map(tableRow),
    '',
  ]);
}

function tableRow({ rules: { ipv4, ipv6 }, says, shown, logo }: Row): string {
  const rule = (one: typeof ipv4): string =>
    one === undefined ? '' : `RFC ${one.rfc} ${one.section} ${one.level}`;
  return `| ${rule(ipv4)} | ${rule(ipv6)} | ${says}${logo === undefined ? '' : ` *(IPv6 Ready: ${logo})*`} | ${shown.as} |`;
}

function rules({ rules: { ipv4, ipv6 } }: Row): string {
  return [ipv4, ipv6]
    .flatMap((one) => (one === undefined ? [] : [`RFC ${one.rfc} ${one.section} ${one.level}`]))
    .join(', ');
}
