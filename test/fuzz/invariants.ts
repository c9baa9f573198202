/** What must hold after any input whatever. */
import type { PacketPool } from '../../stacks/packet/pool.ts';
import type { Stack } from '../../stacks/stack.ts';
import { broken } from './broken.ts';

/** Every packet that came in has ended in one verdict, and every drop has a reason. */
export function checkCounters({ counters, name }: Stack): void {
  const { received, delivered, forwarded, answered, dropped, drops } = counters;
  const ended = delivered + forwarded + answered + dropped;
  if (received !== ended)
    broken(`${name}: ${received} packets came in and ${ended} ended: ${JSON.stringify(counters)}`);
  const reasons = Object.values(drops).reduce((sum, count) => sum + count, 0);
  if (reasons !== dropped) broken(`${name}: ${dropped} drops and ${reasons} reasons`);
}

/** Of a stopped stack. */
export function checkBaseline(stack: Stack): void {
  const { name, tcp, udp } = stack;
  const { connections, halfOpen, timeWait, buffers } = tcp.storage();
  const left = {
    connections,
    halfOpen,
    timeWait,
    buffers,
    listed: count(tcp.connections()),
    sockets: count(udp.sockets()),
  };
  if (Object.values(left).some((n) => n !== 0))
    broken(`${name}: left behind after the stop: ${JSON.stringify(left)}`);
  const neighbours = count(stack.neighbours());
  if (neighbours !== 0) broken(`${name}: ${neighbours} neighbours are left after the stop`);
}

export function checkPool(pool: PacketPool, when: string): void {
  if (pool.live !== 0) broken(`${pool.live} packets are not back in the pool ${when}`);
}

function count(list: Iterable<unknown>): number {
  let n = 0;
  for (const _ of list) n++;
  return n;
}
