import { decode, encode } from '../../bytes/index.ts';
import { TpmClient } from '../../tpm/client/index.ts';
import { TPM2_ContextLoad, TPM2_ContextSave } from '../../tpm/index.ts';
import { TPMS_CONTEXT } from '../../tpm/wire/index.ts';
import type { SvmContext } from '../core/ultravisor.ts';
import { HcallTransport } from './hcall-transport.ts';

/** Some 73 saves a second by others would fill the gap of 65 535 in this time. */
const REFRESH_NS = 15n * 60n * 1_000_000_000n;

/**
 * Loads and saves the session of host boot, when its context is old: else the TPM refuses to save the contexts of others
 * (TPM_RC_CONTEXT_GAP; docs/reference/decisions.md#session-at-host-boot). The Ultravisor reaches the TPM on the processor of an SVM only,
 * so it takes the moment at which one has nothing to do; on a host without SVMs nobody refreshes.
 */
export async function refreshSession(ctx: SvmContext): Promise<void> {
  const { uv, svm } = ctx;
  const isOld = (): boolean => {
    const session = uv.tpm?.session;
    return session ? uv.world.clock.nowNs - session.savedAtNs >= REFRESH_NS : false;
  };
  if (!isOld() || svm.phase !== 'SECURE') return;
  await uv.tpmLock.with(async () => {
    const { tpm } = uv;
    const handed = tpm?.session;
    if (!tpm || !handed || !isOld()) return; // somebody was faster
    const transport = new HcallTransport(ctx);
    const client = new TpmClient(transport, count => uv.random.bytes(count));
    tpm.session = null; // until it is saved again it is nowhere but in the TPM
    try {
      const loaded = await client.call(TPM2_ContextLoad, {}, { context: decode(TPMS_CONTEXT, handed.context) });
      if (!loaded.ok) {
        if (loaded.rc !== null) tpm.session = handed; // the TPM did not take it: it is where it was
        return;
      }
      const saved = await client.call(TPM2_ContextSave, { saveHandle: loaded.handle }, {});
      if (saved.ok) tpm.session = { ...handed, context: encode(TPMS_CONTEXT, saved.out.context), savedAtNs: uv.world.clock.nowNs };
      else uv.note(`the session from host boot could not be saved (${saved.detail}): it is lost until the next boot`);
    } finally {
      await transport.close();
    }
  });
}
