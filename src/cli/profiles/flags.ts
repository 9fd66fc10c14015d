import type { Command } from '@commander-js/extra-typings';
import type { FlagsOf } from '../command.ts';

export const flags = (made: Command) => made.argument('[name]', 'documented, published or hardened').option('--json', 'as JSON');

export type ProfilesFlags = FlagsOf<typeof flags>;
