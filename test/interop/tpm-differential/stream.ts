import { CONTINUE, duplicateForImport } from '../../../src/tpm/client/index.ts';
import { type CommandRecord, commands, type HandleUse } from '../../../src/tpm/index.ts';
import { TPM_ALG, TPM_CC, TPM_RH } from '../../../src/tpm/wire/index.ts';
import { passwordFor } from './auths.ts';
import { handlesFor, policyOfEntity } from './choose.ts';
import { Dice } from './dice.ts';
import { Exchange, newTally, type Tally } from './exchange.ts';
import { AUTHS, givenKey, POLICIES, POLICY_CODES, storageTemplate } from './gallery.ts';
import { join } from './join.ts';
import { type Both, both, type Pair } from './pair.ts';
import { provide } from './provide.ts';
import { parametersOf, Twin } from './values.ts';
import { byName, kindOf, sessionHandle, type TwinAuth, table } from './wanted.ts';
import { all, authOf, forgetVolatile, is } from './world.ts';

/** How often a command comes; 10 where nothing is said. */
const WEIGHT: Readonly<Record<string, number>> = {
  TPM2_CreatePrimary: 12,
  TPM2_LoadExternal: 25,
  TPM2_Load: 25,
  TPM2_Create: 20,
  TPM2_FlushContext: 45,
  TPM2_StartAuthSession: 25,
  TPM2_NV_DefineSpace: 25,
  TPM2_NV_Write: 20,
  TPM2_PP_Commands: 2,
  TPM2_Startup: 1,
  TPM2_Shutdown: 3,
  TPM2_Clear: 1,
  TPM2_ChangePPS: 1,
  TPM2_ChangeEPS: 1,
  TPM2_HierarchyControl: 2,
  TPM2_ClearControl: 2,
  TPM2_HierarchyChangeAuth: 4,
  TPM2_SetPrimaryPolicy: 3,
  TPM2_SelfTest: 2,
  TPM2_IncrementalSelfTest: 1,
  TPM2_PCR_Allocate: 2,
  TPM2_DictionaryAttackParameters: 3,
  TPM2_DictionaryAttackLockReset: 6,
  TPM2_ClockSet: 1,
  TPM2_GetCapability: 30,
};
const WEIGHTED = table.flatMap(command => Array.from({ length: WEIGHT[command.name] ?? 10 }, () => command));
const AES = { algorithm: TPM_ALG.AES, keyBits: 128, mode: TPM_ALG.CFB };
const EMPTY = new Uint8Array(0);

/** One stream of commands to both TPMs. */
export class Stream {
  readonly #exchange: Exchange;

  constructor(pair: Pair, tally: Tally = newTally()) {
    this.#exchange = new Exchange(pair, tally);
  }

  /** One step: what it does is a function of the seed and of what happened before. @throws {Difference | KnownDifference} */
  async step(seed: number): Promise<void> {
    const dice = new Dice(seed);
    const chance = dice.below(1000);
    if (chance < 3) await this.#restart(dice);
    else if (chance < 12) await this.#changeLocality(dice);
    else if (chance < 45) await this.#importKey(dice);
    else if (chance < 110) await this.#usePolicy(dice);
    else if (chance < 150) await this.#ownKey(dice);
    else await this.#anyCommand(dice);
  }

  #careful(dice: Dice, name: string, handles: readonly Both<number>[], values: Readonly<Record<string, unknown>>): Promise<boolean> {
    return this.#exchange.run(dice, { command: byName(name), handles, values, careful: true });
  }

  async #restart(dice: Dice): Promise<void> {
    if (dice.percent(70)) await this.#careful(dice, 'TPM2_Shutdown', [], { shutdownType: dice.below(2) });
    this.#exchange.log.push('power off and on');
    await this.#exchange.pair.power();
    forgetVolatile(this.#exchange.world);
    const started = await this.#careful(dice, 'TPM2_Startup', [], { startupType: dice.below(2) });
    if (!started) await this.#careful(dice, 'TPM2_Startup', [], { startupType: 0 });
    await this.#exchange.takeStock();
  }

  async #changeLocality(dice: Dice): Promise<void> {
    const locality = dice.percent(60) ? 0 : dice.below(5);
    this.#exchange.log.push(`locality ${locality}`);
    await this.#exchange.pair.locality(locality);
  }

  /** A storage key: what most flows begin with. */
  async #ownKey(dice: Dice): Promise<void> {
    const handle = dice.pick([TPM_RH.OWNER, TPM_RH.OWNER, TPM_RH.ENDORSEMENT, TPM_RH.PLATFORM, TPM_RH.NULL]);
    const inSensitive = { userAuth: dice.pick(AUTHS), data: EMPTY };
    const values = { inSensitive, inPublic: storageTemplate(dice), outsideInfo: EMPTY, creationPCR: [] };
    await this.#exchange.run(dice, { command: byName('TPM2_CreatePrimary'), handles: [both(handle)], values });
  }

  /** The same key into both TPMs, under storage keys of their own. */
  async #importKey(dice: Dice): Promise<void> {
    const parent = dice.some(all(this.#exchange.world).filter(is.asymmetricStorage));
    if (!parent?.publicArea) return this.#ownKey(dice);
    const key = givenKey(dice, 0x440 | (dice.percent(10) ? 0x80 : 0));
    const [a, b] = parent.publicArea.map(area => duplicateForImport(key.publicArea, key.sensitive, area, count => dice.bytes(count)));
    const sides = [a, b] as unknown as Both<Readonly<Record<string, unknown>>>;
    const values = Object.fromEntries(Object.keys(sides[0]).map(name => [name, new Twin([sides[0][name], sides[1][name]])]));
    const command = byName('TPM2_Import');
    await this.#exchange.run(dice, { command, handles: [parent.handle], values: { ...values, knownAuth: key.auth } });
  }

  /** A policy session, the policy that some entity has, and a command with it. */
  async #usePolicy(dice: Dice): Promise<void> {
    const { world } = this.#exchange;
    const started = { nonceCaller: dice.bytes(32), encryptedSalt: EMPTY, sessionType: 1, symmetric: AES, authHash: TPM_ALG.SHA256 };
    const before = world.sessions.length;
    await this.#careful(dice, 'TPM2_StartAuthSession', [both(TPM_RH.NULL), both(TPM_RH.NULL)], started);
    const session = world.sessions[before];
    if (!session) return;
    const entities = [...all(world).map(({ handle }) => handle), ...world.indices.map(({ handle }) => both(handle))];
    const entity = dice.some(entities.filter(([handle]) => policyOfEntity(world, handle) !== null));
    const policy = entity && policyOfEntity(world, entity[0]);
    const known = POLICIES.findIndex(candidate => String(candidate) === String(policy));
    const code = POLICY_CODES[known] ?? dice.pick(POLICY_CODES);
    const wantsValue = code === 0 || code === TPM_CC.Sign;
    const asPassword = wantsValue && dice.percent(40);
    const handle = sessionHandle(session);
    if (code !== 0) await this.#careful(dice, 'TPM2_PolicyCommandCode', [handle], { code });
    if (wantsValue) await this.#careful(dice, asPassword ? 'TPM2_PolicyPassword' : 'TPM2_PolicyAuthValue', [handle], {});
    const command =
      commands.get(code) ?? dice.pick(table.filter(({ handles }) => Object.values<HandleUse>(handles)[0]?.auth !== undefined));
    const handles = handlesFor(command, world, dice);
    if (entity && dice.percent(90)) handles[0] = entity;
    const authorized = handles[0]?.[0] ?? 0;
    const more = { authValueInHmac: wantsValue, asPassword };
    const first: TwinAuth = { session, authValue: authOf(world, authorized), attributes: dice.percent(80) ? CONTINUE : 0, more };
    const others = Object.values<HandleUse>(command.handles).slice(1);
    const passwords = others.flatMap((use, i) => (use.auth ? [passwordFor(world, handles[i + 1]?.[0] ?? 0, dice)] : []));
    await this.#exchange.run(dice, { command, handles, values: this.#valuesFor(command, handles, dice), auths: [first, ...passwords] });
  }

  #valuesFor(command: CommandRecord, handles: readonly Both<number>[], dice: Dice): Record<string, unknown> {
    const { world } = this.#exchange;
    const values = parametersOf(command.name, command.params, world, dice);
    join(command, { world, handles, values, dice });
    return values;
  }

  /** A command for which there is mostly what it needs. */
  #usable(dice: Dice): CommandRecord {
    const { world } = this.#exchange;
    for (let tries = 0; ; tries++) {
      const command = dice.pick(WEIGHTED);
      const types = Object.values<HandleUse>(command.handles).map(({ type }) => type.name);
      const lacks =
        (types.includes('TPMI_SH_POLICY') && !world.sessions.some(session => kindOf(session) !== 'hmac')) ||
        (types.includes('TPMI_SH_HMAC') && !world.sessions.some(session => kindOf(session) === 'hmac')) ||
        (types.includes('TPMI_RH_NV_INDEX') && world.indices.length === 0);
      if (!lacks || tries === 3) return command;
    }
  }

  async #anyCommand(dice: Dice): Promise<void> {
    const command = this.#usable(dice);
    if (dice.percent(85)) await provide(this.#exchange, command, dice);
    const handles = handlesFor(command, this.#exchange.world, dice);
    await this.#exchange.run(dice, { command, handles, values: this.#valuesFor(command, handles, dice) });
  }
}
