/** Plays the text of a script to a stack of ours. */
import { parseScript } from '../../../src/script/parse.ts';
import { type Outcome, runScript } from '../../../src/script/run.ts';
import { readOptions } from '../../../src/script/script-options.ts';
import type { Tuning } from '../../../src/script/settings.ts';
import { VirtualWorld } from '../../../src/script/virtual-world.ts';
import type { Mode } from '../../../src/script/world.ts';

export function play(text: string, mode: Mode = 'ipv4', tuning: Tuning = {}): Outcome {
  const script = parseScript('x.pkt', text);
  const options = readOptions(script);
  return runScript(script, options, new VirtualWorld(mode, options.mtu, 1, tuning));
}

/** Up to an accepted connection with file descriptor 4. */
export const ESTABLISHED = `
0  socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 32792 <mss 1000,sackOK,nop,nop,nop,wscale 7>
+0 > S. 0:0(0) ack 1 <mss 1460,nop,nop,sackOK,nop,wscale 7>
+.1 < . 1:1(0) ack 1 win 257
+0 accept(3, ..., ...) = 4
`;
