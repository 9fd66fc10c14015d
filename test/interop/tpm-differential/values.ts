import { isDeepStrictEqual } from 'node:util';
import { type AnyCodec, encode, type Fields } from '../../../src/bytes/index.ts';
import { TPM_ALG, TPM_ALG_ID, TPM_CC, TPM_CC_CODE, TPM_ECC, TPM_HANDLE, TPM_PT, TPM_RH, TPMT_PUBLIC } from '../../../src/tpm/wire/index.ts';
import type { Dice } from './dice.ts';
import { AUTHS, HASHES, POLICIES, policyOf, templateOf } from './gallery.ts';
import type { Both, Side } from './pair.ts';
import type { World } from './world.ts';

/** A value that differs between the two TPMs. */
export class Twin {
  readonly sides: Both<unknown>;
  constructor(sides: Both<unknown>) {
    this.sides = sides;
  }
}

/** Whether the two TPMs get different bytes. */
export function isUnlike(value: unknown): boolean {
  if (value instanceof Twin) return !isDeepStrictEqual(value.sides[0], value.sides[1]);
  return value !== null && typeof value === 'object' && !(value instanceof Uint8Array) && Object.values(value).some(isUnlike);
}

/** The value for one of the TPMs. */
export function forSide(value: unknown, side: Side): unknown {
  if (value instanceof Twin) return value.sides[side];
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(item => forSide(item, side));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, forSide(inner, side)]));
}

const LENGTHS = [0, 0, 1, 2, 8, 16, 16, 20, 32, 32, 32, 48, 64];

/** A value of a declaration, now and then a wrong one. */
export function chanceValue(codec: AnyCodec, dice: Dice): unknown {
  const { shape } = codec;
  switch (shape.kind) {
    case 'uint':
      if (codec === TPM_CC_CODE) return dice.percent(90) ? dice.pick(Object.values(TPM_CC)) : dice.below(0x1000);
      if (codec === TPM_ALG_ID) return dice.pick(Object.values(TPM_ALG));
      if (codec === TPM_HANDLE) return handleOfChance(dice);
      if (shape.bytes === 8) return BigInt(dice.pick([0, 0, 1, 2, 255, 2 ** 32, 2 ** 52])) + BigInt(dice.below(3));
      return Math.min(
        dice.pick([0, 0, 1, 2, 3, 7, 8, 16, 32, 64, 255, 256, 1024, 1025, 65535, 2 ** 31, 2 ** 32 - 1]),
        2 ** (8 * shape.bytes) - 1,
      );
    case 'enum':
      return dice.percent(97) ? dice.pick([...shape.names.keys()]) : dice.below(0x60);
    case 'bits': {
      let set = 0;
      for (const bit of Object.values(shape.names)) if (dice.percent(30)) set |= bit;
      if (dice.percent(3)) set |= 1 << dice.below(8);
      return set >>> 0;
    }
    case 'bytes': {
      if (shape.length !== undefined) return codec.name === 'pcrSelect' ? selection(dice) : dice.bytes(shape.length);
      const max = shape.max ?? 64;
      const length = dice.percent(4) ? max + dice.below(2) : Math.min(dice.pick(LENGTHS), max);
      return dice.percent(10) ? new Uint8Array(length) : dice.bytes(length);
    }
    case 'list': {
      const length = Math.max(dice.below(4), dice.percent(90) ? (shape.min ?? 0) : 0);
      const count = dice.percent(2) && shape.max !== undefined && shape.max < 20 ? shape.max + 1 : length;
      return Array.from({ length: count }, () => chanceValue(shape.item, dice));
    }
    case 'sizedOf':
      return shape.optional && dice.percent(40) ? null : chanceValue(shape.inner, dice);
    case 'struct':
      return fieldsOf(shape.fields, dice);
    case 'tagged': {
      const tag = dice.pick(Object.keys(shape.variants));
      return { ...fieldsOf({ ...shape.head, ...shape.variants[Number(tag)] }, dice), [shape.tag]: Number(tag) };
    }
    case 'opaque': {
      const ranges = (codec as { ranges?: readonly (readonly [number, number])[] }).ranges ?? [[0, 2 ** 32 - 1] as const];
      if (dice.percent(8)) return handleOfChance(dice);
      const [first, last] = dice.pick(ranges);
      return (first + dice.below(Math.min(last - first + 1, 4))) >>> 0;
    }
  }
}

/** Mostly PCRs that may be reset and extended; no PCR at all is fine too. */
const selection = (dice: Dice): Uint8Array =>
  dice.percent(70) ? Uint8Array.of(dice.percent(20) ? 0 : 1 << dice.below(4), 0, dice.pick([0, 1])) : dice.bytes(3);

const fieldsOf = (fields: Fields, dice: Dice): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([name, codec]) => [name, chanceValue(codec, dice)]));

export function handleOfChance(dice: Dice): number {
  return dice.pick([
    0x80000000,
    0x80000001,
    0x80000002,
    0x80000003,
    0x80ffffff,
    0x81000000,
    0x81000001,
    0x81800000,
    0x02000000,
    0x02000001,
    0x0200003f,
    0x02000040,
    0x03000000,
    0x03000001,
    0x03000002,
    0x01500000,
    0x01500001,
    0x01c00002,
    0x01000001,
    0,
    16,
    23,
    24,
    0x40000000,
    ...Object.values(TPM_RH),
    0x40000010,
    0x90000000,
    0xffffffff,
  ]);
}

const TESTED_PROPERTIES = [...Object.values(TPM_PT), 0, 1, 0x115, 0x12f, 0x215, 0x300];
const CAPABILITY_PROPERTY: Readonly<Record<number, readonly number[]>> = {
  0: Object.values(TPM_ALG),
  1: [
    0, 1, 0x01000000, 0x01500001, 0x02000000, 0x02000001, 0x03000000, 0x03000001, 0x40000000, 0x40000008, 0x80000000, 0x80000001,
    0x81000000, 0x90000000,
  ],
  2: Object.values(TPM_CC),
  3: Object.values(TPM_CC),
  4: Object.values(TPM_CC),
  5: [0, 1],
  6: TESTED_PROPERTIES,
  7: [0, 1, 2, 9, 0x11, 0x12, 0x13, 0x14, 0x15],
  8: Object.values(TPM_ECC),
  9: [0, ...Object.values(TPM_RH)],
  10: [0, 0x40000110, 0x40000111],
};

type Special = (world: World, dice: Dice, so: Readonly<Record<string, unknown>>) => unknown;
const pooled =
  (kind: string): Special =>
  (world, dice) => {
    const value = dice.percent(85) ? dice.some(world.pools.get(kind) ?? []) : undefined;
    return value === undefined ? undefined : new Twin(value);
  };
const auth: Special = (_, dice) => (dice.percent(90) ? dice.pick(AUTHS) : undefined);
const digestOfHash: Special = (_, dice) => (dice.percent(85) ? dice.bytes(dice.pick([20, 32, 32, 32, 32, 48, 64])) : undefined);
const sensitive: Special = (_, dice) => ({
  userAuth: dice.percent(95) ? dice.pick(AUTHS) : dice.bytes(65),
  data: dice.percent(70) ? new Uint8Array(0) : dice.bytes(dice.pick([1, 8, 16, 24, 32, 128, 129])),
});
const template: Special = (_, dice) => templateOf(dice);
const anyName: Special = (world, dice) => {
  const thing = dice.some([...world.things, ...world.persistent]);
  return thing && dice.percent(85) ? new Twin(thing.name) : undefined;
};
const nonce: Special = (_, dice) => (dice.percent(80) ? new Uint8Array(0) : undefined);
const scheme: Special = (_, dice) =>
  dice.percent(55)
    ? { scheme: TPM_ALG.NULL }
    : { scheme: dice.pick([TPM_ALG.RSASSA, TPM_ALG.RSAPSS, TPM_ALG.ECDSA, TPM_ALG.ECSCHNORR, TPM_ALG.HMAC]), hashAlg: dice.pick(HASHES) };

/** What declarations do not say: which values belong together or came from the TPM before. By command, then parameter; or parameter alone. */
const SPECIAL: Readonly<Record<string, Special>> = {
  inSensitive: sensitive,
  inPublic: template,
  objectPublic: template,
  'TPM2_CreateLoaded.inPublic': (_, dice) => (dice.percent(95) ? encode(TPMT_PUBLIC, templateOf(dice)) : undefined),
  newAuth: auth,
  auth,
  'TPM2_PolicySigned.auth': pooled('signature'),
  authPolicy: (_, dice) => policyOf(dice),
  'TPM2_GetCapability.property': (_w, dice, so) =>
    dice.percent(95) ? dice.pick(CAPABILITY_PROPERTY[so.capability as number] ?? [0]) : dice.u32(),
  'TPM2_GetCapability.propertyCount': (_, dice) => dice.pick([0, 1, 2, 5, 127, 254, 1000, 2 ** 32 - 1]),
  'TPM2_GetRandom.bytesRequested': (_, dice) => dice.pick([0, 1, 16, 32, 64, 65, 1000]),
  context: (world, dice) => {
    const saved = dice.some(world.saved);
    return saved && dice.percent(90) ? new Twin(saved.context) : undefined;
  },
  validation: (world, dice) =>
    dice.percent(60) ? { tag: 0x8024, hierarchy: TPM_RH.NULL, digest: new Uint8Array(0) } : pooled('hashTicket')(world, dice, {}),
  checkTicket: pooled('verifiedTicket'),
  ticket: pooled('authTicket'),
  timeout: pooled('timeout'),
  signature: pooled('signature'),
  duplicate: pooled('duplicate'),
  inDuplicate: pooled('duplicate'),
  inSymSeed: (world, dice) => (dice.percent(40) ? new Uint8Array(0) : pooled('symSeed')(world, dice, {})),
  encryptionKey: (_, dice) => (dice.percent(70) ? new Uint8Array(0) : dice.bytes(16)),
  encryptionKeyIn: (_, dice) => (dice.percent(70) ? new Uint8Array(0) : dice.bytes(16)),
  inPoint: pooled('point'),
  inQsB: pooled('point'),
  inQeB: pooled('point'),
  P1: pooled('point'),
  objectName: anyName,
  newParentName: anyName,
  name: anyName,
  keySign: anyName,
  authName: anyName,
  nonceTPM: nonce,
  cpHashA: (_, dice) => (dice.percent(75) ? new Uint8Array(0) : dice.bytes(dice.pick([20, 32, 32, 64]))),
  'TPM2_PolicyCpHash.cpHashA': digestOfHash,
  nameHash: digestOfHash,
  templateHash: digestOfHash,
  policyRef: (_, dice) => (dice.percent(70) ? new Uint8Array(0) : undefined),
  expiration: (_, dice) => dice.pick([0, 0, 100, -100, 1000, -1000, 2 ** 31 - 1, -(2 ** 31)]),
  approvedPolicy: (_, dice) => (dice.percent(60) ? dice.pick(POLICIES) : dice.percent(50) ? new Uint8Array(32) : undefined),
  pHashList: (world, dice) => {
    const known = dice.some(world.pools.get('policyDigest') ?? []);
    if (!known || dice.percent(30)) return undefined;
    return dice.percent(50) ? [new Twin(known), dice.pick(POLICIES)] : [dice.pick(POLICIES), dice.bytes(32), new Twin(known)];
  },
  pcrDigest: (_, dice) => (dice.percent(60) ? new Uint8Array(0) : undefined),
  digest: (world, dice) =>
    dice.percent(30)
      ? pooled('digest')(world, dice, {})
      : dice.percent(80)
        ? new Uint8Array(dice.pick([20, 32, 32, 32, 48, 64])).fill(dice.pick([0, 1, 2]))
        : undefined,
  inScheme: scheme,
  'TPM2_RSA_Encrypt.inScheme': () => undefined,
  'TPM2_RSA_Decrypt.inScheme': () => undefined,
  'TPM2_ZGen_2Phase.inScheme': () => undefined,
  counter: pooled('counter'),
  label: (_, dice) => (dice.percent(60) ? new Uint8Array(0) : dice.percent(80) ? Uint8Array.of(65, 66, 0) : undefined),
  message: (_, dice) => dice.bytes(dice.pick([0, 1, 32, 62, 128, 190, 245, 256])),
  publicInfo: (_, dice) => nvPublic(dice),
  offset: (_, dice) => dice.pick([0, 0, 0, 1, 8, 32, 65535]),
  size: (_, dice) => dice.pick([0, 1, 8, 8, 16, 32, 64, 1024, 1025]),
  'TPM2_NV_Write.data': (_, dice) => dice.bytes(dice.pick([0, 1, 8, 8, 16, 32, 64])),
  operandB: (_, dice) => dice.bytes(dice.pick([0, 1, 4, 8, 8, 32])),
  persistentHandle: (_, dice) => dice.pick([0x81000000, 0x81000001, 0x81000002, 0x81800000, 0x81800001]),
  flushHandle: (world, dice) => {
    const live = [
      ...world.things.map(thing => thing.handle),
      ...world.sessions.map(({ sides }) => [sides[0].handle, sides[1].handle] as const),
    ];
    const found = dice.some(live);
    return found && dice.percent(90) ? new Twin(found) : undefined;
  },
  ivIn: (_, dice) => (dice.percent(75) ? new Uint8Array(dice.pick([0, 16, 16, 16])) : undefined),
  inData: (_, dice) => dice.bytes(dice.pick([0, 1, 15, 16, 16, 32, 33, 100])),
  'TPM2_DictionaryAttackParameters.newMaxTries': (_, dice) => dice.pick([0, 1, 5, 1000, 1000]),
  'TPM2_DictionaryAttackParameters.newRecoveryTime': (_, dice) => dice.pick([0, 1000, 100000]),
  'TPM2_DictionaryAttackParameters.lockoutRecovery': (_, dice) => dice.pick([0, 1000, 100000]),
  newTime: (_, dice) =>
    dice.pick([0n, 1n, 1000n, 1_000_000_000n, 1n << 40n, 0xffff_0000_0000_0000n, 0xffff_0000_0000_0001n, (1n << 64n) - 1n]),
  pcrAllocation: (_, dice) =>
    dice.percent(50) ? HASHES.map(hash => ({ hash, pcrSelect: new Uint8Array(3).fill(dice.percent(80) ? 255 : 0) })) : undefined,
  fullTest: (_, dice) => (dice.percent(90) ? 0 : undefined),
  startupType: (_, dice) => dice.pick([0, 0, 1, 2]),
};

function nvPublic(dice: Dice): Record<string, unknown> {
  const type = dice.pick([0, 0, 0, 1, 1, 2, 2, 4, 4, 8, 9, 9, 3, 5]);
  const size =
    type === 0 ? dice.pick([0, 1, 8, 32, 64, 100, 2048]) : type === 4 ? dice.pick([20, 32, 32, 48, 64]) : dice.percent(93) ? 8 : 9;
  let attributes = type << 4;
  for (const [bit, share] of NV_BITS) if (dice.percent(share)) attributes |= bit;
  if (type === 8) attributes = dice.percent(85) ? (attributes | 0x2000000) & ~0x4 : attributes;
  if (type === 9 && dice.percent(85)) attributes &= ~0x4;
  return {
    nvIndex: dice.pick([0x01500000, 0x01500001, 0x01500002, 0x01c00000, 0x01000000]),
    nameAlg: dice.percent(type === 4 ? 60 : 85) ? 0x0b : dice.pick(HASHES),
    attributes: attributes >>> 0,
    authPolicy: policyOf(dice),
    dataSize: size,
  };
}
const NV_BITS: readonly (readonly [number, number])[] = [
  [0x1, 40],
  [0x2, 70],
  [0x4, 75],
  [0x8, 20],
  [0x400, 8],
  [0x800, 1],
  [0x1000, 8],
  [0x2000, 12],
  [0x4000, 15],
  [0x8000, 15],
  [0x10000, 40],
  [0x20000, 70],
  [0x40000, 75],
  [0x80000, 20],
  [0x2000000, 85],
  [0x4000000, 20],
  [0x8000000, 12],
  [0x10000000, 1],
  [0x20000000, 1],
  [0x40000000, 35],
  [0x80000000, 15],
];

/** The parameters of a command, by name. */
export function parametersOf(name: string, fields: Fields, world: World, dice: Dice): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [field, codec] of Object.entries(fields)) {
    const special = SPECIAL[`${name}.${field}`] ?? SPECIAL[field];
    values[field] = special?.(world, dice, values) ?? chanceValue(codec, dice);
  }
  return values;
}

/** The parameters as bytes for one TPM; null when the values cannot be written (a tag of chance without a variant). */
export function writtenFor(fields: Fields, values: Readonly<Record<string, unknown>>, side: Side): Uint8Array | null {
  try {
    const parts = Object.entries(fields).map(([name, codec]) => encode(codec, forSide(values[name], side)));
    return Uint8Array.from(parts.flatMap(part => [...part]));
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return null;
    throw error;
  }
}
