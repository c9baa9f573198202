/** From the arguments of `connect` to an established connection: the name, its addresses, the attempts. */
import type { TcpHandler } from '../../stacks/tcp/api.ts';
import { ATTEMPT_TIMEOUT, ConnectAttempts, interleave } from './attempts.ts';
import type { ConnectTarget } from './connect-arguments.ts';
import { networkError, resolveError } from './errors.ts';
import type { HostAddress, HostConnection, SocketHost } from './host.ts';

export interface ConnectingEvents {
  /** As the arguments of net.Socket's 'lookup' event. */
  looked(error: Error | null, address: string | undefined, family: number | undefined, name: string): void;
  /** Called from inside a stack; gives the handler that the connection has from now on. */
  established(connection: HostConnection): TcpHandler;
  /** Called once, perhaps from inside `start` or a stack. */
  failed(error: Error): void;
}

export class Connecting {
  readonly #host: SocketHost;
  readonly #target: ConnectTarget;
  readonly #events: ConnectingEvents;
  #attempts: ConnectAttempts | undefined;
  #cancelled = false;

  constructor(host: SocketHost, target: ConnectTarget, events: ConnectingEvents) {
    this.#host = host;
    this.#target = target;
    this.#events = events;
  }

  /** The attempt begins in the next tick, as in node:net: whoever called has put its listeners on the socket by then. */
  start(): void {
    process.nextTick(() => {
      if (this.#cancelled) return;
      const literal = this.#host.parse(this.#target.host);
      if (literal !== undefined) this.#attempt([literal]);
      else this.#lookUp();
    });
  }

  /** The owner has lost interest. */
  cancel(): void {
    this.#cancelled = true;
    this.#attempts?.cancel();
  }

  #lookUp(): void {
    const { options, host: name } = this.#target;
    if (options.lookup === undefined) {
      this.#host.resolve(name, (found) => {
        if ('code' in found) this.#notFound(resolveError(found, name));
        else this.#found(found);
      });
      return;
    }
    options.lookup(name, { family: options.family ?? 0, all: true }, (error, answer) => {
      const listed = typeof answer === 'string' ? [{ address: answer }] : (answer ?? []);
      if (error) this.#notFound(error);
      else this.#found(listed.flatMap(({ address }) => this.#host.parse(address) ?? []));
    });
  }

  #notFound(error: Error): void {
    if (this.#cancelled) return;
    this.#events.looked(error, undefined, undefined, this.#target.host);
    this.#events.failed(error);
  }

  #found(addresses: readonly HostAddress[]): void {
    if (this.#cancelled) return;
    const { options, host: name } = this.#target;
    const fitting = addresses.filter(({ family }) => !options.family || family.version === options.family);
    if (fitting.length === 0) {
      const cause = `'${name}' has no address${options.family ? ` of IPv${options.family}` : ''}`;
      this.#notFound(resolveError({ code: 'ENOTFOUND', cause }, name));
      return;
    }
    for (const address of fitting) {
      this.#events.looked(null, this.#host.format(address), address.family.version, name);
    }
    this.#attempt(interleave(fitting));
  }

  #attempt(targets: readonly HostAddress[]): void {
    if (this.#cancelled) return;
    const { options, port } = this.#target;
    const { localAddress, localPort, autoSelectFamilyAttemptTimeout } = options;
    const local = localAddress === undefined ? undefined : this.#host.parse(localAddress);
    if (localAddress !== undefined && local === undefined) {
      const cause = `${localAddress} is not an address of ${this.#host.name}`;
      const failure = { code: 'EADDRNOTAVAIL', cause } as const;
      this.#events.failed(networkError(failure, { syscall: 'bind', address: localAddress }));
      return;
    }
    this.#attempts = new ConnectAttempts(this.#host, {
      targets,
      port,
      local,
      localPort,
      timeout: autoSelectFamilyAttemptTimeout ?? ATTEMPT_TIMEOUT,
      established: this.#events.established,
      failed: this.#events.failed,
    });
    this.#attempts.start();
  }
}
