/** What `%{ }%` may ask: the tcp_info of Linux (include/uapi/linux/tcp.h), as far as this stack knows it. */
import type { TcpInfo, TcpState } from '../../stacks/tcp/api.ts';
import { DUP_THRESH } from '../../stacks/tcp/settings.ts';
import type { Names } from './expression.ts';

const STATES: Readonly<Record<TcpState, number>> = {
  ESTABLISHED: 1,
  'SYN-SENT': 2,
  'SYN-RECEIVED': 3,
  'FIN-WAIT-1': 4,
  'FIN-WAIT-2': 5,
  'TIME-WAIT': 6,
  CLOSED: 7,
  'CLOSE-WAIT': 8,
  'LAST-ACK': 9,
  LISTEN: 10,
  CLOSING: 11,
};

export const CONSTANTS: Readonly<Record<string, number>> = {
  TCP_ESTABLISHED: 1,
  TCP_SYN_SENT: 2,
  TCP_SYN_RECV: 3,
  TCP_FIN_WAIT1: 4,
  TCP_FIN_WAIT2: 5,
  TCP_TIME_WAIT: 6,
  TCP_CLOSE: 7,
  TCP_CLOSE_WAIT: 8,
  TCP_LAST_ACK: 9,
  TCP_LISTEN: 10,
  TCP_CLOSING: 11,
  TCP_CA_Open: 0,
  TCP_CA_Disorder: 1,
  TCP_CA_CWR: 2,
  TCP_CA_Recovery: 3,
  TCP_CA_Loss: 4,
  TCPI_OPT_TIMESTAMPS: 1,
  TCPI_OPT_SACK: 2,
  TCPI_OPT_WSCALE: 4,
  TCPI_OPT_ECN: 8,
  TCPI_OPT_ECN_SEEN: 16,
  TCPI_OPT_SYN_DATA: 32,
};

/** `ssthresh` before the first loss. */
const INFINITE_SSTHRESH = 0x7fffffff;
const UNSET = 0x3fffffff;

/** Linux counts the window in segments. */
const segments = (bytes: number, mss: number): number => Math.floor(bytes / Math.max(mss, 1));

const roundUp = (bytes: number, mss: number): number => Math.ceil(bytes / Math.max(mss, 1));

const CA_STATES: Readonly<Record<TcpInfo['recovery'], number>> = {
  open: 0,
  disorder: 1,
  recovery: 3,
  loss: 4,
};

const FIELDS: Readonly<Record<string, (info: TcpInfo) => number>> = {
  tcpi_state: (i) => STATES[i.state],
  tcpi_options: (i) =>
    (i.timestamps ? 1 : 0) |
    (i.sack ? 2 : 0) |
    (i.windowScaling ? 4 : 0) |
    (i.ecn ? 8 : 0) |
    (i.ecnSeen ? 16 : 0),
  tcpi_snd_wscale: (i) => i.sendWindowScale,
  tcpi_rcv_wscale: (i) => i.receiveWindowScale,
  tcpi_rto: (i) => i.rto,
  tcpi_snd_mss: (i) => i.mss,
  tcpi_rtt: (i) => i.srtt,
  tcpi_rttvar: (i) => i.rttvar,
  tcpi_snd_ssthresh: (i) => (i.ssthresh >= UNSET ? INFINITE_SSTHRESH : segments(i.ssthresh, i.mss)),
  tcpi_snd_cwnd: (i) => segments(i.cwnd, i.mss),
  tcpi_unacked: (i) => roundUp((i.sndNxt - i.sndUna) | 0, i.mss),
  tcpi_ca_state: (i) => CA_STATES[i.recovery],
  tcpi_sacked: (i) => roundUp(i.sacked, i.mss),
  // Linux counts as lost what was sent again as well, until it has arrived.
  tcpi_lost: (i) => roundUp(i.lost + (i.recovery === 'open' ? 0 : i.retransmitted), i.mss),
  tcpi_retrans: (i) => roundUp(i.retransmitted, i.mss),
  tcpi_min_rtt: (i) => (i.minRtt === 0 ? 0xffff_ffff : i.minRtt),
  tcpi_backoff: (i) => i.timeouts,
  tcpi_retransmits: (i) => i.timeouts,
  tcpi_total_retrans: (i) => i.retransmits,
  tcpi_probes: (i) => i.probes,
  // Linux takes the timestamps, which every segment carries, off it.
  tcpi_advmss: (i) => i.advertisedMss - (i.timestamps ? 12 : 0),
  tcpi_pmtu: (i) => i.pathMtu,
  tcpi_delivered: (i) => i.delivered,
  tcpi_delivered_ce: (i) => i.deliveredCe,
  tcpi_dsack_dups: (i) => i.duplicates,
  tcpi_reord_seen: (i) => i.reorderings,
  tcpi_reordering: (i) => Math.max(roundUp(i.reorderedBy, i.mss), DUP_THRESH),
  tcpi_rcv_ooopack: (i) => i.outOfOrder,
  tcpi_busy_time: (i) => i.busyTime,
  tcpi_rwnd_limited: (i) => i.receiverLimitedTime,
  tcpi_sndbuf_limited: (i) => i.sendBufferLimitedTime,
  // Linux counts what was sent again as sent again.
  tcpi_bytes_sent: (i) => i.bytesSent + i.bytesRetransmitted,
  tcpi_bytes_acked: (i) => i.bytesAcknowledged,
  tcpi_bytes_retrans: (i) => i.bytesRetransmitted,
  tcpi_notsent_bytes: (i) => i.bytesNotSent,
  tcpi_bytes_received: (i) => i.bytesReceived,
  tcpi_snd_wnd: (i) => i.sndWnd,
  tcpi_rcv_wnd: (i) => i.rcvWnd,
};

export function infoNames(info: TcpInfo | undefined): Names {
  return (name) => {
    if (Object.hasOwn(CONSTANTS, name)) return CONSTANTS[name];
    if (info === undefined || !Object.hasOwn(FIELDS, name)) return undefined;
    return FIELDS[name]!(info);
  };
}
