/** What AT cards do: each action at its time, each outcome told as one event. */
import { once } from 'node:events';
import type { EchoResult, Stack } from '../../stacks/stack.ts';
import { SECOND } from '../../stacks/time/clock.ts';
import type { Action, Finding, ScheduledAction } from '../config/deck.ts';
import { cardText, routeOf } from './build.ts';
import { type Fetched, fetchFrom } from './fetch.ts';
import { type Judgement, judge } from './judge.ts';
import type { Lab, LabHost } from './lab.ts';
import { PING_DEFAULTS, type PingSummary, ping } from './ping.ts';
import { askOverUdp, inTime } from './probe.ts';

export interface ActionEvent {
  /** µs */
  readonly time: number;
  readonly card: string;
  readonly action: string;
  readonly ok: boolean;
  /** One line for a person. */
  readonly text: string;
  readonly ping?: PingSummary;
  /** Of EXPECT; `ok` is true for a pass alone. */
  readonly judgement?: Judgement;
}

type Tell = (event: ActionEvent, scheduled: ScheduledAction) => void;

/** Starts every action at its time; resolves when the last one has ended. */
export async function runSchedule(lab: Lab, tell: Tell): Promise<void> {
  await Promise.all(lab.deck.schedule.map((scheduled) => runAt(lab, scheduled, tell)));
}

async function runAt(lab: Lab, scheduled: ScheduledAction, tell: Tell): Promise<void> {
  const { at, time, action } = scheduled;
  if (time > lab.now) await lab.advance(time - lab.now);
  tell(await perform(lab, action, cardText(at)), scheduled);
}

/** A statement that is none, or not a right one; `findings` says what is wrong. */
export class CommandError extends Error {
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    super(findings.find((f) => f.severity === 'error')?.message ?? 'nothing to do');
    this.name = 'CommandError';
    this.findings = findings;
  }
}

/**
 * Carries out one statement now: an action of AT, without AT and a time (`ROUTE 02 DEL OSA ...`). `from` and `line` name
 * its place. What fails in the lab is told by the event.
 * @throws CommandError when it is no statement, or does not fit the deck.
 */
export async function command(lab: Lab, text: string, from = 'command', line = 1): Promise<ActionEvent> {
  const { action, findings } = lab.deck.commands.read(text, from, line);
  if (action === undefined) throw new CommandError(findings);
  return await perform(lab, action, cardText({ file: from, line, column: 1 }));
}

async function perform(lab: Lab, action: Action, card: string): Promise<ActionEvent> {
  const head = { card, action: action.kind };
  try {
    const outcome = await act(lab, action);
    return { time: lab.now, ...head, ok: true, ...outcome };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { time: lab.now, ...head, ok: false, text: `${subject(lab, action)}: ${why}` };
  }
}

/** Nobody waits longer for a page, and a server that never answers shall not keep a run from ending. */
const FETCH_PATIENCE = 60 * SECOND;
/** A datagram may be lost, and nothing tells. */
const UDP_PATIENCE = 2 * SECOND;
async function fetchInTime(lab: Lab, host: LabHost, target: string, port: number): Promise<Fetched> {
  return await inTime(lab, FETCH_PATIENCE, async (signal) => {
    try {
      return await fetchFrom(host, target, port, '/', signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new Error(`${target} port ${port} has not answered within ${FETCH_PATIENCE / SECOND} s`);
    }
  });
}

/** Who does what, for a line that says it failed. */
function subject(lab: Lab, action: Action): string {
  if (action.kind === 'segment') return `segment ${action.name}`;
  if (action.kind === 'expect') return action.text;
  const { name } = lab.host(action.stackId);
  return 'target' in action ? `${name} ${action.kind} ${action.target}` : `${name} ${action.kind}`;
}

/** Why some echo requests were not answered: what was said most recently. */
function silence(last: EchoResult | undefined): string {
  if (last?.outcome === 'error') return `, ${last.failure.code}: ${last.failure.cause}`;
  return '';
}

function linkOf(lab: Lab, stackId: number, device: string): { stack: Stack; index: number } {
  const { stack, links } = lab.stacks.get(stackId)!;
  const index = links.get(device);
  if (index === undefined) throw new Error(`no LINK ${device} on stack ${stackId}`);
  return { stack, index };
}

type Outcome = Pick<ActionEvent, 'text'> & Partial<Pick<ActionEvent, 'ok' | 'ping' | 'judgement'>>;

async function act(lab: Lab, action: Action): Promise<Outcome> {
  switch (action.kind) {
    case 'ping': {
      const { stackId, target, count, size, interval } = action;
      let last: EchoResult | undefined;
      const summary = await ping(
        lab,
        stackId,
        target,
        { ...PING_DEFAULTS, count, size, interval },
        (_, result) => {
          last = result.outcome === 'reply' ? last : result;
        },
      );
      const text = `${lab.host(stackId).name} pings ${target}: ${summary.received}/${summary.sent} answered${silence(last)}`;
      return { ok: summary.received > 0, text, ping: summary };
    }
    case 'fetch': {
      const host = lab.host(action.stackId);
      const { status, body, family } = await fetchInTime(lab, host, action.target, action.port);
      const text = `${host.name} fetches ${action.target}:${action.port} over ${family}: ${status}, ${body.length} bytes`;
      return { ok: status < 400, text };
    }
    case 'connect': {
      const host = lab.host(action.stackId);
      const socket = host.net.connect({ host: action.target, port: action.port });
      await once(socket, 'connect');
      const text = `${host.name} connected to ${socket.remoteAddress} port ${socket.remotePort}`;
      socket.destroy();
      return { text };
    }
    case 'udp': {
      const { stackId, target, port } = action;
      const host = lab.host(stackId);
      const answer = await askOverUdp(lab, stackId, target, port, UDP_PATIENCE);
      const from = `from ${target} port ${port} over UDP`;
      if (answer.reached) return { text: `${host.name} gets an answer ${from}` };
      return { ok: false, text: `${host.name} gets no answer ${from}: ${answer.why}` };
    }
    case 'stop':
      lab.stopStack(action.stackId);
      return { text: `stack ${action.stackId} stopped` };
    case 'start':
      lab.startStack(action.stackId);
      return { text: `stack ${action.stackId} started` };
    case 'link': {
      const { stack, index } = linkOf(lab, action.stackId, action.device);
      stack.setLink(index, action.up);
      return { text: `link ${action.device} of stack ${action.stackId} is ${action.up ? 'up' : 'down'}` };
    }
    case 'route': {
      const { stack, links } = lab.stacks.get(action.stackId)!;
      const { destination, prefixLength, metric, from } = action.route;
      const route = routeOf(action.route, links);
      if (route === undefined) throw new Error(`no LINK ${action.route.device} on stack ${action.stackId}`);
      const name = `route to ${stack.describe(destination)}/${prefixLength}`;
      if (action.verb === 'REPLACE') {
        // Nothing is forwarded between the two, so that no packet meets the gap.
        const match = { metric, from: from ?? ('any' as const), origin: 'static' as const };
        const gone = stack.withdrawRoutes(destination, prefixLength, match);
        stack.addRoute(route);
        return { text: `${name} of stack ${action.stackId} in the place of ${gone}` };
      }
      stack.addRoute(route);
      return { text: `${name} of stack ${action.stackId} added` };
    }
    case 'no-route': {
      const { stackId, device, destination, prefixLength, match } = action;
      const { stack } = lab.stacks.get(stackId)!;
      const interfaceIndex = device === undefined ? undefined : linkOf(lab, stackId, device).index;
      const gone = stack.withdrawRoutes(destination, prefixLength, { ...match, interfaceIndex });
      const name = `route to ${stack.describe(destination)}/${prefixLength}`;
      if (gone === 0) throw new Error(`there is no such ${name}`);
      return { text: `${name} of stack ${stackId} removed${gone === 1 ? '' : `, ${gone} of them`}` };
    }
    case 'address': {
      const { stackId, device, address, prefixLength } = action;
      const { stack, index } = linkOf(lab, stackId, device);
      const name = `address ${stack.describe(address)}`;
      if (prefixLength !== undefined) {
        stack.addAddress(index, address, prefixLength);
        return { text: `${name}/${prefixLength} on ${device} of stack ${stackId}` };
      }
      if (!stack.removeAddress(index, address)) throw new Error(`${device} has no ${name} to give up`);
      return { text: `${name} taken from ${device} of stack ${stackId}` };
    }
    case 'mtu': {
      const { stack, index } = linkOf(lab, action.stackId, action.device);
      stack.setMtu(index, action.mtu);
      return { text: `${action.device} of stack ${action.stackId} has MTU ${action.mtu}` };
    }
    case 'port': {
      lab.stacks.get(action.stackId)!.stack.tcp.suspend(action.port, action.suspended);
      return {
        text: `port ${action.port} of stack ${action.stackId} ${action.suspended ? 'suspended' : 'resumed'}`,
      };
    }
    case 'segment': {
      const segment = lab.segments.get(action.name);
      if (segment === undefined) throw new Error(`no segment ${action.name} in this lab`);
      segment.set(action.conditions);
      return { text: `segment ${action.name} changed` };
    }
    case 'expect': {
      const judgement = await judge(lab, action.claim);
      const { verdict, seen } = judgement;
      return { ok: verdict === 'pass', text: `${action.text}: ${seen}`, judgement };
    }
  }
}
