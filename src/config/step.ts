/** The statements of one step: looked up in the table, their order judged, their operands matched. */
import { type Card, type Token, tokensOf, wholeCard } from './card.ts';
import type { Version } from './ip.ts';
import type { Step } from './jobcontrol.ts';
import { matchOperands, type Operands } from './operands.ts';
import { quote, Report } from './report.ts';
import type { Statement } from './statement.ts';
import { nearest } from './suggest.ts';
import { statementNames, statementOf, statementsNamed } from './table.ts';
import { Unread } from './unread.ts';

/** A card whose form is right. */
export interface Line {
  readonly statement: Statement;
  readonly card: Card;
  readonly tokens: readonly Token[];
  /** Undefined when an operand is wrong or a placeholder; reported already. */
  readonly operands: Operands | undefined;
}

export interface StepLines {
  readonly step: Step;
  readonly lines: readonly Line[];
  /** From ID, else from SYSPARM; undefined when neither tells. */
  readonly id: number | undefined;
  readonly idToken: Token | undefined;
  readonly attached: boolean;
  readonly unread: Unread;
}

/** These belong to the lab, so they may stand behind ATTACH. */
const AFTER_ATTACH = new Set(['AT', 'SEGMENT']);

export function readLines(step: Step, report: Report): StepLines {
  const lines: Line[] = [];
  const once = new Map<string, Token>();
  const unread = new Unread();
  const version = versionOf(step);
  let attach: Token | undefined;
  let idLine: Line | undefined;
  let first = true;
  for (const card of step.cards) {
    const tokens = tokensOf(card);
    const word = tokens[0]!;
    const name = word.text.toUpperCase();
    const statement = statementOf(step.program.name, name);
    if (statement === undefined) {
      if (step.program.takesData === true) continue;
      const meant = unknownStatement(step, word, tokens, report);
      const line = asMeant(step, meant, card, tokens);
      if (line?.operands === undefined) unread.add(meant, tokens[1]?.text);
      if (line === undefined || (line.statement.once === true && once.has(meant))) {
        first = false;
        continue;
      }
      once.set(meant, word);
      lines.push(line);
      if (meant === 'ATTACH') attach ??= word;
      if (meant === 'ID') idLine = line;
      first = false;
      continue;
    }
    if (attach !== undefined && name !== 'ATTACH' && !AFTER_ATTACH.has(name)) {
      report.add('TW1224', word, `${name} stands behind ATTACH`, {
        label: `ATTACH is in line ${attach.at.line}`,
        help: 'put it before ATTACH',
      });
    }
    const before = once.get(name);
    if (statement.once === true && before !== undefined) {
      report.add('TW1222', word, `a second ${name}`, { label: `the first is in line ${before.at.line}` });
      continue;
    }
    once.set(name, word);
    const operands = matchOperands(name, statement.operands, card, tokens, 1, version, report);
    const line = { statement, card, tokens, operands };
    lines.push(line);
    if (operands === undefined) unread.add(name, tokens[1]?.text);
    if (name === 'ATTACH') attach = word;
    if (name === 'ID') {
      idLine = line;
      if (!first) {
        report.add('TW1221', word, 'ID is not the first statement', {
          label: `${quote(step.cards[0]!.text.trim().split(/\s+/)[0]!)} stands before it`,
          help: 'put ID in front',
        });
      }
    }
    first = false;
  }
  const idToken =
    idLine?.operands?.token('nn') ?? (idLine === undefined ? sysparmOf(step, report) : undefined);
  if (idLine === undefined && idToken === undefined) missingId(step, report);
  if (step.program.attach && attach === undefined) missingAttach(step, report);
  return {
    step,
    lines,
    id: idToken === undefined ? undefined : Number(idToken.text),
    idToken,
    attached: attach !== undefined,
    unread,
  };
}

export function versionOf(step: Step): Version | undefined {
  return step.program.name === 'BSTTINET' ? 4 : step.program.name === 'BSTT6NET' ? 6 : undefined;
}

/** The card as the statement it resembles, after the finding that it is none; what else is wrong with it waits. */
function asMeant(step: Step, meant: string, card: Card, tokens: readonly Token[]): Line | undefined {
  const statement = statementOf(step.program.name, meant);
  if (statement === undefined) return undefined;
  const version = versionOf(step);
  const operands = matchOperands(meant, statement.operands, card, tokens, 1, version, new Report());
  return { statement, card, tokens, operands };
}

/** The statement that was meant; '' when there is no telling. */
function unknownStatement(step: Step, word: Token, tokens: readonly Token[], report: Report): string {
  if (report.full) {
    report.add('TW1201', word, 'unknown statement');
    return '';
  }
  const name = word.text.toUpperCase();
  const program = step.program.name;
  if (name === 'COUPLE' && program === 'BSTTINET') {
    report.add('TW2205', word, 'COUPLE in the deck of an IPv4 stack', {
      label: 'belongs to the IPv6 stack',
      help: `put COUPLE into the BSTT6NET deck, with the id of this stack${tokens[1] === undefined ? '' : `, not ${quote(tokens[1].text)}`}`,
    });
    return name;
  }
  const elsewhere = statementsNamed(name).flatMap((s) => s.programs);
  if (elsewhere.length > 0) {
    report.add('TW1202', word, `${name} is not a statement of ${program}`, {
      help: `it belongs to ${[...new Set(elsewhere)].join(', ')}`,
    });
    return name;
  }
  const near = nearest(name, statementNames(program));
  report.add('TW1201', word, `${quote(word.text)} is not a statement of ${program}`, {
    help:
      near === undefined
        ? `statements are ${[...statementNames(program)].join(', ') || 'none'}`
        : `did you mean ${near}?`,
  });
  return near ?? '';
}

/** `// OPTION SYSPARM='nn'` is the id of programs without an ID card. */
function sysparmOf(step: Step, report: Report): Token | undefined {
  if (step.program.id !== 'sysparm' || step.sysparm === undefined) return undefined;
  if (/^\d\d$/.test(step.sysparm.text)) return step.sysparm;
  if (step.cards.length > 0) {
    report.add('TW1205', step.sysparm, `SYSPARM '${quote(step.sysparm.text)}' is not a stack id`, {
      label: 'two digits, 00 to 99',
      help: `${step.program.name} has no ID card, so it takes its stack from here`,
    });
  }
  return undefined;
}

function missingId(step: Step, report: Report): void {
  const { program, nameToken, sysparm } = step;
  if (program.id === 'none' || (program.id === 'sysparm' && sysparm !== undefined)) return;
  if (program.kind === 'tool') return;
  const at = step.cards[0] === undefined ? nameToken : wholeCard(step.cards[0]);
  report.add('TW1220', at, `${program.name} has no ID`, {
    label: 'ID is the first statement',
    help: program.id === 'sysparm' ? "write ID nn, or // OPTION SYSPARM='nn' before EXEC" : 'write ID nn',
  });
}

function missingAttach(step: Step, report: Report): void {
  const operand = { BSTTVNET: 'TN3270E', BSTTFTPS: 'SERVER-1', TWINSERV: 'TWINSERV' }[
    step.program.name as string
  ];
  report.add('TW1223', step.nameToken, `${step.program.name} has no ATTACH and does not become active`, {
    help: `end its statements with ATTACH ${operand ?? 'TCP/IP'}`,
  });
}
