/** `npm run bench [-- --json]`: every figure of this folder, each as a ratio to a reference run in the same call. */
import { machine } from './measure.ts';
import { virtualBulk } from './virtual-bulk.ts';

const results = [await virtualBulk()];

if (process.argv.includes('--json')) {
  process.stdout.write(`${JSON.stringify({ machine: machine(), results }, null, 2)}\n`);
} else {
  process.stdout.write(`${machine()}\n`);
  for (const { name, unit, subject, reference, referenceName, ratio } of results) {
    const figures = `${subject.toFixed(0)} ${unit}/s, ${referenceName} ${reference.toFixed(0)} ${unit}/s`;
    process.stdout.write(`${name}: ${figures}, ratio ${ratio.toFixed(3)}\n`);
  }
}
