/** Connections by four-tuple: buckets under a keyed hash, chained through the records themselves, so nothing is boxed. */
import type { Address } from '../address/address.ts';
import type { Random } from '../packet/environment.ts';
import { KeyedHash } from '../packet/keyed-hash.ts';
import { hashTuple } from './isn.ts';
import type { Tcb } from './tcb.ts';

export class ConnectionTable {
  size = 0;
  readonly #hash: KeyedHash;
  #buckets: (Tcb | undefined)[] = new Array(64).fill(undefined);
  /** Segments come in trains: the connection found last is the likeliest. */
  #last: Tcb | undefined;

  constructor(random: Random) {
    this.#hash = new KeyedHash(random.u32(), random.u32());
  }

  find(local: Address, localPort: number, remote: Address, remotePort: number): Tcb | undefined {
    const last = this.#last;
    if (last !== undefined && matches(last, local, localPort, remote, remotePort)) return last;
    const hash = hashTuple(this.#hash, local, localPort, remote, remotePort);
    let tcb = this.#buckets[hash & (this.#buckets.length - 1)];
    while (tcb !== undefined) {
      if (tcb.hash === hash && matches(tcb, local, localPort, remote, remotePort)) {
        this.#last = tcb;
        return tcb;
      }
      tcb = tcb.chain;
    }
    return undefined;
  }

  /** The four-tuple is not in the table yet. */
  add(tcb: Tcb): void {
    if (this.size >= this.#buckets.length) this.#grow();
    tcb.hash = hashTuple(this.#hash, tcb.localAddress, tcb.localPort, tcb.remoteAddress, tcb.remotePort);
    this.#link(tcb);
    this.size++;
  }

  /** False when it was not there. */
  remove(tcb: Tcb): boolean {
    if (this.#last === tcb) this.#last = undefined;
    const at = tcb.hash & (this.#buckets.length - 1);
    let before: Tcb | undefined;
    for (let each = this.#buckets[at]; each !== undefined; before = each, each = each.chain) {
      if (each !== tcb) continue;
      if (before === undefined) this.#buckets[at] = tcb.chain;
      else before.chain = tcb.chain;
      tcb.chain = undefined;
      this.size--;
      return true;
    }
    return false;
  }

  *[Symbol.iterator](): Generator<Tcb> {
    for (const head of this.#buckets) {
      for (let tcb = head; tcb !== undefined; tcb = tcb.chain) yield tcb;
    }
  }

  #link(tcb: Tcb): void {
    const at = tcb.hash & (this.#buckets.length - 1);
    tcb.chain = this.#buckets[at];
    this.#buckets[at] = tcb;
  }

  #grow(): void {
    const all = [...this];
    this.#buckets = new Array(this.#buckets.length * 2).fill(undefined);
    for (const tcb of all) this.#link(tcb);
  }
}

function matches(tcb: Tcb, local: Address, localPort: number, remote: Address, remotePort: number): boolean {
  return (
    tcb.remotePort === remotePort &&
    tcb.localPort === localPort &&
    tcb.remoteAddress.equals(remote) &&
    tcb.localAddress.equals(local)
  );
}
