/**
 * An idle connection with its node-shaped socket, both ends in one process, beside a pair of the kernel's. Each figure is
 * taken in a process of its own, so that neither finds the garbage of the other.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { getHeapStatistics } from 'node:v8';
import { settledBytes } from '../src/cli/heap.ts';
import { bytesPerConnection } from '../src/cli/measure.ts';
import { type Comparison, compare } from './measure.ts';

const CONNECTIONS = 4_000;
/** The kernel's descriptors are fewer; ends that are open before the count begins, and ends counted. */
const KERNEL_WARM_UP = 512;
const KERNEL_ENDS = 3_000;
const AT_ONCE = 64;
const SELF = fileURLToPath(import.meta.url);

/** What Node keeps for a socket: the heap, and beyond it the handle of libuv; the kernel's part is not in it. */
async function kernelBytes(): Promise<number> {
  const open: net.Socket[] = [];
  const server = net.createServer((socket) => open.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const fill = async (ends: number): Promise<void> => {
    for (let opened = open.length / 2; opened < ends / 2; opened += AT_ONCE) {
      const connecting = Array.from({ length: AT_ONCE }, () => net.connect(port, '127.0.0.1'));
      open.push(...connecting);
      await Promise.all(connecting.map((socket) => once(socket, 'connect')));
    }
    while (open.length % (2 * AT_ONCE) > 0) await new Promise((resolve) => setImmediate(resolve));
  };
  await fill(KERNEL_WARM_UP);
  const [ends, held, beyond] = [open.length, await settledBytes(), beyondHeap()];
  await fill(KERNEL_ENDS);
  const grown = (await settledBytes()) - held + beyondHeap() - beyond;
  return grown / (open.length - ends);
}

/** Resident bytes that are none of V8's. */
function beyondHeap(): number {
  return process.memoryUsage.rss() - getHeapStatistics().total_physical_size;
}

async function alone(what: 'ours' | 'kernel'): Promise<number> {
  return Number(execFileSync(process.execPath, [SELF, what], { encoding: 'utf8' }));
}

export async function run(): Promise<Comparison[]> {
  const result = await compare(
    'memory of an idle connection with its socket',
    'bytes',
    () => alone('ours'),
    'node:net, without the kernel',
    () => alone('kernel'),
  );
  return [{ ...result, better: 'lower' }];
}

if (argv[1] === SELF) {
  process.stdout.write(
    String(argv[2] === 'ours' ? await bytesPerConnection(CONNECTIONS) : await kernelBytes()),
  );
  process.exit();
}
