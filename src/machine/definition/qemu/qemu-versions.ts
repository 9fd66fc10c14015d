import { type Difference, versionsOf } from '../../../sim/index.ts';

/** What versions of QEMU do differently with command lines that concern TPM devices. */
export interface QemuBehaviour {
  /** Versions of the pseries machine, oldest first; of them the deprecated ones. */
  readonly pseries: readonly string[];
  readonly deprecatedPseries: readonly string[];
  /** Whether the message of an unknown machine type names it. */
  readonly namesUnknownMachine: boolean;
  /** QEMU's exit status after `-tpmdev help`. */
  readonly tpmdevHelpStatus: number;
}

const words = (text: string): readonly string[] => text.split(' ');
const OF_7_2 = '2.1 2.2 2.3 2.4 2.5 2.6 2.7 2.8 2.9 2.10 2.11 2.12 2.12-sxxm 3.0 3.1 4.0 4.1 4.2 5.0 5.1 5.2 6.0 6.1 6.2 7.0 7.1 7.2';
const DEPRECATED_IN_11_1 = '5.2 6.0 6.1 6.2 7.0 7.1 7.2 8.0 8.1';
const CURRENT_IN_11_1 = '8.2 9.0 9.1 9.2 10.0 10.1 10.2 11.0 11.1';

const SHOWN = 'fixtures/observed/generations/qemu-cli-qemu-11.1.json';

const QEMU_11_1: readonly Difference<QemuBehaviour>[] = [
  {
    name: 'machine-types',
    about: 'pseries-5.2 to 8.1 are deprecated and say so, older ones are gone, 8.2 to 11.1 are there',
    source: 'QEMU hw/ppc/spapr.c DEFINE_SPAPR_MACHINE and MACHINE_VER_DEPRECATION (11.1)',
    shownBy: `${SHOWN} machine-pseries-4.0, machine-pseries-7.2`,
    set: {
      pseries: [...words(DEPRECATED_IN_11_1), ...words(CURRENT_IN_11_1)],
      deprecatedPseries: words(DEPRECATED_IN_11_1),
    },
  },
  {
    name: 'unknown-machine-is-named',
    about: 'the message "unsupported machine type" ends with the type that was asked for',
    source: 'select_machine of QEMU 11.1',
    shownBy: `${SHOWN} machine-pseries-5.0`,
    set: { namesUnknownMachine: true },
  },
  {
    name: 'tpmdev-help',
    about: '-tpmdev help ends with status 0',
    source: 'tpm_config_parse of QEMU 11.1',
    shownBy: `${SHOWN} tpmdev-help`,
    set: { tpmdevHelpStatus: 0 },
  },
];

export const QEMU_VERSIONS = versionsOf<QemuBehaviour>(
  {
    version: '7.2',
    behaviour: {
      pseries: words(OF_7_2),
      deprecatedPseries: [],
      namesUnknownMachine: false,
      tpmdevHelpStatus: 1,
    },
  },
  { version: '11.1', differences: QEMU_11_1 },
);
