import type { Address } from '../address/address.ts';
import type { Packet } from '../packet/packet.ts';
import type { Timer } from '../time/clock.ts';
import type { FrameHeader } from '../wire/ethernet.ts';

/** What `show neighbours` tells. */
export interface Neighbour {
  readonly address: Address;
  readonly interfaceIndex: number;
  readonly mac: Uint8Array | undefined;
  readonly state: 'incomplete' | 'reachable' | 'stale' | 'delay' | 'probe' | 'failed';
  readonly isRouter: boolean;
}

/** One entry as the cache keeps it: RFC 4861 §5.1, §7.3.2. */
export class NeighbourEntry {
  readonly address: Address;
  readonly interfaceIndex: number;
  state: Neighbour['state'] = 'incomplete';
  mac: Uint8Array | undefined;
  /** Made from `mac` by whoever sends frames there; gone when `mac` changes. */
  header: FrameHeader | undefined;
  isRouter = false;
  /** µs: the end of `reachable` or of `failed`. */
  until = 0;
  /** µs: until then packets may go there with nothing else to do. `until` while `reachable`, else 0. */
  readyUntil = 0;
  /** Solicitations sent in this state. */
  solicits = 0;
  queue: Packet[] = [];
  /** Used since the eviction hand passed. */
  used = true;
  /** Place in the eviction ring. */
  slot = 0;
  readonly retransmit: Timer;
  readonly delay: Timer;

  constructor(address: Address, interfaceIndex: number, retransmit: Timer, delay: Timer) {
    this.address = address;
    this.interfaceIndex = interfaceIndex;
    this.retransmit = retransmit;
    this.delay = delay;
  }

  /** Keeps a copy. */
  setMac(mac: Uint8Array): void {
    this.mac = mac.slice();
    this.header = undefined;
  }

  /** `until`, in µs, goes with `reachable` and `failed`. */
  become(state: Neighbour['state'], until = 0): void {
    this.state = state;
    this.until = until;
    this.readyUntil = state === 'reachable' ? until : 0;
  }

  isAt(address: Address, interfaceIndex: number): boolean {
    const own = this.address;
    return (
      own.w3 === address.w3 &&
      own.w2 === address.w2 &&
      own.w1 === address.w1 &&
      own.w0 === address.w0 &&
      this.interfaceIndex === interfaceIndex
    );
  }
}
