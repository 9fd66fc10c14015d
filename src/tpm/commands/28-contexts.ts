import { command, plain, user } from '../command.ts';
import { isEnabled } from '../model/hierarchies/hierarchy.ts';
import { sealObject, sealSession, unseal } from '../model/keys/context.ts';
import { findObject, flushObject, keyAt, objectAt, place } from '../model/keys/objects.ts';
import { nvBytesUsed } from '../model/nv/nv.ts';
import {
  findSession,
  flushSession,
  isCurrentContext,
  isSessionNumber,
  isSessionSaved,
  loadSession,
  saveSession,
} from '../model/sessions/sessions.ts';
import { inHandle, inParameter, refuse } from '../refusal.ts';
import {
  handleType,
  PLATFORM_PERSISTENT,
  TPM_CC,
  TPM_HT,
  TPM_RC,
  TPM_RH,
  TPMI_DH_CONTEXT,
  TPMI_DH_OBJECT,
  TPMI_DH_PERSISTENT,
  TPMI_RH_PROVISION,
  TPMS_CONTEXT,
} from '../wire/index.ts';

// Part 3 §28.

export const TPM2_ContextSave = command({
  code: TPM_CC.ContextSave,
  name: 'TPM2_ContextSave',
  spec: 'Part 3 §28.2',
  handles: { saveHandle: plain(TPMI_DH_CONTEXT) },
  params: {},
  returns: { context: TPMS_CONTEXT },
  sessions: 'none',
  run(tpm, { saveHandle }) {
    if (handleType(saveHandle) === TPM_HT.TRANSIENT) {
      const sequence = tpm.state.reset.objectContextId + 1n;
      const context = sealObject(tpm, objectAt(tpm, saveHandle), sequence);
      tpm.state.reset.objectContextId = sequence;
      return { context };
    }
    const session = findSession(tpm, saveHandle);
    if (!session) throw new RangeError('dispatch saw to it that the session is loaded');
    return { context: sealSession(tpm, session, saveSession(tpm, session)) };
  },
});

export const TPM2_ContextLoad = command({
  code: TPM_CC.ContextLoad,
  name: 'TPM2_ContextLoad',
  spec: 'Part 3 §28.3',
  handles: {},
  params: { context: TPMS_CONTEXT },
  returnsHandle: 'loadedHandle',
  returns: {},
  sessions: 'none',
  run(tpm, { context }) {
    const { savedHandle, sequence } = context;
    if (handleType(savedHandle) !== TPM_HT.TRANSIENT && !isSessionNumber(tpm, savedHandle)) refuse(inParameter(1, TPM_RC.VALUE));
    const content = unseal(tpm, context);
    if ('kind' in content) {
      if (!isEnabled(tpm, context.hierarchy)) refuse(inParameter(1, TPM_RC.HIERARCHY));
      return { loadedHandle: place(tpm, content) };
    }
    // Each saved context of a session comes back once: it must be the last that was made.
    if (!isSessionSaved(tpm, savedHandle) || !isCurrentContext(tpm, savedHandle, sequence)) {
      refuse(inParameter(1, TPM_RC.HANDLE));
    }
    loadSession(tpm, content);
    return { loadedHandle: savedHandle };
  },
});

export const TPM2_FlushContext = command({
  code: TPM_CC.FlushContext,
  name: 'TPM2_FlushContext',
  spec: 'Part 3 §28.4',
  handles: {}, // what is flushed need not be loaded: the handle is a parameter
  params: { flushHandle: TPMI_DH_CONTEXT },
  returns: {},
  sessions: 'none',
  run(tpm, { flushHandle }) {
    const transient = handleType(flushHandle) === TPM_HT.TRANSIENT;
    const exists = transient
      ? findObject(tpm, flushHandle) !== null
      : findSession(tpm, flushHandle) !== null || isSessionSaved(tpm, flushHandle);
    if (!exists) refuse(inParameter(1, TPM_RC.HANDLE));
    if (transient) flushObject(tpm, flushHandle);
    else flushSession(tpm, flushHandle);
    return {};
  },
});

export const TPM2_EvictControl = command({
  code: TPM_CC.EvictControl,
  name: 'TPM2_EvictControl',
  spec: 'Part 3 §28.5',
  handles: { auth: user(TPMI_RH_PROVISION), objectHandle: plain(TPMI_DH_OBJECT) },
  params: { persistentHandle: TPMI_DH_PERSISTENT },
  returns: {},
  nv: true,
  run(tpm, { auth, objectHandle, persistentHandle }) {
    const { persistent } = tpm.state.permanent;
    const object = keyAt(tpm, objectHandle, inHandle(2, TPM_RC.ATTRIBUTES));
    if (object.hierarchy === TPM_RH.NULL || object.stClear || !object.sensitive) refuse(inHandle(2, TPM_RC.ATTRIBUTES));
    const evicting = object.evictHandle !== null;
    if (evicting && object.evictHandle !== persistentHandle) refuse(inHandle(2, TPM_RC.HANDLE));
    const platforms = object.hierarchy === TPM_RH.PLATFORM;
    const platformRange = persistentHandle >= PLATFORM_PERSISTENT;
    if (auth === TPM_RH.PLATFORM) {
      // The platform may remove any persistent object, but make only its own persistent.
      if (!evicting && !platforms) refuse(inHandle(2, TPM_RC.HIERARCHY));
      if (!evicting && !platformRange) refuse(inParameter(1, TPM_RC.RANGE));
    } else {
      if (platforms) refuse(inHandle(2, TPM_RC.HIERARCHY));
      if (!evicting && platformRange) refuse(inParameter(1, TPM_RC.RANGE));
    }
    if (evicting) {
      persistent.delete(persistentHandle);
      return {};
    }
    if (persistent.has(persistentHandle)) refuse(TPM_RC.NV_DEFINED);
    if (persistent.size >= tpm.limits.persistentObjects || nvBytesUsed(tpm) > tpm.limits.nvBytes) refuse(TPM_RC.NV_SPACE);
    persistent.set(persistentHandle, { ...object, evictHandle: persistentHandle });
    return {};
  },
});
