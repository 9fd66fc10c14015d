export type { Chance } from './af.ts';
export type { LuksPlace } from './fault.ts';
export { LuksError, type LuksFault, type LuksNotice } from './fault.ts';
export {
  type FileSystem,
  type FileSystemRecipe,
  fileSystemProblem,
  fileSystemTypes,
  makeFileSystem,
  recogniseFileSystem,
} from './filesystems/index.ts';
export { type CostLimits, describeKdf } from './kdf.ts';
export type { MadeVolume } from './make-luks.ts';
export { makeLuks } from './make-luks.ts';
export { checkRecipe, type KdfCost, type LuksRecipe, type NewKeyslot } from './make-options.ts';
export { openPayload } from './payload.ts';
export { readLuks } from './read-luks.ts';
export type { FileSource } from './source.ts';
export { type ByteSource, chunks, fileSource, memorySource } from './source.ts';
export {
  type KeyslotTry,
  type Refused,
  type Unlocked,
  type UnlockOptions,
  type UnlockProgress,
  unlock,
} from './unlock.ts';
export type { Kdf, KeyDigest, Keyslot, LuksVolume, Segment } from './volume.ts';
