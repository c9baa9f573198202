/** On what a script is played. */
import type { RunOptions } from './script-options.ts';
import type { Script, Value } from './syntax.ts';
import { MODES, type Mode } from './world.ts';

const VERSION_MODES = { ipv4: 'ipv4', ipv6: 'ipv6', 'ipv4-mapped-ipv6': 'coupled' } as const;

/**
 * What a script is for: what its `--ip_version` says, or the addresses that it names, or all. A kernel has no couple
 * that does anything otherwise; a couple has datagrams of IPv6 only.
 */
export function modesOf(script: Script, { ipVersion }: RunOptions, onKernel = false): readonly Mode[] {
  if (ipVersion !== undefined) return [VERSION_MODES[ipVersion]];
  const isCoupled =
    onKernel || (script.notCoupled === undefined && !mentions(script, (name) => name === 'SOCK_DGRAM'));
  const modes = isCoupled ? MODES : MODES.filter((mode) => mode !== 'coupled');
  if (mentions(script, (name) => name === 'AF_INET' || name === 'inet_addr')) return ['ipv4'];
  const isMapped = mentions(script, (name) => /^::ffff:/i.test(name));
  if (isMapped) return modes.filter((mode) => mode === 'coupled');
  return mentions(script, (name) => name === 'AF_INET6' || name === 'inet_pton') ? ['ipv6'] : modes;
}

/** Does a call of the script name something of which this holds? */
function mentions(script: Script, holds: (name: string) => boolean): boolean {
  const within = (value: Value): boolean => {
    switch (value.kind) {
      case 'names':
        return value.names.some(holds);
      case 'string':
        return holds(value.value);
      case 'list':
        return value.items.some(within);
      case 'struct':
        return [...value.fields.values()].some(within);
      case 'apply':
        return holds(value.name) || value.arguments.some(within);
      default:
        return false;
    }
  };
  return script.events.some(({ action }) => action.kind === 'call' && action.arguments.some(within));
}
