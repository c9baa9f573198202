/** ICMP errors for a connection: RFC 9293 §3.9.2.2, RFC 5927 (what to believe), RFC 1191 and RFC 8201 (path MTU). */
import type { ErrorCode, Failure, NetworkError } from '../address/network.ts';
import { HEADER } from '../wire/tcp.ts';
import { drop } from './closing.ts';
import { output } from './output.ts';
import { startOver } from './recovery.ts';
import type { Tcb } from './tcb.ts';
import { pathMss, updateMss } from './transmit.ts';

interface Rule {
  readonly code: ErrorCode;
  /** Does it end a connection that is only being opened? `soft`: only as RFC 5461 §4 has it. */
  readonly refuses: boolean | 'soft';
}

const RULES: Record<Exclude<NetworkError['kind'], 'too-big'>, Rule> = {
  'network-unreachable': { code: 'ENETUNREACH', refuses: 'soft' },
  'host-unreachable': { code: 'EHOSTUNREACH', refuses: 'soft' },
  'protocol-unreachable': { code: 'ECONNREFUSED', refuses: true },
  'port-unreachable': { code: 'ECONNREFUSED', refuses: true },
  prohibited: { code: 'EHOSTUNREACH', refuses: true },
  'time-exceeded': { code: 'EHOSTUNREACH', refuses: false },
  'parameter-problem': { code: 'EPROTO', refuses: false },
  'unknown-error': { code: 'EPROTO', refuses: false },
};

/** False when the quoted segment is not in flight: then a stranger may have made it up (RFC 5927 §4.1). */
export function networkError(tcb: Tcb, error: NetworkError): boolean {
  const offset = (error.sequence - tcb.sndUna) | 0;
  if (offset < 0 || ((error.sequence - tcb.sndMax) | 0) >= 0) return false;
  if (error.kind === 'too-big') {
    tooBig(tcb, error.mtu);
    return true;
  }
  const { code, refuses } = RULES[error.kind];
  const failure: Failure = { code, cause: `ICMP ${error.kind} from ${error.reporter}` };
  // In the synchronised states every one of them is soft (RFC 5927 §5.2): the timeout will name it.
  if (tcb.state === 'SYN-SENT' && (refuses === 'soft' ? endsConnect(tcb, error) : refuses))
    drop(tcb, failure);
  else tcb.softError = failure;
  return true;
}

/** RFC 9293 §3.9.2.2: a soft error must not; what this host itself cannot send is no error of the network. */
function endsConnect(tcb: Tcb, { reporter, local }: NetworkError): boolean {
  const { settings, network } = tcb.host;
  return settings.softErrorsEndConnect || reporter === network.describe(local);
}

/** RFC 1191 §6.4: smaller segments, and those in flight again; the congestion window is not to blame. */
function tooBig(tcb: Tcb, mtu: number): void {
  const { family } = tcb.host.network;
  const path = pathMss(tcb);
  // A next MTU below what every link must carry is a forgery or a fault (RFC 8201 §4, RFC 1191 §7.1 for zero).
  const told = mtu === 0 ? path : Math.max(mtu, family.minimumMtu) - family.headerBytes - HEADER;
  const before = tcb.mss;
  updateMss(tcb, Math.min(path, told));
  if (tcb.mss >= before) {
    tcb.mss = before;
    return;
  }
  if (tcb.flight === 0 || tcb.state === 'SYN-SENT' || tcb.state === 'SYN-RECEIVED') return;
  startOver(tcb);
  output(tcb);
}
