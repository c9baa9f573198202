/** The listeners of a stack, by port: RFC 9293 §3.10.1. */
import type { Address } from '../address/address.ts';
import type { Listener } from './listen.ts';

export class Listeners {
  /** Keys are the ports that programs listen on. */
  readonly #byPort = new Map<number, readonly Listener[]>();

  has(port: number): boolean {
    return this.#byPort.has(port);
  }

  /** The unspecified address stands for all of them, so it and a single one exclude each other. */
  isTaken(address: Address, port: number): boolean {
    const others = this.#byPort.get(port) ?? [];
    return others.some((o) => o.address.isUnspecified || address.isUnspecified || o.address.equals(address));
  }

  find(address: Address, port: number): Listener | undefined {
    return this.#byPort.get(port)?.find((l) => l.address.isUnspecified || l.address.equals(address));
  }

  add(listener: Listener): void {
    this.#byPort.set(listener.port, [...(this.#byPort.get(listener.port) ?? []), listener]);
  }

  remove(listener: Listener): void {
    const left = (this.#byPort.get(listener.port) ?? []).filter((other) => other !== listener);
    if (left.length > 0) this.#byPort.set(listener.port, left);
    else this.#byPort.delete(listener.port);
  }

  *all(): Generator<Listener> {
    for (const listeners of this.#byPort.values()) yield* listeners;
  }

  /** Connections in SYN-RECEIVED. */
  get halfOpen(): number {
    let sum = 0;
    for (const { halfOpen } of this.all()) sum += halfOpen;
    return sum;
  }
}
