/** What loss recovery remembers of a connection that has begun to send. Fields; recovery.ts says what they do. */
import type { Delivery } from './delivery.ts';
import type { Prr } from './prr.ts';
import { Rack } from './rack.ts';
import { Statistics } from './statistics.ts';
import type { Undo } from './undo.ts';

/** In 'fast' recovery SACKs or duplicate ACKs have shown a loss, in 'timeout' the retransmission timer has. */
export type Phase = 'none' | 'fast' | 'timeout';

export class Recovery {
  phase: Phase = 'none';
  /** RecoveryPoint (RFC 6675), recover (RFC 6582): SND.NXT when the recovery began. */
  point: number;
  dupAcks = 0;
  /** Bytes that duplicate ACKs say have left the network, for a peer without SACK. */
  left = 0;
  readonly rack: Rack = new Rack();
  readonly statistics: Statistics = new Statistics();
  prr: Prr | undefined;
  undo: Undo | undefined;
  /** SND.NXT when the recovery ended: D-SACKs that come behind it are none of its. */
  undoEnd = 0;
  /** F-RTO (RFC 5682): 'first' before the first ACK after a timeout, 'new' while new data is the touchstone. */
  frto: 'off' | 'first' | 'new' = 'off';
  /** A tail loss probe (RFC 8985 §7) is out: SND.NXT behind it, and whether it was something sent again. */
  isProbing = false;
  probeEnd = 0;
  isProbeRepeat = false;
  /** µs: since when what the probe asks after had been waiting. */
  probedSince = 0;
  /** µs: when the retransmission timer, the probe timer and the reordering timer expire; 0 for the latter: not armed. */
  timeoutAt = 0;
  probeAt = 0;
  reorderAt = 0;
  /** New data was sent or acknowledged since the timer was set: the probe timer starts anew. */
  hasMoved = false;

  constructor(sndUna: number) {
    this.point = (sndUna - 1) | 0;
  }

  /** What every ACK tells, whether there is something to recover or not; `isMarked`: it says ECE. */
  note(delivery: Delivery, mss: number, isMarked: boolean, minRttWindow: number): void {
    this.statistics.acknowledged(delivery, mss, isMarked);
    if (delivery.rtt >= 0) this.rack.measured(delivery.rtt, delivery.now, minRttWindow);
  }
}
