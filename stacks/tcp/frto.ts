/**
 * F-RTO, RFC 5682 §3.1 (with SACK) and §2.1: was the timeout too early? If so, something sent before it and not again
 * is about to be acknowledged; the first ACK is therefore answered by new data, where there is some.
 */
import type { Tcb } from './tcb.ts';

/** True when it was. */
export function isOriginal(tcb: Tcb, advanced: number, isDuplicate: boolean): boolean {
  const recovery = tcb.recovery!;
  const { delivery } = tcb.host;
  // Step (3b). Without SACK an ACK of several segments says nothing of when each of them arrived.
  const hasOriginal = delivery.oldest >= 0 && ((delivery.lowestStart - recovery.point) | 0) < 0;
  if (hasOriginal && (tcb.sack || !delivery.isRepeated)) return true;
  if (isDuplicate) {
    recovery.frto = 'off'; // (2a), (3a): the loss was real
  } else if (recovery.frto === 'first' && advanced > 0) {
    recovery.frto = 'new'; // (2b): output() sends what is new and, if there is any, nothing again until the next ACK
    recovery.point = tcb.sndNxt;
  }
  return false;
}
