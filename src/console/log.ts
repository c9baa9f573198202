/**
 * The operator's log. People get console lines as the model prints them (`S1 0045 BSTT000I INITIATED ...`), programs
 * get JSON by pino, which is loaded for them alone: it takes 5 MiB and a sixth of the start. Ids that begin with BSTT are
 * the model's own, used only where its documents print them; everything else carries our prefix TWNS.
 */
import { createRequire } from 'node:module';
import type { pino } from 'pino';

export type Severity = 'I' | 'W' | 'E';

export interface Message {
  /** With its severity letter: `BSTT000I`, `TWNS010W`. */
  readonly id: string;
  readonly text: string;
  /** Job that speaks. */
  readonly job: string;
  /** Lab time in µs. */
  readonly time: number;
}

export interface Log {
  write(message: Message): void;
}

export interface LogOptions {
  readonly json: boolean;
  readonly out: NodeJS.WritableStream;
}

const LEVELS: Record<string, 'info' | 'warn' | 'error'> = { I: 'info', W: 'warn', E: 'error' };

export function createLog(options: LogOptions): Log {
  if (options.json) return jsonLog(options.out);
  const tasks = new Map<string, string>();
  return {
    write(message) {
      options.out.write(`${consoleLine(message, tasks)}\n`);
    },
  };
}

function jsonLog(out: NodeJS.WritableStream): Log {
  const load = createRequire(import.meta.url)('pino') as typeof pino;
  const log = load({ base: null, timestamp: false, messageKey: 'text' }, out);
  return {
    write({ id, text, job, time }) {
      log[LEVELS[id.at(-1) ?? 'I'] ?? 'info']({ time, job, id }, text);
    },
  };
}

/** `S1 0045 id text`: partition and task number as the model's console has them; one task a job. */
function consoleLine(message: Message, tasks: Map<string, string>): string {
  let task = tasks.get(message.job);
  if (task === undefined) {
    task = `S${tasks.size + 1} ${(0x45 + tasks.size).toString(16).toUpperCase().padStart(4, '0')}`;
    tasks.set(message.job, task);
  }
  // Control characters in a name must not reach the operator's terminal.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what this line is for
  return `${task} ${message.id} ${message.text}`.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}
