export { CPIO_HEADER, type CpioEntry, type CpioHeader, readCpio } from './cpio/entries.ts';
export type { SearchEnd } from './cpio/find-blob.ts';
export { type BlobSearch, findEsmBlob } from './cpio/find-blob.ts';
export { esmArchive } from './cpio/write.ts';
export { flattenElf, isElf } from './elf.ts';
export {
  type DigestProperties,
  digestProperties,
  type Encrypted,
  encryptedDigests,
  encryptedFile,
  encryptedSymkey,
  filesFdt,
  lockboxFingerprints,
} from './esm/as-ultravisor.ts';
export {
  type Attachment,
  DIGESTS_PATH,
  type EsmBlob,
  esmBlobOf,
  type Lockbox,
  ORIGIN_LOCKBOX,
  readEsmBlob,
  type SealedItem,
  writeEsmBlob,
} from './esm/blob.ts';
export { isAesKey, openGcm, openGcmShortTag, openOaep } from './esm/decrypt.ts';
export { type EsmDigests, encodeDigests } from './esm/digests.ts';
export { EsmError, type EsmFault } from './esm/error.ts';
export { keyFingerprint, spkiPem } from './esm/fingerprint.ts';
export { ESM_LIMITS } from './esm/limits.ts';
export { chooseLockbox, type LockboxChoice, type LockboxRule } from './esm/lockbox-rule.ts';
export {
  compareMeasured,
  filesDigest,
  MEASURED_ITEMS,
  type MeasuredItem,
  type MeasuredOutcome,
  type MeasurementRule,
  mismatches,
  refusesMeasured,
} from './esm/measurement-rule.ts';
export { lockboxOfKey, openAttachment, openDigests, openEsmBlob, openLockbox } from './esm/open.ts';
export * from './fdt/index.ts';
export { type EsmPrivateKey, type EsmPublicKey, privateKeyOf, publicKeyOf } from './keys/key.ts';
export { loadPrivateKey, loadPublicKey } from './keys/load.ts';
export { privatePem, publicPem } from './keys/write.ts';
