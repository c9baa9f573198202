/** The `--name=value` lines of a script. */
import { ScriptError } from './scanner.ts';
import type { Option, Script } from './syntax.ts';

export interface RunOptions {
  /** µs that an event may be off. */
  readonly tolerance: number;
  readonly mtu: number | undefined;
  /** µs of a tick in the script's timestamps. */
  readonly timestampTick: number;
  readonly strictSegments: boolean;
  /** What the script says it is for; undefined: any. */
  readonly ipVersion: 'ipv4' | 'ipv4-mapped-ipv6' | 'ipv6' | undefined;
}

const TOLERANCE = 4_000;
const TICK = 1_000;
const VERSIONS = ['ipv4', 'ipv4-mapped-ipv6', 'ipv6'] as const;
/** Say how a real machine is set up, or how a failure is told; here they change nothing. */
const WITHOUT_EFFECT = new Set([
  'tcp_ts_ecr_scaled',
  'send_omit_free',
  'local_ip',
  'remote_ip',
  'gateway_ip',
  'netmask_ip',
  'non_fatal',
  'bind_port',
  'connect_port',
  'verbose',
  'debug',
  'speed',
  'mss',
]);

/** @throws ScriptError for an option that does not exist, or a value that it cannot have. */
export function readOptions(script: Script): RunOptions {
  const read = {
    tolerance: TOLERANCE,
    mtu: undefined as number | undefined,
    timestampTick: TICK,
    strictSegments: false,
    ipVersion: undefined as RunOptions['ipVersion'],
  };
  for (const option of script.options) {
    switch (option.name) {
      case 'tolerance_usecs':
        read.tolerance = whole(script, option, 1);
        break;
      case 'tcp_ts_tick_usecs':
        read.timestampTick = whole(script, option, 0) || TICK;
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
          throw new ScriptError(script.file, option.at, `--${option.name} is no option of a script`);
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
