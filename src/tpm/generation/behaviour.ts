/** Localities as bits; rules of the PC Client profile. */
export interface PcrRule {
  readonly saved: boolean;
  readonly extend: number;
  readonly reset: number;
  /** Changes are counted in pcrUpdateCounter, and so undo PolicyPCR. */
  readonly counted: boolean;
  /** Reset by the dynamic root of trust: all ones until then. */
  readonly drtm: boolean;
  /** May have an authorization value or policy of their own. */
  readonly group: boolean;
}

/** Which revision of the library specification a TPM says it follows. */
export interface Revision {
  readonly family: number;
  readonly revision: number;
  readonly dayOfYear: number;
  readonly year: number;
}

/** What versions of libtpms do differently, as fields: commands ask these and know of no version. */
export interface TpmBehaviour {
  /** TPM_PT_FIRMWARE_VERSION_1 and _2. */
  readonly firmwareVersion: bigint;
  readonly specification: Revision;
  /** TPM_PT_PS_*: the platform-specific specification. */
  readonly platformSpecification: Revision;
  /** TPM_PT_MAX_OBJECT_CONTEXT, in bytes. */
  readonly maxObjectContextBytes: number;
  readonly persistentObjects: number;
  /** Codes of Part 3 that this TPM does not have. */
  readonly lacksCommands: readonly number[];
  /** Values that types of Part 2 do not take on this TPM: of enumerations the numbers, of attributes the bits. */
  readonly lacksValues: ReadonlyMap<string, readonly number[]>;
  readonly pcrRules: readonly PcrRule[];
  /** How two negative numbers of PolicyNV and PolicyCounterTimer compare. */
  readonly negativeNumbers: 'by magnitude' | 'as numbers';
  /** Whether the session remembers that its hash is one of Names: only then other assertions about hashes are refused after it. */
  readonly remembersNameHash: boolean;
  /** PolicyTemplate when the session holds another template's hash. */
  readonly otherTemplate: 'VALUE' | 'CPHASH';
  /** PolicyAuthorize with a keySign of fewer bytes than an algorithm's number has. */
  readonly shortKeySign: 'HASH' | 'SIZE';
  /** The first use of a protected value after Startup. */
  readonly firstProtectedUse: 'RETRY' | 'goes on';
  /** A padding or number that RSA cannot take. */
  readonly rsaPaddingFault: 'FAILURE' | 'VALUE';
  /** A PKCS#1 block that is none: refused, or answered with bytes that only the key's owner could tell from a message. */
  readonly badPkcs1: 'refused' | 'implicit rejection';
  /** The keyUsage of an X.509 certificate that wants a restricted key. */
  readonly restrictedKeyUsage: 'keyAgreement' | 'keyEncipherment';
  /** Bits of keyUsage that X.509 does not name. */
  readonly otherKeyUsage: 'ignored' | 'RESERVED_BITS';
}
