/** The package's API: a lab from a deck. */
import { parseDecks } from './config/index.ts';
import { Lab, type LabOptions } from './lab/lab.ts';

export type { Deck, Finding } from './config/deck.ts';
export { parseDecks } from './config/index.ts';
export { explain } from './explain/explain.ts';
export type { Explanation, NamedFinding, Service } from './explain/explanation.ts';
export { DeckError, Lab, type LabHost, type LabOptions } from './lab/lab.ts';
export { ping } from './lab/ping.ts';
export { type ActionEvent, CommandError, command } from './lab/schedule.ts';

/**
 * Brings a deck up in virtual time and returns it running, its addresses known to be unique (one virtual second for IPv6
 * on Ethernet, seven at most for IPv4 with PROBE or AUTOCONF). AT cards are not carried out.
 * @param deckText the deck, or several decks by name.
 * @throws DeckError with every finding when the deck has an error; nothing is started then.
 */
export async function lab(
  deckText: string | readonly { readonly name: string; readonly text: string }[],
  options: LabOptions = {},
): Promise<Lab> {
  const files = typeof deckText === 'string' ? [{ name: 'deck', text: deckText }] : deckText;
  const made = new Lab(parseDecks(files), options);
  try {
    await made.start();
    if (!made.live) await made.rest();
  } catch (error) {
    await made.close();
    throw error;
  }
  return made;
}
