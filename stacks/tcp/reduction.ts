import type { Congestion } from './congestion/congestion.ts';
import type { Tcb } from './tcb.ts';

/**
 * The bytes of which a loss leaves a part, RFC 5681 equation (4), RFC 9438 §4.6: those in flight, but for what limited
 * transmit has sent beyond the window (RFC 5681 §3.2 step 2); or the window, whether it was full or not.
 */
export function reducible(tcb: Tcb, { cwnd }: Congestion, advanced = 0): number {
  return tcb.host.settings.reduces === 'window' ? cwnd : Math.min(tcb.flight + advanced, cwnd);
}

/** The network is full, yet nothing is to be recovered: the window falls at once, and no loss of before is undone past it. */
export function reduce(tcb: Tcb, congestion: Congestion): void {
  congestion.loss(reducible(tcb, congestion), tcb.mss);
  congestion.cwnd = congestion.ssthresh;
  tcb.recovery!.undo = undefined;
}
