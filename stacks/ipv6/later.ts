/**
 * Packets that must not be received inside the call that sent them: those to our own addresses, and those that a
 * device hands up while this stack is still busy. A timer with no delay delivers them after that call has returned.
 */
import type { Packet } from '../packet/packet.ts';
import type { Clock, Timer } from '../time/clock.ts';

/** 4,096 packets of the smallest slot are 8 MiB; a connection to oneself keeps far fewer in flight. */
const MAX_WAITING = 4_096;

export class Later {
  readonly #timer: Timer;
  readonly #receive: (packet: Packet, zone: number) => void;
  #packets: Packet[] = [];
  #zones: number[] = [];

  constructor(clock: Clock, receive: (packet: Packet, zone: number) => void) {
    this.#receive = receive;
    this.#timer = clock.timer(() => this.#deliver());
  }

  /** Takes ownership; false, and nothing taken, when too many wait. */
  push(packet: Packet, zone: number): boolean {
    if (this.#packets.length >= MAX_WAITING) return false;
    this.#packets.push(packet);
    this.#zones.push(zone);
    if (!this.#timer.armed) this.#timer.armIn(0);
    return true;
  }

  #deliver(): void {
    const packets = this.#packets;
    const zones = this.#zones;
    this.#packets = [];
    this.#zones = [];
    for (let i = 0; i < packets.length; i++) this.#receive(packets[i]!, zones[i]!);
  }
}
