/** `show`: one table of a lab, after its schedule has run (or at a moment of it). */
import { once } from 'node:events';
import { Lab } from '../lab/lab.ts';
import { runSchedule } from '../lab/schedule.ts';
import { loadDecks } from './decks.ts';
import { GOOD } from './exit.ts';
import { startLab } from './start.ts';
import { type Cell, pages, type Table } from './table.ts';
import { TABLES, type TableFilter } from './tables.ts';

export interface ShowCommand {
  readonly what: string;
  readonly decks: readonly string[];
  /** µs of lab time after the start; undefined: when the deck's schedule has ended and nothing is in flight. */
  readonly at: number | undefined;
  readonly seed: number;
  readonly json: boolean;
  readonly color: boolean;
  /** Of rows; undefined for all. */
  readonly limit: number | undefined;
  readonly filter: TableFilter;
}

export async function show(command: ShowCommand): Promise<number> {
  const table = TABLES[command.what]!;
  const lab = new Lab(loadDecks(command.decks, command.color), { seed: command.seed });
  try {
    await startLab(lab);
    let isShown = false;
    const schedule = runSchedule(lab, ({ ok, text, card }) => {
      // What goes on at the moment that is shown is cut off by us, and has not failed.
      if (!ok && !isShown) process.stderr.write(`${card}: ${text}\n`);
    });
    if (command.at === undefined) await schedule.then(() => lab.rest());
    else await lab.advance(command.at);
    isShown = true;
    const { head, rows, summary } = table.make(lab, command.filter);
    const shown = limited(rows, command.limit);
    for (const piece of command.json ? objects(head, shown) : pages(head, shown, summary?.())) {
      if (!process.stdout.write(piece)) await once(process.stdout, 'drain');
    }
    return GOOD;
  } finally {
    await lab.close();
  }
}

function* limited(rows: Table['rows'], limit = Number.POSITIVE_INFINITY): Generator<readonly Cell[]> {
  let left = limit;
  if (left === 0) return;
  for (const row of rows) {
    yield row;
    if (--left === 0) return;
  }
}

/** Rows of one piece of JSON. */
const AT_ONCE = 1_000;

/** A JSON array with an object a line, in pieces. */
function* objects(head: readonly string[], rows: Table['rows']): Generator<string> {
  const names = head.map((title) => JSON.stringify(title.toLowerCase().replaceAll(/[^a-z]+/g, '_')));
  let piece = '[';
  let count = 0;
  for (const row of rows) {
    const members = names.map((name, i) => `${name}:${JSON.stringify(row[i])}`);
    piece += `${count++ === 0 ? '' : ','}\n{${members.join(',')}}`;
    if (count % AT_ONCE > 0) continue;
    yield piece;
    piece = '';
  }
  yield `${piece}\n]\n`;
}
