/** How a live run ends, and how it fails to begin. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DIST, deck, eventually, missing, Namespace, type Ran } from './namespace.ts';

const USAGE = 2;
const RUN = [`${DIST}/src/cli/main.js`, 'run', '--live', deck('pair.deck')];

describe.skipIf(missing !== undefined)('the end of a live run', () => {
  let kernel: Namespace;
  beforeEach(async () => {
    kernel = await Namespace.create();
  });
  afterEach(() => kernel?.[Symbol.asyncDispose]());

  it.each(['SIGINT', 'SIGTERM'] as const)('%s: the interfaces go, exit code 0', async (signal) => {
    const twinstack = await kernel.live([deck('pair.deck')]);
    expect((await kernel.interfaces()).sort()).toEqual(['pair4', 'pair6']);
    twinstack.signal(signal);
    expect((await twinstack.ended).code).toBe(0);
    expect(await kernel.interfaces()).toEqual([]);
  });

  it('open connections are drained: they go on, new ones are refused, then it ends', async () => {
    const twinstack = await kernel.live([deck('pair.deck')]);
    const clients = ['TCP4:192.0.2.80', 'TCP6:[2001:db8:1::80]'].map((target) =>
      kernel.start('socat', ['-', `${target}:7`]),
    );
    for (const client of clients) {
      client.write('before\n');
      await client.saying(/before/);
    }
    twinstack.signal('SIGINT');
    await twinstack.saying(/draining/);
    const refused = await eventually(async () => {
      const { stderr } = await kernel.run('socat', ['-', 'TCP4:192.0.2.80:7']);
      return stderr.includes('Connection refused') ? 'refused' : undefined;
    }, 1_000);
    expect(refused).toBe('refused');
    expect(twinstack.running).toBe(true);
    for (const client of clients) {
      client.write('after\n');
      client.finish();
      const { code, stdout } = await client.ended;
      expect(stdout).toBe('before\nafter\n');
      expect(code).toBe(0);
    }
    expect((await twinstack.ended).code).toBe(0);
    expect(await kernel.interfaces()).toEqual([]);
  });

  it('a connection that does not end is reset after the time to drain', async () => {
    const twinstack = await kernel.live([deck('pair.deck')]);
    const client = kernel.start('socat', ['-d', '-d', '-', 'TCP4:192.0.2.80:7']); // -d -d: it says why it ends.
    client.write('still here\n');
    await client.saying(/still here/);
    const start = Date.now();
    twinstack.signal('SIGINT');
    expect((await twinstack.ended).code).toBe(0);
    expect(Date.now() - start).toBeGreaterThan(4_900);
    expect(Date.now() - start).toBeLessThan(7_000);
    const { stderr } = await client.ended;
    expect(stderr).toContain('Connection reset by peer');
  });

  it('an interface that is taken away is told to the operator; the others go on', async () => {
    const twinstack = await kernel.live([deck('pair.deck')]);
    await kernel.ip('link', 'delete', 'pair4');
    await twinstack.saying(/TWNS004E DEVICE NET4 HAS LOST INTERFACE pair4/);
    const { stdout } = await kernel.run('curl', ['-sS', 'http://[2001:db8:1::80]/']);
    expect(stdout).toContain('PAIR6 answers');
    twinstack.signal('SIGINT');
    expect((await twinstack.ended).code).toBe(0);
    expect(await kernel.interfaces()).toEqual([]);
  });
});

describe.skipIf(missing !== undefined)('a live run that was started by root', () => {
  let kernel: Namespace;
  beforeEach(async () => {
    kernel = await Namespace.create();
  });
  afterEach(() => kernel?.[Symbol.asyncDispose]());

  /** Real, effective, saved and file system id, and what it may. */
  async function status(pid: number): Promise<string> {
    const { stdout } = await kernel.run('grep', [
      '-E',
      '^(Uid|Gid|Groups|CapEff|CapPrm):',
      `/proc/${pid}/status`,
    ]);
    return stdout.replaceAll(/[\t ]+/g, ' ').replaceAll(' \n', '\n');
  }

  it.each([
    ['named by --user', ['--user', 'nobody'], {}, [65_534, 65_534]],
    ['given as numbers', ['--user', '1234:4321'], {}, [1_234, 4_321]],
    ['that called sudo', [], { SUDO_UID: '1234', SUDO_GID: '4321' }, [1_234, 4_321]],
  ] as const)('goes on as the user %s, serves, and takes its interfaces away', async (_, args, env, ids) => {
    const [uid, gid] = ids;
    const started = kernel.start(process.execPath, [...RUN, ...args], { env: { ...process.env, ...env } });
    await started.saying(/twinstack is live/);
    const told = await status(started.process.pid!);
    expect(told).toContain(`Uid: ${uid} ${uid} ${uid} ${uid}\n`);
    expect(told).toContain(`Gid: ${gid} ${gid} ${gid} ${gid}\n`);
    expect(told).toContain(`Groups: ${gid}\n`);
    expect(told).toContain('CapEff: 0000000000000000\n');
    expect(told).toContain('CapPrm: 0000000000000000\n');
    const { stdout } = await kernel.run('curl', ['-sS', 'http://192.0.2.80/']);
    expect(stdout).toContain('PAIR6 answers');
    started.signal('SIGINT');
    expect((await started.ended).code).toBe(0);
    expect(await kernel.interfaces()).toEqual([]);
  });

  it('stays root without either, and says how not to', async () => {
    const env = { ...process.env };
    delete env['SUDO_UID'];
    const started = kernel.start(process.execPath, RUN, { env });
    await started.saying(/twinstack is live/);
    expect(started.stderr).toMatch(/goes on as root; --user NAME/);
    expect(await status(started.process.pid!)).toContain('Uid: 0 0 0 0\n');
  });

  it('does not begin for a user that there is not', async () => {
    const { code, stderr } = await kernel.run(process.execPath, [...RUN, '--user', 'no-such-user']);
    expect(code).toBe(USAGE);
    expect(stderr).toMatch(/there is no user no-such-user/);
    expect(await kernel.interfaces()).toEqual([]);
  });
});

describe.skipIf(missing !== undefined)('a live run that cannot begin', () => {
  let kernel: Namespace;
  beforeEach(async () => {
    kernel = await Namespace.create();
  });
  afterEach(() => kernel?.[Symbol.asyncDispose]());

  function oneLine({ code, stdout, stderr }: Ran, pattern: RegExp): void {
    expect(stderr).toMatch(pattern);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(code).toBe(USAGE);
  }

  it('as an ordinary user', async ({ skip }) => {
    const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups'];
    const readable = await kernel.run('setpriv', [...nobody, 'test', '-r', RUN[0]!]);
    skip(readable.code !== 0, 'the checkout stands where only root may read');
    oneLine(
      await kernel.run('setpriv', [...nobody, process.execPath, ...RUN]),
      /^twinstack: .*no permission/,
    );
    expect(await kernel.interfaces()).toEqual([]);
  });

  it('without CAP_NET_ADMIN', async () => {
    oneLine(
      await kernel.run('setpriv', ['--bounding-set=-net_admin', process.execPath, ...RUN]),
      /^twinstack: .*no permission/,
    );
    expect(await kernel.interfaces()).toEqual([]);
  });

  it('without /dev/net/tun', async () => {
    const hidden = `mount -t tmpfs none /dev/net && exec "$@"`;
    oneLine(
      await kernel.run('unshare', ['-m', 'sh', '-c', hidden, 'sh', process.execPath, ...RUN]),
      /^twinstack: .*no \/dev\/net\/tun/,
    );
    expect(await kernel.interfaces()).toEqual([]);
  });

  it('when the second interface is taken the first one goes again', async () => {
    await kernel.ip('tuntap', 'add', 'dev', 'pair4', 'mode', 'tap');
    oneLine(await kernel.run(process.execPath, RUN), /^twinstack: .*pair4/);
    expect(await kernel.interfaces()).toEqual(['pair4']);
  });

  it('when another run has the same deck, which goes on', async () => {
    const first = await kernel.live([deck('pair.deck')]);
    oneLine(await kernel.run(process.execPath, RUN), /^twinstack: .*in use/);
    expect(first.running).toBe(true);
    const { stdout } = await kernel.run('curl', ['-sS', 'http://192.0.2.80/']);
    expect(stdout).toContain('PAIR6 answers');
  });

  it('when the deck has an error', async () => {
    const { code, stderr, stdout } = await kernel.run(process.execPath, [...RUN.slice(0, -1), '-'], {
      input:
        '// EXEC BSTTINET\nID 01\nDEVICE A TUN a0\nLINK A 0 192.0.2.300 255.255.255.0 1500\nATTACH TCP/IP\n/*\n',
    });
    expect(code).toBe(USAGE);
    expect(stderr).toContain('nothing was started');
    expect(stdout).toBe('');
    expect(await kernel.interfaces()).toEqual([]);
  });
});
