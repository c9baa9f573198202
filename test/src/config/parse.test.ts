import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { mayRun, parseDecks } from '../../../src/config/index.ts';
import { ipv4 } from '../../../stacks/address/ipv4.ts';
import { ipv6 } from '../../../stacks/address/ipv6.ts';

function good(name: string) {
  return { name, text: readFileSync(new URL(`../../decks/good/${name}`, import.meta.url), 'utf8') };
}

describe('an IPv4 stack', () => {
  const { stacks, findings } = parseDecks([good('ipv4-stack.jcl')]);
  const stack = stacks[0]!;

  it('has what its cards say', () => {
    expect(findings).toEqual([]);
    expect(stack).toMatchObject({
      family: 4,
      id: 31,
      job: 'NETFOUR',
      couple: undefined,
      interval: 120,
      forward: false,
      attached: true,
      suspended: [21],
    });
    expect(stack.devices).toMatchObject([
      { name: 'OSAF00', type: 'OSAX', attachment: 'FOURPORT', mac: undefined, layer2: false },
    ]);
    expect(stack.links).toMatchObject([{ device: 'OSAF00', adapter: 0, prefixLength: 22, mtu: 1492 }]);
    expect(ipv4.format(stack.links[0]!.address)).toBe('10.20.33.64');
    expect(stack.links[0]!.at).toEqual({ file: 'ipv4-stack.jcl', line: 14, column: 1 });
  });

  it('clears the host bits of destinations', () => {
    const routes = stack.routes.map(
      (r) => `${ipv4.format(r.destination)}/${r.prefixLength} ${ipv4.format(r.gateway)} ${r.metric}`,
    );
    expect(routes).toEqual([
      '10.20.32.0/22 0.0.0.0 0',
      '0.0.0.0/0 10.20.32.1 1',
      '10.99.0.0/16 0.0.0.0 0',
      '10.98.0.0/16 10.99.0.1 2',
    ]);
  });

  it('has names, name servers and filters in card order', () => {
    expect(stack.hosts.map((h) => `${h.name} ${ipv4.format(h.address)}`)).toEqual([
      'LOCALHOST 127.0.0.1',
      'VSEA 10.20.33.64',
    ]);
    expect(stack.dns.map((d) => `${ipv4.format(d.address)} ${d.primary}`)).toEqual([
      '10.20.64.172 false',
      '10.20.64.173 true',
    ]);
    expect(stack.filters.map((f) => `${f.protocol} ${f.allow} ${f.port}`)).toEqual([
      'TCP true 23',
      'TCP false 0',
      'UDP false 69',
      'ICMP false 0',
    ]);
  });
});

describe('a coupled IPv6 stack', () => {
  const { stacks, programs } = parseDecks([good('ipv6-coupled.jcl')]);
  const stack = stacks[0]!;

  it('has what its cards say', () => {
    expect(stack).toMatchObject({ family: 6, id: 32, job: 'SIXJOB', interval: 60, couple: { id: 31 } });
    expect(stack.couple!.at).toEqual({ file: 'ipv6-coupled.jcl', line: 10, column: 8 });
    expect(stack.devices[0]!.mac).toEqual(Uint8Array.of(2, 0, 0, 0, 0, 10));
    expect(stack.devices[0]!.layer2).toBe(true);
    const routes = stack.routes.map(
      (r) => `${ipv6.format(r.destination)}/${r.prefixLength} ${ipv6.format(r.gateway)}`,
    );
    expect(routes).toEqual(['fd00:20:30:0:840::/80 ::', '::/0 fd00:20:30:0:840::1', 'fd00:99::/32 fe80::1']);
    expect(programs).toMatchObject([{ program: 'LISTLOG', job: 'SIXJOB', stackId: undefined }]);
  });
});

describe('programs', () => {
  it('take their stack from ID, else from SYSPARM', () => {
    const { programs } = parseDecks([good('ftp-client-data.jcl'), good('tls.jcl'), good('terminals.jcl')]);
    expect(programs.map((p) => `${p.program} ${p.job} ${p.stackId}`)).toEqual([
      'BSTTFTPC SENDIT 31',
      'LISTLOG SENDIT undefined',
      'BSTTPRXY TLS 31',
      'BSTTATLS TLS 31',
      'BSTTWAIT TERMS 31',
      'BSTTVNET TERMS 31',
    ]);
  });

  it('may start steps only outside of data', () => {
    expect(parseDecks([good('book.jcl')])).toMatchObject({ stacks: [], programs: [{ program: 'LIBR' }] });
    expect(parseDecks([good('bare-book.b')])).toMatchObject({ stacks: [], programs: [], findings: [] });
  });
});

describe('a lab', () => {
  const { stacks, segments, programs, schedule, findings } = parseDecks([good('lab.deck')]);

  it('has segments with conditions in µs, bits per second and fractions', () => {
    expect(findings).toEqual([]);
    expect(segments).toMatchObject([
      {
        name: 'LAN',
        conditions: {
          delay: 10_000,
          jitter: 250,
          rate: 100e6,
          loss: 0.01,
          reorder: 0.02,
          duplicate: 0.005,
          corrupt: 0.001,
          mtu: 9000,
          queue: 65536,
        },
      },
    ]);
    expect(stacks.map((s) => s.devices.map((d) => `${d.type} ${d.attachment} ${d.layer2}`))).toEqual([
      ['WIRE LAN true', 'TUN twin0 false'],
      ['WIRE LAN true'],
    ]);
    expect(stacks.map((s) => `${s.job} ${s.forward}`)).toEqual(['BSI41 true', 'BSI42 false']);
  });

  it('has services', () => {
    expect(programs).toMatchObject([{ program: 'TWINSERV', stackId: 42, attached: true }]);
    expect(programs[0]!.services.map((s) => `${s.kind} ${s.port}`)).toEqual([
      'HTTP 80',
      'ECHO 7',
      'SINK 9',
      'SOURCE 19',
      'UDPECHO 7',
    ]);
  });

  it('has a schedule; a TWINLAB step names the stack behind the verb', () => {
    const short = schedule.map(({ time, action }) => [
      time,
      action.kind,
      'stackId' in action ? action.stackId : action.kind === 'segment' && action.name,
    ]);
    expect(short).toEqual([
      [1e6, 'ping', 41],
      [1.5e6, 'fetch', 41],
      [2e6, 'connect', 41],
      [3e6, 'link', 41],
      [4e6, 'link', 41],
      [5e6, 'route', 41],
      [5e6, 'port', 41],
      [60e6, 'segment', 'LAN'],
      [90e6, 'stop', 41],
      [120e6, 'start', 41],
      [2e6, 'fetch', 42],
      [2e6, 'fetch', 42],
      [0.5e6, 'ping', 42],
      [0, 'link', 41],
      [6e6, 'stop', 42],
      [7e6, 'segment', 'LAN'],
    ]);
    expect(schedule[0]!.action).toEqual({
      kind: 'ping',
      interval: 1e6,
      stackId: 41,
      target: 'ME',
      count: 3,
      size: 1400,
    });
    expect(schedule[7]!.action).toEqual({
      kind: 'segment',
      name: 'LAN',
      conditions: { loss: 0.05, delay: 100_000 },
    });
  });
});

it('reads AT ... UDP', () => {
  const text =
    '// EXEC BSTTINET\nID 01\nATTACH TCP/IP\nAT 1S UDP 192.0.2.9 7\n/*\n// EXEC TWINLAB\nAT 2S UDP 01 192.0.2.9 9\n';
  const { schedule, findings } = parseDecks([{ name: 'x', text }]);
  expect(findings).toEqual([]);
  expect(schedule.map((s) => s.action)).toEqual([
    { kind: 'udp', stackId: 1, target: '192.0.2.9', port: 7 },
    { kind: 'udp', stackId: 1, target: '192.0.2.9', port: 9 },
  ]);
  const port0 = '// EXEC BSTTINET\nID 01\nATTACH TCP/IP\nAT 1S UDP 192.0.2.9 0\n/*\n';
  expect(parseDecks([{ name: 'x', text: port0 }]).findings.map((f) => f.rule)).toEqual(['TW1208']);
});

describe('hints', () => {
  const helpOf = (...lines: string[]) =>
    parseDecks([{ name: 'x', text: lines.join('\n') }]).findings.map((f) => f.help ?? f.label);
  const four = ['// EXEC BSTTINET', 'ID 01', 'DEVICE E OSAX D10 P D12'];
  const six = ['// EXEC BSTT6NET', 'ID 01', 'DEVICE E OSAX D10 P D12'];
  const end = ['ATTACH TCP/IP', '/*'];

  it.each([
    ['255.0.255.0', 'did you mean 255.0.0.0 or 255.255.255.0?'],
    ['255.255.225.0', 'did you mean 255.255.224.0 or 255.255.255.0?'],
    ['0.0.0.255', 'did you mean 255.255.255.0?'],
    ['10.0.0.1', 'the mask is missing before it; write it as LINK device adapter address mask mtu'],
  ])('mask %s', (mask, help) => {
    expect(helpOf(...four, `LINK E 0 192.0.2.1 ${mask} 1500`, ...end)).toEqual([help]);
  });

  it('speak of the family of the stack', () => {
    const link = 'LINK E 0 2001:DB8::1 /64 1500';
    expect(helpOf(...six, link, 'ROUTE E ::0 ::0 1', ...end)[0]).toMatch(/^an IPv6 address has eight groups/);
    expect(helpOf(...six, ...end)).toEqual([
      'write LINK E 0 address /64 mtu, or AUTOCONF E mtu to take the address from a router',
    ]);
    expect(helpOf(...four, ...end)).toEqual([
      'write LINK E 0 address mask mtu, or AUTOCONF E mtu to pick one (RFC 3927)',
    ]);
  });

  it('name the program whose EXEC is missing', () => {
    const first = (...lines: string[]) => helpOf(...lines)[0];
    expect(first('ID 02', 'SERVICE HTTP 80')).toMatch(/put \/\/ EXEC TWINSERV before it$/);
    expect(first('SEGMENT LAN DELAY 1MS')).toMatch(/put \/\/ EXEC TWINLAB before it$/);
    expect(first('AT 1S STOP 02')).toMatch(/put \/\/ EXEC TWINLAB before it$/);
    expect(first('COUPLE 02')).toMatch(/put \/\/ EXEC BSTT6NET before it$/);
    expect(first('SEGMENT LAN', ...four.slice(2), 'LINK E 0 192.0.2.1 255.255.255.0 1500')).toMatch(
      /put \/\/ EXEC BSTTINET before it \(an IPv6 stack would be \/\/ EXEC BSTT6NET\)$/,
    );
    expect(first(...four, 'LINK E 0 192.0.2.1 255.255.255.0 1500', ...end, 'HOST A 192.0.2.2')).toMatch(
      /^put it before the \/\*/,
    );
  });
});

describe('stacks on a segment', () => {
  const stack = (id: string, segment: string, ...more: string[]) =>
    [`// EXEC BSTTINET`, `ID ${id}`, `DEVICE E ${segment}`, ...more, 'ATTACH TCP/IP', '/*'].join('\n');
  const rulesOf = (...texts: string[]) =>
    parseDecks([{ name: 'x', text: texts.join('\n') }])
      .findings.map((f) => f.rule)
      .filter((rule) => rule !== 'TW2303');
  const link = (last: number, mask = '255.255.255.0') => `LINK E 0 192.0.2.${last} ${mask} 1500`;
  const route = 'ROUTE E 0.0.0.0 0.0.0.0 192.0.2.9 1';

  it('may have their gateway outside unless all of the segment is virtual', () => {
    expect(rulesOf(stack('01', 'WIRE LAN', link(1), route))).toEqual(['TW2212']);
    expect(rulesOf(stack('01', 'OSAX D10 LAN D12', link(1), route))).toEqual([]);
    expect(rulesOf(stack('01', 'TAP tap0', link(1), route))).toEqual([]);
    expect(
      rulesOf(stack('01', 'WIRE LAN', link(1), route), stack('02', 'OSAX D10 LAN D12', link(2))),
    ).toEqual([]);
    expect(rulesOf(stack('01', 'WIRE LAN', link(1), route), stack('02', 'WIRE LAN', 'LINK E 0'))).toEqual([
      'TW1203',
    ]);
  });

  it('are told of the rarer mask, wherever it stands', () => {
    const texts = [1, 2, 3].map((n) => stack(`0${n}`, 'WIRE LAN', link(n)));
    for (let at = 0; at < 3; at++) {
      const wrong = texts.with(at, stack(`0${at + 1}`, 'WIRE LAN', link(at + 1, '255.255.255.128')));
      const { findings } = parseDecks(wrong.map((text, n) => ({ name: `${n}`, text })));
      expect(findings.filter((f) => f.rule === 'TW2210').map((f) => f.at.file)).toEqual([`${at}`]);
    }
  });

  it('may have networks that do not overlap, and links of one stack are not judged twice', () => {
    expect(
      rulesOf(
        stack('01', 'WIRE LAN', link(1)),
        stack('02', 'WIRE LAN', 'LINK E 0 10.0.0.1 255.0.0.0 1500', 'LINK E 1 10.1.0.1 255.255.0.0 1500'),
      ),
    ).toEqual(['TW2113']);
  });

  it('may be a slip of the name only when nobody else is there', () => {
    const severities = (...names: string[]) =>
      parseDecks(
        names.map((name, n) => ({ name: `${n}`, text: stack(`0${n}`, `WIRE ${name}`, link(n + 1)) })),
      ).findings.map((f) => f.severity);
    expect(severities('LAN', 'LAN', 'LAM')).toEqual(['note', 'warning']);
    expect(severities('LAM', 'LAN', 'LAN')).toEqual(['warning', 'note']);
    expect(severities('LAN', 'LAN', 'WAN', 'WAN')).toEqual(['note', 'note']);
    expect(severities('LAN1', 'LAN1', 'LAN2')).toEqual(['note', 'note']);
  });
});

describe('reading', () => {
  it('lets a placeholder pass a check but not a run', () => {
    const placeholder = parseDecks([{ name: 'x', text: '// EXEC BSTTFTPC\nID ..\nQUIT\n/*\n' }]);
    expect(placeholder.findings.map((f) => f.severity)).toEqual(['note']);
    expect(mayRun(placeholder.findings)).toBe(false);
    expect(mayRun(parseDecks([good('lab.deck')]).findings)).toBe(true);
  });

  it('joins a job control card that goes on', () => {
    const first = `${'// OPTION PARTDUMP,NOSYSDUMP,'.padEnd(71)}X`;
    const text = `${first}\n${' '.repeat(15)}SYSPARM='07'\n// EXEC TWINSERV\nSERVICE ECHO 7\nATTACH TWINSERV\n/*\n`;
    expect(first.length).toBe(72);
    expect(parseDecks([{ name: 'x', text }]).programs).toMatchObject([{ stackId: 7 }]);
  });

  it('takes the name of the POWER job when there is no JOB card', () => {
    const text =
      '* $$ JOB JNM=POWERED,CLASS=A\n// EXEC TWINSERV\nID 01\nSERVICE ECHO 7\nATTACH TWINSERV\n/*\n* $$ EOJ\n';
    expect(parseDecks([{ name: 'x', text }]).programs[0]!.job).toBe('POWERED');
  });

  it('keeps operands that merely reach column 80', () => {
    const host = 'A'.repeat(60);
    const line = `${`HOST ${host}`.padEnd(80 - '192.0.2.1'.length)}192.0.2.1`;
    expect(line.length).toBe(80);
    const text = `// EXEC BSTTINET\nID 01\n${line}\nATTACH TCP/IP\n`;
    const { stacks, findings } = parseDecks([{ name: 'x', text }]);
    expect(findings).toEqual([]);
    expect(stacks[0]!.hosts.map((h) => h.name)).toEqual([host]);
  });

  it('says nothing more about what a wrong card alone leads to', () => {
    const text =
      '// EXEC BSTTINET\nID 01\nDEVICE A OSAY D10 P D12\nLINK A 0 192.0.2.999 255.255.255.0 1492\n' +
      'ROUTE A 0.0.0.0 0.0.0.0 192.0.2.1 1\nAT 1S LINK A DOWN\nATTACH TCP/IP\n/*\n';
    expect(parseDecks([{ name: 'x', text }]).findings.map((f) => f.rule)).toEqual(['TW1207', 'TW1209']);
  });
});
