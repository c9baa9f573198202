/** The ends of a connection: RFC 9293 §3.6, §3.10.5 (ABORT), TIME-WAIT. */
import type { Failure } from '../address/network.ts';
import { CLOSED, peerName, type Tcb } from './tcb.ts';
import { armIdle, disarmAll } from './timers.ts';
import { sendReset } from './transmit.ts';

/** The connection ceases to be. With a failure what was received and not read is lost (RFC 9293 §3.10.7.4). */
export function drop(tcb: Tcb, failure: Failure | undefined): void {
  if (failure !== undefined) tcb.abandonReceived();
  tcb.state = 'CLOSED';
  finish(tcb, failure);
  tcb.host.remove(tcb);
}

/** RST to the peer, when it knows of the connection, and the end. */
export function abort(tcb: Tcb, failure: Failure | undefined): void {
  switch (tcb.state) {
    case 'SYN-RECEIVED':
    case 'ESTABLISHED':
    case 'FIN-WAIT-1':
    case 'FIN-WAIT-2':
    case 'CLOSE-WAIT':
      sendReset(tcb);
      break;
    default: // RFC 9293 §3.10.5: the others have nothing to reset
  }
  tcb.abandonReceived();
  drop(tcb, failure);
}

/** Both FINs are acknowledged; the record waits for 2 MSL, its owner is free. */
export function enterTimeWait(tcb: Tcb): void {
  tcb.state = 'TIME-WAIT';
  finish(tcb, undefined);
  tcb.host.waitTime(tcb);
}

/** FIN-WAIT-2 has no timer in the RFC, but nobody is left to wait for a peer that never closes. */
export function enterFinWait2(tcb: Tcb): void {
  tcb.state = 'FIN-WAIT-2';
  if (tcb.orphan) armIdle(tcb, 'fin-wait-2', finWait2(tcb));
}

export function finWait2(tcb: Tcb): number {
  return tcb.options?.lingerTimeout ?? tcb.host.settings.finWait2;
}

function finish(tcb: Tcb, failure: Failure | undefined): void {
  disarmAll(tcb);
  tcb.failure = failure;
  tcb.sendQueue?.drop(tcb.sendQueue.length);
  tcb.sendQueue = undefined;
  tcb.forgetFlight();
  tcb.congestion = tcb.congestionName = tcb.recovery = undefined;
  tcb.host.notify(tcb, CLOSED);
}

/** R2 is reached (RFC 9293 §3.8.3). `what` names what went unanswered; a soft error of before says why (§3.9.2.2). */
export function timedOut(tcb: Tcb, what: string): Failure {
  const { softError } = tcb;
  const cause = `${peerName(tcb)} did not answer ${what}`;
  if (softError === undefined) return { code: 'ETIMEDOUT', cause };
  return { code: softError.code, cause: `${cause}; last heard of: ${softError.cause}` };
}
