/**
 * Plays a script in virtual time: what it sends goes in at its times, what it expects must come out at its times, and
 * every system call must return what it says.
 */
import { SECOND } from '../../stacks/time/clock.ts';
import { nameList, symbolValue } from './arguments.ts';
import { Calls, type Returned } from './calls.ts';
import type { Seen } from './codec.ts';
import { differences } from './compare.ts';
import { Conversation } from './conversation.ts';
import { runCode } from './expression.ts';
import { HANDLERS } from './handlers.ts';
import { judgeWritten } from './judge-written.ts';
import type { Value as PythonValue } from './python/values.ts';
import { type RunOptions, TICK } from './script-options.ts';
import { readShell } from './shell.ts';
import { lineText, seenText } from './show-packet.ts';
import type { Call, Code, Event, PacketLine, Place, Script, Shell } from './syntax.ts';
import { Failed, Inconclusive } from './verdict.ts';
import { isErrno, NotSupported, type Result, type World } from './world.ts';

export interface Step {
  /** µs from the script's start. */
  readonly time: number;
  readonly direction: 'in' | 'out';
  readonly text: string;
}

export interface Outcome {
  /** `differs`: it failed on a kernel of which the script says so. `unreadable`: it is no script, and was not played. */
  readonly verdict: 'pass' | 'fail' | 'inconclusive' | 'differs' | 'unreadable';
  readonly at: Place | undefined;
  /** Why it failed or could not be judged: one line each. */
  readonly reasons: readonly string[];
  /** Of a packet that was not as expected. */
  readonly expected: string | undefined;
  readonly actual: string | undefined;
  /** All packets, in order. */
  readonly ladder: readonly Step[];
  readonly printed: readonly string[];
  /** µs of virtual time. */
  readonly duration: number;
}

/** Longest wait for what has no time of its own (`*`). */
const PATIENCE = 600 * SECOND;

/** Longest pause within what a script reads as one packet. */
const GAP = 2_000;

interface Pending {
  readonly event: Event;
  readonly call: Call;
  readonly due: number | undefined;
  /** When it gives up waiting, and returns 0. */
  readonly expires: number;
  returned: Returned | undefined;
  at: number;
}

/**
 * Plays `script` to `world`, which is used for this once.
 * @throws ScriptError for a `%{ }%` that cannot be read.
 */
export function runScript(script: Script, options: RunOptions, world: World): Outcome {
  return new Run(script, options, world).execute();
}

class Run {
  readonly #script: Script;
  readonly #options: RunOptions;
  readonly #world: World;
  readonly #calls: Calls;
  readonly #ladder: Step[] = [];
  readonly #printed: string[] = [];
  readonly #conversation: Conversation;
  /** Of `%{ }%`: what names stand for, from one block to the next. */
  readonly #kept = new Map<string, PythonValue>();
  #pending: Pending | undefined;
  /** Written for Linux: what it says of PSH and of our timestamps is as loose as there. */
  #isLinux: boolean;
  #start = 0;
  /** When the event before happened, µs from the start. */
  #last = 0;

  constructor(script: Script, options: RunOptions, world: World) {
    this.#script = script;
    this.#options = options;
    this.#world = world;
    this.#isLinux = options.isLinux;
    this.#calls = new Calls(world, HANDLERS);
    this.#conversation = new Conversation(world, this.#calls, options.timestampTick || TICK);
    world.onPacket = (direction, seen) => this.#noticed(direction, seen);
  }

  execute(): Outcome {
    let outcome: Pick<Outcome, 'verdict' | 'at' | 'reasons' | 'expected' | 'actual'>;
    const nothing = { at: undefined, reasons: [], expected: undefined, actual: undefined };
    try {
      if (this.#script.init !== undefined) this.#shell(this.#script.init);
      this.#world.start();
      this.#ladder.length = 0;
      this.#start = this.#world.now;
      for (const event of this.#script.events) this.#event(event);
      this.#finishPending();
      outcome = { verdict: 'pass', ...nothing };
    } catch (error) {
      if (error instanceof Failed) {
        const { at, reasons, expected, actual } = error;
        outcome = { verdict: 'fail', at, reasons, expected, actual };
      } else if (error instanceof Inconclusive) {
        outcome = { verdict: 'inconclusive', ...nothing, at: error.at, reasons: [error.message] };
      } else throw error;
    }
    const duration = this.#now;
    this.#world.onPacket = () => {};
    this.#calls.closeAll();
    this.#world.stop();
    return { ...outcome, ladder: this.#ladder, printed: this.#printed, duration };
  }

  get #now(): number {
    return this.#world.now - this.#start;
  }

  #noticed(direction: 'in' | 'out', seen: Seen): void {
    const flow = this.#conversation.of(direction, seen);
    flow?.passed(direction, seen);
    const time = seen.time - this.#start;
    // Shown when it is over: what stands for what in the script's numbers is known by then.
    const text = (): string =>
      seenText(this.#world.wireFamily, direction, seen, flow ?? this.#conversation.of(direction, seen));
    const step = { time, direction };
    this.#ladder.push(Object.defineProperty(step, 'text', { get: text, enumerable: true }) as Step);
  }

  #event(event: Event): void {
    const { action, time } = event;
    const base = time.kind === 'relative' ? this.#last : 0;
    const from = time.kind === 'any' ? this.#now : base + time.from;
    if (action.kind === 'packet' && action.direction === 'out') {
      this.#expectPacket(event, action, base);
      return;
    }
    if (time.kind === 'absolute' && from + this.#options.tolerance < this.#last) {
      throw new Failed(action.at, [`it is ${seconds(this.#last)} s by then: ${seconds(from)} s has passed`]);
    }
    this.#advance(from);
    // Real time may be late: what follows counts from when it really happened.
    this.#last = Math.max(from, this.#last, this.#now);
    switch (action.kind) {
      case 'packet':
        this.#inject(action);
        break;
      case 'call':
        this.#finishPending();
        this.#call(event, action, event.end === undefined ? undefined : base + event.end);
        break;
      case 'shell':
        this.#shell(action);
        break;
      case 'code':
        this.#code(action);
        break;
      case 'foreign':
        throw new Inconclusive(action.at, action.why);
    }
  }

  /** Up to `to` µs from the start; a call that waits is tried whenever something has happened. */
  #advance(to: number): void {
    const expires = this.#expires;
    if (expires < to) {
      this.#pass(expires);
      this.#expire();
    }
    this.#pass(to);
  }

  #pass(to: number): void {
    const deadline = this.#start + to;
    while (this.#world.step(deadline)) this.#tryPending();
    this.#world.advance(deadline);
    this.#tryPending();
  }

  /** When the call that waits gives up, if there is one. */
  get #expires(): number {
    const pending = this.#pending;
    return pending === undefined || pending.returned !== undefined
      ? Number.POSITIVE_INFINITY
      : pending.expires;
  }

  #expire(): void {
    const pending = this.#pending;
    if (pending === undefined || pending.returned !== undefined) return;
    pending.returned = { result: 0 };
    pending.at = pending.expires;
  }

  /** Steps until `done`, at most until `to` µs from the start. */
  #until(to: number, done: () => boolean): boolean {
    for (;;) {
      if (done()) return true;
      const expires = this.#expires;
      if (expires <= to && this.#now >= expires) this.#expire();
      else if (this.#world.step(this.#start + Math.min(to, expires))) this.#tryPending();
      else if (expires <= to) this.#pass(expires);
      else return false;
    }
  }

  // Packets

  #inject(line: PacketLine): void {
    this.#world.inject(this.#conversation.bytes(line));
    this.#tryPending();
  }

  #expectPacket(event: Event, line: PacketLine, base: number): void {
    const { time } = event;
    const earliest = time.kind === 'any' ? 0 : base + time.from;
    const latest = time.kind === 'any' ? this.#now + PATIENCE : base + time.to;
    // 4 ms, or 1 % of the distance to the event before.
    const tolerance = Math.max(this.#options.tolerance, Math.abs(latest - this.#last) / 100);
    const { waiting } = this.#world;
    const limit = latest + tolerance;
    if (!this.#until(limit, () => waiting.length > 0)) {
      throw new Failed(event.at, [`no packet was sent until ${seconds(limit)} s`], lineText(line), 'nothing');
    }
    const first = waiting.shift()!;
    const flow = this.#conversation.sender(first, line);
    const seen = this.#joined(first, line, limit);
    if (line.protocol !== 'icmp' && line.protocol === seen.protocol && flow !== undefined) {
      const isTcp = line.protocol === 'tcp';
      flow.learn(seen, isTcp ? line.sequence.start : 0, isTcp ? line.options : 'any');
    }
    const happened = first.time - this.#start;
    const { timestampTick } = this.#options;
    const isChecked = timestampTick !== 0 && (timestampTick !== undefined || !this.#isLinux);
    const found = differences(this.#world.wireFamily, line, seen, flow, {
      ticks: isChecked ? Math.ceil(tolerance / (timestampTick ?? TICK)) : Number.POSITIVE_INFINITY,
      push: !this.#isLinux,
    });
    if (flow !== undefined && line.protocol !== 'icmp' && line.ports !== undefined && !flow.owns(seen)) {
      found.push('ports: those of another connection');
    }
    if (time.kind !== 'any' && (happened < earliest - tolerance || happened > limit)) {
      const wanted = time.from === time.to ? seconds(earliest) : `${seconds(earliest)}~${seconds(latest)}`;
      found.push(`time: ${wanted} s expected, sent at ${seconds(happened)} s`);
    }
    if (found.length > 0) {
      const actual = seenText(this.#world.wireFamily, 'out', seen, flow);
      throw new Failed(event.at, found, lineText(line), actual);
    }
    this.#last = happened;
  }

  /** Consecutive segments as one, until the length of the script's is met: it may count on segmentation offload. */
  #joined(first: Seen, line: PacketLine, limit: number): Seen {
    if (line.protocol !== 'tcp' || first.protocol !== 'tcp' || this.#options.strictSegments) return first;
    const { waiting } = this.#world;
    let joined = first;
    while (joined.length > 0 && joined.length < line.sequence.length) {
      // A kernel sends at its own pace.
      this.#until(Math.min(limit, joined.time - this.#start + GAP), () => waiting.length > 0);
      const next = waiting[0];
      if (next?.protocol !== 'tcp' || next.sourcePort !== first.sourcePort) break;
      const follows =
        next.seq === ((joined.seq + joined.length) | 0) && next.destinationPort === first.destinationPort;
      if (!follows || next.length > first.length || next.time - this.#start > limit) break;
      if (joined.length + next.length > line.sequence.length) break;
      waiting.shift();
      joined = {
        ...next,
        time: first.time,
        seq: first.seq,
        length: joined.length + next.length,
        flags: first.flags | next.flags,
      };
    }
    return joined;
  }

  // Calls

  #call(event: Event, call: Call, due: number | undefined): void {
    const patience = this.#supported(call, () => this.#calls.patience(call));
    const expires = this.#now + (patience ?? Number.POSITIVE_INFINITY);
    const pending: Pending = { event, call, due, expires, returned: undefined, at: this.#now };
    this.#pending = pending;
    this.#tryPending();
    if (due !== undefined) return;
    // Without an end of its own it holds the script up, whose next line would be late.
    if (pending.returned === undefined && this.#blocks(call)) {
      const limit = this.#now + this.#options.tolerance;
      if (!this.#until(limit, () => pending.returned !== undefined)) {
        throw new Failed(call.at, [`${call.name} blocks, and no end time (0...1) says until when`]);
      }
    }
    pending.returned ??= { result: { errno: 'EAGAIN' } };
    this.#last = Math.max(this.#last, pending.at);
    this.#finishPending();
  }

  #blocks(call: Call): boolean {
    return this.#supported(call, () => this.#calls.blocks(call));
  }

  #supported<T>(call: Call, what: () => T): T {
    try {
      return what();
    } catch (error) {
      if (error instanceof NotSupported)
        throw new Inconclusive(call.at, `${error.message} is not supported here`);
      throw error;
    }
  }

  #tryPending(): void {
    const pending = this.#pending;
    if (pending === undefined || pending.returned !== undefined) return;
    pending.returned = this.#supported(pending.call, () => this.#calls.try(pending.call));
    pending.at = this.#now;
  }

  /** The call that is under way returns, at its time and with its result. */
  #finishPending(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    const { call, due } = pending;
    if (due !== undefined) {
      const limit = due + Math.max(this.#options.tolerance, (due - this.#last) / 100);
      if (!this.#until(limit, () => pending.returned !== undefined)) {
        throw new Failed(call.at, [`${call.name} has not returned by ${seconds(limit)} s`]);
      }
      if (Math.abs(pending.at - due) > limit - due) {
        throw new Failed(call.at, [
          `${call.name} returned at ${seconds(pending.at)} s, not at ${seconds(due)} s`,
        ]);
      }
    }
    this.#pending = undefined;
    this.#judge(call, pending.returned!);
  }

  #judge(call: Call, { result, written }: Returned): void {
    const wanted = call.result;
    const text = resultText(result);
    if (wanted.kind !== 'ellipsis') {
      const value = wanted.kind === 'number' ? wanted.value : symbolValue(nameList(wanted));
      if (value === undefined)
        throw new Inconclusive(wanted.at, `not known here: ${nameList(wanted).join('|')}`);
      const same = isErrno(result) ? value === -1 && call.errno === result.errno : value === result;
      if (!same) {
        const expected = call.errno === undefined ? String(value) : `${value} ${call.errno}`;
        throw new Failed(call.at, [`${call.name} returned ${text}, not ${expected}`]);
      }
    }
    for (const [index, value] of written ?? []) judgeWritten(call, index, value);
  }

  // Shell and code

  #shell(shell: Shell): void {
    const line = readShell(shell.text, this.#options.beside);
    const unknown = this.#world.shell(line);
    this.#isLinux ||= line.isLinux;
    this.#calls.addFiles(line.files);
    if (line.sleep > 0) {
      this.#advance(this.#now + line.sleep);
      this.#last = Math.max(this.#last, this.#now);
    }
    if (unknown.length > 0) {
      throw new Inconclusive(shell.at, `this shell line means nothing here: ${unknown.join('; ')}`);
    }
  }

  #code(code: Code): void {
    const names = this.#calls.underTest?.info ?? (() => undefined);
    const { printed, failed, unknown } = runCode(this.#script.file, code, names, this.#kept);
    this.#printed.push(...printed);
    if (failed.length > 0) throw new Failed(code.at, failed);
    if (unknown.length > 0)
      throw new Inconclusive(code.at, `not known here: ${[...new Set(unknown)].join(', ')}`);
  }
}

function resultText(result: Result): string {
  if (!isErrno(result)) return String(result);
  return `-1 ${result.errno}${result.cause === undefined ? '' : ` (${result.cause})`}`;
}

export function seconds(time: number): string {
  return (time / SECOND).toFixed(6);
}
