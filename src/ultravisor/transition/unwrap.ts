import { decode, encode, sameBytes } from '../../bytes/index.ts';
import { U } from '../../spec/index.ts';
import { type Fdt, keyFingerprint } from '../../svm/format/index.ts';
import { PARENT_HANDLE } from '../../svm/wrapping-key/index.ts';
import { AES_128_CFB, type Answer, type ClientSession, CONTINUE, ENCRYPT, type Failure, TpmClient } from '../../tpm/client/index.ts';
import {
  nameOf,
  TPM2_ContextLoad,
  TPM2_ContextSave,
  TPM2_FlushContext,
  TPM2_PolicyAuthValue,
  TPM2_PolicyCommandCode,
  TPM2_PolicyOR,
  TPM2_PolicyRestart,
  TPM2_ReadPublic,
  TPM2_RSA_Decrypt,
} from '../../tpm/index.ts';
import { TPM_ALG, TPM_CC, TPMS_CONTEXT, type TPMT_PUBLIC } from '../../tpm/wire/index.ts';
import type { TpmNode } from '../core/tpm-node.ts';
import type { SvmContext, Ultravisor } from '../core/ultravisor.ts';
import { EsmRefused } from './esm-refused.ts';
import { HcallTransport } from './hcall-transport.ts';
import { takeLockbox } from './lockbox.ts';

const SOURCE = 'open-power/ultravisor uv/tssuv.c UV_TSS_Decrypt, tss/tss20.c';

/** Gets the symmetric key out of the blob's lockbox, through H_TPM_COMM only (docs/reference/pef.md#the-unwrap). */
export function unwrapSymkey(ctx: SvmContext, blob: Fdt): Promise<Uint8Array> {
  const { uv } = ctx;
  return inTurn(uv, async () => {
    // A blob without the one lockbox that is tried costs no TPM command (svm/svm-esmb.c svm_esmb_symkey_get).
    const first = uv.profile.lockbox === 'first only' ? takeLockbox(uv, blob, () => null) : null;
    const { tpm } = uv;
    if (!tpm) throw new EsmRefused(U.NO_KEY, 'ibm,uv-tpm', 'firmware handed over no TPM key', 'docs/reference/pef.md#the-node-ibmuv-tpm');
    const transport = new HcallTransport(ctx);
    const client = new TpmClient(transport, count => uv.random.bytes(count), { bytesBehind: 'ignored' });
    try {
      return await new Unwrap(uv, client, tpm).run(blob, first);
    } finally {
      await transport.close();
    }
  });
}

/** The published code has no lock between SVMs: how many unwraps are under way, the TPM's 64 sessions decide. */
const inTurn = <T>(uv: Ultravisor, body: () => Promise<T>): Promise<T> =>
  uv.profile.unwrapsAtOnce === 'one' ? uv.tpmLock.with(body) : body();

class Unwrap {
  readonly #uv: Ultravisor;
  readonly #client: TpmClient;
  readonly #tpm: TpmNode;
  /** As it was computed from the public area. */
  #keyName: Uint8Array = new Uint8Array(0);

  constructor(uv: Ultravisor, client: TpmClient, tpm: TpmNode) {
    this.#uv = uv;
    this.#client = client;
    this.#tpm = tpm;
  }

  async run(blob: Fdt, first: Uint8Array | null): Promise<Uint8Array> {
    const publicArea = await this.#readPublic();
    const fingerprint = () =>
      publicArea.type === TPM_ALG.RSA ? keyFingerprint(publicArea.unique, publicArea.parameters.exponent || 65537) : null;
    const lockbox = first ?? takeLockbox(this.#uv, blob, fingerprint);
    return this.#uv.profile.session === 'host boot' ? this.#byHandedSession(lockbox) : this.#byNewSession(lockbox);
  }

  /** ReadPublic, and the Name computed from what came: the key must be the one that firmware saw. */
  async #readPublic(): Promise<TPMT_PUBLIC> {
    const { out } = this.#expect(await this.#client.call(TPM2_ReadPublic, { objectHandle: this.#tpm.wrappingKeyHandle }, {}));
    const name = nameOf(out.outPublic);
    const handed = this.#tpm.wrappingKeyPublicname;
    // Over the length of the property, in a buffer of zeros behind the name (uv/tssuv.c UV_TSS_ReadPublic).
    const padded = new Uint8Array(Math.max(handed.length, name.length));
    padded.set(name);
    const same = sameBytes(name, out.name) && sameBytes(padded.subarray(0, handed.length), handed);
    const detail = same
      ? 'the wrapping key has the Name that firmware handed over'
      : 'the key at 0x81800001 is not the one that firmware handed over';
    if (!this.#uv.check('wrapping-key-name', same, detail, SOURCE))
      throw new EsmRefused(U.NO_KEY, 'wrapping-key-name', detail, SOURCE, true);
    this.#keyName = name;
    return out.outPublic;
  }

  /** The published way: a policy session for this unwrap, flushed at its end; a failing flush fails the unwrap. */
  async #byNewSession(lockbox: Uint8Array): Promise<Uint8Array> {
    const { parentPublic } = this.#tpm;
    const salt = this.#uv.profile.sessionSalted && parentPublic ? { salt: { handle: PARENT_HANDLE, publicArea: parentPublic } } : {};
    const opened = await this.#client.startSession({ kind: 'policy', ...salt });
    if (!opened.ok) return this.#refuse(opened);
    const { session } = opened;
    const flush = () => this.#client.call(TPM2_FlushContext, {}, { flushHandle: session.handle });
    let symkey: Uint8Array;
    try {
      symkey = await this.#decrypt(session, lockbox);
    } catch (refused) {
      await flush(); // a failure in between still flushes the session
      throw refused;
    }
    this.#expect(await flush());
    return symkey;
  }

  /**
   * The documented way: the session from host boot, loaded, restarted, used, and saved again before CLOSE_SESSION
   * (docs/reference/decisions.md#session-at-host-boot).
   */
  async #byHandedSession(lockbox: Uint8Array): Promise<Uint8Array> {
    const handed = this.#tpm.session;
    if (!handed) {
      throw new EsmRefused(
        U.NO_KEY,
        'session',
        'the session from host boot is lost: there is none until the next boot',
        'profile documented',
      );
    }
    this.#tpm.session = null; // until it is saved again it is nowhere but in the TPM
    const loaded = this.#expect(await this.#client.call(TPM2_ContextLoad, {}, { context: decode(TPMS_CONTEXT, handed.context) }));
    const session: ClientSession = {
      handle: loaded.handle,
      kind: 'policy',
      authHash: TPM_ALG.SHA256,
      symmetric: AES_128_CFB,
      sessionKey: handed.sessionKey,
      nonceCaller: new Uint8Array(0),
      nonceTPM: handed.nonceTPM,
    };
    try {
      this.#expect(await this.#client.call(TPM2_PolicyRestart, { sessionHandle: session.handle }, {}));
      return await this.#decrypt(session, lockbox);
    } finally {
      const saved = await this.#client.call(TPM2_ContextSave, { saveHandle: session.handle }, {});
      if (saved.ok)
        this.#tpm.session = {
          ...handed,
          context: encode(TPMS_CONTEXT, saved.out.context),
          nonceTPM: session.nonceTPM,
          savedAtNs: this.#uv.world.clock.nowNs,
        };
      else this.#uv.note(`the session from host boot could not be saved (${saved.detail}): it is lost until the next boot`);
    }
  }

  /** Policy A, then RSA_Decrypt with an encrypted response whose HMAC proves that the TPM knows the password. */
  async #decrypt(session: ClientSession, lockbox: Uint8Array): Promise<Uint8Array> {
    const policySession = session.handle;
    const { policyA, policyB, wrappingKeyHandle, wrappingKeyPasswd } = this.#tpm;
    this.#expect(await this.#client.call(TPM2_PolicyCommandCode, { policySession }, { code: TPM_CC.RSA_Decrypt }));
    this.#expect(await this.#client.call(TPM2_PolicyAuthValue, { policySession }, {}));
    this.#expect(await this.#client.call(TPM2_PolicyOR, { policySession }, { pHashList: [policyA, policyB] }));
    const auth = { session, authValue: wrappingKeyPasswd, attributes: CONTINUE | ENCRYPT, authValueInHmac: true };
    const checkHmac = (good: boolean) => {
      const detail = good ? 'the response comes from who knows the password' : 'the response was changed or invented';
      return this.#uv.check('response-hmac', good, detail, SOURCE);
    };
    const input = { cipherText: lockbox, inScheme: { scheme: TPM_ALG.NULL }, label: new Uint8Array(0) };
    const options = { sessions: [auth], names: [this.#keyName], checkHmac };
    return this.#expect(await this.#client.call(TPM2_RSA_Decrypt, { keyHandle: wrappingKeyHandle }, input, options)).out.message;
  }

  #expect<R>(answer: Answer<R>): { readonly handle: number; readonly out: R } {
    if (answer.ok) return answer;
    return this.#refuse(answer);
  }

  #refuse(failure: Failure): never {
    if (failure.rc !== null) throw new EsmRefused(U.NO_KEY, 'tpm', `the TPM refused: ${failure.detail}`, SOURCE);
    const recorded = failure.fault === 'TSS_RC_HMAC_VERIFY' || failure.fault === 'TSS_RC_HMAC_SIZE';
    throw new EsmRefused(U.NO_KEY, recorded ? 'response-hmac' : 'tpm', `${failure.fault}: ${failure.detail}`, SOURCE, recorded);
  }
}
