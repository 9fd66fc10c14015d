export { LuksError, type LuksFault, type LuksNotice } from './fault.ts';
export { type FileSystem, recogniseFileSystem } from './filesystems/index.ts';
export { type CostLimits, describeKdf } from './kdf.ts';
export { makeLuks2 } from './make.ts';
export type { KdfCost, LuksRecipe, NewKeyslot } from './make-options.ts';
export { openPayload } from './payload.ts';
export { readLuks } from './read.ts';
export { type ByteSource, chunks, type FileSource, fileSource, memorySource } from './source.ts';
export {
  checkVolumeKey,
  type KeyslotTry,
  type Refused,
  type Unlocked,
  type UnlockOptions,
  type UnlockProgress,
  unlock,
} from './unlock.ts';
export type { Kdf, KeyDigest, Keyslot, LuksVolume, Segment } from './volume.ts';
