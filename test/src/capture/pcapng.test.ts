import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Capture, fileSink } from '../../../src/capture/pcapng.ts';
import { arpRequest, ethernet, icmpv6Echo, tcp4, udp4 } from './frames.ts';

const hasTshark =
  spawnSync('tshark', ['-v']).error === undefined && spawnSync('capinfos', ['-v']).error === undefined;
if (!hasTshark) console.log('captures are not judged by tshark: tshark or capinfos is not installed');

const root = fileURLToPath(new URL('../../../', import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'twinstack-capture-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** From a file: tshark takes captures from a pipe, but a child's standard input here is a socket. */
function tshark(capture: Uint8Array, ...args: string[]): string[] {
  const path = join(folder, 'judged.pcapng');
  writeFileSync(path, capture);
  const { stdout, stderr, status } = spawnSync('tshark', ['-r', path, ...args], { encoding: 'utf8' });
  const complaints = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('Running as user'));
  expect(complaints).toEqual([]);
  expect(status).toBe(0);
  return stdout.split('\n').filter((line) => line !== '');
}

function written(epoch?: number): Uint8Array {
  const blocks: Uint8Array[] = [];
  const capture = new Capture((bytes) => blocks.push(bytes), epoch === undefined ? {} : { epoch });
  const lan = capture.link('LAN', 'ethernet');
  capture.packet(lan, 0, arpRequest('10.0.0.1', '10.0.0.2'));
  const tunnel = capture.link('tun 6→4', 'ip');
  capture.packet(tunnel, 1, icmpv6Echo('2001:db8::1', '2001:db8::2'));
  capture.packet(
    lan,
    1_500_000,
    ethernet(0x0800, udp4('10.0.0.1', '10.0.0.2', 5000, 9, 3)),
    'lost: segment-loss',
  );
  capture.packet(tunnel, 5_000_000_123_456, tcp4('10.0.0.1', '10.0.0.2', { flags: 2 }));
  return Buffer.concat(blocks);
}

describe('blocks', () => {
  it('are whole, padded and of the same length at both ends', () => {
    const blocks: Uint8Array[] = [];
    const capture = new Capture((bytes) => blocks.push(bytes));
    const link = capture.link('odd', 'ip');
    for (let length = 0; length < 9; length++)
      capture.packet(link, length, new Uint8Array(length), 'x'.repeat(length));
    expect(blocks).toHaveLength(11);
    for (const block of blocks) {
      const view = new DataView(block.buffer, block.byteOffset, block.length);
      expect(block.length % 4).toBe(0);
      expect(view.getUint32(4, true)).toBe(block.length);
      expect(view.getUint32(block.length - 4, true)).toBe(block.length);
    }
  });

  it('refuse a link that was not described', () => {
    const capture = new Capture(() => {});
    expect(() => capture.packet(0, 0, new Uint8Array(1))).toThrow(RangeError);
  });
});

describe.skipIf(!hasTshark)('as tshark reads them', () => {
  it('both links, their names, encapsulations and times', () => {
    const fields = [
      'frame.interface_name',
      'frame.encap_type',
      'frame.time_epoch',
      'frame.len',
      'frame.comment',
    ];
    const lines = tshark(written(), '-T', 'fields', ...fields.flatMap((field) => ['-e', field]));
    expect(lines.map((line) => line.split('\t'))).toEqual([
      ['LAN', '1', '0.000000000', '42', ''],
      ['tun 6→4', '7', '0.000001000', '48', ''],
      ['LAN', '1', '1.500000000', '45', 'lost: segment-loss'],
      ['tun 6→4', '7', '5000000.123456000', '40', ''],
    ]);
  });

  it('nothing malformed, and every protocol found', () => {
    expect(tshark(written(), '-Y', '_ws.malformed')).toEqual([]);
    expect(tshark(written(), '-T', 'fields', '-e', '_ws.col.Protocol')).toEqual([
      'ARP',
      'ICMPv6',
      'UDP',
      'TCP',
    ]);
  });

  it('capinfos: two interfaces with microsecond time stamps', () => {
    const path = join(folder, 'two.pcapng');
    const sink = fileSink(path);
    sink.write(written());
    sink.close();
    const { stdout, status } = spawnSync('capinfos', [path], { encoding: 'utf8' });
    expect(status).toBe(0);
    expect(stdout).toMatch(/Number of interfaces in file: 2/);
    expect(stdout).toMatch(/Number of packets = 2[\s\S]*Number of packets = 2/);
    expect(stdout).toMatch(/Time precision = microseconds \(6\)/);
    expect(stdout).toMatch(/Capture application: twinstack/);
  });

  it('counts from the epoch that is given', () => {
    const [first] = tshark(written(1_700_000_000.25), '-T', 'fields', '-e', 'frame.time_epoch');
    expect(first).toBe('1700000000.250000000');
  });

  it('a process that is killed leaves a capture that can be read', async () => {
    const path = join(folder, 'killed.pcapng');
    const program = `
      import { Capture, fileSink } from './src/capture/pcapng.ts';
      const sink = fileSink(${JSON.stringify(path)});
      const capture = new Capture((bytes) => sink.write(bytes));
      const link = capture.link('LAN', 'ip');
      const packet = new Uint8Array(100).fill(0x45);
      for (let i = 0; i < 10_000; i++) capture.packet(link, i, packet);
      console.log('busy');
      for (;;) capture.packet(link, 0, packet);
    `;
    const loader = [
      '--import',
      './test/devices/tun/load-typescript.mjs',
      '--input-type=module',
      '-e',
      program,
    ];
    const child = spawn(process.execPath, loader, { cwd: root });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    expect(statSync(path).size).toBeGreaterThan(1_000_000);
    const { stdout, stderr } = spawnSync('capinfos', ['-c', path], { encoding: 'utf8' });
    expect(stderr).not.toMatch(/damaged|corrupt/);
    expect(Number(/Number of packets:\s+(\d+)/.exec(stdout.replaceAll(',', ''))?.[1] ?? 0)).toBeGreaterThan(
      0,
    );
  });
});

describe('the file sink', () => {
  it('writes what waits when the event loop comes round', async () => {
    const path = join(folder, 'idle.pcapng');
    const sink = fileSink(path);
    sink.write(Uint8Array.of(1, 2, 3));
    expect(readFileSync(path)).toHaveLength(0);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect([...readFileSync(path)]).toEqual([1, 2, 3]);
    sink.close();
  });

  it('writes blocks in order, across chunks, and those larger than a chunk', () => {
    const path = join(folder, 'large.pcapng');
    const sink = fileSink(path);
    const blocks = Array.from({ length: 300 }, (_, i) => new Uint8Array(i === 150 ? 200_000 : 1_000).fill(i));
    for (const block of blocks) sink.write(block);
    sink.close();
    expect(readFileSync(path).equals(Buffer.concat(blocks))).toBe(true);
  });

  it('cannot be opened in a folder that is not there', () => {
    expect(() => fileSink(join(folder, 'no', 'such', 'file'))).toThrow(/ENOENT/);
  });

  it.runIf(process.platform === 'linux')('tells at the end that the disk was full, and not before', () => {
    const sink = fileSink('/dev/full');
    sink.write(new Uint8Array(100_000));
    sink.write(new Uint8Array(100_000));
    expect(() => sink.close()).toThrow(/ENOSPC/);
  });

  it('writes to standard output, all of it, into a pipe that does not block and whose reader is slow', async () => {
    const program = `
      import { fileSink } from './src/capture/pcapng.ts';
      process.stdout._handle?.setBlocking?.(false);
      const sink = fileSink('-');
      for (let i = 0; i < 100; i++) sink.write(new Uint8Array(10_000).fill(i));
      sink.close();
    `;
    const loader = [
      '--import',
      './test/devices/tun/load-typescript.mjs',
      '--input-type=module',
      '-e',
      program,
    ];
    const child = spawn(process.execPath, loader, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => setTimeout(resolve, 600));
    let bytes = 0;
    for await (const chunk of child.stdout) bytes += (chunk as Buffer).length;
    expect(bytes).toBe(1_000_000);
  });
});
