/** Vectors that nobody thought of: those of vectors.ts, bent by the mutators of the fuzzer. */

import { mutateBytes } from '../../fuzz/mutate.ts';
import { type Bytes, fixLengths, fixSums } from '../../fuzz/packets.ts';
import { Choice } from '../../fuzz/random.ts';
import { type Vector, vectors } from './vectors.ts';

/** As long as a packet of the vectors may grow. */
const MOST = 1_400;

/** The same for the same `seed`. */
export function generated(seed: number, count: number): Vector[] {
  const choice = new Choice(seed);
  const wholes = vectors().flatMap(({ link, steps }) =>
    link === 'tun' && steps.length === 1 && typeof steps[0] !== 'function' ? [steps[0]!] : [],
  );
  return Array.from({ length: count }, (_, i) => {
    const packet = bent(choice.pick(wholes), choice.pick(wholes), choice);
    return {
      name: `generated ${seed}.${i} ${Buffer.from(packet).toString('hex')}`,
      link: 'tun' as const,
      steps: [packet],
    };
  });
}

function bent(whole: Bytes, other: Bytes, choice: Choice): Bytes {
  const packet = mutateBytes(whole, other, MOST, choice);
  if (packet.length === 0) return whole;
  // Mostly it stays a packet of its family, with lengths and sums that hold: what is behind them is more worth looking at.
  if (!choice.chance(1, 16)) packet[0] = (whole[0]! & 0xf0) | (packet[0]! & 0x0f);
  if (!choice.chance(1, 6)) fixLengths(packet, 0);
  if (!choice.chance(1, 8)) fixSums(packet, 0);
  return packet;
}
