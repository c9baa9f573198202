/** struct tcp_info of Linux (include/uapi/linux/tcp.h), as bytes. */
import type { Names } from '../expression.ts';
import { CONSTANTS } from '../info.ts';

export const TCP_INFO_BYTES = 256;

/** Offsets of the fields of 32 bits. */
const WORDS: Readonly<Record<string, number>> = {
  rto: 8,
  ato: 12,
  snd_mss: 16,
  rcv_mss: 20,
  unacked: 24,
  sacked: 28,
  lost: 32,
  retrans: 36,
  fackets: 40,
  last_data_sent: 44,
  last_data_recv: 52,
  last_ack_recv: 56,
  pmtu: 60,
  rcv_ssthresh: 64,
  rtt: 68,
  rttvar: 72,
  snd_ssthresh: 76,
  snd_cwnd: 80,
  advmss: 84,
  reordering: 88,
  rcv_rtt: 92,
  rcv_space: 96,
  total_retrans: 100,
  segs_out: 136,
  segs_in: 140,
  notsent_bytes: 144,
  min_rtt: 148,
  data_segs_in: 152,
  data_segs_out: 156,
  delivered: 192,
  delivered_ce: 196,
  dsack_dups: 216,
  reord_seen: 220,
  rcv_ooopack: 224,
  snd_wnd: 228,
  rcv_wnd: 232,
};

/** And of 64 bits. */
const LONG_WORDS: Readonly<Record<string, number>> = {
  pacing_rate: 104,
  max_pacing_rate: 112,
  bytes_acked: 120,
  bytes_received: 128,
  delivery_rate: 160,
  busy_time: 168,
  rwnd_limited: 176,
  sndbuf_limited: 184,
  bytes_sent: 200,
  bytes_retrans: 208,
};

const BYTES: Readonly<Record<string, number>> = {
  state: 0,
  ca_state: 1,
  retransmits: 2,
  probes: 3,
  backoff: 4,
  options: 5,
};

export function kernelInfo(bytes: Uint8Array): Names {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return (name) => {
    if (Object.hasOwn(CONSTANTS, name)) return CONSTANTS[name];
    const field = name.replace(/^tcpi_/, '');
    if (field === 'snd_wscale') return bytes[6]! & 15;
    if (field === 'rcv_wscale') return bytes[6]! >> 4;
    if (Object.hasOwn(BYTES, field)) return bytes[BYTES[field]!];
    if (Object.hasOwn(WORDS, field)) return view.getUint32(WORDS[field]!, true);
    if (Object.hasOwn(LONG_WORDS, field)) return Number(view.getBigUint64(LONG_WORDS[field]!, true));
    return undefined;
  };
}
