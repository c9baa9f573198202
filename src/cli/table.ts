/** Plain columns as `ip` and `ss` print them: left-aligned text, right-aligned numbers, two blanks between. */
export type Cell = string | number;

export function renderTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const widths = head.map((title, i) =>
    rows.reduce((width, row) => Math.max(width, String(row[i] ?? '').length), title.length),
  );
  const line = (cells: readonly Cell[]): string =>
    head
      .map((_, i) => {
        const cell = cells[i] ?? '';
        const width = widths[i]!;
        return typeof cell === 'number' ? String(cell).padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return `${[line(head), ...rows.map(line)].join('\n')}\n`;
}

/** µs as milliseconds with three decimals, the resolution that the lab has. */
export function milliseconds(us: number): string {
  return `${(us / 1_000).toFixed(3)} ms`;
}
