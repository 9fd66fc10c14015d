import type { LuksNotice } from './fault.ts';
import type { ByteSource } from './source.ts';

/** How a passphrase becomes the key of a key slot's area, and what that costs. */
export type Kdf =
  | { readonly type: 'pbkdf2'; readonly hash: string; readonly iterations: number; readonly salt: Uint8Array }
  | {
      readonly type: 'argon2i' | 'argon2id';
      /** Passes over the memory. */
      readonly iterations: number;
      readonly memoryKiB: number;
      readonly lanes: number;
      readonly salt: Uint8Array;
    };

/** One way to the volume key: a passphrase's key decrypts the area, merging its stripes gives the volume key. */
export interface Keyslot {
  readonly number: number;
  /** LUKS2 §3.2: `prefer` is tried first, `ignore` only when it is asked for by number. */
  readonly priority: 'prefer' | 'normal' | 'ignore';
  /** Of the volume key it holds. */
  readonly keyBytes: number;
  readonly kdf: Kdf;
  readonly stripes: number;
  readonly afHash: string;
  /** Bytes of the image with the encrypted stripes, and how they are encrypted. */
  readonly area: { readonly offset: number; readonly size: number; readonly cipher: string; readonly keyBytes: number };
  /** Why it cannot be tried here. */
  readonly problem?: string;
}

/** What tells a right volume key from a wrong one: PBKDF2 over the key. */
export interface KeyDigest {
  readonly hash: string;
  readonly iterations: number;
  readonly salt: Uint8Array;
  readonly digest: Uint8Array;
  /** Where the image has it: the field itself in LUKS1, the digest's object in the JSON area of LUKS2. */
  readonly offset: number;
  /** Numbers of the key slots that lead to this key. */
  readonly keyslots: readonly number[];
}

/** The encrypted data. */
export interface Segment {
  /** First byte in the image. */
  readonly offset: number;
  /** Whole sectors. */
  readonly size: number;
  readonly cipher: string;
  readonly sectorBytes: 512 | 1024 | 2048 | 4096;
  /** Added to the sector numbers, in units of 512 bytes. */
  readonly ivTweak: number;
}

/** What the header says of a volume; nothing secret. */
export interface LuksVolume {
  readonly version: 1 | 2;
  readonly uuid: string;
  /** LUKS2 only; may be empty. */
  readonly label: string;
  readonly subsystem: string;
  /** In the order in which they are tried. */
  readonly keyslots: readonly Keyslot[];
  readonly segment: Segment;
  readonly digest: KeyDigest;
  /** The header that was used. LUKS1 has only a primary one. */
  readonly header: { readonly which: 'primary' | 'secondary'; readonly offset: number; readonly size: number };
  /** What is not as it should be, though the volume can be read. */
  readonly notices: readonly LuksNotice[];
  readonly image: ByteSource;
}
