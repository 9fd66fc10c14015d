import { AUDIT, type Auth, CONTINUE, DECRYPT, ENCRYPT } from '../../../src/tpm/client/index.ts';
import type { CommandRecord, HandleUse } from '../../../src/tpm/index.ts';
import { TPM_ALG } from '../../../src/tpm/wire/index.ts';
import type { Dice } from './dice.ts';
import type { Both, Side } from './pair.ts';
import { kindOf, type TwinAuth } from './wanted.ts';
import { authOf, type TwinSession, type World } from './world.ts';

const EMPTY = new Uint8Array(0);

export const passwordFor = (world: World, handle: number, dice: Dice): TwinAuth => ({
  password: dice.percent(96) ? authOf(world, handle) : dice.bytes(4),
});

/** What authorizes a command: mostly what is right. */
export function authsFor(command: CommandRecord, handles: readonly Both<number>[], world: World, dice: Dice): TwinAuth[] {
  const auths: TwinAuth[] = [];
  const free = world.sessions.filter(session => kindOf(session) !== 'trial');
  const taken = new Set<TwinSession>();
  const sessionFor = (entity: number | null): TwinAuth | undefined => {
    const wanted = entity === null || dice.percent(30) ? free : free.filter(session => kindOf(session) === 'hmac');
    const session = dice.some(wanted.filter(candidate => !taken.has(candidate) || dice.percent(3)));
    if (!session) return undefined;
    taken.add(session);
    let attributes = dice.percent(88) ? CONTINUE : 0;
    if (dice.percent(20)) attributes |= DECRYPT;
    if (dice.percent(20)) attributes |= ENCRYPT;
    if (dice.percent(20)) attributes |= AUDIT;
    if (dice.percent(3)) attributes |= dice.pick([2, 4, 6, 8, 16]);
    return { session, authValue: entity === null ? EMPTY : dice.percent(95) ? authOf(world, entity) : dice.bytes(3), attributes };
  };
  for (const [i, use] of Object.values<HandleUse>(command.handles).entries()) {
    if (!use.auth) continue;
    if (dice.percent(2)) break;
    const entity = handles[i]?.[0] ?? 0;
    auths.push((dice.percent(25) ? sessionFor(entity) : undefined) ?? passwordFor(world, entity, dice));
  }
  if (dice.percent(10)) {
    const more = sessionFor(null);
    if (more) auths.push(more);
  }
  if (dice.percent(1)) auths.push({ password: EMPTY });
  return auths;
}

/** Commands that give what they are authorized by a new value, and where it stands: the response is keyed with it. */
const RENEWED: Readonly<Record<string, string>> = {
  TPM2_HierarchyChangeAuth: 'newAuth',
  TPM2_NV_ChangeAuth: 'newAuth',
  TPM2_PCR_SetAuthValue: 'auth',
};

/** The client's half of it, for one of the TPMs. */
export function authOfSide(auth: TwinAuth, side: Side, command: CommandRecord, values: Readonly<Record<string, unknown>>): Auth {
  if ('password' in auth) return auth;
  const { session, authValue, attributes, more } = auth;
  const own = session.sides[side];
  // Without a cipher to encrypt with it is refused; to get so far, something must be sent.
  const cipherless = own.symmetric.algorithm === TPM_ALG.NULL && (attributes & (DECRYPT | ENCRYPT)) !== 0;
  const used = cipherless ? { ...own, symmetric: { algorithm: TPM_ALG.XOR, keyBits: TPM_ALG.SHA256 } as const } : own;
  const renewal = RENEWED[command.name];
  const renewed = renewal ? { newAuthValue: withoutZeros(values[renewal] as Uint8Array) } : {};
  return { session: used, authValue: withoutZeros(authValue), attributes, ...more, ...renewed };
}

function withoutZeros(value: Uint8Array): Uint8Array {
  let length = value.length;
  while (length > 0 && value[length - 1] === 0) length--;
  return value.slice(0, length);
}
