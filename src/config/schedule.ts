/** AT cards: the action looked up in its table, its stack found, its operands matched. */
import type { Token } from './card.ts';
import type { Action, ScheduledAction } from './deck.ts';
import { conditionsOf, nn } from './decks.ts';
import { readAddress } from './ip.ts';
import { checkRoute, unknownDevice } from './network.ts';
import { matchOperands, type Operands } from './operands.ts';
import { quote, type Report } from './report.ts';
import { listeningPort, routeOf, type StackDraft } from './stack.ts';
import type { Line } from './step.ts';
import { nearest } from './suggest.ts';
import type { ActionEntry } from './table/lab.ts';
import { actions } from './table.ts';
import { isRefusal, readToken } from './token-reader.ts';

const byVerb = new Map(actions.map((action) => [action.name, action]));
const DEFAULT_PING = { count: 1, size: 56 };
const DEFAULT_FETCH_PORT = 80;

/** Everything an AT card may name. */
export interface Surroundings {
  readonly byId: ReadonlyMap<number, StackDraft>;
  readonly segments: ReadonlySet<string>;
  /** False when a part of the decks could not be read, so that a stack may be missing for that alone. */
  readonly whole: boolean;
}

/** `stack` is the one whose deck the card stands in; undefined in a TWINLAB step. */
export function readAction(
  line: Line,
  stack: StackDraft | undefined,
  around: Surroundings,
  report: Report,
): ScheduledAction | undefined {
  if (line.operands === undefined) return undefined;
  const verb = line.tokens[2]!;
  const entry = byVerb.get(verb.text.toUpperCase());
  if (entry === undefined) {
    const near = report.full ? undefined : nearest(verb.text, byVerb.keys());
    report.add('TW2304', verb, `${quote(verb.text)} is not an action of AT`, {
      label: `one of ${[...byVerb.keys()].join(', ')}`,
      ...(near === undefined ? {} : { help: `did you mean ${near}?` }),
    });
    return undefined;
  }
  let subject = stack;
  let from = 3;
  if (entry.ofStack && stack === undefined) {
    subject = stackNamed(entry, line, around, report);
    if (subject === undefined) return undefined;
    from = 4;
  }
  const title = stack === undefined && entry.ofStack ? `AT ... ${entry.name} nn` : `AT ... ${entry.name}`;
  const operands = matchOperands(
    title,
    entry.operands,
    line.card,
    line.tokens,
    from,
    subject?.version,
    report,
  );
  if (operands === undefined) return undefined;
  const action = actionOf(entry, operands, verb, subject, around, report);
  return action && { at: line.tokens[0]!.at, time: line.operands.number('time'), action };
}

function stackNamed(
  entry: ActionEntry,
  line: Line,
  around: Surroundings,
  report: Report,
): StackDraft | undefined {
  const token = line.tokens[3];
  const help = `in a TWINLAB step the id of the stack follows the verb: AT 2S ${entry.name} 02 ...`;
  if (token === undefined) {
    report.add('TW1203', line.tokens[2]!, `${entry.name} wants the id of a stack`, { help });
    return undefined;
  }
  const value = readToken('nn', token, undefined);
  if (isRefusal(value)) {
    report.add(value.rule, token, value.message, { label: 'the id of a stack wanted', help });
    return undefined;
  }
  const stack = around.byId.get(value.number!);
  if (stack === undefined) {
    if (!around.whole) return undefined;
    report.add('TW2305', token, `stack ${token.text} is not in the decks`, {
      label: `stacks: ${[...around.byId.keys()].map(nn).join(', ') || 'none'}`,
    });
  }
  return stack;
}

function actionOf(
  entry: ActionEntry,
  operands: Operands,
  verb: Token,
  stack: StackDraft | undefined,
  around: Surroundings,
  report: Report,
): Action | undefined {
  if (entry.name === 'SEGMENT') return segmentAction(operands, around, report);
  // Only SEGMENT comes without a stack.
  return stack && stackAction(entry, operands, verb, stack, around, report);
}

function stackAction(
  entry: ActionEntry,
  operands: Operands,
  verb: Token,
  stack: StackDraft,
  around: Surroundings,
  report: Report,
): Action | undefined {
  const stackId = stack.id;
  switch (entry.name) {
    case 'PING': {
      const target = targetOf(operands, stack, undefined, report);
      const count = operands.maybe('count') ?? DEFAULT_PING.count;
      const size = operands.maybe('size') ?? DEFAULT_PING.size;
      return target === undefined ? undefined : { kind: 'ping', stackId, target, count, size };
    }
    case 'FETCH':
    case 'CONNECT':
    case 'UDP': {
      const partner = stack.couple && around.byId.get(stack.couple.id);
      const target = targetOf(operands, stack, partner, report);
      const port = operands.has('port') ? listeningPort(operands, report) : DEFAULT_FETCH_PORT;
      if (target === undefined || port === undefined) return undefined;
      const kind = ({ FETCH: 'fetch', CONNECT: 'connect', UDP: 'udp' } as const)[entry.name];
      return { kind, stackId, target, port };
    }
    case 'STOP':
      return { kind: 'stop', stackId };
    case 'START':
      return { kind: 'start', stackId };
    case 'LINK': {
      const device = operands.text('device');
      const known = new Set([...stack.links, ...stack.autoconf].map((l) => l.config.device));
      if (!known.has(device) && !stack.source.unread.has(device, 'LINK'))
        unknownDevice('TW2307', 'AT ... LINK', operands.token('device'), known, report);
      return { kind: 'link', stackId, device, up: operands.text('state') === 'UP' };
    }
    case 'ROUTE': {
      const route = routeOf(operands, verb.at, stack.version);
      checkRoute(stack, { config: route, operands }, undefined, report);
      return { kind: 'route', stackId, route };
    }
    case 'PORT': {
      const port = listeningPort(operands, report);
      if (port === undefined) return undefined;
      return { kind: 'port', stackId, port, suspended: operands.text('state') === 'SUSPEND' };
    }
  }
  throw new Error(`the action table has ${entry.name}, which nothing carries out`);
}

function segmentAction(operands: Operands, around: Surroundings, report: Report): Action {
  const name = operands.text('segment');
  if (!around.segments.has(name)) {
    const near = report.full ? undefined : nearest(name, around.segments);
    report.add('TW2308', operands.token('segment'), `segment ${name} is not in the decks`, {
      label: `segments: ${[...around.segments].slice(0, 8).join(', ') || 'none'}`,
      ...(near === undefined ? {} : { help: `did you mean ${near}?` }),
    });
  }
  return { kind: 'segment', name, conditions: conditionsOf(operands) };
}

/** An address of a family that the stack (or its partner) has, or a name that it can look up; names of HOST in upper case. */
function targetOf(
  operands: Operands,
  stack: StackDraft,
  partner: StackDraft | undefined,
  report: Report,
): string | undefined {
  const token = operands.token('target');
  const { text } = token;
  if (readAddress(stack.version, text) !== undefined) return text;
  if (readAddress(stack.version === 4 ? 6 : 4, text) !== undefined) {
    if (stack.source.unread.any('COUPLE')) return text;
    if (partner !== undefined || (stack.couple !== undefined && stack.version === 6)) return text;
    report.add('TW1210', token, `${text} is not an address of the family of stack ${nn(stack.id)}`, {
      label: `an IPv${stack.version} stack`,
      help: 'let a stack of that family do it, or a stack that is coupled to one (not for PING)',
    });
    return undefined;
  }
  const name = text.toUpperCase();
  const places = partner === undefined ? [stack] : [stack, partner];
  if (places.some((place) => place.hosts.some((h) => h.config.name === name))) return name;
  const lost = places.some(({ source: { unread } }) => unread.has(name, 'HOST') || unread.any('DNS'));
  if (!lost && places.every((place) => place.dns.length === 0)) {
    const near = report.full
      ? undefined
      : nearest(
          name,
          places.flatMap((place) => place.hosts.map((h) => h.config.name)),
        );
    report.add('TW2306', token, `stack ${nn(stack.id)} cannot look up ${quote(text)}`, {
      label: 'no HOST of this name, and no DNS',
      help: near === undefined ? `write HOST ${quote(text)} address` : `did you mean ${near}?`,
    });
  }
  return text;
}
