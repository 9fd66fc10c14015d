import type { Command, OptionValues } from '@commander-js/extra-typings';
import { EXIT, type Io } from './io.ts';

/** What each status means, where a command's own words are better than the usual ones. No `failed`: the command never ends with 1. */
export interface Exits {
  readonly held: string;
  readonly failed?: string;
  readonly usage?: string;
  readonly environment?: string;
}

/** A command of the command line, or a group of them, that can be put under another. */
export interface CliCommand {
  readonly name: string;
  /** What its statuses mean; a group has none. */
  readonly exits?: Exits;
  /** What a group holds. */
  readonly commands?: readonly CliCommand[];
  /** `end` is told how it ended. */
  addTo(parent: Command, io: Io, end: (status: number) => void): void;
}

interface Declaration<Args extends unknown[], Flags extends OptionValues> {
  readonly name: string;
  readonly about: string;
  /** Arguments and options: the types of what `run` is given follow from them. */
  readonly flags: (made: Command) => Command<Args, Flags>;
  readonly exits: Exits;
  /** Stands in --help behind the options. */
  readonly more?: string;
  /** Loads what the command needs when it is called, so that `--help` is quick. The exit status. */
  readonly run: (...given: [...Args, Flags, Io]) => Promise<number>;
}

/** What `run` of a command is given as flags; those without a value may also be false where one calls it from a program. */
export type FlagsOf<F extends (made: Command) => { opts(): OptionValues }> = Loose<ReturnType<ReturnType<F>['opts']>>;
type Loose<O> = { readonly [K in keyof O]: [O[K]] extends [true | undefined] ? boolean | undefined : O[K] };

export function command<Args extends unknown[], Flags extends OptionValues>(declared: Declaration<Args, Flags>): CliCommand {
  const { name, about, flags, exits, more, run } = declared;
  return {
    name,
    exits,
    addTo(parent, io, end) {
      const made = flags(parent.command(name).description(about));
      made.action(async () => end(await run(...made.processedArgs, made.opts(), io)));
      if (more !== undefined) made.addHelpText('after', more);
      made.addHelpText('after', showExits(exits));
    },
  };
}

export function group(name: string, about: string, commands: readonly CliCommand[]): CliCommand {
  return {
    name,
    commands,
    addTo(parent, io, end) {
      const made = parent.command(name).description(about);
      for (const one of commands) one.addTo(made, io, end);
    },
  };
}

/** For a command that takes neither arguments nor options. */
export const noFlags = (made: Command): Command => made;

/** How --help tells the exit statuses. */
export function showExits({
  held,
  failed,
  usage = 'wrong usage, or input that is not valid',
  environment = 'the environment failed',
}: Exits): string {
  const lines: readonly (readonly [number, string])[] = [
    [EXIT.held, held],
    ...(failed === undefined ? [] : [[EXIT.failed, failed] as const]),
    [EXIT.usage, usage],
    [EXIT.environment, environment],
    [EXIT.interrupted, 'interrupted'],
  ];
  return `\nExit status:\n${lines.map(([status, meaning]) => `  ${String(status).padEnd(5)}${meaning}`).join('\n')}`;
}
