import { concat, DecodeError, decode, encode, type Fields, sameBytes, toHex, Writer } from '../../../bytes/index.ts';
import { padOaep, publicKeyObject, rsaPublic } from '../../../crypto/index.ts';
import { Random } from '../../../sim/index.ts';
import { codeOf, rcOf, sized } from '../../../spec/index.ts';
import {
  type CommandRecord,
  commandDigest,
  commands,
  cryptParameter,
  type DecodedCommand,
  decodeCommand,
  decodeResponse,
  encryptSecret,
  exchangeFirst,
  handleName,
  type SymDef,
  sessionHmac,
  sessionKey,
  TPM2_NV_ReadPublic,
  TPM2_ReadPublic,
} from '../../../tpm/index.ts';
import {
  digestBytes,
  explainRc,
  handleType,
  hashName,
  TPM_ALG,
  TPM_CC,
  TPM_HT,
  TPM_RH,
  TPM_ST,
  TPMA_SESSION,
  TPMS_AUTH_COMMAND,
  type TPMT_PUBLIC,
} from '../../../tpm/wire/index.ts';
import { Differences, type PlayedCase } from '../../played-case.ts';
import { compareFields, compareMasked } from './compare-fields.ts';
import { Substitution } from './substitution.ts';
import { bytesOf, type Exchange, exchanges, type RecordedSession, type TranscriptLine } from './transcript-lines.ts';

/** A session of the TPM under test, in the place of a recorded one. */
interface LiveSession {
  readonly handle: number;
  readonly authHash: number;
  readonly symmetric: SymDef;
  readonly sessionKey: Uint8Array;
  nonceTPM: Uint8Array;
}

/** A command made anew from a recorded one, and what its response needs. */
interface Rebuilt {
  readonly bytes: Uint8Array;
  /** Our session, its caller's nonce and its encryption key, in place of each recorded one. */
  readonly sessions: readonly ({
    readonly live: LiveSession;
    readonly nonceCaller: Uint8Array;
    readonly encryptionKey: Uint8Array;
  } | null)[];
}

/** A way to a TPM that knows localities, or one that takes all for 0. */
export interface LocalTransport {
  transmit(command: Uint8Array, locality?: number): Promise<Uint8Array>;
}

/** A case that was sent at another locality says so in its name. */
const localityOf = ({ case: name }: TranscriptLine): number => Number(/-locality-([0-4])$/.exec(name ?? '')?.[1] ?? 0);

const EMPTY = new Uint8Array(0);
const A = TPMA_SESSION.bit;

/**
 * Plays a transcript against a TPM: its commands are made anew with that TPM's handles, nonces, keys, blobs, Names and HMACs.
 * Compared are response codes, lengths, and all bytes that do not differ from TPM to TPM. One player can play several files in
 * the order in which they were recorded.
 */
export class LivePlayer {
  readonly #transport: LocalTransport;
  readonly #substitution = new Substitution();
  readonly #handles = new Map<number, number>();
  readonly #sessions = new Map<string, LiveSession>();
  readonly #random = new Random('transcript player');

  constructor(transport: LocalTransport) {
    this.#transport = transport;
  }

  /** One result a recorded case, or a command where the file has no cases. */
  async play(lines: readonly TranscriptLine[]): Promise<PlayedCase[]> {
    const results: PlayedCase[] = [];
    for (const group of groups(exchanges(lines))) {
      const missing = group.exchanges.map(({ command }) => missingCommand(command)).find(reason => reason !== undefined);
      if (missing !== undefined) {
        results.push({ name: group.name, differences: [], skipped: missing });
        continue;
      }
      const found = new Differences();
      for (const exchange of group.exchanges) await this.#exchange(found, exchange);
      results.push({ name: group.name, differences: found.all });
    }
    return results;
  }

  async #exchange(found: Differences, { command: line, response: answer }: Exchange): Promise<void> {
    const recordedCommand = bytesOf(line.hex);
    const recorded = bytesOf(answer.hex);
    const rebuilt = await this.#rebuild(line, recordedCommand);
    const actual = await this.#transport.transmit(rebuilt.bytes, localityOf(line));
    const at = `${line.seq} ${line.name}`;
    // Where a case is about an error, what prepares it and cleans up after it must only do the same.
    const wanted = rcOf(recorded);
    const got = rcOf(actual);
    found.compare(`${at}: code`, explainRc(wanted).text, explainRc(got).text);
    if (wanted !== 0 || got !== 0) return;
    this.#follow(found, at, line, answer, recorded, actual, rebuilt);
  }

  /** Learns from a successful pair of responses, and compares them. */
  #follow(
    found: Differences,
    at: string,
    line: TranscriptLine,
    answer: TranscriptLine,
    recorded: Uint8Array,
    actual: Uint8Array,
    rebuilt: Rebuilt,
  ): void {
    const code = codeOf(rebuilt.bytes);
    const command = commands.get(code);
    const theirs = decodeResponse(code, recorded);
    const ours = decodeResponse(code, actual);
    if (theirs.handle !== undefined && ours.handle !== undefined) this.#handles.set(theirs.handle, ours.handle);
    rebuilt.sessions.forEach((use, i) => {
      const back = ours.sessions[i];
      if (use && back && back.sessionAttributes & A.continueSession) use.live.nonceTPM = back.nonce;
    });
    const plain = (returns: Readonly<Record<string, unknown>>, first: unknown) =>
      command && first !== undefined ? { ...returns, [Object.keys(command.returns)[0] ?? '']: first } : returns;
    const theirReturns = plain(
      theirs.returns,
      command && answer.decryptedParam !== undefined ? firstOf(command.returns, bytesOf(answer.decryptedParam)) : undefined,
    );
    const ourReturns = plain(ours.returns, command && ours.encrypted ? this.#decryptedFirst(command, ours, rebuilt) : undefined);
    // What a TPM encrypted is its own, however short.
    this.#substitution.learn(theirReturns, ourReturns, code === TPM_CC.ECC_Encrypt ? 1 : undefined);
    if (code === TPM_CC.StartAuthSession)
      this.#opened(line, rebuilt, theirs.handle ?? 0, ours.handle ?? 0, ours.returns.nonceTPM as Uint8Array);
    if (answer.mask) {
      compareMasked(found, at, recorded, actual, answer.mask);
      return;
    }
    found.compare(`${at}: length`, recorded.length, actual.length);
    if (!line.case) compareFields(found, at, { handle: theirs.handle, ...theirReturns }, { handle: ours.handle, ...ourReturns });
  }

  #decryptedFirst(command: CommandRecord, ours: ReturnType<typeof decodeResponse>, rebuilt: Rebuilt): unknown {
    const index = ours.sessions.findIndex(session => (session.sessionAttributes & A.encrypt) !== 0);
    const use = rebuilt.sessions[index];
    const back = ours.sessions[index];
    if (!use || !back) return undefined;
    const { live, nonceCaller, encryptionKey } = use;
    const data = ours.returns[Object.keys(command.returns)[0] ?? ''] as Uint8Array;
    return firstOf(command.returns, cryptParameter('decrypt', live.authHash, live.symmetric, encryptionKey, back.nonce, nonceCaller, data));
  }

  #opened(line: TranscriptLine, { bytes }: Rebuilt, recordedHandle: number, handle: number, nonceTPM: Uint8Array): void {
    const { params, handles } = decodeCommand(bytes);
    const { authHash, symmetric, nonceCaller } = params as { authHash: number; symmetric: SymDef; nonceCaller: Uint8Array };
    const plain = handles.tpmKey === TPM_RH.NULL && handles.bind === TPM_RH.NULL;
    const secret = plain ? null : { bindAuth: bytesOf(line.bindAuth), salt: bytesOf(line.salt) };
    this.#sessions.set(sessionName(recordedHandle), {
      handle,
      authHash,
      symmetric,
      nonceTPM,
      sessionKey: sessionKey(authHash, secret, nonceTPM, nonceCaller),
    });
  }

  async #rebuild(line: TranscriptLine, bytes: Uint8Array): Promise<Rebuilt> {
    let decoded: DecodedCommand;
    try {
      decoded = decodeCommand(bytes);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return { bytes, sessions: [] }; // malformed on purpose: sent as it was
    }
    const { command } = decoded;
    if (!command || decoded.header.commandSize !== bytes.length) return { bytes, sessions: [] };
    const handles = Object.keys(command.handles).map(name => this.#handle(decoded.handles[name] ?? 0));
    const params = await this.#params(line, decoded, handles);
    const uses = decoded.sessions.map((_, i) => this.#use(line.sessions?.[i]));
    const parameters = this.#encrypt(line, decoded, uses, writeFields(command.params, params));
    const names = await Promise.all(handles.map(handle => this.#name(handle)));
    const writer = new Writer();
    writer.u16(decoded.header.tag);
    writer.u32(0);
    writer.u32(command.code);
    for (const handle of handles) writer.u32(handle);
    if (decoded.header.tag === TPM_ST.SESSIONS) {
      writer.sized(4, () => {
        decoded.sessions.forEach((session, i) =>
          TPMS_AUTH_COMMAND.write(writer, this.#session(session, line, uses, i, command, names, parameters)),
        );
      });
    }
    writer.raw(parameters);
    return { bytes: sized(writer.done()), sessions: uses };
  }

  #handle(recorded: number): number {
    const type = handleType(recorded);
    const made = type === TPM_HT.TRANSIENT || type === TPM_HT.HMAC_SESSION || type === TPM_HT.POLICY_SESSION;
    return made ? (this.#handles.get(recorded) ?? recorded) : recorded;
  }

  /** The parameters with our TPM's blobs, and with secrets encrypted to its keys. */
  async #params(line: TranscriptLine, decoded: DecodedCommand, handles: readonly number[]): Promise<Readonly<Record<string, unknown>>> {
    const { command, encrypted } = decoded;
    let params = decoded.params;
    if (command && encrypted && line.decryptedParam !== undefined) {
      params = { ...params, [Object.keys(command.params)[0] ?? '']: firstOf(command.params, bytesOf(line.decryptedParam)) };
    }
    params = this.#substitution.apply(params);
    if (command?.code === TPM_CC.FlushContext) return { flushHandle: this.#handle(params.flushHandle as number) };
    if (command?.code === TPM_CC.StartAuthSession && line.salt)
      return { ...params, encryptedSalt: await this.#salt(handles[0] ?? 0, line, params) };
    if (command?.code === TPM_CC.RSA_Decrypt && line.plaintext)
      return { ...params, cipherText: await this.#wrapped(handles[0] ?? 0, line, params) };
    return params;
  }

  async #salt(tpmKey: number, line: TranscriptLine, params: Readonly<Record<string, unknown>>): Promise<Uint8Array> {
    const key = await this.#readPublic(tpmKey);
    if (key?.type === TPM_ALG.RSA) {
      const hash = hashName(key.nameAlg);
      const block = padOaep(hash, bytesOf(line.salt), key.unique.length, concat(new TextEncoder().encode('SECRET'), new Uint8Array(1)), n =>
        this.#random.bytes(n),
      );
      return rsaPublic(publicKeyObject(key.unique, key.parameters.exponent || 65537), block);
    }
    if (key?.type !== TPM_ALG.ECC) return params.encryptedSalt as Uint8Array;
    // An ECDH salt cannot be chosen: a new one takes its place.
    const made = encryptSecret(key, 'SECRET', n => this.#random.bytes(n));
    Object.assign(line, { salt: toHex(made.secret) });
    return made.encrypted;
  }

  async #wrapped(keyHandle: number, line: TranscriptLine, params: Readonly<Record<string, unknown>>): Promise<Uint8Array> {
    const key = await this.#readPublic(keyHandle);
    if (key?.type !== TPM_ALG.RSA || key.parameters.scheme.scheme !== TPM_ALG.OAEP) return params.cipherText as Uint8Array;
    const block = padOaep(
      hashName(key.parameters.scheme.hashAlg),
      bytesOf(line.plaintext),
      key.unique.length,
      params.label as Uint8Array,
      n => this.#random.bytes(n),
    );
    return rsaPublic(publicKeyObject(key.unique, key.parameters.exponent || 65537), block);
  }

  /** Asks the TPM itself. */
  async #ask(command: CommandRecord, handle: number): Promise<Readonly<Record<string, unknown>> | null> {
    const writer = new Writer();
    writer.u16(TPM_ST.NO_SESSIONS);
    writer.u32(14);
    writer.u32(command.code);
    writer.u32(handle);
    const response = await this.#transport.transmit(writer.done());
    return rcOf(response) === 0 ? decodeResponse(command.code, response).returns : null;
  }

  async #readPublic(handle: number): Promise<TPMT_PUBLIC | null> {
    return ((await this.#ask(TPM2_ReadPublic, handle))?.outPublic as TPMT_PUBLIC | undefined) ?? null;
  }

  async #name(handle: number): Promise<Uint8Array> {
    switch (handleType(handle)) {
      case TPM_HT.TRANSIENT:
      case TPM_HT.PERSISTENT:
        return ((await this.#ask(TPM2_ReadPublic, handle))?.name as Uint8Array | undefined) ?? EMPTY;
      case TPM_HT.NV_INDEX:
        return ((await this.#ask(TPM2_NV_ReadPublic, handle))?.nvName as Uint8Array | undefined) ?? EMPTY;
      default:
        return handleName(handle);
    }
  }

  /** Our session in place of a recorded one, when the recording says how it was used. */
  #use(recorded: RecordedSession | undefined): Rebuilt['sessions'][number] {
    const live = recorded && this.#sessions.get(recorded.handle);
    if (!recorded || !live || recorded.hmacKey === undefined) return null;
    const nonceCaller = recorded.nonceCaller === undefined ? this.#random.bytes(digestBytes(live.authHash)) : bytesOf(recorded.nonceCaller);
    return { live, nonceCaller, encryptionKey: concat(live.sessionKey, this.#auth(recorded)) };
  }

  /** A password that firmware made of the TPM's random bytes is ours here. */
  #auth({ authValue }: RecordedSession): Uint8Array {
    return this.#substitution.bytes(bytesOf(authValue));
  }

  #encrypt(line: TranscriptLine, { sessions, encrypted }: DecodedCommand, uses: Rebuilt['sessions'], parameters: Uint8Array): Uint8Array {
    if (!encrypted || line.decryptedParam === undefined) return parameters;
    const use = uses[sessions.findIndex(session => (session.sessionAttributes & A.decrypt) !== 0)];
    if (!use) return parameters;
    const { live, nonceCaller, encryptionKey } = use;
    const crypt = (data: Uint8Array) =>
      cryptParameter('encrypt', live.authHash, live.symmetric, encryptionKey, nonceCaller, live.nonceTPM, data);
    return exchangeFirst(parameters, crypt) ?? parameters;
  }

  #session(
    session: DecodedCommand['sessions'][number],
    line: TranscriptLine,
    uses: Rebuilt['sessions'],
    index: number,
    command: CommandRecord,
    names: readonly Uint8Array[],
    parameters: Uint8Array,
  ) {
    const recorded = line.sessions?.[index];
    const use = uses[index];
    const sessionHandle = this.#handle(session.sessionHandle);
    if (!recorded || !use) return { ...session, sessionHandle };
    const { live, nonceCaller } = use;
    const common = { ...session, sessionHandle: live.handle, nonce: nonceCaller };
    if (!isHonest(recorded, live)) return common; // a wrong HMAC stays as wrong as it was
    const included = recorded.authValue && recorded.hmacKey?.endsWith(recorded.authValue) && recorded.hmacKey !== recorded.sessionKey;
    const key = concat(live.sessionKey, included ? this.#auth(recorded) : EMPTY);
    const cpHash = commandDigest(live.authHash, command.code, names, parameters);
    const extra = this.#extraNonces(recorded, line, uses);
    return { ...common, hmac: sessionHmac(live.authHash, key, cpHash, nonceCaller, live.nonceTPM, extra, session.sessionAttributes) };
  }

  /** nonceTPM of the sessions that the recorded HMAC covered too. */
  #extraNonces({ extraNonces }: RecordedSession, line: TranscriptLine, uses: Rebuilt['sessions']): Uint8Array {
    if (!extraNonces) return EMPTY;
    const positions = (line.sessions ?? []).flatMap((other, i) => {
      const at = other.nonceTPM ? extraNonces.indexOf(other.nonceTPM) : -1;
      return at >= 0 ? [{ at, nonce: uses[i]?.live.nonceTPM ?? EMPTY }] : [];
    });
    return concat(...positions.sort((a, b) => a.at - b.at).map(({ nonce }) => nonce));
  }
}

/** Whether a recorded HMAC is the right one for what was recorded. */
function isHonest(recorded: RecordedSession, { authHash }: LiveSession): boolean {
  if (!recorded.hmac) return false;
  const { hmacKey, cpHash, nonceCaller, nonceTPM, extraNonces, attributes, hmac } = recorded;
  const right = sessionHmac(
    authHash,
    bytesOf(hmacKey),
    bytesOf(cpHash),
    bytesOf(nonceCaller),
    bytesOf(nonceTPM),
    bytesOf(extraNonces),
    Number(attributes),
  );
  return sameBytes(right, bytesOf(hmac));
}

const sessionName = (handle: number): string => `0x${handle.toString(16).padStart(8, '0')}`;

/** The value of a first field, from the contents of its TPM2B. */
function firstOf(fields: Fields, contents: Uint8Array): unknown {
  const codec = Object.values(fields)[0];
  return codec ? decode(codec, concat(Uint8Array.of(contents.length >>> 8, contents.length), contents)) : undefined;
}

function writeFields(fields: Fields, values: Readonly<Record<string, unknown>>): Uint8Array {
  return concat(...Object.entries(fields).map(([name, codec]) => encode(codec, values[name])));
}

function missingCommand({ hex, name }: TranscriptLine): string | undefined {
  const bytes = bytesOf(hex);
  const code = bytes.length >= 10 ? codeOf(bytes) : 0;
  const isCommand = (Object.values(TPM_CC) as number[]).includes(code);
  return isCommand && !commands.has(code) ? `this TPM has no TPM2_${name}` : undefined;
}

interface Group {
  readonly name: string;
  readonly exchanges: Exchange[];
}

/** Exchanges by case; without cases each stands for itself. */
function groups(all: readonly Exchange[]): Group[] {
  const found: Group[] = [];
  for (const exchange of all) {
    const { case: name, seq } = exchange.command;
    const last = found.at(-1);
    if (name === undefined) found.push({ name: `${seq} ${exchange.command.name}`, exchanges: [exchange] });
    else if (last?.name === name) last.exchanges.push(exchange);
    else found.push({ name, exchanges: [exchange] });
  }
  return found;
}
