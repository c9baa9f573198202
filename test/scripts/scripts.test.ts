/** Every script on IPv4, IPv6 and IPv4 through a couple. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { modesOf } from '../../src/script/modes.ts';
import { parseScript } from '../../src/script/parse.ts';
import { tapLine } from '../../src/script/report.ts';
import { runScript } from '../../src/script/run.ts';
import { readOptions } from '../../src/script/script-options.ts';
import { VirtualWorld } from '../../src/script/virtual-world.ts';
import { files } from './collection.ts';

/** What did not hold, told as the command does. */
function play(file: string): string[] {
  const script = parseScript(file, readFileSync(file, 'utf8'));
  const options = readOptions(script);
  return modesOf(script, options).flatMap((mode) => {
    const outcome = runScript(script, options, new VirtualWorld(mode, options.mtu, 1, {}));
    return outcome.verdict === 'pass' ? [] : [tapLine(1, { file, mode, outcome, took: 0 })];
  });
}

describe('a script', () => {
  it.each(files)('%s', (file) => expect(play(file).join('\n')).toBe(''));
});

describe('the first line of a script', () => {
  it.each(files)('%s says which rule it shows', (file) => {
    const [first] = readFileSync(file, 'utf8').split('\n');
    expect(first).toMatch(/^\/\/ (?:RFC \d{3,4}|POSIX|\w+\(\d\))[^:]*: .{15,}/);
  });
});
