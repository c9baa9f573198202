/** Counts packets on a segment, or drops of a stack, for a time. */

import type { DropReason } from '../../stacks/packet/verdict.ts';
import { SECOND } from '../../stacks/time/clock.ts';
import { PROTOCOL_ICMP } from '../../stacks/wire/ipv4.ts';
import { ICMPV6 } from '../../stacks/wire/ipv6.ts';
import { ACK, FIN, RST, SYN, TCP } from '../../stacks/wire/tcp.ts';
import { PROTOCOL_UDP } from '../../stacks/wire/udp.ts';
import { type Headers, readHeaders } from '../capture/headers.ts';
import type { PacketLike } from '../config/deck.ts';
import type { Lab } from './lab.ts';

export interface Count {
  readonly matching: number;
  /** Matching or not. */
  readonly all: number;
  readonly seen: string;
}

/** Frames as they leave their senders; `duration` in µs. */
export async function watchPackets(
  lab: Lab,
  segment: string,
  like: PacketLike,
  duration: number,
): Promise<Count> {
  let matching = 0;
  let all = 0;
  let first: string | undefined;
  await listening(lab, lab.trace.onFrame, duration, ({ link, medium, bytes, time }) => {
    if (link !== segment) return;
    all++;
    const headers = readHeaders(medium, bytes);
    if (headers === undefined || !isLike(headers, like)) return;
    matching++;
    first ??= `${(time / SECOND).toFixed(6)} s, ${summaryOf(headers)}`;
  });
  const which = first === undefined ? '' : `, the first at ${first}`;
  return { matching, all, seen: `${matching} of ${packets(all)} on ${segment}${which}` };
}

export async function watchDrops(
  lab: Lab,
  stackId: number,
  reason: DropReason,
  duration: number,
): Promise<Count> {
  const { name } = lab.host(stackId);
  let matching = 0;
  let all = 0;
  await listening(lab, lab.trace.onVerdict, duration, (event) => {
    if (event.place !== name) return;
    all++;
    if (event.reason === reason) matching++;
  });
  return { matching, all, seen: `${matching} of ${packets(all)} at ${name} dropped as ${reason}` };
}

async function listening<E>(
  lab: Lab,
  listeners: ((event: E) => void)[],
  duration: number,
  listener: (event: E) => void,
): Promise<void> {
  listeners.push(listener);
  try {
    await lab.advance(duration);
  } finally {
    listeners.splice(listeners.indexOf(listener), 1);
  }
}

const PROTOCOLS = { TCP, UDP: PROTOCOL_UDP, ICMP: PROTOCOL_ICMP, ICMPV6, ARP: 'ARP' } as const;
const FLAGS = { SYN, 'SYN-ACK': SYN | ACK, FIN, RST } as const;

function isLike(headers: Headers, like: PacketLike): boolean {
  const { source, destination, sourcePort, destinationPort, icmp, tcp } = headers;
  if (like.protocol !== undefined && !isOf(headers, like.protocol)) return false;
  if (like.from !== undefined && like.from !== source) return false;
  if (like.to !== undefined && like.to !== destination) return false;
  // What has no ports has 0 there, and a card has not.
  if (like.port !== undefined && like.port !== sourcePort && like.port !== destinationPort) return false;
  if (like.type !== undefined && like.type !== icmp?.type) return false;
  if (like.code !== undefined && like.code !== icmp?.code) return false;
  if (like.flags === undefined) return true;
  if (tcp === undefined) return false;
  const mask = like.flags === 'SYN' || like.flags === 'SYN-ACK' ? SYN | ACK : FLAGS[like.flags];
  return (tcp.flags & mask) === FLAGS[like.flags];
}

function isOf({ protocol, source }: Headers, wanted: NonNullable<PacketLike['protocol']>): boolean {
  if (wanted === 'IPV4' || wanted === 'IPV6')
    return protocol !== 'ARP' && source.includes(':') === (wanted === 'IPV6');
  return protocol === PROTOCOLS[wanted];
}

function summaryOf({ source, destination, sourcePort, destinationPort, tcp, text }: Headers): string {
  if (tcp === undefined) return `${source} > ${destination} ${text}`;
  const bits = [
    [SYN, 'SYN'],
    [FIN, 'FIN'],
    [RST, 'RST'],
    [ACK, 'ACK'],
  ] as const;
  const flags = bits.flatMap(([bit, name]) => ((tcp.flags & bit) === 0 ? [] : [name]));
  return `${source} port ${sourcePort} > ${destination} port ${destinationPort} TCP ${flags.join('+')}`;
}

function packets(n: number): string {
  return n === 1 ? '1 packet' : `${n} packets`;
}
