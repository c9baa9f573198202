/** A bulk flow between two stacks of which each holds 100,000 idle connections, against the same flow alone. */
import { twoHosts } from '../src/cli/two-hosts.ts';
import { lab } from '../src/index.ts';
import type { TcpConnection, TcpHandler } from '../stacks/tcp/api.ts';
import { type Comparison, compare } from './measure.ts';
import { IDLE, listen } from './memory-wire.ts';

const IDLE_CONNECTIONS = 100_000;
const PORTS = 4;
const AT_ONCE = 1_000;
const MEBIBYTES = 48;
const CHUNK = new Uint8Array(1 << 16).fill(7);

type Network = Awaited<ReturnType<typeof lab>>;

async function fill(network: Network): Promise<void> {
  const [client, server] = [network.stacks.get(1)!.stack, network.stacks.get(2)!.stack];
  const remote = server.family.parse('192.0.2.2')!;
  for (let port = 1; port <= PORTS; port++) {
    listen(server.tcp, server.family, port, (connection) => {
      connection.handler = IDLE;
    });
  }
  for (let i = 0; i < IDLE_CONNECTIONS; i++) {
    const localPort = 1_024 + Math.floor(i / PORTS);
    const opened = client.tcp.connect(remote, 1 + (i % PORTS), { handler: IDLE, localPort });
    if ('code' in opened) throw new Error(opened.cause);
    if (i % AT_ONCE === 0) await network.rest();
  }
  await network.rest();
  const { connectionCount } = server.tcp;
  if (connectionCount !== IDLE_CONNECTIONS) throw new Error(`${connectionCount} connections are open`);
}

/** MiB a second from `send` to `read`. */
async function bulk(network: Network): Promise<number> {
  const [client, server] = [network.stacks.get(1)!.stack, network.stacks.get(2)!.stack];
  let received = 0;
  const listener = server.tcp.listen(server.family.any, 99, {
    accept: (connection) => {
      connection.handler = {
        ...IDLE,
        readable() {
          for (let c = connection.read(); c !== undefined; c = connection.read()) received += c.length;
        },
        ended: () => connection.close(),
      };
    },
  });
  if ('code' in listener) throw new Error(listener.cause);
  const total = MEBIBYTES << 20;
  let sent = 0;
  const send = (): void => {
    while (sent < total && sender.sendSpace >= CHUNK.length) {
      sender.send(CHUNK);
      sent += CHUNK.length;
    }
    if (sent === total) sender.shutdown();
  };
  const handler: TcpHandler = { ...IDLE, connected: send, writable: send, ended: () => sender.close() };
  const start = performance.now();
  const opened = client.tcp.connect(server.family.parse('192.0.2.2')!, 99, { handler });
  if ('code' in opened) throw new Error(opened.cause);
  const sender: TcpConnection = opened;
  await network.rest();
  const seconds = (performance.now() - start) / 1_000;
  listener.close();
  if (received !== total) throw new Error(`${received} bytes arrived instead of ${total}`);
  return MEBIBYTES / seconds;
}

export async function run(): Promise<Comparison[]> {
  await using full = await lab(twoHosts(IDLE_CONNECTIONS + 1));
  await using alone = await lab(twoHosts(IDLE_CONNECTIONS + 1));
  await fill(full);
  const name = 'bulk flow beside 100,000 idle connections';
  return [
    await compare(
      name,
      'MiB/s',
      () => bulk(full),
      'the same flow alone',
      () => bulk(alone),
    ),
  ];
}
