import { describe, expect, it } from 'vitest';
import { MAX_SOURCES } from '../../../stacks/ipv6/mld-listener.ts';
import { SECOND } from '../../../stacks/time/clock.ts';
import {
  address,
  bytes,
  dropsOf,
  expectAtRest,
  frame,
  icmp,
  icmpPacket,
  type Net,
  pair,
  STRANGER,
  seen,
  settle,
  text,
} from './net.ts';

const OWN = 'ff02::1:ff00:1';
const ALERT = [58, 0, 5, 2, 0, 0, 1, 0];

/** A message of MLD behind its router alert. */
function withAlert(packet: Uint8Array): Uint8Array {
  const longer = bytes(packet.subarray(0, 40), ALERT, packet.subarray(40));
  longer[6] = 0;
  longer[5] = longer[5]! + 8;
  return longer;
}

const sources = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `2001:db8::${(i + 1).toString(16)}`);

interface Asked {
  /** Maximum response code. */
  readonly code?: number;
  readonly group?: string;
  readonly sources?: readonly string[];
  readonly robustness?: number;
  readonly version?: 1 | 2;
}

function query({
  code = 1_000,
  group = '::',
  sources = [],
  robustness = 0,
  version = 2,
}: Asked = {}): Uint8Array {
  const rest = bytes([robustness, 125, 0, sources.length], ...sources.map(address));
  const body = bytes(address(group), version === 2 ? rest : []);
  const fields = { source: 'fe80::99', destination: group === '::' ? 'ff02::1' : group, hopLimit: 1 };
  return frame(withAlert(icmpPacket(130, 0, code << 16, body, fields)), STRANGER);
}

/** The records of the reports from `from` on: type, group, number of sources. */
function records({ portA }: Net, from: number): [number, string, number][] {
  return seen(portA, from)
    .filter(({ type }) => type === 143)
    .flatMap(({ body, word }) => {
      const found: [number, string, number][] = [];
      for (let i = 0, at = 0; i < (word & 0xffff); i++) {
        const count = (body[at + 2]! << 8) | body[at + 3]!;
        found.push([body[at]!, text(body, at + 4), count]);
        at += 20 + 16 * count;
      }
      return found;
    });
}

const EXCLUDE = 2;
const TO_INCLUDE = 3;
const TO_EXCLUDE = 4;

describe('reports of a change (RFC 3810 §6.1)', () => {
  it('go to all routers, with a router alert, twice, and again from the address that is there then', () => {
    const net = pair();
    const reports = seen(net.portA).filter(({ type }) => type === 143);
    expect(reports.map(({ source, destination, hopLimit }) => [source, destination, hopLimit])).toEqual([
      ['::', 'ff02::16', 1],
      ['::', 'ff02::16', 1],
      ['fe80::ff:fe00:1', 'ff02::16', 1], // RFC 3590 §4
    ]);
    for (const { body, packet } of reports) {
      expect(body).toEqual(bytes([TO_EXCLUDE, 0, 0, 0], address(OWN)));
      expect([...packet.slice(40, 48)]).toEqual(ALERT);
    }
    expectAtRest(net.env, net.a, net.b);
  });

  it('tell of what is left as well, as often as the querier wants', () => {
    const net = pair();
    const { env, a, portA } = net;
    const during = (step: () => void): [number, string, number][] => {
      const from = portA.sent.length;
      step();
      env.clock.advance(env.clock.now + 10 * SECOND);
      return records(net, from).filter(([, group]) => group === 'ff02::2');
    };
    const twice = (type: number) => Array.from({ length: 2 }, () => [type, 'ff02::2', 0]);
    expect(during(() => (a.forwarding = true))).toEqual(twice(TO_EXCLUDE));
    expect(during(() => (a.forwarding = false))).toEqual(twice(TO_INCLUDE));
    portA.inject(query({ robustness: 4 }));
    settle(env);
    expect(during(() => (a.forwarding = true))).toHaveLength(4);
    // What is left before it was told of everywhere is not told of any more.
    const both = during(() => {
      a.forwarding = false;
      a.forwarding = true;
    });
    expect(both.map(([type]) => type)).toEqual([TO_INCLUDE, ...Array.from({ length: 4 }, () => TO_EXCLUDE)]);
    expectAtRest(env, a);
  });
});

describe('answers to a querier (RFC 3810 §6.2)', () => {
  const asked = (...frames: Uint8Array[]) => {
    const net = pair();
    const drops = dropsOf(net.a);
    const from = net.portA.sent.length;
    const start = net.env.clock.now;
    for (const one of frames) net.portA.inject(one);
    settle(net.env);
    const after = (net.env.clock.now - start) / SECOND;
    const reports = seen(net.portA, from).filter(({ type }) => type >= 131);
    return { ...net, drops, after, reports, records: records(net, from) };
  };

  it('name every group in one report, within the time that was given', () => {
    const { env, a, b, after, reports, records } = asked(query({ code: 2_000 }));
    expect(records).toEqual([[EXCLUDE, OWN, 0]]);
    expect(reports).toMatchObject([{ source: 'fe80::ff:fe00:1', destination: 'ff02::16', hopLimit: 1 }]);
    expect(after).toBeLessThanOrEqual(2);
    expectAtRest(env, a, b);
  });

  it.each([
    ['a group', [{ group: OWN }], [[EXCLUDE, OWN, 0]]],
    ['sources of a group', [{ group: OWN, sources: ['2001:db8::9', '2001:db8::a'] }], [[1, OWN, 2]]],
    [
      'sources, some of them twice',
      [
        { group: OWN, sources: ['2001:db8::9'] },
        { group: OWN, sources: ['2001:db8::9', '2001:db8::b'] },
      ],
      [[1, OWN, 2]],
    ],
    [
      'sources, then all of it',
      [{ group: OWN, sources: ['2001:db8::9'] }, { group: OWN }],
      [[EXCLUDE, OWN, 0]],
    ],
    [
      'everything at once, then a group later',
      [{ code: 0 }, { group: OWN, code: 9_000 }],
      [[EXCLUDE, OWN, 0]],
    ],
    [
      'as many sources as are remembered',
      [{ group: OWN, sources: sources(MAX_SOURCES) }],
      [[1, OWN, MAX_SOURCES]],
    ],
    ['one source more', [{ group: OWN, sources: sources(MAX_SOURCES + 1) }], [[EXCLUDE, OWN, 0]]],
    ['a group that nobody joined', [{ group: 'ff02::77' }], []],
    ['all nodes', [{ group: 'ff02::1' }], []],
  ] as [string, Asked[], [number, string, number][]][])('to a question about %s', (_, queries, expected) => {
    const { env, a, b, records } = asked(...queries.map(query));
    expect(records).toEqual(expected);
    expectAtRest(env, a, b);
  });

  it('take a long time in the form that long times have (§5.1.3)', () => {
    // 0x8000: a mantissa of 0x1000 shifted by 3 is 32.768 s; of 20 hosts, one waits longer than ten.
    const delays = Array.from({ length: 20 }, () => asked(query({ code: 0x8fff })).after);
    expect(Math.max(...delays)).toBeLessThanOrEqual(65.6);
    const { records } = asked(query({ code: 0x8000, group: OWN }));
    expect(records).toEqual([[EXCLUDE, OWN, 0]]);
  });

  it.each([
    ['a length of no version', 0, (packet: Uint8Array) => packet.subarray(0, -1)],
    ['a hop limit that a router may have passed', 1, (packet: Uint8Array) => packet.with(14 + 7, 2)],
    ['sources that are not there', 0, (packet: Uint8Array) => packet.with(packet.length - 1, 3)],
  ])('are not given to a query with %s', (_, kind, bend) => {
    const bent = bend(query());
    // The checksum and the length have to be right again.
    const message =
      kind === 1 ? bent.subarray(62) : icmp(130, 0, 1_000 << 16, bent.subarray(70), 'fe80::99', 'ff02::1');
    const whole = bytes(bent.subarray(0, 62), message);
    whole[14 + 5] = message.length + 8;
    const { env, a, b, drops, reports } = asked(whole);
    expect(drops()).toEqual({ 'icmp-ignored': 1 });
    expect(reports).toEqual([]);
    expectAtRest(env, a, b);
  });

  it('are not given without a router alert, nor to a stranger to the link', () => {
    const bare = icmpPacket(130, 0, 1_000 << 16, new Uint8Array(20), {
      source: 'fe80::99',
      destination: 'ff02::1',
      hopLimit: 1,
    });
    const far = icmpPacket(130, 0, 1_000 << 16, new Uint8Array(20), {
      source: '2001:db8::99',
      destination: 'ff02::1',
      hopLimit: 1,
    });
    const { drops, reports } = asked(frame(bare, STRANGER), frame(withAlert(far), STRANGER));
    expect(drops()).toEqual({ 'icmp-ignored': 2 });
    expect(reports).toEqual([]);
  });
});

describe('with a querier of version 1 (RFC 3810 §8.2, RFC 2710)', () => {
  it('reports are of version 1, to the group, until it has been silent for long enough', () => {
    const net = pair();
    const { env, a, portA } = net;
    const from = portA.sent.length;
    portA.inject(query({ version: 1 }));
    settle(env);
    expect(seen(portA, from)).toMatchObject([{ type: 131, destination: OWN, hopLimit: 1 }]);
    expect(seen(portA, from)[0]!.body).toEqual(address(OWN));
    const before = portA.sent.length;
    a.forwarding = true;
    env.clock.advance(env.clock.now + 20 * SECOND);
    a.forwarding = false;
    env.clock.advance(env.clock.now + 20 * SECOND);
    const said = seen(portA, before).filter(({ body }) => body.length === 16 && text(body, 0) === 'ff02::2');
    expect(said.map(({ type, destination }) => [type, destination])).toEqual([
      [131, 'ff02::2'],
      [131, 'ff02::2'],
      [132, 'ff02::2'],
    ]);
    env.clock.advance(env.clock.now + 300 * SECOND);
    const later = portA.sent.length;
    portA.inject(query());
    settle(env);
    expect(records(net, later)).toEqual([[EXCLUDE, OWN, 0]]);
    expectAtRest(env, a);
  });

  it('the report of another listener is enough', () => {
    const { env, a, portA } = pair();
    const from = portA.sent.length;
    portA.inject(query({ version: 1, code: 5_000 }));
    const fields = { source: 'fe80::77', destination: OWN, hopLimit: 1 };
    const report = frame(withAlert(icmpPacket(131, 0, 0, address(OWN), fields)), STRANGER);
    portA.inject(report);
    settle(env);
    expect(seen(portA, from)).toEqual([]);
    const drops = dropsOf(a);
    portA.inject(report);
    expect(drops()).toEqual({ 'icmp-ignored': 1 });
    expectAtRest(env, a);
  });
});
