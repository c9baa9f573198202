/**
 * Connecting to a name with several addresses: one after the other, each with a head start, as Node's
 * `autoSelectFamily` does it (a serial form of RFC 8305 §5).
 */
import { type Failure, isFailure } from '../../stacks/address/network.ts';
import type { TcpHandler } from '../../stacks/tcp/api.ts';
import { MILLISECOND, type Timer } from '../../stacks/time/clock.ts';
import { networkError } from './errors.ts';
import type { HostAddress, HostConnection, SocketHost } from './host.ts';

/** ms that an address gets before the next one is tried: Node's default. */
export const ATTEMPT_TIMEOUT = 250;

export interface AttemptOptions {
  readonly targets: readonly HostAddress[];
  readonly port: number;
  readonly local: HostAddress | undefined;
  readonly localPort: number | undefined;
  /** ms */
  readonly timeout: number;
  /** Called from inside a stack; gives the handler that the connection has from now on. */
  established(connection: HostConnection): TcpHandler;
  /** Called once, perhaps from inside `start` or a stack. */
  failed(error: Error): void;
}

export class ConnectAttempts {
  readonly #host: SocketHost;
  readonly #options: AttemptOptions;
  readonly #timer: Timer;
  readonly #errors: Error[] = [];
  #next = 0;
  #current: HostConnection | undefined;

  constructor(host: SocketHost, options: AttemptOptions) {
    this.#host = host;
    this.#options = options;
    this.#timer = host.clock.timer(() =>
      this.#giveUp({
        code: 'ETIMEDOUT',
        cause: `no answer within ${options.timeout} ms, the next address is tried`,
      }),
    );
  }

  start(): void {
    const target = this.#options.targets[this.#next++];
    if (target === undefined) {
      this.#options.failed(combined(this.#errors));
      return;
    }
    const { port, local, localPort } = this.#options;
    const opened = this.#host.connectTcp(target, port, {
      handler: {
        connected: () => this.#established(),
        readable: () => {},
        writable: () => {},
        ended: () => {},
        closed: (failure) =>
          this.#refused(failure ?? { code: 'ECONNABORTED', cause: 'aborted while connecting' }),
      },
      ...(local !== undefined && { local }),
      ...(localPort !== undefined && { localPort }),
    });
    if (isFailure(opened)) {
      this.#refused(opened);
      return;
    }
    this.#current = opened;
    if (this.#next < this.#options.targets.length) this.#timer.armIn(this.#options.timeout * MILLISECOND);
  }

  /** The owner has lost interest. */
  cancel(): void {
    this.#timer.disarm();
    this.#drop();
  }

  #established(): void {
    this.#timer.disarm();
    const taken = this.#current!;
    this.#current = undefined;
    taken.connection.handler = this.#options.established(taken);
  }

  #giveUp(failure: Failure): void {
    this.#drop();
    this.#refused(failure);
  }

  #refused(failure: Failure): void {
    this.#timer.disarm();
    this.#current = undefined;
    const { targets, port, local, localPort } = this.#options;
    const address = this.#host.format(targets[this.#next - 1]!);
    this.#errors.push(
      networkError(failure, {
        syscall: 'connect',
        address,
        port,
        ...(local && localPort && { local: `${this.#host.format(local)}:${localPort}` }),
      }),
    );
    this.start();
  }

  #drop(): void {
    const dropped = this.#current?.connection;
    this.#current = undefined;
    if (dropped === undefined) return;
    dropped.handler = UNHEARD;
    dropped.abort();
  }
}

/** For connections that nobody listens to any more. */
export const UNHEARD: TcpHandler = {
  connected() {},
  readable() {},
  writable() {},
  ended() {},
  closed() {},
};

/** One address failed: its error. Several: all of them, with the code of the first, as Node gives it. */
function combined(errors: readonly Error[]): Error {
  if (errors.length === 1) return errors[0]!;
  const all = new AggregateError(errors, errors.map((error) => error.message).join('; '));
  return Object.assign(all, { code: (errors[0] as NodeJS.ErrnoException).code });
}

/** Addresses of one family and the other in turn, beginning with the family of the first (RFC 8305 §4). */
export function interleave(addresses: readonly HostAddress[]): HostAddress[] {
  const first = addresses.filter(({ family }) => family === addresses[0]!.family);
  const others = addresses.filter(({ family }) => family !== addresses[0]!.family);
  const mixed: HostAddress[] = [];
  for (let i = 0; i < Math.max(first.length, others.length); i++) {
    mixed.push(...first.slice(i, i + 1), ...others.slice(i, i + 1));
  }
  return mixed;
}
