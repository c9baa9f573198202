/** The table held against what was seen, and the page that shows it. */
import { type Difference, IGNORED } from './compare.ts';
import { GENERATED, ROWS, type Row } from './differences.ts';

export interface Found extends Difference {
  readonly name: string;
}

const matches = (pattern: string, text: string): boolean => {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(text);
};

const isLike = (row: Difference, { ours, linux }: Difference): boolean =>
  matches(row.ours, ours) && matches(row.linux, linux);

const isAbout = (row: Row, found: Found): boolean =>
  row.vectors.some((pattern) => matches(pattern, found.name)) && isLike(row, found);

/** What is wrong with the table: differences in no row, and rows that do not fit so many as they say. */
export function complaints(found: readonly Found[]): string[] {
  const counts = new Map<Row, number>();
  const lines: string[] = [];
  for (const difference of found) {
    const row = ROWS.find((candidate) => isAbout(candidate, difference));
    if (row === undefined)
      lines.push(`${difference.name}: ours ${difference.ours}; Linux ${difference.linux}`);
    else counts.set(row, (counts.get(row) ?? 0) + 1);
  }
  for (const row of ROWS) {
    const count = counts.get(row) ?? 0;
    if (count !== row.count)
      lines.push(`${row.vectors.join(', ')}: ${count} vectors differ so, the table says ${row.count}`);
  }
  return lines;
}

/** The same for generated vectors. */
export function complaintsOfGenerated(found: readonly Found[]): string[] {
  const used = new Set<object>();
  const lines: string[] = [];
  for (const difference of found) {
    const row = GENERATED.find((candidate) => isLike(candidate, difference));
    if (row === undefined)
      lines.push(`${difference.name}: ours ${difference.ours}; Linux ${difference.linux}`);
    else used.add(row);
  }
  for (const row of GENERATED)
    if (!used.has(row)) lines.push(`nothing generated differs so: ${row.ours} | ${row.linux}`);
  return lines;
}

export function page(vectors: number): string {
  const differ = ROWS.reduce((sum, { count }) => sum + count, 0);
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  return [
    '# Where our hosts answer otherwise than Linux',
    '',
    `${vectors} packets and conversations of both families, good ones and broken ones, are given to our host in virtual time and`,
    'to the Linux kernel behind a TUN or TAP; the answers are compared field by field, and what reaches the program as well.',
    `${vectors - differ} are answered alike, ${differ} are not, and each of those stands in this table with the rule behind ours.`,
    '`test/interop/differential.test.ts` fails for a difference that is not here, and for a line that no longer is one.',
    '',
    `Not compared: ${IGNORED.join(', ')} (\`test/interop/differential/compare.ts\` says why).`,
    '',
    'This page is written by `UPDATE_DOCS=1 npx vitest run test/house`.',
    '',
    '| what | packets | ours | Linux | rule | why |',
    '|---|---|---|---|---|---|',
    ...ROWS.map(({ vectors: names, count, ours, linux, rule, why }) =>
      ['', names.join('; '), String(count), ours, linux, rule, why, ''].map(cell).join(' | ').trim(),
    ),
    '',
    '## Generated packets',
    '',
    'Packets of the list, bent by the mutators of the fuzzer (`test/fuzz`), differ in these ways and no other.',
    '',
    '| ours | Linux | rule | why |',
    '|---|---|---|---|',
    ...GENERATED.map(({ ours, linux, rule, why }) =>
      ['', ours, linux, rule, why, ''].map(cell).join(' | ').trim(),
    ),
    '',
  ].join('\n');
}
