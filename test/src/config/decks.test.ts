/** Every rule has a deck in test/decks/bad; EXPECTED.txt there says where each finding stands, all of them, in order. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseDecks } from '../../../src/config/index.ts';
import { rules } from '../../../src/config/rules.ts';

const bad = new URL('../../decks/bad/', import.meta.url);
const good = new URL('../../decks/good/', import.meta.url);

function load(folder: URL, name: string) {
  return { name, text: new Uint8Array(readFileSync(new URL(name, folder))) };
}

function findingsOf(...files: ReturnType<typeof load>[]): string[] {
  return parseDecks(files).findings.map((f) => `${f.at.line}:${f.at.column} ${f.severity} ${f.rule}`);
}

const expected = new Map<string, string[]>();
let current: string[] = [];
for (const line of readFileSync(new URL('EXPECTED.txt', bad), 'utf8').trimEnd().split('\n')) {
  if (line.startsWith('  ')) current.push(line.trim());
  else expected.set(line, (current = []));
}
const badNames = readdirSync(bad).filter((name) => name.endsWith('.deck'));
const goodNames = readdirSync(good);

describe('wrong decks', () => {
  it('each has its expected findings', () => {
    expect([...expected.keys()].sort()).toEqual([...badNames].sort());
  });

  it.each(badNames)('%s', (name) => {
    const wanted = expected.get(name)!;
    expect(wanted.some((line) => line.endsWith(name.slice(0, 6)))).toBe(true);
    expect(findingsOf(load(bad, name))).toEqual(wanted);
  });

  it('every rule has a deck, but for the one about files of more than 4 MiB', () => {
    const shown = new Set(badNames.map((name) => name.slice(0, 6)));
    expect(Object.keys(rules).filter((rule) => !shown.has(rule))).toEqual(['TW1009']);
    const big = { name: 'big', text: new Uint8Array(4 * 1024 * 1024 + 1).fill(0x2a) };
    expect(findingsOf(big)).toEqual(['1:1 error TW1009']);
  });

  it('an empty file, and one with job control only, have no statement', () => {
    for (const text of ['', '\n\n', '// JOB A\n/&\n']) {
      expect(findingsOf({ name: 'x', text: new TextEncoder().encode(text) })).toEqual(['1:1 error TW1002']);
    }
  });

  it('an UTF-16 file is called one', () => {
    const text = new Uint8Array(Buffer.from('\ufeff// EXEC BSTTINET\n', 'utf16le'));
    const [finding] = parseDecks([{ name: 'x', text }]).findings;
    expect(finding).toMatchObject({ rule: 'TW1001', help: 'if it is UTF-16, save it as UTF-8' });
  });
});

describe('right decks', () => {
  it.each(goodNames)('%s alone has neither error nor warning', (name) => {
    expect(findingsOf(load(good, name)).filter((line) => !line.includes(' note '))).toEqual([]);
  });

  it('all together have only the note about sequence numbers', () => {
    expect(findingsOf(...goodNames.map((name) => load(good, name)))).toEqual(['1:73 note TW1007']);
  });
});
