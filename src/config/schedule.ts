/** AT cards: the action looked up in its table, its stack found, its operands matched. */
import { SECOND } from '../../stacks/time/clock.ts';
import { type Card, checkCard, type Token, tokensOf } from './card.ts';
import { readClaim } from './claims.ts';
import type { Action, ScheduledAction } from './deck.ts';
import { conditionsOf, nn } from './decks.ts';
import { unknownDevice } from './devices.ts';
import { checkLinkAddress } from './link-address.ts';
import { checkMtu } from './network.ts';
import { matchOperands, type Operands } from './operands.ts';
import { quote, type Report } from './report.ts';
import { checkRoute } from './route-check.ts';
import { listeningPort, noteDirect, routeOf, type StackDraft } from './stack.ts';
import type { Line } from './step.ts';
import { nearest } from './suggest.ts';
import type { ActionEntry } from './table/lab.ts';
import { actions } from './table.ts';
import { type Surroundings, segmentOf, targetOf } from './targets.ts';
import { isRefusal, readToken } from './token-reader.ts';

const byVerb = new Map(actions.map((action) => [action.name, action]));
const verbs = [...new Set(actions.map(({ name }) => name.split(' ')[0]!))];
const claimWords = actions.flatMap(({ name }) => (name.startsWith('EXPECT ') ? [name.slice(7)] : []));
const DEFAULT_PING = { count: 1, size: 56, interval: SECOND };
const DEFAULT_FETCH_PORT = 80;

/** Where an action stands: on an AT card, or alone as a command to a lab that runs. */
interface Place {
  readonly card: Card;
  readonly tokens: readonly Token[];
  /** The place of the verb. */
  readonly verb: number;
  /** What stands before it, in messages. */
  readonly before: 'AT ... ' | '';
}

/** `stack` is the one whose deck the card stands in; undefined in a TWINLAB step. */
export function readAction(
  line: Line,
  stack: StackDraft | undefined,
  around: Surroundings,
  report: Report,
): ScheduledAction | undefined {
  if (line.operands === undefined) return undefined;
  const place: Place = { card: line.card, tokens: line.tokens, verb: 2, before: 'AT ... ' };
  const action = actionAt(place, stack, around, report);
  return action && { at: line.tokens[0]!.at, time: line.operands.number('time'), action };
}

/** Does the card give an address to a link? Those are read first, since gateways may be on the networks of others. */
export function givesAddress({ tokens }: Line): boolean {
  return tokens[2]?.text.toUpperCase() === 'ADDRESS';
}

/** A command: an action without AT and a time. The id of the stack may be missing where there is only one. */
export function readCommand(card: Card, around: Surroundings, report: Report): Action | undefined {
  const tokens = tokensOf(card);
  if (tokens.length === 0 || !checkCard(card, true, report)) return undefined;
  const stacks = [...around.byId.values()];
  const isNamed = /^\d\d$/.test(tokens[isExpect(tokens[0]!) ? 2 : 1]?.text ?? '');
  const only = stacks.length === 1 && !isNamed ? stacks[0] : undefined;
  return actionAt({ card, tokens, verb: 0, before: '' }, only, around, report);
}

function isExpect({ text }: Token): boolean {
  return text.toUpperCase() === 'EXPECT';
}

/** The row of an action, or of a claim, whose name has a second word. */
function entryAt(
  tokens: readonly Token[],
  at: number,
  before: Place['before'],
  report: Report,
): ActionEntry | undefined {
  const verb = tokens[at]!;
  const second = isExpect(verb) ? tokens[at + 1] : undefined;
  const name = isExpect(verb) ? `EXPECT ${second?.text ?? ''}` : verb.text;
  const entry = byVerb.get(name.toUpperCase());
  if (entry !== undefined) return entry;
  if (isExpect(verb) && second === undefined) {
    report.add('TW1203', verb, 'EXPECT wants a claim', { label: `one of ${claimWords.join(', ')}` });
    return undefined;
  }
  const [token, words] = second === undefined ? [verb, verbs] : [second, claimWords];
  const near = report.full ? undefined : nearest(token.text, words);
  const what = second === undefined ? `an action${before === '' ? '' : ' of AT'}` : 'a claim of EXPECT';
  report.add('TW2304', token, `${quote(token.text)} is not ${what}`, {
    label: `one of ${words.join(', ')}`,
    ...(near === undefined ? {} : { help: `did you mean ${near}?` }),
  });
  return undefined;
}

function actionAt(
  { card, tokens, verb: at, before }: Place,
  stack: StackDraft | undefined,
  around: Surroundings,
  report: Report,
): Action | undefined {
  const entry = entryAt(tokens, at, before, report);
  if (entry === undefined) return undefined;
  const verb = tokens[at]!;
  const behind = at + entry.name.split(' ').length;
  const isStackNamed = entry.ofStack && stack === undefined;
  const subject = isStackNamed ? stackNamed(entry, verb, tokens[behind], before, around, report) : stack;
  if (isStackNamed && subject === undefined) return undefined;
  const operands = matchOperands(
    `${before}${entry.name}${isStackNamed ? ' nn' : ''}`,
    entry.operands,
    card,
    tokens,
    behind + (isStackNamed ? 1 : 0),
    subject?.version,
    report,
  );
  if (operands === undefined) return undefined;
  if (!isExpect(verb)) return actionOf(entry, operands, verb, subject, around, report);
  const claim = readClaim(entry, operands, subject, around, report);
  const text = tokens.slice(at).map((token) => token.text);
  return claim && { kind: 'expect', text: text.join(' '), claim };
}

function stackNamed(
  entry: ActionEntry,
  verb: Token,
  token: Token | undefined,
  before: Place['before'],
  around: Surroundings,
  report: Report,
): StackDraft | undefined {
  const help =
    before === ''
      ? `the id of the stack follows the verb: ${entry.name} 02 ...`
      : `in a TWINLAB step the id of the stack follows the verb: AT 2S ${entry.name} 02 ...`;
  if (token === undefined) {
    report.add('TW1203', verb, `${entry.name} wants the id of a stack`, { help });
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
      const interval = operands.maybe('interval') ?? DEFAULT_PING.interval;
      return target === undefined ? undefined : { kind: 'ping', stackId, target, count, size, interval };
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
    case 'LINK':
      return {
        kind: 'link',
        stackId,
        device: deviceOf(entry, operands, stack, report),
        up: operands.text('state') === 'UP',
      };
    case 'ROUTE':
      return routeAction(operands, verb, stack, report);
    case 'ADDRESS':
      return addressAction(entry, operands, verb, stack, report);
    case 'MTU': {
      const device = deviceOf(entry, operands, stack, report);
      const mtu = operands.number('mtu');
      const most = mtuOf(stack, device);
      checkMtu(stack, mtu, operands.token('mtu'), report);
      if (mtu > most) {
        report.add('TW2309', operands.token('mtu'), `MTU ${mtu} on a link of ${most}`, {
          label: `${device} carries ${most}`,
          help: `give the LINK the larger MTU, and lower it by AT 0S MTU ${device} ${most}`,
        });
      }
      return { kind: 'mtu', stackId, device, mtu };
    }
    case 'PORT': {
      const port = listeningPort(operands, report);
      if (port === undefined) return undefined;
      return { kind: 'port', stackId, port, suspended: operands.text('state') === 'SUSPEND' };
    }
  }
  throw new Error(`the action table has ${entry.name}, which nothing carries out`);
}

/** The operand `device`, which has a link; reported when it has none. */
function deviceOf(entry: ActionEntry, operands: Operands, stack: StackDraft, report: Report): string {
  const device = operands.text('device');
  const known = new Set([...stack.links, ...stack.autoconf].map((l) => l.config.device));
  if (!known.has(device) && !stack.source.unread.has(device, 'LINK'))
    unknownDevice('TW2307', entry.name, operands.token('device'), known, report);
  return device;
}

/** Of the first LINK, which is the device's; no bound where it cannot be told. */
function mtuOf({ links, autoconf }: StackDraft, device: string): number {
  const first = [...links, ...autoconf].find(({ config }) => config.device === device);
  return first?.config.mtu ?? Number.POSITIVE_INFINITY;
}

function routeAction(operands: Operands, verb: Token, stack: StackDraft, report: Report): Action {
  const stackId = stack.id;
  const route = routeOf(operands, verb.at, stack.version);
  const word = operands.has('verb') ? operands.text('verb') : 'ADD';
  if (word === 'DEL') {
    const { device, destination, prefixLength, gateway, kind, from } = route;
    const metric = operands.maybe('metric');
    const match = { gateway, metric, kind, from: from ?? 'any', origin: 'static' } as const;
    return {
      kind: 'no-route',
      stackId,
      device: device === '*' ? undefined : device,
      destination,
      prefixLength,
      match,
    };
  }
  checkRoute(stack, { config: route, operands }, undefined, report);
  noteDirect(stack, route);
  return { kind: 'route', stackId, verb: word === 'REPLACE' ? 'REPLACE' : 'ADD', route };
}

function addressAction(
  entry: ActionEntry,
  operands: Operands,
  verb: Token,
  stack: StackDraft,
  report: Report,
): Action {
  const device = deviceOf(entry, operands, stack, report);
  const address = operands.address('address');
  const adds = operands.text('verb') === 'ADD';
  const prefixLength = adds ? operands.number('mask') : undefined;
  if (prefixLength !== undefined) {
    const config = { at: verb.at, device, adapter: 0, address, prefixLength, mtu: mtuOf(stack, device) };
    if (checkLinkAddress(stack, { config, operands }, report)) stack.added.push(config);
  }
  return { kind: 'address', stackId: stack.id, device, address, prefixLength };
}

function segmentAction(operands: Operands, around: Surroundings, report: Report): Action {
  return { kind: 'segment', name: segmentOf(operands, around, report), conditions: conditionsOf(operands) };
}
