import { concat, type Fields, sameBytes, Writer } from '../../bytes/index.ts';
import { sized } from '../../spec/index.ts';
import { handleName } from '../names.ts';
import type { CommandRecord } from '../record.ts';
import { commandDigest, cryptParameter, EMPTY, exchangeFirst, sessionHmac } from '../session-crypto.ts';
import { digestBytes, TPM_RH, TPM_ST, TPMS_AUTH_COMMAND } from '../wire/index.ts';
import { type Auth, type ClientSession, CONTINUE, DECRYPT, ENCRYPT } from './session.ts';

/** One session of a command that is under way. */
export interface PreparedAuth {
  readonly auth: Auth;
  /** Null for a password. */
  readonly session: ClientSession | null;
  readonly attributes: number;
  readonly nonceCaller: Uint8Array;
  /** Session key, and value where it counts. */
  readonly hmacKey: Uint8Array;
  /** Session key and value: the value always counts (Part 1 §21.2). */
  readonly encryptionKey: Uint8Array;
}

/** A command ready to be sent, and what reading its response takes. */
export interface Packet {
  readonly bytes: Uint8Array;
  readonly auths: readonly PreparedAuth[];
}

function prepare(auth: Auth, name: Uint8Array | null, random: (count: number) => Uint8Array): PreparedAuth {
  if ('password' in auth) return { auth, session: null, attributes: CONTINUE, nonceCaller: EMPTY, hmacKey: EMPTY, encryptionKey: EMPTY };
  const { session, authValue = EMPTY, attributes = CONTINUE } = auth;
  const boundToThis =
    session.bound !== undefined && name !== null && sameBytes(session.bound.name, name) && sameBytes(session.bound.authValue, authValue);
  const included = auth.authValueInHmac ?? (session.kind === 'hmac' && name !== null && !boundToThis);
  return {
    auth,
    session,
    attributes,
    nonceCaller: random(digestBytes(session.authHash)),
    hmacKey: concat(session.sessionKey, included ? authValue : EMPTY),
    encryptionKey: concat(session.sessionKey, authValue),
  };
}

/** Builds a command: encrypts the first parameter, then computes cpHash and the HMACs over what is sent (Part 1 §16.7, §19.6, §21). */
export function buildCommand(
  command: CommandRecord,
  handles: readonly number[],
  params: Readonly<Record<string, unknown>>,
  auths: readonly Auth[],
  names: readonly (Uint8Array | undefined)[],
  random: (count: number) => Uint8Array,
): Packet {
  const roles = Object.values<{ auth?: string }>(command.handles);
  const allNames = handles.map((handle, i) => names[i] ?? handleName(handle));
  const prepared = auths.map((auth, i) => prepare(auth, roles[i]?.auth === undefined ? null : (allNames[i] ?? null), random));
  const parameters = encrypt(writeFields(command.params, params), prepared);
  const writer = new Writer();
  writer.u16(auths.length > 0 ? TPM_ST.SESSIONS : TPM_ST.NO_SESSIONS);
  writer.u32(0);
  writer.u32(command.code);
  for (const handle of handles) writer.u32(handle);
  if (auths.length > 0) {
    writer.sized(4, () => {
      prepared.forEach((auth, i) => TPMS_AUTH_COMMAND.write(writer, sessionArea(command, allNames, parameters, prepared, auth, i)));
    });
  }
  writer.raw(parameters);
  return { bytes: sized(writer.done()), auths: prepared };
}

function writeFields(fields: Fields, values: Readonly<Record<string, unknown>>): Uint8Array {
  const writer = new Writer();
  for (const [name, codec] of Object.entries(fields)) codec.write(writer, values[name]);
  return writer.done();
}

function encrypt(parameters: Uint8Array, auths: readonly PreparedAuth[]): Uint8Array {
  const auth = auths.find(({ attributes }) => (attributes & DECRYPT) !== 0);
  if (!auth?.session) return parameters;
  const { session, encryptionKey, nonceCaller } = auth;
  const crypt = (data: Uint8Array) =>
    cryptParameter('encrypt', session.authHash, session.symmetric, encryptionKey, nonceCaller, session.nonceTPM, data);
  return exchangeFirst(parameters, crypt) ?? parameters;
}

/** nonceTPM of the decrypt and encrypt sessions, when those are others than the first (Part 1 §19.6.5). */
function extraNonces(auths: readonly PreparedAuth[]): Uint8Array {
  const by = (bit: number) => auths.find(({ session, attributes }) => session !== null && (attributes & bit) !== 0);
  const decrypt = by(DECRYPT);
  const encrypt = by(ENCRYPT);
  const first = auths[0];
  return concat(
    decrypt && decrypt !== first ? (decrypt.session?.nonceTPM ?? EMPTY) : EMPTY,
    encrypt && encrypt !== first && encrypt !== decrypt ? (encrypt.session?.nonceTPM ?? EMPTY) : EMPTY,
  );
}

function sessionArea(
  command: CommandRecord,
  names: readonly Uint8Array[],
  parameters: Uint8Array,
  auths: readonly PreparedAuth[],
  prepared: PreparedAuth,
  index: number,
) {
  const { auth, session, attributes, nonceCaller, hmacKey } = prepared;
  if ('password' in auth || !session) {
    const password = 'password' in auth ? auth.password : EMPTY;
    return { sessionHandle: TPM_RH.PW, nonce: EMPTY, sessionAttributes: attributes, hmac: password };
  }
  const common = { sessionHandle: session.handle, nonce: nonceCaller, sessionAttributes: attributes };
  if (auth.asPassword) return { ...common, hmac: auth.authValue ?? EMPTY };
  if (hmacKey.length === 0 && session.kind === 'policy') return { ...common, hmac: EMPTY };
  const authorizes = Object.values<{ auth?: string }>(command.handles)[index]?.auth !== undefined;
  const extra = index === 0 && authorizes ? extraNonces(auths) : EMPTY;
  const cpHash = commandDigest(session.authHash, command.code, names, parameters);
  return { ...common, hmac: sessionHmac(session.authHash, hmacKey, cpHash, nonceCaller, session.nonceTPM, extra, attributes) };
}
