/** BSTTPRXY, the TLS proxy, and BSTTATLS, automatic TLS. */
import { branch, choice, keyword, optional, orStar, token } from '../grammar.ts';
import type { Program, ProgramName, Statement } from '../statement.ts';

export const tlsPrograms: readonly Program[] = [
  { name: 'BSTTPRXY', kind: 'service', help: 'the TLS proxy', origin: 'model', id: 'sysparm', attach: false },
  { name: 'BSTTATLS', kind: 'service', help: 'automatic TLS', origin: 'model', id: 'sysparm', attach: false },
];

const both: readonly ProgramName[] = ['BSTTPRXY', 'BSTTATLS'];
const row = { programs: both, origin: 'model', certainty: 'printed' } as const;

const side = (name: string) => [
  choice(`${name} family`, 'V4', 'V6'),
  token('port', `${name} port`),
  choice(`${name} form`, 'SSL', 'TXT'),
  orStar(token('word', `${name} name`)),
];

export const tlsStatements: readonly Statement[] = [
  {
    ...row,
    name: 'KEYRING',
    operands: [token('word', 'library')],
    help: 'The library with the key files.',
    example: 'KEYRING CRYPTO.KEYRING',
    once: true,
  },
  {
    ...row,
    name: 'KEYFILE',
    operands: [token('name', 'member')],
    help: 'The key file: key, own certificate, root, in this order; it holds for the cards that follow.',
    example: 'KEYFILE SSL01',
  },
  {
    ...row,
    name: 'SECTYPE',
    operands: [choice('protocol', 'SSLV3', 'TLSV1', 'TLSV1.1', 'TLSV1.2', 'TLSV1.3')],
    help: 'The lowest protocol version; the highest that both know is used.',
    example: 'SECTYPE TLSV1.2',
    note: 'Printed: TLSV1 and TLSV1.2. SSLV3 and TLSV1.1 are defined here, TLSV1.3 is ours.',
  },
  {
    ...row,
    name: 'OPTION',
    operands: [choice('role', 'SERVER', 'CLIENT', 'FTP')],
    help: 'SERVER takes secure connections, CLIENT makes them, FTP adds the data connections of FTP.',
    example: 'OPTION SERVER',
    note: 'It holds for the cards that follow; SERVER and CLIENT end FTP (defined here).',
  },
  {
    ...row,
    name: 'HANDSHAKE_SERVER',
    operands: [choice('type', '1', '2')],
    help: '1 the server shows its certificate, 2 the client shows one too.',
    example: 'HANDSHAKE_SERVER 1',
  },
  {
    ...row,
    name: 'HANDSHAKE_CLIENT',
    operands: [choice('type', '0', '3')],
    help: '0 the certificate of the server is verified, 3 it is not.',
    example: 'HANDSHAKE_CLIENT 0',
  },
  {
    ...row,
    name: 'CA_AUTH',
    operands: [choice('state', 'YES', 'NO')],
    help: 'Whether certificates of clients are checked.',
    example: 'CA_AUTH YES',
  },
  {
    ...row,
    name: 'CA_AUTH_TYPE',
    operands: [choice('type', '0', '1', '2', '3')],
    help: 'Against what: 0 the key ring, 1 and 2 a directory, 3 not at all.',
    example: 'CA_AUTH_TYPE 0',
    note: 'The meaning of the numbers is defined here.',
  },
  {
    ...row,
    name: 'CIPHER',
    operands: [token('hex', 'specs')],
    help: 'The cipher suites, two hexadecimal digits each, in order of preference.',
    example: 'CIPHER 352F0A',
    certainty: 'defined',
  },
  {
    ...row,
    programs: ['BSTTPRXY'],
    name: 'PROXY',
    operands: [keyword('TCP'), ...side('from'), keyword('TO'), ...side('to'), token('ip', 'address')],
    help: 'The port that the proxy listens on and where it goes from there; exactly one.',
    example: 'PROXY TCP V4 992 SSL * TO V4 23 TXT * 127.0.0.1',
    note: 'V6 is inferred; what * stands for is defined here: the key file, or any address of the stack.',
  },
  {
    ...row,
    programs: ['BSTTATLS'],
    name: 'ATTLS',
    operands: [
      token('port', 'port'),
      branch('direction', {
        AS: [token('port', 'secure port'), keyword('SSL'), optional(token('name', 'keyfile'))],
        TO: [
          token('ip', 'address'),
          keyword('AS'),
          token('port', 'secure port'),
          keyword('SSL'),
          optional(token('name', 'keyfile')),
        ],
      }),
    ],
    help: 'The clear port of a program and the secure port that the network sees; with TO for outgoing connections.',
    example: 'ATTLS 23 AS 992 SSL',
  },
];
