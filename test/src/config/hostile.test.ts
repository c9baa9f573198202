/** Whatever a file contains, parsing ends soon, without a throw, with a bounded number of findings that point into it. */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findingsToGithub, parseDecks, renderFindings } from '../../../src/config/index.ts';
import { MAX_FINDINGS } from '../../../src/config/report.ts';
import { actions, programs, statements } from '../../../src/config/table.ts';

const MEGABYTE = 1_000_000;

function survives(text: string | Uint8Array): void {
  const sources = [{ name: 'junk', text }];
  const { findings } = parseDecks(sources);
  expect(findings.length).toBeLessThanOrEqual(MAX_FINDINGS + 1);
  for (const { at, length } of findings) {
    expect(at.file).toBe('junk');
    expect(Math.min(at.line, at.column, length)).toBeGreaterThanOrEqual(1);
  }
  const shown = renderFindings(findings, sources, { color: false });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that none gets through is what is tested
  expect(shown).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f]/);
  findingsToGithub(findings);
}

const good = new URL('../../decks/good/', import.meta.url);
const decks = readdirSync(good).map((name) => readFileSync(new URL(name, good), 'utf8'));
const words = [
  ...statements.flatMap((s) => [s.name, ...s.example.split(' ')]),
  ...actions.flatMap((a) => a.example.split(' ')),
  ...programs.map((p) => `\n// EXEC ${p.name}\n`),
  ...[
    '\n',
    '\n',
    '\n',
    ' ',
    '*',
    '/*',
    '/&',
    '/+',
    '//',
    '* $$ JOB',
    '// OPTION',
    "SYSPARM='01'",
    '..',
    '::',
    '/',
    '\t',
  ],
];

describe('fuzz', () => {
  it('bytes', () => fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), survives), { numRuns: 500 }));

  it('text', () =>
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 400 }), survives), { numRuns: 500 }));

  it('words of the table in any order', () => {
    const text = fc
      .array(fc.constantFrom(...words), { maxLength: 120 })
      .map((list) => list.join(' ').replace(/\n /g, '\n'));
    fc.assert(fc.property(text, survives), { numRuns: 1500 });
  });

  it('decks with a wrong piece', () => {
    const change = fc.tuple(
      fc.constantFrom(...decks),
      fc.nat(),
      fc.nat({ max: 12 }),
      fc.string({ maxLength: 6 }),
    );
    const text = change.map(([deck, at, cut, put]) => {
      const place = at % deck.length;
      return deck.slice(0, place) + put + deck.slice(place + cut);
    });
    fc.assert(fc.property(text, survives), { numRuns: 1500 });
  });
});

/** ms of this process, which a busy machine does not stretch. */
function cpuTime(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

describe('a megabyte', () => {
  const head = '// EXEC BSTTINET\nID 01\nDEVICE A WIRE LAN\nLINK A 0 10.0.0.1 255.0.0.0 1500\n';
  const filled = (line: string, start = head) =>
    start + `${line}\n`.repeat(Math.ceil(MEGABYTE / (line.length + 1)));
  const numbered = (line: (n: number) => string) => {
    const lines = [head];
    for (let n = 0, size = 0; size < MEGABYTE; n++) size += lines[lines.push(`${line(n)}\n`) - 1]!.length;
    return lines.join('');
  };
  const cases: Record<string, string | Uint8Array> = {
    'of one byte': new Uint8Array(MEGABYTE).fill(0x41),
    'of bytes': Uint8Array.from({ length: MEGABYTE }, (_, i) => (i * 2_654_435_761) >>> 24 || 1),
    'of short junk': filled('x'),
    'of short junk without EXEC': filled('x', ''),
    'of one blank': ' '.repeat(MEGABYTE),
    'of stars': filled('*'),
    'of ends': filled('/*\nx', ''),
    'of jobs': filled('// EXEC BSTTINET', ''),
    'of foreign programs': filled('// EXEC BSTTINETT', ''),
    'of unknown job control': filled('// EXCE', ''),
    'of lines without an end': filled('LINK A 0 10.0.0.1'),
    'of tokens on one line': `${head}${'a '.repeat(MEGABYTE / 2)}`,
    'of links': numbered((n) => `LINK A ${n % 256} 10.${(n >> 8) & 255}.${n & 255}.1 255.255.255.0 1500`),
    'of devices': numbered((n) => `DEVICE D${n} WIRE S${n}`),
    'of routes': numbered((n) => `ROUTE A 10.${(n >> 8) & 255}.${n & 255}.0 255.255.255.0 11.0.0.1 1`),
    'of direct routes and gateways outside': numbered((n) =>
      n % 2 === 0
        ? `ROUTE A 11.${(n >> 8) & 255}.${n & 255}.0 255.255.255.0 0.0.0.0 0`
        : `ROUTE A 12.0.${n & 255}.0 255.255.255.0 13.0.0.1 1`,
    ),
    'of hosts': numbered((n) => `HOST H${n} 10.1.1.1`),
    'of pings to names nobody knows': numbered((n) => `AT 1S PING H${n}`),
    'of segments': numbered((n) => `SEGMENT S${n} DELAY 1MS`),
  };

  it.each(Object.keys(cases))('%s', { timeout: 20_000 }, (name) => {
    const whole = cases[name]!;
    const quarter = cpuTime(() => survives(whole.slice(0, MEGABYTE / 4)));
    // Four times the input, four times the work: sixteen times would be quadratic. A little work is all noise.
    expect(cpuTime(() => survives(whole))).toBeLessThan(10 * Math.max(quarter, 100));
  });
});
