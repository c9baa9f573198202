/** Statements to a lab that runs, from a file or from whoever types them. */
import { once } from 'node:events';
import { createReadStream, type ReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { renderFindings } from '../config/index.ts';
import type { Lab } from '../lab/lab.ts';
import { type ActionEvent, CommandError, command } from '../lab/schedule.ts';
import { UsageError } from './exit.ts';

/**
 * Carries out each line of `from` (`-`: standard input) when it comes, one after the other; an empty line, and one that
 * begins with `*`, is none. Resolves with the number of those that were not right when there are no more, or `signal` is
 * aborted.
 */
export async function readCommands(
  lab: Lab,
  from: string,
  color: boolean,
  tell: (event: ActionEvent) => void,
  signal?: AbortSignal,
): Promise<number> {
  const name = from === '-' ? 'stdin' : from;
  const input = from === '-' ? process.stdin : await opened(from);
  let line = 0;
  let wrong = 0;
  for await (const text of createInterface({ input, terminal: false, ...(signal && { signal }) })) {
    line++;
    if (text.trim() === '' || text.startsWith('*')) continue;
    try {
      tell(await command(lab, text, name, line));
      if (!lab.live) await lab.rest();
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      wrong++;
      const sources = [{ name, text: `${'\n'.repeat(line - 1)}${text}` }];
      process.stderr.write(`${renderFindings(error.findings, sources, { color })}\n`);
    }
  }
  return wrong;
}

/** @throws UsageError when it cannot be read. */
async function opened(file: string): Promise<ReadStream> {
  const stream = createReadStream(file);
  try {
    await once(stream, 'readable');
  } catch (error) {
    throw new UsageError(`cannot read the commands: ${(error as Error).message}`);
  }
  return stream;
}
