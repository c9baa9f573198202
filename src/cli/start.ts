import type { Lab } from '../lab/lab.ts';
import { UsageError } from './exit.ts';

/** @throws UsageError when a service cannot have its port. */
export async function startLab(lab: Lab): Promise<void> {
  await lab.start().catch((error: Error) => {
    throw new UsageError(`a service could not start: ${error.message}`);
  });
}
