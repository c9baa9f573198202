/** What sysctl names and routes stand for on a stack of ours. */
import type { CongestionName } from '../../stacks/tcp/congestion/congestion.ts';
import type { Settings } from '../../stacks/tcp/tcp.ts';

export type Tuning = Partial<Settings>;

const MILLISECOND = 1_000;
const SECOND = 1_000_000;

/** What Linux has by default and its scripts take for granted. */
export const LINUX: Tuning = {
  receiveBuffer: 65_535 << 8,
  initialWindow: 10,
  minimumRto: 200 * MILLISECOND,
  delayedAck: 40 * MILLISECOND,
  quickAcks: 16,
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
  reduces: 'window',
  windowProbe: 'empty',
};

type Setting = (value: string) => Tuning | undefined;

/** Says nothing about what a stack of ours sends. */
const any: Setting = () => ({});

/** The only values with which this stack does as it always does. */
const only =
  (...values: readonly (number | string)[]): Setting =>
  (value) =>
    values.map(String).includes(value) ? {} : undefined;

const flag =
  (name: 'timestamps' | 'sack' | 'windowScaling' | 'dsack'): Setting =>
  (value) =>
    value === '0' || value === '1' ? { [name]: value === '1' } : undefined;

/** What Linux and FreeBSD call the algorithms; others are not here. */
export const CONGESTION: Readonly<Record<string, CongestionName>> = {
  cubic: 'cubic',
  reno: 'newreno',
  newreno: 'newreno',
};

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

/** Behind `net.ipv4.tcp_`. */
const LINUX_TCP: Readonly<Record<string, Setting>> = {
  timestamps: flag('timestamps'),
  sack: flag('sack'),
  dsack: flag('dsack'),
  window_scaling: flag('windowScaling'),
  ecn: choice('ecn', ['off', 'on', 'passive']),
  mtu_probing: choice('mtuProbing', ['off', 'blackhole', 'on']),
  base_mss: whole((baseMss) => ({ baseMss })),
  slow_start_after_idle: choice('slowStartAfterIdle', [false, true]),
  syn_retries: whole((synRetries) => ({ synRetries })),
  synack_retries: whole((synAckRetries) => ({ synAckRetries })),
  retries2: whole((maxRetransmits) => ({ maxRetransmits })),
  fin_timeout: whole((n) => ({ finWait2: n * SECOND })),
  rto_min_us: whole((minimumRto) => ({ minimumRto })),
  rto_max_ms: whole((n) => ({ maximumRto: n * MILLISECOND })),
  rmem: triple((_, most) => ({ receiveBuffer: most })),
  wmem: triple((_, most) => ({ sendBuffer: most })),
  congestion_control: congestion,
  // The SYN timeout of this stack doubles from the first on.
  syn_linear_timeouts: only(0),
  // Always so here: a TIME-WAIT ignores resets.
  rfc1337: only(1),
  // RACK is how losses are found; its variants of Linux (2, 4) are not here.
  recovery: only(1),
  // Linux has had 3 and 4 for the same (delayed early retransmit is gone).
  early_retrans: oneOf({
    0: { tailLossProbe: false },
    3: { tailLossProbe: true },
    4: { tailLossProbe: true },
  }),
  frto: oneOf({ 0: { frto: false }, 1: { frto: true }, 2: { frto: true } }),
  min_rtt_wlen: whole((n) => ({ minRttWindow: n * SECOND })),
  // As this stack always is.
  reordering: only(3),
  fack: only(0),
  ecn_fallback: only(1),
  syncookies: only(0, 1),
  shrink_window: only(0),
  stdurg: only(0),
  abort_on_overflow: only(0),
  pingpong_thresh: only(1),
  reflect_tos: only(0),
  thin_linear_timeouts: only(0),
  thin_dupack: only(0),
  workaround_signed_windows: only(0),
  moderate_rcvbuf: only(1),
  keepalive_time: only(7_200),
  keepalive_intvl: only(75),
  keepalive_probes: only(9),
  notsent_lowat: only(0xffff_ffff, -1),
  migrate_req: only(0),
  // How Linux cuts, paces and caches: there is none of it here. Of fast open the socket asks first, and is told.
  ...Object.fromEntries(
    [
      'min_tso_segs tso_win_divisor tso_rtt_log limit_output_bytes autocorking pacing_ss_ratio',
      'pacing_ca_ratio low_latency no_metrics_save fastopen fastopen_key fastopen_blackhole_timeout_sec',
      'fastopen_blackhole_detect_timeout_sec invalid_ratelimit challenge_ack_limit max_syn_backlog max_tw_buckets',
      'max_orphans max_reordering mem orphan_retries retries1 tw_reuse tw_reuse_delay backlog_ack_defer adv_win_scale',
      'app_win comp_sack_nr comp_sack_delay_ns comp_sack_slack_ns comp_sack_rtt_percent probe_interval probe_threshold',
      'mtu_probe_floor min_snd_mss plb_enabled ecn_option ecn_option_beacon early_demux ehash_entries',
      'child_ehash_entries available_congestion_control allowed_congestion_control rcvbuf_low_rtt',
    ].flatMap((line) => line.split(' ').map((name) => [name, any])),
  ),
};

/** Behind `net.inet.tcp.`, of FreeBSD. */
const FREEBSD_TCP: Readonly<Record<string, Setting>> = {
  rfc1323: (value) =>
    value === '0' || value === '1' ? { timestamps: value === '1', windowScaling: value === '1' } : undefined,
  'sack.enable': flag('sack'),
  newsack_debug: any,
  'ecn.enable': choice('ecn', ['off', 'on', 'passive']),
  delacktime: whole((n) => ({ delayedAck: n * MILLISECOND })),
  delayed_ack: only(1),
  initcwnd_segments: whole((initialWindow) => ({ initialWindow })),
  'cc.algorithm': congestion,
  rexmit_min: whole((n) => ({ minimumRto: n * MILLISECOND })),
  rexmit_initial: whole((n) => ({ initialRto: n * MILLISECOND })),
  msl: whole((n) => ({ msl: n * MILLISECOND })),
  finwait2_timeout: whole((n) => ({ finWait2: n * MILLISECOND })),
  recvspace: whole((receiveBuffer) => ({ receiveBuffer })),
  sendspace: whole((sendBuffer) => ({ sendBuffer })),
  path_mtu_discovery: only(1),
  pmtud_blackhole_detection: choice('mtuProbing', ['off', 'blackhole']),
  rfc3042: only(1),
  rfc3390: only(1),
  rfc3465: any,
  rfc6675_pipe: any,
  mssdflt: only(536),
  v6mssdflt: only(1_220),
  functions_default: only('freebsd', 'rack'),
  syncookies: only(0, 1),
  syncookies_only: only(0),
  keepidle: only(7_200_000),
  keepintvl: only(75_000),
  keepcnt: only(9),
  blackhole: only(0),
  drop_synfin: only(0),
  always_keepalive: only(0),
  'fastopen.server_enable': any,
  'fastopen.client_enable': any,
  insecure_syn: only(0),
  insecure_rst: only(0),
  insecure_ack: only(0),
  tso: any,
  recvbuf_auto: any,
  sendbuf_auto: any,
  'hostcache.purge': any,
  'hostcache.purgenow': any,
  'hostcache.enable': any,
  log_debug: any,
  log_in_vain: any,
};

/** Names of which nothing that TCP sends depends, by how they begin. */
const INDIFFERENT =
  /^(?:net\.core\.|kern\.|debug\.|vm\.|fs\.|security\.|net\.ipv4\.(?:udp_|icmp_|conf\.|neigh\.|ip_local_port_range|ip_local_reserved_ports|ip_early_demux|fib_|route\.(?:flush|gc_))|net\.ipv6\.(?:conf\.|neigh\.|route\.(?:flush|gc_))|net\.inet\.ip\.|net\.inet6?\.icmp6?\.|net\.inet\.udp\.|net\.mptcp\.|net\.netfilter\.)/;

/** Undefined: not to be had here. */
export function tuningOf(name: string, value: string): Tuning | undefined {
  const [, short = ''] = /^net\.ipv4\.tcp_(.*)$/.exec(name) ?? [];
  if (Object.hasOwn(LINUX_TCP, short)) return LINUX_TCP[short]!(value);
  const [, free = ''] = /^net\.inet\.tcp\.(.*)$/.exec(name) ?? [];
  if (Object.hasOwn(FREEBSD_TCP, free)) return FREEBSD_TCP[free]!(value);
  if (name === 'net.ipv4.ip_no_pmtu_disc') return only(0)(value);
  return INDIFFERENT.test(name) ? {} : undefined;
}

/** Attributes of `ip route add ... initcwnd 10 rto_min 5ms`; those of the way itself mean nothing on a script's wire. */
export function tuningOfRoute(words: readonly string[]): Tuning | undefined {
  let tuning: Tuning = {};
  for (let i = 0; i < words.length; i++) {
    const value = words[i + 1] ?? '';
    let found: Tuning | undefined = {};
    switch (words[i]) {
      case 'initcwnd':
        found = whole((initialWindow) => ({ initialWindow }))(value);
        break;
      case 'rto_min':
        found = milliseconds(value);
        break;
      case 'congctl':
        found = congestion(value);
        break;
      case 'features':
        found = value === 'ecn' ? { ecn: 'on' } : undefined;
        break;
      case 'mtu':
      case 'advmss':
      case 'window':
      case 'initrwnd':
      case 'quickack':
      case 'reordering':
      case 'rtt':
      case 'rttvar':
      case 'ssthresh':
      case 'cwnd':
      case 'hoplimit':
        return undefined;
    }
    if (found === undefined) return undefined;
    tuning = { ...tuning, ...found };
  }
  return tuning;
}

/** `5ms`, `1s`, `200` */
function milliseconds(text: string): Tuning | undefined {
  const [, digits, unit] = /^(\d+)(ms|s)?$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  return { minimumRto: Number(digits) * (unit === 's' ? SECOND : MILLISECOND) };
}
