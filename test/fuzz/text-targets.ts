/** The languages: decks of statements, and packetdrill scripts. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDecks, renderFindings } from '../../src/config/index.ts';
import { programs } from '../../src/config/table.ts';
import { parseScript } from '../../src/script/parse.ts';
import { ScriptError } from '../../src/script/scanner.ts';
import { broken } from './broken.ts';
import { root } from './corpus.ts';
import type { Target } from './target.ts';

/** Larger seeds teach nothing that the smaller do not. */
const MOST_SEED = 2_000;

function texts(folder: string, suffix: string): Uint8Array[] {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith(suffix))
    .sort()
    .map((file) => readFileSync(join(root, folder, file)))
    .filter(({ length }) => length <= MOST_SEED);
}

/** Made at the first call: most runs fuzz something else. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

const words = (lists: readonly Uint8Array[]): string[] => [
  ...new Set(lists.flatMap((text) => Buffer.from(text).toString('latin1').split(/\s+/))),
];

const deckSeeds = once(() => [...texts('test/decks', '.deck'), ...texts('labs', '.deck')]);
const deckWords = once(() => [...words(deckSeeds()), ...programs.map((p) => p.name), ...ODD]);

const ODD = [
  '',
  '\t',
  '//',
  '/*',
  '*/',
  '0',
  '-1',
  '65536',
  '4294967296',
  '1e309',
  "'",
  '"',
  ',',
  '::',
  '1.2.3.4.5',
  '\u00e9',
];

const deck: Target = {
  name: 'deck',
  says: 'the parser of statements',
  grammar: {
    format: 'text',
    get words() {
      return deckWords();
    },
  },
  seeds: deckSeeds,
  run(input, deep) {
    const { findings } = parseDecks([{ name: 'input.deck', text: input }]);
    if (findings.length > 101) broken(`${findings.length} findings`);
    for (const { at } of findings) {
      if (at.line < 1 || at.column < 1) broken(`a finding at line ${at.line}, column ${at.column}`);
    }
    if (deep) renderFindings(findings, [{ name: 'input.deck', text: input }], { color: false });
  },
};

const scriptSeeds = once(() => texts('test/scripts', '.pkt').filter((_, i) => i % 4 === 0));
const scriptWords = once(() => [...words(scriptSeeds()), ...ODD]);

const script: Target = {
  name: 'script',
  says: 'the parser of packetdrill scripts',
  grammar: {
    format: 'text',
    get words() {
      return scriptWords();
    },
  },
  seeds: scriptSeeds,
  run(input) {
    try {
      parseScript('input.pkt', Buffer.from(input).toString('latin1'));
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error;
      if (error.message === '') broken('a finding without a word');
    }
  },
};

export const TEXT_TARGETS: readonly Target[] = [deck, script];
