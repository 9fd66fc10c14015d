import { readFile } from 'node:fs/promises';
import { type Domain, qemuArguments, readDomain, schemaProblems, type TpmDevice } from '../../machine/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import { EXIT, type Io } from '../io.ts';
import { report } from '../terminal/show-error.ts';
import type { QemuArgsFlags } from './flags.ts';

/** `svm-sim domain check`: verdict on each definition, in libvirt's words; the worst of the exit statuses. */
export async function domainCheck(files: readonly string[], io: Io): Promise<number> {
  let status: number = EXIT.held;
  for (const file of files) {
    try {
      const text = await textOf(file);
      const domain = readDomain(text, file);
      io.out(`${file}: accepted (${summary(domain)})\n`);
      for (const tpm of domain.tpms) io.out(`  ${describe(tpm)}\n`);
      for (const { line, column, what } of schemaProblems(text, file)) {
        io.out(`${file}:${line}:${column}: libvirt takes it, but its schema demands ${what}\n`);
      }
    } catch (error) {
      status = Math.max(status, await report(error, io, false));
    }
  }
  return status;
}

/** `svm-sim domain qemu-args`: QEMU's options for the TPM devices, as a shell takes them, one pair a line. */
export async function domainQemuArgs(file: string, { tpmSocket }: QemuArgsFlags, io: Io): Promise<number> {
  const domain = readDomain(await textOf(file), file);
  const pairs = qemuArguments(domain, { file, ...(tpmSocket === undefined ? {} : { tpmSocket }) });
  for (const [option, value] of pairs) io.out(`${option} ${shellQuoted(value)}\n`);
  return EXIT.held;
}

function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new SimulatorError('cli.unreadable', { where: file, what: error.code === 'ENOENT' ? 'there is no such file' : error.message });
  });
}

const summary = ({ name, arch, machine, tpms }: Domain): string =>
  `${name || 'without a name'}, ${arch} ${machine}, ${tpms.length === 1 ? '1 TPM device' : `${tpms.length} TPM devices`}`;

function describe({ alias, model, backend, reg }: TpmDevice): string {
  const place = reg === undefined ? '' : ` at unit 0x${reg.toString(16)}`;
  switch (backend.type) {
    case 'passthrough':
      return `${alias}: ${model}${place}, ${backend.path} of the host`;
    case 'emulator':
      return `${alias}: ${model}${place}, an emulated TPM ${backend.version}`;
    case 'external':
      return `${alias}: ${model}${place}, the emulated TPM at ${backend.socket}`;
  }
}

const shellQuoted = (text: string): string => (/^[\w,=./:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
