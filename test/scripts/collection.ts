/** The scripts of this folder. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = 'test/scripts';

export const files: readonly string[] = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.pkt'))
  .sort()
  .map((file) => join(FOLDER, file));
