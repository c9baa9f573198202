/** The statements of an IPv6 stack about autoconfiguration and router advertisements. */
import { choice, judged, number, type Operand, options, token } from '../grammar.ts';
import type { ProgramName, Statement } from '../statement.ts';

const programs: readonly ProgramName[] = ['BSTT6NET'];
const ours = { programs, origin: 'ours', certainty: 'defined' } as const;

/** Seconds in a lifetime of 32 bits; the highest is for ever (RFC 4861 §4.6.2). */
const FOREVER = 0xffffffff;
const seconds = (name: string): Operand => number(name, 0, FOREVER);
const preference = choice('preference', 'HIGH', 'MEDIUM', 'LOW');

export const ipv6Statements: readonly Statement[] = [
  {
    ...ours,
    name: 'AUTOCONF',
    operands: [
      token('name', 'device'),
      judged('mtu', '1280 to 65535'),
      options(false, {
        IDENT: choice('identifier', 'STABLE', 'EUI64'),
        SECRET: token('hex', 'secret'),
        TEMPORARY: choice('temporary', 'ON', 'OFF'),
      }),
    ],
    help: 'A link without LINK card: a link-local address, and the addresses that routers advertise (RFC 4862).',
    example: 'AUTOCONF ETH 1500 TEMPORARY ON',
    note:
      'The device needs no LINK, and its routes come from router advertisements. Without IDENT, or with IDENT STABLE, ' +
      'addresses do not show the MAC (RFC 7217, RFC 8064); they are the same again for the same seed, or for the same ' +
      'SECRET of at least 32 digits. IDENT EUI64 makes them of the MAC (RFC 4291). TEMPORARY ON adds addresses that ' +
      'change every day and are preferred for what the stack begins itself (RFC 8981); it is OFF without the operand.',
  },
  {
    ...ours,
    name: 'ADVERTISE',
    operands: [
      token('name', 'device'),
      options(false, {
        LIFETIME: number('lifetime', 0, 65535),
        PREFERENCE: preference,
        INTERVAL: number('interval', 4, 1800),
        MANAGED: choice('managed', 'ON', 'OFF'),
        OTHER: choice('other', 'ON', 'OFF'),
        HOPLIMIT: number('hoplimit', 0, 255),
        MTU: number('mtu', 0, FOREVER),
        REACHABLE: number('reachable', 0, 3600000),
        RETRANS: number('retrans', 0, FOREVER),
      }),
    ],
    help: 'Sends router advertisements with the prefix of the device (RFC 4861 section 6.2); the stack has FORWARD ON.',
    example: 'ADVERTISE ETH LIFETIME 1800 PREFERENCE HIGH',
    note:
      'Hosts autoconfigure from a prefix of 64 bits only (RFC 4862 section 5.5.3). LIFETIME and INTERVAL are seconds, ' +
      '1800 and 600 without the operand, or LIFETIME three times INTERVAL; LIFETIME 0 says that this is no default ' +
      'router. PREFERENCE is that of RFC 4191, MEDIUM without it. MANAGED and OTHER are the flags for DHCPv6. MTU 0 ' +
      'leaves the option out; without MTU it is that of the link. REACHABLE and RETRANS are milliseconds, 0 for ' +
      'unspecified. Values that no router should send are sent all the same, so that hosts can be tried with them.',
  },
  {
    ...ours,
    name: 'ADVPREFIX',
    operands: [
      token('name', 'device'),
      token('address', 'prefix'),
      token('mask', 'mask'),
      options(false, {
        VALID: seconds('valid'),
        PREFERRED: seconds('preferred'),
        ONLINK: choice('onlink', 'ON', 'OFF'),
        AUTO: choice('auto', 'ON', 'OFF'),
      }),
    ],
    help: 'A prefix of the advertisements of a device, beside that of its LINK or in its place (RFC 4861 section 4.6.2).',
    example: 'ADVPREFIX ETH 2001:DB8:7:: /64 VALID 7200 PREFERRED 3600',
    note:
      'Lifetimes are seconds, 4294967295 for ever; without them 30 days valid and 7 days preferred. ONLINK and AUTO are ' +
      'the flags L and A, both ON without the operand. The prefix may be one that the router does not have.',
  },
  {
    ...ours,
    name: 'ADVROUTE',
    operands: [
      token('name', 'device'),
      token('address', 'prefix'),
      token('mask', 'mask'),
      options(false, { LIFETIME: seconds('lifetime'), PREFERENCE: preference }),
    ],
    help: 'Advertises that this router is the way to a network (RFC 4191 section 2.3).',
    example: 'ADVROUTE ETH 2001:DB8:77:: /48 PREFERENCE HIGH',
    note: 'LIFETIME is in seconds, three times the INTERVAL of ADVERTISE without it.',
  },
  {
    ...ours,
    name: 'ADVDNS',
    operands: [
      token('name', 'device'),
      token('address', 'address'),
      options(false, { LIFETIME: seconds('lifetime') }),
    ],
    help: 'Advertises a name server (RFC 8106 section 5.1).',
    example: 'ADVDNS ETH 2001:DB8:5::53',
    note: 'LIFETIME is in seconds, three times the INTERVAL of ADVERTISE without it.',
  },
  {
    ...ours,
    name: 'ADVSRCH',
    operands: [
      token('name', 'device'),
      token('hostname', 'domain'),
      options(false, { LIFETIME: seconds('lifetime') }),
    ],
    help: 'Advertises a domain to look names up in (RFC 8106 section 5.2).',
    example: 'ADVSRCH ETH lab.example',
    note: 'LIFETIME is in seconds, three times the INTERVAL of ADVERTISE without it.',
  },
  {
    ...ours,
    name: 'POLICY',
    operands: [
      token('address', 'prefix'),
      token('mask', 'mask'),
      number('precedence', 0, 255),
      number('label', 0, 255),
    ],
    help: 'A row of the policy table: which source address goes with which destination (RFC 6724 section 2.1).',
    example: 'POLICY 2001:DB8:5:: /64 45 14',
    note: 'It stands beside the rows of the RFC, or in the place of the one for the same prefix; the longest prefix counts.',
  },
];
