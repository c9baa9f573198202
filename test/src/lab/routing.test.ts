import { describe, expect, it } from 'vitest';
import { CommandError, command, type Lab, lab } from '../../../src/index.ts';
import type { EchoResult } from '../../../stacks/stack.ts';

/** Both families from one text: `@net.host` stands for an address, `@net/` for a network and its mask. */
function written(family: 4 | 6, text: string): string {
  return text
    .replaceAll('PROGRAM', family === 4 ? 'BSTTINET' : 'BSTT6NET')
    .replaceAll('ALL', family === 4 ? '0.0.0.0 0.0.0.0' : '::0 ::0')
    .replaceAll('DIRECT', family === 4 ? '0.0.0.0' : '::0')
    .replaceAll(/@(\d+)\//g, (_, net) =>
      family === 4 ? `10.0.${net}.0 255.255.255.0` : `2001:DB8:${net}::0 /64`,
    )
    .replaceAll(/@(\d+)\.(\d+)/g, (_, net, host) => address(family, Number(net), Number(host)))
    .replaceAll('MASK', family === 4 ? '255.255.255.0' : '/64');
}

function address(family: 4 | 6, net: number, host: number): string {
  return family === 4 ? `10.0.${net}.${host}` : `2001:DB8:${net}::${host}`;
}

/** 1.9 on network 1; router 1 to networks 2 and 3; routers 2 and 3 from there to network 4, where 4.9 is. */
const DIAMOND = `
// JOB H
// EXEC PROGRAM
ID 01
DEVICE ETH WIRE N1
LINK ETH 0 @1.9 MASK 1500
ROUTE ETH ALL @1.1 1
ATTACH TCP/IP
/*
// JOB R1
// EXEC PROGRAM
ID 11
FORWARD ON
DEVICE ONE WIRE N1
LINK ONE 0 @1.1 MASK 1500
DEVICE TWO WIRE N2
LINK TWO 0 @2.1 MASK 1500
DEVICE THREE WIRE N3
LINK THREE 0 @3.1 MASK 1500
ROUTE TWO @4/ @2.2 1
ROUTE THREE @4/ @3.3 1
ROUTE * @5/ DIRECT 0 TYPE BLACKHOLE
ROUTE * @6/ DIRECT 0 TYPE UNREACHABLE
ROUTE * @7/ DIRECT 0 TYPE REJECT
ROUTE * @8/ DIRECT 0 TYPE PROHIBIT
ATTACH TCP/IP
/*
// JOB R2
// EXEC PROGRAM
ID 12
FORWARD ON
DEVICE UP WIRE N2
LINK UP 0 @2.2 MASK 1500
DEVICE DOWN WIRE N4
LINK DOWN 0 @4.2 MASK 1500
ROUTE UP ALL @2.1 1
ATTACH TCP/IP
/*
// JOB R3
// EXEC PROGRAM
ID 13
FORWARD ON
DEVICE UP WIRE N3
LINK UP 0 @3.3 MASK 1500
DEVICE DOWN WIRE N4
LINK DOWN 0 @4.3 MASK 1500
ROUTE UP ALL @3.1 1
ATTACH TCP/IP
/*
// JOB D
// EXEC PROGRAM
ID 02
DEVICE ETH WIRE N4
LINK ETH 0 @4.9 MASK 1500
ROUTE ETH ALL @4.2 1
ATTACH TCP/IP
/*
// EXEC TWINSERV
ID 02
SERVICE ECHO 7
ATTACH TWINSERV
/*
`;

/** What `text` says of the result of an echo. */
const told = (result: EchoResult): string =>
  result.outcome === 'error' ? result.failure.code : result.outcome;

/** Sends a byte over a connection and takes it back, `count` times, each from another port. */
async function echoes(network: Lab, from: string, to: string, count: number): Promise<number> {
  let good = 0;
  for (let i = 0; i < count; i++) {
    const socket = network.host(from).net.connect({ host: to, port: 7 });
    const came = new Promise<boolean>((resolve) => {
      socket.on('data', () => resolve(true));
      socket.on('error', () => resolve(false));
    });
    socket.write('x');
    if (await came) good++;
    socket.destroy();
    await network.rest();
  }
  return good;
}

const FAMILIES = [4, 6] as const;

describe.each(FAMILIES)('routes that share the flows, IPv%i', (family) => {
  const forwarded = (network: Lab, job: string): number => network.host(job).stack.counters.forwarded;

  it('each connection goes one way, and together they go both ways', async () => {
    await using network = await lab(written(family, DIAMOND));
    const to = address(family, 4, 9);
    const ways = new Set<string>();
    for (let i = 0; i < 24; i++) {
      const before = [forwarded(network, 'R2'), forwarded(network, 'R3')];
      expect(await echoes(network, 'H', to, 1)).toBe(1);
      // What comes back comes by R2, so that only R3 tells.
      const by3 = forwarded(network, 'R3') - before[1]!;
      ways.add(by3 > 0 ? 'R3' : 'R2');
      // All segments of it, the handshake and the end, or none.
      if (by3 > 0) expect(by3).toBeGreaterThanOrEqual(4);
    }
    expect(ways).toEqual(new Set(['R2', 'R3']));
  });

  it('a link that goes down in the middle costs what was on it and no more', async () => {
    await using network = await lab(written(family, DIAMOND));
    const to = address(family, 4, 9);
    await command(network, 'LINK 11 TWO DOWN');
    const before = forwarded(network, 'R2');
    await command(network, `ROUTE 02 REPLACE ETH ${written(family, 'ALL @4.3 1')}`);
    expect(await echoes(network, 'H', to, 8)).toBe(8);
    expect(forwarded(network, 'R2')).toBe(before);
    await command(network, 'LINK 11 TWO UP');
    await network.rest();
    expect(await echoes(network, 'H', to, 12)).toBe(12);
    expect(forwarded(network, 'R2')).toBeGreaterThan(before);
  });

  it('a router whose neighbour is dead goes on sending there; a host does not', async () => {
    await using network = await lab(written(family, DIAMOND));
    const to = address(family, 4, 9);
    await command(network, 'STOP 13');
    const answered = await echoes(network, 'H', to, 12);
    expect(answered).toBeGreaterThan(0);
    expect(answered).toBeLessThan(12);
    // As a host, R1 finds out and turns to the leg that answers (RFC 4191 §3.2).
    network.host('R1').stack.forwarding = false;
    const outcomes: string[] = [];
    for (let i = 0; i < 6; i++) {
      outcomes.push(told(await network.host('R1').echo(to, { timeout: 5_000_000 })));
      await network.advance(1_000_000);
    }
    expect(outcomes.slice(-4)).toEqual(['reply', 'reply', 'reply', 'reply']);
    // Two minutes after it is back it has been asked, and shares again.
    await command(network, 'START 13');
    await network.advance(130_000_000);
    const taken = network.host('R1').stack.explain(network.host('R1').stack.family.parse(to)!);
    expect(taken.slice(0, 2).map(({ verdict }) => verdict)).toEqual(['shares', 'shares']);
  });
});

describe.each(FAMILIES)('routes that end packets, IPv%i', (family) => {
  it('are silent or tell, as their type says', async () => {
    await using network = await lab(written(family, DIAMOND));
    const outcome = async (net: number): Promise<string> =>
      told(await network.host('H').echo(address(family, net, 9), { timeout: 2_000_000 }));
    // Codes of RFC 4443 §3.1: 3, 6 and 1; of RFC 792 and RFC 1812: 1, 0 and 13.
    expect([await outcome(5), await outcome(6), await outcome(7), await outcome(8)]).toEqual([
      'timeout',
      'EHOSTUNREACH',
      family === 4 ? 'ENETUNREACH' : 'EACCES',
      'EACCES',
    ]);
    const { drops } = network.host('R1').stack.counters;
    expect([drops['route-blackhole'], drops['route-unreachable'], drops['route-prohibited']]).toEqual([
      1, 2, 1,
    ]);
    // From the router itself: at once, in the words of POSIX.
    const own = async (net: number): Promise<string> =>
      told(await network.host('R1').echo(address(family, net, 9)));
    expect([await own(5), await own(6), await own(7), await own(8)]).toEqual([
      'EINVAL',
      'EHOSTUNREACH',
      'ENETUNREACH',
      'EACCES',
    ]);
  });
});

describe.each(FAMILIES)('routes by source, IPv%i', (family) => {
  it('are taken by packets from there and by no others; a longer destination counts more', async () => {
    await using network = await lab(written(family, DIAMOND));
    const to = address(family, 4, 9);
    const from1 = written(family, 'FROM @1/');
    await command(network, `ROUTE 11 DEL TWO ${written(family, '@4/ @2.2')} *`);
    await command(network, `ROUTE 11 ADD TWO ${written(family, '@4/ @2.2 5')} ${from1}`);
    const [r2, r3] = [forwardedOf(network, 'R2'), forwardedOf(network, 'R3')];
    expect(told(await network.host('H').echo(to))).toBe('reply');
    // There by the longer FROM though its number is higher, and back by R2 as well.
    expect([forwardedOf(network, 'R2') - r2, forwardedOf(network, 'R3') - r3]).toEqual([2, 0]);
    // R1 itself speaks from another network.
    expect(told(await network.host('R1').echo(to))).toBe('reply');
    expect(forwardedOf(network, 'R3') - r3).toBe(1);
    // A blackhole for one host, whatever its source, is a longer destination.
    const host = family === 4 ? `${to} 255.255.255.255 0.0.0.0` : `${to} /128 ::0`;
    await command(network, `ROUTE 11 ADD * ${host} 0 TYPE BLACKHOLE`);
    expect(told(await network.host('H').echo(to))).toBe('timeout');
  });

  it('choose the source where there is no other route', async () => {
    await using network = await lab(written(family, DIAMOND));
    await command(network, `ROUTE 11 DEL TWO ${written(family, '@4/ @2.2')} *`);
    await command(network, `ROUTE 11 DEL THREE ${written(family, '@4/ @3.3')} *`);
    expect(told(await network.host('R1').echo(address(family, 4, 9)))).toBe('ENETUNREACH');
    await command(network, `ROUTE 11 ADD THREE ${written(family, '@4/ @3.3 1 FROM @1/')}`);
    const result = await network.host('R1').echo(address(family, 4, 9));
    expect(told(result)).toBe('reply');
    const source = network
      .host('R1')
      .stack.sourceFor(network.host('R1').stack.family.parse(address(family, 4, 9))!);
    expect(source).toMatchObject(network.host('R1').stack.family.parse(address(family, 1, 1))!);
  });
});

function forwardedOf(network: Lab, job: string): number {
  return network.host(job).stack.counters.forwarded;
}

describe.each(FAMILIES)('changes while packets fly, IPv%i', (family) => {
  it('lose no packet while there is another way', async () => {
    await using network = await lab(written(family, DIAMOND.replace('ROUTE THREE @4/ @3.3 1\n', '')));
    const { stack } = network.host('R1');
    const to = address(family, 4, 9);
    expect(told(await network.host('H').echo(to))).toBe('reply');
    const results: Promise<EchoResult>[] = [];
    for (let i = 0; i < 60; i++) {
      results.push(network.host('H').echo(to, { timeout: 10_000_000 }));
      const [device, net, host] = i % 2 === 0 ? ['THREE', 3, 3] : ['TWO', 2, 2];
      const gateway = `${written(family, '@4/')} ${address(family, net, host)}`;
      if (i % 3 === 0) await command(network, `ROUTE 11 REPLACE ${device} ${gateway} 1`);
      else await command(network, `ROUTE 11 ADD ${device} ${gateway} 2`);
      if (i % 5 === 0) await command(network, `ROUTE 11 DEL ${device} ${gateway} 2`).catch(() => undefined);
      await network.advance(700);
    }
    await network.rest();
    expect((await Promise.all(results)).map(told)).toEqual(results.map(() => 'reply'));
    expect(stack.counters.drops['no-route']).toBeUndefined();
  });

  it('a connection lives through a smaller MTU of its link, and through a route by a narrower one', async () => {
    await using network = await lab(written(family, DIAMOND));
    await command(network, `ROUTE 11 DEL TWO ${written(family, '@4/ @2.2')} *`);
    const socket = network.host('H').net.connect({ host: address(family, 4, 9), port: 7 });
    let back = 0;
    let all: () => void = () => {};
    socket.on('data', (chunk: Uint8Array) => {
      back += chunk.length;
      if (back === 400_000) all();
    });
    const send = async (): Promise<void> => {
      back = 0;
      const done = new Promise<void>((resolve, reject) => {
        all = resolve;
        socket.on('error', reject);
      });
      socket.write(new Uint8Array(400_000));
      await done;
    };
    await send();
    const least = family === 4 ? 620 : 1_280;
    await command(network, `MTU 11 TWO ${least}`);
    await command(network, `ROUTE 11 REPLACE TWO ${written(family, '@4/ @2.2 1')}`);
    await send();
    expect([...network.host('H').stack.pathMtus()].map(({ mtu }) => mtu)).toEqual([least]);
    // What was learnt of one path is not true of the next.
    await command(network, `ROUTE 01 REPLACE ETH ${written(family, 'ALL @1.1 1')}`);
    expect([...network.host('H').stack.pathMtus()]).toEqual([]);
    await command(network, `MTU 01 ETH ${least - (family === 4 ? 20 : 0)}`);
    await send();
    socket.destroy();
  });

  it('an address that goes takes its connections with it, and no others', async () => {
    await using network = await lab(written(family, DIAMOND));
    const second = address(family, 1, 77);
    await command(network, `ADDRESS 01 ADD ETH ${second} ${family === 4 ? '255.255.255.0' : '/64'}`);
    await network.advance(2_000_000);
    const ends: string[] = [];
    const open = async (localAddress: string | undefined, name: string) => {
      const socket = network.host('H').net.connect({
        host: address(family, 4, 9),
        port: 7,
        ...(localAddress !== undefined && { localAddress }),
      });
      socket.on('error', (error: Error) => ends.push(`${name}: ${error.message}`));
      await new Promise((resolve) => socket.on('connect', resolve));
      return socket;
    };
    const kept = await open(undefined, 'kept');
    await open(second, 'gone');
    await command(network, `ADDRESS 01 DEL ETH ${second}`);
    await network.rest();
    expect(ends).toEqual(['gone: read ECONNABORTED']);
    // The peer has the reset.
    expect(
      [...network.host('D').stack.tcp.connections()].filter(({ state }) => state === 'ESTABLISHED'),
    ).toHaveLength(1);
    // Until the router finds out that nobody is there (RFC 4861 §7.3), echoes vanish; then it says so.
    expect(told(await network.host('D').echo(second, { timeout: 10_000_000 }))).toBe('timeout');
    await network.advance(60_000_000);
    expect(told(await network.host('D').echo(second, { timeout: 10_000_000 }))).toBe('timeout');
    expect(told(await network.host('D').echo(second, { timeout: 10_000_000 }))).toBe('EHOSTUNREACH');
    kept.destroy();
  });
});

describe('statements to a lab that runs', () => {
  it('are those of AT; what is wrong with one is found as in a deck', async () => {
    await using network = await lab(written(4, DIAMOND));
    const wrong = async (text: string): Promise<string> => {
      const error = await command(network, text, 'console', 7).catch((e: unknown) => e);
      if (!(error instanceof CommandError)) throw error;
      return error.findings.map((f) => `${f.at.file}:${f.at.line}:${f.at.column} ${f.rule}`).join(' ');
    };
    expect(await wrong('ROUTE 11 ADD TWO 10.9.0.0 255.255.0.0 10.0.3.3 1')).toBe('console:7:39 TW2104');
    expect(await wrong('ROUTE ADD TWO 10.9.0.0 255.255.0.0 10.0.3.3 1')).toBe('console:7:7 TW1205');
    expect(await wrong('ROUT 11 ADD')).toBe('console:7:1 TW2304');
    expect(await wrong('LINK 77 TWO UP')).toBe('console:7:6 TW2305');
    const gone = await command(network, 'ROUTE 11 DEL TWO 10.9.0.0 255.255.0.0 10.0.2.2 1');
    expect(gone).toMatchObject({ ok: false, text: expect.stringContaining('no such route') });
    expect(await command(network, 'PING 01 10.0.4.9 COUNT 2')).toMatchObject({
      ok: true,
      ping: { received: 2 },
    });
  });

  it('need no id where there is one stack, and a gateway may be on a network that was added', async () => {
    const alone =
      '// EXEC BSTTINET\nID 01\nDEVICE E WIRE N\nLINK E 0 10.0.0.1 255.255.255.0 1500\nATTACH TCP/IP\n/*';
    await using network = await lab(alone);
    await command(network, 'ADDRESS ADD E 10.0.9.1 255.255.255.0');
    expect(await command(network, 'ROUTE ADD E 10.1.0.0 255.255.0.0 10.0.9.2 *')).toMatchObject({ ok: true });
    const { stack } = network.host(1);
    expect([...stack.routes()].map((r) => `${stack.describe(r.destination)} ${r.metric}`)).toEqual([
      '10.0.0.0 0',
      '10.0.9.0 0',
      '10.1.0.0 1',
    ]);
    await command(network, 'ADDRESS DEL E 10.0.9.1');
    expect([...stack.routes()].map((r) => stack.describe(r.destination))).toEqual(['10.0.0.0', '10.1.0.0']);
  });
});
