/** What can be said only when all decks are read: ids, couples, shared interfaces and segments. */
import type { Token } from './card.ts';
import type { DeviceConfig, SegmentConfig } from './deck.ts';
import { familyOf } from './ip.ts';
import type { Operands } from './operands.ts';
import type { Report } from './report.ts';
import type { Drafted, StackDraft } from './stack.ts';
import type { StepLines } from './step.ts';
import { nearest } from './suggest.ts';

export type SegmentDraft = Drafted<SegmentConfig>;

/** Two digits, as decks write an id. */
export function nn(id: number): string {
  return String(id).padStart(2, '0');
}

export function whereOf(at: Token['at'], seenFrom: Token['at']): string {
  return at.file === seenFrom.file ? `line ${at.line}` : `${at.file} line ${at.line}`;
}

/** The stacks by their id; the second one with an id is a finding. */
export function stacksById(stacks: readonly StackDraft[], report: Report): Map<number, StackDraft> {
  const byId = new Map<number, StackDraft>();
  const jobs = new Map<string, StackDraft>();
  for (const stack of stacks) {
    const token = stack.source.idToken;
    if (token === undefined) continue;
    const before = byId.get(stack.id);
    if (before === undefined) byId.set(stack.id, stack);
    else {
      report.add('TW2201', token, `stack id ${nn(stack.id)} is taken`, {
        label: `by the stack of ${whereOf(before.source.idToken!.at, token.at)}`,
        help: freeId(stacks),
      });
    }
    const job = jobs.get(stack.job);
    if (job === undefined) jobs.set(stack.job, stack);
    else if (stack.source.step.job !== undefined) {
      report.add('TW2209', stack.source.step.nameToken, `two stacks have the job name ${stack.job}`, {
        label: `the first is in ${whereOf(job.source.step.at, token.at)}`,
      });
    }
  }
  return byId;
}

function freeId(stacks: readonly StackDraft[]): string {
  const taken = new Set(stacks.map((s) => s.id));
  for (let id = 1; id < 100; id++) if (!taken.has(id)) return `${nn(id)} is free`;
  return 'all ids are taken';
}

export function checkCouples(
  stacks: readonly StackDraft[],
  byId: ReadonlyMap<number, StackDraft>,
  whole: boolean,
  report: Report,
): void {
  for (const stack of stacks) {
    if (stack.couple === undefined) continue;
    const { id, token } = stack.couple;
    const partner = byId.get(id);
    if (id === stack.id) {
      report.add('TW2202', token, `stack ${nn(id)} is coupled to itself`, {
        help: 'COUPLE names an IPv4 stack',
      });
    } else if (partner === undefined) {
      if (!whole) continue;
      report.add('TW2203', token, `stack ${nn(id)} is not in the decks`, {
        label: 'the stack runs alone',
        help: 'name the deck of the IPv4 stack as well',
      });
    } else if (partner.version !== 4) {
      const four = stacks.filter((s) => s.version === 4).map((s) => nn(s.id));
      report.add('TW2204', token, `stack ${nn(id)} is not an IPv4 stack`, {
        label: `BSTT6NET in ${whereOf(partner.source.step.at, token.at)}`,
        ...(four.length === 0 ? {} : { help: `IPv4 stacks are ${four.slice(0, 8).join(', ')}` }),
      });
    }
  }
}

/** The name of the segment a device stands on; undefined when it stands on none that can be shared. */
export function segmentOf(device: DeviceConfig): string | undefined {
  return device.type === 'WIRE' || device.type === 'OSAX' || device.type === 'HSI'
    ? device.attachment
    : undefined;
}

/** TUN and TAP interfaces, addresses and MACs that two stacks would have on one segment. */
export function checkSharing(stacks: readonly StackDraft[], report: Report): void {
  const interfaces = new Map<string, Token>();
  const macs = new Map<string, Token>();
  const addresses = new Map<string, { token: Token; stack: StackDraft }>();
  for (const stack of stacks) {
    const segments = new Map<string, string>();
    for (const { config, operands } of stack.devices) {
      if (config.type === 'TUN' || config.type === 'TAP') {
        once(
          interfaces,
          config.attachment,
          operands.token('interface'),
          'TW2206',
          `interface ${config.attachment}`,
          report,
        );
      }
      const segment = segmentOf(config);
      if (segment === undefined) continue;
      segments.set(config.name, segment);
      if (config.mac === undefined) continue;
      const mac = operands.text('mac');
      once(
        macs,
        `${segment} ${mac}`,
        operands.token('mac'),
        'TW2208',
        `MAC ${mac} on segment ${segment}`,
        report,
      );
    }
    for (const { config, operands } of stack.links) {
      const segment = segments.get(config.device);
      if (segment === undefined) continue;
      const text = familyOf(stack.version).format(config.address);
      const token = operands.token('address');
      const before = addresses.get(`${segment} ${text}`);
      if (before === undefined) addresses.set(`${segment} ${text}`, { token, stack });
      else if (before.stack !== stack) {
        report.add('TW2207', token, `${text} is used twice on segment ${segment}`, {
          label: `stack ${nn(before.stack.id)} has it, ${whereOf(before.token.at, token.at)}`,
        });
      }
    }
  }
}

function once(
  seen: Map<string, Token>,
  key: string,
  token: Token,
  rule: 'TW2206' | 'TW2208',
  what: string,
  report: Report,
): void {
  const before = seen.get(key);
  if (before === undefined) seen.set(key, token);
  else
    report.add(rule, token, `${what} is used twice`, {
      label: `the first is in ${whereOf(before.at, token.at)}`,
    });
}

/**
 * SEGMENT cards of all steps against the devices of all stacks; `unread` are the names on SEGMENT cards that have errors.
 * All names that AT ... SEGMENT may use.
 */
export function checkSegments(
  segments: readonly SegmentDraft[],
  unread: readonly string[],
  stacks: readonly StackDraft[],
  whole: boolean,
  report: Report,
): ReadonlySet<string> {
  const names = new Map<string, Token>();
  for (const { config, operands } of segments) {
    const token = operands.token('segment');
    const before = names.get(config.name);
    if (before === undefined) names.set(config.name, token);
    else {
      report.add('TW2301', token, `a second segment ${config.name}`, {
        label: `the first is in ${whereOf(before.at, token.at)}`,
        help: 'give all its conditions in one card',
      });
    }
  }
  /** The first device of each segment, and whether it is the only one. */
  const used = new Map<string, { readonly device: Drafted<DeviceConfig>; alone: boolean }>();
  for (const device of stacks.flatMap((s) => s.devices)) {
    const segment = segmentOf(device.config);
    if (segment === undefined) continue;
    const first = used.get(segment);
    if (first === undefined) used.set(segment, { device, alone: true });
    else first.alone = false;
  }
  const known = new Set([...names.keys(), ...unread]);
  /** What others have named: cards, and segments before this one or with several devices. */
  const others = new Set(known);
  for (const [segment, { alone }] of used) if (!alone) others.add(segment);
  const meant = new Set<string>();
  for (const [segment, { device, alone }] of used) {
    if (device.config.type === 'WIRE' && !known.has(segment)) {
      const near = report.full || !alone ? undefined : nearest(segment, others);
      const slip = near !== undefined && !sameButForNumber(near, segment);
      if (slip) meant.add(near);
      report.add('TW2303', device.operands.token('segment'), `segment ${segment} has no SEGMENT card`, {
        severity: slip ? 'warning' : 'note',
        label: slip ? 'no other device stands on it' : 'perfect and instant',
        ...(near === undefined ? {} : { help: `did you mean ${near}?` }),
      });
    }
    if (!report.full) others.add(segment);
  }
  // A DEVICE card that could not be read may have named it.
  const sure = whole && !stacks.some(({ source: { unread: cards } }) => cards.any('DEVICE') || cards.any(''));
  for (const [name, token] of names) {
    if (sure && !used.has(name) && !meant.has(name))
      report.add('TW2302', token, `no device stands on segment ${name}`, { label: 'never used' });
  }
  return new Set([...known, ...used.keys()]);
}

/** LAN1 and LAN2 are rather two segments than a slip. */
function sameButForNumber(a: string, b: string): boolean {
  return a.replace(/\d+/g, '') === b.replace(/\d+/g, '');
}

/** The stack that a program uses. */
export function checkStackOf(source: StepLines, byId: ReadonlyMap<number, StackDraft>, report: Report): void {
  if (source.id === undefined || byId.has(source.id)) return;
  report.add('TW3001', source.idToken!, `stack ${nn(source.id)} is not in the decks`, {
    label: `${source.step.program.name} uses it`,
    help: 'name the deck of that stack as well',
  });
}

/** For operands shared with SEGMENT and AT ... SEGMENT. */
export function conditionsOf(operands: Operands): SegmentConfig['conditions'] {
  const names = [
    'delay',
    'jitter',
    'rate',
    'loss',
    'reorder',
    'duplicate',
    'corrupt',
    'mtu',
    'queue',
  ] as const;
  return Object.fromEntries(
    names.filter((name) => operands.has(name)).map((name) => [name, operands.number(name)]),
  );
}
