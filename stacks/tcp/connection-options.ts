/**
 * What an owner sets for one connection, instead of the settings of all: kept only by a connection that has any, one
 * record for all that a listener brings forth.
 */
import type { OutputOptions } from '../address/network.ts';
import { ECN_MASK, ECT_0 } from '../wire/ecn.ts';
import { MINIMUM_MSS } from './settings.ts';

/** Every one is optional; undefined leaves, or gives back, what the settings say. 0 is no size, and as good as that. */
export interface ConnectionOptions {
  /**
   * µs that sent data, a window probe or a keep-alive probe may go unanswered, in place of the number of
   * retransmissions (RFC 9293 §3.8.3, RFC 5482 §3). 0: as if not set.
   */
  readonly userTimeout?: number | undefined;
  /** ENABLED of RFC 5482 §3.1: the user timeout option is sent, and that of the peer is taken. Off by default. */
  readonly userTimeoutOption?: boolean | undefined;
  /** ADV_UTO: µs that the peer is asked to wait for us; `userTimeout`, or else five minutes, when not set. */
  readonly advertisedUserTimeout?: number | undefined;
  /** CHANGEABLE: what the peer asks for counts. True unless `userTimeout` is set. */
  readonly userTimeoutChangeable?: boolean | undefined;
  /** Retransmissions of our SYN before the attempt is given up (R2 for a SYN, RFC 9293 §3.8.3). */
  readonly synCount?: number | undefined;
  /** Bytes of the largest segment that is offered and sent (RFC 9293 §3.7.1); it only lowers what the link allows. */
  readonly maxSegment?: number | undefined;
  /** Nothing but full segments, until it is taken off or the override timeout of RFC 9293 §3.8.6.2.1 has passed. */
  readonly cork?: boolean | undefined;
  /** `sendSpace` ends when this many bytes are queued and never sent. */
  readonly notsentLowat?: number | undefined;
  /** Bytes, from the first segment on and for good: it does not grow. Set before the SYN it bounds the window scale. */
  readonly receiveBuffer?: number | undefined;
  /** Bytes from which `sendSpace` counts down. */
  readonly sendBuffer?: number | undefined;
  /** µs in FIN-WAIT-2 once the owner has closed both directions; 0 does not wait at all. */
  readonly lingerTimeout?: number | undefined;
  /**
   * A bare ACK of our SYN-ACK is not taken until that was retransmitted so often: the listener hears of a connection
   * when its data comes.
   */
  readonly deferAccept?: number | undefined;
  /** TOS or traffic class; its low two bits belong to ECN (RFC 3168 §5). */
  readonly trafficClass?: number | undefined;
  /** TTL or hop limit. */
  readonly hopLimit?: number | undefined;
}

/** The same with what IP is told of each packet: plain ones, and new data of a connection with ECN. */
export interface Chosen extends ConnectionOptions {
  readonly plain: OutputOptions;
  readonly markable: OutputOptions;
}

/** RFC 7323 §2.3: the largest window there is, 1 GiB. */
const MAX_WINDOW = 0xffff << 14;

/** RFC 1191 §3, RFC 8201: TCP discovers the path MTU. */
export const PLAIN: OutputOptions = { dontFragment: true };
export const MARKABLE: OutputOptions = { dontFragment: true, trafficClass: ECT_0 };

/** `before` with what `options` names; what no header can say is brought into bounds. */
export function choose(before: ConnectionOptions | undefined, options: ConnectionOptions): Chosen {
  const both = { ...before, ...options };
  const { maxSegment, receiveBuffer, sendBuffer, notsentLowat, trafficClass = 0, hopLimit } = both;
  const codepoint = trafficClass & 0xff & ~ECN_MASK;
  const packet = { dontFragment: true, ...(hopLimit !== undefined && { hopLimit }) };
  return {
    ...both,
    maxSegment: maxSegment ? Math.max(maxSegment, MINIMUM_MSS) : undefined,
    receiveBuffer: receiveBuffer ? Math.min(Math.max(receiveBuffer, MINIMUM_MSS), MAX_WINDOW) : undefined,
    sendBuffer: sendBuffer || undefined,
    notsentLowat: notsentLowat || undefined,
    plain: { ...packet, trafficClass: codepoint },
    markable: { ...packet, trafficClass: codepoint | ECT_0 },
  };
}
