import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { checkCode } from '../script/expression.ts';
import type { Libc } from '../script/kernel/libc.ts';
import { modesOf } from '../script/modes.ts';
import { parseScript } from '../script/parse.ts';
import { type Judged, summary, tapLine, toJson, toJunit, totals, unreadable } from '../script/report.ts';
import { type Outcome, runScript } from '../script/run.ts';
import { ScriptError } from '../script/scanner.ts';
import { readOptions } from '../script/script-options.ts';
import { LINUX } from '../script/settings.ts';
import type { Beside } from '../script/shell.ts';
import type { Script } from '../script/syntax.ts';
import { VirtualWorld } from '../script/virtual-world.ts';
import type { Mode, World } from '../script/world.ts';
import { FINDING, GOOD, INCONCLUSIVE, USAGE, UsageError } from './exit.ts';
import { playScenario } from './scenario.ts';

export interface TestRequest {
  readonly paths: readonly string[];
  /** Undefined: what each script is for, else all. */
  readonly mode: Mode | undefined;
  /** `linux`: what Linux scripts take for granted is set before they begin. */
  readonly profile: 'twinstack' | 'linux';
  readonly seed: number;
  readonly definitions: ReadonlyMap<string, string>;
  /** Part of the file's name. */
  readonly filter: string | undefined;
  /** The `index`th (from 1) of `count` shares. */
  readonly shard: { readonly index: number; readonly count: number } | undefined;
  /** To the kernel of this machine instead of our stack. */
  readonly kernel: boolean;
  readonly junit: string | undefined;
  readonly json: boolean;
}

/** µs that an event may be off in real time: a machine has more to do than this. */
const REAL_TIME = 12_000;

/**
 * `test`: plays every script in every mode it is for, and every deck; what cannot be read is told, and stops no other.
 * Exit code of the worst verdict.
 */
export async function test(request: TestRequest): Promise<number> {
  const { filter, shard } = request;
  const endings = request.kernel ? ['.pkt'] : ['.pkt', '.deck'];
  const found = request.paths.flatMap((path) => testsIn(path, endings));
  if (found.length === 0)
    throw new UsageError(
      `nothing to test in ${request.paths.join(', ')}: none ends in ${endings.join(' or ')}`,
    );
  const deck = request.kernel ? found.find(isDeck) : undefined;
  if (deck !== undefined) throw new UsageError(`${deck} is a deck, which no kernel can play`);
  const named = found.filter((file) => filter === undefined || file.includes(filter));
  if (named.length === 0) throw new UsageError(`no script or deck has ${filter} in its name`);
  // A share may be empty: then there is nothing to play, and nothing wrong.
  const files = named.filter((_, i) => shard === undefined || i % shard.count === shard.index - 1);
  const tests = files.map((file) => ({
    file,
    read: isDeck(file) ? undefined : readScript(file, request.definitions),
  }));
  if (request.junit !== undefined) writeReport(request.junit, '');
  const makeWorld = await worlds(request);
  const judged: Judged[] = [];
  const tell = (one: Judged): void => {
    judged.push(one);
    if (!request.json) process.stdout.write(`${tapLine(judged.length, one)}\n`);
  };
  const began = performance.now();
  if (!request.json) process.stdout.write('TAP version 14\n');
  for (const { file, read } of tests) {
    if (read === undefined) {
      for (const one of await playScenario(file, request.seed)) tell(one);
      continue;
    }
    if ('verdict' in read) {
      tell({ file, mode: undefined, outcome: read, took: 0 });
      continue;
    }
    const options = readOptions(read);
    const how = { isLinux: request.profile === 'linux', beside: besideOf(file) };
    for (const mode of request.mode === undefined ? modesOf(read, options, request.kernel) : [request.mode]) {
      const start = performance.now();
      const tolerance = request.kernel ? Math.max(options.tolerance, REAL_TIME) : options.tolerance;
      const played = runScript(read, { ...options, tolerance, ...how }, makeWorld(mode, options.mtu));
      const outcome = request.kernel ? onKernel(read, played) : played;
      tell({ file, mode, outcome, took: performance.now() - start });
    }
  }
  if (request.json) process.stdout.write(`${JSON.stringify(toJson(judged), null, 2)}\n`);
  else process.stdout.write(`1..${judged.length}\n${summary(files, judged, performance.now() - began)}\n`);
  if (request.junit !== undefined) writeReport(request.junit, toJunit(judged));
  const { failed, inconclusive, unreadable: notRead } = totals(judged);
  if (notRead > 0) return USAGE;
  if (failed > 0) return FINDING;
  return inconclusive > 0 ? INCONCLUSIVE : GOOD;
}

/** A script that says that Linux differs must not hold there, or it says so in vain. */
function onKernel({ linuxDiffers }: Script, outcome: Outcome): Outcome {
  if (linuxDiffers === undefined || outcome.verdict === 'inconclusive') return outcome;
  const differs = `Linux differs: ${linuxDiffers}`;
  if (outcome.verdict === 'fail') return { ...outcome, verdict: 'differs', reasons: [differs] };
  return { ...outcome, verdict: 'fail', reasons: [`the script holds on this kernel, but says "${differs}"`] };
}

/** How a world is made for each script. */
async function worlds(request: TestRequest): Promise<(mode: Mode, mtu: number | undefined) => World> {
  const { seed, profile } = request;
  if (!request.kernel) {
    return (mode, mtu) => new VirtualWorld(mode, mtu, seed, profile === 'linux' ? LINUX : {});
  }
  const { loadLibc } = await import('../script/kernel/libc.ts');
  const { enterNamespace, KernelWorld } = await import('../script/kernel/kernel-world.ts');
  let libc: Libc;
  try {
    libc = await loadLibc();
    enterNamespace(libc);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  return (mode, mtu) => {
    // One for each script: what a connection leaves behind (TIME-WAIT, limits) is not for the next.
    enterNamespace(libc);
    return new KernelWorld(libc, mode, mtu);
  };
}

function isDeck(file: string): boolean {
  return file.endsWith('.deck');
}

/** All files with these endings under a folder, by name; a file as it is. */
function testsIn(path: string, endings: readonly string[]): string[] {
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch {
    throw new UsageError(`${path}: there is no such file or folder`);
  }
  if (!isFolder) return [path];
  return readdirSync(path, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const inner = join(path, entry.name);
      if (entry.isDirectory()) return testsIn(inner, endings);
      return endings.some((ending) => entry.name.endsWith(ending)) ? [inner] : [];
    });
}

/** What a script's shell lines call by a path of its own folder: `../common/defaults.sh`. */
function besideOf(file: string): Beside {
  return (name) => {
    const path = join(dirname(file), name);
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true ? readText(path) : undefined;
  };
}

/** Tried before anything is played, so that nothing is played in vain. */
function writeReport(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new UsageError(`cannot write the report: ${(error as Error).message}`);
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file}: ${(error as Error).message}`);
  }
}

/** What is played, or why it cannot be. */
function readScript(file: string, definitions: ReadonlyMap<string, string>): Script | Outcome {
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
    const script = parseScript(file, text, definitions);
    readOptions(script);
    for (const { action } of script.events) if (action.kind === 'code') checkCode(file, action);
    return script;
  } catch (error) {
    const isMistake = error instanceof ScriptError;
    if (!isMistake && (error as NodeJS.ErrnoException).syscall === undefined) throw error;
    return unreadable(isMistake ? error.place : undefined, (error as Error).message, text);
  }
}
