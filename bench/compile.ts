/** C yardsticks are compiled when they are needed, into a folder of the system's for temporary files. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A folder that goes when the process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'twinstack-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The program made of a C file of `bench/`, or of any other by its whole path. @throws Error without a compiler */
export function compile(source: string, folder: string, ...flags: string[]): string {
  const program = join(folder, source.replace(/^.*\/|\.c$/g, ''));
  const path = source.startsWith('/') ? source : join(packageRoot(), 'bench', source);
  execFileSync('cc', ['-O2', '-o', program, path, ...flags], { stdio: ['ignore', 'ignore', 'inherit'] });
  return program;
}

/** The same, undefined where nothing can be compiled. */
export function compiled(source: string, folder: string): string | undefined {
  try {
    return compile(source, folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The folder of package.json: the benches run from `dist`, C files stay in the checkout. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}
