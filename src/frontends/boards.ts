/** Tables beside the TPM's: signature and length in bytes, as QEMU builds them. */
export type TableSizes = Readonly<Record<string, number>>;

/** What a board's DSDT is, but for the TPM's device. */
export interface DsdtShape {
  readonly bytes: number;
  /** Where the TPM's device begins: within its parent on the board, or below `\_SB`. */
  readonly inBridge: number;
  readonly inSystem: number;
}

/** A machine type, as far as a TPM reaches. Sizes and places are those that a QEMU 7.2 with 64 MiB and nothing else was seen to give. */
export interface BoardDefinition {
  readonly machine: string;
  readonly arch: 'x86_64' | 'aarch64' | 'arm' | 'ppc64';
  readonly about: string;
  /** The version that was observed. */
  readonly qemu: '7.2' | '11.1';
  /** QEMU's program, as its messages begin. */
  readonly program: string;
  readonly models: readonly string[];
  /** Where a TPM's registers begin. */
  readonly base: number;
  /** The page of physical presence; null: the board has none. */
  readonly ppi: number | null;
  readonly fwCfg: { readonly files: Readonly<Record<string, number>>; readonly ports: boolean } | null;
  readonly acpi: {
    /** Path of the device that a TPM on the ISA bus stands in. */
    readonly bridge: readonly string[];
    readonly dsdt: DsdtShape;
    /** Before `pc-q35-3.1` there was no PPI, and a smaller DSDT. */
    readonly oldDsdt?: DsdtShape;
    /** Zero bytes before the DSDT: the FACS. */
    readonly facs: number;
    readonly before: TableSizes;
    readonly after: TableSizes;
    readonly root: 'RSDT' | 'XSDT';
    /** Bytes of the loader's commands without those for the TPM's table; a multiple of `round`. */
    readonly loader: number;
    readonly round: number;
  } | null;
}

const X86_FILES = {
  'bios-geometry': 0,
  bootorder: 0,
  'etc/boot-fail-wait': 4,
  'etc/e820': 40,
  'etc/smbios/smbios-anchor': 31,
  'etc/system-states': 6,
  'genroms/kvmvapic.bin': 9216,
};
const x86 = {
  arch: 'x86_64',
  program: 'qemu-system-x86_64',
  qemu: '7.2',
  models: ['tpm-tis', 'tpm-crb'],
  base: 0xfed4_0000,
  ppi: 0xfed4_5000,
} as const;
const X86_LOADER = { facs: 64, after: { WAET: 40 }, root: 'RSDT', loader: 0, round: 4096 } as const;

export const BOARDS = {
  q35: {
    ...x86,
    machine: 'q35',
    about: 'PC of 2009 with PCI Express; the TPM on the ISA bridge of the ICH9, or a command response buffer.',
    fwCfg: {
      ports: true,
      files: {
        ...X86_FILES,
        'etc/smbios/smbios-tables': 309,
        'etc/smi/features-ok': 1,
        'etc/smi/requested-features': 8,
        'etc/smi/supported-features': 8,
      },
    },
    acpi: {
      ...X86_LOADER,
      bridge: ['PCI0', 'SF8'],
      dsdt: { bytes: 8096, inBridge: 7889, inSystem: 8032 },
      oldDsdt: { bytes: 7598, inBridge: 7462, inSystem: 7534 },
      before: { FACP: 244, APIC: 120, HPET: 56 },
    },
  },
  pc: {
    ...x86,
    machine: 'pc',
    about: 'PC of 1996 (i440FX); the TPM on the ISA bridge of the PIIX3, or a command response buffer.',
    fwCfg: { ports: true, files: { ...X86_FILES, 'etc/smbios/smbios-tables': 321 } },
    acpi: {
      ...X86_LOADER,
      bridge: ['PCI0', 'S08'],
      dsdt: { bytes: 6333, inBridge: 3154, inSystem: 6269 },
      before: { FACP: 116, APIC: 120, HPET: 56 },
    },
  },
  virt: {
    machine: 'virt',
    arch: 'aarch64',
    program: 'qemu-system-aarch64',
    qemu: '7.2',
    about: "QEMU's own aarch64 machine; the TPM on the platform bus.",
    models: ['tpm-tis-device'],
    base: 0x0c00_0000,
    ppi: null,
    fwCfg: {
      ports: false,
      files: { 'bios-geometry': 0, bootorder: 0, 'etc/boot-fail-wait': 4, 'etc/smbios/smbios-anchor': 24, 'etc/smbios/smbios-tables': 266 },
    },
    acpi: {
      bridge: [],
      dsdt: { bytes: 5196, inBridge: 5196, inSystem: 5196 },
      facs: 0,
      before: { FACP: 276, APIC: 172, PPTT: 96, GTDT: 96, MCFG: 60, SPCR: 80, DBG2: 87, IORT: 128 },
      after: {},
      root: 'XSDT',
      loader: 3072,
      round: 512,
    },
  },
  'ast2600-evb': {
    machine: 'ast2600-evb',
    arch: 'arm',
    program: 'qemu-system-arm',
    qemu: '11.1',
    about: 'Evaluation board of a BMC; the TPM on an I2C bus.',
    models: ['tpm-tis-i2c'],
    base: 0,
    ppi: null,
    fwCfg: null,
    acpi: null,
  },
} as const satisfies Readonly<Record<string, BoardDefinition>>;
export type BoardName = keyof typeof BOARDS;
