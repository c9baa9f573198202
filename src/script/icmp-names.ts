/** The words of packetdrill for ICMP types and codes, and their numbers in both families (RFC 792, 1122, 1812; 4443). */
import type { Family } from '../../stacks/address/family.ts';

interface Numbers {
  readonly type: number;
  readonly code: number;
}

/** Undefined where a family has no such message; RFC 7915 §4.2 says which ones stand for each other. */
type Row = readonly [four: Numbers | undefined, six: Numbers | undefined];

const both = (type4: number, code4: number, type6: number, code6: number): Row => [
  { type: type4, code: code4 },
  { type: type6, code: code6 },
];

const ROWS: Readonly<Record<string, Row>> = {
  'unreachable net_unreachable': both(3, 0, 1, 0),
  'unreachable host_unreachable': both(3, 1, 1, 3),
  'unreachable protocol_unreachable': both(3, 2, 4, 1),
  'unreachable port_unreachable': both(3, 3, 1, 4),
  'unreachable frag_needed': both(3, 4, 2, 0),
  'unreachable source_route_failed': both(3, 5, 1, 0),
  'unreachable net_unknown': both(3, 6, 1, 0),
  'unreachable host_unknown': both(3, 7, 1, 0),
  'unreachable source_host_isolated': both(3, 8, 1, 0),
  'unreachable net_prohibited': both(3, 9, 1, 1),
  'unreachable host_prohibited': both(3, 10, 1, 1),
  'unreachable net_unreachable_for_tos': both(3, 11, 1, 0),
  'unreachable host_unreachable_for_tos': both(3, 12, 1, 0),
  'unreachable packet_filtered': both(3, 13, 1, 1),
  'unreachable precedence_violation': [{ type: 3, code: 14 }, undefined],
  'unreachable precedence_cutoff': both(3, 15, 1, 1),
  'unreachable no_route': both(3, 0, 1, 0),
  'unreachable admin_prohibited': both(3, 13, 1, 1),
  'unreachable not_neighbour': both(3, 1, 1, 2),
  'unreachable address_unreachable': both(3, 1, 1, 3),
  packet_too_big: both(3, 4, 2, 0),
  source_quench: [{ type: 4, code: 0 }, undefined],
  time_exceeded: both(11, 0, 3, 0),
  'time_exceeded exceed_ttl': both(11, 0, 3, 0),
  'time_exceeded exceed_reassembly': both(11, 1, 3, 1),
  parameter_problem: both(12, 0, 4, 0),
  echo_request: both(8, 0, 128, 0),
  echo_reply: both(0, 0, 129, 0),
};

/** Undefined: no such words; `absent`: this family has no such message. */
export function icmpNumbers(
  family: Family,
  type: string,
  code: string | undefined,
): Numbers | 'absent' | undefined {
  const key = code === undefined ? type : `${type} ${code}`;
  if (!Object.hasOwn(ROWS, key)) return undefined;
  return ROWS[key]![family.version === 4 ? 0 : 1] ?? 'absent';
}

/** For showing a packet that was seen. */
export function icmpName(family: Family, type: number, code: number): string {
  const side = family.version === 4 ? 0 : 1;
  for (const [name, row] of Object.entries(ROWS)) {
    if (row[side]?.type === type && row[side].code === code) return name;
  }
  return `type ${type} code ${code}`;
}
