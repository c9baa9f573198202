/** One row of the statement table, and one row of the program table. */
import type { Operand } from './grammar.ts';

export type ProgramName =
  | 'BSTTINET'
  | 'BSTT6NET'
  | 'BSTTVNET'
  | 'BSTTFTPS'
  | 'BSTTFTPC'
  | 'BSTTPRXY'
  | 'BSTTATLS'
  | 'BSTTWAIT'
  | 'BSTTMTPC'
  | 'LISTLOG'
  | 'IESMASNM'
  | 'LIBR'
  | 'TWINSERV'
  | 'TWINLAB'
  | 'BSTTPARM'
  | 'BSTTSCTY';

/**
 * How sure the project is of a statement: `printed` in the product's documentation, `inferred` from it, `public` from
 * other published material, `defined` by this project because nothing is known.
 */
export type Certainty = 'printed' | 'inferred' | 'public' | 'defined';

export interface Statement {
  /** The first token of the card. */
  readonly name: string;
  readonly programs: readonly ProgramName[];
  readonly operands: readonly Operand[];
  /** One line: what it does. */
  readonly help: string;
  readonly example: string;
  readonly origin: 'model' | 'ours';
  readonly certainty: Certainty;
  /** What is not known, or what this project decided. */
  readonly note?: string;
  /** At most one such card in a step. */
  readonly once?: boolean;
}

export interface Program {
  readonly name: ProgramName;
  readonly kind: 'stack' | 'service' | 'tool' | 'lab' | 'member';
  readonly help: string;
  readonly origin: 'model' | 'ours';
  /**
   * `required`: the first statement is ID; `sysparm`: ID, or `// OPTION SYSPARM` instead;
   * `none`: the program has nothing to do with a stack.
   */
  readonly id: 'required' | 'sysparm' | 'none';
  /** The program becomes active with ATTACH. */
  readonly attach: boolean;
  /** Cards that are not in the table are this program's own affair and are not read. */
  readonly takesData?: boolean;
}
