/** docs/scripts.md counts the scripts by what they cite. `UPDATE_DOCS=1 npx vitest run test/house` writes it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { expect, it } from 'vitest';
import {
  CLOSED_CASES,
  caseName,
  impossible,
  LISTEN_CASES,
  OTHER_CASES,
  OTHER_STATES,
  SYN_SENT_CASES,
  scriptsByCase,
} from '../scripts/arrivals.ts';
import { files } from '../scripts/collection.ts';
import { HOSTILE } from './hostile-rows.ts';

const PAGE = 'docs/scripts.md';
/** What the page says of scripts from elsewhere. */
const FOREIGN = 'test/scripts/foreign.md';

const scriptName = (file: string): string => `${basename(dirname(file))}/${basename(file, '.pkt')}`;
const names = new Set(files.map(scriptName));
const byCase = scriptsByCase(files);

/** How many cases a script meets: the fewer, the more it is about them. */
const breadth = new Map<string, number>();
for (const list of byCase.values()) for (const name of list) breadth.set(name, (breadth.get(name) ?? 0) + 1);

/** The script that is most about it, and how many others there are. */
function shown(found: readonly string[]): string {
  const rank = (name: string): number => breadth.get(name)! + (name.startsWith('arrives/') ? 0 : 100);
  const [first] = [...found].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  if (first === undefined) return 'none';
  return found.length === 1 ? first : `${first} (+${found.length - 1})`;
}

function arrivals(): string[] {
  const early = [
    ['CLOSED', CLOSED_CASES],
    ['LISTEN', LISTEN_CASES],
    ['SYN-SENT', SYN_SENT_CASES],
  ] as const;
  const one = early.flatMap(([state, cases]) =>
    cases.map((name) => `| ${state} | ${name} | ${shown(byCase.get(caseName(state, name)) ?? [])} |`),
  );
  const late = OTHER_STATES.flatMap((state) =>
    OTHER_CASES.map((name) => {
      const why = impossible(state, name);
      const cell = why === undefined ? shown(byCase.get(caseName(state, name)) ?? []) : `cannot be: ${why}`;
      return `| ${state} | ${name} | ${cell} |`;
    }),
  );
  return ['| state | segment | script |', '|---|---|---|', ...one, ...late];
}

function hostile(): string[] {
  return HOSTILE.flatMap(([kind, rows]) => [
    `| **${kind}** | |`,
    ...rows.map(({ attack, evidence }) => `| ${attack} | ${evidence.join(', ')} |`),
  ]);
}

function page(): string {
  const byRule = new Map<string, string[]>();
  const differs: string[] = [];
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    const rule = /^\/\/ (RFC \d+|POSIX|\w+\(\d\))/.exec(text)?.[1] ?? 'no rule';
    const name = scriptName(file);
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
    '## Words of our own',
    '',
    'packetdrill has no words for packets that no honest peer sends, nor for the user timeout option. Ours stand among the',
    'IP fields, `< [bad-checksum] . 1:11(10) ack 1 win 1000`, and among the TCP options, `<mss 1460,raw 0200>`:',
    '',
    '| word | what it says |',
    '|---|---|',
    '| `[bad-checksum]` | the TCP checksum is wrong |',
    '| `[land]` | source address and port are those of the destination |',
    '| `[data-offset n]` | the header says that it has n words; the checksum fits |',
    '| `[runt n]` | only n bytes of the segment came, and IP says so |',
    '| `[length n]` | the IP header says n bytes more (or less) than came |',
    '| `<raw hex>` | bytes of an option as they stand, kind and length among them |',
    '| `<uto 90s>`, `<uto 5m>` | user timeout option, RFC 5482 §3.2 |',
    '',
    '## Whatever arrives',
    '',
    'Each attack, and the scripts and tests (below `test/`) that play it:',
    '',
    '| attack | played by |',
    '|---|---|',
    ...hostile(),
    '',
    '## SEGMENT ARRIVES',
    '',
    'RFC 9293 §3.10.7, case by case. The scripts were played, and each packet was held against the state that it met; the',
    'script shown is the one that meets the fewest other cases.',
    '',
    ...arrivals(),
    '',
    '## Where Linux differs',
    '',
    '| script | how |',
    '|---|---|',
    ...differs,
    '',
    readFileSync(FOREIGN, 'utf8').trimEnd(),
    '',
  ].join('\n');
}

it('every case of SEGMENT ARRIVES is met by a script', () => {
  expect(arrivals().filter((line) => line.endsWith('| none |'))).toEqual([]);
});

it('every attack is played by scripts and tests that are there', () => {
  const missing = HOSTILE.flatMap(([, rows]) => rows)
    .flatMap(({ evidence }) => evidence)
    .filter((said) => {
      const [file, title] = said.split(/: (.*)/s);
      return title === undefined ? !names.has(said) : !readFileSync(`test/${file}`, 'utf8').includes(title);
    });
  expect(missing).toEqual([]);
});

it('docs/scripts.md lists the scripts as they are', () => {
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(PAGE, page());
  else expect(readFileSync(PAGE, 'utf8')).toBe(page());
});
