import { sameBytes, toHex } from '../../../bytes/index.ts';
import { chooseLockbox, type EsmPublicKey, isAesKey, type Lockbox, openOaep } from '../../format/index.ts';
import { lockboxFor } from '../lockboxes.ts';
import { inEsm, type VerifiedCheck, type VerifyInput } from './verified-check.ts';

/** Wrapping keys are RSA-2048 (docs/reference/pef.md#wrapping-key). */
const MODULUS_BYTES = 256;

/** Which lockbox the firmware takes, and whether the host's TPM opens it (docs/reference/pef.md#the-unwrap). */
export function checkLockbox(input: VerifyInput): VerifiedCheck[] {
  const { blob, host, profile } = input;
  if (profile.lockbox === 'by fingerprint' && !host)
    return [inEsm('lockbox', 'unknown', "which lockbox is the host's cannot be told without its public key")];
  const choice = chooseLockbox(blob.tree, profile.lockbox, () => host?.fingerprint ?? null);
  const chosen = 'refused' in choice ? undefined : blob.lockboxes.find(({ name }) => name === choice.name);
  if (!chosen) return [inEsm('lockbox', 'fails', whyNone(input))];
  const text =
    profile.lockbox === 'first only'
      ? `firmware "${profile.name}" tries ${chosen.name} and no other`
      : `${chosen.name} has the fingerprint of the host's key`;
  return [inEsm('lockbox', 'holds', text), unwrapped(input, chosen)];
}

function whyNone({ blob, host, profile }: VerifyInput): string {
  if (profile.lockbox === 'first only' || !host) {
    const names = blob.lockboxes.map(({ name }) => name).join(', ');
    return `there is no lockbox-1, and firmware "${profile.name}" tries no other (there are: ${names})`;
  }
  const written = lockboxFor(blob, host);
  return written
    ? `${written.name} has the fingerprint of the key's file, which is not its canonical PEM: firmware does not find it`
    : `no lockbox has the fingerprint ${toHex(host.fingerprint).slice(0, 16)}... of the host's key`;
}

function unwrapped(input: VerifyInput, { name, encryptedSymkey, fingerprint }: Lockbox): VerifiedCheck {
  const { host, hostKey } = input;
  const check = 'lockbox-key-size';
  if (!host) return inEsm('unwrap', 'unknown', `whether the host's TPM opens ${name} cannot be told without its public key`);
  if (host.n.length !== MODULUS_BYTES) return inEsm('unwrap', 'fails', `a wrapping key has 2048 bits, the host's has ${host.n.length * 8}`);
  if (encryptedSymkey.length !== MODULUS_BYTES) {
    return inEsm('unwrap', 'fails', `${name} holds ${encryptedSymkey.length} bytes where the TPM takes ${MODULUS_BYTES}`);
  }
  if (hostKey) {
    const symmetricKey = openOaep(encryptedSymkey, hostKey.privateKey);
    if (!symmetricKey) return inEsm('unwrap', 'fails', `the host's key does not open ${name}: RSA_Decrypt in the TPM fails`);
    if (!isAesKey(symmetricKey)) return inEsm(check, 'fails', `${name} holds a key of ${symmetricKey.length} bytes: no AES key`);
    return inEsm('unwrap', 'holds', `the host's key opens ${name}`);
  }
  if (!isOf(host, fingerprint)) {
    return inEsm('unwrap', 'fails', `${name} is for another key (${toHex(fingerprint).slice(0, 16)}...): RSA_Decrypt in the TPM fails`);
  }
  return inEsm('unwrap', 'assumed', `${name} says that it is for the host's key; only the host's TPM can open it`);
}

const isOf = (key: EsmPublicKey, fingerprint: Uint8Array): boolean =>
  sameBytes(key.fingerprint, fingerprint) || (key.fileFingerprint !== undefined && sameBytes(key.fileFingerprint, fingerprint));
