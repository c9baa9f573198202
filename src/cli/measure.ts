/** What connections really cost in this build: opened in a lab, idle, the heap settled before and after. */
import { once } from 'node:events';
import { lab } from '../index.ts';
import type { TcpSocket } from '../sockets/socket.ts';
import { settledBytes } from './heap.ts';
import { twoHosts } from './two-hosts.ts';

/** Opened at once: what the stacks keep ready for so many handshakes belongs to no idle connection. */
const AT_ONCE = 64;
/** Ends that are open before the count begins: code is compiled, pools are filled. */
const WARM_UP = 64 * AT_ONCE;

/** With fewer, what else the process does with its memory shows. */
const LEAST = 2_000;

/** Bytes of one end of an idle established connection, with its node-shaped socket, when `asked` are open. */
export async function bytesPerConnection(asked: number): Promise<number> {
  const connections = Math.max(asked, LEAST);
  await using network = await lab(twoHosts(WARM_UP + connections));
  const open: TcpSocket[] = [];
  const server = network.host(2).net.createServer((socket) => open.push(socket));
  server.listen({ port: 9, backlog: AT_ONCE });
  await once(server, 'listening');
  const client = network.host(1).net;
  const fill = async (target: number): Promise<void> => {
    while (open.length < target) {
      const opened: Promise<unknown>[] = [];
      for (let i = 0; i < AT_ONCE && open.length < target; i++) {
        const socket = client.connect({ host: '192.0.2.2', port: 9 });
        open.push(socket);
        opened.push(once(socket, 'connect'));
      }
      await Promise.all(opened);
      await network.rest();
    }
  };
  await fill(WARM_UP);
  const before = await settledBytes();
  await fill(WARM_UP + 2 * connections);
  const bytes = ((await settledBytes()) - before) / (2 * connections);
  for (const socket of open) socket.destroy();
  server.close();
  await once(server, 'close');
  return bytes;
}
