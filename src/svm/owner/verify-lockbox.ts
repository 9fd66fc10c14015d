import { sameBytes, toHex } from '../../bytes/index.ts';
import { type EsmPublicKey, isAesKey, type Lockbox, lockboxOfKey, openOaep } from '../format/index.ts';
import { lockboxFor } from './lockboxes.ts';
import type { Outcome, VerifiedCheck, VerifyInput } from './verify.ts';

/** Wrapping keys are RSA-2048 (pef.md d.2). */
const MODULUS_BYTES = 256;

const said = (check: string, outcome: Outcome, text: string): VerifiedCheck => ({ call: 'UV_ESM', check, outcome, text });

/** Which lockbox the firmware takes, and whether the host's TPM opens it (pef.md e.6). */
export function checkLockbox(input: VerifyInput): VerifiedCheck[] {
  const { chosen, check } = input.profile.lockbox === 'first only' ? first(input) : byFingerprint(input);
  return chosen ? [check, unwrapped(input, chosen)] : [check];
}

interface Choice {
  readonly chosen?: Lockbox;
  readonly check: VerifiedCheck;
}

function first({ blob, profile }: VerifyInput): Choice {
  const chosen = blob.lockboxes.find(({ name }) => name === 'lockbox-1');
  if (chosen) return { chosen, check: said('lockbox', 'holds', `firmware "${profile.name}" tries lockbox-1 and no other`) };
  const names = blob.lockboxes.map(({ name }) => name).join(', ');
  return { check: said('lockbox', 'fails', `there is no lockbox-1, and firmware "${profile.name}" tries no other (there are: ${names})`) };
}

function byFingerprint({ blob, host }: VerifyInput): Choice {
  if (!host) return { check: said('lockbox', 'unknown', "which lockbox is the host's cannot be told without its public key") };
  const chosen = lockboxOfKey(blob, host.fingerprint);
  if (chosen) return { chosen, check: said('lockbox', 'holds', `${chosen.name} has the fingerprint of the host's key`) };
  const written = lockboxFor(blob, host);
  const why = written
    ? `${written.name} has the fingerprint of the key's file, which is not its canonical PEM: firmware does not find it`
    : `no lockbox has the fingerprint ${toHex(host.fingerprint).slice(0, 16)}... of the host's key`;
  return { check: said('lockbox', 'fails', why) };
}

function unwrapped(input: VerifyInput, { name, encryptedSymkey, fingerprint }: Lockbox): VerifiedCheck {
  const { host, hostKey } = input;
  const check = 'lockbox-key-size';
  if (!host) return said('unwrap', 'unknown', `whether the host's TPM opens ${name} cannot be told without its public key`);
  if (host.n.length !== MODULUS_BYTES) return said('unwrap', 'fails', `a wrapping key has 2048 bits, the host's has ${host.n.length * 8}`);
  if (encryptedSymkey.length !== MODULUS_BYTES) {
    return said('unwrap', 'fails', `${name} holds ${encryptedSymkey.length} bytes where the TPM takes ${MODULUS_BYTES}`);
  }
  if (hostKey) {
    const symmetricKey = openOaep(encryptedSymkey, hostKey.privateKey);
    if (!symmetricKey) return said('unwrap', 'fails', `the host's key does not open ${name}: RSA_Decrypt in the TPM fails`);
    if (!isAesKey(symmetricKey)) return said(check, 'fails', `${name} holds a key of ${symmetricKey.length} bytes: no AES key`);
    return said('unwrap', 'holds', `the host's key opens ${name}`);
  }
  if (!isOf(host, fingerprint)) {
    return said('unwrap', 'fails', `${name} is for another key (${toHex(fingerprint).slice(0, 16)}...): RSA_Decrypt in the TPM fails`);
  }
  return said('unwrap', 'assumed', `${name} says that it is for the host's key; only the host's TPM can open it`);
}

const isOf = (key: EsmPublicKey, fingerprint: Uint8Array): boolean =>
  sameBytes(key.fingerprint, fingerprint) || (key.fileFingerprint !== undefined && sameBytes(key.fileFingerprint, fingerprint));
