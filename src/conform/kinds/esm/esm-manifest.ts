/** `manifest.json` of a recorded ESM blob (fixtures/observed/esm/README.md). File names are relative to it, hashes in hex. */
export interface EsmManifest {
  readonly name: string;
  readonly description: string;
  readonly blob: string;
  readonly blobSha256: string;
  readonly symmetricKeyHex: string;
  readonly lockboxesInBlobOrder: readonly {
    readonly node: string;
    readonly publicKeyFile: string;
    readonly privateKeyFile: string;
    readonly fingerprintSha256: string;
    readonly comment: string;
    readonly encryptedSymkeySha256: string;
  }[];
  readonly lockbox1Present: boolean;
  readonly originKeyPassphrase: string;
  readonly inputs: Readonly<Record<'vmlinux' | 'kernelFlat' | 'initrd' | 'bootargs' | 'rtas' | 'config', string>>;
  readonly digests: {
    readonly rtas: string;
    readonly kernel: string;
    readonly kernelSize: number;
    readonly initrd: string;
    readonly bootargs: string;
  };
  readonly attachments: readonly {
    readonly name: string;
    readonly file: string;
    readonly size: number;
    readonly sha256: string;
    readonly comment: string;
  }[];
  readonly commands: readonly string[];
  readonly displayOutput: string;
  readonly initrdWithBlob?: {
    readonly file: string;
    readonly size: number;
    readonly cpioLength: number;
    readonly blobOffset: number;
    readonly pathInCpio: string;
    readonly strippedInitrdSha512: string;
  };
}

/** Whether parsed JSON is such a manifest. */
export function isEsmManifest(json: unknown): json is EsmManifest {
  if (typeof json !== 'object' || json === null) return false;
  const { blob, symmetricKeyHex, lockboxesInBlobOrder, digests, attachments, commands, inputs } = json as Partial<Record<string, unknown>>;
  return (
    typeof blob === 'string' &&
    typeof symmetricKeyHex === 'string' &&
    [lockboxesInBlobOrder, attachments, commands].every(Array.isArray) &&
    [digests, inputs].every(part => typeof part === 'object' && part !== null)
  );
}
