import { type AnyCodec, DecodeError, type Fields, Reader, readField, Writer } from '../bytes/index.ts';
import { sized, withTpmHeader } from '../spec/index.ts';
import type { AnyCommand } from './command.ts';
import { auditByCommand, auditBySession } from './model/audit.ts';
import type { Call, SessionUse } from './model/call.ts';
import type { Core } from './model/core.ts';
import { entityAuth, entityName } from './model/entity.ts';
import { isEnabled } from './model/hierarchies/hierarchy.ts';
import { healLockout } from './model/hierarchies/lockout.ts';
import { dropEvictCopies, findObject, isSlotHandle, loadEvict } from './model/keys/objects.ts';
import { nvIsAccessible } from './model/nv/nv.ts';
import { authorize, authorizeWithoutSessions, hmacKeyOf, parseSessions, SMALLEST_SESSION } from './model/sessions/authorization.ts';
import { findSession, flushSession, isSessionNumber, restartPolicy } from './model/sessions/sessions.ts';
import type { CommandRecord, HandleUse } from './record.ts';
import { inHandle, inParameter, inSession, Refusal, rcOfFault, refuse } from './refusal.ts';
import { commandDigest, cryptParameter, EMPTY, exchangeFirst, responseDigest, sessionHmac } from './session-crypto.ts';
import { handleType, has, isKnownTag, TPM_CC, TPM_HT, TPM_RC, TPM_RH, TPM_ST, TPMA_SESSION, TPMS_AUTH_RESPONSE } from './wire/index.ts';

// Part 1 §18, Part 4 ExecCommand.c: one command from its bytes to its response, in libtpms' order of checks
// (docs/reference/tpm.md#order-of-checks): header, handles, authorization, decryption, parameters, action.

type Commands = ReadonlyMap<number, AnyCommand>;
const A = TPMA_SESSION.bit;

/** The response to a command, whatever the bytes are. Nothing but a fault of ours is thrown. */
export function dispatch(tpm: Core, commands: Commands, bytes: Uint8Array, locality: number): Uint8Array {
  tpm.disorderly = false;
  tpm.state.ram.launchHash = null; // Part 4 ExecCommand.c: a command ends a launch that is under way
  try {
    return run(tpm, commands, bytes, locality);
  } catch (error) {
    if (error instanceof Refusal) return errorResponse(error.rc);
    throw error;
  } finally {
    dropEvictCopies(tpm);
    if (tpm.disorderly && tpm.state.permanent.orderly !== 'daUsed') tpm.state.permanent.orderly = 'none';
  }
}

/** An error has no sessions, and rolls no nonces. */
export const errorResponse = (rc: number): Uint8Array => withTpmHeader(TPM_ST.NO_SESSIONS, rc);

/** What bytes cannot be read as is told by a code; `blame` puts the number of handle, session or parameter to it. */
function reading<T>(body: () => T, blame: (rc: number) => number = rc => rc): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof DecodeError) refuse(blame(rcOfFault(error)));
    throw error;
  }
}

function run(tpm: Core, commands: Commands, bytes: Uint8Array, locality: number): Uint8Array {
  if (tpm.state.power === 'off') refuse(TPM_RC.FAILURE);
  const { lacksValues } = tpm.behaviour;
  const reader = new Reader(bytes, undefined, undefined, lacksValues);
  const { tag, command } = readHeader(commands, reader);
  if ((tpm.state.power === 'started') === (command.code === TPM_CC.Startup)) refuse(TPM_RC.INITIALIZE);
  healLockout(tpm);
  const handles = loadHandles(tpm, command, readHandles(tpm, command, reader));
  const area = tag === TPM_ST.SESSIONS ? readSessionArea(reader) : null;
  if (area && command.sessions === 'none') refuse(TPM_RC.AUTH_CONTEXT);
  const sessions = area ? parseSessions(tpm, command, area) : [];
  const call = new CurrentCall(
    command,
    locality,
    handles,
    () => handles.map(handle => entityName(tpm, handle)),
    bytes.subarray(reader.offset),
    sessions,
  );
  // The command may change what its handles name: whoever may ask for the Names later gets those from before.
  if (tpm.state.permanent.auditCommands.has(command.code) || sessions.some(({ session }) => session !== null)) void call.names;
  if (area) authorize(tpm, call);
  else authorizeWithoutSessions(call);
  const params = readParameters(
    tpm,
    command.params,
    call.decryptSession ? new Reader(decrypted(tpm, call, call.decryptSession), undefined, undefined, lacksValues) : reader,
  );
  if (command.nv && !tpm.nvAvailable) refuse(TPM_RC.NV_UNAVAILABLE);
  const output = command.run(tpm, { ...named(command, handles), ...params }, call);
  const response = respond(tpm, call, area !== null, output);
  for (const end of call.afterwards) end();
  return response;
}

function readHeader(commands: Commands, reader: Reader): { tag: number; command: AnyCommand } {
  const tag = reading(() => reader.u16());
  // libtpms knows some other tags as such; all other numbers are wrong values (06: bad-tag, tpm12-tag).
  if (tag !== TPM_ST.NO_SESSIONS && tag !== TPM_ST.SESSIONS) refuse(isKnownTag(tag) ? TPM_RC.BAD_TAG : TPM_RC.VALUE);
  if (reading(() => reader.u32()) !== reader.bytes.length) refuse(TPM_RC.COMMAND_SIZE);
  const command = commands.get(reading(() => reader.u32()));
  return command ? { tag, command } : refuse(TPM_RC.COMMAND_CODE);
}

const uses = (command: CommandRecord): readonly HandleUse[] => Object.values<HandleUse>(command.handles);
const named = (command: CommandRecord, handles: readonly number[]): Record<string, number> =>
  Object.fromEntries(Object.keys(command.handles).map((name, i) => [name, handles[i] ?? 0]));

/** Types of the handles. Slots and session numbers beyond this TPM's limits are no handles of it. */
function readHandles(tpm: Core, command: CommandRecord, reader: Reader): number[] {
  return uses(command).map(({ type }, i) => {
    const handle = reading(
      () => type.read(reader),
      rc => inHandle(i + 1, rc),
    );
    if (!isPossible(tpm, handle)) refuse(inHandle(i + 1, TPM_RC.VALUE));
    return handle;
  });
}

/** Whether a handle lies within what the TPM has of its kind. */
export function isPossible(tpm: Core, handle: number): boolean {
  switch (handleType(handle)) {
    case TPM_HT.TRANSIENT:
      return isSlotHandle(tpm, handle);
    case TPM_HT.HMAC_SESSION:
    case TPM_HT.POLICY_SESSION:
      return isSessionNumber(tpm, handle);
    default:
      return true;
  }
}

/** All handles must be of something that is there (EntityGetLoadStatus). A persistent object is copied to a slot. */
function loadHandles(tpm: Core, command: CommandRecord, handles: readonly number[]): number[] {
  return handles.map((handle, i) => {
    const missing = (rc: number): never => refuse(inHandle(i + 1, rc));
    switch (handleType(handle)) {
      case TPM_HT.PERMANENT:
        if ((handle === TPM_RH.OWNER || handle === TPM_RH.ENDORSEMENT || handle === TPM_RH.PLATFORM) && !isEnabled(tpm, handle))
          missing(TPM_RC.HIERARCHY);
        return handle;
      case TPM_HT.TRANSIENT:
        if (!findObject(tpm, handle)) refuse(TPM_RC.REFERENCE_H0 + i);
        return handle;
      case TPM_HT.PERSISTENT:
        return withNumber(i + 1, () => loadEvict(tpm, handle, command.code));
      case TPM_HT.HMAC_SESSION:
      case TPM_HT.POLICY_SESSION: {
        const session = findSession(tpm, handle);
        if (!session) return refuse(TPM_RC.REFERENCE_H0 + i);
        if (session.handle !== handle) missing(TPM_RC.HANDLE);
        return handle;
      }
      case TPM_HT.NV_INDEX:
        if (!nvIsAccessible(tpm, handle)) missing(TPM_RC.HANDLE);
        return handle;
      default:
        return handle;
    }
  });
}

function withNumber(number: number, body: () => number): number {
  try {
    return body();
  } catch (error) {
    if (error instanceof Refusal) throw new Refusal(inHandle(number, error.rc));
    throw error;
  }
}

function readSessionArea(reader: Reader): Uint8Array {
  const size = reading(() => reader.u32());
  if (size < SMALLEST_SESSION || size > reader.remaining) refuse(TPM_RC.SIZE);
  return reader.take(size);
}

class CurrentCall implements Call {
  readonly command: CommandRecord;
  readonly locality: number;
  readonly handles: readonly number[];
  readonly #nameAll: () => readonly Uint8Array[];
  #names: readonly Uint8Array[] | undefined;
  readonly parameters: Uint8Array;
  readonly sessions: readonly SessionUse[];
  readonly decryptSession: SessionUse | null;
  readonly encryptSession: SessionUse | null;
  readonly auditSession: SessionUse | null;
  readonly afterwards: (() => void)[] = [];
  readonly #cpHashes = new Map<number, Uint8Array>();

  constructor(
    command: CommandRecord,
    locality: number,
    handles: readonly number[],
    names: () => readonly Uint8Array[],
    parameters: Uint8Array,
    sessions: readonly SessionUse[],
  ) {
    this.command = command;
    this.locality = locality;
    this.handles = handles;
    this.#nameAll = names;
    this.parameters = parameters;
    this.sessions = sessions;
    const first = (bit: number) => sessions.find(use => has(use.attributes, bit)) ?? null;
    this.decryptSession = first(A.decrypt);
    this.encryptSession = first(A.encrypt);
    this.auditSession = first(A.audit);
  }

  /** Computed when they are asked for: a command with nothing but passwords needs none. */
  get names(): readonly Uint8Array[] {
    this.#names ??= this.#nameAll();
    return this.#names;
  }

  cpHash(hash: number): Uint8Array {
    let value = this.#cpHashes.get(hash);
    if (!value) {
      value = commandDigest(hash, this.command.code, this.names, this.parameters);
      this.#cpHashes.set(hash, value);
    }
    return value;
  }
}

/**
 * The authorization value always goes into the encryption key when the session authorizes something, in a policy session without
 * PolicyAuthValue too (Part 1 §21.2, verified by transcript 03d).
 */
const encryptionKey = (tpm: Core, { session, entity }: SessionUse): Uint8Array => {
  const auth = entity === null ? EMPTY : entityAuth(tpm, entity);
  return session ? Uint8Array.from([...session.sessionKey, ...auth]) : EMPTY;
};

function decrypted(tpm: Core, call: Call, use: SessionUse): Uint8Array {
  if (!use.session) return call.parameters;
  const { authHash, symmetric, nonceTPM } = use.session;
  const blame = (rc: number) => inSession(call.sessions.indexOf(use) + 1, rc);
  if (call.parameters.length < 2) refuse(blame(TPM_RC.INSUFFICIENT));
  const plain = exchangeFirst(call.parameters, data =>
    cryptParameter('decrypt', authHash, symmetric, encryptionKey(tpm, use), use.nonceCaller, nonceTPM, data),
  );
  return plain ?? refuse(blame(TPM_RC.SIZE));
}

const isHandleCodec = (codec: AnyCodec): boolean => 'ranges' in codec;

function readParameters(tpm: Core, fields: Fields, reader: Reader): Readonly<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  let number = 0;
  for (const [name, codec] of Object.entries(fields)) {
    number++;
    const blamed = number;
    const value = reading(
      () => readField(reader, name, codec),
      rc => inParameter(blamed, rc),
    );
    if (isHandleCodec(codec) && !isPossible(tpm, value as number)) refuse(inParameter(number, TPM_RC.VALUE));
    values[name] = value;
  }
  if (reader.remaining > 0) refuse(TPM_RC.SIZE);
  return values;
}

function respond(tpm: Core, call: Call, withSessions: boolean, output: Readonly<Record<string, unknown>>): Uint8Array {
  const { command } = call;
  const writer = new Writer();
  writer.u16(withSessions ? TPM_ST.SESSIONS : TPM_ST.NO_SESSIONS);
  writer.u32(0);
  writer.u32(TPM_RC.SUCCESS);
  if (command.returnsHandle !== undefined) writer.u32(output[command.returnsHandle] as number);
  if (!withSessions) {
    const start = writer.length;
    writeFields(writer, command.returns, output);
    const response = sized(writer.done());
    audit(tpm, call, () => response.subarray(start));
    return response;
  }
  for (const { session } of call.sessions) if (session) session.nonceTPM = tpm.bytes(session.nonceTPM.length);
  const plain = new Writer();
  writeFields(plain, command.returns, output);
  const parameters = encrypted(tpm, call, plain.done());
  audit(tpm, call, () => parameters);
  writer.u32(parameters.length);
  writer.raw(parameters);
  for (const use of call.sessions) TPMS_AUTH_RESPONSE.write(writer, answerOf(tpm, call, use, parameters));
  // Only now: the answer's HMAC needs the session.
  for (const { session, attributes } of call.sessions) {
    if (!session) continue;
    if (!has(attributes, A.continueSession)) flushSession(tpm, session.handle);
    else if (session.policy) restartPolicy(tpm, session);
  }
  return sized(writer.done());
}

function writeFields(writer: Writer, fields: Fields, values: Readonly<Record<string, unknown>>): void {
  for (const name in fields) fields[name]?.write(writer, values[name]);
}

function audit(tpm: Core, call: Call, parameters: () => Uint8Array): void {
  auditBySession(tpm, call, parameters);
  auditByCommand(tpm, call, parameters);
}

function encrypted(tpm: Core, call: Call, parameters: Uint8Array): Uint8Array {
  const use = call.encryptSession;
  if (!use?.session) return parameters;
  const { authHash, symmetric, nonceTPM } = use.session;
  const key = encryptionKey(tpm, use);
  return (
    exchangeFirst(parameters, data => cryptParameter('encrypt', authHash, symmetric, key, nonceTPM, use.nonceCaller, data)) ?? parameters
  );
}

/** One session of the response. A password's, and that of a session that carried one, has no HMAC. */
function answerOf(tpm: Core, call: Call, use: SessionUse, parameters: Uint8Array) {
  const { session, attributes } = use;
  if (!session) return { nonce: EMPTY, sessionAttributes: attributes | A.continueSession, hmac: EMPTY };
  const { authHash, nonceTPM } = session;
  return { nonce: nonceTPM, sessionAttributes: attributes, hmac: responseHmac() };

  function responseHmac(): Uint8Array {
    if (session?.policy?.passwordNeeded) return EMPTY;
    const key = hmacKeyOf(tpm, use);
    if (key.length === 0 && use.hmac.length === 0) return EMPTY;
    const rpHash = responseDigest(authHash, TPM_RC.SUCCESS, call.command.code, parameters);
    return sessionHmac(authHash, key, rpHash, nonceTPM, use.nonceCaller, EMPTY, attributes);
  }
}
