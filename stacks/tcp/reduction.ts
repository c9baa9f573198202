import type { Congestion } from './congestion/congestion.ts';
import type { Tcb } from './tcb.ts';

/**
 * The bytes of which a loss leaves a part, RFC 5681 equation (4), RFC 9438 §4.6: those in flight, but for what limited
 * transmit has sent beyond the window (RFC 5681 §3.2 step 2); or the window, whether it was full or not.
 */
export function reducible(tcb: Tcb, { cwnd }: Congestion, advanced = 0): number {
  return tcb.host.settings.reduces === 'window' ? cwnd : Math.min(tcb.flight + advanced, cwnd);
}
