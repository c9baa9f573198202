/**
 * THE statement table: the one source of the parser, its findings, `help` and the reference page. A statement that is not
 * here does not exist; a further one is a further row.
 */
import type { Program, ProgramName, Statement } from './statement.ts';
import { claims } from './table/claims.ts';
import { ftpPrograms, ftpStatements } from './table/ftp.ts';
import { ipv6Statements } from './table/ipv6.ts';
import { type ActionEntry, labActions, labPrograms, labStatements } from './table/lab.ts';
import { stackPrograms, stackStatements } from './table/stack.ts';
import { tlsPrograms, tlsStatements } from './table/tls.ts';
import { parmStatements, vnetPrograms, vnetStatements } from './table/vnet.ts';

/** What AT may do, and what it may claim. */
export const actions: readonly ActionEntry[] = [...labActions, ...claims];

export const programs: readonly Program[] = [
  ...stackPrograms,
  ...labPrograms,
  ...vnetPrograms,
  ...ftpPrograms,
  ...tlsPrograms,
];

export const statements: readonly Statement[] = [
  ...stackStatements,
  ...ipv6Statements,
  ...labStatements,
  ...vnetStatements,
  ...ftpStatements,
  ...tlsStatements,
  ...parmStatements,
];

const byProgram = new Map<ProgramName, Map<string, Statement>>(
  programs.map((program) => [
    program.name,
    new Map(statements.filter((s) => s.programs.includes(program.name)).map((s) => [s.name, s])),
  ]),
);
const programByName = new Map(programs.map((program) => [program.name as string, program]));

/** The row of `name` (upper case) in `program`. */
export function statementOf(program: ProgramName, name: string): Statement | undefined {
  return byProgram.get(program)?.get(name);
}

export function statementNames(program: ProgramName): Iterable<string> {
  return byProgram.get(program)!.keys();
}

/** All rows of that name (upper case), whatever the program. */
export function statementsNamed(name: string): readonly Statement[] {
  return statements.filter((s) => s.name === name);
}

/** By name in upper case. */
export function programNamed(name: string): Program | undefined {
  return programByName.get(name);
}
