/**
 * Frames through a stack that forwards, in memory: 64-byte packets from one Ethernet device to another by a full table
 * and 64 resolved next hops, with all checks, counters and verdicts; against the same in C (forwarder.c). Both are
 * measured in CPU time, since nothing here waits.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Address } from '../stacks/address/address.ts';
import { ipv4 } from '../stacks/address/ipv4.ts';
import { ipv6 } from '../stacks/address/ipv6.ts';
import { compiled, temporaryFolder } from './compile.ts';
import { fullTable, GATEWAYS, inside, seeded, type TablePrefix } from './full-table.ts';
import { type Comparison, compare } from './measure.ts';
import { ForwardingBench } from './router.ts';

const PREFIXES = { 4: 1_000_000, 6: 200_000 } as const;
const FLOWS = 4_095;
/** Packets of one run. */
const PACKETS = 2_000_000;

export async function run(): Promise<Comparison[]> {
  const results: Comparison[] = [];
  const folder = temporaryFolder();
  const program = compiled('forwarder.c', folder);
  for (const family of [ipv4, ipv6]) {
    const prefixes = fullTable(family, PREFIXES[family.version], 1);
    const random = seeded(2);
    const everywhere = prefixes.map((prefix) => inside(family, prefix, random));
    const flows = everywhere.slice(0, FLOWS);
    const bench = new ForwardingBench(family, prefixes);
    const table = join(folder, `table${family.version}`);
    writeFileSync(table, tableFor(prefixes));
    for (const [name, destinations] of [
      [`${FLOWS} flows`, flows],
      ['random over the table', everywhere],
    ] as const) {
      const file = join(folder, 'destinations');
      writeFileSync(file, wordsOf(destinations));
      const args = [String(family.version), table, file, String(PACKETS)];
      const reference = program === undefined ? undefined : new Reference(program, args);
      const arrivals = bench.arrivals(destinations);
      results.push(
        await compare(
          `forwarder in memory, ${family.name}, ${prefixes.length} prefixes, ${name}`,
          'packets/s',
          async () => bench.forward(arrivals, PACKETS),
          program === undefined ? 'C -O2, not measured for want of a compiler' : 'C -O2',
          async () => (await reference?.run()) ?? Number.NaN,
        ),
      );
      reference?.end();
    }
  }
  return results;
}

/** forwarder.c, waiting for the next run. */
class Reference {
  readonly #process: ChildProcess;
  readonly #answers: NodeJS.AsyncIterator<string>;

  constructor(program: string, args: readonly string[]) {
    this.#process = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#answers = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }

  /** Packets a second. */
  async run(): Promise<number> {
    this.#process.stdin!.write('.');
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error('forwarder.c ended before its time');
    return 1e9 / Number(value);
  }

  end(): void {
    this.#process.stdin!.end();
  }
}

function tableFor(prefixes: readonly TablePrefix[]): Int32Array {
  const order = prefixes
    .map((_, i) => i)
    .sort((a, b) => prefixes[a]!.prefixLength - prefixes[b]!.prefixLength);
  const words = new Int32Array(6 * prefixes.length);
  let at = 0;
  for (const i of order) {
    const { destination: d, prefixLength } = prefixes[i]!;
    words.set([d.w0, d.w1, d.w2, d.w3, prefixLength, 1 + (i % GATEWAYS)], at);
    at += 6;
  }
  return words;
}

function wordsOf(addresses: readonly Address[]): Int32Array {
  const words = new Int32Array(4 * addresses.length);
  for (const [i, a] of addresses.entries()) words.set([a.w0, a.w1, a.w2, a.w3], 4 * i);
  return words;
}
