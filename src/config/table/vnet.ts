/** BSTTVNET, the TN3270E server, and the programs that have no statements of their own worth a table. */
import { choice, keyword, optional, orStar, rest, token } from '../grammar.ts';
import type { Program, ProgramName, Statement } from '../statement.ts';

const vnet: readonly ProgramName[] = ['BSTTVNET'];
const lu = token('name', 'lu');
const applid = token('name', 'applid');
const host = token('target', 'host');
const row = { programs: vnet, origin: 'model' } as const;

export const vnetPrograms: readonly Program[] = [
  {
    name: 'BSTTVNET',
    kind: 'service',
    help: 'the TN3270E server',
    origin: 'model',
    id: 'sysparm',
    attach: true,
  },
  {
    name: 'BSTTWAIT',
    kind: 'tool',
    help: 'waits until a stack is active',
    origin: 'model',
    id: 'sysparm',
    attach: false,
  },
  {
    name: 'BSTTMTPC',
    kind: 'service',
    help: 'the batch mail client; only its ID is read',
    origin: 'model',
    id: 'sysparm',
    attach: false,
    takesData: true,
  },
  {
    name: 'IESMASNM',
    kind: 'service',
    help: 'the SNMP agent; its configuration is a member that PARM names',
    origin: 'model',
    id: 'sysparm',
    attach: false,
    takesData: true,
  },
  {
    name: 'LISTLOG',
    kind: 'tool',
    help: 'prints the log of the job',
    origin: 'model',
    id: 'none',
    attach: false,
    takesData: true,
  },
  {
    name: 'LIBR',
    kind: 'tool',
    help: 'the librarian; a member behind CATALOG is data up to /+',
    origin: 'model',
    id: 'none',
    attach: false,
    takesData: true,
  },
  {
    name: 'BSTTPARM',
    kind: 'member',
    help: 'the member BSTTPARM.A with the common parameters; it has no job control',
    origin: 'model',
    id: 'none',
    attach: false,
  },
];

/** LPR, FTP and FTPP: the host, its port and a second operand that may be left to the default. */
const destination = [lu, applid, host, orStar(token('port', 'port')), token('star', '*')];

export const vnetStatements: readonly Statement[] = [
  {
    ...row,
    name: 'OPEN',
    operands: [host, token('port', 'port')],
    help: 'The address and port that the server listens on.',
    example: 'OPEN VSEC01 1023',
    certainty: 'printed',
    once: true,
  },
  {
    ...row,
    name: 'SBCS',
    operands: [token('word', 'table')],
    help: 'The translation table between EBCDIC and ASCII.',
    example: 'SBCS US_01',
    certainty: 'printed',
  },
  {
    ...row,
    name: 'APPLID',
    operands: [applid, optional(rest('text'))],
    help: 'An application that a terminal may log on to, with the text shown for it.',
    example: 'APPLID DBDCCICS CICS/TS AND ICCF',
    certainty: 'printed',
  },
  {
    ...row,
    name: 'TITLE',
    operands: [rest('text')],
    help: 'The title of the selection screen.',
    example: 'TITLE WELCOME',
    certainty: 'printed',
  },
  {
    ...row,
    name: 'TERMINAL',
    operands: [lu, choice('kind', 'GENERIC', 'SPECIFIC'), optional(applid)],
    help: 'An LU for display sessions: GENERIC for anyone in card order, SPECIFIC for who asks for it by name.',
    example: 'TERMINAL T001 GENERIC',
    certainty: 'printed',
    note: 'SPECIFIC and its application are defined here.',
  },
  {
    ...row,
    name: 'TN3270E',
    operands: [lu, optional(rest('options'))],
    help: 'An LU for true TN3270E sessions.',
    example: 'TN3270E T101',
    certainty: 'inferred',
  },
  {
    ...row,
    name: 'PRINTER',
    operands: [lu, applid, optional(keyword('SCS'))],
    help: 'An LU for a TN3270E printer session.',
    example: 'PRINTER P003 BSTTVNET SCS',
    certainty: 'printed',
  },
  {
    ...row,
    name: 'DIRECT',
    operands: [lu, applid, host, token('port', 'port'), token('star', '*')],
    help: 'A printer that takes data on a port.',
    example: 'DIRECT DIR BSTTVNET 192.0.2.101 9100 *',
    certainty: 'printed',
  },
  {
    ...row,
    name: 'LPR',
    operands: [...destination, token('word', 'queue')],
    help: 'A printer behind a line printer daemon; port * is 515.',
    example: 'LPR LPR BSTTVNET 192.0.2.60 * * hp2505',
    certainty: 'printed',
  },
  {
    ...row,
    name: 'FTP',
    operands: [...destination, token('word', 'user'), token('word', 'password')],
    help: 'Print output that goes to an FTP server; port * is 21.',
    example: 'FTP FTP BSTTVNET 192.0.2.60 * * user secret',
    certainty: 'printed',
  },
  {
    ...row,
    name: 'FTPP',
    operands: [...destination, token('word', 'user'), token('word', 'password')],
    help: 'As FTP, with passive data connections.',
    example: 'FTPP FTPP BSTTVNET 192.0.2.60 * * user secret',
    certainty: 'printed',
    note: 'That the second P stands for passive is defined here.',
  },
  {
    ...row,
    name: 'ATTACH',
    operands: [keyword('TN3270E')],
    help: 'The last statement: the server becomes active.',
    example: 'ATTACH TN3270E',
    certainty: 'printed',
    once: true,
  },
];

const parm = { programs: ['BSTTPARM'], origin: 'model', certainty: 'printed' } as const;

export const parmStatements: readonly Statement[] = [
  {
    ...parm,
    name: 'COMPANY',
    operands: [rest('text')],
    help: 'Whose licence it is.',
    example: 'COMPANY EXAMPLE LTD',
  },
  {
    ...parm,
    name: 'CPUID',
    operands: [token('hex', 'serial'), optional(keyword('MODEL'), token('word', 'model'))],
    help: 'The machine the licence is for.',
    example: 'CPUID 3B0B82 MODEL 2097',
  },
  {
    ...parm,
    name: 'LICENSE',
    operands: [token('word', 'product'), rest('keys')],
    help: 'A product and its licence keys; nothing here asks for one.',
    example: 'LICENSE IPV6/VSE ABCDEFGHIJKL 1234567 7654321',
  },
  {
    ...parm,
    name: 'IPV6/VSE',
    operands: [choice('state', 'ENABLE', 'DISABLE')],
    help: 'Turns the product on.',
    example: 'IPV6/VSE ENABLE',
    note: 'DISABLE is defined here.',
  },
];
