/** EXPECT cards: the claim of a row of the table, with everything that it names looked up. */
import { DROP_REASONS, type DropReason } from '../../stacks/packet/verdict.ts';
import { SECOND } from '../../stacks/time/clock.ts';
import type { Claim, PacketLike, ProbeConfig, RequestsConfig } from './deck.ts';
import { nn } from './decks.ts';
import { familyOf } from './ip.ts';
import type { Operands } from './operands.ts';
import { quote, type Report } from './report.ts';
import { listeningPort, type StackDraft } from './stack.ts';
import { nearest } from './suggest.ts';
import type { ActionEntry } from './table/lab.ts';
import { type Surroundings, segmentOf, targetOf } from './targets.ts';

/** As long as an echo request waits for its answer. */
const WITHIN = 5 * SECOND;
const GOODPUT_FOR = 2 * SECOND;
const REQUESTS: RequestsConfig = { count: 10, size: 56, interval: SECOND / 10 };
const reasons = Object.keys(DROP_REASONS) as DropReason[];

/** `stack` is undefined for claims about a segment only. */
export function readClaim(
  entry: ActionEntry,
  operands: Operands,
  stack: StackDraft | undefined,
  around: Surroundings,
  report: Report,
): Claim | undefined {
  const within = operands.maybe('within') ?? WITHIN;
  const isNone = entry.name === 'EXPECT NO-PACKET';
  if (isNone || entry.name === 'EXPECT PACKET') {
    const segment = segmentOf(operands, around, report);
    const { min, max } = isNone ? { min: 0, max: 0 } : boundsOf(operands, 1, report);
    return { kind: 'packet', segment, like: likeOf(operands), min, max, within };
  }
  if (stack === undefined) return undefined;
  if (entry.name === 'EXPECT DROP') {
    const reason = reasonOf(operands, report);
    const { min, max } = boundsOf(operands, operands.has('max') ? 0 : 1, report);
    return reason && { kind: 'drop', stackId: stack.id, reason, min, max, within };
  }
  return claimOnTarget(entry, operands, stack, around, within, report);
}

function claimOnTarget(
  entry: ActionEntry,
  operands: Operands,
  stack: StackDraft,
  around: Surroundings,
  within: number,
  report: Report,
): Claim | undefined {
  const probe = probeOf(operands, report);
  const partner = stack.couple && around.byId.get(stack.couple.id);
  const isStream = operands.has('port');
  const target = targetOf(operands, stack, isStream ? partner : undefined, report);
  if (target === undefined || probe === undefined) return undefined;
  const subject = { stackId: stack.id, target };
  switch (entry.name) {
    case 'EXPECT REACHABLE':
      return { ...subject, kind: 'reachable', probe, within };
    case 'EXPECT UNREACHABLE': {
      const error = operands.has('error') ? operands.text('error') : undefined;
      return { ...subject, kind: 'unreachable', probe, error, within };
    }
    case 'EXPECT PATH': {
      const routers = routersOf(operands, around, report);
      return routers && { ...subject, kind: 'path', routers };
    }
    case 'EXPECT LATENCY':
    case 'EXPECT LOSS': {
      const kind = entry.name === 'EXPECT LOSS' ? 'loss' : 'latency';
      return { ...subject, kind, ...boundsOf(operands, 0, report), requests: requestsOf(operands) };
    }
    case 'EXPECT GOODPUT': {
      const port = listeningPort(operands, report);
      const duration = operands.maybe('for') ?? GOODPUT_FOR;
      return port === undefined
        ? undefined
        : { ...subject, kind: 'goodput', port, ...boundsOf(operands, 0, report), duration };
    }
    case 'EXPECT CONVERGES':
      return { ...subject, kind: 'converges', within };
  }
  throw new Error(`the table has ${entry.name}, which nothing judges`);
}

/** Undefined when the port is none. */
function probeOf(operands: Operands, report: Report): ProbeConfig | undefined {
  const by = operands.has('probe') ? operands.text('probe') : 'PING';
  if (by === 'PING') return { by: 'ping' };
  const port = listeningPort(operands, report);
  return port === undefined ? undefined : { by: by === 'TCP' ? 'tcp' : 'udp', port };
}

function requestsOf(operands: Operands): RequestsConfig {
  return {
    count: operands.maybe('count') ?? REQUESTS.count,
    size: operands.maybe('size') ?? REQUESTS.size,
    interval: operands.maybe('interval') ?? REQUESTS.interval,
  };
}

function boundsOf(operands: Operands, least: number, report: Report): { min: number; max: number } {
  const min = operands.maybe('min') ?? least;
  const max = operands.maybe('max') ?? Number.POSITIVE_INFINITY;
  if (min > max) {
    report.add('TW2312', operands.token('max'), `at most ${operands.text('max')}, and at least more`, {
      label: operands.has('min') ? `MIN is ${operands.text('min')}` : `MIN is ${least} unless named`,
    });
  }
  return { min, max };
}

function likeOf(operands: Operands): PacketLike {
  const word = <T extends string>(name: string): T | undefined =>
    operands.has(name) ? (operands.text(name) as T) : undefined;
  return {
    protocol: word('protocol'),
    from: addressText(operands, 'from'),
    to: addressText(operands, 'to'),
    port: operands.maybe('port'),
    flags: word('flags'),
    type: operands.maybe('type'),
    code: operands.maybe('code'),
  };
}

/** As captures print it, whatever the card has. */
function addressText(operands: Operands, name: 'from' | 'to'): string | undefined {
  if (!operands.has(name)) return undefined;
  return familyOf(operands.text(name).includes(':') ? 6 : 4).format(operands.address(name));
}

function reasonOf(operands: Operands, report: Report): DropReason | undefined {
  const token = operands.token('reason');
  const reason = reasons.find((known) => known === token.text.toLowerCase());
  if (reason === undefined) {
    const near = report.full ? undefined : nearest(token.text.toLowerCase(), reasons);
    report.add('TW2311', token, `${quote(token.text)} is no reason to drop a packet`, {
      ...(near === undefined ? {} : { help: `did you mean ${near}?` }),
    });
  }
  return reason;
}

/** Ids of the stacks; undefined when one is not in the decks. */
function routersOf(operands: Operands, around: Surroundings, report: Report): readonly number[] | undefined {
  if (operands.text('way') === 'DIRECT') return [];
  const stacks = [...around.byId.values()];
  const ids: number[] = [];
  for (const word of operands.text('routers').split(/[ \t]+/)) {
    const found = stacks.find(({ id, job }) => nn(id) === word || job.toUpperCase() === word.toUpperCase());
    if (found !== undefined) ids.push(found.id);
    else if (!around.whole) return undefined;
    else {
      report.add('TW2310', operands.token('routers'), `${quote(word)} is no stack of the decks`, {
        label: `stacks: ${stacks.map(({ id, job }) => `${nn(id)} (${job})`).join(', ')}`,
      });
      return undefined;
    }
  }
  return ids;
}
