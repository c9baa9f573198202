/** What a `net.Socket` tells of itself: its state and the two ends of its connection. */
import { Duplex } from 'node:stream';
import type { Attachment } from './attachment.ts';

export interface SocketAddress {
  readonly address: string;
  readonly family: 'IPv4' | 'IPv6';
  readonly port: number;
}

/** The connection once the application knows of it, even when it is gone. */
export const ATTACHED = Symbol('attached');

export abstract class SocketFacts extends Duplex {
  abstract get [ATTACHED](): Attachment | undefined;
  abstract get connecting(): boolean;

  get pending(): boolean {
    return this[ATTACHED]?.open === undefined;
  }

  get readyState(): 'opening' | 'open' | 'readOnly' | 'writeOnly' | 'closed' {
    if (this.connecting) return 'opening';
    if (this.readable && this.writable) return 'open';
    if (this.readable) return 'readOnly';
    return this.writable ? 'writeOnly' : 'closed';
  }

  get bufferSize(): number {
    return this.writableLength;
  }

  /** The IPv4 form for IPv4 peers, never `::ffff:`. */
  get remoteAddress(): string | undefined {
    const attached = this[ATTACHED];
    return attached?.network.describe(attached.connection.remoteAddress);
  }

  get remotePort(): number | undefined {
    return this[ATTACHED]?.connection.remotePort;
  }

  get remoteFamily(): 'IPv4' | 'IPv6' | undefined {
    return this[ATTACHED]?.network.family.name;
  }

  get localAddress(): string | undefined {
    const attached = this[ATTACHED];
    return attached?.network.describe(attached.connection.localAddress);
  }

  get localPort(): number | undefined {
    return this[ATTACHED]?.connection.localPort;
  }

  get localFamily(): 'IPv4' | 'IPv6' | undefined {
    return this.remoteFamily;
  }

  /** Our side; empty when not connected. */
  address(): SocketAddress | Record<string, never> {
    if (this[ATTACHED] === undefined) return {};
    return { address: this.localAddress!, family: this.localFamily!, port: this.localPort! };
  }

  /** The lab, not a socket, keeps the process alive; both are here for programs that call them. */
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}
