/** A packet ladder as text: a column for each host, an arrow for each packet, time downwards. */
import { ACK, FIN, PSH, RST, SYN, URG } from '../../stacks/wire/tcp.ts';
import { type Headers, readHeaders, type TcpFields } from './headers.ts';

export interface LadderOptions {
  /** Only frames on these links; all when undefined. A packet that is forwarded is one arrow on each of its links. */
  readonly links?: readonly string[];
  /** Only packets between these addresses, as text. */
  readonly hosts?: readonly string[];
  /** Only packets from or to this port. */
  readonly port?: number;
  /** Arrows at most; the packets behind them are counted. */
  readonly limit?: number;
  /** Names for addresses, shown at the top of their column. */
  readonly names?: ReadonlyMap<string, string>;
}

export interface LadderFrame {
  /** µs */
  readonly time: number;
  readonly link: string;
  readonly medium: 'ethernet' | 'ip';
  /** Only read during the call. */
  readonly bytes: Uint8Array;
}

interface Row {
  readonly time: number;
  readonly link: string;
  readonly from: string;
  readonly to: string;
  readonly label: string;
}

/** More arrows than anyone reads, and a bound for memory. */
const DEFAULT_LIMIT = 1_000;

/** Dashes and head around the label of an arrow. */
const ARROW = 6;

const FLAG_NAMES: readonly (readonly [number, string])[] = [
  [SYN, 'SYN'],
  [FIN, 'FIN'],
  [RST, 'RST'],
  [PSH, 'PSH'],
  [URG, 'URG'],
  [ACK, 'ACK'],
];

export class Ladder {
  /** Packets that passed the filter but not the limit. */
  omitted = 0;
  readonly #options: LadderOptions;
  readonly #rows: Row[] = [];
  /** The sequence number that counts as 0, for each direction of each connection that is shown. */
  readonly #origins: Map<string, number> = new Map();

  constructor(options: LadderOptions = {}) {
    this.#options = options;
  }

  frame({ time, link, medium, bytes }: LadderFrame): void {
    const { links, limit = DEFAULT_LIMIT } = this.#options;
    if (links !== undefined && !links.includes(link)) return;
    const headers = readHeaders(medium, bytes);
    if (headers === undefined || !this.#wants(headers)) return;
    if (this.#rows.length >= limit) {
      this.omitted++;
      return;
    }
    const label = headers.tcp === undefined ? headers.text : this.#tcpLabel(headers, headers.tcp);
    this.#rows.push({ time, link, from: headers.source, to: headers.destination, label });
  }

  /** Lines without a trailing newline; empty when no packet passed the filter. */
  toString(): string {
    const rows = this.#rows;
    if (rows.length === 0) return '';
    const hosts = [...new Set(rows.flatMap((row) => [row.from, row.to]))];
    const titles = hosts.map((host) => this.#title(host));
    const isOneLink = rows.every((row) => row.link === rows[0]!.link);
    const stamps = rows.map((row) => (isOneLink ? String(row.time) : `${row.link} ${row.time}`));
    const margin = Math.max('µs'.length, ...stamps.map((stamp) => stamp.length)) + 2;
    const at = positions(rows, hosts, titles, margin);

    const head = 'µs'.padStart(margin - 2).split('');
    for (const [i, title] of titles.entries()) put(head, at[i]! - (title.length >> 1), title);
    const lines = [head];
    for (const [i, row] of rows.entries()) {
      const line = stamps[i]!.padStart(margin - 2).split('');
      for (const x of at) put(line, x, '│');
      arrow(line, at[hosts.indexOf(row.from)]!, at[hosts.indexOf(row.to)]!, row.label);
      lines.push(line);
    }
    const text = lines.map((line) =>
      Array.from(line, (char) => char ?? ' ')
        .join('')
        .trimEnd(),
    );
    if (this.omitted > 0) text.push(`... and ${this.omitted} more`);
    return text.join('\n');
  }

  #wants({ source, destination, sourcePort, destinationPort }: Headers): boolean {
    const { hosts, port } = this.#options;
    if (hosts !== undefined && !(hosts.includes(source) && hosts.includes(destination))) return false;
    return port === undefined || sourcePort === port || destinationPort === port;
  }

  /** Sequence numbers count from the SYN, or from one before the first number that was seen. */
  #tcpLabel({ source, destination, sourcePort, destinationPort }: Headers, tcp: TcpFields): string {
    const there = `${source} ${sourcePort} ${destination} ${destinationPort}`;
    const back = `${destination} ${destinationPort} ${source} ${sourcePort}`;
    const parts = FLAG_NAMES.filter(([flag]) => (tcp.flags & flag) !== 0).map(([, name]) => name);
    if ((tcp.flags & SYN) !== 0) this.#origins.set(there, tcp.sequence);
    parts.push(`seq=${this.#relative(there, tcp.sequence)}`);
    if ((tcp.flags & ACK) !== 0) parts.push(`ack=${this.#relative(back, tcp.acknowledgment)}`);
    if (tcp.length > 0) parts.push(`len=${tcp.length}`);
    return parts.join(' ');
  }

  #relative(direction: string, number: number): number {
    const origin = this.#origins.get(direction);
    if (origin === undefined) this.#origins.set(direction, (number - 1) | 0);
    return origin === undefined ? 1 : (number - origin) >>> 0;
  }

  #title(host: string): string {
    const name = this.#options.names?.get(host);
    return name === undefined ? host : `${name} ${host}`;
  }
}

/** Where each host's line stands: far enough apart for the titles and for the label of every arrow between. */
function positions(rows: readonly Row[], hosts: string[], titles: string[], margin: number): number[] {
  const at = titles.map(() => margin + (titles[0]!.length >> 1));
  for (let i = 1; i < at.length; i++) {
    at[i] = at[i - 1]! + Math.ceil((titles[i - 1]!.length + titles[i]!.length) / 2) + 2;
    for (const row of rows) {
      const [left, right] = [hosts.indexOf(row.from), hosts.indexOf(row.to)].sort((a, b) => a - b);
      if (right === i && left !== i) at[i] = Math.max(at[i]!, at[left!]! + row.label.length + ARROW);
    }
  }
  return at;
}

function arrow(line: string[], from: number, to: number, label: string): void {
  if (from === to) {
    put(line, from + 2, label);
    return;
  }
  const left = Math.min(from, to) + 1;
  const width = Math.max(from, to) - left;
  const isRight = to > from;
  put(line, left, '─'.repeat(width));
  put(line, left + ((width - label.length + (isRight ? 0 : 1)) >> 1), label);
  put(line, isRight ? to - 1 : left, isRight ? '▶' : '◀');
}

function put(line: string[], at: number, text: string): void {
  for (let i = 0; i < text.length; i++) line[at + i] = text[i]!;
}
