/** TCP connections opened and closed a second over a TUN, against the kernel's over its loopback. */
import { FAMILIES, isPossible, kernelOverLoopback, twinstack } from './live.ts';
import { type Comparison, compare } from './measure.ts';

export async function run(): Promise<Comparison[]> {
  if (!isPossible()) return [];
  const ours = await twinstack();
  const kernel = await kernelOverLoopback();
  const results: Comparison[] = [];
  for (const { family, address, loopback } of FAMILIES) {
    const churn = async (client: typeof ours.client, host: string): Promise<number> =>
      (await client.load('churn', host, '5003', '-t', '1', '-o', '0.5'))['cps']!;
    results.push(
      await compare(
        `connections opened and closed over TUN, ${family}`,
        'connections/s',
        () => churn(ours.client, address),
        'kernel over loopback',
        () => churn(kernel.client, loopback),
      ),
    );
  }
  await ours.close();
  await kernel.close();
  return results;
}
