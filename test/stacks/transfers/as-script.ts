/** What one end of a connection has seen and done, as a packetdrill script: a counter-example that anybody can play. */
import { decode, type Seen } from '../../../src/script/codec.ts';
import { Flow } from '../../../src/script/flow.ts';
import { seenText } from '../../../src/script/show-packet.ts';
import type { Family } from '../../../stacks/address/family.ts';
import type { Fate } from './hostile-link.ts';

const SYN = 2;

type Entry =
  | { readonly time: number; readonly call: string }
  | {
      readonly time: number;
      readonly direction: 'in' | 'out';
      readonly bytes: Uint8Array;
      readonly fate: Fate;
    };

export class Recording {
  readonly #family: Family;
  readonly #entries: Entry[] = [];

  constructor(family: Family) {
    this.#family = family;
  }

  call(time: number, call: string): void {
    this.#entries.push({ time, call });
  }

  packet(time: number, direction: 'in' | 'out', bytes: Uint8Array, fate: Fate): void {
    this.#entries.push({ time, direction, bytes, fate });
  }

  /** The packets of an active open; a damaged one is a comment, since the language has no words for it. */
  toString(): string {
    const start = this.#entries[0]?.time ?? 0;
    let flow: Flow | undefined;
    /** The peer's initial sequence number, which is 0 in the script. */
    let irs = 0;
    const lines = this.#entries.map((entry) => {
      const time = ((entry.time - start) / 1e6).toFixed(6);
      if ('call' in entry) return `${time} ${entry.call}`;
      let seen = decode(this.#family, entry.time, entry.bytes);
      if (seen === undefined || (entry.direction === 'in' && isDamaged(entry.fate))) {
        return `// ${time} a packet arrives damaged (${entry.fate.kind})`;
      }
      if (seen.protocol === 'tcp') {
        const isOurs = entry.direction === 'out';
        if (isOurs) flow = learned(flow, seen);
        else if ((seen.flags & SYN) !== 0) irs = seen.seq;
        seen = isOurs ? { ...seen, ack: (seen.ack - irs) | 0 } : { ...seen, seq: (seen.seq - irs) | 0 };
      }
      return `${time} ${seenText(this.#family, entry.direction, seen, flow)}`;
    });
    return `${lines.join('\n')}\n`;
  }
}

function isDamaged({ kind }: Fate): boolean {
  return kind === 'flip' || kind === 'truncate';
}

/** Our sequence numbers begin at 0 in a script, and our timestamps at 100. */
function learned(flow: Flow | undefined, seen: Extract<Seen, { protocol: 'tcp' }>): Flow {
  const known = flow ?? new Flow(seen.sourcePort, seen.destinationPort, 1_000);
  if ((seen.flags & SYN) === 0 || flow !== undefined) return known;
  const options = seen.options.map((option) => (option.kind === 'TS' ? { ...option, value: 100 } : option));
  known.learn(seen, 0, options);
  return known;
}
