/**
 * One listening port over one or two stacks: a single accept queue and a single backlog. At the start it is all or
 * nothing; afterwards a stack that stops takes its part away and brings it back when it starts again.
 */
import type { Address } from '../../stacks/address/address.ts';
import { type Failure, isFailure } from '../../stacks/address/network.ts';
import type { Stack } from '../../stacks/stack.ts';
import type { TcpConnection, TcpHandler, TcpListener } from '../../stacks/tcp/api.ts';
import type { ConnectionOptions } from '../../stacks/tcp/connection-options.ts';
import type { HostAddress, HostConnection, HostFailure, HostListener, ListenRequest } from './host.ts';

/** What Node's `net.Server` asks for when nothing is said. */
const DEFAULT_BACKLOG = 511;
/** The model's bound on connections: a longer queue could never fill. */
const MAX_BACKLOG = 4095;
/** Tries to find an ephemeral port that is free on every stack; each takes another random port (RFC 6056 §3.3). */
const EPHEMERAL_TRIES = 16;

/** A stack and the address that this port has on it. */
export interface ListenPart {
  readonly stack: Stack;
  readonly address: Address;
}

/** An established connection in the queue, and what its stack has told meanwhile. */
class Waiting implements TcpHandler {
  readonly connection: TcpConnection;
  readonly stack: Stack;
  hasEnded = false;
  readonly #queue: Waiting[];

  constructor(connection: TcpConnection, stack: Stack, queue: Waiting[]) {
    this.connection = connection;
    this.stack = stack;
    this.#queue = queue;
  }

  connected(): void {}
  readable(): void {}
  writable(): void {}

  ended(): void {
    this.hasEnded = true;
  }

  /** Reset before anybody took it: it gives its place free. */
  closed(): void {
    const at = this.#queue.indexOf(this);
    if (at >= 0) this.#queue.splice(at, 1);
  }
}

export class Listening implements HostListener {
  readonly local: HostAddress;
  #request: ListenRequest;
  readonly #backlog: number;
  readonly #queue: Waiting[] = [];
  readonly #parts = new Map<
    Stack,
    { listener: TcpListener | undefined; stateChanged: (up: boolean) => void }
  >();
  readonly #released: (listening: Listening) => void;
  #port: number;
  #closed = false;

  private constructor(request: ListenRequest, local: HostAddress, released: (listening: Listening) => void) {
    this.#request = request;
    this.local = local;
    this.#port = request.port;
    this.#backlog = Math.min(Math.max(1, request.backlog ?? DEFAULT_BACKLOG), MAX_BACKLOG);
    this.#released = released;
  }

  /**
   * Listens on all `parts` or on none. `released` is called when the listener has been closed. A failure says which
   * stack refused.
   */
  static open(
    request: ListenRequest,
    local: HostAddress,
    parts: readonly ListenPart[],
    released: (listening: Listening) => void,
  ): Listening | HostFailure {
    for (let tries = 1; ; tries++) {
      const opened = Listening.#tryOpen(request, local, parts, released);
      const again =
        isFailure(opened) && opened.code === 'EADDRINUSE' && request.port === 0 && parts.length > 1;
      if (!again || tries === EPHEMERAL_TRIES) return opened;
    }
  }

  static #tryOpen(
    request: ListenRequest,
    local: HostAddress,
    parts: readonly ListenPart[],
    released: (listening: Listening) => void,
  ): Listening | HostFailure {
    const listening = new Listening(request, local, released);
    for (const part of parts) {
      const failure = listening.#listenOn(part);
      if (failure === undefined) continue;
      listening.close();
      return failure;
    }
    return listening;
  }

  get port(): number {
    return this.#port;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** A further stack, running or to be started later: it may refuse without harm to the others. */
  extend(part: ListenPart): void {
    if (this.#closed || this.#parts.has(part.stack)) return;
    this.#hold(part, undefined);
    if (!part.stack.running) return;
    const failure = this.#listenOn(part);
    if (failure !== undefined) this.#request.refused(failure);
  }

  /** The stack has left for good. */
  withdraw(stack: Stack): void {
    const part = this.#parts.get(stack);
    if (part === undefined) return;
    part.listener?.close();
    stack.stateListeners.delete(part.stateChanged);
    this.#parts.delete(stack);
  }

  take(handler: (taken: HostConnection) => TcpHandler): HostConnection | undefined {
    const waiting = this.#queue.shift();
    if (waiting === undefined) return undefined;
    const { connection, stack } = waiting;
    const taken = { connection, network: stack };
    const owner = handler(taken);
    connection.handler = owner;
    if (connection.available > 0) owner.readable();
    if (waiting.hasEnded) owner.ended();
    return taken;
  }

  configure(options: ConnectionOptions): void {
    this.#request = { ...this.#request, options: { ...this.#request.options, ...options } };
    for (const { listener } of this.#parts.values()) listener?.configure(options);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const stack of [...this.#parts.keys()]) this.withdraw(stack);
    for (const waiting of [...this.#queue]) waiting.connection.abort();
    this.#queue.length = 0;
    this.#released(this);
  }

  #hasRoom(): boolean {
    return this.#queue.length < this.#backlog;
  }

  #accept(connection: TcpConnection, stack: Stack): void {
    const waiting = new Waiting(connection, stack, this.#queue);
    connection.handler = waiting;
    this.#queue.push(waiting);
    this.#request.arrived();
  }

  /** Opens the port on one more stack and keeps it there over stop and start. */
  #listenOn(part: ListenPart): HostFailure | undefined {
    if (!part.stack.running) return refusal(part.stack, { code: 'ENETDOWN', cause: 'is not running' });
    const listener = part.stack.tcp.listen(part.address, this.#port, {
      backlog: this.#backlog,
      accept: (connection) => this.#accept(connection, part.stack),
      admit: () => this.#hasRoom(),
      ...(this.#request.options !== undefined && { options: this.#request.options }),
    });
    if (isFailure(listener)) return refusal(part.stack, listener);
    this.#port = listener.port; // the first stack chooses an ephemeral port, the others follow
    this.#hold(part, listener);
    return undefined;
  }

  #hold(part: ListenPart, listener: TcpListener | undefined): void {
    const known = this.#parts.get(part.stack);
    if (known !== undefined) {
      known.listener = listener;
      return;
    }
    const stateChanged = (up: boolean) => {
      const held = this.#parts.get(part.stack)!;
      held.listener?.close();
      held.listener = undefined;
      if (!up) return;
      const failure = this.#listenOn(part);
      if (failure !== undefined) this.#request.refused(failure);
    };
    part.stack.stateListeners.add(stateChanged);
    this.#parts.set(part.stack, { listener, stateChanged });
  }
}

function refusal(stack: Stack, failure: Failure): HostFailure {
  const refusedBy = `stack ${stackNumber(stack.id)} (${stack.name})`;
  return { code: failure.code, cause: `${refusedBy}: ${failure.cause}`, refusedBy };
}

/** As on the ID card: two digits. */
export function stackNumber(id: number): string {
  return String(id).padStart(2, '0');
}
