import type { EchoResult } from '../../stacks/stack.ts';
import { Lab } from '../lab/lab.ts';
import { PING_DEFAULTS, type PingOptions, type PingSummary, ping } from '../lab/ping.ts';
import { loadDecks } from './decks.ts';
import { FINDING, GOOD, UsageError } from './exit.ts';
import { outputBeside, type Recording, record } from './recording.ts';
import { startLab } from './start.ts';

export interface PingCommand {
  readonly decks: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly ping: Partial<PingOptions>;
  readonly seed: number;
  readonly json: boolean;
  readonly color: boolean;
  readonly capture: string | undefined;
}

/** `ping`: from any host of the lab, in virtual time, printed as iputils prints it. Exit 1 when nothing answered. */
export async function pingCommand(command: PingCommand): Promise<number> {
  const lab = new Lab(loadDecks(command.decks, command.color), { seed: command.seed });
  const out = outputBeside(command.capture);
  let recording: Recording | undefined;
  try {
    if (command.capture !== undefined) recording = record(lab, command.capture);
    await startLab(lab);
    const host = find(() => lab.host(command.from));
    const { stack, address } = find(() => lab.resolve(host.id, command.to));
    await lab.rest();
    const options = { ...PING_DEFAULTS, ...command.ping };
    const text = stack.describe(address);
    const results: object[] = [];
    if (!command.json) out.write(`PING ${command.to} (${text}) ${options.size} data bytes\n`);
    const summary = await ping(lab, host.id, command.to, options, (sequence, result) => {
      if (command.json) results.push(toJson(sequence, result, (a) => stack.describe(a)));
      else out.write(`${echoLine(sequence, result, (a) => stack.describe(a))}\n`);
    });
    if (command.json) {
      const { times, ...rest } = summary;
      out.write(`${JSON.stringify({ ...rest, results, hash: lab.trace.hash }, null, 2)}\n`);
    } else {
      out.write(summaryText(summary));
    }
    return summary.received > 0 ? GOOD : FINDING;
  } finally {
    await lab.close();
    recording?.close();
  }
}

function find<T>(look: () => T): T {
  try {
    return look();
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

type Describe = (address: NonNullable<Extract<EchoResult, { outcome: 'error' }>['from']>) => string;

export function echoLine(sequence: number, result: EchoResult, describe: Describe): string {
  switch (result.outcome) {
    case 'reply': {
      const { from, bytes, hopLimit, time } = result.reply;
      return `${bytes} bytes from ${describe(from)}: icmp_seq=${sequence} ttl=${hopLimit} time=${(time / 1_000).toFixed(3)} ms`;
    }
    case 'error': {
      const from = result.from === undefined ? '' : `From ${describe(result.from)} `;
      return `${from}icmp_seq=${sequence} ${result.failure.code}: ${result.failure.cause}`;
    }
    case 'timeout':
      return `icmp_seq=${sequence} no answer`;
  }
}

function toJson(sequence: number, result: EchoResult, describe: Describe): object {
  switch (result.outcome) {
    case 'reply': {
      const { from, bytes, hopLimit, time } = result.reply;
      return { sequence, outcome: 'reply', from: describe(from), bytes, hopLimit, microseconds: time };
    }
    case 'error':
      return {
        sequence,
        outcome: 'error',
        from: result.from === undefined ? null : describe(result.from),
        ...result.failure,
      };
    case 'timeout':
      return { sequence, outcome: 'timeout' };
  }
}

export function summaryText({ target, sent, received, errors, times }: PingSummary): string {
  const loss = sent === 0 ? 0 : Math.round(((sent - received) / sent) * 1_000) / 10;
  let text = `\n--- ${target} ping statistics ---\n${sent} packets transmitted, ${received} received, `;
  text += `${errors > 0 ? `+${errors} errors, ` : ''}${loss}% packet loss\n`;
  if (times.length > 0) {
    const ms = (us: number): string => (us / 1_000).toFixed(3);
    const mean = times.reduce((a, b) => a + b, 0) / times.length;
    const least = times.reduce((a, b) => Math.min(a, b));
    const most = times.reduce((a, b) => Math.max(a, b));
    text += `rtt min/avg/max = ${ms(least)}/${ms(mean)}/${ms(most)} ms\n`;
  }
  return text;
}
