/** Socket options by name, level and number, from the headers of Linux. */
import { numberOf } from './arguments.ts';
import { nearest } from './names.ts';
import type { Call } from './syntax.ts';
import { NotSupported } from './world.ts';

export const OPTIONS: Readonly<Record<string, readonly [level: number, number: number]>> = {
  SO_DEBUG: [1, 1],
  SO_REUSEADDR: [1, 2],
  SO_TYPE: [1, 3],
  SO_ERROR: [1, 4],
  SO_SNDBUF: [1, 7],
  SO_RCVBUF: [1, 8],
  SO_KEEPALIVE: [1, 9],
  SO_OOBINLINE: [1, 10],
  SO_PRIORITY: [1, 12],
  SO_LINGER: [1, 13],
  SO_REUSEPORT: [1, 15],
  SO_RCVLOWAT: [1, 18],
  SO_RCVTIMEO: [1, 20],
  SO_SNDTIMEO: [1, 21],
  SO_BINDTODEVICE: [1, 25],
  SO_TIMESTAMP: [1, 29],
  SO_ACCEPTCONN: [1, 30],
  SO_SNDBUFFORCE: [1, 32],
  SO_RCVBUFFORCE: [1, 33],
  SO_MARK: [1, 36],
  SO_TIMESTAMPING: [1, 37],
  SO_PROTOCOL: [1, 38],
  SO_DOMAIN: [1, 39],
  SO_BUSY_POLL: [1, 46],
  SO_MAX_PACING_RATE: [1, 47],
  SO_ZEROCOPY: [1, 60],
  SO_TXTIME: [1, 61],
  IP_TOS: [0, 1],
  IP_TTL: [0, 2],
  IP_MTU_DISCOVER: [0, 10],
  IP_RECVERR: [0, 11],
  IP_RECVTTL: [0, 12],
  IP_RECVTOS: [0, 13],
  IP_MTU: [0, 14],
  IPV6_UNICAST_HOPS: [41, 16],
  IPV6_MTU_DISCOVER: [41, 23],
  IPV6_MTU: [41, 24],
  IPV6_RECVERR: [41, 25],
  IPV6_V6ONLY: [41, 26],
  IPV6_FLOWLABEL_MGR: [41, 32],
  IPV6_TCLASS: [41, 67],
  TCP_NODELAY: [6, 1],
  TCP_MAXSEG: [6, 2],
  TCP_CORK: [6, 3],
  TCP_KEEPIDLE: [6, 4],
  TCP_KEEPINTVL: [6, 5],
  TCP_KEEPCNT: [6, 6],
  TCP_SYNCNT: [6, 7],
  TCP_LINGER2: [6, 8],
  TCP_DEFER_ACCEPT: [6, 9],
  TCP_WINDOW_CLAMP: [6, 10],
  TCP_INFO: [6, 11],
  TCP_QUICKACK: [6, 12],
  TCP_CONGESTION: [6, 13],
  TCP_MD5SIG: [6, 14],
  TCP_THIN_LINEAR_TIMEOUTS: [6, 16],
  TCP_THIN_DUPACK: [6, 17],
  TCP_USER_TIMEOUT: [6, 18],
  TCP_REPAIR: [6, 19],
  TCP_REPAIR_QUEUE: [6, 20],
  TCP_QUEUE_SEQ: [6, 21],
  TCP_REPAIR_OPTIONS: [6, 22],
  TCP_FASTOPEN: [6, 23],
  TCP_TIMESTAMP: [6, 24],
  TCP_NOTSENT_LOWAT: [6, 25],
  TCP_CC_INFO: [6, 26],
  TCP_SAVE_SYN: [6, 27],
  TCP_SAVED_SYN: [6, 28],
  TCP_FASTOPEN_CONNECT: [6, 30],
  TCP_ULP: [6, 31],
  TCP_MD5SIG_EXT: [6, 32],
  TCP_FASTOPEN_KEY: [6, 33],
  TCP_FASTOPEN_NO_COOKIE: [6, 34],
  TCP_ZEROCOPY_RECEIVE: [6, 35],
  TCP_INQ: [6, 36],
  TCP_TX_DELAY: [6, 37],
  TCP_AO_ADD_KEY: [6, 38],
  TCP_RTO_MAX_MS: [6, 44],
  TCP_RTO_MIN_US: [6, 45],
  TCP_DELACK_MAX_US: [6, 46],
};

/** Those of other systems and of other transports, which a script may well name. */
const ELSEWHERE =
  /^(?:SCTP|MPTCP|UDP|UDPLITE|TLS|IPV6|IP|MCAST|SO_(?:ATTACH|DETACH|TIMESTAMP|INCOMING|PEER|COOKIE|MEMINFO|BINDTOIFINDEX|LOCK|NO_?|USELOOPBACK|SETFIB|RERROR|TS_CLOCK|RESERVE|PREFER|CNX|RXQ|GET|SELECT|WIFI|PASS|NETNS|BUF|RCVMARK|RCVPRIORITY|DEVMEM|ACCEPTFILTER|PROTOTYPE|LABEL|LISTEN)|TCP_(?:UTO|FUNCTION|LOG|PERF|NOPUSH|NOOPT|CCALGOOPT|DELACK|RACK|BBR|REMOTE_UDP|MAXUNACKTIME|KEEPINIT|PCAP|FAST_RSM|STATS|IDLE|USE_CMP|HDWR|DEFER|PACING|PROC|TIMELY|SACK|RXTLS|TXTLS|NOTIFY|CONNECTION_INFO|ENABLE_ECN|ECN|SENDMOREACKS|RXT|ADAPTIVE|DATA_|POLICY|SHARED|IS_MPTCP|BPF|AO_|REUSPORT|SYSCTL|ABORT))/;

/** The name of the option that a call is about; given by number, or misspelt, it is found out here. */
export function optionName(call: Call): string {
  const value = call.arguments[2];
  if (value?.kind === 'number') {
    const level = numberOf(call, 1);
    const found = Object.entries(OPTIONS).find(([, [l, n]]) => l === level && n === value.value);
    if (found === undefined)
      throw new NotSupported(`${call.name} of option ${value.value} of level ${level}`);
    return found[0];
  }
  if (value?.kind !== 'names') throw new NotSupported(`${call.name} of an option without a name`);
  return value.names[0]!;
}

/** Why no option is named so; undefined for one that is, here or elsewhere. */
export function unknownOption(name: string): string | undefined {
  if (Object.hasOwn(OPTIONS, name) || ELSEWHERE.test(name)) return undefined;
  const meant = nearest(name, Object.keys(OPTIONS));
  return meant === undefined ? undefined : `no socket option is named ${name}; ${meant} is`;
}
