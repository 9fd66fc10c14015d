import type { BoardEntry } from './board-entry.ts';
import type { GuestEntry } from './guest-entry.ts';
import type { HostEntry } from './host-entry.ts';

/** The hosts and guests of a scenario. */
export interface Machines {
  readonly host?: HostEntry | undefined;
  readonly hosts?: readonly (HostEntry & { readonly name: string })[] | undefined;
  readonly guests?: readonly GuestEntry[] | undefined;
  readonly boards?: readonly BoardEntry[] | undefined;
}

export const hostsOf = ({ host, hosts }: Machines): readonly (HostEntry & { readonly name: string })[] =>
  hosts ?? [{ ...host, name: host?.name ?? 'host' }];

/** The host of this name; without a name: the first. */
export const hostNamed = (machines: Machines, name?: string): string => name ?? hostsOf(machines)[0]?.name ?? 'host';

/** The guest of this name; without a name: the first. */
export const guestNamed = ({ guests = [] }: Machines, name?: string): GuestEntry | undefined =>
  name === undefined ? guests[0] : guests.find(guest => guest.name === name);

/** The board of this name; without a name: the first. */
export const boardNamed = ({ boards = [] }: Machines, name?: string): BoardEntry | undefined =>
  name === undefined ? boards[0] : boards.find(board => board.name === name);

/** What machines are made of: hosts and guests, and the contents of the files that they name. */
export interface Equipment {
  readonly document: Machines;
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The scenario's own file. */
  readonly file?: string;
  /** Absent where no file was read. */
  readonly places?: unknown;
}

export const fileOf = ({ files }: Pick<Equipment, 'files'>, path: string): Uint8Array => files.get(path) ?? new Uint8Array(0);
