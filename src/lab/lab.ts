import type { Address } from '../../stacks/address/address.ts';
import type { Environment } from '../../stacks/packet/environment.ts';
import { PacketPool } from '../../stacks/packet/pool.ts';
import type { AddressConflict, EchoOptions, EchoResult, Stack } from '../../stacks/stack.ts';
import { Clock } from '../../stacks/time/clock.ts';
import { formatMac } from '../../stacks/wire/ethernet.ts';
import type { Deck, Finding } from '../config/deck.ts';
import type { Log } from '../console/log.ts';
import { Couple } from '../couple/couple.ts';
import type { RunningService } from '../services/simple.ts';
import { createDgram, type Dgram } from '../sockets/dgram.ts';
import { createDns, type Dns } from '../sockets/dns.ts';
import type { HostAddress, ResolveFailure, SocketHost } from '../sockets/host.ts';
import { HostTable } from '../sockets/names.ts';
import { createNet, type Net } from '../sockets/net.ts';
import { StackHost } from '../sockets/stack-host.ts';
import { type Built, type BuiltStack, build, type OpenLive } from './build.ts';
import { LiveTime } from './live-time.ts';
import { startProgram, two } from './programs.ts';
import { seededRandom, systemRandom } from './random.ts';
import { LabTrace } from './trace.ts';
import { type Runner, VirtualTime } from './virtual-time.ts';

/** What live devices need of the lab. */
export interface LiveHooks {
  readonly environment: Environment;
  readonly beforeBurst: () => void;
  /** A message to the operator. */
  readonly say: (id: string, text: string) => void;
}

export interface LabOptions {
  /** Seed of everything random in virtual time; 1 when undefined. */
  readonly seed?: number;
  /** Runs in real time on the interfaces that this opens. Randomness then comes from the operating system. */
  readonly live?: (hooks: LiveHooks) => OpenLive;
  /** Where operator messages go; silent when undefined. */
  readonly log?: Log;
}

/** A deck that cannot be run: `findings` has all the reasons, with their places. */
export class DeckError extends Error {
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    const errors = findings.filter((f) => f.severity === 'error');
    const first = errors[0];
    const where =
      first === undefined ? '' : `: ${first.at.file}:${first.at.line}:${first.at.column} ${first.message}`;
    super(`${errors.length} error${errors.length === 1 ? '' : 's'} in the deck${where}`);
    this.name = 'DeckError';
    this.findings = findings;
  }
}

/** A place in the lab where a program can run: one stack, or an IPv6 stack with the IPv4 stack it is coupled to. */
export interface LabHost {
  readonly id: number;
  readonly name: string;
  /** The stack that the id names. */
  readonly stack: Stack;
  readonly net: Net;
  readonly dgram: Dgram;
  readonly dns: Dns;
  /** Sends one echo request by the stack of the destination's family; never rejects for what the network does. */
  echo(destination: string, options?: Partial<EchoOptions>): Promise<EchoResult>;
}

/** Our FIN is not acknowledged yet (RFC 9293 §3.3.2), so data may still be on its way. */
const UNDELIVERED: ReadonlySet<string> = new Set(['FIN-WAIT-1', 'CLOSING', 'LAST-ACK']);
/** µs between looks at them: short beside any grace. */
const DELIVERY_POLL = 10_000;

/** Stacks, segments and programs of one deck on one clock. */
export class Lab {
  readonly environment: Environment;
  readonly trace: LabTrace;
  readonly live: boolean;
  readonly #runner: Runner;
  readonly #built: Built;
  readonly #deck: Deck;
  readonly #log: Log | undefined;
  readonly #sockets = new Map<number, SocketHost>();
  readonly #hosts = new Map<number, LabHost>();
  readonly #services: RunningService[] = [];
  #closing: Promise<void> | undefined;
  /** Ends the grace of a close that is under way. */
  #cutShort: () => void = () => {};
  #isClosed = false;

  /** Builds and starts nothing. @throws DeckError when the deck has an error. */
  constructor(deck: Deck, options: LabOptions = {}) {
    if (deck.findings.some((f) => f.severity === 'error')) throw new DeckError(deck.findings);
    const clock = new Clock();
    this.#deck = deck;
    this.#log = options.log;
    this.live = options.live !== undefined;
    this.trace = new LabTrace(clock, !this.live);
    this.environment = {
      clock,
      random: this.live ? systemRandom() : seededRandom(options.seed ?? 1),
      pool: new PacketPool(),
      trace: this.trace,
    };
    this.#runner = this.live ? new LiveTime(clock) : new VirtualTime(clock);
    const openLive = options.live?.({
      environment: this.environment,
      beforeBurst: () => this.#runner.beforeBurst(),
      say: (id, text) => this.say('TWINLAB', id, text),
    });
    try {
      this.#built = build(deck, this.environment, openLive, (...gone) => this.#interfaceGone(...gone));
    } catch (error) {
      this.#runner.stop();
      throw error;
    }
    for (const { stack, config } of this.#built.stacks.values()) {
      stack.conflictListeners.add((conflict) => this.#conflict(stack, config.job, conflict));
    }
    this.#joinCouples();
  }

  /** µs since the start. */
  get now(): number {
    this.environment.clock.refresh();
    return this.environment.clock.now;
  }

  get stacks(): ReadonlyMap<number, BuiltStack> {
    return this.#built.stacks;
  }

  get segments(): Built['segments'] {
    return this.#built.segments;
  }

  get deck(): Deck {
    return this.#deck;
  }

  /** Starts every attached stack, then the programs. @throws the first service's error when it cannot listen. */
  async start(): Promise<void> {
    for (const { stack, config } of this.#built.stacks.values()) {
      if (config.attached) this.startStack(stack.id);
    }
    for (const program of this.#deck.programs) await startProgram(this, program, this.#services);
  }

  startStack(id: number): void {
    this.environment.clock.refresh();
    const { stack, config } = this.#get(id);
    const program = config.family === 4 ? 'BSTTINET' : 'BSTT6NET';
    stack.start();
    this.say(config.job, 'BSTT000I', `INITIATED ${program}`);
    for (const [device, name] of this.#get(id).kernel) {
      this.say(config.job, 'TWNS002I', `DEVICE ${device} IS INTERFACE ${name}`);
    }
    if (config.couple !== undefined) {
      const partner = this.#built.stacks.has(config.couple.id) ? 'COUPLED TO' : 'RUNS WITHOUT';
      this.say(config.job, 'TWNS003I', `STACK ${two(id)} ${partner} STACK ${two(config.couple.id)}`);
    }
  }

  stopStack(id: number): void {
    this.environment.clock.refresh();
    const { stack, config } = this.#get(id);
    stack.stop();
    this.say(config.job, 'BSTT001I', `TERMINATED ${config.family === 4 ? 'BSTTINET' : 'BSTT6NET'}`);
  }

  /**
   * A host by SYSID (`2`, `'02'`), by job name, or by a HOST name or an address that is one of its own.
   * @throws Error that lists the hosts there are.
   */
  host(which: number | string): LabHost {
    const id = typeof which === 'number' ? which : this.#find(which);
    if (id === undefined || !this.#built.stacks.has(id)) {
      const known = [...this.#built.stacks.values()].map((b) => `${two(b.stack.id)} (${b.config.job})`);
      throw new Error(`no host '${which}' in this lab; there are ${known.join(', ') || 'none'}`);
    }
    let host = this.#hosts.get(id);
    if (host === undefined) {
      host = this.#makeHost(id);
      this.#hosts.set(id, host);
    }
    return host;
  }

  /** Resolves when nothing is in flight any more (virtual time only). @throws Error when the lab is closed. */
  async rest(): Promise<void> {
    this.#mustBeOpen();
    await this.#virtual().rest();
  }

  /**
   * Lets `duration` µs of virtual time pass; in real time, waits that long.
   * @throws Error when the lab is closed, RangeError when `duration` is negative or no number
   */
  async advance(duration: number): Promise<void> {
    this.#mustBeOpen();
    if (!(duration >= 0 && duration <= Number.MAX_SAFE_INTEGER))
      throw new RangeError(`a lab advances by µs, not by ${duration}`);
    this.environment.clock.refresh();
    if (this.#runner instanceof VirtualTime) await this.#runner.advance(duration);
    else await new Promise<void>((resolve) => this.environment.clock.timer(resolve).armIn(duration));
  }

  /**
   * Ends everything: services and servers stop accepting, open connections of services get `grace` µs to finish,
   * stacks stop, devices close. May be repeated; without grace it cuts a close that is under way short.
   */
  close(grace = 0): Promise<void> {
    if (grace === 0) this.#cutShort();
    this.#closing ??= this.#end(grace);
    return this.#closing;
  }

  async #end(grace: number): Promise<void> {
    if (grace > 0) {
      const cut = new Promise<void>((resolve) => {
        this.#cutShort = resolve;
      });
      const drained = Promise.all(this.#services.map((s) => s.close(false)));
      this.#closeServers();
      await Promise.race([drained.then(() => this.#delivered()), this.advance(grace), cut]);
    }
    this.#isClosed = true;
    for (const host of this.#sockets.values()) host.gone = true;
    for (const service of this.#services) void service.close(true);
    this.#closeServers();
    for (const { stack } of this.#built.stacks.values()) if (stack.running) this.stopStack(stack.id);
    this.#runner.stop();
    for (const device of this.#built.devices) device.close();
    for (const segment of this.#built.segments.values()) segment.close();
  }

  /** Resolves when every closed connection has its last bytes and its FIN acknowledged. */
  async #delivered(): Promise<void> {
    const busy = (): boolean =>
      [...this.#built.stacks.values()].some(({ stack }) =>
        [...stack.tcp.connections()].some(({ state }) => UNDELIVERED.has(state)),
      );
    while (!this.#isClosed && busy()) await this.advance(DELIVERY_POLL);
  }

  #closeServers(): void {
    for (const { servers } of this.#sockets.values()) for (const server of [...servers]) server.close();
  }

  #mustBeOpen(): void {
    if (this.#isClosed) throw new Error('this lab is closed, its time has ended');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  say(job: string, id: string, text: string): void {
    this.#log?.write({ id, text, job, time: this.now });
  }

  /**
   * The lookup that an application at this host would get, and the stack that carries what goes there.
   * @throws Error that says why the name has no address.
   */
  resolve(id: number, name: string): { readonly stack: Stack; readonly address: Address } {
    return this.resolveAll(id, name)[0]!;
  }

  /** `resolve` for every address of the name, in the order in which an application tries them. */
  resolveAll(id: number, name: string): { readonly stack: Stack; readonly address: Address }[] {
    let outcome: readonly HostAddress[] | ResolveFailure | undefined;
    this.#socketHost(id).resolve(name, (found) => {
      outcome = found;
    });
    if (outcome === undefined) throw new Error(`${name} is not in the HOST table`);
    if ('code' in outcome) throw new Error(outcome.cause);
    const { stack, config } = this.#get(id);
    const partner = config.couple === undefined ? undefined : this.#built.stacks.get(config.couple.id)?.stack;
    const reached = outcome.flatMap(({ family, address }) => {
      const by = [stack, partner].find((one) => one?.family === family);
      return by === undefined ? [] : [{ stack: by, address }];
    });
    if (reached.length === 0)
      throw new Error(`stack ${two(id)} has no way to an ${outcome[0]!.family.name} address`);
    return reached;
  }

  /** The job name of the stack that has this address by a LINK or a HOST card of its own. */
  ownerOf(address: string): string | undefined {
    const id = this.#find(address);
    return id === undefined ? undefined : this.#get(id).config.job;
  }

  #interfaceGone(id: number, device: string, code: string): void {
    const { stack, config, links, kernel } = this.#get(id);
    stack.setLink(links.get(device)!, false);
    this.say(config.job, 'TWNS004E', `DEVICE ${device} HAS LOST INTERFACE ${kernel.get(device)} (${code})`);
  }

  #conflict(stack: Stack, job: string, { link, local }: AddressConflict): void {
    const address = `ADDRESS ${stack.describe(local.address)} OF DEVICE ${link.name}`;
    const station = local.conflict === undefined ? 'ANOTHER STATION' : `STATION ${formatMac(local.conflict)}`;
    if (local.state === 'duplicate') this.say(job, 'TWNS006E', `${address} IS NOT USED, ${station} HAS IT`);
    else this.say(job, 'TWNS007W', `${address} IS DEFENDED, ${station} CLAIMS IT`);
  }

  #virtual(): VirtualTime {
    if (this.#runner instanceof VirtualTime) return this.#runner;
    throw new Error('a live lab does not come to rest');
  }

  #get(id: number): BuiltStack {
    const built = this.#built.stacks.get(id);
    if (built === undefined) throw new Error(`no stack ${two(id)} in this lab`);
    return built;
  }

  #find(name: string): number | undefined {
    if (/^\d{1,2}$/.test(name)) return Number(name);
    const wanted = name.toUpperCase();
    for (const { config } of this.#built.stacks.values()) {
      if (config.job.toUpperCase() === wanted) return config.id;
    }
    for (const { stack, config } of this.#built.stacks.values()) {
      const literal = stack.family.parse(name);
      const own = literal ?? config.hosts.find((h) => h.name.toUpperCase() === wanted)?.address;
      if (
        own !== undefined &&
        !stack.family.isLoopback(own) &&
        config.links.some((l) => l.address.equals(own))
      ) {
        return config.id;
      }
    }
    return undefined;
  }

  #joinCouples(): void {
    const activity = (): void => this.#runner.activity();
    const alone = new Map<number, StackHost>();
    for (const { stack, config } of this.#built.stacks.values()) {
      const names = new HostTable();
      for (const { name, address } of config.hosts) names.add(name, { family: stack.family, address });
      alone.set(config.id, new StackHost(stack, { names, activity }));
    }
    for (const [id, host] of alone) {
      const { couple } = this.#get(id).config;
      if (couple === undefined) {
        this.#sockets.set(id, host);
        continue;
      }
      const joined = new Couple(host, couple.id);
      const partner = alone.get(couple.id);
      if (partner !== undefined) joined.join(partner);
      this.#sockets.set(id, joined);
    }
  }

  #socketHost(id: number): SocketHost {
    return this.#sockets.get(id)!;
  }

  #makeHost(id: number): LabHost {
    const { stack, config } = this.#get(id);
    const sockets = this.#socketHost(id);
    return {
      id,
      name: config.job,
      stack,
      net: createNet(sockets),
      dgram: createDgram(sockets),
      dns: createDns(sockets),
      echo: (destination, options = {}) =>
        new Promise((resolve) => {
          this.environment.clock.refresh();
          const target = this.resolve(id, destination);
          const full: EchoOptions = { size: 56, timeout: 1_000_000, ...options };
          target.stack.echo(target.address, full, (result) => {
            this.#runner.activity();
            resolve(result);
          });
        }),
    };
  }
}
