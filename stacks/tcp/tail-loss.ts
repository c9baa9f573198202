/**
 * Tail loss probe, RFC 8985 §7: when the last segments of a flight are lost nobody reports it. Two round trips after
 * the last sign of life a probe asks for an ACK, whose SACKs let RACK find the loss long before the timeout.
 */
import { MILLISECOND, SECOND } from '../time/clock.ts';
import { reduce } from './reduction.ts';
import type { Tcb } from './tcb.ts';

/** TLP.max_ack_delay: how long a peer may hold back the ACK of a single segment. */
const MAX_ACK_DELAY = 200 * MILLISECOND;
/** Probes on a path of microseconds would meet the scheduling of both ends, and a peer that is only busy. */
const GRANULARITY = 2 * MILLISECOND;

/** TLP_calc_PTO(), §7.2: after which µs to probe; 0 for not at all. */
export function probeTimeout(tcb: Tcb): number {
  const { log, recovery, srtt } = tcb;
  if (!tcb.sack || !tcb.host.settings.tailLossProbe || log === undefined || recovery === undefined) return 0;
  if (recovery.phase !== 'none' || recovery.isProbing || log.sackedBytes > 0) return 0;
  if (srtt === 0) return SECOND;
  return 2 * srtt + (tcb.flight <= tcb.mss ? MAX_ACK_DELAY : GRANULARITY);
}

/** TLP_process_ack(), §7.4.2. */
export function probeAcknowledged(tcb: Tcb, isPlain: boolean): void {
  const recovery = tcb.recovery!;
  const { delivery } = tcb.host;
  const beyond = (tcb.sndUna - recovery.probeEnd) | 0;
  if (beyond < 0) return;
  const arrivedTwice = delivery.isDuplicate && delivery.duplicateEnd === recovery.probeEnd;
  if (recovery.isProbeRepeat && !arrivedTwice) {
    if (beyond === 0) {
      if (isPlain) recovery.isProbing = false; // the original has arrived as well
      return;
    }
    // Later data is acknowledged and no duplicate was reported: the probe has mended a loss.
    reduce(tcb, tcb.congestion!);
  }
  recovery.isProbing = false;
}
