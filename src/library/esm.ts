/**
 * ESM blobs as owner and Ultravisor have them: made, read, opened, verified; lockboxes, digests, attachments; device trees and cpio.
 * Random bytes come from whoever calls: `Random` of this entry, for blobs that are the same every time.
 * @module
 */

export type { RsaKey } from '../crypto/index.ts';
export { Random, type RandomState } from '../sim/index.ts';
export * from '../svm/format/index.ts';
export * from '../svm/owner/index.ts';
export { type Profile, profileNames, profiles } from '../ultravisor/index.ts';
