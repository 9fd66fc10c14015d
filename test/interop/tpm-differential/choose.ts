import type { Codec } from '../../../src/bytes/index.ts';
import type { CommandRecord, HandleUse } from '../../../src/tpm/index.ts';
import { TPM_NT, TPM_RH } from '../../../src/tpm/wire/index.ts';
import type { Dice } from './dice.ts';
import { type Both, both } from './pair.ts';
import { chanceValue, handleOfChance } from './values.ts';
import { kindOf, sessionHandle } from './wanted.ts';
import { all, findIndex, findThing, type Index, is, type Thing, type World } from './world.ts';

// Which handles a command gets: mostly such as it can work with.

/** By command and handle, or by handle alone: what the key should be good for. */
const SUITED: Readonly<Record<string, (thing: Thing) => boolean>> = {
  parentHandle: is.storage,
  newParentHandle: is.asymmetricStorage,
  oldParent: is.asymmetricStorage,
  newParent: is.asymmetricStorage,
  signHandle: is.signer,
  sequenceHandle: is.sequence,
  tpmKey: is.asymmetricStorage,
  authObject: is.verifier,
  'TPM2_Import.parentHandle': is.asymmetricStorage,
  'TPM2_Sign.keyHandle': is.signer,
  'TPM2_VerifySignature.keyHandle': is.verifier,
  'TPM2_RSA_Encrypt.keyHandle': is.rsaDecrypter,
  'TPM2_RSA_Decrypt.keyHandle': is.rsaDecrypter,
  'TPM2_ECDH_KeyGen.keyHandle': is.ecc,
  'TPM2_ECDH_ZGen.keyHandle': is.eccDecrypter,
  'TPM2_ZGen_2Phase.keyA': is.eccDecrypter,
  'TPM2_EncryptDecrypt.keyHandle': is.cipher,
  'TPM2_EncryptDecrypt2.keyHandle': is.cipher,
  'TPM2_HMAC.handle': is.mac,
  'TPM2_HMAC_Start.handle': is.mac,
  'TPM2_Unseal.itemHandle': is.sealed,
  'TPM2_Commit.signHandle': is.anonymous,
  'TPM2_MakeCredential.handle': is.asymmetricStorage,
  'TPM2_ActivateCredential.keyHandle': is.asymmetricStorage,
};

/** What keys a command needs. */
export function suitedTo(command: CommandRecord): ((thing: Thing) => boolean)[] {
  return Object.entries<HandleUse>(command.handles).flatMap(([name, { type }]) => {
    if (type.name.endsWith('+') || !/^TPMI_DH_(OBJECT|PARENT)$/.test(type.name)) return [];
    return [SUITED[`${command.name}.${name}`] ?? SUITED[name] ?? is.key];
  });
}

/** The type of Index that a command is for. */
const TYPE_OF: Readonly<Record<string, readonly number[]>> = {
  TPM2_NV_Increment: [TPM_NT.COUNTER],
  TPM2_NV_SetBits: [TPM_NT.BITS],
  TPM2_NV_Extend: [TPM_NT.EXTEND],
  TPM2_NV_Write: [TPM_NT.ORDINARY, TPM_NT.PIN_FAIL, TPM_NT.PIN_PASS],
};

function keyFor(command: CommandRecord, name: string, world: World, dice: Dice): Both<number> | undefined {
  const suited = SUITED[`${command.name}.${name}`] ?? SUITED[name] ?? is.key;
  const wanted = dice.percent(90) ? all(world).filter(suited) : all(world);
  const event = command.name === 'TPM2_EventSequenceComplete' && dice.percent(90);
  return dice.some(event ? wanted.filter(thing => thing.event) : wanted)?.handle;
}

function indexFor(command: CommandRecord, world: World, dice: Dice): Index | undefined {
  const types = TYPE_OF[command.name];
  const suited =
    types && dice.percent(90) ? world.indices.filter(({ attributes }) => types.includes((attributes >> 4) & 15)) : world.indices;
  return dice.some(suited);
}

/** Who may access the Index, by its attributes. */
function accessOf(command: CommandRecord, index: Index, dice: Dice): number {
  const by = command.writesNv ? { owner: 0x2, platform: 0x1 } : { owner: 0x20000, platform: 0x10000 };
  const ways = [
    ...((index.attributes & by.owner) !== 0 ? [TPM_RH.OWNER] : []),
    ...((index.attributes & by.platform) !== 0 ? [TPM_RH.PLATFORM] : []),
    index.handle,
  ];
  return dice.pick(ways);
}

function handleFor(command: CommandRecord, name: string, type: Codec<number>, world: World, dice: Dice): Both<number> {
  const orNull = type.name.endsWith('+');
  const sessions = (wanted: (kind: 'hmac' | 'policy' | 'trial') => boolean) =>
    world.sessions.filter(session => wanted(kindOf(session))).map(sessionHandle);
  const found = ((): Both<number> | undefined => {
    switch (type.name.replace(/\+$/, '')) {
      case 'TPMI_DH_OBJECT':
      case 'TPMI_DH_PARENT':
        return orNull && dice.percent(40) ? both(TPM_RH.NULL) : keyFor(command, name, world, dice);
      case 'TPMI_DH_ENTITY': {
        const others = [...all(world).map(({ handle }) => handle), ...world.indices.map(({ handle }) => both(handle))];
        return orNull && dice.percent(60) ? both(TPM_RH.NULL) : dice.pick([...others, both(TPM_RH.OWNER), both(TPM_RH.PLATFORM)]);
      }
      case 'TPMI_SH_POLICY':
        return dice.some(sessions(kind => kind !== 'hmac'));
      case 'TPMI_SH_HMAC':
        return dice.some(sessions(kind => kind === 'hmac'));
      case 'TPMI_DH_CONTEXT':
        return dice.some([...world.things.map(({ handle }) => handle), ...sessions(() => true)]);
      case 'TPMI_DH_PCR':
        return both(dice.pick([16, 16, 0, 1, 20, 23]));
      case 'TPMI_RH_PLATFORM':
        return both(TPM_RH.PLATFORM);
      default:
        return undefined;
    }
  })();
  return found ?? both(chanceValue(type, dice) as number);
}

/** Handles for a command. */
export function handlesFor(command: CommandRecord, world: World, dice: Dice): Both<number>[] {
  const uses = Object.entries<HandleUse>(command.handles);
  const handles = uses.map(([name, { type }]) => handleFor(command, name, type, world, dice));
  const place = uses.findIndex(([name]) => name === 'nvIndex');
  const index = place < 0 ? undefined : indexFor(command, world, dice);
  if (index) {
    handles[place] = both(index.handle);
    const access = uses.findIndex(([name]) => name === 'authHandle');
    if (access >= 0) handles[access] = both(command.name === 'TPM2_NV_UndefineSpace' ? ownerOf(index) : accessOf(command, index, dice));
  }
  if (command.name === 'TPM2_ObjectChangeAuth' && dice.percent(90)) {
    const child = dice.some(all(world).filter(thing => thing.parent !== undefined));
    const parent = child && all(world).find(({ name }) => name[0] === child.parent);
    if (child && parent) handles.splice(0, 2, child.handle, parent.handle);
  }
  const chosen = handles.map(handle => (dice.percent(3) ? both(handleOfChance(dice)) : handle));
  // libtpms reads through a null pointer and ends.
  if (command.name === 'TPM2_CertifyX509' && chosen[1]?.[0] === TPM_RH.NULL) chosen[1] = both(0x80000000);
  return chosen;
}

const ownerOf = (index: Index): number => ((index.attributes & 0x40000000) !== 0 ? TPM_RH.PLATFORM : TPM_RH.OWNER);

/** The policy of an entity, when it has one that a session of SHA-256 can fulfil. */
export function policyOfEntity(world: World, handle: number): Uint8Array | null {
  const area = findThing(world, handle)?.publicArea?.[0] ?? findIndex(world, handle);
  return area && area.nameAlg === 0x0b && area.authPolicy.length > 0 ? area.authPolicy : null;
}
