/** The commands as a user runs them: the built program, its output and its exit codes. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const MAIN = 'dist/src/cli/main.js';
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'twinstack-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function twinstack(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync('node', [MAIN, ...args], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { code: status, out: stdout, err: stderr };
}

function deck(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const TWO_HOSTS = `// EXEC TWINLAB
SEGMENT LAN DELAY 5MS
/*
// JOB LEFT
// EXEC BSTTINET
ID 01
DEVICE ETH WIRE LAN
LINK ETH 0 192.0.2.1 255.255.255.0 1500
AT 1S PING 192.0.2.2 COUNT 2
AT 2S FETCH 192.0.2.2 80
ATTACH TCP/IP
/*
// JOB RIGHT
// EXEC BSTTINET
ID 02
DEVICE ETH WIRE LAN
LINK ETH 0 192.0.2.2 255.255.255.0 1500
ATTACH TCP/IP
/*
// EXEC TWINSERV
ID 02
SERVICE HTTP 80
ATTACH TWINSERV
/*
`;

describe('demo', () => {
  it('ends well, and the same seed gives the same trace hash, another seed another one', () => {
    const run = (seed: string) => {
      const { code, out } = twinstack(
        'demo',
        '--json',
        '--seed',
        seed,
        '--capture',
        join(folder, 'demo.pcapng'),
      );
      expect(code).toBe(0);
      return JSON.parse(out) as { ok: boolean; hash: string; frames: number; shown: { ok: boolean }[] };
    };
    const first = run('1');
    // The Date header of the answers differs by then, which is the application's affair.
    spawnSync('sleep', ['1.1']);
    const [again, other] = [run('1'), run('2')];
    expect(first.ok && first.shown.length === 10 && first.shown.every((s) => s.ok)).toBe(true);
    expect(first.hash).toMatch(/^[0-9a-f]{16}$/);
    expect(again.hash).toBe(first.hash);
    expect(other.hash).not.toBe(first.hash);
  });

  const noTshark = spawnSync('tshark', ['--version']).status !== 0;
  if (noTshark) console.log('skipped: the capture of the demo is judged by tshark, which is not installed');
  it.skipIf(noTshark)(
    'writes a capture with one interface a link, which tshark reads without complaint',
    () => {
      const path = join(folder, 'demo.pcapng');
      const { out } = twinstack('demo', '--json', '--capture', path);
      const { frames } = JSON.parse(out) as { frames: number };
      const tshark = (...args: string[]) =>
        spawnSync('tshark', ['-r', path, ...args], { encoding: 'utf8' }).stdout;
      const names = tshark('-T', 'fields', '-e', 'frame.interface_name').trim().split('\n');
      expect(names.length).toBe(frames);
      expect(new Set(names)).toEqual(new Set(['HOME', 'FAR']));
      expect(
        tshark(
          '-Y',
          '_ws.malformed || tcp.checksum.status == 0 || ip.checksum.status == 0',
          '-o',
          'tcp.check_checksum:TRUE',
          '-o',
          'ip.check_checksum:TRUE',
        ),
      ).toBe('');
      expect(tshark('-Y', 'icmp.type == 3 && icmp.code == 3').trim()).not.toBe('');
    },
  );
});

describe('run', () => {
  it('carries out the schedule in virtual time', () => {
    const { code, out } = twinstack('run', deck('two.deck', TWO_HOSTS));
    expect(code).toBe(0);
    expect(out).toContain('BSTT000I INITIATED BSTTINET');
    expect(out).toMatch(/2020\.000 ms {2}ok {3}LEFT fetches 192\.0\.2\.2:80 over IPv4: 200/);
    expect(out).toMatch(/2010\.000 ms {2}ok {3}LEFT pings 192\.0\.2\.2: 2\/2 answered/);
    expect(out).toMatch(/ended at \d+\.\d{6} s, \d+ frames, trace hash [0-9a-f]{16}/);
  });

  it('exits 1 when an action fails', () => {
    const { code, out } = twinstack(
      'run',
      deck('closed.deck', TWO_HOSTS.replace('FETCH 192.0.2.2 80', 'FETCH 192.0.2.2 81')),
    );
    expect(code).toBe(1);
    expect(out).toContain('FAIL LEFT fetch 192.0.2.2: connect ECONNREFUSED 192.0.2.2:81');
  });

  it('prints JSON lines', () => {
    const { out } = twinstack('run', '--json', deck('two.deck', TWO_HOSTS));
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.find((l) => l['action'] === 'ping')).toMatchObject({
      ok: true,
      ping: { sent: 2, received: 2 },
    });
    expect(lines.at(-1)).toHaveProperty('hash');
  });

  it('starts nothing from a deck with errors, and lists all of them', () => {
    const { code, out, err } = twinstack(
      'run',
      deck('bad.deck', TWO_HOSTS.replaceAll('255.255.255.0', '255.0.255.0')),
    );
    expect([code, out]).toEqual([2, '']);
    expect(err.match(/bad\.deck:\d+:\d+ error TW\d{4}/g)?.length).toBeGreaterThanOrEqual(2);
  });

  it.each([[[]], [['nowhere.deck']], [['--seed', 'x', 'y.deck']], [['--bogus']]])(
    'answers %j with exit 2 and a line',
    (args) => {
      const { code, out, err } = twinstack('run', ...args);
      expect([code, out]).toEqual([2, '']);
      expect(err).not.toContain('    at ');
    },
  );
});

describe('ping', () => {
  it('prints what iputils prints, and JSON', () => {
    const path = deck('two.deck', TWO_HOSTS);
    const { code, out } = twinstack('ping', path, 'LEFT', '192.0.2.2', '-c', '2');
    expect(code).toBe(0);
    expect(out).toContain('56 bytes from 192.0.2.2: icmp_seq=2 ttl=64 time=10.000 ms');
    expect(out).toContain('2 packets transmitted, 2 received, 0% packet loss');
    const silent = twinstack('ping', path, '01', '192.0.2.9', '-c', '1', '--json');
    expect(silent.code).toBe(1);
    expect(JSON.parse(silent.out)).toMatchObject({
      received: 0,
      results: [{ outcome: 'error', code: 'EHOSTUNREACH' }],
    });
  });
  it('says which hosts there are when FROM is none of them', () => {
    const { code, err } = twinstack('ping', deck('two.deck', TWO_HOSTS), '77', '192.0.2.2');
    expect(code).toBe(2);
    expect(err).toContain("no host '77' in this lab; there are 01 (LEFT), 02 (RIGHT)");
  });
});

describe('show', () => {
  it('shows every table as text and as JSON', () => {
    const path = deck('two.deck', TWO_HOSTS);
    const expected: Record<string, RegExp> = {
      links: /01 +1 +ETH +UP +1500 +02:54:53:01:04:01 +192\.0\.2\.1\/24/,
      routes: /01 +192\.0\.2\.0\/24 +- +direct +ETH/,
      neighbors: /01 +192\.0\.2\.2 +ETH +02:54:53:02:04:01/,
      sockets: /02 +tcp +LISTEN +0 +0 +\*:80/,
      counters: /stack 01 +received +\d+/,
      pmtu: /STACK +DESTINATION +MTU/,
      couple: /STACK +COUPLED TO +STATE/,
    };
    for (const [what, row] of Object.entries(expected)) {
      const text = twinstack('show', what, path);
      expect(text.code).toBe(0);
      expect(text.out).toMatch(row);
      expect(Array.isArray(JSON.parse(twinstack('show', what, path, '--json').out))).toBe(true);
    }
  });
  it('chooses sockets by state, port and peer, and ends at a limit', () => {
    const path = deck('two.deck', TWO_HOSTS);
    const chosen = (...options: string[]) => twinstack('show', 'sockets', path, ...options);
    expect(JSON.parse(chosen('--state', 'listen', '--port', '80', '--json').out)).toEqual([
      { stack: '02', proto: 'tcp', state: 'LISTEN', recv_q: 0, send_q: 0, local: '*:80', peer: '*' },
    ]);
    expect(chosen('--peer', '198.51.100.0/24').out).toMatch(/^0 sockets\nSTACK .*\n$/);
    expect(chosen('--limit', '0', '--json').out).toBe('[\n]\n');
    expect(chosen('--state', 'sleeping').err).toContain('no state is called SLEEPING');
    expect(chosen('--peer', '192.0.2.1/33').code).toBe(2);
  });
  it('tells which route a packet takes, and why not the others', () => {
    const routes = 'ROUTE * 0.0.0.0 0.0.0.0 0.0.0.0 9 TYPE REJECT\nROUTE ETH 0.0.0.0 0.0.0.0 192.0.2.9 1\n';
    const path = deck('routes.deck', TWO_HOSTS.replace('ATTACH', `${routes}ATTACH`));
    const asked = (...options: string[]) => twinstack('show', 'routes', path, ...options);
    const rows = JSON.parse(asked('--to', '198.51.100.1', '--json').out) as Record<string, string>[];
    expect(rows.filter(({ stack }) => stack === '01').map(({ verdict, card }) => [verdict, card])).toEqual([
      ['taken', expect.stringMatching(/routes\.deck:\d+:1$/)],
      ['a lower number wins', expect.stringMatching(/routes\.deck:\d+:1$/)],
    ]);
    expect(rows.filter(({ stack }) => stack === '02').map(({ verdict }) => verdict)).toEqual(['no route']);
    expect(asked('--to', '192.0.2.1').out).toMatch(/01 +an address of this stack/);
    expect(asked('--to', '198.51.100.1', '--from', '::1').code).toBe(2);
    expect(asked('--to', '::1').err).toContain('not an address of the family');
    expect(asked('--from', '192.0.2.1').code).toBe(2);
  });
  it('looks at a moment of the schedule', () => {
    const { out, err } = twinstack('show', 'sockets', '--at', '2006ms', deck('two.deck', TWO_HOSTS));
    expect(err).toBe(''); // the fetch that the moment cuts off has not failed
    expect(out).toMatch(/02 +tcp +SYN-RECEIVED/);
  });
});

describe('run --live', () => {
  it('stays until it is ended, also when nothing outside can reach the lab', async () => {
    const child = spawn('node', ['dist/src/cli/main.js', 'run', '--live', deck('two.deck', TWO_HOSTS)]);
    let said = '';
    for await (const text of child.stderr.setEncoding('utf8')) {
      said += text as string;
      if (said.includes('is live')) break;
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(child.exitCode).toBeNull();
    child.kill('SIGINT');
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(0);
  });
});

describe('run --commands', () => {
  it('ends with 1 when an action fails, and with 2 when there is no such file', () => {
    const path = deck('two.deck', TWO_HOSTS);
    const commands = deck('commands', 'PING 192.0.2.77 COUNT 1\n');
    expect(twinstack('run', path, '--commands', commands)).toMatchObject({ code: 1 });
    const nowhere = twinstack('run', path, '--commands', `${commands}-none`);
    expect(nowhere.code).toBe(2);
    expect(nowhere.err).toContain('cannot read the commands');
  });
  it('carries statements out one after the other, and says where one is wrong', () => {
    const commands = deck(
      'commands',
      '* two that are right\nLINK 01 ETH DOWN\n\nPING 01 192.0.2.2\nLINK 01 ETH SIDEWAYS\n',
    );
    const { code, out, err } = twinstack('run', deck('two.deck', TWO_HOSTS), '--commands', commands);
    expect(code).toBe(1);
    expect(out).toMatch(/ok +link ETH of stack 1 is down +\(.*commands:2:1\)/);
    expect(out).toMatch(/FAIL .*pings 192\.0\.2\.2: 0\/1 answered.*\(.*commands:4:1\)/);
    expect(err).toMatch(/commands:5:13 error TW1207/);
  });
});

describe('check and capacity', () => {
  it('prints findings as text, JSON, annotations and SARIF', () => {
    const path = deck('bad.deck', TWO_HOSTS.replace('DEVICE ETH WIRE LAN', 'DEVCE ETH WIRE LAN'));
    const text = twinstack('check', path);
    expect(text.code).toBe(2);
    expect(text.out).toMatch(/bad\.deck:7:1 error TW1201: .*\n.*DEVCE ETH WIRE LAN\n.*\^\^\^\^\^/);
    expect(JSON.parse(twinstack('check', '--json', path).out)).toBeDefined();
    expect(twinstack('check', '--format', 'github', path).out).toMatch(/^::error file=.*,line=7,col=1/);
    expect(JSON.parse(twinstack('check', '--format', 'sarif', path).out)).toMatchObject({ version: '2.1.0' });
  });
  it('is silent about a good deck', () => {
    for (const name of ['demo', 'routing', 'no-return'])
      expect(twinstack('check', `labs/${name}.deck`)).toMatchObject({
        code: 0,
        out: '',
      });
  });
  it('knows the storage formula and measures this build', () => {
    const { connectionKb, measured } = JSON.parse(twinstack('capacity', '500', '--json').out) as Record<
      string,
      number
    >;
    expect(connectionKb).toBe(54_000);
    expect(measured).toBeGreaterThan(100);
    expect(measured).toBeLessThan(108 * 1_024);
  });
});

it('explains statements, and says when there is no such thing', () => {
  expect(twinstack('statement', 'route').out).toMatch(/^ROUTE /);
  expect(twinstack('statement').out).toContain('BSTT6NET');
  expect(JSON.parse(twinstack('statement', 'route', '--json').out)).toMatchObject([{ name: 'route' }]);
  const unknown = twinstack('statement', 'RUOTE');
  expect([unknown.code, unknown.out]).toEqual([2, '']);
  expect(unknown.err).toContain('did you mean ROUTE?');
});

describe('output', () => {
  const PCAPNG = [0x0a, 0x0d, 0x0d, 0x0a];
  const raw = (...args: string[]) => spawnSync('node', [MAIN, ...args], { timeout: 30_000 });

  /** Every block has its length at both ends: text in between would break the chain. */
  function blocksOf(bytes: Buffer): number {
    let blocks = 0;
    for (let at = 0; at < bytes.length; blocks++) {
      const length = bytes.readUInt32LE(at + 4);
      expect(bytes.readUInt32LE(at + length - 4)).toBe(length);
      at += length;
    }
    return blocks;
  }

  it.each([['run'], ['ping', '01', '192.0.2.2'], ['demo']])(
    '%s --capture - leaves standard output to the capture',
    (verb, ...operands) => {
      const decks = verb === 'demo' ? [] : [deck('two.deck', TWO_HOSTS)];
      const { status, stdout, stderr } = raw(verb, ...decks, ...operands, '--capture', '-');
      expect(status).toBe(0);
      expect([...stdout.subarray(0, 4)]).toEqual(PCAPNG);
      expect(blocksOf(stdout)).toBeGreaterThan(10);
      expect(String(stderr)).toContain('192.0.2.');
    },
  );

  it('is no fault when its reader has had enough', () => {
    const path = deck('two.deck', TWO_HOSTS);
    for (const command of [`run ${path}`, `show routes ${path}`, 'statement', '--help']) {
      const script = `node ${MAIN} ${command} | true; echo "\${PIPESTATUS[0]}"`;
      const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
      expect([stdout, stderr]).toEqual(['0\n', '']);
    }
  });

  it('says so when the capture could not be written', () => {
    const path = deck('two.deck', TWO_HOSTS);
    const full = twinstack('ping', path, '01', '192.0.2.2', '-c', '1', '--capture', '/dev/full');
    expect([full.code, full.err]).toEqual([
      1,
      expect.stringMatching(/^twinstack: the capture \/dev\/full .*\n$/),
    ]);
    const nowhere = twinstack('run', path, '--capture', join(folder, 'no/such'));
    expect([nowhere.code, nowhere.out]).toEqual([2, '']);
  });

  it('sums up more pings than a call can have arguments', () => {
    const path = deck('two.deck', TWO_HOSTS.replace('SEGMENT LAN DELAY 5MS', 'SEGMENT LAN DELAY 1MS'));
    const script = `node ${MAIN} ping ${path} 01 192.0.2.2 -c 150000 -i 1US | tail -1`;
    const { stdout } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
    expect(stdout).toMatch(/^rtt min\/avg\/max = 2\.000\/2\.000\/\d+\.\d{3} ms\n$/);
  });
});

it('reports an action that fails at once, and goes on', () => {
  const { code, out } = twinstack(
    'run',
    deck('narrow.deck', TWO_HOSTS.replaceAll('255.255.255.0', '255.255.255.255')),
  );
  expect(code).toBe(1);
  expect(out).toMatch(/FAIL LEFT fetch 192\.0\.2\.2: connect ENETUNREACH/);
  expect(out).toMatch(/FAIL LEFT pings 192\.0\.2\.2: 0\/2 answered, ENETUNREACH/);
  expect(out).toContain('trace hash');
});

describe('explain', () => {
  const lab = ['labs/no-return.deck', 'CLIENT', 'WWW', '--tcp', '80'];

  it('prints what the README shows, and exits with 1 for a broken path', () => {
    const { code, out } = twinstack('explain', ...lab);
    expect(code).toBe(1);
    const [six, four] = out.split('\nCLIENT4 to ');
    expect(readFileSync('README.md', 'utf8')).toContain(`\`\`\`\n${six!.trimEnd()}\n\`\`\``);
    expect(four).toMatch(/CLIENT hands IPv4 over to CLIENT4.*no findings/s);
    expect(twinstack('explain', ...lab.slice(0, 1), '03', '198.51.100.80').code).toBe(0);
  });

  it('has it all as JSON', () => {
    const [six, four] = JSON.parse(twinstack('explain', ...lab, '--json').out) as Record<string, unknown>[];
    expect(six).toMatchObject({
      family: 'IPv6',
      there: { outcome: 'delivered', path_mtu: 1500, hops: [{ stack: 'CLIENT' }, { stack: 'ROUTER6' }, {}] },
      delivery: 'answers',
      back: { outcome: 'dropped', place: 'SERVER', reason: 'no-route' },
      findings: [
        { name: 'no-return-route', breaks: true, card: expect.stringMatching(/no-return\.deck:\d+:9/) },
      ],
    });
    expect(four).toMatchObject({ asked: 'CLIENT', from: 'CLIENT4', findings: [] });
  });

  it('looks at a moment of the schedule', () => {
    const rogue = ['labs/rogue-router.deck', '61', '2001:db8:1::80'];
    expect(twinstack('explain', ...rogue, '--at', '9S').code).toBe(0);
    const { code, out } = twinstack('explain', ...rogue, '--at', '15S');
    expect(code).toBe(1);
    expect(out).toContain('ROGUE has no route');
  });

  it('says what is no question', () => {
    expect(twinstack('explain', ...lab.slice(0, 2), 'NOBODY')).toMatchObject({ code: 2, out: '' });
    expect(twinstack('explain', ...lab.slice(0, 1), '03', '224.0.0.1').err).toMatch(
      /not the address of one host/,
    );
    expect(twinstack('explain', ...lab, '--udp', '9').code).toBe(2);
  });
});
