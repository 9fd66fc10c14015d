import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { utf8 } from '../../bytes/index.ts';
import { certifyHost, type HostCertificates, type HostSpec, Machine } from '../../machine/index.ts';
import { hostPlans, loadScenario, type Scenario, seedOf, withOverrides } from '../../scenario/index.ts';
import { createWorld, nearest, SimulatorError } from '../../sim/index.ts';
import { certificatePem, makeHostCa, type Validity } from '../../svm/owner/host-certificate/index.ts';
import { painter } from '../../trace/index.ts';
import { DEFAULT_PROFILE } from '../../ultravisor/index.ts';
import { dateOf } from '../date-option.ts';
import { profileOf } from '../esm/verify-blob.ts';
import { refuseExisting, writeWhole } from '../files/output-file.ts';
import { EXIT, type Io } from '../io.ts';
import type { ExportFlags } from './flags.ts';

/** `host export`: boots the host, has its TPM attest the wrapping key, and writes key and certificates, all files or none. */
export async function exportHost(file: string | undefined, flags: ExportFlags, io: Io): Promise<number> {
  const { output, force = false } = flags;
  const validity = validityOf(flags);
  if (flags.profile !== undefined) profileOf(flags.profile);
  const { seed, spec: planned } = await hostOf(file, flags);
  const spec = flags.tpmState === undefined ? planned : { ...planned, tpmState: join(flags.tpmState, encodeURIComponent(planned.name)) };
  const paths = FILES.map(({ name }) => ({ path: join(output, name), replace: force }));
  for (const path of paths) await refuseExisting(path);
  const world = createWorld(seed);
  const ca = await makeHostCa(world.random.fork('host CA'), validity);
  const certification = certifyHost(world, ca, spec.name, validity);
  const machine = await Machine.create(world, [spec]);
  let key: string;
  try {
    const host = machine.host(spec.name);
    await host.boot(certification.attest);
    key = host.wrappingKeyPem();
  } finally {
    await machine.close();
  }
  const certificates = certification.done();
  const texts = { key, ca: certificatePem(ca.certificate), ...pemsOf(certificates) };
  await makeFolder(output);
  await writeWhole(...FILES.map(({ of }, i) => ({ path: paths[i]?.path ?? '', replace: force, contents: utf8(texts[of]) })));
  const paint = painter(io.colors);
  const width = Math.max(...paths.map(({ path }) => path.length));
  io.out(`${paint(`${spec.name}: TPM ${spec.tpm}, seed ${seed}`, 'heading')}\n`);
  for (const [i, { about }] of FILES.entries()) io.out(`  ${(paths[i]?.path ?? '').padEnd(width)}  ${about}\n`);
  if (!certificates.made) {
    io.err(
      `${painter(io.errColors)('The TPM does not say that it made this key: it was imported, or there before. `esm authorize --cert` will refuse it.', 'bad')}\n`,
    );
  }
  return EXIT.held;
}

const FILES = [
  { name: 'wrapping-key.pub.pem', of: 'key', about: 'public half of the wrapping key, for svm-tool and `esm authorize --pubkey`' },
  { name: 'chain.pem', of: 'chain', about: 'the three certificates below in one file, for `esm authorize --cert`' },
  { name: 'wrapping-key.pem', of: 'wrappingKey', about: 'certificate of the wrapping key, with what the TPM attests of it' },
  { name: 'ak.pem', of: 'attestationKey', about: 'certificate of the attestation key, which signed that' },
  { name: 'ek.pem', of: 'endorsementKey', about: "certificate of the TPM's endorsement key" },
  { name: 'ca.pem', of: 'ca', about: 'certificate of the host CA, for `esm authorize --ca`: give it another way' },
] as const;

function pemsOf({ wrappingKey, attestationKey, endorsementKey }: HostCertificates) {
  const [leaf, ak, ek] = [wrappingKey, attestationKey, endorsementKey].map(certificatePem) as [string, string, string];
  return { wrappingKey: leaf, attestationKey: ak, endorsementKey: ek, chain: leaf + ak + ek };
}

async function hostOf(file: string | undefined, flags: ExportFlags): Promise<{ readonly seed: string; readonly spec: HostSpec }> {
  const { host, seed, tpm, profile } = flags;
  if (file === undefined)
    return { seed: seed ?? '1', spec: { name: host ?? 'host', tpm: tpm ?? 'embedded', profile: profile ?? DEFAULT_PROFILE } };
  const scenario: Scenario = withOverrides(await loadScenario(file), {
    ...(seed === undefined ? {} : { seed }),
    ...(tpm === undefined ? {} : { tpm }),
    ...(profile === undefined ? {} : { profile }),
  });
  const plans = hostPlans(scenario);
  const names = plans.map(({ name }) => name);
  const found = host === undefined && plans.length === 1 ? plans[0] : plans.find(({ name }) => name === host);
  if (found) return { seed: seedOf(scenario), spec: found };
  const meant = host === undefined ? undefined : nearest(host, names);
  throw new SimulatorError('host.unknown', {
    where: file,
    what: host === undefined ? 'the scenario has several hosts' : `the scenario has no host "${host}"`,
    hint: `${meant === undefined ? '' : `Did you mean "${meant}"? `}Give --host: ${names.join(', ')}.`,
  });
}

const DAY_MS = 86_400_000;
/** RFC 5280 §4.1.2.5: what has no end that is known ends here. */
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59);

function validityOf({ notBefore, days }: ExportFlags): Validity {
  const from = dateOf(notBefore, '--not-before');
  if (!/^[1-9]\d{0,6}$/.test(days))
    throw new SimulatorError('host.days', {
      where: '--days',
      what: `"${days}" is no number of days`,
      hint: 'Give a whole number from 1 on.',
    });
  return { notBefore: from, notAfter: new Date(Math.min(from.getTime() + Number(days) * DAY_MS, LAST_MS)) };
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SimulatorError('file.unwritable', {
      where: folder,
      what: `the folder cannot be made (${code})`,
      blame: 'environment',
      cause: error,
    });
  }
}
