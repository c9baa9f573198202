/** What this project adds: segments with conditions, a schedule, small services. */
import {
  branch,
  choice,
  judged,
  keyword,
  number,
  type Operand,
  optional,
  options,
  token,
} from '../grammar.ts';
import type { Program, ProgramName, Statement } from '../statement.ts';
import { routeOperands } from './stack.ts';

const anywhere: readonly ProgramName[] = ['BSTTINET', 'BSTT6NET', 'TWINLAB'];

export const labPrograms: readonly Program[] = [
  {
    name: 'TWINSERV',
    kind: 'service',
    help: 'small services for trying: a web page and those of RFC 862, 863 and 864',
    origin: 'ours',
    id: 'sysparm',
    attach: true,
  },
  {
    name: 'TWINLAB',
    kind: 'lab',
    help: 'segments and a schedule that belong to no stack',
    origin: 'ours',
    id: 'none',
    attach: false,
  },
];

const conditions: Record<string, Operand> = {
  DELAY: token('time', 'delay'),
  JITTER: token('time', 'jitter'),
  RATE: token('rate', 'rate'),
  LOSS: token('percent', 'loss'),
  REORDER: token('percent', 'reorder'),
  DUP: token('percent', 'duplicate'),
  CORRUPT: token('percent', 'corrupt'),
  MTU: number('mtu', 68, 65535),
  QUEUE: number('queue', 1, 0x7fffffff),
};

export const labStatements: readonly Statement[] = [
  {
    name: 'SEGMENT',
    programs: anywhere,
    operands: [token('label', 'segment'), options(false, conditions)],
    help: 'How a segment treats frames; a segment without this card is perfect and instant.',
    example: 'SEGMENT LAN DELAY 10MS JITTER 1MS RATE 100M LOSS 1',
    origin: 'ours',
    certainty: 'defined',
    note:
      'The segment is the one of DEVICE ... WIRE, or the port name of OSAX and HSI devices. DELAY one way, JITTER plus ' +
      'or minus, RATE in bits per second, LOSS, REORDER, DUP and CORRUPT in percent of the frames, MTU in bytes of the ' +
      'largest IP packet, QUEUE in bytes that may wait for the rate.',
  },
  {
    name: 'AT',
    programs: anywhere,
    operands: [token('time', 'time'), { kind: 'rest', name: 'action' }],
    help: 'Does an action at a time after the start.',
    example: 'AT 2S PING 9.152.84.1 COUNT 3',
    origin: 'ours',
    certainty: 'defined',
    note:
      'In the deck of a stack the action is one of that stack: AT 2S PING VSEC01. In a TWINLAB step the id of the stack ' +
      'follows the verb: AT 2S PING 02 VSEC01, AT 5S LINK 02 OSA DOWN, AT 5S EXPECT REACHABLE 02 VSEC01. AT ... SEGMENT and ' +
      'the claims about a segment have no id in either. EXPECT claims what shall hold: it passes, fails, or is inconclusive ' +
      'when nothing was there to be seen.',
  },
  {
    name: 'SERVICE',
    programs: ['TWINSERV'],
    operands: [choice('kind', 'HTTP', 'ECHO', 'SINK', 'SOURCE', 'UDPECHO'), token('port', 'port')],
    help: 'A service on a port: a web page, echo (RFC 862), discard (863), a source of characters (864), echo over UDP.',
    example: 'SERVICE HTTP 80',
    origin: 'ours',
    certainty: 'defined',
  },
  {
    name: 'ATTACH',
    programs: ['TWINSERV'],
    operands: [keyword('TWINSERV')],
    help: 'The last statement: the services start.',
    example: 'ATTACH TWINSERV',
    origin: 'ours',
    certainty: 'defined',
    once: true,
  },
];

/** An action of AT, or a claim (EXPECT and a second word); `ofStack` ones carry the id of the stack after the verb when they stand in a TWINLAB step. */
export interface ActionEntry {
  readonly name: string;
  readonly ofStack: boolean;
  readonly operands: readonly Operand[];
  readonly help: string;
  readonly example: string;
}

export const labActions: readonly ActionEntry[] = [
  {
    name: 'PING',
    ofStack: true,
    operands: [
      token('target', 'target'),
      options(false, {
        COUNT: number('count', 1, 65535),
        SIZE: number('size', 0, 65507),
        INTERVAL: token('time', 'interval'),
      }),
    ],
    help: 'Echo requests, one every INTERVAL (1S; 0S sends them all at once): COUNT of them (1), SIZE bytes of data (56).',
    example: 'AT 2S PING VSEC01 COUNT 3 SIZE 1000',
  },
  {
    name: 'FETCH',
    ofStack: true,
    operands: [token('target', 'target'), optional(token('port', 'port'))],
    help: 'Fetches a web page; port 80 unless named.',
    example: 'AT 2S FETCH VSEC01 8080',
  },
  {
    name: 'CONNECT',
    ofStack: true,
    operands: [token('target', 'target'), token('port', 'port')],
    help: 'Opens a TCP connection and closes it again.',
    example: 'AT 2S CONNECT 9.152.85.64 23',
  },
  {
    name: 'UDP',
    ofStack: true,
    operands: [token('target', 'target'), token('port', 'port')],
    help: 'Sends one UDP datagram and waits up to 2 s for an answer.',
    example: 'AT 2S UDP VSEC01 7',
  },
  { name: 'STOP', ofStack: true, operands: [], help: 'Stops the stack.', example: 'AT 10S STOP' },
  { name: 'START', ofStack: true, operands: [], help: 'Starts it again.', example: 'AT 20S START' },
  {
    name: 'LINK',
    ofStack: true,
    operands: [token('name', 'device'), choice('state', 'UP', 'DOWN')],
    help: 'Takes the link of a device down or brings it up.',
    example: 'AT 5S LINK OSA DOWN',
  },
  {
    name: 'ROUTE',
    ofStack: true,
    operands: [optional(choice('verb', 'ADD', 'DEL', 'REPLACE')), ...routeOperands],
    help:
      'Adds a route; DEL takes it away (with * any device, any number), REPLACE puts it in the place of those to the same ' +
      'destination with the same FROM and number.',
    example: 'AT 5S ROUTE ADD OSA 10.0.0.0 255.0.0.0 9.152.84.1 1',
  },
  {
    name: 'ADDRESS',
    ofStack: true,
    operands: [
      branch('verb', {
        ADD: [token('name', 'device'), token('address', 'address'), token('mask', 'mask')],
        DEL: [token('name', 'device'), token('address', 'address')],
      }),
    ],
    help: 'Gives a link a further address, or takes one from it; connections from an address that goes are reset.',
    example: 'AT 5S ADDRESS ADD OSA 9.152.85.65 255.255.252.0',
  },
  {
    name: 'MTU',
    ofStack: true,
    operands: [token('name', 'device'), judged('mtu', '576 (IPv4) or 1280 (IPv6) up to the MTU of the LINK')],
    help: 'Changes the MTU of a link; not above what its LINK card has, since the device carries no more.',
    example: 'AT 5S MTU OSA 1400',
  },
  {
    name: 'PORT',
    ofStack: true,
    operands: [token('port', 'port'), choice('state', 'SUSPEND', 'RESUME')],
    help: 'Suspends a port or resumes it.',
    example: 'AT 5S PORT 80 SUSPEND',
  },
  {
    name: 'SEGMENT',
    ofStack: false,
    operands: [token('label', 'segment'), options(true, conditions)],
    help: 'Changes the conditions of a segment; what is not named stays as it is.',
    example: 'AT 10S SEGMENT LAN LOSS 5 DELAY 100MS',
  },
];
