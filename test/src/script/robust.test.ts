/** Scripts that went through other hands: whatever they have become, they are judged, or refused with a place. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { seededRandom } from '../../../src/lab/random.ts';
import { checkCode } from '../../../src/script/expression.ts';
import { modesOf } from '../../../src/script/modes.ts';
import { parseScript } from '../../../src/script/parse.ts';
import { runScript } from '../../../src/script/run.ts';
import { ScriptError } from '../../../src/script/scanner.ts';
import { readOptions } from '../../../src/script/script-options.ts';
import { LINUX } from '../../../src/script/settings.ts';
import { VirtualWorld } from '../../../src/script/virtual-world.ts';
import { files } from '../../scripts/collection.ts';

const ROUNDS = 600;
const NUMBERS = ['0', '1', '65536', '2147483648', '4294967295', '99999999999', '-1'];
const TOKEN = /[A-Za-z_]\w*|\d+|\s+|./gs;
const random = seededRandom(4);
const below = (n: number): number => random.u32() % n;

const texts = files.map((file) => readFileSync(file, 'utf8'));
const words = texts.flatMap((text) => text.match(TOKEN) ?? []);

/** A few words or lines less, more, doubled, exchanged or replaced. */
function changed(text: string): string {
  let tokens = text.match(TOKEN) ?? [];
  for (let i = below(4); i >= 0; i--) {
    const at = below(tokens.length);
    const kind = below(5);
    if (kind === 0) tokens.splice(at, 1 + below(3));
    else if (kind === 1) tokens.splice(at, below(2), words[below(words.length)]!);
    else if (kind === 2) {
      const number = tokens.findIndex((word, j) => j >= at && /^\d+$/.test(word));
      if (number >= 0) tokens[number] = NUMBERS[below(NUMBERS.length)]!;
    } else {
      const lines = tokens.join('').split('\n');
      if (kind === 3) lines.splice(below(lines.length), 1);
      else lines.splice(below(lines.length), 0, lines[below(lines.length)]!);
      tokens = lines.join('\n').match(TOKEN) ?? [' '];
    }
    if (tokens.length === 0) tokens = [' '];
  }
  return tokens.join('');
}

/** The verdict, or `refused`. */
function verdict(text: string): string {
  try {
    const script = parseScript('x.pkt', text);
    const options = readOptions(script);
    for (const { action } of script.events) if (action.kind === 'code') checkCode('x.pkt', action);
    const [mode = 'ipv4'] = modesOf(script, options);
    const { verdict, at, reasons } = runScript(
      script,
      options,
      new VirtualWorld(mode, options.mtu, 1, LINUX),
    );
    if (verdict !== 'pass' && (at === undefined || reasons.length === 0))
      return `${verdict} without a reason`;
    return verdict;
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    return error.place.line >= 1 && error.place.column >= 1 ? 'refused' : 'refused without a place';
  }
}

it('judges or refuses whatever a script has become', () => {
  const found = new Set<string>();
  for (let i = 0; i < ROUNDS; i++) {
    const text = changed(texts[below(texts.length)]!);
    try {
      found.add(verdict(text));
    } catch (error) {
      throw new Error(`round ${i}:\n${text}`, { cause: error });
    }
  }
  expect([...found].sort()).toEqual(['fail', 'inconclusive', 'pass', 'refused']);
});
