/**
 * The language of packetdrill scripts: Cardwell et al., "packetdrill: Scriptable Network Stack Testing", USENIX ATC
 * 2013, and the grammar of the tool itself. A script is `--options`, a shell line, events, a shell line.
 */
import { parseCall } from './parse-call.ts';
import { parsePacket } from './parse-packet.ts';
import { Scanner } from './scanner.ts';
import type { Action, Event, Option, Script, Shell, Time } from './syntax.ts';

const OPTION = /--([a-z_0-9]+)(?:=("[^"\n]*"|[^\s`]+))?/y;
/** These two are ours, in a comment so that any other runner reads the script as well. */
const LINUX_DIFFERS = /^(?:\/\/|#)\s*Linux differs:(.*)$/m;
const NOT_COUPLED = /^(?:\/\/|#)\s*Not coupled:(.*)$/m;
const SHELL = /`([^`]*)`/y;
const CODE = /%\{([\s\S]*?)\}%/y;
const NUMBER = /\d*\.\d+|\d+\.?/y;
const SECOND = 1_000_000;

/**
 * `definitions` replaces words before anything is read (`-D NAME=value`).
 * @throws ScriptError, with line and column, at the first thing that is not understood.
 */
export function parseScript(
  file: string,
  text: string,
  definitions: ReadonlyMap<string, string> = new Map(),
): Script {
  const source =
    definitions.size === 0 ? text : text.replace(/\b[A-Za-z_]\w*\b/g, (w) => definitions.get(w) ?? w);
  const scanner = new Scanner(file, source);
  const options: Option[] = [];
  while (scanner.text.startsWith('--', scanner.at)) {
    const at = scanner.place;
    const [, name, value] = scanner.need(OPTION, 'an option such as --tolerance_usecs=10000');
    options.push({ at, name: name!, value: value?.replace(/^"|"$/g, '') });
  }
  const init = shell(scanner);
  const events: Event[] = [];
  /** µs, of the absolute times so far. */
  let latest = 0;
  let cleanup: Shell | undefined;
  while (!scanner.atEnd) {
    if (scanner.text[scanner.at] === '`') {
      cleanup = shell(scanner);
      if (!scanner.atEnd) scanner.fail('a shell line without a time stands before all events or behind them');
      break;
    }
    const next = event(scanner);
    if (next.time.kind === 'absolute') {
      if (next.time.to < latest) scanner.fail('this time lies before that of an event above', next.at);
      latest = next.time.from;
    }
    events.push(next);
  }
  if (events.length === 0) scanner.fail('a script needs at least one event');
  const linuxDiffers = LINUX_DIFFERS.exec(text)?.[1]?.trim();
  const notCoupled = NOT_COUPLED.exec(text)?.[1]?.trim();
  return { file, lines: text.split('\n'), options, linuxDiffers, notCoupled, init, events, cleanup };
}

function event(scanner: Scanner): Event {
  const at = scanner.place;
  const time = when(scanner);
  let end: number | undefined;
  if (scanner.take('...')) {
    if (time.kind === 'any') scanner.fail('* has no end: a blocking call begins at a time of its own', at);
    scanner.take('+');
    end = seconds(scanner);
  }
  const parsed = action(scanner);
  if (end !== undefined && parsed.kind !== 'call') scanner.fail('only a system call takes time: t...end', at);
  return { at, time, end, action: parsed };
}

function when(scanner: Scanner): Time {
  if (scanner.take('*')) return { kind: 'any' };
  const relative = scanner.take('+');
  const from = seconds(scanner);
  let to = from;
  if (scanner.take('~')) {
    if (scanner.take('+') !== relative)
      scanner.fail('both ends of a range are relative (+a~+b), or neither is');
    to = seconds(scanner);
    if (to < from) scanner.fail('this range ends before it begins');
  }
  return { kind: relative ? 'relative' : 'absolute', from, to };
}

/** µs */
function seconds(scanner: Scanner): number {
  NUMBER.lastIndex = scanner.at;
  const found = NUMBER.exec(scanner.text);
  if (found === null) scanner.fail(`a time in seconds (0.1, +0.1, *, a~b) expected, not ${scanner.next()}`);
  let text = found[0];
  // "+0...0.2": the number ends before the dots.
  if (text.endsWith('.') && scanner.text.startsWith('..', scanner.at + text.length)) text = text.slice(0, -1);
  scanner.at += text.length;
  scanner.skip();
  return Math.round(Number(text) * SECOND);
}

function action(scanner: Scanner): Action {
  const at = scanner.place;
  const c = scanner.text[scanner.at];
  if (c === '<' || c === '>') return parsePacket(scanner);
  if (c === '`') return shell(scanner)!;
  const code = scanner.match(CODE);
  if (code !== undefined) return { kind: 'code', at, text: code[1]! };
  if (scanner.text.startsWith('%{', scanner.at)) scanner.fail('this block has no end: }% is missing');
  return parseCall(scanner);
}

function shell(scanner: Scanner): Shell | undefined {
  const at = scanner.place;
  const found = scanner.match(SHELL);
  if (found === undefined) {
    if (scanner.text[scanner.at] === '`') scanner.fail('this shell line has no end: ` is missing');
    return undefined;
  }
  return { kind: 'shell', at, text: found[1]! };
}
