/** Help for one statement, program, action or rule, from the tables. */
import { leavesOf, type Operand, syntaxOf, tokenKinds } from './grammar.ts';
import { type RuleId, rules } from './rules.ts';
import type { ProgramName, Statement } from './statement.ts';
import { nearest } from './suggest.ts';
import type { ActionEntry } from './table/lab.ts';
import {
  actions,
  programNamed,
  programs,
  statementNames,
  statementOf,
  statements,
  statementsNamed,
} from './table.ts';

const CERTAINTY = {
  printed: 'printed in the documentation of the model',
  inferred: 'inferred from the documentation of the model',
  public: 'from other public material',
  defined: 'defined by this project',
} as const;

/** Text for `name`, in any case: `ROUTE`, `BSTT6NET`, `AT PING`, `EXPECT`, `TW2104`; undefined when there is no such thing. */
export function statementHelp(name: string): string | undefined {
  const upper = name.trim().toUpperCase().replace(/\s+/g, ' ');
  if (Object.hasOwn(rules, upper)) {
    const rule = rules[upper as RuleId];
    return `${upper} (${rule.severity})\n  ${rule.text}`;
  }
  const program = programNamed(upper);
  if (program !== undefined) {
    return [`${program.name}: ${program.help}`, ...statementLines(program.name)].join('\n');
  }
  const action = actions.find((a) => `AT ${a.name}` === upper);
  if (action !== undefined) {
    const { help, operands, example } = action;
    return [actionSyntax(action), `  ${help}`, ...operandLines(operands), `  example: ${example}`].join('\n');
  }
  if (upper === 'EXPECT' || upper === 'AT EXPECT') {
    return actions.flatMap((a) => (a.name.startsWith('EXPECT ') ? [brief(a)] : [])).join('\n');
  }
  const found = statementsNamed(upper);
  if (found.length > 0) {
    const blocks = found.map(helpOf);
    if (upper === 'AT') blocks.push(['actions:', ...actions.map(brief)].join('\n'));
    return blocks.join('\n\n');
  }
  return undefined;
}

/** Each statement of `program` with what it does; those that do the same share a line. */
function statementLines(program: ProgramName): string[] {
  const byHelp = new Map<string, string[]>();
  for (const name of statementNames(program)) {
    const { help } = statementOf(program, name)!;
    byHelp.set(help, [...(byHelp.get(help) ?? []), name]);
  }
  return [...byHelp].map(([help, names]) => `  ${names.join(', ')}: ${help}`);
}

function brief(action: ActionEntry): string {
  return `  ${actionSyntax(action)}\n    ${action.help}`;
}

/** The card of an action; the id of the stack stands in a TWINLAB step only. */
export function actionSyntax({ name, ofStack, operands }: ActionEntry): string {
  return `AT time ${name}${ofStack ? ' [ nn ]' : ''} ${syntaxOf(operands)}`.trim();
}

/** What may have been meant by a name that `statementHelp` does not know. */
export function unknownStatement(name: string): string {
  const known = [
    ...new Set(statements.map((s) => s.name)),
    ...programs.map((p) => p.name),
    ...actions.map((a) => `AT ${a.name}`),
    ...Object.keys(rules),
  ];
  const upper = name.trim().toUpperCase();
  const near = actions.some((a) => a.name === upper) ? `AT ${upper}` : nearest(upper, known);
  return near === undefined
    ? `nothing is known about ${name}; twinstack statement lists all there is`
    : `nothing is known about ${name}; did you mean ${near}?`;
}

function helpOf(statement: Statement): string {
  return [
    `${statement.name} ${syntaxOf(statement.operands)}`.trimEnd(),
    `  ${statement.help}`,
    `  programs: ${statement.programs.join(', ')}`,
    ...operandLines(statement.operands),
    `  example: ${statement.example}`,
    `  origin: ${originOf(statement)}`,
    ...(statement.note === undefined ? [] : [`  ${statement.note}`]),
  ].join('\n');
}

export function originOf(statement: Pick<Statement, 'origin' | 'certainty'>): string {
  return statement.origin === 'ours' ? 'ours' : `the model, ${CERTAINTY[statement.certainty]}`;
}

function operandLines(operands: readonly Operand[]): string[] {
  return operandForms(operands).map(({ name, form }) => `  ${name}: ${form}`);
}

/** Each operand that is a token of its own, once, with what may stand there. */
export function operandForms(
  operands: readonly Operand[],
): { readonly name: string; readonly form: string }[] {
  const forms = new Map<string, string>();
  for (const leaf of leavesOf(operands)) {
    if (leaf.kind === 'choice' || !('name' in leaf) || leaf.name === '*') continue;
    const form =
      leaf.kind === 'number'
        ? (leaf.form ?? `${leaf.min} to ${leaf.max}`)
        : leaf.kind === 'branch'
          ? 'a keyword'
          : tokenKinds[leaf.kind].form;
    forms.set(leaf.name, form);
  }
  return [...forms].map(([name, form]) => ({ name, form }));
}
