/**
 * Network namespaces of Linux for live tests: made here, removed here, whatever becomes of the test. The other end of
 * every wire is the kernel, with the programs that people use: ping, traceroute, curl, ss.
 */
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '..', '..');

/** The built project; another build can be named in the environment. */
export const DIST = resolve(root, process.env['TWINSTACK_DIST'] ?? 'dist');
export const MAIN: string = join(DIST, 'src', 'cli', 'main.js');
const ADDON = join(root, 'devices', 'tun', 'build', 'Release', 'tun.node');

/** Programs that every live test may use. */
const CLIENTS = ['ip', 'ping', 'traceroute', 'curl', 'ss', 'socat', 'tshark', 'setpriv', 'unshare'];

/** How long a program may take unless a test says otherwise, ms. */
const PATIENCE = 30_000;
/** How long twinstack may take to come up, ms; it takes well under one second on an idle machine. */
const START = 15_000;

/** Why live tests cannot run here; undefined when they can. */
export const missing: string | undefined = whatIsMissing();
if (missing !== undefined) console.log(`live tests are skipped: ${missing}`);

function whatIsMissing(): string | undefined {
  if (process.platform !== 'linux') return `they need Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'they need root, to make network namespaces';
  if (!existsSync('/dev/net/tun')) return 'there is no /dev/net/tun';
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const absent = CLIENTS.filter((name) => !folders.some((folder) => existsSync(join(folder, name))));
  if (absent.length > 0) return `not installed: ${absent.join(', ')}`;
  if (!existsSync(MAIN)) return `${MAIN} does not exist (npm run build)`;
  if (!existsSync(ADDON)) return 'the TUN addon is not built (npm run install says why)';
  sweep();
  const probe = `twin${process.pid}xprobe`;
  const made = spawnSync('ip', ['netns', 'add', probe], { encoding: 'utf8' });
  spawnSync('ip', ['netns', 'del', probe]);
  return made.status === 0 ? undefined : `no network namespace can be made: ${made.stderr.trim()}`;
}

/** Removes the namespaces of test runs that were killed, with what still runs in them. */
function sweep(): void {
  const list = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout ?? '';
  for (const [, name, owner] of list.matchAll(/^(twin(\d+)x\w+)/gm)) {
    if (existsSync(`/proc/${owner}`)) continue;
    const inside = spawnSync('ip', ['netns', 'pids', name!], { encoding: 'utf8' }).stdout ?? '';
    for (const pid of inside.split('\n').filter(Boolean)) {
      try {
        process.kill(Number(pid), 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
    spawnSync('ip', ['netns', 'del', name!]);
  }
}

/** A deck of this folder. */
export function deck(name: string): string {
  return join(here, 'decks', name);
}

/** A program of this folder. */
export function program(name: string): string {
  return join(here, name);
}

export interface Ran {
  /** Exit code; 128 + signal when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  /** ms */
  readonly timeout?: number;
}

/** A program that runs in a namespace; what it prints is kept. */
export class Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ran>;
  #stdout = '';
  #stderr = '';

  constructor(command: string, args: readonly string[], options: SpawnOptions = {}) {
    this.process = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options });
    this.process.stdin?.on('error', () => {}); // A program may end without reading what it is given.
    this.process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.ended = new Promise((done, failed) => {
      this.process.on('error', failed);
      this.process.on('close', (code, signal) =>
        done({
          code: code ?? 128 + (signal === 'SIGKILL' ? 9 : 15),
          stdout: this.stdout,
          stderr: this.stderr,
        }),
      );
    });
    this.ended.catch(() => {});
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  get running(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  write(text: string): void {
    this.process.stdin?.write(text);
  }

  /** Ends its input. */
  finish(): void {
    this.process.stdin?.end();
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** Resolves when `pattern` is in what it printed. @throws Error with all it said when it ended or time ran out. */
  async saying(pattern: RegExp, timeout = START): Promise<void> {
    const until = Date.now() + timeout;
    while (!pattern.test(this.stdout) && !pattern.test(this.stderr)) {
      if (!this.running || Date.now() > until) {
        const what = this.running ? `nothing like ${pattern} in ${timeout} ms` : 'it ended';
        throw new Error(`${this.process.spawnargs.join(' ')}: ${what}\n${this.stdout}${this.stderr}`);
      }
      await sleep(5);
    }
  }

  /** Ends it at once and waits until it is gone. */
  async kill(): Promise<void> {
    if (this.running) this.process.kill('SIGKILL');
    await this.ended.catch(() => {});
  }
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Resolves when `condition` gives something; undefined when it did not in time. */
export async function eventually<T>(
  condition: () => Promise<T | undefined>,
  timeout: number,
): Promise<T | undefined> {
  const until = Date.now() + timeout;
  for (;;) {
    const result = await condition();
    if (result !== undefined || Date.now() > until) return result;
    await sleep(20);
  }
}

const alive = new Set<Namespace>();
// A test runner that is told to stop does not run `finally`.
process.on('exit', () => {
  for (const namespace of alive) namespace.removeNow();
});

/** One network namespace with its loopback up and with whatever was started in it. */
export class Namespace implements AsyncDisposable {
  readonly name = `twin${process.pid}x${randomBytes(3).toString('hex')}`;
  readonly #children = new Set<Running>();

  static async create(): Promise<Namespace> {
    const namespace = new Namespace();
    await must(new Running('ip', ['netns', 'add', namespace.name]));
    alive.add(namespace);
    await namespace.ip('link', 'set', 'lo', 'up');
    return namespace;
  }

  /** Starts a program in here. It gets its own process id: `ip netns exec` becomes the program. */
  start(command: string, args: readonly string[], options: SpawnOptions = {}): Running {
    const running = new Running('ip', ['netns', 'exec', this.name, command, ...args], options);
    this.#children.add(running);
    void running.ended.finally(() => this.#children.delete(running)).catch(() => {});
    return running;
  }

  /** Runs a program to its end. @throws Error when it takes longer than `timeout`. */
  async run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const running = this.start(command, args);
    running.process.stdin?.end(options.input ?? '');
    return await ending(running, options.timeout ?? PATIENCE);
  }

  /** An `ip` command in here. @throws Error when it fails. */
  async ip(...args: string[]): Promise<string> {
    return (await must(new Running('ip', ['-n', this.name, ...args]))).stdout;
  }

  /** `run --live` on decks; resolves when it is live. */
  async live(decks: readonly string[], args: readonly string[] = []): Promise<Running> {
    const running = this.twinstack(['run', '--live', ...args, ...decks]);
    await running.saying(/twinstack is live/);
    return running;
  }

  twinstack(args: readonly string[]): Running {
    return this.start(process.execPath, [MAIN, ...args]);
  }

  /** The interfaces that are there, without loopback. */
  async interfaces(): Promise<string[]> {
    const listed = JSON.parse(await this.ip('-j', 'link', 'show')) as { ifname: string }[];
    return listed.map((link) => link.ifname).filter((name) => name !== 'lo');
  }

  /** A counter of /proc/net/snmp (`Ip`, `Icmp`, ...) or, named `Ip6...`, of /proc/net/snmp6. */
  async counter(name: string): Promise<number> {
    if (name.includes('6')) {
      const { stdout } = await this.run('cat', ['/proc/net/snmp6']);
      const value = new RegExp(`^${name}\\s+(\\d+)$`, 'm').exec(stdout)?.[1];
      if (value === undefined) throw new Error(`no counter ${name}`);
      return Number(value);
    }
    const { stdout } = await this.run('cat', ['/proc/net/snmp']);
    const [protocol, field] = name.split('.') as [string, string];
    const [heads, values] = stdout.split('\n').filter((line) => line.startsWith(`${protocol}: `));
    const column = heads!.split(' ').indexOf(field);
    if (column < 0) throw new Error(`no counter ${name}`);
    return Number(values!.split(' ')[column]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#children].map((child) => child.kill()));
    alive.delete(this);
    await must(new Running('ip', ['netns', 'del', this.name]));
  }

  /** For the end of the process, when nothing can be waited for. */
  removeNow(): void {
    for (const child of this.#children) child.signal('SIGKILL');
    spawnSync('ip', ['netns', 'del', this.name]);
  }
}

async function ending(running: Running, timeout: number): Promise<Ran> {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    running.signal('SIGKILL');
  }, timeout);
  const ran = await running.ended.finally(() => clearTimeout(timer));
  if (late) {
    throw new Error(
      `no end within ${timeout} ms: ${running.process.spawnargs.join(' ')}\n${ran.stdout}${ran.stderr}`,
    );
  }
  return ran;
}

async function must(running: Running): Promise<Ran> {
  running.finish();
  const ran = await ending(running, PATIENCE);
  if (ran.code !== 0) throw new Error(`${running.process.spawnargs.join(' ')}: ${ran.stderr.trim()}`);
  return ran;
}
