/** The statements of the two stacks, BSTTINET (IPv4) and BSTT6NET (IPv6). */
import { MAX_WEIGHT } from '../../../stacks/forward/route.ts';
import { branch, choice, judged, keyword, number, optional, orStar, token } from '../grammar.ts';
import type { Program, ProgramName, Statement } from '../statement.ts';

const stacks: readonly ProgramName[] = ['BSTTINET', 'BSTT6NET'];

export const stackPrograms: readonly Program[] = [
  { name: 'BSTTINET', kind: 'stack', help: 'an IPv4 stack', origin: 'model', id: 'required', attach: true },
  { name: 'BSTT6NET', kind: 'stack', help: 'an IPv6 stack', origin: 'model', id: 'required', attach: true },
];

/** Row numbers of the connection table are 31 bits, and nobody has more memory than for this: 4 GB idle. */
const MAX_CONNECTIONS = 16_000_000;

const layer2 = optional(keyword('LAYER2'), token('mac', 'mac'));

/** The operands of ROUTE, which AT ... ROUTE takes as well. */
export const routeOperands = [
  orStar(token('name', 'device')),
  token('address', 'destination'),
  token('mask', 'mask'),
  token('address', 'gateway'),
  orStar(number('metric', 0, 65535)),
  optional(keyword('FROM'), token('address', 'source'), token('mask', 'source mask')),
  optional(keyword('WEIGHT'), number('weight', 1, MAX_WEIGHT)),
  optional(keyword('TYPE'), choice('type', 'BLACKHOLE', 'UNREACHABLE', 'REJECT', 'PROHIBIT')),
];

export const stackStatements: readonly Statement[] = [
  {
    name: 'ID',
    programs: [
      ...stacks,
      'BSTTVNET',
      'BSTTFTPS',
      'BSTTFTPC',
      'BSTTPRXY',
      'BSTTATLS',
      'BSTTWAIT',
      'BSTTMTPC',
      'TWINSERV',
    ],
    operands: [token('nn', 'nn')],
    help: 'The first statement: the id of this stack, or of the stack that a program uses.',
    example: 'ID 02',
    origin: 'model',
    certainty: 'printed',
    note: "Programs other than stacks may take the id from // OPTION SYSPARM='nn' instead; an ID card wins (inferred).",
    once: true,
  },
  {
    name: 'INTERVAL',
    programs: stacks,
    operands: [number('seconds', 1, 86400)],
    help: 'How often the stack of the model does its housekeeping; read and kept, nothing here goes by it yet.',
    example: 'INTERVAL 120',
    origin: 'model',
    certainty: 'printed',
    note: 'The unit is not documented; here it is seconds, 120 when the card is missing.',
    once: true,
  },
  {
    name: 'COUPLE',
    programs: ['BSTT6NET'],
    operands: [token('nn', 'nn')],
    help: 'Joins this IPv6 stack with the IPv4 stack nn: programs that use this stack reach both families.',
    example: 'COUPLE 03',
    origin: 'model',
    certainty: 'printed',
    note: 'When stack nn is not in the decks this stack runs alone (defined here).',
    once: true,
  },
  {
    name: 'DEVICE',
    programs: stacks,
    operands: [
      token('name', 'device'),
      branch('type', {
        OSAX: [token('cuu', 'read'), token('name', 'port'), token('cuu', 'data'), layer2],
        HSI: [token('cuu', 'read'), token('name', 'port'), token('cuu', 'data')],
        LCS: [token('cuu', 'read'), token('cuu', 'write'), layer2],
        CTCA: [token('cuu', 'read'), token('cuu', 'write')],
        TUN: [token('ifname', 'interface')],
        TAP: [token('ifname', 'interface'), layer2],
        WIRE: [token('label', 'segment'), optional(optional(keyword('LAYER2')), token('mac', 'mac'))],
        LOOP: [],
      }),
    ],
    help: 'A network device. OSAX and HSI devices with the same port name stand on the same segment.',
    example: 'DEVICE OSA OSAX D60 TRLHF9 D62 LAYER2 020000000006',
    origin: 'model',
    certainty: 'printed',
    note:
      'Printed: OSAX. The forms of LCS, CTCA and HSI are defined here. Ours: TUN and TAP (an interface of the real ' +
      'kernel), WIRE (a virtual segment, see SEGMENT), LOOP (a device without a partner). LAYER2 gives the MAC and ' +
      'puts ARP or neighbour discovery on the wire; LCS, TAP and WIRE carry Ethernet frames always.',
  },
  {
    name: 'LINK',
    programs: stacks,
    operands: [
      token('name', 'device'),
      number('adapter', 0, 255),
      token('address', 'address'),
      token('mask', 'mask'),
      judged('mtu', '576 (IPv4) or 1280 (IPv6) to 65535'),
    ],
    help: 'Gives a device its address, mask and MTU. The DEVICE stands before it.',
    example: 'LINK OSA 0 9.152.85.64 255.255.252.0 1492',
    origin: 'model',
    certainty: 'printed',
    note:
      'MTU: 576 to 65535 for IPv4, 1280 to 65535 for IPv6 (RFC 8200 section 5). One LINK for each device and adapter ' +
      'number; adapter is 0 in every printed example.',
  },
  {
    name: 'ROUTE',
    programs: stacks,
    operands: routeOperands,
    help: 'A route over a device: destination, mask, gateway (0.0.0.0 or ::0 is direct), number.',
    example: 'ROUTE OSA 0.0.0.0 0.0.0.0 9.152.84.1 1',
    origin: 'model',
    certainty: 'printed',
    note:
      'Host bits in the destination are cleared. The longest prefix wins, then the longest FROM that the source of the ' +
      'packet is in, then the lower number (* is 0 on direct routes and 1 on routes with a gateway, as printed examples ' +
      'have it), then the earlier card. Routes with gateways that are as good share the flows, by WEIGHT (1). A route ' +
      'whose link is down stands aside. TYPE, with * for the device and 0.0.0.0 or ::0 for the gateway, ends packets: ' +
      'BLACKHOLE without a word, UNREACHABLE as host (IPv6: address) unreachable, REJECT as net unreachable (IPv6: reject ' +
      'route, code 6), PROHIBIT as administratively prohibited. All but the printed operands are defined here.',
  },
  {
    name: 'DNS',
    programs: stacks,
    operands: [token('address', 'address'), optional(keyword('PRI'))],
    help: 'A name server, PRI the first; read and kept, none is asked yet: names come from HOST cards.',
    example: 'DNS 9.152.120.241 PRI',
    origin: 'model',
    certainty: 'printed',
  },
  {
    name: 'HOST',
    programs: stacks,
    operands: [token('hostname', 'name'), token('address', 'address')],
    help: 'A name and its address, for programs of this stack.',
    example: 'HOST VSEC01 9.152.85.64',
    origin: 'model',
    certainty: 'printed',
    note: 'Names are the same in any case.',
  },
  {
    name: 'IN',
    programs: stacks,
    operands: [
      branch('protocol', {
        TCP: [choice('verdict', 'ALLOW', 'DENY'), keyword('PORT'), token('port', 'port')],
        UDP: [choice('verdict', 'ALLOW', 'DENY'), keyword('PORT'), token('port', 'port')],
        ICMP: [choice('verdict', 'ALLOW', 'DENY')],
      }),
    ],
    help: 'A filter for what comes in; card order, the first match decides, port 0 is any port.',
    example: 'IN TCP ALLOW PORT 23',
    origin: 'model',
    certainty: 'printed',
    note:
      'Printed for TCP; the forms for UDP and ICMP are defined here. What no card names is allowed, unless there is a ' +
      'card for its protocol. Loopback is not filtered.',
  },
  {
    name: 'PORT',
    programs: stacks,
    operands: [token('port', 'port'), choice('state', 'SUSPEND', 'RESUME')],
    help: 'A suspended port takes no new connections.',
    example: 'PORT 21 SUSPEND',
    origin: 'model',
    certainty: 'printed',
    note: 'Printed as an operator command; in a deck it sets the state at the start.',
  },
  {
    name: 'MAXCONN',
    programs: stacks,
    operands: [number('connections', 1, MAX_CONNECTIONS)],
    help: 'How many TCP connections the stack takes at once; without the card 4095, as the model has it.',
    example: 'MAXCONN 100000',
    origin: 'ours',
    certainty: 'defined',
    note: 'Connections in TIME-WAIT do not count. An idle connection takes about 260 bytes in its stack.',
    once: true,
  },
  {
    name: 'CONGESTION',
    programs: stacks,
    operands: [choice('algorithm', 'CUBIC', 'NEWRENO')],
    help: 'Congestion control of TCP: CUBIC (RFC 9438), which it is without the card, or NEWRENO (RFC 5681, RFC 6582).',
    example: 'CONGESTION NEWRENO',
    origin: 'ours',
    certainty: 'defined',
    once: true,
  },
  {
    name: 'SOFTERR',
    programs: stacks,
    operands: [choice('effect', 'GOON', 'END')],
    help: 'What "unreachable" by ICMP from a router does to an attempt to connect: GOON (RFC 9293, without the card), or END.',
    example: 'SOFTERR END',
    origin: 'ours',
    certainty: 'defined',
    note: 'With END the program learns it at once, as on most hosts in use (RFC 5461 §4); else when the attempt times out. What the stack finds itself, on its own link, ends the attempt in any case.',
    once: true,
  },
  {
    name: 'FORWARD',
    programs: stacks,
    operands: [choice('state', 'ON', 'OFF')],
    help: 'ON makes the stack a router: packets for others are forwarded.',
    example: 'FORWARD ON',
    origin: 'ours',
    certainty: 'defined',
    once: true,
  },
  {
    name: 'SRCROUTE',
    programs: ['BSTTINET'],
    operands: [choice('state', 'ON', 'OFF')],
    help: 'ON follows source routes (RFC 791) and answers along them; without the card such datagrams are dropped.',
    example: 'SRCROUTE ON',
    origin: 'ours',
    certainty: 'defined',
    note: 'RFC 7126 section 4.3 says why they are dropped on the networks of today. Only a stack with FORWARD ON passes them on.',
    once: true,
  },
  {
    name: 'DIRBCAST',
    programs: ['BSTTINET'],
    operands: [choice('state', 'ON', 'OFF')],
    help: 'ON makes a router forward directed broadcasts to its own subnets; without the card it does not (RFC 2644).',
    example: 'DIRBCAST ON',
    origin: 'ours',
    certainty: 'defined',
    once: true,
  },
  {
    name: 'AUTOCONF',
    programs: ['BSTTINET'],
    operands: [token('name', 'device'), judged('mtu', '576 to 65535')],
    help: 'A link without LINK card: a link-local address (RFC 3927).',
    example: 'AUTOCONF ETH 1500',
    origin: 'ours',
    certainty: 'defined',
    note:
      'The device needs no LINK. The stack picks an address of 169.254/16, probes it and takes another one while stations ' +
      'are found to have it; no router forwards it.',
  },
  {
    name: 'PROBE',
    programs: ['BSTTINET'],
    operands: [token('name', 'device')],
    help: 'Addresses of the device are probed before they are used (RFC 5227 section 2.1); it takes 4 to 7 seconds.',
    example: 'PROBE OSA',
    origin: 'ours',
    certainty: 'defined',
    note:
      'An address that another station has is not used, and the operator is told. Without the card an address is used ' +
      'at once; it is announced, a station that claims it as well is told of, and the address is defended.',
  },
  {
    name: 'ATTACH',
    programs: stacks,
    operands: [keyword('TCP/IP')],
    help: 'The last statement: the stack becomes active.',
    example: 'ATTACH TCP/IP',
    origin: 'model',
    certainty: 'printed',
    note: 'AT and SEGMENT may stand behind it.',
    once: true,
  },
];
