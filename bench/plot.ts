/** Lines over a logarithmic x axis, as SVG. */

export interface Series {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

const WIDTH = 640;
const HEIGHT = 360;
const MARGIN = 56;
const COLOURS = ['#1565c0', '#c62828', '#2e7d32', '#6a1b9a'];

export function plot(title: string, xName: string, yName: string, series: readonly Series[]): string {
  const points = series.flatMap((s) => s.points);
  const [low, high] = [Math.min(...points.map((p) => p.x)), Math.max(...points.map((p) => p.x))];
  const step = niceStep(Math.max(...points.map((p) => p.y)));
  const top = Math.ceil(Math.max(...points.map((p) => p.y)) / step) * step;
  const x = (value: number) =>
    MARGIN +
    ((Math.log10(value) - Math.log10(low)) / (Math.log10(high) - Math.log10(low))) * (WIDTH - 2 * MARGIN);
  const y = (value: number) => HEIGHT - MARGIN - (value / top) * (HEIGHT - 2 * MARGIN);
  const text = (at: number, to: number, anchor: string, what: string) =>
    `<text x="${at.toFixed(1)}" y="${to.toFixed(1)}" text-anchor="${anchor}">${what}</text>`;
  const lines: string[] = [];
  for (let value = 0; value <= top; value += step) {
    lines.push(`<path d="M${MARGIN} ${y(value).toFixed(1)}H${WIDTH - MARGIN}" stroke="#ccc"/>`);
    lines.push(text(MARGIN - 6, y(value) + 4, 'end', `${value}`));
  }
  for (let value = low; value <= high; value *= 10) {
    lines.push(text(x(value), HEIGHT - MARGIN + 18, 'middle', value.toLocaleString('en')));
  }
  for (const [i, { name, points: own }] of series.entries()) {
    const path = own
      .map((p, n) => `${n === 0 ? 'M' : 'L'}${x(p.x).toFixed(1)} ${y(p.y).toFixed(1)}`)
      .join('');
    lines.push(`<path d="${path}" fill="none" stroke="${COLOURS[i]}" stroke-width="2"/>`);
    lines.push(`<g fill="${COLOURS[i]}">${text(MARGIN + 8, MARGIN + 18 + 18 * i, 'start', name)}</g>`);
  }
  lines.push(text(WIDTH / 2, 28, 'middle', title));
  lines.push(text(WIDTH / 2, HEIGHT - 12, 'middle', xName));
  lines.push(text(MARGIN - 6, MARGIN - 14, 'end', yName));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">
<title>${title}</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
${lines.join('\n')}
</svg>
`;
}

/** 1, 2 or 5 times a power of ten, for about five lines. */
function niceStep(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most / 5));
  const factor = most / 5 / power;
  return power * (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10);
}
