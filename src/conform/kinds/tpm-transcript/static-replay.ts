import { concat, DecodeError, type Fields, toHex, Writer } from '../../../bytes/index.ts';
import { codeOf, rcOf } from '../../../spec/index.ts';
import {
  type CommandRecord,
  commandDigest,
  commands,
  cryptParameter,
  type DecodedCommand,
  type DecodedResponse,
  decodeCommand,
  decodeResponse,
  responseDigest,
  type SymDef,
  sessionHmac,
  sessionKey,
} from '../../../tpm/index.ts';
import { TPM_ALG, TPM_CC, TPM_RH, TPM_ST, TPMA_SESSION, TPMS_AUTH_COMMAND, TPMS_AUTH_RESPONSE } from '../../../tpm/wire/index.ts';
import { Differences, type PlayedCase } from '../../played-case.ts';
import { bytesOf, type Exchange, exchanges, type RecordedSession, type TranscriptLine } from './transcript-lines.ts';

/** A session as StartAuthSession agreed on it. */
interface Agreed {
  readonly authHash: number;
  readonly symmetric: SymDef;
}

/**
 * Reads every command and response, writes them again byte for byte, and recomputes what the recording says of its sessions:
 * session keys, cpHash, rpHash, HMACs, encrypted parameters. No TPM is asked.
 */
export function replayStatic(lines: readonly TranscriptLine[]): PlayedCase[] {
  const sessions = new Map<string, Agreed>();
  return exchanges(lines).map(exchange => replayExchange(exchange, sessions));
}

function replayExchange({ command: line, response: answer }: Exchange, sessions: Map<string, Agreed>): PlayedCase {
  const name = `${line.seq} ${line.case ? `${line.case}: ` : ''}${line.name}`;
  const commandBytes = bytesOf(line.hex);
  const responseBytes = bytesOf(answer.hex);
  const found = new Differences();
  const code = commandBytes.length >= 10 ? codeOf(commandBytes) : 0;
  const refused = rcOf(responseBytes) !== 0;
  if (!commands.has(code)) return { name, differences: [], skipped: `this TPM has no command 0x${code.toString(16)}` };
  try {
    const command = decodeCommand(commandBytes);
    found.compare('command', line.hex ?? '', toHex(encodeCommand(command)));
    const response = decodeResponse(code, responseBytes);
    found.compare('response', answer.hex ?? '', toHex(encodeResponse(command.command, response)));
    if (!refused) checkExchange(found, line, answer, command, response, sessions);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    // A command that the TPM refused may be no command at all.
    if (!refused) found.compare('decoding', 'possible', error.message);
  }
  return { name, differences: found.all };
}

function writeFields(writer: Writer, fields: Fields, values: Readonly<Record<string, unknown>>, encrypted: boolean): void {
  for (const [i, [name, codec]] of Object.entries(fields).entries()) {
    if (encrypted && i === 0) writer.sized(2, () => writer.raw(values[name] as Uint8Array));
    else codec.write(writer, values[name]);
  }
}

/** The bytes of a command that was decoded; an encrypted first parameter is its ciphertext. */
export function encodeCommand({ header, command, handles, sessions, params, encrypted, parameters }: DecodedCommand): Uint8Array {
  const writer = new Writer();
  writer.u16(header.tag);
  writer.u32(header.commandSize);
  writer.u32(header.commandCode);
  if (!command) return concat(writer.done(), parameters);
  for (const name of Object.keys(command.handles)) writer.u32(handles[name] ?? 0);
  if (header.tag === TPM_ST.SESSIONS)
    writer.sized(4, () => {
      for (const session of sessions) TPMS_AUTH_COMMAND.write(writer, session);
    });
  writeFields(writer, command.params, params, encrypted);
  return writer.done();
}

export function encodeResponse(
  command: CommandRecord | undefined,
  { header, handle, sessions, returns, encrypted, parameters }: DecodedResponse,
): Uint8Array {
  const writer = new Writer();
  writer.u16(header.tag);
  writer.u32(header.responseSize);
  writer.u32(header.responseCode);
  if (header.responseCode !== 0 || !command) return concat(writer.done(), parameters);
  if (handle !== undefined) writer.u32(handle);
  const body = () => writeFields(writer, command.returns, returns, encrypted);
  if (header.tag === TPM_ST.SESSIONS) writer.sized(4, body);
  else body();
  for (const session of sessions) TPMS_AUTH_RESPONSE.write(writer, session);
  return writer.done();
}

function checkExchange(
  found: Differences,
  line: TranscriptLine,
  answer: TranscriptLine,
  command: DecodedCommand,
  response: DecodedResponse,
  sessions: Map<string, Agreed>,
): void {
  if (command.header.commandCode === TPM_CC.StartAuthSession) agree(found, line, answer, command, response, sessions);
  for (const [i, recorded] of (line.sessions ?? []).entries()) {
    const back = answer.sessions?.[i];
    if (recorded.hmacKey !== undefined && back) {
      checkSession(found, `sessions[${i}]`, line, answer, recorded, back, command, response, sessions.get(recorded.handle) ?? DEFAULT);
    }
  }
}

const DEFAULT: Agreed = { authHash: TPM_ALG.SHA256, symmetric: { algorithm: TPM_ALG.AES, keyBits: 128, mode: TPM_ALG.CFB } };

function agree(
  found: Differences,
  line: TranscriptLine,
  answer: TranscriptLine,
  { params, handles }: DecodedCommand,
  { handle, returns }: DecodedResponse,
  sessions: Map<string, Agreed>,
): void {
  const { authHash, symmetric, nonceCaller } = params as { authHash: number; symmetric: SymDef; nonceCaller: Uint8Array };
  sessions.set(`0x${(handle ?? 0).toString(16).padStart(8, '0')}`, { authHash, symmetric });
  if (answer.sessionKey === undefined) return;
  const plain = handles.tpmKey === TPM_RH.NULL && handles.bind === TPM_RH.NULL;
  const secret = plain ? null : { bindAuth: bytesOf(line.bindAuth), salt: bytesOf(line.salt) };
  found.compare('sessionKey', answer.sessionKey, toHex(sessionKey(authHash, secret, returns.nonceTPM as Uint8Array, nonceCaller)));
}

function checkSession(
  found: Differences,
  at: string,
  line: TranscriptLine,
  answer: TranscriptLine,
  sent: RecordedSession,
  back: RecordedSession,
  command: DecodedCommand,
  response: DecodedResponse,
  { authHash, symmetric }: Agreed,
): void {
  const { commandCode } = command.header;
  const attributes = Number(sent.attributes);
  const nonceCaller = bytesOf(sent.nonceCaller);
  const cpHash = commandDigest(authHash, commandCode, (line.names ?? []).map(bytesOf), command.parameters);
  const rpHash = responseDigest(authHash, 0, commandCode, response.parameters);
  if (line.names) found.compare(`${at}.cpHash`, sent.cpHash ?? '', toHex(cpHash));
  found.compare(`${at}.rpHash`, back.rpHash ?? '', toHex(rpHash));
  if (sent.hmac) {
    const hmac = sessionHmac(
      authHash,
      bytesOf(sent.hmacKey),
      cpHash,
      nonceCaller,
      bytesOf(sent.nonceTPM),
      bytesOf(sent.extraNonces),
      attributes,
    );
    found.compare(`${at}.hmac`, sent.hmac, toHex(hmac));
  }
  const nonceTPM = bytesOf(back.nonceTPM);
  if (back.hmac) {
    const hmac = sessionHmac(authHash, bytesOf(back.hmacKey), rpHash, nonceTPM, nonceCaller, new Uint8Array(0), Number(back.attributes));
    found.compare(`${at}.response.hmac`, back.hmac, toHex(hmac));
  }
  const key = concat(bytesOf(sent.sessionKey), bytesOf(sent.authValue));
  const decrypt = (newer: Uint8Array, older: Uint8Array, data: string | undefined) =>
    toHex(cryptParameter('decrypt', authHash, symmetric, key, newer, older, bytesOf(data)));
  if (attributes & TPMA_SESSION.bit.decrypt && line.decryptedParam !== undefined) {
    found.compare(`${at}.decryptedParam`, line.decryptedParam, decrypt(nonceCaller, bytesOf(sent.nonceTPM), line.encryptedParam));
  }
  if (attributes & TPMA_SESSION.bit.encrypt && answer.decryptedParam !== undefined) {
    found.compare(`${at}.response.decryptedParam`, answer.decryptedParam, decrypt(nonceTPM, nonceCaller, answer.encryptedParam));
  }
}
