/** A deck as a scenario: its schedule runs in virtual time, and each EXPECT card becomes a verdict. */
import { readFileSync } from 'node:fs';
import type { Finding, ScheduledAction } from '../config/deck.ts';
import { mayRun, parseDecks, renderFindings } from '../config/index.ts';
import { Lab } from '../lab/lab.ts';
import { type ActionEvent, runSchedule } from '../lab/schedule.ts';
import { type Judged, unreadable } from '../script/report.ts';
import type { Outcome } from '../script/run.ts';

/** One verdict for each claim, in the order of the cards; a deck without any gets one that is inconclusive. */
export async function playScenario(file: string, seed: number): Promise<Judged[]> {
  const began = performance.now();
  const judged = (outcome: Outcome, claim?: string): Judged => ({
    file,
    mode: undefined,
    ...(claim !== undefined && { claim }),
    outcome,
    took: performance.now() - began,
  });
  let text: Uint8Array;
  try {
    text = readFileSync(file);
  } catch (error) {
    return [judged(unreadable(undefined, (error as Error).message, ''))];
  }
  const files = [{ name: file, text }];
  const deck = parseDecks(files);
  if (!mayRun(deck.findings)) {
    const errors = deck.findings.filter(({ severity, rule }) => severity === 'error' || rule === 'TW1213');
    const printed = renderFindings(errors, files, { color: false }).split('\n');
    return [judged({ ...empty('unreadable', reasonOf(errors)), at: errors[0]?.at, printed })];
  }
  if (!deck.schedule.some(({ action }) => action.kind === 'expect')) {
    return [judged(empty('inconclusive', 'the deck has no EXPECT card, so nothing is claimed'))];
  }
  const lab = new Lab(deck, { seed });
  const events = new Map<ScheduledAction, ActionEvent>();
  try {
    await lab.start();
    await runSchedule(lab, (event, scheduled) => events.set(scheduled, event));
  } catch (error) {
    return [judged(empty('inconclusive', `the lab does not start: ${(error as Error).message}`))];
  } finally {
    await lab.close();
  }
  const replay = `npx twinstack run ${quoted(file)} --seed ${seed}`;
  return deck.schedule.flatMap((scheduled) => {
    const event = events.get(scheduled)!;
    const { action, at } = scheduled;
    if (action.kind === 'expect') {
      const { verdict, expected, seen } = event.judgement!;
      const word = verdict === 'fail' ? 'does not hold' : 'could not be judged';
      const reasons =
        verdict === 'pass' ? [] : [`${action.text} ${word}`, `seed ${seed}; to see it again: ${replay}`];
      const about = { at, reasons, expected, actual: seen, duration: event.time };
      return [judged({ ...empty(verdict), ...about }, action.text)];
    }
    // What only asks may fail, and the claims say what that means; a change that was not made undoes what they are about.
    if (event.ok || 'target' in action) return [];
    return [judged({ ...empty('inconclusive', event.text), at, duration: event.time }, action.kind)];
  });
}

function empty(verdict: Outcome['verdict'], reason?: string): Outcome {
  const reasons = reason === undefined ? [] : [reason];
  return {
    verdict,
    at: undefined,
    reasons,
    expected: undefined,
    actual: undefined,
    ladder: [],
    printed: [],
    duration: 0,
  };
}

function reasonOf(errors: readonly Finding[]): string {
  const [first] = errors;
  const more = errors.length > 1 ? `, and ${errors.length - 1} more` : '';
  return first === undefined ? 'the deck cannot be read' : `${first.message}${more}`;
}

/** As a POSIX shell takes it for one word. */
function quoted(file: string): string {
  return /^[\w@%+=:,./-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`;
}
