/**
 * Shell lines of scripts. Nothing is ever executed: a line is read for what it sets, and what is not understood makes
 * the script inconclusive.
 */
import { LINUX, type Tuning, tuningOf, tuningOfRoute } from './settings.ts';

/** A file that stands beside the script, by the name that the line gives it. */
export type Beside = (name: string) => string | undefined;

export interface ShellLine {
  /** `net.ipv4.tcp_sack` and what it is set to. */
  readonly settings: ReadonlyMap<string, string>;
  /** Of routes. */
  readonly tuning: Tuning;
  /** The commands that mean nothing here. */
  readonly unknown: readonly string[];
  /** It is the set-up of the published collections, which says that what follows was written for Linux. */
  readonly isLinux: boolean;
  /** µs */
  readonly sleep: number;
  /** Files that the line makes, with their bytes. */
  readonly files: ReadonlyMap<string, number>;
}

/** Scripts that read scripts. */
const DEEPEST = 4;
const SECOND = 1_000_000;
/** No script waits longer (a day). */
const LONGEST_SLEEP = 86_400;

/**
 * What `defaults.sh` of the published collections sets beyond the defaults of Linux. It is taken for granted wherever a
 * script calls a file of that name; when there is one beside the script, its own lines come on top.
 */
export const DEFAULTS_SH: Readonly<Record<string, string>> = {
  'net.ipv4.tcp_rmem': `4096 540000 ${15 << 20}`,
  'net.ipv4.tcp_wmem': `4096 ${1 << 18} 4194304`,
  'net.ipv4.tcp_timestamps': '1',
  'net.ipv4.tcp_sack': '1',
  'net.ipv4.tcp_dsack': '1',
  'net.ipv4.tcp_syn_retries': '5',
  'net.ipv4.tcp_synack_retries': '5',
  'net.ipv4.tcp_frto': '2',
  'net.ipv4.tcp_reordering': '3',
  'net.ipv4.tcp_congestion_control': 'cubic',
  'net.ipv4.tcp_slow_start_after_idle': '0',
  'net.ipv4.tcp_early_retrans': '4',
  'net.ipv4.tcp_recovery': '1',
  'net.ipv4.tcp_ecn': '0',
  'net.ipv4.tcp_syncookies': '1',
  'net.ipv4.tcp_min_tso_segs': '70',
};

/** Commands that set nothing a packet of ours depends on: counters, offload, modules, queues without a rate. */
const INDIFFERENT = [
  /^(?:true|:|set|cd|export|ulimit|sync|modprobe|kldload|kldunload|kldstat|rmmod|lsmod|uname|which|exit 0)\b/,
  /^:$/,
  /^(?:\S*\/)?sysctl_restore\S*(?:\s|$)/,
  /^(?:touch|rm|mkdir|chmod)\s[^<>|/]*$/,
  /^(?:echo|printf|conntrack -F|dmesg)\b[^<>|]*$/,
  /^(?:nstat|netstat|ss|cat|ip -s)\b[^<>|]*$/,
  /^ethtool\s+(?:-[kKgGsScC]|--\w+)\b/,
  /^ip\s+(?:-[46]\s+)?(?:tcp_metrics\s+(?:flush|show|delete)|neigh\b|-6\s+neigh\b|addr\s+show|link\s+show|route\s+(?:show|get|flush\s+cache))/,
  /^ip\s+link\s+set\s+(?:dev\s+)?\S+\s+up$/,
  /^tc\s+(?:-s\s+)?(?:qdisc|class|filter)\s+(?:show|ls|list)\b/,
  /^tc\s+qdisc\s+(?:add|replace|change|del|delete)\s+dev\s+\S+\s+root(?:\s+(?:handle\s+\S+\s+)?(?:pfifo|bfifo|pfifo_fast|noqueue|mq)(?:\s+limit\s+\d+)?)?$/,
];

/** Reads one shell line, with all that is in it. */
export function readShell(text: string, beside: Beside = () => undefined, depth = 0): ShellLine {
  const settings = new Map<string, string>();
  const files = new Map<string, number>();
  const unknown: string[] = [];
  let tuning: Tuning = {};
  let isLinux = false;
  let sleep = 0;
  for (const part of commands(text)) {
    const command = withoutRedirection(part);
    const script = /^(?:(?:bash|sh|source|\.)\s+)?(\S+\.sh)\b/.exec(command)?.[1];
    const assigned = assignments(command);
    const file = madeFile(command);
    const route = /^ip\s+(?:-[46]\s+)?ro(?:ute)?\s+(?:add|change|chg|replace|rep|append|del)\s+(.*)$/.exec(
      command,
    );
    const routed = route === null ? undefined : tuningOfRoute(route[1]!.split(/\s+/));
    const [, time] = /^(?:u?sleep)\s+(\d*\.?\d+)$/.exec(command) ?? [];
    if (assigned !== undefined) for (const [name, value] of assigned) settings.set(name, value);
    else if (routed !== undefined) tuning = { ...tuning, ...routed };
    else if (file !== undefined) files.set(file.name, file.bytes);
    else if (time !== undefined)
      sleep += Math.min(Number(time), LONGEST_SLEEP) * (command.startsWith('u') ? 1 : SECOND);
    else if (INDIFFERENT.some((pattern) => pattern.test(command))) continue;
    else if (script !== undefined) {
      const isDefaults = /(?:^|\/)defaults\.sh$/.test(script);
      const inner = depth < DEEPEST ? beside(script) : undefined;
      if (isDefaults) {
        isLinux = true;
        for (const [name, value] of Object.entries(DEFAULTS_SH)) settings.set(name, value);
      } else if (inner === undefined) unknown.push(part);
      if (inner === undefined) continue;
      const read = readShell(inner, beside, depth + 1);
      for (const [name, value] of read.settings) settings.set(name, value);
      for (const [name, bytes] of read.files) files.set(name, bytes);
      unknown.push(...read.unknown.map((what) => `${script}: ${what}`));
      tuning = { ...tuning, ...read.tuning };
      isLinux ||= read.isLinux;
      sleep += read.sleep;
    } else unknown.push(part);
  }
  return { settings, tuning, unknown, isLinux, sleep, files };
}

/** Between line ends, `;` and `&&`, outside of quotes; `|| true` and comments go. */
function commands(text: string): string[] {
  const joined = text.replace(/\\\r?\n/g, ' ');
  const found: string[] = [];
  let current = '';
  for (const [piece] of joined.matchAll(
    /"[^"]*"|'[^']*'|\$\([^\n]*\)|(?<![^\s;])#[^\n]*|\n|;|&&|\|\||[^"'\n;&|#$]+|./g,
  )) {
    if (piece === '\n' || piece === ';' || piece === '&&') {
      found.push(current);
      current = '';
    } else if (!piece.startsWith('#')) current += piece;
  }
  found.push(current);
  return found.map((command) => command.replace(/\|\|\s*(?:true|:)\s*$/, '').trim()).filter((c) => c !== '');
}

function withoutRedirection(command: string): string {
  return command
    .replace(/\s*(?:\d?>>?\s*(?:\/dev\/null|&\d)|&>\s*\/dev\/null)/g, '')
    .replace(/^sudo\s+/, '')
    .trim();
}

/** `sysctl -q -w net.ipv4.tcp_rmem="4096 87380 6291456"`, `set_sysctls.py /proc/sys/net/ipv4/tcp_sack=0`, `echo 1 > ...` */
function assignments(command: string): (readonly [string, string])[] | undefined {
  const echoed = /^echo\s+(?:-n\s+)?("[^"]*"|'[^']*'|\S+)\s*>\s*(\/proc\/sys\/\S+)$/.exec(command);
  if (echoed !== null) return [[key(echoed[2]!), plain(echoed[1]!)]];
  const [, text] = /^(?:\S*\/)?(?:sysctl|set_sysctls?\.(?:py|sh))\s+(.*)$/s.exec(command) ?? [];
  if (text === undefined) return undefined;
  const found: (readonly [string, string])[] = [];
  const rest = text.replace(/([\w./-]+)\s*=\s*("[^"]*"|'[^']*'|\S+)/g, (_, name: string, value: string) => {
    found.push([key(name), plain(value)]);
    return '';
  });
  // What is left are flags, and names whose value is only shown.
  return /^[\s\w./-]*$/.test(rest) ? found : undefined;
}

const key = (name: string): string => name.replace(/^\/proc\/sys\//, '').replaceAll('/', '.');

/** Without quotes, and with `$((15*1024*1024))` worked out. */
function plain(value: string): string {
  return value
    .replace(/^["']|["']$/g, '')
    .replace(/\$\(\(\s*(\d+(?:\s*\*\s*\d+)*)\s*\)\)/g, (_, product: string) =>
      String(product.split('*').reduce((n, factor) => n * Number(factor), 1)),
    )
    .replace(/^0x[0-9a-fA-F]+$/, (hex) => String(Number(hex)));
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1 << 10, m: 1 << 20, g: 1 << 30 };

function bytes(text: string): number {
  const [, digits = '0', unit = ''] = /^(\d+)([kKmMgG]?)/.exec(text) ?? [];
  return Number(digits) * UNITS[unit.toLowerCase()]!;
}

/** `fallocate -l 2M name`, `truncate -s 1M name`, `dd ... of=name bs=1k count=10` */
function madeFile(command: string): { readonly name: string; readonly bytes: number } | undefined {
  const [, size, name] = /^(?:fallocate\s+-l|truncate\s+-s)\s*(\d+[kKmMgG]?)\S*\s+(\S+)$/.exec(command) ?? [];
  if (size !== undefined && name !== undefined) return { name, bytes: bytes(size) };
  if (!command.startsWith('dd ')) return undefined;
  const word = (of: string): string | undefined => new RegExp(`\\b${of}=(\\S+)`).exec(command)?.[1];
  const to = word('of');
  return to === undefined
    ? undefined
    : { name: to, bytes: bytes(word('bs') ?? '512') * Number(word('count') ?? '1') };
}

/** The settings of a line as those of our stack. */
export function tuningOfLine(line: ShellLine): {
  readonly tuning: Tuning;
  readonly unknown: readonly string[];
} {
  let tuning: Tuning = line.isLinux ? LINUX : {};
  const unknown = [...line.unknown];
  for (const [name, value] of line.settings) {
    const setting = tuningOf(name, value);
    if (setting === undefined) unknown.push(`${name} = ${value}`);
    else tuning = { ...tuning, ...setting };
  }
  return { tuning: { ...tuning, ...line.tuning }, unknown };
}
