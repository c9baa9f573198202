import { Agent, type ClientRequestArgs, request } from 'node:http';
import type { Duplex } from 'node:stream';
import type { LabHost } from './lab.ts';

export interface Fetched {
  readonly status: number;
  readonly body: Buffer;
  /** The server's end of the connection as the client saw it. */
  readonly address: string;
  readonly family: string;
}

/** `node:http`'s own client over a host's sockets. @throws Node's connection errors (`ECONNREFUSED`, ...). */
export function fetchFrom(
  host: LabHost,
  target: string,
  port: number,
  path = '/',
  signal?: AbortSignal,
): Promise<Fetched> {
  return new Promise((resolve, reject) => {
    const agent = new HostAgent(host);
    const outgoing = request(
      { host: target, port, path, agent, ...(signal ? { signal } : {}) },
      (response) => {
        const parts: Buffer[] = [];
        const { remoteAddress = '', remoteFamily = '' } = response.socket;
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          const status = response.statusCode ?? 0;
          resolve({ status, body: Buffer.concat(parts), address: remoteAddress, family: remoteFamily });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** The seam that node:http has for foreign sockets. */
export class HostAgent extends Agent {
  readonly #host: LabHost;

  constructor(host: LabHost) {
    super({ keepAlive: false });
    this.#host = host;
  }

  override createConnection(options: ClientRequestArgs): Duplex {
    return this.#host.net.connect({ host: String(options.host), port: Number(options.port) });
  }
}
