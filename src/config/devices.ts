/** Which devices a stack has, and cards that name others. */
import type { DeviceConfig } from './deck.ts';
import { quote, type Report } from './report.ts';
import type { StackDraft } from './stack.ts';
import { nearest } from './suggest.ts';

/** The judgements on links are quadratic; a router with more links than this is a mistake in a generator. */
export const MAX_LINKS = 256;

export function checkDevices(stack: StackDraft, report: Report): Map<string, DeviceConfig> {
  const devices = new Map<string, DeviceConfig>();
  for (const { config, operands } of stack.devices) {
    const before = devices.get(config.name);
    if (before === undefined) devices.set(config.name, config);
    else {
      report.add('TW2101', operands.token('device'), `a second device ${config.name}`, {
        label: `the first is in line ${before.at.line}`,
      });
    }
  }
  return devices;
}

/** A card names a device that has no DEVICE (TW2107) or no LINK (the others). */
export function unknownDevice(
  rule: 'TW2107' | 'TW2109' | 'TW2307',
  statement: string,
  token: Parameters<Report['add']>[1],
  known: Iterable<string>,
  report: Report,
): void {
  const names = [...known].slice(0, MAX_LINKS);
  const near = report.full ? undefined : nearest(token.text, names);
  report.add(
    rule,
    token,
    `${statement} names device ${quote(token.text)}, which has no ${rule === 'TW2107' ? 'DEVICE' : 'LINK'}`,
    {
      label: names.length === 0 ? 'there is none' : `devices: ${names.slice(0, 8).join(', ')}`,
      help:
        near === undefined
          ? `write ${rule === 'TW2107' ? 'DEVICE' : 'LINK'} ${quote(token.text)} ... before it`
          : `did you mean ${near}?`,
    },
  );
}
