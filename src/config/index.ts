/**
 * The statement language: decks in, one typed `Deck` out, with all findings of one pass.
 *
 * lines -> cards (card.ts) -> steps (jobcontrol.ts) -> statements by the table (step.ts, operands.ts) -> stacks (stack.ts,
 * network.ts), programs (services.ts) and schedule (schedule.ts) -> what only all decks together show (decks.ts).
 */
import type { CommandReader, Deck, Finding, ScheduledAction } from './deck.ts';
import {
  checkCouples,
  checkSegments,
  checkSharing,
  checkStackOf,
  conditionsOf,
  type SegmentDraft,
  stacksById,
} from './decks.ts';
import { type Reading, readSteps } from './jobcontrol.ts';
import { checkNetwork } from './network.ts';
import { Report } from './report.ts';
import { givesAddress, readAction, readCommand } from './schedule.ts';
import { checkPorts, readProgram } from './services.ts';
import { decode, type SourceFile } from './source.ts';
import { readStack, type StackDraft, stackConfigOf } from './stack.ts';
import { type Line, readLines, type StepLines } from './step.ts';
import type { Surroundings } from './targets.ts';
import { checkWiring } from './wiring.ts';

export type * from './deck.ts';
export { statementHelp, unknownStatement } from './help.ts';
export { findingsToGithub, findingsToJson, findingsToSarif, renderFindings } from './render.ts';
export type { SourceFile } from './source.ts';

/** Reads all files as one deck. Never throws; what is wrong is in `findings`, at most 100 of them and a summary. */
export function parseDecks(files: readonly SourceFile[]): Deck {
  const report = new Report();
  const readings = files.map((file) => readFile(file, report));
  const sources = readings.flatMap(({ steps }) => steps).map((step) => readLines(step, report));
  const stacks = sources.filter((s) => s.step.program.kind === 'stack').map((s) => readStack(s, report));
  for (const stack of stacks) checkNetwork(stack, report);
  const byId = stacksById(stacks, report);
  const whole = readings.every((reading) => reading.whole) && stacks.every((stack) => stack.id >= 0);
  checkCouples(stacks, byId, whole, report);
  checkSharing(stacks, report);

  const segments = sources.flatMap(segmentsOf);
  const unread = sources.flatMap((source) => [...source.unread.words('SEGMENT')]);
  const around = { byId, segments: checkSegments(segments, unread, stacks, whole, report), whole };
  checkWiring([...byId.values()], segments, whole, report);
  const draftOf = new Map<StepLines, StackDraft>(stacks.map((stack) => [stack.source, stack]));
  const cards = sources.flatMap((source) =>
    source.lines.flatMap((line) =>
      line.statement.name === 'AT' ? [{ line, stack: draftOf.get(source) }] : [],
    ),
  );
  const actions = new Map<Line, ScheduledAction>();
  for (const first of [true, false]) {
    for (const { line, stack } of cards) {
      if (givesAddress(line) !== first) continue;
      const action = readAction(line, stack, around, report);
      if (action !== undefined) actions.set(line, action);
    }
  }

  const services = sources.filter(
    ({ step: { program } }) => program.kind === 'service' || program.kind === 'tool',
  );
  const programs = services.map((source) => readProgram(source, report));
  if (whole) for (const source of services) checkStackOf(source, byId, report);
  checkPorts(programs, byId, report);
  return {
    stacks: stacks.map(stackConfigOf),
    programs,
    segments: segments.map((segment) => segment.config),
    schedule: cards.flatMap(({ line }) => actions.get(line) ?? []),
    commands: commandReader(around),
    findings: report.finish(files.map((file) => file.name)),
  };
}

/** True when nothing in `findings` keeps the deck from being run: no error, and no placeholder that waits to be filled in. */
export function mayRun(findings: readonly Finding[]): boolean {
  return !findings.some((finding) => finding.severity === 'error' || finding.rule === 'TW1213');
}

function commandReader(around: Surroundings): CommandReader {
  return {
    read(text, from, line) {
      const report = new Report();
      const action = readCommand({ file: from, line, text, sequence: false }, around, report);
      const findings = report.finish([from]);
      return { action: findings.some((f) => f.severity === 'error') ? undefined : action, findings };
    },
  };
}

function readFile(file: SourceFile, report: Report): Reading {
  const text = decode(file, report);
  return text === undefined ? { steps: [], whole: false } : readSteps(file.name, text, report);
}

function segmentsOf(source: StepLines): SegmentDraft[] {
  return source.lines.flatMap(({ statement, tokens, operands }) =>
    statement.name === 'SEGMENT' && operands !== undefined
      ? [
          {
            config: { at: tokens[0]!.at, name: operands.text('segment'), conditions: conditionsOf(operands) },
            operands,
          },
        ]
      : [],
  );
}
