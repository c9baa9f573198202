import { SECOND } from '../../stacks/time/clock.ts';
import type { Lab } from './lab.ts';
import { inTime } from './probe.ts';

export interface Goodput {
  /** Bits of data a second. */
  readonly rate: number;
  readonly seen: string;
}

/** As long as a connection may take to open before nothing is said to come over it. */
const OPENING = 60 * SECOND;

/** Takes what comes over a TCP connection for `duration` µs from its opening, or until the other side ends it. */
export async function measureGoodput(
  lab: Lab,
  stackId: number,
  target: string,
  port: number,
  duration: number,
): Promise<Goodput> {
  const socket = lab.host(stackId).net.connect({ host: target, port });
  let bytes = 0;
  let opened: number | undefined;
  let failure: string | undefined;
  socket.on('data', (data: Uint8Array) => {
    bytes += data.length;
  });
  socket.on('error', (error: Error) => {
    failure = error.message;
  });
  const ended = new Promise<void>((resolve) => {
    socket.once('end', resolve);
    socket.once('close', () => resolve());
  });
  try {
    await inTime(lab, OPENING, async (signal) => {
      await new Promise<void>((resolve) => {
        socket.once('connect', () => {
          opened = lab.now;
          resolve();
        });
        void ended.then(resolve);
        signal.addEventListener('abort', () => resolve());
      });
    });
    if (opened === undefined)
      return { rate: 0, seen: failure ?? `no connection within ${OPENING / SECOND} s` };
    const gone = new Promise<void>((resolve) => void lab.advance(duration).then(resolve));
    await Promise.race([gone, ended]);
    const took = Math.min(lab.now - opened, duration);
    const rate = took === 0 ? 0 : (bytes * 8 * SECOND) / took;
    const text = `${(rate / 1e6).toFixed(3)} Mbit/s, ${bytes} bytes in ${(took / SECOND).toFixed(3)} s`;
    return { rate, seen: failure === undefined ? text : `${text}, then ${failure}` };
  } finally {
    socket.destroy();
  }
}
