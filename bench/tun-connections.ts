/** 4,095 connections opened over a TUN, and one byte at a time echoed over all of them, against the kernel's loopback. */
import { FAMILIES, isPossible, kernelOverLoopback, type Served, twinstack } from './live.ts';
import { type Comparison, compare } from './measure.ts';

/** Somebody who serves, at an address. */
type Target = Served & { readonly host: string };

export async function run(): Promise<Comparison[]> {
  if (!isPossible()) return [];
  const results: Comparison[] = [];
  const ours = await twinstack();
  const kernel = await kernelOverLoopback();
  for (const { family, address, loopback } of FAMILIES) {
    for (const [name, unit, field] of [
      ['opened', 'connections/s', 'open_per_s'],
      ['echo over them, one byte outstanding', 'round trips/s', 'rtps_w1'],
    ] as const) {
      const conns = async ({ client, host }: Target): Promise<number> => {
        const phases = field === 'open_per_s' ? '0' : '1';
        return (await client.load('conns', host, '5003', '-t', '1', '-w', phases))[field]!;
      };
      results.push(
        await compare(
          `4,095 connections over TUN, ${family}: ${name}`,
          unit,
          () => conns({ ...ours, host: address }),
          'kernel over loopback',
          () => conns({ ...kernel, host: loopback }),
        ),
      );
    }
  }
  await ours.close();
  await kernel.close();
  return results;
}
