import { fromHex, toHex } from '../../../bytes/index.ts';
import { encryptGcm, kdfA } from '../../../crypto/index.ts';
import { isAesKey, openGcmShortTag } from '../../../svm/format/index.ts';
import { Differences } from '../../played-case.ts';
import type { CryptoCase } from './ultravisor-recording.ts';

/** KDFa, and GCM with tags and IVs of several lengths. Null: generator, session and page-out, which need the program's own chance. */
export function playCrypto({ what, data }: CryptoCase): Differences | null {
  const differences = new Differences();
  const bytes = (name: string): Uint8Array => fromHex(String(data[name] ?? ''));
  if (what === 'kdfa') {
    const bits = Number(data.bits);
    differences.compare(
      'out',
      String(data.out),
      toHex(kdfA('sha256', bytes('key'), String(data.label), bytes('contextU'), bytes('contextV'), bits)),
    );
    return differences;
  }
  if (what !== 'gcm') return null;
  const [key, iv, mac] = [bytes('key'), bytes('iv'), bytes('tag')];
  const opened = openGcmShortTag({ iv, mac, ciphertext: bytes('ciphertext') }, key);
  differences.compare('rcDecrypt', data.rcDecrypt === 0, opened !== null);
  if (data.rcEncrypt !== 0 || !isAesKey(key)) return differences;
  const { ciphertext, tag } = encryptGcm(key, iv, bytes('plaintext'));
  differences.compare('ciphertext', String(data.ciphertext), toHex(ciphertext));
  differences.compare('tag', String(data.tag), toHex(tag.subarray(0, Number(data.tagBytes))));
  return differences;
}
