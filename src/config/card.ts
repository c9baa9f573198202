/**
 * Lines to cards: a card is one line with its place, a token is what stands between blanks.
 *
 * Sequence numbers: a line of exactly 80 columns whose column 72 is blank and whose columns 73-80 are eight letters or
 * digits ending in four digits is a card image with a sequence number, and those eight columns are not read. A note per
 * file says so (TW1007), so that nothing is lost silently. Every other line counts to its end.
 */
import type { CardRef } from './deck.ts';
import type { Report } from './report.ts';

/** One card column is one UTF-16 unit; decks are ASCII in practice. */
export const CARD_COLUMNS = 80;
/** Our own statements may be longer than a card, because no reader of real cards will ever see them. */
export const LONGEST_LINE = 256;

const SEQUENCE = /^[A-Z0-9@#$]{4}\d{4}$/i;
/** Characters that a person cannot see in an editor but that would become part of an operand. */
const INVISIBLE = /(?![ \t])[\p{Cc}\p{Cf}\p{Z}]/u;

export interface Token {
  readonly text: string;
  readonly at: CardRef;
}

export interface Card {
  readonly file: string;
  readonly line: number;
  /** Without the line end and without a sequence number. */
  readonly text: string;
  readonly sequence: boolean;
}

/** Lines end with LF, CRLF or CR. */
export function splitLines(text: string): string[] {
  return text.split(/\r\n|\n|\r/);
}

export function splitCards(file: string, text: string): Card[] {
  return splitLines(text).map((line, index) => {
    const sequence = isSequenced(line);
    return { file, line: index + 1, text: sequence ? line.slice(0, 72) : line, sequence };
  });
}

function isSequenced(line: string): boolean {
  return line.length === CARD_COLUMNS && line[71] === ' ' && SEQUENCE.test(line.slice(72));
}

/** The tokens of a card from column `from` on (counted from 1). */
export function tokensOf(card: Card, from = 1): Token[] {
  const tokens: Token[] = [];
  for (const match of card.text.slice(from - 1).matchAll(/[^ \t]+/g)) {
    tokens.push({ text: match[0], at: place(card, from + match.index) });
  }
  return tokens;
}

export function place(card: Card, column: number): CardRef {
  return { file: card.file, line: card.line, column };
}

/** The whole card as one token, for findings about the card itself. */
export function wholeCard(card: Card): Token {
  const text = card.text.trim();
  return { text, at: place(card, Math.max(1, card.text.search(/[^ \t]/) + 1)) };
}

export function isBlank(card: Card): boolean {
  return !/[^ \t]/.test(card.text);
}

/** `*` in column 1; `* $$` belongs to POWER and is no comment. */
export function isComment(card: Card): boolean {
  return card.text.startsWith('*') && !isPower(card);
}

export function isPower(card: Card): boolean {
  return /^\* \$\$(?: |$)/.test(card.text);
}

/** Reports what makes a card unreadable; true when it may be read. */
export function checkCard(card: Card, ours: boolean, report: Report): boolean {
  if (card.text.length > LONGEST_LINE) {
    report.add(
      'TW1006',
      { text: ' ', at: place(card, LONGEST_LINE + 1) },
      `line of ${card.text.length} columns`,
      {
        label: `not read; ${LONGEST_LINE} columns are the most`,
        help: 'one statement is one line; is this file a deck?',
      },
    );
    return false;
  }
  const odd = INVISIBLE.exec(card.text);
  if (odd !== null) {
    const code = odd[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
    report.add(
      'TW1004',
      { text: odd[0], at: place(card, odd.index + 1) },
      `character U+${code} in a statement`,
      {
        label: 'a person cannot see it',
        help: 'statements are separated by blanks; write an ordinary blank here',
      },
    );
    return false;
  }
  const end = card.text.trimEnd().length;
  if (end > CARD_COLUMNS && !ours) {
    report.add(
      'TW1005',
      { text: card.text.slice(CARD_COLUMNS, end), at: place(card, CARD_COLUMNS + 1) },
      `line of ${end} columns`,
      { label: 'a card ends at column 80', help: 'a real system would not see what stands behind column 80' },
    );
  }
  return true;
}
