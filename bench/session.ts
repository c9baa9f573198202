/**
 * A benchmark as a group of processes: whatever it started goes with it, its temporary files and its network namespaces
 * too, however it ends.
 */
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Message } from './measure.ts';

const ONE = fileURLToPath(new URL('./one.js', import.meta.url));
/** s; what takes longer hangs. */
const LIMIT = 150;
/** The same of one that takes minutes. */
const LONG_LIMIT = 1_200;

export class Session {
  readonly #child: ChildProcess;
  readonly #folder = mkdtempSync(join(tmpdir(), 'twinstack-bench-'));
  #why: string | undefined;

  constructor(name: string, heard: (message: Message) => void) {
    this.#child = fork(ONE, [name], {
      detached: true, // a group of its own
      stdio: ['ignore', 2, 2, 'ipc'],
      serialization: 'advanced', // NaN stays NaN
      env: { ...process.env, TMPDIR: this.#folder },
    });
    this.#child.on('message', heard);
  }

  /** Why it failed, if it did. */
  async end(isLong = false): Promise<string | undefined> {
    const seconds = isLong ? LONG_LIMIT : LIMIT;
    const limit = setTimeout(() => this.kill(`took longer than ${seconds} s`), seconds * 1_000);
    const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
      this.#child.on('exit', (...how) => resolve(how)),
    );
    clearTimeout(limit);
    this.#killGroup();
    if (this.#child.pid !== undefined) removeNamespaces(this.#child.pid);
    rmSync(this.#folder, { recursive: true, force: true });
    if (code === 0) return undefined;
    return this.#why ?? (signal === null ? `ended with code ${code}` : `ended by ${signal}`);
  }

  kill(why: string): void {
    this.#why = why;
    this.#killGroup();
  }

  #killGroup(): void {
    try {
      process.kill(-this.#child.pid!, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Those that the process `pid` has left: it names them `bench<pid>...` or `twinbench<pid>...`. */
function removeNamespaces(pid: number): void {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return;
  const own = new RegExp(`^(?:twin)?bench${pid}(?!\\d)\\S*`, 'gm');
  for (const [name] of ip('netns', 'list').matchAll(own)) {
    for (const inside of ip('netns', 'pids', name).split('\n')) {
      if (inside !== '') process.kill(Number(inside), 'SIGKILL');
    }
    ip('netns', 'del', name);
  }
}

function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8' });
}
