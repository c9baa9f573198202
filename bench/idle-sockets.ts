/** An idle connection with its node-shaped socket, both in this process; beside it a socket of the kernel. */
import { once } from 'node:events';
import net from 'node:net';
import { bytesPerConnection } from '../src/cli/measure.ts';
import { heldBytes } from '../src/cli/heap.ts';
import type { Comparison } from './measure.ts';

const CONNECTIONS = 4_000;
/** The kernel's descriptors are fewer. */
const KERNEL_CONNECTIONS = 400;

/** Bytes of an end: what Node itself keeps for a socket, without the kernel's part. */
async function kernelBytes(): Promise<number> {
  const open: net.Socket[] = [];
  const server = net.createServer((socket) => open.push(socket));
  server.listen({ port: 0, host: '127.0.0.1', backlog: KERNEL_CONNECTIONS });
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const before = heldBytes();
  for (let i = 0; i < KERNEL_CONNECTIONS; i++) {
    const socket = net.connect(port, '127.0.0.1');
    open.push(socket);
    await once(socket, 'connect');
  }
  while (open.length < 2 * KERNEL_CONNECTIONS) await new Promise((resolve) => setImmediate(resolve));
  const bytes = (heldBytes() - before) / open.length;
  for (const socket of open) socket.destroy();
  server.close();
  await once(server, 'close');
  return bytes;
}

export async function run(): Promise<Comparison[]> {
  await kernelBytes(); // whatever is made once is made
  const reference = await kernelBytes();
  const subject = await bytesPerConnection(CONNECTIONS);
  return [
    {
      name: 'memory of an idle connection with its socket',
      unit: 'bytes',
      better: 'lower',
      subject,
      reference,
      referenceName: 'node:net, without the kernel',
      ratio: subject / reference,
    },
  ];
}
