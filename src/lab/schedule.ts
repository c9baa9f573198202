/** What AT cards do: each action at its time, each outcome told as one event. */
import { once } from 'node:events';
import type { EchoResult } from '../../stacks/stack.ts';
import { SECOND } from '../../stacks/time/clock.ts';
import type { Action, ScheduledAction } from '../config/deck.ts';
import { cardText } from './build.ts';
import { type Fetched, fetchFrom } from './fetch.ts';
import type { Lab, LabHost } from './lab.ts';
import { PING_DEFAULTS, type PingSummary, ping } from './ping.ts';

export interface ActionEvent {
  /** µs */
  readonly time: number;
  readonly card: string;
  readonly action: string;
  readonly ok: boolean;
  /** One line for a person. */
  readonly text: string;
  readonly ping?: PingSummary;
}

/** Starts every action at its time; resolves when the last one has ended. */
export async function runSchedule(lab: Lab, tell: (event: ActionEvent) => void): Promise<void> {
  await Promise.all(lab.deck.schedule.map((scheduled) => runAt(lab, scheduled, tell)));
}

async function runAt(
  lab: Lab,
  { at, time, action }: ScheduledAction,
  tell: (e: ActionEvent) => void,
): Promise<void> {
  if (time > lab.now) await lab.advance(time - lab.now);
  const head = { card: cardText(at), action: action.kind };
  try {
    const outcome = await act(lab, action);
    tell({ time: lab.now, ...head, ok: true, ...outcome });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    tell({ time: lab.now, ...head, ok: false, text: `${subject(lab, action)}: ${why}` });
  }
}

/** Nobody waits longer for a page, and a server that never answers shall not keep a run from ending. */
const FETCH_PATIENCE = 60 * SECOND;
/** A datagram may be lost, and nothing tells. */
const UDP_PATIENCE = 2 * SECOND;
/** Any bytes do: an echo service returns them, others may find no sense in them. */
const DATAGRAM = 'twinstack';

/** What comes of `work`, whose signal is aborted after `patience` µs of lab time. */
async function inTime<T>(lab: Lab, patience: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { clock } = lab.environment;
  const end = new AbortController();
  const timer = clock.timer(() => end.abort());
  clock.refresh();
  timer.armIn(patience);
  try {
    return await work(end.signal);
  } finally {
    timer.disarm();
  }
}

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

/** Sends one datagram; undefined when something comes back, else why nothing does. */
async function askOverUdp(
  host: LabHost,
  type: 'udp4' | 'udp6',
  target: string,
  port: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const socket = host.dgram.createSocket({ type, signal });
  try {
    return await new Promise((resolve) => {
      socket.on('message', () => resolve(undefined));
      socket.on('error', (error) => resolve(error.message));
      socket.on('close', () =>
        resolve(signal.aborted ? `silence for ${UDP_PATIENCE / SECOND} s` : 'the stack stopped'),
      );
      socket.on('connect', () => socket.send(DATAGRAM));
      socket.connect(port, target);
    });
  } finally {
    await socket[Symbol.asyncDispose]();
  }
}

/** Who does what, for a line that says it failed. */
function subject(lab: Lab, action: Action): string {
  if (action.kind === 'segment') return `segment ${action.name}`;
  const { name } = lab.host(action.stackId);
  return 'target' in action ? `${name} ${action.kind} ${action.target}` : `${name} ${action.kind}`;
}

/** Why some echo requests were not answered: what was said most recently. */
function silence(last: EchoResult | undefined): string {
  if (last?.outcome === 'error') return `, ${last.failure.code}: ${last.failure.cause}`;
  return '';
}

type Outcome = Pick<ActionEvent, 'text'> & Partial<Pick<ActionEvent, 'ok' | 'ping'>>;

async function act(lab: Lab, action: Action): Promise<Outcome> {
  switch (action.kind) {
    case 'ping': {
      const { stackId, target, count, size } = action;
      let last: EchoResult | undefined;
      const summary = await ping(lab, stackId, target, { ...PING_DEFAULTS, count, size }, (_, result) => {
        last = result.outcome === 'reply' ? last : result;
      });
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
      const type = lab.resolve(stackId, target).stack.family.version === 4 ? 'udp4' : 'udp6';
      const why = await inTime(lab, UDP_PATIENCE, (signal) => askOverUdp(host, type, target, port, signal));
      const from = `from ${target} port ${port} over UDP`;
      if (why === undefined) return { text: `${host.name} gets an answer ${from}` };
      return { ok: false, text: `${host.name} gets no answer ${from}: ${why}` };
    }
    case 'stop':
      lab.stopStack(action.stackId);
      return { text: `stack ${action.stackId} stopped` };
    case 'start':
      lab.startStack(action.stackId);
      return { text: `stack ${action.stackId} started` };
    case 'link': {
      const { stack, links } = lab.stacks.get(action.stackId)!;
      const index = links.get(action.device);
      if (index === undefined) throw new Error(`no LINK ${action.device} on stack ${action.stackId}`);
      stack.setLink(index, action.up);
      return { text: `link ${action.device} of stack ${action.stackId} is ${action.up ? 'up' : 'down'}` };
    }
    case 'route': {
      const { stack, links } = lab.stacks.get(action.stackId)!;
      const { device, at, ...route } = action.route;
      const interfaceIndex = links.get(device);
      if (interfaceIndex === undefined) throw new Error(`no LINK ${device} on stack ${action.stackId}`);
      stack.addRoute({ ...route, interfaceIndex, origin: 'static', card: cardText(at) });
      return { text: `route to ${stack.describe(route.destination)}/${route.prefixLength} added` };
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
  }
}
