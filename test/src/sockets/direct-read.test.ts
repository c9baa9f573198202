import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createNet, type OnRead } from '../../../src/sockets/net.ts';
import { Network } from './virtual.ts';

const BYTES = 200_000;
const CONTENT = Buffer.from(Array.from({ length: BYTES }, (_, i) => (i * 13 + (i >> 8)) & 0xff));

/** A client that sends `CONTENT` and ends, to a server whose sockets read by `onread`. */
async function receive(onread: OnRead, connection: (resumeLater: () => void) => void = () => {}) {
  const network = new Network();
  const client = createNet(network.host(1, '192.0.2.1'));
  const server = createNet(network.host(2, '192.0.2.2')).createServer({ onread, allowHalfOpen: true });
  server.listen(7);
  await network.until(once(server, 'listening'));
  let data = 0;
  const ended = new Promise<number>((resolve) => {
    server.on('connection', (socket) => {
      connection(() => network.clock.timer(() => socket.resume()).armIn(1_000));
      socket.on('data', () => data++);
      socket.on('end', () => {
        socket.end();
        resolve(socket.bytesRead);
      });
    });
  });
  const socket = client.connect(7, '192.0.2.2');
  socket.end(CONTENT);
  socket.resume();
  expect(await network.until(ended)).toBe(BYTES);
  await network.until(once(socket, 'close'));
  expect(data).toBe(0);
  await network.pass(1_000_000);
  expect(network.environment.pool.live).toBe(0);
}

describe('onread', () => {
  it('fills one buffer again and again, and ends as any socket does', async () => {
    const buffer = new Uint8Array(10_000);
    const got: Buffer[] = [];
    await receive({
      buffer,
      callback(bytes, filled) {
        expect(filled).toBe(buffer);
        got.push(Buffer.from(filled.subarray(0, bytes)));
        filled.fill(0);
        return true;
      },
    });
    expect(Buffer.concat(got).equals(CONTENT)).toBe(true);
  });

  it('asks for a buffer each time when it is given a function, small ones too', async () => {
    const got: Buffer[] = [];
    await receive({
      buffer: () => new Uint8Array(700),
      callback(bytes, filled) {
        got.push(Buffer.from(filled.buffer, 0, bytes));
        return undefined;
      },
    });
    expect(Buffer.concat(got).equals(CONTENT)).toBe(true);
    expect(Math.max(...got.map((piece) => piece.length))).toBe(700);
  });

  it('pauses at a false, and loses nothing until it is resumed', async () => {
    const got: Buffer[] = [];
    let resumeLater = (): void => {};
    let pauses = 0;
    await receive(
      {
        buffer: () => new Uint8Array(3_000),
        callback(bytes, filled) {
          got.push(Buffer.from(filled.buffer, 0, bytes));
          if (got.length % 5 !== 0) return true;
          resumeLater();
          return false;
        },
      },
      (go) => {
        resumeLater = () => {
          go();
          pauses++;
        };
      },
    );
    expect(pauses).toBeGreaterThan(10);
    expect(Buffer.concat(got).equals(CONTENT)).toBe(true);
  });
});
