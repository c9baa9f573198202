/** Plain columns as `ip` and `ss` print them: left-aligned text, right-aligned numbers, two blanks between. */
export type Cell = string | number;

type Row = readonly Cell[];

export interface Table {
  readonly head: readonly string[];
  /** Made while they are printed: there may be millions. */
  readonly rows: Iterable<Row>;
  /** A line before the table. */
  readonly summary?: () => string;
}

export function renderTable(head: readonly string[], rows: Iterable<Row>): string {
  const widths = head.map((title) => title.length);
  const all = [head, ...rows];
  for (const row of all) widen(widths, row);
  return render(widths, all);
}

/** Rows that are looked at before the first of them is printed: as wide as these are, the columns are. */
const PAGE = 1_000;

/** The same in pieces, of rows that are made meanwhile; a column grows when a later page needs it wider. */
export function* pages(head: readonly string[], rows: Iterable<Row>, summary?: string): Generator<string> {
  if (summary !== undefined) yield `${summary}\n`;
  const widths = head.map((title) => title.length);
  let page: Row[] = [head];
  for (const row of rows) {
    widen(widths, row);
    page.push(row);
    if (page.length < PAGE) continue;
    yield render(widths, page);
    page = [];
  }
  if (page.length > 0) yield render(widths, page);
}

function widen(widths: number[], row: Row): void {
  for (let i = 0; i < widths.length; i++) {
    const width = String(row[i] ?? '').length;
    if (width > widths[i]!) widths[i] = width;
  }
}

function render(widths: readonly number[], rows: readonly Row[]): string {
  let text = '';
  for (const row of rows) {
    let line = '';
    for (let i = 0; i < widths.length; i++) {
      const cell = row[i] ?? '';
      const width = widths[i]!;
      if (i > 0) line += '  ';
      line += typeof cell === 'number' ? String(cell).padStart(width) : cell.padEnd(width);
    }
    text += `${line.trimEnd()}\n`;
  }
  return text;
}

/** A stack's id as on its card. */
export function two(id: number): string {
  return String(id).padStart(2, '0');
}

/** µs as milliseconds with three decimals, the resolution that the lab has. */
export function milliseconds(us: number): string {
  return `${(us / 1_000).toFixed(3)} ms`;
}
