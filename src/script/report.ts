/** Verdicts of scripts as text (TAP version 14), JSON and JUnit. */
import type { Outcome, Step } from './run.ts';
import type { Place } from './syntax.ts';
import type { Mode } from './world.ts';

export interface Judged {
  readonly file: string;
  /** Undefined when it was not played. */
  readonly mode: Mode | undefined;
  /** Of a deck: the EXPECT card that is judged, or the action that failed. */
  readonly claim?: string;
  readonly outcome: Outcome;
  /** ms of real time. */
  readonly took: number;
}

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly inconclusive: number;
  readonly differs: number;
  readonly unreadable: number;
}

export function totals(judged: readonly Judged[]): Totals {
  const count = (verdict: Outcome['verdict']): number =>
    judged.filter((j) => j.outcome.verdict === verdict).length;
  return {
    passed: count('pass'),
    failed: count('fail'),
    inconclusive: count('inconclusive'),
    differs: count('differs'),
    unreadable: count('unreadable'),
  };
}

/** What is judged, for a person. */
function nameOf(judged: Judged): string {
  const { file, mode, claim } = judged;
  if (claim !== undefined) return `${where(judged)} ${claim}`;
  return mode === undefined ? file : `${file} (${mode})`;
}

const where = ({ file, outcome }: Judged): string =>
  outcome.at === undefined ? file : `${file}:${outcome.at.line}:${outcome.at.column}`;

/** Packets of the ladder shown above the place of a failure. */
const SHOWN = 40;

/** What there is to say of a script that cannot be read; `text` is the whole of it, as far as it is known. */
export function unreadable(at: Place | undefined, reason: string, text: string): Outcome {
  const line = at === undefined ? undefined : text.split('\n')[at.line - 1];
  const printed = line === undefined ? [] : [line, `${' '.repeat(at!.column - 1)}^`];
  return {
    verdict: 'unreadable',
    at,
    reasons: [reason],
    expected: undefined,
    actual: undefined,
    ladder: [],
    printed,
    duration: 0,
  };
}

/** `number` from 1. An inconclusive script is no pass: `not ok`, without a directive that would excuse it. */
export function tapLine(number: number, judged: Judged): string {
  const { outcome } = judged;
  const name = nameOf(judged);
  const lines: string[] = [];
  if (outcome.verdict === 'pass') lines.push(`ok ${number} - ${name}`);
  else if (outcome.verdict === 'differs') lines.push(`ok ${number} - ${name} # SKIP ${outcome.reasons[0]}`);
  else if (outcome.verdict === 'inconclusive') lines.push(`not ok ${number} - ${name}: inconclusive`);
  else if (outcome.verdict === 'unreadable') lines.push(`not ok ${number} - ${name}: unreadable`);
  else lines.push(`not ok ${number} - ${name}`);
  if (outcome.verdict !== 'unreadable') for (const text of outcome.printed) lines.push(`# ${text}`);
  if (outcome.verdict !== 'pass' && outcome.verdict !== 'differs')
    lines.push(...details(judged).map((line) => `  ${line}`));
  return lines.join('\n');
}

function details(judged: Judged): string[] {
  const { outcome } = judged;
  const lines = outcome.reasons.map((reason) => `${where(judged)}: ${reason}`);
  if (outcome.expected !== undefined) lines.push(`  expected  ${outcome.expected}`);
  if (outcome.actual !== undefined) lines.push(`  actual    ${outcome.actual}`);
  if (outcome.verdict === 'unreadable') lines.push(...outcome.printed.map((line) => `  ${line}`));
  if (outcome.verdict === 'fail') lines.push(...ladderText(outcome.ladder));
  return lines;
}

/** The packets of a script, time downwards: the script's end on the left, the stack on the right. */
export function ladderText(ladder: readonly Step[]): string[] {
  if (ladder.length === 0) return [];
  const shown = ladder.slice(-SHOWN);
  const width = Math.min(Math.max(...shown.map(({ text }) => text.length - 2)), 100);
  const lines = [`${'s'.padStart(12)}  script${' '.repeat(width)}stack`];
  if (shown.length < ladder.length)
    lines.push(`${' '.repeat(14)}(${ladder.length - shown.length} packets before)`);
  for (const { time, direction, text } of shown) {
    const label = `${text.slice(2)} `.padEnd(width + 1, '-');
    const arrow = direction === 'in' ? `|-- ${label}->|` : `|<- ${label}--|`;
    lines.push(`${(time / 1e6).toFixed(6).padStart(12)}  ${arrow}`);
  }
  return lines;
}

/** `files` have been played or tried. */
export function summary(files: readonly string[], judged: readonly Judged[], took: number): string {
  const { passed, failed, inconclusive, differs, unreadable } = totals(judged);
  const differing = differs > 0 ? `, ${differs} where Linux differs` : '';
  const other = unreadable > 0 ? `${differing}, ${unreadable} unreadable` : differing;
  const played = judged.length - unreadable;
  const runs = counted(played, judged.some(({ claim }) => claim !== undefined) ? 'verdict' : 'run');
  const decks = files.filter((file) => file.endsWith('.deck')).length;
  const scripts = files.length - decks;
  const counts = [
    ...(scripts > 0 || decks === 0 ? [counted(scripts, 'script')] : []),
    ...(decks > 0 ? [counted(decks, 'deck')] : []),
  ];
  return `# ${counts.join(', ')}, ${runs}: ${passed} passed, ${failed} failed, ${inconclusive} inconclusive${other} in ${(took / 1_000).toFixed(1)} s`;
}

function counted(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

export function toJson(judged: readonly Judged[]): unknown {
  return {
    ...totals(judged),
    results: judged.map(({ file, mode, claim, outcome, took }) => ({
      file,
      mode,
      claim,
      verdict: outcome.verdict,
      at: outcome.at,
      reasons: outcome.reasons,
      expected: outcome.expected,
      actual: outcome.actual,
      printed: outcome.printed,
      virtualMicroseconds: outcome.duration,
      milliseconds: Math.round(took * 10) / 10,
      ladder:
        outcome.verdict === 'pass'
          ? undefined
          : outcome.ladder.map(({ time, text }) => ({ time, packet: text })),
    })),
  };
}

/** The form that CI servers read (the schema of the Ant task). */
export function toJunit(judged: readonly Judged[]): string {
  const { failed, inconclusive, unreadable } = totals(judged);
  const total = judged.reduce((sum, { took }) => sum + took, 0) / 1_000;
  const cases = judged.map((j) => {
    const { file, mode, claim, outcome, took } = j;
    const name = claim === undefined ? file : nameOf(j);
    const attributes = `classname="${xml(mode ?? 'twinstack')}" name="${xml(name)}" time="${(took / 1_000).toFixed(4)}"`;
    if (outcome.verdict === 'pass') return `    <testcase ${attributes}/>`;
    if (outcome.verdict === 'differs')
      return `    <testcase ${attributes}><skipped message="${xml(outcome.reasons[0]!)}"/></testcase>`;
    const message = xml(outcome.reasons.join('; '));
    const text = xml(details(j).join('\n'));
    const inner =
      outcome.verdict === 'fail'
        ? `<failure message="${message}">${text}</failure>`
        : `<error type="${outcome.verdict}" message="${message}">${text}</error>`;
    return `    <testcase ${attributes}>${inner}</testcase>`;
  });
  const counts = `tests="${judged.length}" failures="${failed}" errors="${inconclusive + unreadable}" time="${total.toFixed(3)}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `  <testsuite name="twinstack" ${counts}>`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function xml(text: string): string {
  // XML 1.0 §2.2 has no way to write control characters.
  return text.replace(/\p{Cc}/gu, (c) => (c === '\n' ? c : '?')).replace(/[&<>"]/g, (c) => ENTITIES[c]!);
}
