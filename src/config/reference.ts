/** The reference pages docs/statements.md and docs/rules.md, made from the tables. */
import { syntaxOf } from './grammar.ts';
import { actionSyntax, operandForms, originOf } from './help.ts';
import { rules } from './rules.ts';
import type { Program, Statement } from './statement.ts';
import { actions, programs, statements } from './table.ts';

const INTRODUCTION = `# Statements

This page is made from the statement table in src/config/table.ts. A test says when it is out of date;
\`npx vitest run test/src/config/table.test.ts -u\` writes it anew.

## How a deck is read

- One line is one card. Words are separated by blanks or tabs; keywords may be written in any case. Lines end with LF,
  CRLF or CR. A deck is ASCII or UTF-8 text.
- Job control (\`//\`, \`/*\`, \`/&\`) begins in column 1; a deck that is indented as a whole is not read. Statements may be indented.
- \`*\` in column 1 makes a comment. \`* $$ JOB\`, \`LST\`, \`SLI\`, \`EOJ\` and the other cards of POWER are recognised; JNM gives
  the job name when there is no \`// JOB\`. A member that \`* $$ SLI\` includes is not read, and a finding says so.
- A line of exactly 80 columns with a blank in column 72 and eight letters or digits in columns 73-80, the last four of them
  digits, carries a sequence number; those eight columns are not read (note TW1007). Every other line counts to its end.
  Statements of the model that go beyond column 80 get a warning; our own may have 256 columns.
- \`// EXEC program\` begins the statements of a program. They end at \`/*\`, at \`/&\`, or at the next \`//\` card. A deck
  without \`// EXEC\` is an error that names the program its LINK addresses point to; the rest is checked as if it were
  there. Two members of the model are files without job control and are known by their first statement: BSTTPARM and
  BSTTSCTY. A VTAM book (\`name VBUILD TYPE=APPL\`) is passed over.
- \`// JOB\`, \`OPTION\`, \`LIBDEF\`, \`ASSGN\`, \`SETPFIX\`, \`SETPARM\` (text behind the value is commentary), \`UPSI\`, \`ID\` and
  label cards \`/.\` are accepted. \`// OPTION SYSPARM='nn'\` is the stack id of programs without an ID card. \`ON\`, \`IF\` and
  \`GOTO\` are not carried out: every step is read (note TW1107). A card \`/*\` with text behind it is a comment before EXEC.
- Data are not statements: what stands between \`CATALOG\` and \`/+\` in a LIBR step, and what stands between the first \`/*\`
  and the second one when the FTP client has \`INPUT SYSIPT\`.
- The first statement is ID, the last one ATTACH; only AT and SEGMENT may follow it. BSTTFTPC, BSTTPRXY and BSTTATLS have
  no ATTACH.
- An operand of dots only (\`..\`) is a placeholder, as documentation prints it. It is a note, so checking the deck succeeds,
  but the statement is not used and the deck does not run before it is filled in (TW1213).
- Names of devices, segments and hosts are the same in any case and are kept in upper case; names of TUN and TAP interfaces
  are kept as they are written.

In the grammar below, words in upper case stand as they are, \`[ ]\` may be missing, \`{ | }\` is one of several forms, and
\`...\` is text to the end of the card.
`;

const TITLES: readonly (readonly [string, (program: Program) => boolean])[] = [
  ['Stacks', (p) => p.kind === 'stack'],
  ['The lab', (p) => p.origin === 'ours'],
  [
    'Services and tools of the model',
    (p) => (p.kind === 'service' || p.kind === 'tool') && p.origin === 'model',
  ],
  ['Members', (p) => p.kind === 'member'],
];

/** The text of docs/statements.md. */
export function statementsPage(): string {
  const out = [INTRODUCTION];
  const shown = new Set<Statement>();
  for (const [title, belongs] of TITLES) {
    const group = programs.filter(belongs);
    out.push(`## ${title}\n`);
    out.push('| program | what it is | statements |\n|---|---|---|');
    for (const program of group) {
      const names = statements.filter((s) => s.programs.includes(program.name)).map((s) => s.name);
      out.push(`| ${program.name} | ${program.help} | ${[...new Set(names)].join(' ') || 'none'} |`);
    }
    out.push('');
    for (const statement of statements) {
      if (shown.has(statement) || !group.some((p) => statement.programs.includes(p.name))) continue;
      shown.add(statement);
      out.push(...section(statement));
    }
    if (title === 'The lab') out.push(...actionSections());
  }
  return `${out.join('\n').trimEnd()}\n`;
}

function section(statement: Statement): string[] {
  const out = [`### ${statement.name} (${statement.programs.join(', ')})\n`, statement.help, ''];
  out.push('```', `${statement.name} ${syntaxOf(statement.operands)}`.trimEnd(), '```', '');
  out.push(...forms(statement.operands));
  out.push(
    `Example: \`${statement.example}\``,
    '',
    `Origin: ${originOf(statement)}.${oneLine(statement.note)}`,
    '',
  );
  return out;
}

function oneLine(note: string | undefined): string {
  return note === undefined ? '' : ` ${note}`;
}

function forms(operands: Statement['operands']): string[] {
  const rows = operandForms(operands);
  if (rows.length === 0) return [];
  return ['| operand | form |', '|---|---|', ...rows.map(({ name, form }) => `| ${name} | ${form} |`), ''];
}

function actionSections(): string[] {
  const out = ['### Actions of AT\n'];
  out.push(
    '`[ nn ]` is the id of the stack: it is written in a TWINLAB step, and left out in the deck of the stack itself.\n',
  );
  for (const action of actions) {
    out.push(`#### AT ${action.name}\n`, action.help, '');
    out.push('```', actionSyntax(action), '```', '');
    out.push(...forms(action.operands), `Example: \`${action.example}\``, '');
  }
  return out;
}

/** The text of docs/rules.md. */
export function rulesPage(): string {
  const out = [
    '# Rules',
    '',
    'What a finding of `check` cites; this page is made from src/config/rules.ts as statements.md is from its table. The severity is the usual one: a finding may',
    'be milder or harder where the sentence says so. A deck with an error starts nothing.',
    '',
    '| rule | severity | |',
    '|---|---|---|',
    ...Object.entries(rules).map(([id, { severity, text }]) => `| ${id} | ${severity} | ${text} |`),
  ];
  return `${out.join('\n')}\n`;
}
