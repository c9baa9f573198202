/** The way that an echo request really took: which stacks forwarded it, and where it ended. */
import { SECOND } from '../../stacks/time/clock.ts';
import { readHeaders } from '../capture/headers.ts';
import type { Lab } from './lab.ts';
import { ask } from './probe.ts';
import type { VerdictEvent } from './trace.ts';

export interface Path {
  /** Job names of the stacks that forwarded it. */
  readonly hops: readonly string[];
  readonly arrived: boolean;
  /** Where it ended. */
  readonly end: string;
}

/** For a request, and for what neighbour caches may need on the way. */
const PATIENCE = 5 * SECOND;

/**
 * Of the first echo request that arrives, else of the first that was sent.
 * @throws Error when `target` cannot be looked up, or no request leaves the host.
 */
export async function pathOf(lab: Lab, stackId: number, target: string): Promise<Path> {
  const { stack, address } = lab.resolve(stackId, target);
  const destination = stack.describe(address);
  const owner = lab.ownerOf(destination);
  const paths = new Map<string, { hops: string[]; arrived: boolean; end: string }>();
  const follow = ({ place, verdict, reason, packet }: VerdictEvent): void => {
    // One of our own begins with its IP header; of one that came in, the layers above may have taken off some.
    const at = verdict === 'transmitted' ? packet.start : packet.network;
    const headers = readHeaders('ip', packet.bytes.subarray(at, packet.end));
    if (headers?.destination !== destination || !headers.text.startsWith('echo request')) return;
    const key = `${headers.source} ${headers.text}`;
    if (verdict === 'transmitted' && place === stack.name && !paths.has(key))
      paths.set(key, { hops: [], arrived: false, end: 'lost on the way' });
    const path = paths.get(key);
    if (path === undefined || path.arrived) return;
    if (verdict === 'forwarded') path.hops.push(place);
    // The answer is made of the request, so a stack that cannot send the answer says that this packet is dropped.
    path.arrived =
      verdict === 'answered' || verdict === 'delivered' || (place === owner && place !== stack.name);
    if (path.arrived) path.end = `arrived at ${place}`;
    if (verdict === 'dropped')
      path.end = `${path.arrived ? `${path.end}, then ` : ''}dropped at ${place}: ${reason}`;
  };
  lab.trace.onVerdict.push(follow);
  try {
    const answer = await ask(lab, stackId, target, { by: 'ping' }, PATIENCE);
    const all = [...paths.values()];
    const path = all.find(({ arrived }) => arrived) ?? all[0];
    if (path !== undefined) return path;
    throw new Error(
      `no request left ${stack.name}${answer.reached ? '' : `: ${answer.code}, ${answer.why}`}`,
    );
  } finally {
    lab.trace.onVerdict.splice(lab.trace.onVerdict.indexOf(follow), 1);
  }
}
