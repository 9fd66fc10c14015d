/**
 * One thing that a version of a program does otherwise than the version before it: a generation is a base and a list of these.
 * `B` is what handlers ask: fields, never versions.
 */
export interface Difference<B> {
  /** Short, in kebab case; unique within its program. */
  readonly name: string;
  /** What is otherwise, for a reader who knows the version before. */
  readonly about: string;
  /** Where a stranger can read it. */
  readonly source: string;
  /** The recording, scenario or test that shows it. */
  readonly shownBy: string;
  readonly set: Partial<B>;
}

/** A program at one version. */
export interface Version<B> {
  /** As people write it: `7.2`, `0.10.2`. */
  readonly version: string;
  /** A way in which the program can be run that decides its behaviour too: a profile of libtpms. */
  readonly profile?: string;
  /** All that it does otherwise than the base, in the order in which it came. */
  readonly differences: readonly Difference<B>[];
  readonly behaviour: B;
}

export const overlaid = <B>(base: B, differences: readonly Difference<B>[]): B =>
  Object.assign({}, base, ...differences.map(({ set }) => set)) as B;

/** A program's versions from the base on, each with what it does otherwise than the one before. */
export function versionsOf<B>(
  base: { readonly version: string; readonly behaviour: B },
  ...later: readonly { readonly version: string; readonly differences: readonly Difference<B>[] }[]
): readonly [Version<B>, ...Version<B>[]] {
  const made: [Version<B>, ...Version<B>[]] = [{ ...base, differences: [] }];
  for (const { version, differences } of later) {
    const all = [...(made.at(-1)?.differences ?? []), ...differences];
    made.push({ version, differences: all, behaviour: overlaid(base.behaviour, all) });
  }
  return made;
}
