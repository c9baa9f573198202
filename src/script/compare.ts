/** Is this the packet that the script expects? Every difference is told, not the first alone. */
import type { Family } from '../../stacks/address/family.ts';
import type { Seen } from './codec.ts';
import type { Flow } from './flow.ts';
import { icmpName, icmpNumbers } from './icmp-names.ts';
import { FLAG_BITS } from './parse-packet.ts';
import { optionText } from './show-packet.ts';
import type { IpFields, PacketLine, TcpOption, TcpPacket } from './syntax.ts';

const ACK = FLAG_BITS['.']!;
const PSH = FLAG_BITS['P']!;
const ECN_WANTED = { noecn: [0], ect0: [2], ect1: [1], ect01: [1, 2], ce: [3] } as const;

export interface Strictness {
  /** That a timestamp may differ by; infinite: it is not compared. */
  readonly ticks: number;
  /** PSH on data is compared; on Linux it tells where the buffers of its segmentation offload end. */
  readonly push: boolean;
}

/** Empty when it is. */
export function differences(
  family: Family,
  line: PacketLine,
  seen: Seen,
  flow: Flow | undefined,
  strictness: Strictness,
): string[] {
  if (line.protocol !== seen.protocol) return [`protocol: ${line.protocol} expected, ${seen.protocol} sent`];
  const found = ipDifferences(line.ip, seen);
  if (line.protocol === 'udp' && seen.protocol === 'udp') {
    if (seen.length !== line.length) found.push(differs('length', line.length, seen.length));
  } else if (line.protocol === 'icmp' && seen.protocol === 'icmp') {
    const wanted = icmpNumbers(family, line.type, line.code);
    if (typeof wanted !== 'object' || wanted.type !== seen.type || wanted.code !== seen.code) {
      const name = line.code === undefined ? line.type : `${line.type} ${line.code}`;
      found.push(differs('message', name, icmpName(family, seen.type, seen.code)));
    }
    if (line.mtu !== undefined && seen.mtu !== line.mtu) found.push(differs('mtu', line.mtu, seen.mtu));
  } else if (line.protocol === 'tcp' && seen.protocol === 'tcp') {
    found.push(...tcpDifferences(line, seen, flow, strictness));
  }
  return found;
}

function differs(what: string, expected: number | string, sent: number | string): string {
  return `${what}: ${expected} expected, ${sent} sent`;
}

function ipDifferences(ip: IpFields, seen: Seen): string[] {
  const found: string[] = [];
  if (ip.ecn !== undefined && !(ECN_WANTED[ip.ecn] as readonly number[]).includes(seen.tos & 3)) {
    found.push(differs('ECN', ip.ecn, ['noecn', 'ect1', 'ect0', 'ce'][seen.tos & 3]!));
  }
  if (ip.tos !== undefined && ip.tos !== seen.tos) found.push(differs('tos', ip.tos, seen.tos));
  if (ip.ttl !== undefined && ip.ttl !== seen.ttl) found.push(differs('ttl', ip.ttl, seen.ttl));
  if (ip.flowLabel !== undefined && ip.flowLabel !== seen.flowLabel) {
    found.push(differs('flow label', ip.flowLabel, seen.flowLabel));
  }
  return found;
}

function tcpDifferences(
  line: TcpPacket,
  seen: Extract<Seen, { protocol: 'tcp' }>,
  flow: Flow | undefined,
  strictness: Strictness,
): string[] {
  const found: string[] = [];
  const seq = flow?.toScript(seen.seq) ?? seen.seq >>> 0;
  const differing = line.flags ^ seen.flags;
  const isEqual = differing === 0 || (differing === PSH && !strictness.push && seen.length > 0);
  if (!isEqual) found.push(differs('flags', names(line.flags), names(seen.flags)));
  if (line.sequence.start !== seq) found.push(differs('sequence number', line.sequence.start, seq));
  if (line.sequence.length !== seen.length) found.push(differs('length', line.sequence.length, seen.length));
  if (line.ack !== undefined && (seen.flags & ACK) !== 0 && line.ack >>> 0 !== seen.ack >>> 0) {
    found.push(differs('ack', line.ack, seen.ack >>> 0));
  }
  if (line.window !== undefined && line.window !== seen.window)
    found.push(differs('win', line.window, seen.window));
  if ((line.urgent ?? 0) !== seen.urgent) found.push(differs('urg', line.urgent ?? 0, seen.urgent));
  if (line.options !== 'any') found.push(...optionDifferences(line.options, seen.options, flow, strictness));
  return found;
}

function names(flags: number): string {
  const text = Object.entries(FLAG_BITS).flatMap(([name, bit]) => ((flags & bit) !== 0 ? [name] : []));
  return text.length === 0 ? '-' : text.join('');
}

function optionDifferences(
  expected: readonly TcpOption[],
  sent: readonly TcpOption[],
  flow: Flow | undefined,
  strictness: Strictness,
): string[] {
  const same =
    expected.length === sent.length &&
    expected.every((option, i) => sameOption(option, sent[i]!, flow, strictness));
  if (same) return [];
  const text = (options: readonly TcpOption[]): string =>
    options.length === 0 ? 'no options' : `<${options.map(optionText).join(',')}>`;
  const shown = sent.map((option) =>
    option.kind === 'TS' && flow !== undefined
      ? { ...option, value: flow.stampToScript(option.value) }
      : option,
  );
  return [differs('options', text(expected), text(shown))];
}

function sameOption(
  expected: TcpOption,
  sent: TcpOption,
  flow: Flow | undefined,
  strictness: Strictness,
): boolean {
  if (expected.kind === 'TS' && sent.kind === 'TS') {
    const off = (sent.value - (flow?.stampToWire(expected.value) ?? expected.value)) | 0;
    return expected.echo >>> 0 === sent.echo && Math.abs(off) <= strictness.ticks;
  }
  // A cookie is the stack's own secret: an expected one without bytes stands for any.
  if (expected.kind === 'FO' && sent.kind === 'FO' && expected.bytes.length === 0) return true;
  return optionText(expected) === optionText(sent);
}
