import type { Clock } from '../time/clock.ts';
import type { Packet } from './packet.ts';
import type { PacketPool } from './pool.ts';
import type { DropReason, Verdict } from './verdict.ts';

/** Randomness comes in: seeded in a lab, the operating system's when live. */
export interface Random {
  /** 32 random bits as an unsigned integer. */
  u32(): number;
}

/** Sees every packet once where it ends and once on every link it crosses. It must not keep or change the packet. */
export interface Trace {
  verdict(place: string, verdict: Verdict, reason: DropReason | undefined, packet: Packet): void;
  /** A frame (`ethernet`) or a bare IP packet (`ip`) on a link, as it leaves the sender or arrives from outside. */
  frame(link: string, medium: 'ethernet' | 'ip', packet: Packet): void;
}

/** All that a stack or a device gets from outside. One lab has one. */
export interface Environment {
  readonly clock: Clock;
  readonly random: Random;
  readonly pool: PacketPool;
  readonly trace: Trace | undefined;
}
