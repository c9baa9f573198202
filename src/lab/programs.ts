/** The programs of a deck: which of them run here, and what the operator is told of the others. */

import type { Stack } from '../../stacks/stack.ts';
import type { ProgramConfig } from '../config/deck.ts';
import { type RunningService, type ServiceHost, startSimpleService } from '../services/simple.ts';

/** Where programs run: a lab. */
export interface ProgramPlace {
  readonly stacks: ReadonlyMap<number, unknown>;
  host(id: number): Omit<ServiceHost, 'udpType'> & { readonly stack: Stack };
  /** To the operator. */
  say(job: string, id: string, text: string): void;
}

/** Each service goes into `running` once it listens. @throws the error of one that cannot. */
export async function startProgram(
  lab: ProgramPlace,
  program: ProgramConfig,
  running: RunningService[],
): Promise<void> {
  if (program.program === 'LISTLOG' || program.program === 'BSTTWAIT' || program.program === 'LIBR') return;
  if (program.program === 'TWINLAB') return;
  if (program.program !== 'TWINSERV') {
    lab.say(
      program.job,
      'TWNS010W',
      `${program.program} IS NOT AVAILABLE IN THIS BUILD, ITS STATEMENTS WERE CHECKED`,
    );
    return;
  }
  if (!program.attached || program.stackId === undefined) return;
  if (!lab.stacks.has(program.stackId)) {
    lab.say(
      program.job,
      'TWNS011W',
      `STACK ${two(program.stackId)} IS NOT HERE, ${program.program} IS NOT STARTED`,
    );
    return;
  }
  const host = lab.host(program.stackId);
  const udpType = host.stack.family.version === 4 ? 'udp4' : 'udp6';
  for (const { kind, port } of program.services) {
    running.push(await startSimpleService(kind, port, { ...host, udpType }));
    lab.say(
      program.job,
      'TWNS012I',
      `SERVICE ${kind} LISTENS ON PORT ${port} OF STACK ${two(program.stackId)}`,
    );
  }
}

/** The id of a stack as decks write it. */
export function two(id: number): string {
  return String(id).padStart(2, '0');
}
