import type { Program } from './programs.ts';

/** Programs that were current together, by the name of what ships them. */
export interface Generation {
  readonly about: string;
  readonly programs: Readonly<Record<Program, string>>;
  /** Versions that nobody recorded: they are taken to do what the next older one that was recorded does. */
  readonly notObserved: readonly Program[];
}

export const GENERATIONS = {
  debian12: {
    about: 'Debian 12 (bookworm): the base that all else is compared with',
    programs: { qemu: '7.2', linux: '6.1', libtpms: '0.9.2', swtpm: '0.7.1', libvirt: '9.0' },
    notObserved: [],
  },
  debian13: {
    about: 'Debian 13 (trixie): of it the kernel was recorded; the other programs lie between those of Debian 12 and sid',
    programs: { qemu: '10.0', linux: '6.12', libtpms: '0.9.2', swtpm: '0.7.1', libvirt: '11.3' },
    notObserved: ['qemu', 'libvirt'],
  },
  sid: {
    about: 'Debian sid of autumn 2026',
    programs: { qemu: '11.1', linux: '7.2', libtpms: '0.10.2', swtpm: '0.10.2', libvirt: '12.8' },
    notObserved: [],
  },
} as const satisfies Readonly<Record<string, Generation>>;

export type GenerationName = keyof typeof GENERATIONS;
export const GENERATION_NAMES = Object.keys(GENERATIONS) as readonly GenerationName[];
/** Until another is as completely observed (docs/reference/decisions.md#generations). */
export const DEFAULT_GENERATION: GenerationName = 'debian12';
