/** From the lines of a stack's step to what is configured; what cannot be judged by one card alone is for network.ts. */
import type { Address } from '../../stacks/address/address.ts';
import type { RouteKind } from '../../stacks/forward/route.ts';
import type { Token } from './card.ts';
import type {
  AdvertiseConfig,
  AutoconfConfig,
  DeviceConfig,
  FilterConfig,
  LinkConfig,
  PolicyConfig,
  RouteConfig,
  StackConfig,
} from './deck.ts';
import { familyOf, type Version } from './ip.ts';
import { type AdvertisedMore, advertiseOf, autoconfOf, moreOf, policyOf, withMore } from './ipv6.ts';
import type { Operands } from './operands.ts';
import type { Report } from './report.ts';
import { type Line, type StepLines, versionOf } from './step.ts';

/** Documented nowhere; 120 is what every printed example has. */
const DEFAULT_INTERVAL = 120;

/** A configured thing with the operands it came from, for findings that underline one of them. */
export interface Drafted<T> {
  readonly config: T;
  readonly operands: Operands;
}

export interface StackDraft {
  readonly source: StepLines;
  readonly version: Version;
  /** -1 when the deck has none; such a deck has an error. */
  readonly id: number;
  readonly job: string;
  couple: { readonly id: number; readonly token: Token } | undefined;
  interval: number;
  forward: boolean;
  sourceRoutes: boolean;
  directedBroadcasts: boolean;
  maxConnections: number | undefined;
  tcp: StackConfig['tcp'];
  readonly devices: Drafted<DeviceConfig>[];
  readonly links: Drafted<LinkConfig>[];
  /** Addresses that actions give to links. */
  readonly added: LinkConfig[];
  readonly autoconf: Drafted<AutoconfConfig>[];
  readonly advertise: Drafted<AdvertiseConfig>[];
  readonly advertiseMore: AdvertisedMore[];
  readonly policies: PolicyConfig[];
  readonly probe: Drafted<{ device: string; at: Token['at'] }>[];
  readonly routes: Drafted<RouteConfig>[];
  readonly dns: Drafted<{ address: Address; primary: boolean; at: Token['at'] }>[];
  readonly hosts: Drafted<{ name: string; address: Address; at: Token['at'] }>[];
  readonly filters: FilterConfig[];
  readonly suspended: Set<number>;
  /** The destinations of direct routes: device, then prefix length, then the networks as text. */
  readonly direct: Map<string, Map<number, Set<string>>>;
}

export function readStack(source: StepLines, report: Report): StackDraft {
  const version = versionOf(source.step)!;
  const id = source.id ?? -1;
  const draft: StackDraft = {
    source,
    version,
    id,
    job: source.step.job ?? `BSI${String(id).padStart(2, '0')}`,
    couple: undefined,
    interval: DEFAULT_INTERVAL,
    forward: false,
    sourceRoutes: false,
    directedBroadcasts: false,
    maxConnections: undefined,
    tcp: {},
    devices: [],
    links: [],
    added: [],
    autoconf: [],
    probe: [],
    advertise: [],
    advertiseMore: [],
    policies: [],
    routes: [],
    dns: [],
    hosts: [],
    filters: [],
    suspended: new Set(),
    direct: new Map(),
  };
  for (const line of source.lines) {
    if (line.operands !== undefined) apply(draft, line, line.operands, report);
  }
  return draft;
}

function apply(draft: StackDraft, line: Line, operands: Operands, report: Report): void {
  const at = line.tokens[0]!.at;
  switch (line.statement.name) {
    case 'INTERVAL':
      draft.interval = operands.number('seconds');
      return;
    case 'COUPLE':
      draft.couple = { id: operands.number('nn'), token: operands.token('nn') };
      return;
    case 'FORWARD':
      draft.forward = operands.text('state') === 'ON';
      return;
    case 'SRCROUTE':
      draft.sourceRoutes = operands.text('state') === 'ON';
      return;
    case 'DIRBCAST':
      draft.directedBroadcasts = operands.text('state') === 'ON';
      return;
    case 'MAXCONN':
      draft.maxConnections = operands.number('connections');
      return;
    case 'CONGESTION':
      draft.tcp = { ...draft.tcp, congestion: operands.text('algorithm') === 'CUBIC' ? 'cubic' : 'newreno' };
      return;
    case 'SOFTERR':
      draft.tcp = { ...draft.tcp, softErrorsEndConnect: operands.text('effect') === 'END' };
      return;
    case 'DEVICE':
      draft.devices.push({ config: deviceOf(operands, at), operands });
      return;
    case 'LINK':
      draft.links.push({
        config: {
          at,
          device: operands.text('device'),
          adapter: operands.number('adapter'),
          address: operands.address('address'),
          prefixLength: operands.number('mask'),
          mtu: operands.number('mtu'),
        },
        operands,
      });
      return;
    case 'AUTOCONF':
      draft.autoconf.push({ config: autoconfOf(operands, at, report), operands });
      return;
    case 'PROBE':
      draft.probe.push({ config: { at, device: operands.text('device') }, operands });
      return;
    case 'ADVERTISE':
      draft.advertise.push({ config: advertiseOf(operands, at), operands });
      return;
    case 'ADVPREFIX':
    case 'ADVROUTE':
    case 'ADVDNS':
    case 'ADVSRCH':
      draft.advertiseMore.push(moreOf(line.statement.name, operands));
      return;
    case 'POLICY':
      draft.policies.push(policyOf(operands, at));
      return;
    case 'ROUTE':
      draft.routes.push({ config: routeOf(operands, at, draft.version), operands });
      noteDirect(draft, draft.routes.at(-1)!.config);
      return;
    case 'DNS':
      draft.dns.push({
        config: { address: operands.address('address'), primary: operands.has('PRI'), at },
        operands,
      });
      return;
    case 'HOST':
      draft.hosts.push({
        config: { name: operands.text('name'), address: operands.address('address'), at },
        operands,
      });
      return;
    case 'IN':
      draft.filters.push({
        at,
        protocol: operands.text('protocol') as FilterConfig['protocol'],
        allow: operands.text('verdict') === 'ALLOW',
        port: operands.maybe('port') ?? 0,
      });
      return;
    case 'PORT':
      suspend(draft, operands, report);
      return;
  }
}

/** A direct route over a device makes its destination on-link, as on a link with several prefixes. */
export function noteDirect(
  draft: StackDraft,
  { device, kind, gateway, destination, prefixLength }: RouteConfig,
): void {
  if (kind !== 'unicast' || !gateway.isUnspecified || prefixLength === 0) return;
  const lengths = draft.direct.get(device) ?? new Map<number, Set<string>>();
  const networks = lengths.get(prefixLength) ?? new Set<string>();
  networks.add(familyOf(draft.version).format(destination));
  lengths.set(prefixLength, networks);
  draft.direct.set(device, lengths);
}

function suspend(draft: StackDraft, operands: Operands, report: Report): void {
  const port = listeningPort(operands, report);
  if (port === undefined) return;
  if (operands.text('state') === 'SUSPEND') draft.suspended.add(port);
  else draft.suspended.delete(port);
}

/** The operand `port` where 0 has no meaning; undefined, and reported, when it is 0. */
export function listeningPort(operands: Operands, report: Report): number | undefined {
  const port = operands.number('port');
  if (port !== 0) return port;
  report.add('TW1208', operands.token('port'), 'port 0 is no port', { label: '1 to 65535' });
  return undefined;
}

function deviceOf(operands: Operands, at: Token['at']): DeviceConfig {
  const name = operands.text('device');
  const type = operands.text('type') as DeviceConfig['type'];
  const attachment = { OSAX: 'port', HSI: 'port', TUN: 'interface', TAP: 'interface', WIRE: 'segment' }[
    type as string
  ];
  const mac = operands.has('mac') ? operands.bytes('mac') : undefined;
  return {
    at,
    name,
    type,
    attachment: attachment === undefined ? name : operands.text(attachment),
    mac,
    layer2: mac !== undefined || type === 'LCS' || type === 'TAP' || type === 'WIRE',
  };
}

/** The route of a ROUTE card or of AT ... ROUTE. */
export function routeOf(operands: Operands, at: Token['at'], version: Version): RouteConfig {
  const family = familyOf(version);
  const prefixLength = operands.number('mask');
  const gateway = operands.address('gateway');
  const length = operands.has('FROM') ? operands.number('source mask') : 0;
  return {
    at,
    device: operands.text('device'),
    destination: family.network(operands.address('destination'), prefixLength),
    prefixLength,
    gateway,
    metric: operands.maybe('metric') ?? (gateway.isUnspecified ? 0 : 1),
    kind: operands.has('TYPE') ? (operands.text('type').toLowerCase() as RouteKind) : 'unicast',
    from: length === 0 ? undefined : { address: family.network(operands.address('source'), length), length },
    weight: operands.maybe('weight') ?? 1,
  };
}

export function stackConfigOf(draft: StackDraft): StackConfig {
  return {
    at: draft.source.step.at,
    family: draft.version,
    id: draft.id,
    job: draft.job,
    couple: draft.couple === undefined ? undefined : { id: draft.couple.id, at: draft.couple.token.at },
    interval: draft.interval,
    forward: draft.forward,
    sourceRoutes: draft.sourceRoutes,
    directedBroadcasts: draft.directedBroadcasts,
    maxConnections: draft.maxConnections,
    tcp: draft.tcp,
    devices: draft.devices.map((d) => d.config),
    links: draft.links.map((l) => l.config),
    autoconf: draft.autoconf.map((a) => a.config),
    advertise: draft.advertise.map((a) => withMore(a.config, draft.advertiseMore)),
    policies: draft.policies,
    probe: draft.probe.map((p) => p.config),
    routes: draft.routes.map((r) => r.config),
    dns: draft.dns.map((d) => d.config),
    hosts: draft.hosts.map((h) => h.config),
    filters: draft.filters,
    suspended: [...draft.suspended],
    attached: draft.source.attached,
  };
}
