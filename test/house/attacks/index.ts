import type { AttackClass } from './attack.ts';
import { fragments } from './fragments.ts';
import { extensionHeaders, lengths, options } from './headers.ts';
import { icmp } from './icmp.ts';
import { neighbours } from './neighbours.ts';
import { families, keys, promises } from './whole.ts';

export const classes: readonly AttackClass[] = [
  lengths,
  options,
  extensionHeaders,
  fragments,
  icmp,
  neighbours,
  keys,
  families,
  promises,
];
