import type { Host } from '../../machine/index.ts';

/** What a hypervisor does not have, and a lesson hands to it: an action asks for it by name, and the record says so. */
const BETRAYALS = {
  'wrapping-key-passwd': {
    about: 'the password of the wrapping key, as firmware handed it to the Ultravisor at this boot',
    of: ({ ultravisor }: Host): Uint8Array | null => ultravisor.tpm?.wrappingKeyPasswd ?? null,
  },
} as const;
export type Betrayal = keyof typeof BETRAYALS;

/** Everything that was asked for; null: there is no such thing (yet). */
export type Betrayed<B extends Betrayal> = { readonly [Name in B]: Uint8Array | null };

/** Hands out what an action's record asks for. */
export type Betray = (names: readonly Betrayal[]) => Betrayed<Betrayal>;

export const betrayerOf =
  (host: Host): Betray =>
  names => {
    const betrayed: { [Name in Betrayal]: Uint8Array | null } = { 'wrapping-key-passwd': null };
    for (const name of names) betrayed[name] = BETRAYALS[name].of(host);
    return betrayed;
  };

/** What the record says before such an action. */
export const tellBetrayal = (names: readonly Betrayal[]): string =>
  `betrayed to the hypervisor for this scenario: ${names.map(name => `${name}, ${BETRAYALS[name].about}`).join('; ')}`;
