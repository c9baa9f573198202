/** Which program cards without // EXEC are for: a member of the model that has no job control, or a forgotten EXEC. */
import { type Card, isBlank, tokensOf } from './card.ts';
import type { Program } from './statement.ts';
import { programNamed, statementOf, statementsNamed } from './table.ts';

/** The members of the model that are files of their own: parameters, access list, VTAM book. */
export function memberOf(card: Card): Program | 'book' | undefined {
  if (/^\S+\s+VBUILD\s+TYPE=/i.test(card.text)) return 'book';
  const name = nameOf(card);
  for (const member of ['BSTTPARM', 'BSTTSCTY'] as const) {
    if (statementOf(member, name) !== undefined) return programNamed(member);
  }
  return undefined;
}

export interface Guess {
  readonly program: Program;
  readonly why: string;
  /** Behind the advice. */
  readonly but: string;
}

/** The program that the cards from `start` to the next job control card point to; `behindProgram`: another one stands before. */
export function programOf(cards: readonly Card[], start: number, behindProgram: boolean): Guess | undefined {
  const first = nameOf(cards[start]!);
  if (statementsNamed(first).length === 0) return undefined;
  let owner: Guess | undefined;
  for (let i = start; i < cards.length; i++) {
    const card = cards[i]!;
    if (/^\/[/*&]/.test(card.text)) break;
    const link = /^\s*LINK\s+\S+\s+\S+\s+(\S+)/i.exec(card.text);
    if (link !== null) return behindProgram ? undefined : stackOf(link[1]!.includes(':') ? 6 : 4);
    if (owner === undefined && !isBlank(card)) owner = onlyOwner(nameOf(card));
  }
  // Statements of a stack behind a program rather belong to a stack that ended too early.
  if (behindProgram && (owner?.program.kind === 'stack' || first === 'AT')) return undefined;
  if (owner !== undefined || (first !== 'SEGMENT' && first !== 'AT')) return owner;
  return { program: programNamed('TWINLAB')!, why: `${first} outside a stack belongs to TWINLAB`, but: '' };
}

function stackOf(version: 4 | 6): Guess {
  const [name, other] = version === 4 ? ['BSTTINET', 'BSTT6NET'] : ['BSTT6NET', 'BSTTINET'];
  return {
    program: programNamed(name)!,
    why: `its LINK addresses are IPv${version}`,
    but: ` (an IPv${version === 4 ? 6 : 4} stack would be // EXEC ${other})`,
  };
}

function onlyOwner(name: string): Guess | undefined {
  const owners = statementsNamed(name).flatMap((statement) => statement.programs);
  if (owners.length !== 1) return undefined;
  return { program: programNamed(owners[0]!)!, why: `${name} is a statement of ${owners[0]!}`, but: '' };
}

function nameOf(card: Card): string {
  return tokensOf(card)[0]!.text.toUpperCase();
}
