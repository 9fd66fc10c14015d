import { U } from '../../spec/index.ts';
import { chooseLockbox, type Fdt, isAesKey, type LockboxChoice } from '../../svm/format/index.ts';
import type { SvmContext, Ultravisor } from '../core/ultravisor.ts';
import { writeSvm } from '../memory/svm-memory.ts';
import { EsmRefused } from './esm-refused.ts';

const SOURCE = 'open-power/ultravisor svm/svm-esmb.c svm_esmb_lockbox_get; svm-tools docs/README.ESM';

/** The lockbox this host tries (docs/reference/pef.md#lockbox), encrypted. @throws {EsmRefused} when the blob has none for it. */
export function takeLockbox(uv: Ultravisor, blob: Fdt, fingerprint: () => Uint8Array | null): Uint8Array {
  const choice = chooseLockbox(blob, uv.profile.lockbox, fingerprint);
  if ('refused' in choice) throw new EsmRefused(U.NO_KEY, 'lockbox', whyNone(choice), SOURCE);
  const detail = `${choice.name} is tried`;
  uv.world.bus.emit('check', 'ultravisor', { name: 'lockbox', ok: true, detail, source: SOURCE }, { place: { host: uv.host } });
  return choice.encryptedSymkey;
}

const whyNone = (choice: Extract<LockboxChoice, { readonly refused: string }>): string =>
  choice.refused === 'no symkey'
    ? `the blob has no ${choice.name} with an encrypted-symkey`
    : `no lockbox is for this host's wrapping key (there are: ${choice.names.join(', ') || 'none'})`;

/**
 * Keeps the symmetric key where the published code does: in a guest page that the SVM kernel can read
 * (docs/reference/pef.md#reserved-pages).
 */
export async function keepSymkey(ctx: SvmContext, symkey: Uint8Array): Promise<void> {
  const { uv, svm } = ctx;
  const fits = isAesKey(symkey);
  const detail = `the lockbox held ${symkey.length} bytes`;
  if (!uv.check('lockbox-key-size', fits, detail, 'docs/reference/pef.md#the-unwrapped-key') || !fits) {
    throw new EsmRefused(U.NO_KEY, 'lockbox-key-size', `${detail}: no AES key`, SOURCE, true);
  }
  const place = { host: uv.host, lpid: svm.lpid };
  uv.world.secrets.register(`symmetric key of the ESM blob of lpid ${svm.lpid}`, symkey, ['ultravisor', 'svm', 'owner', 'tpm'], place);
  await writeSvm(ctx, svm.reserved?.keys ?? 0n, symkey, 'ultravisor');
  svm.symkeyBytes = symkey.length;
}
