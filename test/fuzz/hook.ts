/** Module hook of Node (node:module `register`): the project's own modules are instrumented as they are loaded. */
import type { LoadHook } from 'node:module';
import { instrument } from './instrument.ts';

const OURS = /\/dist\/(stacks|src|devices)\//;

let next = 0;

export const load: LoadHook = async (url, context, nextLoad) => {
  const loaded = await nextLoad(url, context);
  if (!OURS.test(url) || loaded.format !== 'module' || loaded.source === undefined) return loaded;
  const text =
    typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source ?? undefined);
  const { code, counters } = instrument(url, text, next);
  next += counters;
  return { ...loaded, source: `globalThis.__fuzz.claim(${next});${code}` };
};
