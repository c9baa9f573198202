/** What EXPECT claims, against labs where it is so, where it is not, and where nothing is to be seen. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { lab } from '../../../src/index.ts';
import { runSchedule } from '../../../src/lab/schedule.ts';

/** Two hosts of a family on both sides of a router; the far one serves. WEST is silent but for what cards do. */
const NETWORK = (cards: string): string => `
// EXEC TWINLAB
SEGMENT WEST DELAY 1MS
SEGMENT EAST DELAY 4MS RATE 10M
/*
// JOB LEFT
// EXEC BSTTINET
ID 01
DEVICE ETH WIRE WEST
LINK ETH 0 10.0.1.9 255.255.255.0 1500
ROUTE ETH 10.0.2.0 255.255.255.0 10.0.1.1 1
ROUTE ETH 10.0.3.0 255.255.255.0 10.0.1.1 1
ROUTE ETH 10.0.4.0 255.255.255.0 10.0.1.1 1
HOST RIGHT 10.0.2.9
${cards}
ATTACH TCP/IP
/*
// JOB MIDDLE
// EXEC BSTTINET
ID 02
FORWARD ON
DEVICE WEST WIRE WEST
LINK WEST 0 10.0.1.1 255.255.255.0 1500
DEVICE EAST WIRE EAST
LINK EAST 0 10.0.2.1 255.255.255.0 1500
ROUTE * 10.0.4.0 255.255.255.0 0.0.0.0 0 TYPE PROHIBIT
AT 0S EXPECT DROP bad-checksum MAX 0 WITHIN 10MS
ATTACH TCP/IP
/*
// JOB RIGHT
// EXEC BSTTINET
ID 03
DEVICE ETH WIRE EAST
LINK ETH 0 10.0.2.9 255.255.255.0 1500
ROUTE ETH 0.0.0.0 0.0.0.0 10.0.2.1 1
ATTACH TCP/IP
/*
// EXEC TWINSERV
ID 03
SERVICE HTTP 80
SERVICE UDPECHO 7
SERVICE SOURCE 19
ATTACH TWINSERV
/*
`;

/** The verdicts of all claims, by their text, and what was seen. */
async function verdicts(deck: string, seed = 1): Promise<Map<string, { verdict: string; seen: string }>> {
  await using network = await lab(deck, { seed });
  const found = new Map<string, { verdict: string; seen: string }>();
  await runSchedule(network, ({ judgement, ok }, { action }) => {
    if (action.kind !== 'expect') return;
    expect(ok).toBe(judgement!.verdict === 'pass');
    found.set(action.text, judgement!);
  });
  return found;
}

describe.each([
  ['pass', 'REACHABLE RIGHT', /^an echo reply after \d+\.\d+ ms$/],
  ['pass', 'REACHABLE RIGHT TCP 80', /^connected to 10\.0\.2\.9 port 80$/],
  ['pass', 'REACHABLE RIGHT UDP 7', /datagram/],
  ['fail', 'REACHABLE RIGHT WITHIN 5MS', /^ETIMEDOUT: silence for 0\.005 s$/],
  ['fail', 'REACHABLE RIGHT TCP 81', /^ECONNREFUSED/],
  ['fail', 'REACHABLE RIGHT UDP 9', /^ECONNREFUSED/],
  ['inconclusive', 'REACHABLE NOBODY', /NOBODY/],
  ['fail', 'UNREACHABLE RIGHT', /echo reply/],
  ['pass', 'UNREACHABLE RIGHT TCP 81', /^ECONNREFUSED/],
  ['pass', 'UNREACHABLE RIGHT TCP 81 BY ECONNREFUSED', /^ECONNREFUSED/],
  ['fail', 'UNREACHABLE RIGHT TCP 81 BY ETIMEDOUT', /^ECONNREFUSED/],
  ['pass', 'UNREACHABLE 10.0.3.9 BY ENETUNREACH', /reported by 10\.0\.1\.1/],
  ['pass', 'UNREACHABLE 10.0.4.9 BY EACCES', /prohibited/],
  ['pass', 'UNREACHABLE 10.0.1.77 BY EHOSTUNREACH', /^EHOSTUNREACH/],
  ['inconclusive', 'UNREACHABLE NOBODY', /NOBODY/],
  ['pass', 'PATH RIGHT VIA MIDDLE', /^via MIDDLE, arrived at RIGHT$/],
  ['pass', 'PATH RIGHT VIA 02', /^via MIDDLE/],
  ['pass', 'PATH 10.0.1.1 DIRECT', /^forwarded by none, arrived at MIDDLE$/],
  ['fail', 'PATH RIGHT DIRECT', /^via MIDDLE/],
  ['fail', 'PATH RIGHT VIA MIDDLE MIDDLE', /^via MIDDLE/],
  ['fail', 'PATH 10.0.3.9 VIA MIDDLE', /^forwarded by none, dropped at MIDDLE: no-route$/],
  ['inconclusive', 'PATH 10.0.9.9 VIA MIDDLE', /^no request left LEFT: ENETUNREACH/],
  ['pass', 'LATENCY RIGHT MAX 21MS MIN 10MS', /10 of 10 answered$/],
  ['fail', 'LATENCY RIGHT MAX 20MS', /10 of 10 answered$/],
  ['fail', 'LATENCY RIGHT MAX 30MS MIN 11MS', /10 of 10 answered$/],
  ['inconclusive', 'LATENCY 10.0.3.9 MAX 1S COUNT 2', /^none of 2 requests was answered, ENETUNREACH/],
  ['pass', 'LOSS RIGHT MAX 0', /^0 of 10 unanswered/],
  ['fail', 'LOSS RIGHT MAX 100 MIN 1', /^0 of 10 unanswered/],
  ['fail', 'LOSS 10.0.3.9 MAX 50 COUNT 4', /^4 of 4 unanswered \(100 %\), ENETUNREACH/],
  ['inconclusive', 'LOSS 10.0.9.9 MAX 100', /^10 of 10 unanswered/],
  ['pass', 'GOODPUT RIGHT 19 MIN 9M MAX 10M', /Mbit\/s, \d+ bytes in 2\.000 s$/],
  ['fail', 'GOODPUT RIGHT 19 MIN 10M', /^9\.\d+ Mbit\/s/],
  ['fail', 'GOODPUT RIGHT 80 MIN 1 FOR 1S', /^0\.000 Mbit\/s, 0 bytes/],
  ['fail', 'GOODPUT RIGHT 81 MIN 1', /ECONNREFUSED/],
  ['pass', 'CONVERGES RIGHT WITHIN 1S', /^every request was answered/],
  ['fail', 'CONVERGES 10.0.3.9 WITHIN 1S', /still unanswered \(ENETUNREACH/],
  ['inconclusive', 'NO-PACKET EAST WITHIN 500MS', /^0 of 0 packets on EAST$/],
  ['fail', 'PACKET EAST WITHIN 500MS', /^0 of 0 packets on EAST$/],
])('%s', (verdict, claim, seen) => {
  it(claim, async () => {
    const found = await verdicts(NETWORK(`AT 1S EXPECT ${claim}`));
    expect(found.get(`EXPECT ${claim}`)).toMatchObject({ verdict, seen: expect.stringMatching(seen) });
  });
});

it('tells packets by protocol, addresses, port, flags, type and code', async () => {
  const wanted: Readonly<Record<string, string>> = {
    'PACKET EAST PROTOCOL TCP FLAGS SYN MAX 1': 'pass',
    'PACKET EAST PROTOCOL TCP FLAGS SYN-ACK FROM 10.0.2.9 TO 10.0.1.9 PORT 80 MAX 1': 'pass',
    'PACKET EAST FLAGS RST': 'fail',
    'PACKET EAST PORT 81': 'fail',
    'PACKET EAST PROTOCOL ICMP TYPE 8 CODE 0 MIN 3 MAX 3': 'pass',
    'PACKET EAST PROTOCOL ICMP TYPE 0 MIN 3': 'pass',
    'PACKET EAST PROTOCOL ICMP MIN 7': 'fail',
    'PACKET EAST PROTOCOL ARP': 'pass',
    'NO-PACKET EAST PROTOCOL IPV6': 'pass',
    'NO-PACKET EAST PROTOCOL IPV4': 'fail',
    'NO-PACKET EAST PROTOCOL UDP PORT 7': 'fail',
    'NO-PACKET EAST FROM 10.0.1.9 TO 10.0.1.9': 'pass',
  };
  const claims = Object.keys(wanted).map((claim) => `AT 1S EXPECT ${claim}`);
  const asked = ['AT 1S PING RIGHT COUNT 3', 'AT 2S FETCH RIGHT', 'AT 2S UDP RIGHT 7'];
  const found = await verdicts(NETWORK([...claims, ...asked].join('\n')));
  for (const [claim, verdict] of Object.entries(wanted)) {
    expect(`${claim} ${found.get(`EXPECT ${claim}`)!.verdict}`).toBe(`${claim} ${verdict}`);
  }
});

it('counts drops by reason, and has no opinion where nothing came', async () => {
  const wanted: Readonly<Record<string, string>> = {
    'DROP 02 no-route': 'pass',
    'DROP 02 no-route MIN 2 MAX 2': 'pass',
    'DROP 02 no-route MAX 1': 'fail',
    'DROP 02 route-prohibited': 'fail',
    'DROP 02 route-prohibited MAX 0': 'pass',
  };
  const claims = Object.keys(wanted).map((claim) => `AT 1S EXPECT ${claim}`);
  const deck = NETWORK('AT 1S PING 10.0.3.9 COUNT 2');
  const found = await verdicts(`${deck}// EXEC TWINLAB\n${claims.join('\n')}\n/*\n`);
  for (const [claim, verdict] of Object.entries(wanted)) {
    expect(`${claim} ${found.get(`EXPECT ${claim}`)!.verdict}`).toBe(`${claim} ${verdict}`);
  }
  expect(found.get('EXPECT DROP bad-checksum MAX 0 WITHIN 10MS')!.verdict).toBe('inconclusive');
});

it('counts a burst of echo requests', async () => {
  const found = await verdicts(
    NETWORK(
      'AT 1S PING RIGHT COUNT 20 INTERVAL 0S\nAT 1S EXPECT PACKET WEST TYPE 8 MIN 20 MAX 20 WITHIN 5MS',
    ),
  );
  expect(found.get('EXPECT PACKET WEST TYPE 8 MIN 20 MAX 20 WITHIN 5MS')).toMatchObject({ verdict: 'pass' });
});

it('cannot judge from a stack that is stopped', async () => {
  const found = await verdicts(NETWORK('AT 1S STOP\nAT 2S EXPECT UNREACHABLE RIGHT'));
  expect(found.get('EXPECT UNREACHABLE RIGHT')).toMatchObject({
    verdict: 'inconclusive',
    seen: 'stack 1 is stopped',
  });
});

describe('the scenarios of labs', () => {
  const scenario = (name: string): string =>
    readFileSync(new URL(`../../../labs/${name}.deck`, import.meta.url), 'utf8');
  const ofKind = async (name: string): Promise<Record<string, string[]>> => {
    const kinds: Record<string, string[]> = {};
    for (const [text, { verdict }] of await verdicts(scenario(name))) (kinds[verdict] ??= []).push(text);
    return kinds;
  };

  it('a missing return route fails before, and passes when it is there', async () => {
    const before = await ofKind('missing-return-route');
    expect(before['fail']?.sort()).toEqual([
      'EXPECT PACKET CORE PROTOCOL TCP PORT 80 FLAGS SYN-ACK',
      'EXPECT REACHABLE SERVER',
      'EXPECT REACHABLE SERVER TCP 80',
    ]);
    expect(before['pass']).toContain('EXPECT PATH SERVER VIA ROUTER');
    expect(Object.keys(await ofKind('missing-return-route-fixed'))).toEqual(['pass']);
  });

  it('the fix is one card', () => {
    const cards = (name: string): string[] =>
      scenario(name)
        .split('\n')
        .filter((line) => !line.startsWith('*'));
    const before = new Set(cards('missing-return-route'));
    const added = cards('missing-return-route-fixed').filter((card) => !before.has(card));
    expect(added).toEqual(['ROUTE ETH ::0 ::0 2001:DB8:1::1 1']);
  });

  it('a backup route takes over', async () => {
    expect(Object.keys(await ofKind('backup-route'))).toEqual(['pass']);
  });
});
