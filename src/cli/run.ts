import { SECOND } from '../../stacks/time/clock.ts';
import { createLog } from '../console/log.ts';
import { DeckError, Lab, type LabOptions } from '../lab/lab.ts';
import { openTun } from '../lab/open-tun.ts';
import { type ActionEvent, runSchedule } from '../lab/schedule.ts';
import { readCommands } from './commands.ts';
import { loadDecks } from './decks.ts';
import { FINDING, GOOD, INCONCLUSIVE, UsageError } from './exit.ts';
import { dropPrivileges, STILL_ROOT } from './privileges.ts';
import { outputBeside, type Recording, record } from './recording.ts';
import { startLab } from './start.ts';
import { milliseconds } from './table.ts';

export interface RunCommand {
  readonly decks: readonly string[];
  readonly live: boolean;
  /** Live: give the kernel's side of each interface the gateway's address and bring it up. */
  readonly hostSide: boolean;
  /** Live: let the kernel do checksums and segmentation where it can. */
  readonly offload: boolean;
  /** Live: whom to become once the interfaces are open. */
  readonly user: string | undefined;
  readonly seed: number;
  readonly json: boolean;
  readonly color: boolean;
  readonly capture: string | undefined;
  /** Statements to the lab: a file, or `-`; live, what is typed at a terminal is read without it. */
  readonly commands: string | undefined;
}

/** How long Ctrl-C waits for open connections. */
const DRAIN = 5 * SECOND;

/** `run`: in virtual time until the deck's schedule has ended; live until Ctrl-C. Exit 1 when an action or a claim failed, 3 when a claim could not be judged. */
export async function run(command: RunCommand): Promise<number> {
  const deck = loadDecks(command.decks, command.color);
  const out = outputBeside(command.capture);
  const log = createLog({ json: command.json, out });
  const options: LabOptions = command.live
    ? { log, live: (hooks) => openTun(hooks, { hostSide: command.hostSide, offload: command.offload }) }
    : { log, seed: command.seed };
  let lab: Lab;
  try {
    lab = new Lab(deck, options);
  } catch (error) {
    if (error instanceof DeckError) throw error;
    throw new UsageError((error as Error).message);
  }
  let recording: Recording | undefined;
  let failed = 0;
  let inconclusive = 0;
  let isEnding = false;
  /** A live lab ends when somebody ends it, also one without a device or a timer. */
  let alive: NodeJS.Timeout | undefined;
  const tell = (event: ActionEvent): void => {
    if (isEnding) return; // cut off by the operator, which is no failure
    const verdict = event.judgement?.verdict;
    if (verdict === 'inconclusive') inconclusive++;
    else if (!event.ok) failed++;
    if (command.json) out.write(`${JSON.stringify(event)}\n`);
    else {
      const mark =
        verdict === 'inconclusive'
          ? 'INCONCLUSIVE'
          : !event.ok
            ? 'FAIL'
            : verdict === 'pass'
              ? 'PASS'
              : 'ok  ';
      const wanted = event.ok || verdict === undefined ? '' : `, expected ${event.judgement!.expected}`;
      out.write(
        `${milliseconds(event.time).padStart(14)}  ${mark} ${event.text}${wanted}  (${event.card})\n`,
      );
    }
  };
  try {
    if (command.capture !== undefined) recording = record(lab, command.capture);
    // Everything is open that needs a privilege, and nothing has been read: that begins when the event loop turns.
    if (command.live && !dropPrivileges(command.user, process.env)) process.stderr.write(STILL_ROOT);
    await startLab(lab);
    if (command.live) {
      const interrupted = untilInterrupted();
      if ([...lab.stacks.values()].every(({ kernel }) => kernel.size === 0)) {
        process.stderr.write(
          'no device of the deck is OSAX, HSI, TUN or TAP: nothing outside can reach this lab\n',
        );
      }
      process.stderr.write('twinstack is live; Ctrl-C ends it\n');
      alive = setInterval(() => {}, LONGEST_TIMER);
      void runSchedule(lab, tell);
      const typed = process.stdin.isTTY && !command.decks.includes('-') ? '-' : undefined;
      const commands = command.commands ?? typed;
      const end = new AbortController();
      const reading =
        commands === undefined ? undefined : readCommands(lab, commands, command.color, tell, end.signal);
      // Only a file that cannot be read ends the run before somebody does.
      await Promise.race([interrupted, (reading ?? interrupted).then(() => interrupted)]);
      end.abort();
      const wrong = (await reading) ?? 0;
      failed += wrong;
      isEnding = true;
      process.stderr.write('draining connections; Ctrl-C again ends at once\n');
      await Promise.race([lab.close(DRAIN), untilInterrupted()]);
    } else {
      await runSchedule(lab, tell);
      await lab.rest();
      if (command.commands !== undefined) {
        // Not `failed += await`: what fails meanwhile is counted by `tell`.
        const wrong = await readCommands(lab, command.commands, command.color, tell);
        failed += wrong;
      }
    }
  } finally {
    clearInterval(alive);
    await lab.close();
    recording?.close();
  }
  if (command.json) {
    const hash = command.live ? undefined : lab.trace.hash;
    out.write(`${JSON.stringify({ end: lab.now, frames: lab.trace.frames, hash })}\n`);
  } else if (!command.live) {
    const s = (lab.now / SECOND).toFixed(6);
    out.write(`ended at ${s} s, ${lab.trace.frames} frames, trace hash ${lab.trace.hash}\n`);
  }
  if (recording !== undefined) process.stderr.write(`${recording.frames} frames in ${command.capture}\n`);
  if (failed > 0) return FINDING;
  return inconclusive > 0 ? INCONCLUSIVE : GOOD;
}

/** ms */
const LONGEST_TIMER = 0x7fffffff;

function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      process.off('SIGINT', done);
      process.off('SIGTERM', done);
      resolve();
    };
    process.on('SIGINT', done);
    process.on('SIGTERM', done);
  });
}
