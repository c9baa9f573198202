/** Programs: what owns the connections of a test. */
import type { Address } from '../../../stacks/address/address.ts';
import type { Failure } from '../../../stacks/address/network.ts';
import type { ListenOptions, TcpConnection, TcpHandler, TcpListener } from '../../../stacks/tcp/api.ts';
import type { ConnectionOptions } from '../../../stacks/tcp/connection-options.ts';

import type { End } from './ends.ts';

/** An owner that writes down what it is told, reads at once, and keeps the bytes. */
export class Owner implements TcpHandler {
  connection!: TcpConnection;
  readonly events: string[] = [];
  readonly chunks: Uint8Array[] = [];
  received = 0;
  failure: Failure | undefined;
  isClosed = false;
  /** False leaves the bytes in the connection. */
  reading = true;
  keep = true;
  onReadable: (() => void) | undefined;
  onEnded: (() => void) | undefined;
  onWritable: (() => void) | undefined;
  onConnected: (() => void) | undefined;
  onClosed: (() => void) | undefined;

  connected(): void {
    this.events.push('connected');
    this.onConnected?.();
  }
  readable(): void {
    if (this.events.at(-1) !== 'readable') this.events.push('readable');
    if (this.reading) this.read();
    this.onReadable?.();
  }
  read(): void {
    for (let chunk = this.connection.read(); chunk !== undefined; chunk = this.connection.read()) {
      this.received += chunk.length;
      if (this.keep) this.chunks.push(chunk);
    }
  }
  writable(): void {
    this.events.push('writable');
    this.onWritable?.();
  }
  ended(): void {
    this.events.push('ended');
    this.onEnded?.();
  }
  closed(failure: Failure | undefined): void {
    this.events.push(failure === undefined ? 'closed' : `closed ${failure.code}`);
    this.failure = failure;
    this.isClosed = true;
    this.onClosed?.();
  }
  get bytes(): Uint8Array {
    return Uint8Array.from(Buffer.concat(this.chunks));
  }
  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }
}

export function must<T extends object>(value: T | Failure): T {
  if ('code' in value && 'cause' in value) throw new Error(`${value.code}: ${value.cause}`);
  return value as T;
}

/** `b` listens at `port`; each accepted connection gets the owner that `make` returns. */
export function serve(
  end: End,
  port: number,
  make: () => Owner,
  options: Partial<ListenOptions> = {},
): TcpListener {
  return must(
    end.tcp.listen(end.family.any, port, {
      ...options,
      accept: (connection) => {
        const owner = make();
        owner.connection = connection;
        connection.handler = owner;
      },
    }),
  );
}

export function dial(
  end: End,
  remote: Address,
  port: number,
  owner: Owner = new Owner(),
  options?: ConnectionOptions,
): Owner {
  owner.connection = must(
    end.tcp.connect(remote, port, { handler: owner, ...(options !== undefined && { options }) }),
  );
  return owner;
}
