/** Everything that is fuzzed. */
import { STACK_TARGETS } from './stack-targets.ts';
import type { Target } from './target.ts';
import { TEXT_TARGETS } from './text-targets.ts';
import { WIRE_TARGETS } from './wire-targets.ts';

export const targets: readonly Target[] = [...WIRE_TARGETS, ...STACK_TARGETS, ...TEXT_TARGETS];
