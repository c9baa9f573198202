/** One benchmark in a process of its own, so that none finds the garbage of another: `run.ts` starts it and listens. */
import { type Comparison, tell } from './measure.ts';

process.on('disconnect', () => process.exit(1));
const module = (await import(`./${process.argv[2]}.js`)) as { run: () => Promise<Comparison[]> };
for (const result of await module.run()) tell({ result });
process.exit();
