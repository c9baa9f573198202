/** What stands behind the verb of a job control card. */
import { type Card, place, type Token } from './card.ts';
import type { Report } from './report.ts';

/** A continued card has something in column 72, the last one, and goes on in column 16 of the next one. */
export function goesOn(card: Card, next: Card | undefined): boolean {
  const continues = card.text.length === 72 && card.text[71] !== ' ';
  return continues && /^(?:\/\/)? {13,}/.test(next?.text ?? '');
}

export function joined(card: Card, more: Card): Card {
  return { ...card, text: card.text.slice(0, 71).trimEnd() + more.text.slice(2).trim() };
}

/** The value of `SYSPARM='..'`, without the quotes; reported when they are not there. */
export function sysparmOf(card: Card, report: Report): Token | undefined {
  const found = /\bSYSPARM=(.*)$/i.exec(card.text);
  if (found === null) return undefined;
  const value = /^'([^']*)'/.exec(found[1]!);
  const column = found.index + 'SYSPARM='.length + 1;
  if (value !== null) return { text: value[1]!, at: place(card, column + 1) };
  report.add(
    'TW1104',
    { text: /^[^ ,]*/.exec(found[1]!)![0], at: place(card, column) },
    'SYSPARM wants its value in quotes',
    { help: "write // OPTION SYSPARM='02'" },
  );
  return undefined;
}

/** `BSTTINET` of `// EXEC BSTTINET,SIZE=BSTTINET` or `// EXEC PGM=BSTTINET`; undefined for PROC= and the like. */
export function programNameIn(card: Card, operand: Token): Token | undefined {
  const found = /^(PGM=)?([^,=]+)(?:,|$)/i.exec(operand.text);
  if (found === null) return undefined;
  const [, prefix = '', text] = found;
  return { text: text!, at: place(card, operand.at.column + prefix.length) };
}
