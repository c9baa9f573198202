/** One TCP flow into and out of a live stack over a TUN of MTU 1500, against the kernel's over veth; both copy. */
import { FAMILIES, isPossible, kernelOverVeth, type Served, twinstack } from './live.ts';
import { type Comparison, compare } from './measure.ts';

const DIRECTIONS = [
  { direction: 'in', mode: 'send', port: '5001' },
  { direction: 'out', mode: 'recv', port: '5002' },
] as const;

export async function run(): Promise<Comparison[]> {
  if (!isPossible()) return [];
  const results: Comparison[] = [];
  for (const offload of [true, false]) {
    const ours = await twinstack(...(offload ? [] : ['--no-offload']));
    const kernel = await kernelOverVeth(offload);
    for (const { family, address } of FAMILIES) {
      for (const { direction, mode, port } of DIRECTIONS) {
        const flow = async ({ client }: Served): Promise<number> =>
          (await client.load(mode, address, port, '-t', '0.8', '-o', '0.4'))['gbps']!;
        results.push(
          await compare(
            `TCP ${direction} over TUN, ${family}, MTU 1500, ${offload ? 'with' : 'without'} offload`,
            'Gbit/s',
            () => flow(ours),
            'kernel over veth',
            () => flow(kernel),
          ),
        );
      }
    }
    await ours.close();
    await kernel.close();
  }
  return results;
}
