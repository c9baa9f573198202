/** Which card something comes from. */
import type { Route } from '../../stacks/stack.ts';
import type { CardRef } from '../config/deck.ts';
import { type BuiltStack, cardText } from '../lab/build.ts';

export function stackCard({ config }: BuiltStack): string {
  return cardText(config.at);
}

/** LINK, else AUTOCONF, else DEVICE. */
export function linkCard({ config }: BuiltStack, device: string): string {
  const of = (list: readonly { readonly device: string; readonly at: CardRef }[]): CardRef | undefined =>
    list.find((one) => one.device === device)?.at;
  const at =
    of(config.links) ?? of(config.autoconf) ?? config.devices.find(({ name }) => name === device)?.at;
  return cardText(at ?? config.at);
}

/** Of a direct route, the LINK that has made it; undefined of one that was learnt. */
export function routeCard(built: BuiltStack, route: Route): string | undefined {
  if (route.card !== undefined || route.origin !== 'link') return route.card;
  const { family } = built.stack;
  const link = built.stack.interfaces()[route.interfaceIndex - 1];
  const made = built.config.links.find(
    ({ device, address, prefixLength }) =>
      device === link?.name &&
      prefixLength === route.prefixLength &&
      family.matches(address, route.destination, prefixLength),
  );
  return made === undefined ? undefined : cardText(made.at);
}
