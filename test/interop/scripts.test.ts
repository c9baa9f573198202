/** The scripts again, played to the Linux kernel: does a second implementation read the RFCs as we do? */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { MAIN, missing } from './namespace.ts';

/** Most of the time is waiting, so several go on at once. */
const SHARES = 6;

interface Results {
  readonly results: readonly { file: string; mode: string; verdict: string; reasons: string[] }[];
}

const execute = promisify(execFile);

/** Those that did not hold, of the scripts that `args` choose. */
async function failures(...args: readonly string[]): Promise<Results['results']> {
  const words = [MAIN, 'test', '--kernel', '--json', ...args];
  const told = await execute(process.execPath, words, { maxBuffer: 1 << 28 }).catch((error: unknown) => {
    // Exit code 1 says that one did not hold; what there is to say is on standard output.
    const { stdout } = error as { stdout?: string };
    if (stdout === undefined || stdout === '') throw error;
    return { stdout };
  });
  const { results } = JSON.parse(told.stdout) as Results;
  expect(results.length).toBeGreaterThan(0);
  return results.filter(({ verdict }) => verdict === 'fail' || verdict === 'inconclusive');
}

describe.skipIf(missing !== undefined)('scripts on the kernel', () => {
  it('hold there too, or say where Linux differs', async () => {
    const shares = Array.from({ length: SHARES }, (_, i) =>
      failures('--shard', `${i + 1}/${SHARES}`, 'test/scripts'),
    );
    const failed = (await Promise.all(shares)).flat();
    // Real time is not exact: what failed beside others is played once more, alone.
    const still: string[] = [];
    for (const { file, mode } of failed) {
      const again = await failures('--mode', mode, file);
      still.push(...again.map(({ reasons }) => `${file} (${mode}): ${reasons.join('; ')}`));
    }
    expect(still.join('\n')).toBe('');
  }, 600_000);
});
