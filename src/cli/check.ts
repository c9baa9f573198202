import type { Severity } from '../config/deck.ts';
import {
  findingsToGithub,
  findingsToJson,
  findingsToSarif,
  parseDecks,
  renderFindings,
} from '../config/index.ts';
import { readDecks } from './decks.ts';
import { GOOD, USAGE } from './exit.ts';

export type CheckFormat = 'text' | 'json' | 'github' | 'sarif';

/** `check`: all findings of all decks together; exit 2 when one is an error. */
export function check(paths: readonly string[], format: CheckFormat, color: boolean): number {
  const files = readDecks(paths);
  const { findings, stacks, programs } = parseDecks(files);
  const count = (severity: Severity): number => findings.filter((f) => f.severity === severity).length;
  const errors = count('error');
  switch (format) {
    case 'json':
      process.stdout.write(`${JSON.stringify(findingsToJson(findings), null, 2)}\n`);
      break;
    case 'github':
      process.stdout.write(findingsToGithub(findings));
      break;
    case 'sarif':
      process.stdout.write(`${JSON.stringify(findingsToSarif(findings), null, 2)}\n`);
      break;
    case 'text':
      if (findings.length > 0) process.stdout.write(`${renderFindings(findings, files, { color })}\n`);
      process.stderr.write(
        `${many(paths.length, 'deck')}, ${many(stacks.length, 'stack')}, ${many(programs.length, 'program')}: ` +
          `${many(errors, 'error')}, ${many(count('warning'), 'warning')}, ${many(count('note'), 'note')}\n`,
      );
  }
  return errors > 0 ? USAGE : GOOD;
}

function many(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
