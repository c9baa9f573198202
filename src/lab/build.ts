/** From a deck to stacks on segments (virtual time) or on TUN/TAP interfaces (live). */
import { Segment } from '../../devices/segment/segment.ts';
import type { TunDevice } from '../../devices/tun/tun.ts';
import type { Address } from '../../stacks/address/address.ts';
import { ipv4 } from '../../stacks/address/ipv4.ts';
import { ipv6 } from '../../stacks/address/ipv6.ts';
import { Ipv4Stack } from '../../stacks/ipv4/stack.ts';
import { Ipv6Stack } from '../../stacks/ipv6/stack.ts';
import type { Device } from '../../stacks/packet/device.ts';
import type { Environment } from '../../stacks/packet/environment.ts';
import type { Route, Stack } from '../../stacks/stack.ts';
import type {
  CardRef,
  Deck,
  DeviceConfig,
  FilterConfig,
  LinkConfig,
  RouteConfig,
  StackConfig,
} from '../config/deck.ts';

/** Opens the live counterpart of a device; given by whoever runs live, so that virtual time needs no native part. */
export type OpenLive = (request: LiveRequest) => TunDevice;

export interface LiveRequest {
  /** The interface's name in the kernel, at most 15 characters. */
  readonly interface: string;
  readonly mode: 'tun' | 'tap';
  /** Our station's address in tap mode. */
  readonly mac: Uint8Array | undefined;
  readonly mtu: number;
  /** What the kernel's side should be called by, so that it can answer as the gateway of this link. */
  readonly peer: readonly {
    readonly address: string;
    readonly prefixLength: number;
    readonly family: 4 | 6;
  }[];
  /** Called when the kernel takes the interface away while it is open; `code` is the errno. */
  onDown(code: string): void;
}

/** A device of a stack has lost its kernel interface. */
export type InterfaceGone = (stackId: number, device: string, code: string) => void;

export interface BuiltStack {
  readonly stack: Stack;
  readonly config: StackConfig;
  /** DEVICE name -> interface index. */
  readonly links: ReadonlyMap<string, number>;
  /** Kernel interfaces by DEVICE name, when live. */
  readonly kernel: ReadonlyMap<string, string>;
}

export interface Built {
  readonly stacks: ReadonlyMap<number, BuiltStack>;
  readonly segments: ReadonlyMap<string, Segment>;
  readonly devices: readonly Device[];
}

export function cardText(at: CardRef): string {
  return `${at.file}:${at.line}:${at.column}`;
}

/** Builds everything and starts nothing. Devices already open are closed again when a later one fails. */
export function build(
  deck: Deck,
  environment: Environment,
  openLive: OpenLive | undefined,
  interfaceGone: InterfaceGone,
): Built {
  const segments = new Map<string, Segment>();
  for (const { name, conditions } of deck.segments) {
    segments.set(name, new Segment(environment, name, conditions));
  }
  const segment = (name: string): Segment => {
    const key = name;
    const found = segments.get(key) ?? new Segment(environment, name, {});
    segments.set(key, found);
    return found;
  };
  const devices: Device[] = [];
  const stacks = new Map<number, BuiltStack>();
  const kernelNames = new Set<string>();

  const open = (
    config: StackConfig,
    device: DeviceConfig,
    links: readonly LinkConfig[],
    mtu: number,
    index: number,
  ): Opened => {
    const mac = device.mac ?? derivedMac(config, index);
    if (openLive !== undefined && device.type !== 'WIRE' && device.type !== 'LOOP') {
      const mode = device.type === 'TAP' || device.layer2 ? 'tap' : 'tun';
      const name = kernelName(config, device, kernelNames);
      const opened = openLive({
        interface: name,
        mode,
        mac: mode === 'tap' ? mac : undefined,
        mtu,
        peer: gateways(config, device, links),
        onDown: (code) => interfaceGone(config.id, device.name, code),
      });
      return { device: opened, kernel: name };
    }
    return { device: segment(wireName(config, device)).attach(`${config.job}.${device.name}`, mac, mtu) };
  };

  try {
    for (const config of deck.stacks) {
      const { maxConnections } = config;
      const options = {
        id: config.id,
        name: config.job,
        forwarding: config.forward,
        sourceRoutes: config.sourceRoutes,
        directedBroadcasts: config.directedBroadcasts,
        ...(maxConnections !== undefined && { maxConnections }),
      };
      const stack: Stack =
        config.family === 4 ? new Ipv4Stack(environment, options) : new Ipv6Stack(environment, options);
      stack.tcp.configure(config.tcp);
      for (const policy of config.policies) stack.ipv6?.policies.set(policy);
      const links = new Map<string, number>();
      const kernel = new Map<string, string>();
      for (const [index, device] of config.devices.entries()) {
        const own = config.links.filter((link) => link.device === device.name);
        const first = own[0] ?? config.autoconf.find((link) => link.device === device.name);
        if (first === undefined) continue; // A DEVICE without a LINK carries nothing; `check` says so.
        const opened = open(config, device, own, first.mtu, index);
        devices.push(opened.device);
        if (opened.kernel !== undefined) kernel.set(device.name, opened.kernel);
        const advertise = config.advertise.find((a) => a.device === device.name)?.advertisement;
        const probe = config.probe.some((p) => p.device === device.name);
        const autoconfigure = own.length === 0;
        const link = stack.addInterface(device.name, opened.device, {
          ...first,
          ...(advertise !== undefined && { advertise }),
          probe,
          autoconfigure,
        });
        links.set(device.name, link.index);
        for (const more of own.slice(1)) stack.addAddress(link.index, more.address, more.prefixLength);
      }
      for (const route of config.routes) {
        const made = routeOf(route, links);
        if (made !== undefined) stack.addRoute(made);
      }
      if (config.filters.length > 0) stack.filter = inboundFilter(config.filters);
      for (const port of config.suspended) stack.tcp.suspend(port, true);
      stacks.set(config.id, { stack, config, links, kernel });
    }
  } catch (error) {
    for (const device of devices) device.close();
    throw error;
  }
  return { stacks, segments, devices };
}

/** As the stack wants it; undefined when its device has no link. */
export function routeOf(route: RouteConfig, links: ReadonlyMap<string, number>): Route | undefined {
  const { at, device, from, ...rest } = route;
  const interfaceIndex = route.kind === 'unicast' ? links.get(device) : 0;
  if (interfaceIndex === undefined) return undefined;
  return {
    ...rest,
    interfaceIndex,
    origin: 'static',
    card: cardText(at),
    ...(from !== undefined && { from }),
  };
}

interface Opened {
  readonly device: Device;
  readonly kernel?: string;
}

/** A locally administered address (IEEE 802 §8.2) that names stack and device: the adapter's own in layer 3 mode. */
function derivedMac(config: StackConfig, index: number): Uint8Array {
  return new Uint8Array([0x02, 0x54, 0x53, config.id, config.family, index + 1]);
}

/** In virtual time a kernel interface is a segment with nobody else on it, and a LOOP device stands alone. */
function wireName(config: StackConfig, device: DeviceConfig): string {
  if (device.type === 'LOOP') return `LOOP ${config.id} ${device.name}`;
  if (device.type === 'TUN' || device.type === 'TAP') return `${device.type} ${device.attachment}`;
  return device.attachment;
}

/** IFNAMSIZ leaves 15 characters; two stacks may call their device the same, so the later one gets its id behind. */
function kernelName(config: StackConfig, device: DeviceConfig, taken: Set<string>): string {
  const wanted =
    device.type === 'TUN' || device.type === 'TAP' ? device.attachment : device.name.toLowerCase();
  let name = wanted.slice(0, 15);
  if (taken.has(name)) name = `${wanted.slice(0, 12)}${String(config.id).padStart(2, '0')}`;
  taken.add(name);
  return name;
}

/** The gateways that the deck expects on this link: the kernel plays them. */
function gateways(
  config: StackConfig,
  device: DeviceConfig,
  links: readonly LinkConfig[],
): { address: string; prefixLength: number; family: 4 | 6 }[] {
  const family = config.family === 4 ? ipv4 : ipv6;
  const peers: { address: string; prefixLength: number; family: 4 | 6 }[] = [];
  const seen: Address[] = [];
  for (const route of config.routes) {
    if (route.device !== device.name || route.gateway.isUnspecified) continue;
    const link = links.find((l) => family.matches(route.gateway, l.address, l.prefixLength));
    if (link === undefined || seen.some((a) => a.equals(route.gateway))) continue;
    seen.push(route.gateway);
    peers.push({
      address: family.format(route.gateway),
      prefixLength: link.prefixLength,
      family: config.family,
    });
  }
  return peers;
}

const PROTOCOL_NUMBERS = { ICMP: [1, 58], TCP: [6], UDP: [17] } as const;

/**
 * IN statements: card order, first match, PORT 0 is any port. A protocol without any rule is open; one that has rules
 * lets in only what a rule allows.
 */
export function inboundFilter(rules: readonly FilterConfig[]): (protocol: number, port: number) => boolean {
  return (protocol, port) => filterVerdict(rules, protocol, port).allow;
}

/** With the rule that decides: of those that do not match, the last one, since without any the protocol were open. */
export function filterVerdict(
  rules: readonly FilterConfig[],
  protocol: number,
  port: number,
): { readonly allow: boolean; readonly rule: FilterConfig | undefined } {
  let last: FilterConfig | undefined;
  for (const rule of rules) {
    if (!(PROTOCOL_NUMBERS[rule.protocol] as readonly number[]).includes(protocol)) continue;
    if (rule.port === 0 || rule.port === port) return { allow: rule.allow, rule };
    last = rule;
  }
  return { allow: last === undefined, rule: last };
}
