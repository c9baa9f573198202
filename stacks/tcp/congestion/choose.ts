/** The congestion control algorithms by name. */
import type { Congestion, CongestionName } from './congestion.ts';
import { Cubic } from './cubic.ts';
import { NewReno } from './newreno.ts';

/** `initialWindow` in bytes. */
export function chooseCongestion(name: CongestionName, initialWindow: number): Congestion {
  return name === 'cubic' ? new Cubic(initialWindow) : new NewReno(initialWindow);
}
