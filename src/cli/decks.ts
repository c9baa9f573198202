import { readFileSync } from 'node:fs';
import type { Deck } from '../config/deck.ts';
import { parseDecks, renderFindings } from '../config/index.ts';
import { UsageError } from './exit.ts';

export interface DeckFile {
  readonly name: string;
  readonly text: Uint8Array;
}

/** Reads every deck. @throws UsageError that names the file and says what is wrong with it. */
export function readDecks(paths: readonly string[]): DeckFile[] {
  return paths.map((path) => {
    try {
      return { name: path, text: readFileSync(path === '-' ? 0 : path) };
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      const why = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'is a directory' : String(code);
      throw new UsageError(`cannot read deck ${path}: ${why}`);
    }
  });
}

/** Parses decks for a command that runs them: findings go to stderr, an error ends the command before anything starts. */
export function loadDecks(paths: readonly string[], color: boolean): Deck {
  const files = readDecks(paths);
  const deck = parseDecks(files);
  const errors = deck.findings.filter((f) => f.severity === 'error').length;
  const loud = deck.findings.filter((f) => f.severity !== 'note');
  if (loud.length > 0) process.stderr.write(`${renderFindings(loud, files, { color })}\n`);
  if (errors > 0) {
    throw new UsageError(`${errors} error${errors === 1 ? '' : 's'} in the deck, nothing was started`);
  }
  const placeholder = deck.findings.find((f) => f.rule === 'TW1213');
  if (placeholder !== undefined) {
    const { file, line, column } = placeholder.at;
    throw new UsageError(`${file}:${line}:${column}: a placeholder must be filled in before running`);
  }
  if (deck.stacks.length === 0)
    throw new UsageError('the deck has no stack: // EXEC BSTTINET or // EXEC BSTT6NET starts one');
  return deck;
}
