import { writeFile } from 'node:fs/promises';
import { SimulatorError } from '../../sim/index.ts';
import { EXIT, type Io } from '../io.ts';

/** A scenario to begin with: every line says what it is for. */
const TEXT = `# yaml-language-server: $schema=https://unpkg.com/svm-sim/fixtures/scenario.schema.json
version: 1
title: My first Secure VM
about: >
  One paragraph: what this scenario shows.
seed: 1                       # all chance comes from here: the same seed gives the same run

host:
  tpm: embedded               # or where another TPM is reached: swtpm, unix:/path, mssim:host:2321
  profile: documented         # how the firmware behaves: documented, published, hardened

guests:
  - name: vm
    lpid: 1
    memory: 512 MiB
    kernel: ./vmlinux         # paths are relative to this file
    initrd: ./initrd.img
    bootargs: root=/dev/mapper/root ro svm=on   # measured: every blank counts
    esm:
      recipe:                 # or "blob: ./esm_blob.dtb", as svm-tool makes it
        recipients:
          - host: host        # the host of this scenario may open it
        attachments:
          - name: rootd
            contents: { text: the passphrase of the disk }

steps:
  - do: boot
  - do: start
  - do: enter-secure-mode     # expects "result: secure" unless you say otherwise
  - do: get-file
    file: rootd
    expect:
      bytes: { text: the passphrase of the disk }
  - do: terminate

# What a hostile hypervisor does. Then expect the refusal above: expect: { refusedBy: digest-kernel }
# adversary:
#   - { at: memory, region: kernel, do: flip, byte: 100 }
`;

/** Writes a commented scenario; a file that is there stays as it is. */
export async function init(file: string, io: Io): Promise<number> {
  try {
    await writeFile(file, TEXT, { flag: 'wx' });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new SimulatorError('cli.init', {
      where: file,
      what: code === 'EEXIST' ? 'there is such a file already' : message,
      hint: 'Give another name.',
    });
  }
  io.out(`${file}: a scenario to begin with\n  Put your kernel and initrd beside it, then: svm-sim run ${file}\n`);
  return EXIT.held;
}
