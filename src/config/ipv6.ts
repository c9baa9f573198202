/** What the cards of an IPv6 stack say about autoconfiguration, router advertisements and policies. */
import type { Advertisement, Preference } from '../../stacks/stack.ts';
import type { Token } from './card.ts';
import type { AdvertiseConfig, AutoconfConfig, PolicyConfig } from './deck.ts';
import type { Operands } from './operands.ts';
import type { Report } from './report.ts';

/** Bytes of a SECRET (RFC 7217 §5). */
const SECRET_BYTES = 16;

/** A card that adds something to what a device advertises. */
export interface AdvertisedMore {
  readonly device: string;
  readonly operands: Operands;
  readonly more: Pick<Advertisement, 'prefixes' | 'routes' | 'dns' | 'search'>;
}

export function autoconfOf(operands: Operands, at: Token['at'], report: Report): AutoconfConfig {
  const secret = operands.has('secret') ? bytesOf(operands.text('secret')) : undefined;
  if (secret !== undefined && secret.length < SECRET_BYTES) {
    report.add('TW2126', operands.token('secret'), `a SECRET of ${secret.length} bytes`, {
      label: `${SECRET_BYTES} bytes at least`,
    });
  }
  return {
    at,
    device: operands.text('device'),
    mtu: operands.number('mtu'),
    ...(operands.has('identifier') && {
      identifier: operands.text('identifier') === 'EUI64' ? 'eui64' : 'stable',
    }),
    ...(secret !== undefined && { secret }),
    ...(operands.has('temporary') && { temporary: operands.text('temporary') === 'ON' }),
  };
}

export function advertiseOf(operands: Operands, at: Token['at']): AdvertiseConfig {
  return {
    at,
    device: operands.text('device'),
    advertisement: {
      ...numbers(operands, {
        lifetime: 'lifetime',
        interval: 'interval',
        hoplimit: 'hopLimit',
        mtu: 'mtu',
        reachable: 'reachableTime',
        retrans: 'retransTimer',
      }),
      ...flags(operands, { managed: 'managed', other: 'other' }),
      ...preferenceOf(operands),
    },
  };
}

/** ADVPREFIX, ADVROUTE, ADVDNS and ADVSRCH. */
export function moreOf(statement: string, operands: Operands): AdvertisedMore {
  const device = operands.text('device');
  const lifetime = numbers(operands, { lifetime: 'lifetime' });
  switch (statement) {
    case 'ADVPREFIX': {
      const prefix = {
        ...networkOf(operands),
        ...numbers(operands, { valid: 'valid', preferred: 'preferred' }),
        ...flags(operands, { onlink: 'onLink', auto: 'autonomous' }),
      };
      return { device, operands, more: { prefixes: [prefix] } };
    }
    case 'ADVROUTE': {
      const route = { ...networkOf(operands), ...lifetime, ...preferenceOf(operands) };
      return { device, operands, more: { routes: [route] } };
    }
    case 'ADVDNS':
      return { device, operands, more: { dns: [{ address: operands.address('address'), ...lifetime }] } };
    default:
      return {
        device,
        operands,
        more: { search: [{ domain: operands.text('domain').toLowerCase(), ...lifetime }] },
      };
  }
}

/** ADVERTISE with the cards that add to it. */
export function withMore(config: AdvertiseConfig, all: readonly AdvertisedMore[]): AdvertiseConfig {
  const own = all.filter(({ device }) => device === config.device).map(({ more }) => more);
  const advertisement = {
    ...config.advertisement,
    prefixes: own.flatMap(({ prefixes = [] }) => prefixes),
    routes: own.flatMap(({ routes = [] }) => routes),
    dns: own.flatMap(({ dns = [] }) => dns),
    search: own.flatMap(({ search = [] }) => search),
  };
  return { ...config, advertisement };
}

export function policyOf(operands: Operands, at: Token['at']): PolicyConfig {
  return {
    at,
    ...networkOf(operands),
    precedence: operands.number('precedence'),
    label: operands.number('label'),
  };
}

/** Of hexadecimal digits in pairs. */
function bytesOf(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/../g)!, (pair) => Number.parseInt(pair, 16));
}

function networkOf(operands: Operands): Pick<PolicyConfig, 'prefix' | 'prefixLength'> {
  return { prefix: operands.address('prefix'), prefixLength: operands.number('mask') };
}

function preferenceOf(operands: Operands): { preference?: Preference } {
  if (!operands.has('preference')) return {};
  return { preference: operands.text('preference').toLowerCase() as Preference };
}

/** The operands that the card has, under the names of the stack. */
function numbers<K extends string>(operands: Operands, names: Record<string, K>): { [key in K]?: number } {
  const found: { [key in K]?: number } = {};
  for (const [operand, name] of Object.entries(names)) {
    const value = operands.maybe(operand);
    if (value !== undefined) found[name] = value;
  }
  return found;
}

function flags<K extends string>(operands: Operands, names: Record<string, K>): { [key in K]?: boolean } {
  const found: { [key in K]?: boolean } = {};
  for (const [operand, name] of Object.entries(names)) {
    if (operands.has(operand)) found[name] = operands.text(operand) === 'ON';
  }
  return found;
}
