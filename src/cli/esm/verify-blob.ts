import { sameBytes } from '../../bytes/index.ts';
import { nearest, SimulatorError } from '../../sim/index.ts';
import { type EsmBlob, EsmError, type EsmPrivateKey, type EsmPublicKey, openEsmBlob, readEsmBlob } from '../../svm/format/index.ts';
import {
  explained,
  flatKernel,
  lockboxFor,
  RTAS_CODE,
  readNamed,
  type Verification,
  type VerifiedCheck,
  type VerifyInput,
  verifyBlob,
} from '../../svm/owner/index.ts';
import { type Paint, painter } from '../../trace/index.ts';
import { DEFAULT_PROFILE, type Profile, profileNames, profiles } from '../../ultravisor/index.ts';
import { EXIT, type Io } from '../io.ts';
import { bootargsOf } from './bootargs.ts';
import type { VerifyFlags } from './flags.ts';
import { EsmSession } from './session.ts';

/** `esm verify`: exit status 1 when UV_ESM, or the guest's read of a file, would fail on a host with the profile. */
export async function verify(file: string, flags: VerifyFlags, io: Io): Promise<number> {
  const profile = profileOf(flags.profile ?? DEFAULT_PROFILE);
  const input = await inputOf(file, flags, new EsmSession(flags, io));
  const found = verifyBlob({ ...input, profile });
  const others =
    flags.profile === undefined
      ? Object.values(profiles)
          .filter(other => other !== profile)
          .map(other => verifyBlob({ ...input, profile: other }))
      : [];
  if (flags.json) io.out(`${JSON.stringify({ file, ...found, ...(others.length > 0 ? { others } : {}) }, null, 2)}\n`);
  else io.out(showVerification(found, others, painter(io.colors)));
  return found.stops ? EXIT.failed : EXIT.held;
}

async function inputOf(file: string, flags: VerifyFlags, session: EsmSession): Promise<Omit<VerifyInput, 'profile'>> {
  const { kernel, initrd, rtas, pub, key } = flags;
  const bytes = await readNamed(file);
  const blob = explained(file, () => readEsmBlob(bytes));
  const measured = {
    kernel: flatKernel(await readNamed(kernel), kernel),
    initrd: await readNamed(initrd),
    bootargs: await bootargsOf(flags),
    rtas: rtas === undefined ? RTAS_CODE : await readNamed(rtas),
  };
  const given = key === undefined ? undefined : await session.privateKey(key);
  const named = pub === undefined ? undefined : await session.publicKey(pub);
  const hostKey = given && isHost(blob, given, named) ? given : undefined;
  const host = named ?? hostKey;
  const symmetricKey = given && explained(file, () => opened(blob, given, hostKey !== undefined));
  return {
    blob,
    bytes,
    measured,
    ...(host ? { host } : {}),
    ...(hostKey ? { hostKey } : {}),
    ...(symmetricKey ? { symmetricKey } : {}),
  };
}

/** Whether the private key is that of the host: of the public key that was given, or of a recipient. The origin is no host. */
function isHost(blob: EsmBlob, key: EsmPrivateKey, host: EsmPublicKey | undefined): boolean {
  return host ? sameBytes(host.fingerprint, key.fingerprint) : (lockboxFor(blob, key)?.number ?? 0) > 0;
}

/** The symmetric key. That the host's key does not open its lockbox is for the checks to say. */
function opened(blob: EsmBlob, key: EsmPrivateKey, isHostKey: boolean): Uint8Array | undefined {
  try {
    return openEsmBlob(blob, key.privateKey);
  } catch (error) {
    if (isHostKey && error instanceof EsmError) return undefined;
    throw error;
  }
}

/** @throws {SimulatorError} `esm.unknown-profile` */
export function profileOf(name: string): Profile {
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (profile) return profile;
  const meant = nearest(name, profileNames);
  throw new SimulatorError('esm.unknown-profile', {
    where: '--profile',
    what: `there is no profile "${name}"`,
    hint: `${meant === undefined ? '' : `Did you mean "${meant}"? `}Profiles: ${profileNames.join(', ')}.`,
  });
}

const MARKS = { holds: '✓', fails: '✗', ignored: '!', assumed: '~', unknown: '?' } as const;
const TONES = { holds: 'good', fails: 'bad', ignored: 'bad', assumed: undefined, unknown: 'quiet' } as const;

function showVerification(found: Verification, others: readonly Verification[], paint: Paint): string {
  const lines = found.checks.map(({ check, outcome, text }) => `${paint(`${MARKS[outcome]} ${check.padEnd(16)}`, TONES[outcome])} ${text}`);
  lines.push('', verdict(found, paint));
  if (others.length > 0) lines.push('', ...others.map(other => verdict(other, paint)));
  return `${lines.join('\n')}\n`;
}

function verdict({ profile, stops, undecided }: Verification, paint: Paint): string {
  const on = `on a host with firmware "${profile}"`;
  if (stops) return `${paint('FAILS', 'bad')}  ${on}: ${where(stops)} ends at ${stops.check}: ${stops.text}`;
  if (undecided) return `${paint('UNDECIDED', 'heading')}  ${on}: nothing fails of what can be seen without a key (see ?; --pub, --key)`;
  return `${paint('STARTS', 'good')}  ${on}: this blob goes with this kernel, initrd and command line`;
}

const where = ({ call }: VerifiedCheck): string => (call === 'UV_ESM' ? 'UV_ESM' : 'the Secure VM starts, but UV_ESMB_GET_FILE');
