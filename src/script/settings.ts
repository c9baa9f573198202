/**
 * Shell lines of scripts, as settings of the stack. Nothing is ever executed: what is not in this table makes the
 * script inconclusive.
 */
import type { CongestionName } from '../../stacks/tcp/congestion/congestion.ts';
import type { Settings } from '../../stacks/tcp/tcp.ts';

export type Tuning = Partial<Settings>;

const MILLISECOND = 1_000;

/** What Linux has by default and its scripts take for granted. */
export const LINUX: Tuning = {
  receiveBuffer: 65_535 << 8,
  initialWindow: 10,
  minimumRto: 200 * MILLISECOND,
  delayedAck: 40 * MILLISECOND,
  windowScaling: true,
  timestamps: true,
  sack: true,
  softErrorsEndConnect: true,
  dsack: true,
  tailLossProbe: true,
  frto: true,
  congestion: 'cubic',
  slowStartLimit: Number.POSITIVE_INFINITY,
  // What the published collections set on top of it.
  ecn: 'off',
  slowStartAfterIdle: false,
  nagle: 'minshall',
};

type Setting = (value: string) => Tuning | undefined;

const flag =
  (name: 'timestamps' | 'sack' | 'windowScaling' | 'dsack'): Setting =>
  (value) =>
    value === '0' || value === '1' ? { [name]: value === '1' } : undefined;

/** What Linux calls the algorithms; others are not here. */
export const CONGESTION: Readonly<Record<string, CongestionName>> = { cubic: 'cubic', reno: 'newreno' };

const congestion: Setting = (value) =>
  Object.hasOwn(CONGESTION, value) ? { congestion: CONGESTION[value]! } : undefined;

/** A few numbers that each stand for something. */
const oneOf =
  (choices: Readonly<Record<string, Tuning>>): Setting =>
  (value) =>
    Object.hasOwn(choices, value) ? choices[value] : undefined;

/** `values` by the number that stands for each. */
const choice =
  <Name extends keyof Settings>(name: Name, values: readonly Settings[Name][]): Setting =>
  (value) =>
    /^\d$/.test(value) && Number(value) < values.length ? { [name]: values[Number(value)] } : undefined;

const whole =
  (make: (n: number) => Tuning | undefined): Setting =>
  (value) =>
    /^\d+$/.test(value) ? make(Number(value)) : undefined;

/** `least default most`, in bytes. */
const triple =
  (make: (preset: number, most: number) => Tuning): Setting =>
  (value) => {
    const numbers = value.trim().split(/\s+/).map(Number);
    return numbers.length === 3 && numbers.every((n) => n > 0) ? make(numbers[1]!, numbers[2]!) : undefined;
  };

const SYSCTLS: Readonly<Record<string, Setting>> = {
  'net.ipv4.tcp_timestamps': flag('timestamps'),
  'net.ipv4.tcp_sack': flag('sack'),
  'net.ipv4.tcp_dsack': flag('dsack'),
  'net.ipv4.tcp_window_scaling': flag('windowScaling'),
  'net.ipv4.tcp_ecn': choice('ecn', ['off', 'on', 'passive']),
  'net.ipv4.tcp_mtu_probing': choice('mtuProbing', ['off', 'blackhole', 'on']),
  'net.ipv4.tcp_base_mss': whole((baseMss) => ({ baseMss })),
  'net.ipv4.tcp_slow_start_after_idle': choice('slowStartAfterIdle', [false, true]),
  'net.ipv4.tcp_syn_retries': whole((synRetries) => ({ synRetries })),
  'net.ipv4.tcp_synack_retries': whole((synAckRetries) => ({ synAckRetries })),
  'net.ipv4.tcp_retries2': whole((maxRetransmits) => ({ maxRetransmits })),
  'net.ipv4.tcp_fin_timeout': whole((n) => ({ finWait2: n * 1_000_000 })),
  'net.ipv4.tcp_rto_min_us': whole((minimumRto) => ({ minimumRto })),
  'net.ipv4.tcp_rto_max_ms': whole((n) => ({ maximumRto: n * MILLISECOND })),
  'net.ipv4.tcp_rmem': triple((_, most) => ({ receiveBuffer: most })),
  'net.ipv4.tcp_wmem': triple((_, most) => ({ sendBuffer: most })),
  // The SYN timeout of this stack doubles from the first on.
  'net.ipv4.tcp_syn_linear_timeouts': whole((n) => (n === 0 ? {} : undefined)),
  // Always so here: a TIME-WAIT ignores resets.
  'net.ipv4.tcp_rfc1337': (value) => (value === '1' ? {} : undefined),
  'net.ipv4.tcp_congestion_control': congestion,
  // RACK is how losses are found; its variants of Linux (2, 4) are not here.
  'net.ipv4.tcp_recovery': oneOf({ 1: {} }),
  'net.ipv4.tcp_early_retrans': oneOf({ 0: { tailLossProbe: false }, 3: { tailLossProbe: true } }),
  'net.ipv4.tcp_frto': oneOf({ 0: { frto: false }, 1: { frto: true }, 2: { frto: true } }),
  'net.ipv4.tcp_min_rtt_wlen': whole((n) => ({ minRttWindow: n * 1_000_000 })),
  'net.ipv4.tcp_min_tso_segs': whole(() => ({})),
  'net.ipv4.tcp_no_metrics_save': whole(() => ({})),
};

export interface Understood {
  readonly tuning: Tuning;
  /** The commands of the line that mean nothing here. */
  readonly unknown: readonly string[];
}

/** The commands of a shell line, as settings of our stack. */
export function understand(text: string): Understood {
  const { settings, unknown, isLinux } = sysctls(text);
  let tuning: Tuning = isLinux ? LINUX : {};
  const missing = [...unknown];
  for (const [name, value] of settings) {
    const setting = Object.hasOwn(SYSCTLS, name) ? SYSCTLS[name]!(value) : undefined;
    if (setting === undefined) missing.push(`${name} = ${value}`);
    else tuning = { ...tuning, ...setting };
  }
  return { tuning, unknown: missing };
}

export interface Sysctls {
  /** `net.ipv4.tcp_sack` and what it is set to. */
  readonly settings: ReadonlyMap<string, string>;
  readonly unknown: readonly string[];
  /** The line sets what Linux has by default. */
  readonly isLinux: boolean;
}

/** Reads sysctl, the set-up scripts of the published collections, and `true`. */
export function sysctls(text: string): Sysctls {
  const settings = new Map<string, string>();
  const unknown: string[] = [];
  let isLinux = false;
  for (const part of text.split(/[\n;]|&&/)) {
    const command = part.replace(/#.*$/, '').trim();
    if (command === '' || command === 'true' || command === ':') continue;
    const quiet = command.replace(/\s*>\s*\/dev\/null(\s+2>&1)?\s*$/, '');
    const found = assignments(/^(?:sysctl|\S*set_sysctls\.py)\s+(.*)$/.exec(quiet)?.[1] ?? '');
    if (/(^|\/)defaults\.sh(\s|$)/.test(command)) isLinux = true;
    else if (found.length === 0) unknown.push(command);
    else for (const [name, value] of found) settings.set(name, value);
  }
  return { settings, unknown, isLinux };
}

/** `-q -w net.ipv4.tcp_rmem="4096 87380 6291456"`, `/proc/sys/net/ipv4/tcp_sack=0` */
function assignments(text: string): (readonly [string, string])[] {
  const found = text.matchAll(/([\w./]+)\s*=\s*("[^"]*"|'[^']*'|\S+)/g);
  return [...found].map(([, name, value]) => {
    const key = name!.replace(/^\/proc\/sys\//, '').replaceAll('/', '.');
    return [key, value!.replace(/^["']|["']$/g, '')] as const;
  });
}
