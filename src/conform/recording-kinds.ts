import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isEsmManifest, playEsmManifest } from './kinds/esm/index.ts';
import { isHTpmCommRecording, playRecording } from './kinds/h-tpm-comm/index.ts';
import { playDomain } from './kinds/libvirt-domains.ts';
import { isLibvirtRecording } from './kinds/libvirt-recording.ts';
import { isLuksManifest } from './kinds/luks-manifest.ts';
import { playLuksManifest } from './kinds/luks-volumes.ts';
import { isQemuCliRecording } from './kinds/qemu-cli-recording.ts';
import { playCommandLine } from './kinds/qemu-command-lines.ts';
import { playControl } from './kinds/swtpm-control.ts';
import { isControlLine } from './kinds/swtpm-control-recording.ts';
import { isTranscriptLine, playTranscript } from './kinds/tpm-transcript/index.ts';
import { hasTraffic, isTpmrmRecording, playEmbedded, playScripted } from './kinds/tpmrm/index.ts';
import type { PlayedCase } from './played-case.ts';
import type { Source } from './recording-file.ts';

export interface PlayOptions {
  /** Whether the case of this name is to be played; the others are left out. */
  readonly wanted: (name: string) => boolean;
}

/** A kind of recording: how it is told from the others by its content, and how its cases are played. */
export interface Format {
  readonly name: string;
  /** What is recorded, and what in the file says so. */
  readonly about: string;
  recognises(source: Source): boolean;
  play(source: Source, options: PlayOptions): AsyncIterable<PlayedCase>;
}

function noSuchFile(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}

/** To play another kind of recording: one more record. */
export const FORMATS: readonly Format[] = [
  {
    name: 'h_tpm_comm',
    about: 'H_TPM_COMM on a real QEMU: an object with `vectors`, each with `steps` of `hcall`',
    recognises: ({ json }) => isHTpmCommRecording(json),
    play: ({ file, json }, { wanted }) => playRecording(file, json, wanted),
  },
  {
    name: 'tpmrm',
    about: "Linux's TPM resource manager: an object with `cases`, each with `steps` on /dev/tpmrm0 or /dev/tpm0",
    recognises: ({ json }) => isTpmrmRecording(json),
    async *play({ json }, { wanted }) {
      if (!isTpmrmRecording(json)) return;
      // Without what the kernel sent to its TPM (`--record` cannot see that), the TPM that is built in stands behind the devices.
      const play = hasTraffic(json) ? playScripted : playEmbedded;
      for (const recorded of json.cases) {
        if (wanted(recorded.name)) yield { about: recorded.about, ...(await play(recorded)) };
      }
    },
  },
  {
    name: 'libvirt',
    about: 'Domain definitions with TPM devices: a list whose entries have `xml`, `accepted`, and `qemuArgs` or `error`',
    recognises: ({ json }) => isLibvirtRecording(json),
    async *play({ json }, { wanted }) {
      if (!isLibvirtRecording(json)) return;
      for (const recorded of json) if (wanted(recorded.name)) yield playDomain(recorded);
    },
  },
  {
    name: 'qemu-cli',
    about: 'Command lines of QEMU with TPM devices: an object with `format: "qemu-cli, ..."` and `cases`, each with `commandLine`',
    recognises: ({ json }) => isQemuCliRecording(json),
    async *play({ json }, { wanted }) {
      if (!isQemuCliRecording(json)) return;
      for (const recorded of json.cases) if (wanted(recorded.name)) yield playCommandLine(recorded);
    },
  },
  {
    name: 'tpm-transcript',
    about: 'Commands and responses of a real TPM: JSON lines with `dir`, `name` and `hex`',
    recognises: ({ json }) => isTranscriptLine(json),
    async *play({ file, text }, { wanted }) {
      const sibling = (name: string) => readFile(join(dirname(file), name), 'utf8').catch(noSuchFile);
      for (const played of await playTranscript(basename(file), text, sibling)) if (wanted(played.name)) yield played;
    },
  },
  {
    name: 'swtpm-control',
    about: "swtpm's control channel beside its data channel: JSON lines with `dir`, `channel` and `hex`",
    recognises: ({ json }) => isControlLine(json),
    async *play({ text }, { wanted }) {
      for (const played of playControl(text)) if (wanted(played.name)) yield played;
    },
  },
  {
    name: 'luks',
    about: 'LUKS volumes that cryptsetup made: a list of objects, each with `image`, `passphrase`, `volumeKeyHex`',
    recognises: ({ json }) => isLuksManifest(json),
    play: ({ file, json }, { wanted }) => playLuksManifest(file, json, wanted),
  },
  {
    name: 'esm',
    about: "An ESM blob that IBM's svm-tool made: `manifest.json` with `blob`, `symmetricKeyHex`, `lockboxesInBlobOrder`",
    recognises: ({ json }) => isEsmManifest(json),
    async *play({ file }, { wanted }) {
      for (const played of await playEsmManifest(dirname(file))) if (wanted(played.name)) yield played;
    },
  },
];
