/** The inputs that are kept: test/fuzz/corpus/<target>/<hash>, and what failed in test/fuzz/failures. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Of the project, whether this runs from the sources or from dist. */
export const root: string = projectRoot(dirname(fileURLToPath(import.meta.url)));

function projectRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : projectRoot(resolve(folder, '..'));
}

const FOLDER = join(root, 'test', 'fuzz');

export function hashOf(input: Uint8Array): string {
  return createHash('sha256').update(input).digest('hex').slice(0, 12);
}

/** In the order of their names, so that one seed is one run. */
export function loadCorpus(target: string): Uint8Array[] {
  const folder = join(FOLDER, 'corpus', target);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((file) => new Uint8Array(readFileSync(join(folder, file))));
}

/** Replaces what was there. */
export function saveCorpus(target: string, inputs: readonly Uint8Array[]): void {
  const folder = join(FOLDER, 'corpus', target);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const input of inputs) writeFileSync(join(folder, hashOf(input)), input);
}

/** Returns where, relative to the project. */
export function saveFailure(target: string, input: Uint8Array): string {
  const name = join('test', 'fuzz', 'failures', target, hashOf(input));
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), input);
  return name;
}
