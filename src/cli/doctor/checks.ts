import type { System } from './system.ts';

export interface Finding {
  readonly what: string;
  /** What it is good for here. */
  readonly use: string;
  readonly usable: boolean;
  /** Version, or what is wrong. */
  readonly detail: string;
  /** The command that would mend it. */
  readonly fix?: string;
}

interface Program {
  readonly what: string;
  readonly use: string;
  readonly version: readonly string[];
  readonly apt: string;
  /** Any of these programs will do; the first is its name in messages. */
  readonly programs: readonly string[];
}

/** Programs that svm-sim can be checked against or connected to. None is needed for a simulation. */
const PROGRAMS: readonly Program[] = [
  { what: 'swtpm', use: '--tpm swtpm', programs: ['swtpm'], version: ['--version'], apt: 'swtpm' },
  { what: 'tpm2-tools', use: 'talk to a TPM by hand', programs: ['tpm2_getcap', 'tpm2'], version: ['--version'], apt: 'tpm2-tools' },
  {
    what: 'QEMU for pSeries',
    use: 'a real guest on our resource manager',
    programs: ['qemu-system-ppc64'],
    version: ['--version'],
    apt: 'qemu-system-ppc',
  },
  { what: 'socat', use: 'a host-path for the real spapr-tpm-proxy', programs: ['socat'], version: ['-V'], apt: 'socat' },
  { what: 'C compiler', use: 'npm run build:native', programs: ['cc', 'gcc', 'clang'], version: ['--version'], apt: 'gcc libc6-dev' },
  { what: 'dtc', use: 'device trees as text', programs: ['dtc'], version: ['--version'], apt: 'device-tree-compiler' },
  {
    what: 'cryptsetup',
    use: 'LUKS volumes against the real program',
    programs: ['cryptsetup'],
    version: ['--version'],
    apt: 'cryptsetup-bin',
  },
  { what: 'tshark', use: 'traces as pcapng against the real program', programs: ['tshark'], version: ['--version'], apt: 'tshark' },
];

/** Everything that could be used here, usable or not. */
export function examine(system: System): readonly Finding[] {
  return [
    { what: 'embedded TPM', use: '--tpm embedded (the default)', usable: true, detail: `with Node ${system.nodeVersion}` },
    ...['/dev/tpmrm0', '/dev/tpm0'].map(path => device(path, system)),
    ...PROGRAMS.map(program => installed(program, system)),
  ];
}

const sudo = ({ isRoot }: System, command: string): string => (isRoot ? command : `sudo ${command}`);

function installed({ what, use, programs, version, apt }: Program, system: System): Finding {
  for (const program of programs) {
    const line = system.firstLine(program, version);
    if (line !== null) return { what, use, usable: true, detail: line === '' ? program : line };
  }
  return { what, use, usable: false, detail: `${programs[0]} is not installed`, fix: sudo(system, `apt-get install ${apt}`) };
}

function device(path: string, system: System): Finding {
  const about = { what: path, use: `--tpm device:${path} --allow-hardware` };
  switch (system.device(path)) {
    case 'usable':
      return { ...about, usable: true, detail: 'a TPM of this machine; it is changed only with --allow-hardware' };
    case 'refused':
      return {
        ...about,
        usable: false,
        detail: `${system.user} may not open it`,
        fix: `${sudo(system, `usermod -aG tss ${system.user}`)} (then log in again)`,
      };
    case 'busy':
      return {
        ...about,
        usable: false,
        detail: 'another program has it open',
        fix: `${sudo(system, `fuser -v ${path}`)} (who it is; tpm2-abrmd: ${sudo(system, 'systemctl stop tpm2-abrmd')}), or take /dev/tpmrm0`,
      };
    case 'missing':
      return {
        ...about,
        usable: false,
        detail: 'this machine has no TPM, or no driver for it is loaded',
        // A container or virtual machine has the host's kernel or a TPM that its definition names: no command here would help.
        fix: `${sudo(system, 'modprobe tpm_tis')} (where there is a TPM); or use --tpm embedded or --tpm swtpm`,
      };
  }
}
