/**
 * Which processors do the kernel's side of what we write: Documentation/networking/scaling.rst of the kernel (RPS).
 *
 * Without it the kernel's TCP receives a packet inside our `write`, which was 40 % of a processor that opens and closes
 * connections, while the one of the kernel's application waited. A flow stays with one processor, so its order stays too.
 */
import { readFileSync, writeFileSync } from 'node:fs';

/** Gives what we write to the processors that this process may not use; when it may use all, to all of them. */
export function steer(name: string, index: number): void {
  const folder = `/sys/class/net/${name}`;
  try {
    // /sys may be that of another network namespace, with somebody else's interface of this name.
    if (Number(readFileSync(`${folder}/ifindex`, 'utf8')) !== index) return;
    const online = mask(readFileSync('/sys/devices/system/cpu/online', 'utf8'));
    const status = readFileSync('/proc/self/status', 'utf8');
    const ours = mask(/^Cpus_allowed_list:(.*)$/m.exec(status)?.[1] ?? '');
    writeFileSync(`${folder}/queues/rx-0/rps_cpus`, rpsMask(online & ~ours || online));
  } catch (error) {
    // A kernel without RPS, a /sys that is not there or read-only: it is slower and says nothing wrong.
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
}

/** `0-3,8` as a set of bits. */
export function mask(list: string): bigint {
  let bits = 0n;
  for (const range of list.trim().split(',')) {
    if (range === '') continue;
    const [first, last = first] = range.split('-').map(Number) as [number, number?];
    for (let cpu = first; cpu <= last; cpu++) bits |= 1n << BigInt(cpu);
  }
  return bits;
}

/** As the kernel reads it: hexadecimal, a comma between each 32 bits. */
export function rpsMask(bits: bigint): string {
  const words: string[] = [];
  for (let rest = bits; rest > 0n || words.length === 0; rest >>= 32n) {
    words.unshift((rest & 0xffff_ffffn).toString(16).padStart(8, '0'));
  }
  return words.join(',');
}
