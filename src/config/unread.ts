/** What cards that could not be read were about, so that what follows from them alone is no further finding. */
export class Unread {
  readonly #words = new Map<string, Set<string>>();

  /** `statement` is the one that was meant, '' when nobody can tell; `word` is what stands behind it. */
  add(statement: string, word: string | undefined): void {
    const words = this.#words.get(statement) ?? new Set<string>();
    words.add(word?.toUpperCase() ?? '');
    this.#words.set(statement, words);
  }

  /** Might a card of one of these statements have been about `word`? */
  has(word: string, ...statements: string[]): boolean {
    return [...statements, ''].some((statement) => this.#words.get(statement)?.has(word) === true);
  }

  /** Was there such a card at all? */
  any(statement: string): boolean {
    return this.#words.has(statement);
  }

  /** The second words of such cards. */
  words(statement: string): Iterable<string> {
    return this.#words.get(statement) ?? [];
  }
}
