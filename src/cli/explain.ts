import { explain } from '../explain/explain.ts';
import type { Explanation, Service } from '../explain/explanation.ts';
import { explanationText, plain } from '../explain/text.ts';
import { Lab } from '../lab/lab.ts';
import { runSchedule } from '../lab/schedule.ts';
import { loadDecks } from './decks.ts';
import { FINDING, GOOD, UsageError } from './exit.ts';
import { startLab } from './start.ts';

export interface ExplainCommand {
  readonly decks: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly tcp: number | undefined;
  readonly udp: number | undefined;
  /** µs of lab time after the start; undefined: when the deck's schedule has ended and nothing is in flight. */
  readonly at: number | undefined;
  readonly seed: number;
  readonly json: boolean;
  readonly color: boolean;
}

/** `explain`: exit code 1 when a finding breaks the path. */
export async function explainCommand(command: ExplainCommand): Promise<number> {
  const { tcp, udp, at } = command;
  const lab = new Lab(loadDecks(command.decks, command.color), { seed: command.seed });
  try {
    await startLab(lab);
    let isAsked = false;
    const schedule = runSchedule(lab, ({ ok, text, card }) => {
      // What goes on at the moment that is asked about is cut off by us, and has not failed.
      if (!ok && !isAsked) process.stderr.write(`${card}: ${text}\n`);
    });
    if (at === undefined) await schedule.then(() => lab.rest());
    else await lab.advance(at);
    const service: Service =
      tcp !== undefined
        ? { protocol: 'tcp', port: tcp }
        : udp !== undefined
          ? { protocol: 'udp', port: udp }
          : { protocol: 'icmp' };
    isAsked = true;
    let explained: Explanation[];
    try {
      explained = await explain(lab, command.from, command.to, service);
    } catch (error) {
      throw new UsageError((error as Error).message);
    }
    const text = command.json
      ? `${JSON.stringify(explained.map(plain), null, 2)}\n`
      : explanationText(explained);
    process.stdout.write(text);
    return explained.some(({ findings }) => findings.some(({ breaks }) => breaks)) ? FINDING : GOOD;
  } finally {
    await lab.close();
  }
}
