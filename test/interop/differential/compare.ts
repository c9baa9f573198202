/** Two answers field by field, and what of them is left out. */
import {
  ACK,
  type Bytes,
  checksum,
  ICMP,
  ICMPV6,
  i32,
  ipOffset,
  SYN,
  TCP,
  transportOf,
  UDP,
  u16,
} from '../../fuzz/packets.ts';

/**
 * Not compared, and why. Everything else of an answer is.
 *
 * - IPv4 identification, IPv6 flow label: each host's own choice (RFC 6864 §4, RFC 6437 §3).
 * - Initial sequence numbers and timestamps: random offsets (RFC 6528, RFC 7323 §5.4). Other sequence numbers count
 *   from them.
 * - The window: it tells of buffers, not of rules.
 * - Checksums: that they are right is compared.
 */
export const IGNORED: readonly string[] = ['id', 'flow', 'isn', 'tsval', 'window', 'checksum'];

export type Fields = Readonly<Record<string, string | number>>;

/** Sent by a host of itself, not as an answer: what it wants to know of its neighbour, and which groups it listens to. */
export function isOwnBusiness(bytes: Bytes, link: 'tun' | 'tap'): boolean {
  const medium = link === 'tap' ? 'ethernet' : 'ip';
  if (link === 'tap' && u16(bytes, 12) === 0x0806) return u16(bytes, 20) === 1;
  const { protocol, at } = transportOf(bytes, ipOffset(bytes, medium));
  return protocol === ICMPV6 && [133, 135, 143].includes(bytes[at]!);
}

/** `isn`: of the connection, from its SYN-ACK; undefined before it. */
export function fieldsOf(bytes: Bytes, link: 'tun' | 'tap', isn: number | undefined): Fields {
  const ip = link === 'tap' ? 14 : 0;
  const fields: Record<string, string | number> = {};
  if (link === 'tap') {
    fields['to'] = hex(bytes, 0, 6);
    fields['from'] = hex(bytes, 6, 12);
    if (u16(bytes, 12) === 0x0806) {
      return {
        kind: 'ARP',
        ...fields,
        op: u16(bytes, 20),
        sender: hex(bytes, 22, 32),
        target: hex(bytes, 32, 42),
      };
    }
  }
  const version = bytes[ip]! >> 4;
  if (version === 4) {
    Object.assign(fields, { tos: bytes[ip + 1], ttl: bytes[ip + 8], fragment: u16(bytes, ip + 6) });
    Object.assign(fields, {
      source: hex(bytes, ip + 12, ip + 16),
      destination: hex(bytes, ip + 16, ip + 20),
    });
    fields['options'] = optionKinds(bytes, ip + 20, ip + ((bytes[ip]! & 15) << 2));
    fields['length'] = u16(bytes, ip + 2) - (bytes.length - ip);
  } else {
    Object.assign(fields, { tos: (u16(bytes, ip) >> 4) & 255, ttl: bytes[ip + 7] });
    Object.assign(fields, { source: hex(bytes, ip + 8, ip + 24), destination: hex(bytes, ip + 24, ip + 40) });
    fields['length'] = u16(bytes, ip + 4) + 40 - (bytes.length - ip);
  }
  const { protocol, at } = transportOf(bytes, ip);
  fields['sums'] = sumsHold(bytes, ip, protocol, at) ? 'good' : 'bad';
  if (protocol === TCP) return { kind: 'TCP', ...fields, ...tcpFields(bytes, at, isn) };
  if (protocol === ICMP || protocol === ICMPV6) {
    const kind = `${protocol === ICMP ? 'ICMP' : 'ICMPv6'} ${bytes[at]}/${bytes[at + 1]}`;
    return { kind, ...fields, word: hex(bytes, at + 4, at + 8), body: hex(bytes, at + 8, bytes.length) };
  }
  if (protocol < 0) return { kind: 'fragment', ...fields, body: hex(bytes, at, bytes.length) };
  return {
    kind: protocol === UDP ? 'UDP' : `protocol ${protocol}`,
    ...fields,
    body: hex(bytes, at, bytes.length),
  };
}

function tcpFields(bytes: Bytes, at: number, isn: number | undefined): Record<string, string | number> {
  const flags = bytes[at + 13]!;
  const header = (bytes[at + 12]! >> 4) * 4;
  const isFirst = (flags & (SYN | ACK)) === (SYN | ACK);
  return {
    ports: hex(bytes, at, at + 4),
    seq: isFirst
      ? 'isn'
      : isn === undefined
        ? i32(bytes, at + 4) >>> 0
        : `isn+${(i32(bytes, at + 4) - isn) | 0}`,
    ack: i32(bytes, at + 8) >>> 0,
    flags: [...'FSRPAUEC'].filter((_, bit) => (flags & (1 << bit)) !== 0).join(''),
    'tcp options': tcpOptions(bytes, at + 20, at + header),
    urgent: u16(bytes, at + 18),
    data: hex(bytes, at + header, bytes.length),
  };
}

/** Kinds in order of their number, without padding; of timestamps only the echo. */
function tcpOptions(bytes: Bytes, from: number, to: number): string {
  const list: string[] = [];
  for (let at = from; at < to; ) {
    const kind = bytes[at]!;
    if (kind === 0) break;
    if (kind === 1) {
      at++;
      continue;
    }
    const length = Math.max(bytes[at + 1]!, 2);
    if (kind === 8) list.push(`timestamps, echo ${i32(bytes, at + 6) >>> 0}`);
    else if (kind === 3) list.push('window scale');
    else list.push(`${kind}:${hex(bytes, at + 2, at + length)}`);
    at += length;
  }
  return list.sort().join(' ');
}

/** Of IPv4: kinds and lengths; a timestamp holds the time. */
function optionKinds(bytes: Bytes, from: number, to: number): string {
  const list: string[] = [];
  for (let at = from; at < to && bytes[at] !== 0; ) {
    const length = bytes[at] === 1 ? 1 : Math.max(bytes[at + 1]!, 2);
    list.push(`${bytes[at]}:${length}`);
    at += length;
  }
  return list.join(' ');
}

function sumsHold(bytes: Bytes, ip: number, protocol: number, at: number): boolean {
  const version = bytes[ip]! >> 4;
  if (version === 4 && checksum(bytes, ip, ip + ((bytes[ip]! & 15) << 2)) !== 0) return false;
  if (protocol === ICMP) return checksum(bytes, at, bytes.length) === 0;
  if (protocol !== TCP && protocol !== UDP && protocol !== ICMPV6) return true;
  const [from, to] = version === 4 ? [ip + 12, ip + 20] : [ip + 8, ip + 40];
  let sum = protocol + (bytes.length - at);
  for (let i = from; i < to; i += 2) sum += u16(bytes, i);
  return checksum(bytes, at, bytes.length, sum) === 0;
}

function hex(bytes: Bytes, from: number, to: number): string {
  return Buffer.from(bytes.subarray(from, Math.max(to, from))).toString('hex');
}

/** What one end made of a vector: the answers to each step, and the bytes of each datagram that its program got. */
export interface Outcome {
  readonly answers: readonly (readonly Fields[])[];
  readonly delivered: readonly number[];
}

export interface Difference {
  readonly ours: string;
  readonly linux: string;
}

/** Undefined when there is none. */
export function differenceOf(ours: Outcome, linux: Outcome): Difference | undefined {
  const kinds = (outcome: Outcome): string => {
    const steps = outcome.answers.map((list) => list.map(brief).join(' + ') || 'nothing');
    const got = outcome.delivered.length === 0 ? '' : `, delivered ${outcome.delivered.join(' ')}`;
    return steps.join('; ') + got;
  };
  const [one, other] = [kinds(ours), kinds(linux)];
  if (one !== other) return { ours: one, linux: other };
  const fields: [string, string][] = [];
  ours.answers.forEach((list, step) => {
    list.forEach((mine, i) => {
      const theirs = linux.answers[step]![i]!;
      for (const name of new Set([...Object.keys(mine), ...Object.keys(theirs)])) {
        if (mine[name] !== theirs[name])
          fields.push([`${name} ${text(mine[name])}`, `${name} ${text(theirs[name])}`]);
      }
    });
  });
  if (fields.length === 0) return undefined;
  const side = (which: 0 | 1): string => `${one}, ${fields.map((pair) => pair[which]).join(', ')}`;
  return { ours: side(0), linux: side(1) };
}

function brief(fields: Fields): string {
  const { kind, flags } = fields;
  return kind === 'TCP' ? `TCP ${flags}` : kind === 'ARP' ? `ARP ${fields['op']}` : String(kind);
}

function text(value: string | number | undefined): string {
  const whole = String(value ?? 'absent') || 'empty';
  return whole.length > 60 ? `of ${whole.length / 2} bytes` : whole;
}
