/** The `--name=value` lines of a script. */
import { nearest } from './names.ts';
import { ScriptError } from './scanner.ts';
import type { Beside } from './shell.ts';
import type { Option, Script } from './syntax.ts';

export interface RunOptions {
  /** µs that an event may be off. */
  readonly tolerance: number;
  readonly mtu: number | undefined;
  /** µs of a tick in the script's timestamps; 0: their values are not compared. Undefined: not said. */
  readonly timestampTick: number | undefined;
  readonly strictSegments: boolean;
  /** What the script says it is for; undefined: any. */
  readonly ipVersion: 'ipv4' | 'ipv4-mapped-ipv6' | 'ipv6' | undefined;
  /** The script was written for Linux, as far as one knows before reading it. */
  readonly isLinux: boolean;
  readonly beside: Beside;
}

const TOLERANCE = 4_000;
export const TICK = 1_000;
const VERSIONS = ['ipv4', 'ipv4-mapped-ipv6', 'ipv6'] as const;
/** Say how a real machine is set up, or how a failure is told; here they change nothing. */
const WITHOUT_EFFECT = new Set(
  [
    'tcp_ts_ecr_scaled send_omit_free local_ip remote_ip gateway_ip netmask_ip non_fatal bind_port connect_port verbose',
    'debug speed mss wire_client wire_server wire_client_dev wire_server_dev wire_server_at wire_server_ip',
    'wire_server_port dry_run init_scripts code_command code_format code_sockopt so_filename so_flags fm_usecs',
    'tolerance_percent persistent_tun_dev tun_dev live_remote_ip live_local_ip live_gateway_ip live_prefix define',
    'udp_encapsulation udp_encaps ip_encapsulation persistent_tun_dev no_cleanup reuse_tun link_mtu ipv4_mtu',
  ].flatMap((line) => line.split(' ')),
);
const NAMES = [
  ...WITHOUT_EFFECT,
  'tolerance_usecs',
  'tcp_ts_tick_usecs',
  'mtu',
  'strict_segments',
  'ip_version',
];

/** @throws ScriptError for an option that does not exist, or a value that it cannot have. */
export function readOptions(script: Script): RunOptions {
  const read = {
    tolerance: TOLERANCE,
    mtu: undefined as number | undefined,
    timestampTick: undefined as number | undefined,
    strictSegments: false,
    ipVersion: undefined as RunOptions['ipVersion'],
    isLinux: false,
    beside: (() => undefined) as Beside,
  };
  for (const option of script.options) {
    switch (option.name) {
      case 'tolerance_usecs':
        read.tolerance = whole(script, option, 1);
        break;
      case 'tcp_ts_tick_usecs':
        read.timestampTick = whole(script, option, 0);
        break;
      case 'mtu':
        read.mtu = whole(script, option, 68);
        break;
      case 'strict_segments':
        read.strictSegments = true;
        break;
      case 'ip_version':
        read.ipVersion =
          VERSIONS.find((v) => v === option.value) ?? fail(script, option, VERSIONS.join(', '));
        break;
      default:
        if (!WITHOUT_EFFECT.has(option.name)) {
          const meant = nearest(option.name, NAMES);
          const hint = meant === undefined ? '' : `; --${meant} is`;
          throw new ScriptError(script.file, option.at, `--${option.name} is no option of a script${hint}`);
        }
    }
  }
  return read;
}

function whole(script: Script, option: Option, least: number): number {
  const n = Number(option.value);
  return Number.isInteger(n) && n >= least ? n : fail(script, option, `a whole number of at least ${least}`);
}

function fail(script: Script, { at, name, value }: Option, wanted: string): never {
  throw new ScriptError(script.file, at, `--${name} takes ${wanted}, not ${value ?? 'nothing'}`);
}
