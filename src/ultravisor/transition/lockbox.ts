import { sameBytes } from '../../bytes/index.ts';
import { U } from '../../spec/index.ts';
import { encryptedSymkey, type Fdt, isAesKey, lockboxFingerprints } from '../../svm/format/index.ts';
import type { SvmContext, Ultravisor } from '../core/ultravisor.ts';
import { writeSvm } from '../memory/svm-memory.ts';
import { EsmRefused } from './esm-refused.ts';

const SOURCE = 'open-power/ultravisor svm/svm-esmb.c svm_esmb_lockbox_get; svm-tools README.ESM';

export interface ChosenLockbox {
  readonly name: string;
  readonly encryptedSymkey: Uint8Array;
}

/** The lockbox this host tries: by the wrapping key's fingerprint, or always `lockbox-1` (pef.md e.6.1). */
export function chooseLockbox(uv: Ultravisor, blob: Fdt, fingerprint: () => Uint8Array | null): ChosenLockbox {
  const name = uv.profile.lockbox === 'first only' ? 'lockbox-1' : byFingerprint(blob, fingerprint());
  const encrypted = encryptedSymkey(blob, name);
  if (!encrypted) throw new EsmRefused(U.NO_KEY, 'lockbox', `the blob has no ${name} with an encrypted-symkey`, SOURCE);
  uv.world.bus.emit(
    'check',
    'ultravisor',
    { name: 'lockbox', ok: true, detail: `${name} is tried`, source: SOURCE },
    { place: { host: uv.host } },
  );
  return { name, encryptedSymkey: encrypted };
}

function byFingerprint(blob: Fdt, fingerprint: Uint8Array | null): string {
  const boxes = lockboxFingerprints(blob);
  const mine = fingerprint && boxes.find(box => box.fingerprint && sameBytes(box.fingerprint, fingerprint));
  if (mine) return mine.lockbox;
  const names = boxes.map(({ lockbox }) => lockbox).join(', ') || 'none';
  throw new EsmRefused(U.NO_KEY, 'lockbox', `no lockbox is for this host's wrapping key (there are: ${names})`, SOURCE);
}

/** Keeps the symmetric key where the published code does: in a guest page that the SVM kernel can read (pef.md e.3). */
export async function keepSymkey(ctx: SvmContext, symkey: Uint8Array): Promise<void> {
  const { uv, svm } = ctx;
  const fits = isAesKey(symkey);
  const detail = `the lockbox held ${symkey.length} bytes`;
  if (!uv.check('lockbox-key-size', fits, detail, 'pef.md e.6.7') || !fits) {
    throw new EsmRefused(U.NO_KEY, 'lockbox-key-size', `${detail}: no AES key`, SOURCE, true);
  }
  const place = { host: uv.host, lpid: svm.lpid };
  uv.world.secrets.register(`symmetric key of the ESM blob of lpid ${svm.lpid}`, symkey, ['ultravisor', 'svm', 'owner', 'tpm'], place);
  await writeSvm(ctx, svm.reserved?.keys ?? 0n, symkey, 'ultravisor');
  svm.symkeyBytes = symkey.length;
}
