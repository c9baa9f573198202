/** The packets of a script: `< S 0:0(0) win 65535 <mss 1460>`, `> [ect0] . 1:1461(1460) ack 1`, `< icmp unreachable`. */
import { parseLie } from './lies.ts';
import type { Scanner } from './scanner.ts';
import type {
  Foreign,
  IcmpPacket,
  IpFields,
  PacketLine,
  Place,
  Span,
  TcpOption,
  TcpPacket,
  UdpPacket,
} from './syntax.ts';

const INTEGER = /0x[0-9a-fA-F]+|-?\d+/y;
/** A digit is the ACE field of RFC 9768: the bits of A, W and E as one number. */
const FLAGS = /[0-7]?[SFRPUEWA.][SFRPUEWA.0-7]*|-/y;
const SPAN = /(\d+)\s*:\s*(\d+)\s*\(\s*(\d+)\s*\)/y;
const PORTS = /\[?\s*(\d+)\s*>\s*(\d+)\s*\]?/y;
const WORD = /[A-Za-z_][A-Za-z_0-9]*/y;
const HEX = /(?:0x)?([0-9a-fA-F]+)\b|"([0-9a-fA-F]*)"/y;
const ECN = ['noecn', 'ect01', 'ect0', 'ect1', 'ce'] as const;
/** Of the dialects for IP in IP, GRE and MPLS, for SCTP and for MPTCP. */
const ENCAPSULATION = /ipv4\b|ipv6\b|gre\b|mpls\b|sctp\b|addr\[|udp\s*\(\s*\d+\s*>/y;
/** Options that other dialects have: MPTCP, TCP-AO and such. */
const FOREIGN_OPTION =
  /(?:mp_?[a-z]+|dss|dss\d|add_addr(?:ess)?|rm_addr|remove_addr(?:ess)?|tcp_?ao|ao|exp-tfo|tfo)\b/y;
/** An option as it is read; a foreign one makes the packet foreign. */
type Read = TcpOption | { readonly kind: 'foreign'; readonly text: string };
/** Up to the line that begins with a time, a shell line, a comment, or nothing. */
const REST = /[^\n]*(?:\n(?![ \t]*(?:[\d*+.`/#]|%\{|\r?$|$))[^\n]*)*/y;
const NO_IP_FIELDS: IpFields = { ecn: undefined, tos: undefined, flowLabel: undefined, ttl: undefined };

/** Bits of the flags as they stand in the header; `A` is the AE bit of RFC 9768. */
export const FLAG_BITS: Readonly<Record<string, number>> = {
  F: 0x01,
  S: 0x02,
  R: 0x04,
  P: 0x08,
  '.': 0x10,
  U: 0x20,
  E: 0x40,
  W: 0x80,
  A: 0x100,
};

export function parsePacket(scanner: Scanner): PacketLine | Foreign {
  const at = scanner.place;
  const direction = scanner.take('<') ? 'in' : 'out';
  if (direction === 'out') scanner.expect('>', 'in front of a packet');
  let quoted: IcmpPacket['quoted'];
  let ip = NO_IP_FIELDS;
  while (scanner.text[scanner.at] === '[' && !PORTS_NEXT(scanner)) {
    const found = quotation(scanner);
    if (found === undefined) ip = ipFields(scanner);
    else quoted = found;
  }
  const head = { kind: 'packet', at, direction, ip } as const;
  if (scanner.take('icmp')) return { ...head, ...icmp(scanner, quoted) };
  if (quoted !== undefined) scanner.fail('a packet in brackets is what an icmp error quotes', at);
  if (quoted === undefined && scanner.nextIs(ENCAPSULATION)) return foreign(scanner, at);
  const ports = scanner.match(PORTS);
  const pair = ports && { source: port(scanner, ports[1]!), destination: port(scanner, ports[2]!) };
  if (scanner.take('udp')) return { ...head, ...udp(scanner, pair) };
  const { options, ...rest } = tcp(scanner, pair);
  if (options === 'any') return { ...head, ...rest, options };
  const strange = options.find((option) => option.kind === 'foreign');
  if (strange !== undefined) return { kind: 'foreign', at, why: `${strange.text} is not supported here` };
  return { ...head, ...rest, options: options.filter((option) => option.kind !== 'foreign') };
}

/** The rest of the packet is skipped. */
function foreign(scanner: Scanner, at: Place): Foreign {
  const word = /^[a-z0-9]+/.exec(scanner.text.slice(scanner.at))?.[0] ?? '';
  scanner.need(REST, 'a packet');
  return { kind: 'foreign', at, why: `a packet with ${word} is not supported here` };
}

/** `[` of a pair of ports, not of IP fields. */
function PORTS_NEXT(scanner: Scanner): boolean {
  return /^\[\s*\d+\s*>/.test(scanner.text.slice(scanner.at, scanner.at + 32));
}

function port(scanner: Scanner, text: string): number {
  const n = Number(text);
  return n <= 0xffff ? n : scanner.fail(`${text} is no port`);
}

function integer(scanner: Scanner, what: string): number {
  return Number(scanner.need(INTEGER, what)[0]);
}

/** `[ect0]`, `[tos 0x3]`, `[ect0, ttl 64]`, `[flowlabel 0x12345]`; lies.ts has more. */
function ipFields(scanner: Scanner): IpFields {
  let fields = NO_IP_FIELDS;
  scanner.expect('[', 'in front of IP fields');
  do {
    const ecn = ECN.find((name) => scanner.take(name));
    if (ecn !== undefined) fields = { ...fields, ecn };
    else if (scanner.take('tos')) fields = { ...fields, tos: integer(scanner, 'a type of service') };
    else if (scanner.take('flowlabel')) fields = { ...fields, flowLabel: integer(scanner, 'a flow label') };
    else if (scanner.take('ttl')) fields = { ...fields, ttl: integer(scanner, 'a time to live') };
    else {
      const lie = parseLie(scanner);
      if (lie === undefined)
        scanner.fail(`ect0, ect1, ect01, ce, noecn, tos, flowlabel or ttl expected, not ${scanner.next()}`);
      fields = { ...fields, lies: { ...fields.lies, ...lie } };
    }
  } while (scanner.take(',') || scanner.text[scanner.at] !== ']');
  scanner.expect(']', 'behind IP fields');
  return fields;
}

/** `[1:1461(1460)]`, `[udp (100)]`, `[raw (100)]`; undefined when something else is in the brackets. */
function quotation(scanner: Scanner): IcmpPacket['quoted'] {
  const start = scanner.at;
  if (!scanner.take('[')) return undefined;
  let quoted: IcmpPacket['quoted'];
  const at = scanner.place;
  const span = scanner.match(SPAN);
  if (span !== undefined) quoted = spanOf(scanner, span, at);
  else if (scanner.take('udp')) quoted = { udp: size(scanner) };
  else if (scanner.take('raw')) quoted = { raw: size(scanner) };
  if (quoted === undefined) {
    scanner.at = start;
    return undefined;
  }
  scanner.expect(']', 'behind the quoted packet');
  return quoted;
}

/** `(1000)` */
function size(scanner: Scanner): number {
  scanner.expect('(', 'in front of a length');
  const n = integer(scanner, 'a length in bytes');
  scanner.expect(')', 'behind a length');
  if (n < 0 || n > 0xffff) scanner.fail(`no datagram holds ${n} bytes`);
  return n;
}

function spanOf(scanner: Scanner, [text, start, end, length]: RegExpExecArray, at: Place): Span {
  const span = { start: Number(start), end: Number(end), length: Number(length) };
  if ((span.end - span.start) >>> 0 !== span.length) {
    scanner.fail(`${text.trim()}: the length of ${start}:${end} is ${(span.end - span.start) >>> 0}`, at);
  }
  return span;
}

function icmp(scanner: Scanner, before: IcmpPacket['quoted']): IcmpPacket {
  const type = scanner.need(WORD, 'an ICMP type such as unreachable')[0];
  let code: string | undefined;
  if (!/^(?:mtu|id)\b/.test(scanner.text.slice(scanner.at))) code = scanner.match(WORD)?.[0];
  const mtu = scanner.take('mtu') ? integer(scanner, 'an MTU') : undefined;
  const id = scanner.take('id') ? integer(scanner, 'an identifier') : undefined;
  return { protocol: 'icmp', type, code, mtu, id, quoted: before ?? quotation(scanner) };
}

function udp(scanner: Scanner, ports: UdpPacket['ports']): UdpPacket {
  return { protocol: 'udp', ports, length: size(scanner) };
}

const ace = (digit: string): number => Number(digit) << 6;

function tcp(
  scanner: Scanner,
  ports: TcpPacket['ports'],
): Omit<TcpPacket, 'options'> & { options: readonly Read[] | 'any' } {
  const flags = scanner.need(FLAGS, 'TCP flags (of SFRPUEWA. or - for none), icmp or udp')[0];
  const bits = flags === '-' ? 0 : [...flags].reduce((sum, flag) => sum | (FLAG_BITS[flag] ?? ace(flag)), 0);
  const at = scanner.place;
  const sequence = spanOf(scanner, scanner.need(SPAN, 'sequence numbers start:end(length)'), at);
  const ack = scanner.take('ack') ? integer(scanner, 'an acknowledgment number') : undefined;
  const window = scanner.take('win') ? integer(scanner, 'a window') : undefined;
  const urgent = scanner.take('urg') ? integer(scanner, 'an urgent pointer') : undefined;
  return { protocol: 'tcp', ports, flags: bits, sequence, ack, window, urgent, options: tcpOptions(scanner) };
}

function tcpOptions(scanner: Scanner): readonly Read[] | 'any' {
  // `<` may also begin nothing of ours: the next event starts with a time, so here it is always options.
  if (!scanner.take('<')) return [];
  if (scanner.take('...')) {
    scanner.expect('>', 'behind <...');
    return 'any';
  }
  const options: Read[] = [];
  while (!scanner.take('>')) {
    options.push(tcpOption(scanner));
    if (!scanner.take(',') && scanner.text[scanner.at] !== '>') {
      scanner.fail(`, or > expected behind a TCP option, not ${scanner.next()}`);
    }
  }
  return options;
}

function tcpOption(scanner: Scanner): Read {
  for (const kind of ['nop', 'eol', 'sackOK'] as const) if (scanner.take(kind)) return { kind };
  if (scanner.take('uto')) {
    const [, value, unit] = scanner.need(/(\d+)\s*([sm])\b/y, 'a user timeout such as 90s or 5m');
    return { kind: 'uto', value: Number(value), isMinutes: unit === 'm' };
  }
  if (scanner.take('raw')) return { kind: 'raw', bytes: bytes(scanner) };
  if (scanner.take('mss')) return { kind: 'mss', value: integer(scanner, 'a segment size') };
  if (scanner.take('wscale')) return { kind: 'wscale', value: integer(scanner, 'a shift count') };
  if (scanner.take('sack')) return { kind: 'sack', blocks: blocks(scanner) };
  if (scanner.take('TS')) {
    scanner.expect('val', 'behind TS');
    const value = integer(scanner, 'a timestamp');
    scanner.expect('ecr', 'behind a timestamp');
    return { kind: 'TS', value, echo: integer(scanner, 'an echoed timestamp') };
  }
  for (const kind of ['FOEXP', 'FO', 'md5'] as const) {
    if (!scanner.take(kind)) continue;
    const value = scanner.nextIs(HEX) ? undefined : scanner.match(WORD)?.[0];
    return value === undefined
      ? { kind, bytes: bytes(scanner) }
      : { kind: 'foreign', text: `${kind} ${value}, a name that -D ${value}=... did not replace,` };
  }
  if (scanner.take('ECN')) return { kind: 'ECN', counters: counters(scanner) };
  const word = scanner.match(FOREIGN_OPTION)?.[0];
  if (word !== undefined) {
    scanner.match(/(?:\[[^\]\n]*\]|[^,>[\n])*/y);
    return { kind: 'foreign', text: `TCP option ${word}` };
  }
  return scanner.fail(
    `mss, wscale, sackOK, sack, TS, nop, eol, FO, FOEXP, ECN, md5, uto or raw expected, not ${scanner.next()}`,
  );
}

function counters(scanner: Scanner): readonly (readonly [string, number])[] {
  const found: [string, number][] = [];
  const counter = /(e0b|ceb|e1b)\s+(\d+)/y;
  for (let c = scanner.match(counter); c !== undefined; c = scanner.match(counter)) {
    found.push([c[1]!, Number(c[2])]);
  }
  return found;
}

function blocks(scanner: Scanner): readonly (readonly [number, number])[] {
  const found: [number, number][] = [];
  const block = /(\d+)\s*:\s*(\d+)/y;
  for (let b = scanner.match(block); b !== undefined; b = scanner.match(block)) {
    found.push([Number(b[1]), Number(b[2])]);
  }
  return found.length > 0 ? found : scanner.fail('blocks start:end expected behind sack');
}

/** Hexadecimal digits in pairs; none for an empty cookie. */
function bytes(scanner: Scanner): Uint8Array {
  const at = scanner.place;
  const found = scanner.match(HEX);
  const digits = found?.[1] ?? found?.[2] ?? '';
  if (digits.length % 2 !== 0) scanner.fail('hexadecimal digits come in pairs', at);
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) =>
    Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  );
}
