/** Asking a target whether it is there: by echo requests, by a TCP connection, by a UDP datagram. */
import { once } from 'node:events';
import type { EchoResult } from '../../stacks/stack.ts';
import { SECOND } from '../../stacks/time/clock.ts';
import type { ProbeConfig } from '../config/deck.ts';
import type { Lab } from './lab.ts';

export type Answer = { readonly reached: true; readonly how: string } | Unanswered;

/** `code` as an application gets it; ETIMEDOUT for silence. */
interface Unanswered {
  readonly reached: false;
  readonly code: string;
  readonly why: string;
}

/** Any bytes do: an echo service returns them, others may find no sense in them. */
const DATAGRAM = 'twinstack';

/** What comes of `work`, whose signal is aborted after `patience` µs of lab time. */
export async function inTime<T>(
  lab: Lab,
  patience: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
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

/** `patience` in µs. @throws Error when `target` cannot be looked up. */
export async function ask(
  lab: Lab,
  stackId: number,
  target: string,
  probe: ProbeConfig,
  patience: number,
): Promise<Answer> {
  if (probe.by === 'ping') return await askByEcho(lab, stackId, target, patience);
  if (probe.by === 'tcp') return await askOverTcp(lab, stackId, target, probe.port, patience);
  return await askOverUdp(lab, stackId, target, probe.port, patience);
}

function silence(patience: number): Unanswered {
  return { reached: false, code: 'ETIMEDOUT', why: `silence for ${patience / SECOND} s` };
}

/** One request a second until the first answer or error. */
async function askByEcho(lab: Lab, stackId: number, target: string, patience: number): Promise<Answer> {
  const host = lab.host(stackId);
  lab.resolve(stackId, target);
  let first: EchoResult | undefined;
  let told = (): void => {};
  const answered = new Promise<void>((resolve) => {
    told = resolve;
  });
  const arrived = (result: EchoResult): void => {
    if (result.outcome === 'timeout') return;
    first ??= result;
    told();
  };
  for (let left = patience; left > 0 && first === undefined; left -= SECOND) {
    void host.echo(target, { timeout: left }).then(arrived);
    await Promise.race([lab.advance(Math.min(SECOND, left)), answered]);
  }
  return answerOf(first, patience);
}

function answerOf(result: EchoResult | undefined, patience: number): Answer {
  if (result?.outcome === 'reply')
    return { reached: true, how: `an echo reply after ${result.reply.time / 1_000} ms` };
  if (result?.outcome !== 'error') return silence(patience);
  return { reached: false, code: result.failure.code, why: result.failure.cause };
}

async function askOverTcp(
  lab: Lab,
  stackId: number,
  target: string,
  port: number,
  patience: number,
): Promise<Answer> {
  return await inTime(lab, patience, async (signal) => {
    const socket = lab.host(stackId).net.connect({ host: target, port });
    const give = (): void => void socket.destroy(new Error('in vain'));
    signal.addEventListener('abort', give);
    try {
      await once(socket, 'connect');
      return { reached: true, how: `connected to ${socket.remoteAddress} port ${socket.remotePort}` };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).syscall === 'getaddrinfo') throw error; // nobody was asked
      return signal.aborted ? silence(patience) : refusal(error);
    } finally {
      signal.removeEventListener('abort', give);
      socket.destroy();
    }
  });
}

function refusal(error: unknown): Unanswered {
  const { code, message, cause } = error as NodeJS.ErrnoException;
  return { reached: false, code: code ?? 'unknown', why: cause instanceof Error ? cause.message : message };
}

/** Sends one datagram, and waits for anything that comes back. */
export async function askOverUdp(
  lab: Lab,
  stackId: number,
  target: string,
  port: number,
  patience: number,
): Promise<Answer> {
  const type = lab.resolve(stackId, target).stack.family.version === 4 ? 'udp4' : 'udp6';
  return await inTime(lab, patience, async (signal) => {
    const socket = lab.host(stackId).dgram.createSocket({ type, signal });
    const stopped: Unanswered = { reached: false, code: 'ENETDOWN', why: 'the stack stopped' };
    try {
      return await new Promise<Answer>((resolve) => {
        socket.on('message', () => resolve({ reached: true, how: 'a datagram in answer' }));
        socket.on('error', (error) => resolve({ ...refusal(error), why: error.message }));
        socket.on('close', () => resolve(signal.aborted ? silence(patience) : stopped));
        socket.on('connect', () => socket.send(DATAGRAM));
        socket.connect(port, target);
      });
    } finally {
      await socket[Symbol.asyncDispose]();
    }
  });
}
