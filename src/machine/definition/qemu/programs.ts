/** A build of QEMU 7.2: what its machines offer a TPM device. */
export interface QemuProgram {
  /** Types of machines that it knows. */
  readonly machines: RegExp;
  /** When the command line names none; null: it must. */
  readonly machine: string | null;
  /** TPM devices that it was built with, as `-device` names them. */
  readonly devices: readonly string[];
  /** What `query-tpm-models` answers. */
  readonly models: readonly string[];
  /** Buses that a TPM device may sit on, by type: name, and the machines that have it. */
  readonly buses: Readonly<Record<string, { readonly name: string; readonly machines: RegExp }>>;
}

const EVERY = 'none';
const arm: Omit<QemuProgram, 'machines'> = { machine: null, devices: ['tpm-tis-device'], models: ['tpm-tis'], buses: {} };
const ARM_BOARDS =
  'virt(-\\d+\\.\\d+)?|ast2[56]00-evb|raspi[0-9a-z]+|sbsa-ref|vexpress-a(9|15)|witherspoon-bmc|romulus-bmc|rainier-bmc|xlnx-[\\w-]+';

export const PROGRAMS: Readonly<Record<string, QemuProgram>> = {
  'qemu-system-x86_64': {
    machines: /^(none|q35|pc|isapc|microvm|x-remote|pc-(q35|i440fx)-\d+\.\d+(\.\d+)?)$/,
    machine: 'pc',
    devices: ['tpm-tis', 'tpm-crb'],
    models: ['tpm-crb', 'tpm-tis'],
    buses: { ISA: { name: 'isa.0', machines: /^(?!none|x-remote)/ } },
  },
  'qemu-system-aarch64': { ...arm, machines: new RegExp(`^(${EVERY}|${ARM_BOARDS})$`) },
  'qemu-system-arm': { ...arm, machines: new RegExp(`^(${EVERY}|${ARM_BOARDS})$`) },
  'qemu-system-ppc64': {
    machines:
      /^(none|pseries(-\d+\.\d+(-sxxm)?)?|powernv(8|9|10)?|mac99|g3beige|40p|bamboo|ppce500|pegasos2|mpc8544ds|ref405ep|sam460ex|virtex-ml507)$/,
    machine: 'pseries',
    devices: ['tpm-spapr', 'spapr-tpm-proxy'],
    models: ['tpm-spapr'],
    buses: { 'spapr-vio-bus': { name: 'spapr-vio', machines: /^pseries/ } },
  },
};

/** A program that is not known is taken for the one of this project. */
export const programOf = (name: string): QemuProgram => PROGRAMS[name] ?? (PROGRAMS['qemu-system-ppc64'] as QemuProgram);
