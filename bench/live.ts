/**
 * What the benches of the live path share: namespaces of their own, `run --live` on bench/load.deck in one, the
 * kernel's own stack over veth in two others, and the load client that judges both: its C source is named by LOAD_C
 * (it sends to a sink on 5001, reads a source on 5002, echoes on 5003, and `serve`s the three itself).
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { compile, packageRoot, temporaryFolder } from './compile.ts';

export const FAMILIES = [
  {
    family: 'IPv4',
    address: '192.0.2.80',
    near: '192.0.2.1/24',
    far: '192.0.2.80/24',
    loopback: '127.0.0.1',
  },
  {
    family: 'IPv6',
    address: '2001:db8:1::80',
    near: '2001:db8:1::1/64',
    far: '2001:db8:1::80/64',
    loopback: '::1',
  },
] as const;

/** The client ends at one processor, whatever serves at another. */
const CLIENT_CPU = '0';
const SERVER_CPU = String(Math.min(1, cpus().length - 1));

let made = 0;
const folder = temporaryFolder();
const programs = new Map<string, string>();

function program(source: string, ...flags: string[]): string {
  let found = programs.get(source);
  if (found === undefined) {
    found = compile(source, folder, ...flags);
    programs.set(source, found);
  }
  return found;
}

/** Can live benches run here? Says why when they cannot. */
export function isPossible(): boolean {
  const why =
    process.getuid?.() !== 0
      ? 'network namespaces need root'
      : process.env['LOAD_C'] === undefined
        ? 'LOAD_C does not name the source of the load client'
        : undefined;
  if (why !== undefined) process.stderr.write(`left out: ${why}\n`);
  return why === undefined;
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

export class Namespace {
  readonly name = `twinbench${process.pid}x${made++}`;
  readonly #children: ChildProcess[] = [];

  constructor() {
    ip('netns', 'add', this.name);
    ip('-n', this.name, 'link', 'set', 'lo', 'up');
    // A client that opens thousands a second must not wait for its own TIME-WAIT.
    this.#run('sysctl', '-qw', 'net.ipv4.tcp_max_tw_buckets=0', 'net.ipv4.ip_local_port_range=1024 65000');
  }

  #run(...command: string[]): void {
    execFileSync('ip', ['netns', 'exec', this.name, ...command], { stdio: ['ignore', 'ignore', 'inherit'] });
  }

  ip(...args: string[]): void {
    ip('-n', this.name, ...args);
  }

  /** Hardware offload of a link away, as if it were a plain wire. */
  withoutOffload(link: string): void {
    this.#run(program('offload-off.c'), link);
  }

  start(cpu: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.name, 'taskset', '-c', cpu, command, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.#children.push(child);
    return child;
  }

  /** The load client's result. */
  async load(...args: string[]): Promise<Record<string, number>> {
    const out = await output(this.start(CLIENT_CPU, loadClient(), args));
    return JSON.parse(out) as Record<string, number>;
  }

  async remove(): Promise<void> {
    for (const child of this.#children) await ended(child);
    ip('netns', 'del', this.name);
  }
}

function loadClient(): string {
  return program(process.env['LOAD_C']!, '-pthread');
}

function output(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let out = '';
    let errors = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    child.on('close', (code) =>
      code === 0 ? resolve(out) : reject(new Error(errors || `exit code ${code}`)),
    );
  });
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.on('close', () => resolve());
    child.kill('SIGTERM');
  });
}

function saying(child: ChildProcess, pattern: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const heard = (text: Buffer): void => {
      said += text;
      if (pattern.test(said)) resolve();
    };
    child.stdout!.on('data', heard);
    child.stderr!.on('data', heard);
    child.on('close', () => reject(new Error(said)));
  });
}

export const MAIN: string = join(packageRoot(), 'dist', 'src', 'cli', 'main.js');
const DECK = join(packageRoot(), 'bench', 'load.deck');

/** Somebody who serves, and how to load it. */
export interface Served {
  readonly client: Namespace;
  readonly process: ChildProcess;
  close(): Promise<void>;
}

/** twinstack on TUN interfaces; the client is in the same namespace, behind the kernel's side of them. */
export function twinstack(...options: string[]): Promise<Served> {
  return twinstackOn(DECK, ...options);
}

/** The same, of another deck. */
export async function twinstackOn(deck: string, ...options: string[]): Promise<Served> {
  const client = new Namespace();
  const child = client.start(SERVER_CPU, process.execPath, [MAIN, 'run', '--live', deck, ...options]);
  await saying(child, /is live/);
  return { client, process: child, close: () => client.remove() };
}

/** The kernel in a namespace at the other end of a veth. */
export async function kernelOverVeth(offload: boolean): Promise<Served> {
  const client = new Namespace();
  const server = new Namespace();
  client.ip('link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far', 'netns', server.name);
  for (const { near, far, family } of FAMILIES) {
    const nodad = family === 'IPv6' ? ['nodad'] : [];
    client.ip('addr', 'add', near, 'dev', 'near', ...nodad);
    server.ip('addr', 'add', far, 'dev', 'far', ...nodad);
  }
  client.ip('link', 'set', 'near', 'up');
  server.ip('link', 'set', 'far', 'up');
  if (!offload) {
    client.withoutOffload('near');
    server.withoutOffload('far');
  }
  const child = server.start(SERVER_CPU, loadClient(), ['serve']);
  await listening();
  const close = async (): Promise<void> => {
    await client.remove();
    await server.remove();
  };
  return { client, process: child, close };
}

/** Takes the kernel's side of a live interface to a namespace of its own, where the kernel serves behind `gateway`. */
export async function kernelBehind(
  client: Namespace,
  link: string,
  address: string,
  gateway: string,
  ...networks: readonly string[]
): Promise<Namespace> {
  const server = new Namespace();
  client.ip('link', 'set', link, 'netns', server.name);
  server.ip('addr', 'add', address, 'dev', link, ...(address.includes(':') ? ['nodad'] : []));
  server.ip('link', 'set', link, 'up');
  for (const network of networks) server.ip('route', 'add', network, 'via', gateway);
  server.start(CLIENT_CPU, loadClient(), ['serve']);
  await listening();
  return server;
}

/** The kernel over loopback. */
export async function kernelOverLoopback(): Promise<Served> {
  const client = new Namespace();
  const child = client.start(SERVER_CPU, loadClient(), ['serve']);
  await listening();
  return { client, process: child, close: () => client.remove() };
}

/** The client's server says nothing when it is ready. */
function listening(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 300));
}
