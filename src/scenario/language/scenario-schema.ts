import { z } from 'zod';
import { ADVERSARY, type Rule } from '../adversary/index.ts';
import { invariants } from '../invariants/index.ts';
import { STEP } from '../steps/step-kinds.ts';
import { BOARD } from './board-entry.ts';
import { FAULT } from './fault-entry.ts';
import { GUEST } from './guest-entry.ts';
import { HOST, NAMED_HOST } from './host-entry.ts';
import type { Places } from './places.ts';

/** The version of the language that this simulator speaks. */
export const LANGUAGE_VERSION = 1;

/** Standing invariants: watched in every run unless a scenario switches them off by name. */
export const INVARIANTS = invariants.map(({ name }) => name);

const ABOUT_INVARIANTS = invariants.map(({ name, about }) => `\`${name}\`: ${about}.`).join(' ');

const SCALAR = z.union([z.string(), z.number()]);
export const MATRIX = z.record(z.string(), z.array(SCALAR).min(1));

export const SCENARIO = z
  .strictObject({
    version: z.literal(LANGUAGE_VERSION).describe('Version of the scenario language.'),
    title: z.string().optional().describe('One line: what this scenario shows.'),
    about: z.string().optional().describe('A paragraph: what it teaches.'),
    seed: z
      .union([z.int().min(0), z.string().min(1)])
      .optional()
      .describe('Where all chance comes from: the same seed gives the same run, byte for byte. Default: 1.'),
    include: z
      .union([z.string(), z.array(z.string())])
      .optional()
      .describe('Files that lie under this one: what is written here goes over it, mapping by mapping. Paths are relative to this folder.'),
    defaults: z
      .strictObject({
        guest: GUEST.partial().optional().describe('What each guest has.'),
        host: HOST.partial().optional().describe('What each host has.'),
      })
      .optional()
      .describe('What each guest or host has unless it says otherwise.'),
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it tells how the language writes a variable
    variables: z.record(z.string(), SCALAR).optional().describe('Values by name; `${name}` stands for one, everywhere in the scenario.'),
    matrix: MATRIX.optional().describe(
      'Values for variables, and for `profile`, `tpm` and `seed`: the scenario is run once for every combination of them.',
    ),
    host: HOST.optional().describe('The host, when there is only one.'),
    hosts: z.array(NAMED_HOST).min(1).optional().describe('The hosts, when there are several.'),
    guests: z.array(GUEST).optional().describe('The virtual machines.'),
    boards: z
      .array(BOARD)
      .optional()
      .describe("Machines of other kinds, as far as a TPM reaches: memory, bus, fw_cfg, ACPI, and one of QEMU's TPM devices."),
    steps: z
      .array(STEP)
      .min(1)
      .describe('What happens, in this order. After a step that does not give what is expected, the rest is not run.'),
    switchOff: z.array(z.enum(INVARIANTS)).optional().describe(`Standing invariants that are not watched. ${ABOUT_INVARIANTS}`),
    violates: z
      .array(z.enum(INVARIANTS))
      .optional()
      .describe(`Standing invariants that must not hold: this scenario shows a weakness. ${ABOUT_INVARIANTS}`),
    adversary: ADVERSARY.optional(),
    faults: z.array(FAULT).optional().describe('What goes wrong without any malice: with the TPM, the machine of a guest, or a host.'),
  })
  .describe('A scenario of svm-sim.');

/** A scenario as its file has it. */
export type ScenarioDocument = Omit<z.infer<typeof SCENARIO>, 'adversary'> & { readonly adversary?: readonly Rule[] | undefined };

/** A scenario that is ready to run: checked, and every file that it names is read. */
export interface Scenario {
  /** The file as it was named. */
  readonly file: string;
  readonly document: ScenarioDocument;
  /** Contents by the path that the scenario writes. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Absent where no file was read. */
  readonly places?: Places;
}

/** The language as a JSON Schema, for editors (draft 7: what YAML support of editors knows best). */
export function scenarioJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(SCENARIO, { target: 'draft-7', io: 'input' });
  const guests = schema.properties?.guests;
  // What a file leaves out may come from a file that it includes, or from defaults.
  if (typeof guests === 'object' && typeof guests.items === 'object' && !Array.isArray(guests.items)) guests.items.required = ['name'];
  return { ...schema, required: [], title: 'svm-sim scenario' };
}
