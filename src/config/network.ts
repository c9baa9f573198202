/** What can be said about the network of one stack before it runs: links, routes, gateways, names. */
import type { DeviceConfig, LinkConfig } from './deck.ts';
import { checkDevices, MAX_LINKS, unknownDevice } from './devices.ts';
import { familyOf } from './ip.ts';
import { checkLinkAddress, networkText } from './link-address.ts';
import { quote, type Report } from './report.ts';
import { checkRoute } from './route-check.ts';
import type { StackDraft } from './stack.ts';

/** Largest IP packet: RFC 791 §3.1; larger than that would be an IPv6 jumbogram, which nobody here sends. */
const MAX_MTU = 65535;

export function checkNetwork(stack: StackDraft, report: Report): void {
  const devices = checkDevices(stack, report);
  checkLinks(stack, devices, report);
  checkAutoconf(stack, devices, report);
  const linked = new Set([...stack.links, ...stack.autoconf].map((l) => l.config.device));
  const { unread } = stack.source;
  for (const { config, operands } of stack.devices) {
    if (linked.has(config.name) || unread.has(config.name, 'LINK', 'AUTOCONF')) continue;
    if (stack.links.length > MAX_LINKS) continue;
    const six = stack.version === 6;
    report.add('TW2117', operands.token('device'), `device ${config.name} has no LINK`, {
      label: 'it carries nothing',
      help:
        `write LINK ${config.name} 0 address ${six ? '/64' : 'mask'} mtu, ` +
        `or AUTOCONF ${config.name} mtu to ${six ? 'take the address from a router' : 'pick one (RFC 3927)'}`,
    });
  }
  const routes = new Map<string, number>();
  for (const route of stack.routes) checkRoute(stack, route, routes, report);
  checkNames(stack, report);
}

/** AUTOCONF, PROBE and ADVERTISE name devices; what LINK says already is not said twice. */
function checkAutoconf(stack: StackDraft, devices: ReadonlyMap<string, DeviceConfig>, report: Report): void {
  const linked = new Map(stack.links.map((l) => [l.config.device, l.config]));
  const { unread } = stack.source;
  for (const { config, operands } of stack.autoconf) {
    if (!devices.has(config.device) && !unread.has(config.device, 'DEVICE')) {
      unknownDevice('TW2107', 'AUTOCONF', operands.token('device'), devices.keys(), report);
    }
    const link = linked.get(config.device);
    if (link !== undefined) {
      report.add('TW2102', operands.token('device'), `device ${config.device} has a LINK and AUTOCONF`, {
        label: `the LINK is in line ${link.at.line}`,
        help: 'keep one of the two',
      });
    }
    checkMtu(stack, config.mtu, operands.token('mtu'), report);
  }
  const advertised = new Set(stack.advertise.map(({ config }) => config.device));
  for (const { device, operands } of stack.advertiseMore) {
    if (advertised.has(device) || unread.has(device, 'ADVERTISE')) continue;
    report.add('TW2125', operands.token('device'), `device ${quote(device)} does not advertise`, {
      help: `write ADVERTISE ${quote(device)} as well`,
    });
  }
  for (const { config, operands } of stack.probe) {
    if (linked.has(config.device) || unread.has(config.device, 'LINK')) continue;
    unknownDevice('TW2109', 'PROBE', operands.token('device'), linked.keys(), report);
  }
  for (const { config, operands } of stack.advertise) {
    const token = operands.token('device');
    if (!linked.has(config.device)) {
      if (!unread.has(config.device, 'LINK'))
        unknownDevice('TW2109', 'ADVERTISE', token, linked.keys(), report);
      continue;
    }
    if (!stack.forward && !unread.any('FORWARD')) {
      report.add('TW2121', token, 'ADVERTISE on a stack that does not forward', {
        help: 'write FORWARD ON, or leave ADVERTISE out',
      });
    }
    checkPrefixes(stack, config.device, token, report);
  }
}

/** RFC 4862 §5.5.3 d): prefix and interface identifier make up 128 bits together, and the identifier has 64. */
function checkPrefixes(
  stack: StackDraft,
  device: string,
  token: Parameters<Report['add']>[1],
  report: Report,
): void {
  for (const { config } of stack.links) {
    if (config.device !== device || config.prefixLength === 64) continue;
    report.add('TW2122', token, `ADVERTISE of a prefix of ${config.prefixLength} bits`, {
      label: `${networkText(stack, config)}, line ${config.at.line}`,
      help: 'hosts autoconfigure from a prefix of 64 bits only: give the LINK the mask /64',
    });
    return;
  }
}

function checkLinks(stack: StackDraft, devices: ReadonlyMap<string, DeviceConfig>, report: Report): void {
  const adapters = new Map<string, LinkConfig>();
  for (const [index, { config, operands }] of stack.links.entries()) {
    if (index === MAX_LINKS) {
      report.add('TW2120', operands.token('device'), `more than ${MAX_LINKS} links`);
      return;
    }
    const device = devices.get(config.device);
    if (device === undefined) {
      const token = operands.token('device');
      if (!stack.source.unread.has(config.device, 'DEVICE'))
        unknownDevice('TW2107', 'LINK', token, devices.keys(), report);
    } else if (device.at.line > config.at.line) {
      report.add('TW2108', operands.token('device'), `LINK before DEVICE ${config.device}`, {
        label: `its DEVICE is in line ${device.at.line}`,
        help: 'put the DEVICE card before its LINK',
      });
    }
    const adapter = `${config.device} ${config.adapter}`;
    const before = adapters.get(adapter);
    if (before === undefined) adapters.set(adapter, config);
    else {
      report.add(
        'TW2102',
        operands.token('device'),
        `a second LINK for device ${config.device} adapter ${config.adapter}`,
        {
          label: `the first is in line ${before.at.line}`,
          help: 'a further LINK of the device has another adapter number',
        },
      );
    }
    checkMtu(stack, config.mtu, operands.token('mtu'), report);
    if (before === undefined && checkLinkAddress(stack, { config, operands }, report)) {
      checkOverlap(stack, index, report);
    }
  }
}

export function checkMtu(
  stack: StackDraft,
  mtu: number,
  token: Parameters<Report['add']>[1],
  report: Report,
): void {
  const { minimumMtu, name } = familyOf(stack.version);
  if (mtu >= minimumMtu && mtu <= MAX_MTU) return;
  const low = mtu < minimumMtu;
  report.add('TW2110', token, `MTU ${mtu} is ${low ? `below ${minimumMtu}` : `above ${MAX_MTU}`}`, {
    label: `${minimumMtu} to ${MAX_MTU} for ${name}`,
    help: low ? `did you mean ${Math.max(1492, minimumMtu)}?` : `did you mean 8192?`,
  });
}

function checkOverlap(stack: StackDraft, index: number, report: Report): void {
  const family = familyOf(stack.version);
  const { config, operands } = stack.links[index]!;
  for (const other of stack.links.slice(0, index)) {
    if (config.address.equals(other.config.address)) {
      report.add('TW2114', operands.token('address'), `${family.format(config.address)} is on two links`, {
        label: `the first is in line ${other.config.at.line}`,
      });
      return;
    }
    const shorter = Math.min(config.prefixLength, other.config.prefixLength);
    if (!family.matches(config.address, other.config.address, shorter)) continue;
    if (family.isLinkLocal(config.address)) continue; // each link has its own link-local network
    report.add('TW2113', operands.token('address'), `the networks of two links overlap`, {
      label: `${networkText(stack, other.config)} is on ${other.config.device}, line ${other.config.at.line}`,
      help: 'a packet to an address in both goes out by the first link only',
    });
    return;
  }
}

function checkNames(stack: StackDraft, report: Report): void {
  const hosts = new Map<string, number>();
  for (const { config, operands } of stack.hosts) {
    const before = hosts.get(config.name);
    if (before === undefined) hosts.set(config.name, config.at.line);
    else {
      report.add('TW2115', operands.token('name'), `a second HOST ${quote(config.name)}`, {
        label: `line ${before} counts`,
      });
    }
  }
  const servers = new Map<string, number>();
  for (const { config, operands } of stack.dns) {
    const key = familyOf(stack.version).format(config.address);
    const before = servers.get(key);
    if (before === undefined) servers.set(key, config.at.line);
    else
      report.add('TW2116', operands.token('address'), `a second DNS ${key}`, {
        label: `the first is in line ${before}`,
      });
  }
}
