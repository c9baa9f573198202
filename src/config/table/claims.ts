/** EXPECT: what shall hold at its time. Each is an action of AT, judged by packets that the lab really carried. */
import { branch, choice, keyword, number, type Operand, optional, options, rest, token } from '../grammar.ts';
import type { ActionEntry } from './lab.ts';

/** What an application at the host is told; ETIMEDOUT also stands for silence until WITHIN has passed. */
export const ERRORS = [
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EACCES',
  'EMSGSIZE',
  'ETIMEDOUT',
] as const;

const port = token('port', 'port');
const probe = optional(branch('probe', { PING: [], TCP: [port], UDP: [port] }));
const within = { WITHIN: token('time', 'within') };
const requests: Record<string, Operand> = {
  COUNT: number('count', 1, 65535),
  SIZE: number('size', 0, 65507),
  INTERVAL: token('time', 'interval'),
};
const bounds: Record<string, Operand> = {
  MIN: number('min', 0, 0x7fffffff),
  MAX: number('max', 0, 0x7fffffff),
};
const like: Record<string, Operand> = {
  PROTOCOL: choice('protocol', 'IPV4', 'IPV6', 'TCP', 'UDP', 'ICMP', 'ICMPV6', 'ARP'),
  FROM: token('ip', 'from'),
  TO: token('ip', 'to'),
  PORT: number('port', 1, 65535),
  FLAGS: choice('flags', 'SYN', 'SYN-ACK', 'FIN', 'RST'),
  TYPE: number('type', 0, 255),
  CODE: number('code', 0, 255),
};

export const claims: readonly ActionEntry[] = [
  {
    name: 'EXPECT REACHABLE',
    ofStack: true,
    operands: [token('target', 'target'), probe, options(false, within)],
    help:
      'The target answers WITHIN the time (5S): echo requests, one a second, unless TCP (a connection opens) or UDP (a ' +
      'datagram is answered) is named.',
    example: 'AT 5S EXPECT REACHABLE VSEC01 TCP 80 WITHIN 1S',
  },
  {
    name: 'EXPECT UNREACHABLE',
    ofStack: true,
    operands: [
      token('target', 'target'),
      probe,
      options(false, { BY: choice('error', ...ERRORS), ...within }),
    ],
    help:
      'The target does not answer WITHIN the time (5S); BY says which error the application gets. ETIMEDOUT is also silence, ' +
      'ECONNREFUSED also an ICMP port unreachable.',
    example: 'AT 5S EXPECT UNREACHABLE VSEC01 TCP 81 BY ECONNREFUSED',
  },
  {
    name: 'EXPECT PATH',
    ofStack: true,
    operands: [token('target', 'target'), branch('way', { VIA: [rest('routers')], DIRECT: [] })],
    help:
      'An echo request to the target is forwarded by these stacks and no others, in this order, and arrives; DIRECT: by ' +
      'none. Stacks are named by job or id.',
    example: 'AT 5S EXPECT PATH 9.152.84.1 VIA EDGE 12',
  },
  {
    name: 'EXPECT LATENCY',
    ofStack: true,
    operands: [
      token('target', 'target'),
      keyword('MAX'),
      token('time', 'max'),
      options(false, { MIN: token('time', 'min'), ...requests }),
    ],
    help:
      'The round trips of COUNT echo requests (10), one every INTERVAL (100MS), with SIZE bytes of data (56), take at most ' +
      'MAX and at least MIN each; those without an answer do not count. The first may have to wait for neighbour resolution.',
    example: 'AT 5S EXPECT LATENCY VSEC01 MAX 25MS MIN 20MS',
  },
  {
    name: 'EXPECT LOSS',
    ofStack: true,
    operands: [
      token('target', 'target'),
      keyword('MAX'),
      token('percent', 'max'),
      options(false, { MIN: token('percent', 'min'), ...requests }),
    ],
    help: 'At most MAX and at least MIN percent of COUNT echo requests (10) stay without an answer for 5 seconds.',
    example: 'AT 5S EXPECT LOSS VSEC01 MAX 1 COUNT 200 INTERVAL 10MS',
  },
  {
    name: 'EXPECT GOODPUT',
    ofStack: true,
    operands: [
      token('target', 'target'),
      port,
      keyword('MIN'),
      token('rate', 'min'),
      options(false, { MAX: token('rate', 'max'), FOR: token('time', 'for') }),
    ],
    help:
      'The bits of data a second that come over a TCP connection FOR the time (2S), or until the other side ends it: from a ' +
      'service that sends by itself, such as SOURCE.',
    example: 'AT 5S EXPECT GOODPUT VSEC01 19 MIN 5M',
  },
  {
    name: 'EXPECT CONVERGES',
    ofStack: true,
    operands: [token('target', 'target'), keyword('WITHIN'), token('time', 'within')],
    help:
      'Of echo requests sent every 100MS, each one that is sent in the second after WITHIN is answered, whatever becomes of ' +
      'those before.',
    example: 'AT 5S EXPECT CONVERGES VSEC01 WITHIN 3S',
  },
  {
    name: 'EXPECT PACKET',
    ofStack: false,
    operands: [token('label', 'segment'), options(false, { ...like, ...bounds, ...within })],
    help:
      'At least MIN (1) and at most MAX packets of this kind are sent on the segment WITHIN the time (5S), whether or not it ' +
      'loses them. PORT is that of either side; TYPE and CODE are those of ICMP; the SYN of a SYN-ACK does not count as SYN.',
    example: 'AT 5S EXPECT PACKET LAN PROTOCOL TCP PORT 80 FLAGS SYN MAX 3 WITHIN 10S',
  },
  {
    name: 'EXPECT NO-PACKET',
    ofStack: false,
    operands: [token('label', 'segment'), options(false, { ...like, ...within })],
    help: 'No packet of this kind is sent on the segment WITHIN the time (5S), while others are: a silent segment proves nothing.',
    example: 'AT 0S EXPECT NO-PACKET LAN PROTOCOL ICMP TYPE 3 CODE 4 WITHIN 30S',
  },
  {
    name: 'EXPECT DROP',
    ofStack: true,
    operands: [token('word', 'reason'), options(false, { ...bounds, ...within })],
    help:
      'WITHIN the time (5S) the stack drops at least MIN packets for this reason (1, or 0 when there is a MAX) and at most ' +
      'MAX; the reasons are those that twinstack show counters prints.',
    example: 'AT 5S EXPECT DROP hop-limit MIN 1',
  },
];
