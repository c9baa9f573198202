/** 100 MB each way and each family, between curl on the kernel and node:http on a couple, compared by SHA-256. */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { content, contentHash } from './content.mjs';
import { DIST, deck, missing, Namespace, program } from './namespace.ts';

const MB = 1_000_000;
const SIZE = 100 * MB;
/** ms for 100 MB. */
const PATIENCE = 140_000;

/** Without loss one connection; with 2 % loss as many as it takes (RFC 5681 gives each about 300 kB/s there). */
interface Path {
  readonly title: string;
  readonly deck: string;
  readonly v4: string;
  readonly v6: string;
  readonly flows: number;
  /** Only plain packets cross the interface. */
  readonly plain?: boolean;
}

const PATHS: readonly Path[] = [
  { title: 'a clean path', deck: 'pair.deck', v4: '192.0.2.80', v6: '[2001:db8:1::80]', flows: 1 },
  {
    title: 'a clean path of plain packets',
    deck: 'pair.deck',
    v4: '192.0.2.80',
    v6: '[2001:db8:1::80]',
    flows: 4,
    plain: true,
  },
  {
    title: '2 % loss and 20 ms each way',
    deck: 'path.deck',
    v4: '198.18.2.80',
    v6: '[2001:db8:2::80]',
    flows: 50,
  },
];

for (const path of PATHS) {
  describe.skipIf(missing !== undefined)(`100 MB over ${path.title}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'twinstack-'));
    let kernel: Namespace;
    beforeAll(async () => {
      kernel = await Namespace.create();
      const server = kernel.start(process.execPath, [
        program('content-server.mjs'),
        DIST,
        deck(path.deck),
        '2',
        ...(path.plain ? ['plain'] : []),
      ]);
      await server.saying(/content is served/);
      if (path.deck === 'path.deck') {
        // The far network lies behind the routers; their near links have no gateway that the kernel could play.
        await kernel.ip('addr', 'add', '198.18.1.2/24', 'dev', 'near4');
        await kernel.ip('addr', 'add', '2001:db8:1::2/64', 'dev', 'near6', 'nodad');
        await kernel.ip('route', 'add', '198.18.2.0/24', 'via', '198.18.1.1');
        await kernel.ip('-6', 'route', 'add', '2001:db8:2::/64', 'via', '2001:db8:1::1');
      }
    });
    afterAll(async () => {
      rmSync(folder, { recursive: true });
      await kernel?.[Symbol.asyncDispose]();
    });

    const pieces = Array.from({ length: path.flows }, (_, i) => ({
      seed: i,
      length: SIZE / path.flows,
    }));

    for (const [family, target] of [
      ['IPv4', path.v4],
      ['IPv6', path.v6],
    ] as const) {
      it(
        `${family}: from the couple`,
        async () => {
          const wanted = pieces.map(({ seed, length }) => contentHash(seed, 0, length));
          const start = performance.now();
          const got = await Promise.all(
            pieces.map(({ seed, length }) => download(kernel, `http://${target}:8080/${seed}/0/${length}`)),
          );
          report(`${family} from the couple over ${path.title}, ${path.flows} flows`, start);
          expect(got).toEqual(wanted);
        },
        PATIENCE + 10_000,
      );

      it(
        `${family}: to the couple`,
        async () => {
          const files = pieces.map(({ seed, length }) => ({
            path: writeContent(join(folder, `${family}-${seed}`), seed, length),
            hash: contentHash(seed, 0, length),
          }));
          const start = performance.now();
          const got = await Promise.all(
            files.map((file) => upload(kernel, file.path, `http://${target}:8080/`)),
          );
          report(`${family} to the couple over ${path.title}, ${path.flows} flows`, start);
          expect(got).toEqual(files.map((file) => file.hash));
        },
        PATIENCE + 10_000,
      );
    }
  });
}

/** SHA-256 of what came. */
async function download(kernel: Namespace, url: string): Promise<string> {
  const script = 'curl -sS --fail "$1" | sha256sum';
  const args = ['-o', 'pipefail', '-c', script, 'bash', url];
  const { code, stdout, stderr } = await kernel.run('bash', args, { timeout: PATIENCE });
  if (code !== 0) throw new Error(`curl ${code}: ${stderr}`);
  return stdout.split(' ')[0]!;
}

/** SHA-256 of what the server received. */
async function upload(kernel: Namespace, file: string, url: string): Promise<string> {
  const { code, stdout, stderr } = await kernel.run('curl', ['-sS', '--fail', '-T', file, url], {
    timeout: 150_000,
  });
  if (code !== 0) throw new Error(`curl ${code}: ${stderr}`);
  return stdout;
}

function writeContent(path: string, seed: number, length: number): string {
  const file = openSync(path, 'w');
  for (const chunk of content(seed, 0, length)) writeSync(file, chunk);
  closeSync(file);
  return path;
}

function report(what: string, start: number): void {
  const seconds = (performance.now() - start) / 1_000;
  console.log(`${what}: ${(SIZE / MB / seconds).toFixed(1)} MB/s`);
}
