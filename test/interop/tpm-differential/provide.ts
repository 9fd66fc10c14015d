import type { CommandRecord } from '../../../src/tpm/index.ts';
import { TPM_ALG, TPM_RH, type TPMT_PUBLIC } from '../../../src/tpm/wire/index.ts';
import { suitedTo } from './choose.ts';
import { Dice } from './dice.ts';
import type { Exchange } from './exchange.ts';
import { AUTHS, givenKey, storageTemplate } from './gallery.ts';
import { both } from './pair.ts';
import { byName, sessionHandle } from './wanted.ts';
import { all, is, type Thing } from './world.ts';

// Makes what a command needs, so that it does not fail for want of a key.

const EMPTY = new Uint8Array(0);

/** Flushes something when the TPM is full. */
export async function makeRoom(exchange: Exchange, dice: Dice, what: 'objects' | 'sessions'): Promise<void> {
  const { things, sessions } = exchange.world;
  const flushed = what === 'objects' ? dice.some(things)?.handle : dice.some(sessions.map(sessionHandle));
  if (!flushed) return;
  const values = { flushHandle: flushed[0] };
  await exchange.run(dice, { command: byName('TPM2_FlushContext'), handles: [], values, careful: true });
}

const asThing = (publicArea: TPMT_PUBLIC): Thing => ({
  kind: 'key',
  handle: both(0),
  publicArea: both(publicArea),
  name: both(EMPTY),
  auth: EMPTY,
  same: true,
});

const sealedTemplate = (): TPMT_PUBLIC => ({
  type: TPM_ALG.KEYEDHASH,
  nameAlg: TPM_ALG.SHA256,
  objectAttributes: 0x452,
  authPolicy: EMPTY,
  parameters: { scheme: { scheme: TPM_ALG.NULL } },
  unique: EMPTY,
});

async function primary(exchange: Exchange, dice: Dice, inPublic: TPMT_PUBLIC, data: Uint8Array): Promise<void> {
  const handle = dice.pick([TPM_RH.OWNER, TPM_RH.ENDORSEMENT, TPM_RH.NULL]);
  const values = { inSensitive: { userAuth: dice.pick(AUTHS), data }, inPublic, outsideInfo: EMPTY, creationPCR: [] };
  await exchange.run(dice, { command: byName('TPM2_CreatePrimary'), handles: [both(handle)], values });
}

/** A key for each handle of the command that has none. */
export async function provide(exchange: Exchange, command: CommandRecord, dice: Dice): Promise<void> {
  for (const suited of suitedTo(command)) {
    if (all(exchange.world).some(suited)) continue;
    if (exchange.world.things.length >= 3) await makeRoom(exchange, dice, 'objects');
    if (suited === is.sequence) {
      const values = { auth: dice.pick(AUTHS), hashAlg: command.name.includes('Event') ? TPM_ALG.NULL : TPM_ALG.SHA256 };
      await exchange.run(dice, { command: byName('TPM2_HashSequenceStart'), handles: [], values });
    } else if (suited(asThing(storageTemplate(dice)))) await primary(exchange, dice, storageTemplate(dice), EMPTY);
    else if (suited === is.sealed) await primary(exchange, dice, sealedTemplate(), dice.bytes(16));
    else await external(exchange, suited, dice);
  }
}

async function external(exchange: Exchange, suited: (thing: Thing) => boolean, dice: Dice): Promise<void> {
  for (let tries = 0; tries < 30; tries++) {
    const key = givenKey(new Dice(dice.u32()), 0x440);
    if (!suited(asThing(key.publicArea))) continue;
    const values = { inPrivate: key.sensitive, inPublic: key.publicArea, hierarchy: TPM_RH.NULL };
    await exchange.run(dice, { command: byName('TPM2_LoadExternal'), handles: [], values, careful: true });
    return;
  }
}
