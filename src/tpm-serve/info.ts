import { utf8 } from '../bytes/index.ts';

// GET_INFO: what libtpms tells of itself (TPMLIB_GetInfo, libtpms 0.9.2), as JSON. Bits of the flags select the parts.

const PARTS: readonly (readonly [bigint, object])[] = [
  [1n, { TPMSpecification: { family: '2.0', level: 0, revision: 164 } }],
  [2n, { TPMAttributes: { manufacturer: 'id:00001014', version: 'id:20191023', model: 'swtpm' } }],
];

/** The text with its final zero byte. */
export function infoText(flags: bigint): Uint8Array {
  const parts = PARTS.filter(([flag]) => (flags & flag) !== 0n).map(([, part]) => part);
  return utf8(`${JSON.stringify(Object.assign({}, ...parts))}\0`);
}
