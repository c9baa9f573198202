/** The congestion control algorithms by name. */
import type { Congestion, CongestionName } from './congestion.ts';
import { Cubic } from './cubic.ts';
import { NewReno } from './newreno.ts';

/** `initialWindow` in segments. */
export function chooseCongestion(name: CongestionName, mss: number, initialWindow: number): Congestion {
  return name === 'cubic' ? new Cubic(mss, initialWindow) : new NewReno(mss, initialWindow);
}
