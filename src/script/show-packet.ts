/** Packets as a script would write them. */
import type { Family } from '../../stacks/address/family.ts';
import type { Seen } from './codec.ts';
import type { Flow } from './flow.ts';
import { icmpName } from './icmp-names.ts';
import { lieText } from './lies.ts';
import { FLAG_BITS } from './parse-packet.ts';
import type { IpFields, PacketLine, TcpOption } from './syntax.ts';

const ACK = FLAG_BITS['.']!;
const ECN_NAMES = ['', '[ect1] ', '[ect0] ', '[ce] '] as const;

function flagText(flags: number): string {
  const text = Object.entries(FLAG_BITS)
    .filter(([, bit]) => (flags & bit) !== 0)
    .map(([name]) => name)
    .join('');
  return text === '' ? '-' : text;
}

export function optionText(option: TcpOption): string {
  switch (option.kind) {
    case 'mss':
    case 'wscale':
      return `${option.kind} ${option.value}`;
    case 'uto':
      return `uto ${option.value}${option.isMinutes ? 'm' : 's'}`;
    case 'sack':
      return `sack ${option.blocks.map(([a, b]) => `${a}:${b}`).join(' ')}`;
    case 'TS':
      return `TS val ${option.value} ecr ${option.echo}`;
    case 'FO':
    case 'FOEXP':
    case 'md5':
    case 'raw':
      return `${option.kind} ${Buffer.from(option.bytes).toString('hex')}`.trimEnd();
    case 'ECN':
      return ['ECN', ...option.counters.map(([name, n]) => `${name} ${n}`)].join(' ');
    default:
      return option.kind;
  }
}

const listText = (options: readonly TcpOption[]): string =>
  options.length === 0 ? '' : ` <${options.map(optionText).join(',')}>`;

function ipText({ ecn, tos, flowLabel, ttl, lies = {} }: IpFields): string {
  const parts = [
    ecn,
    tos === undefined ? undefined : `tos 0x${tos.toString(16)}`,
    flowLabel === undefined ? undefined : `flowlabel 0x${flowLabel.toString(16)}`,
    ttl === undefined ? undefined : `ttl ${ttl}`,
    ...lieText(lies),
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? '' : `[${parts.join(', ')}] `;
}

/** As the line stands in the script. */
export function lineText(line: PacketLine): string {
  const head = `${line.direction === 'in' ? '<' : '>'} ${ipText(line.ip)}`;
  if (line.protocol === 'udp') return `${head}udp (${line.length})`;
  if (line.protocol === 'icmp') {
    const code = line.code === undefined ? '' : ` ${line.code}`;
    return `${head}icmp ${line.type}${code}${line.mtu === undefined ? '' : ` mtu ${line.mtu}`}`;
  }
  const { start, end, length } = line.sequence;
  const ack = line.ack === undefined ? '' : ` ack ${line.ack}`;
  const window = line.window === undefined ? '' : ` win ${line.window}`;
  const urgent = line.urgent === undefined ? '' : ` urg ${line.urgent}`;
  const options = line.options === 'any' ? ' <...>' : listText(line.options);
  return `${head}${flagText(line.flags)} ${start}:${end}(${length})${ack}${window}${urgent}${options}`;
}

/** A packet on the wire in the script's numbers; without a flow, in those of the wire. */
export function seenText(
  family: Family,
  direction: 'in' | 'out',
  seen: Seen,
  flow: Flow | undefined,
): string {
  const head = `${direction === 'in' ? '<' : '>'} ${ECN_NAMES[seen.tos & 3]}`;
  if (seen.protocol === 'udp') return `${head}udp (${seen.length})`;
  if (seen.protocol === 'icmp') return `${head}icmp ${icmpName(family, seen.type, seen.code)}`;
  const isOurs = direction === 'out';
  const seq = isOurs ? (flow?.toScript(seen.seq) ?? seen.seq >>> 0) : seen.seq >>> 0;
  const ack = isOurs ? seen.ack >>> 0 : (flow?.toScript(seen.ack) ?? seen.ack >>> 0);
  const ackText = (seen.flags & ACK) === 0 ? '' : ` ack ${ack}`;
  const urgent = seen.urgent === 0 ? '' : ` urg ${seen.urgent}`;
  const options = seen.options.map((option): TcpOption => {
    if (flow === undefined) return option;
    if (option.kind === 'TS') {
      return isOurs
        ? { ...option, value: flow.stampToScript(option.value) }
        : { ...option, echo: option.echo === 0 ? 0 : flow.stampToScript(option.echo) };
    }
    if (option.kind !== 'sack' || isOurs) return option;
    return {
      kind: 'sack',
      blocks: option.blocks.map(([a, b]) => [flow.toScript(a), flow.toScript(b)] as const),
    };
  });
  const end = (seq + seen.length) >>> 0;
  return `${head}${flagText(seen.flags)} ${seq}:${end}(${seen.length})${ackText} win ${seen.window}${urgent}${listText(options)}`;
}
