/** The scripts of this folder, and those that are known not to hold yet. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = 'test/scripts';

export const files: readonly string[] = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.pkt'))
  .sort()
  .map((file) => join(FOLDER, file));

/** Lines `folder/name.pkt: why`. */
export const notYet: ReadonlyMap<string, string> = new Map(
  readFileSync(join(FOLDER, 'not-yet.txt'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [file, ...why] = line.split(': ');
      return [join(FOLDER, file!), why.join(': ')] as const;
    }),
);
