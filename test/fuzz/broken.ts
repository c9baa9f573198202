/** A promise of test/fuzz/README.md was not kept. */
export class Broken extends Error {}

export function broken(what: string): never {
  throw new Broken(what);
}
