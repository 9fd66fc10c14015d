import { decode, encode } from '../../bytes/index.ts';
import { buildFdt, fdtNode, findNode, propertyOf, readFdt, text, writeFdt } from '../../svm/format/index.ts';
import { TPMT_PUBLIC } from '../../tpm/wire/index.ts';
import type { HandedSession, TpmNode } from '../core/tpm-node.ts';
import type { Ultravisor } from '../core/ultravisor.ts';

const COMPATIBLE = 'ibm,uv-tpm';

/**
 * The tree that firmware hands to the Ultravisor, with the node `ibm,uv-tpm` (skiboot libstb/tss2/opalcreate.c;
 * docs/reference/pef.md#the-node-ibmuv-tpm).
 */
export function writeUvFdt(node: TpmNode): Uint8Array {
  const handle = new Uint8Array(4);
  new DataView(handle.buffer).setUint32(0, node.wrappingKeyHandle);
  const passwd = new Uint8Array(node.wrappingKeyPasswd.length + 1); // with a NUL
  passwd.set(node.wrappingKeyPasswd);
  const properties = {
    compatible: text(COMPATIBLE),
    'wrapping-key-handle': handle,
    'wrapping-key-passwd': passwd,
    'wrapping-key-publicname': node.wrappingKeyPublicname,
    'wrapping-key-policy-a': node.policyA,
    'wrapping-key-policy-b': node.policyB,
    ...(node.parentPublic ? { 'svm-sim,parent-public': encode(TPMT_PUBLIC, node.parentPublic) } : {}),
    ...sessionProperties(node.session),
  };
  return writeFdt(buildFdt({}, [fdtNode(COMPATIBLE, properties)]));
}

/**
 * Properties of our own: the documents promise a session from host boot, but no published firmware has one
 * (docs/reference/decisions.md#session-at-host-boot).
 */
function sessionProperties(session: HandedSession | null): Record<string, Uint8Array | number> {
  if (!session) return {};
  return {
    'svm-sim,session-handle': session.handle,
    'svm-sim,session-context': session.context,
    'svm-sim,session-key': session.sessionKey,
    'svm-sim,session-nonce-tpm': session.nonceTPM,
  };
}

/** Reads the node; null without one: the Ultravisor starts, and every unwrap fails. A missing property is empty. */
export function readUvFdt(bytes: Uint8Array): TpmNode | null {
  const tree = readFdt(bytes);
  const node = findNode(tree, `/${COMPATIBLE}`);
  if (!node) return null;
  const value = (name: string): Uint8Array => propertyOf(node, name)?.value.slice() ?? new Uint8Array(0);
  const u32 = (name: string): number => {
    const bytes = value(name);
    return bytes.length === 4 ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) : 0;
  };
  const parent = value('svm-sim,parent-public');
  const context = value('svm-sim,session-context');
  const session = {
    context,
    handle: u32('svm-sim,session-handle'),
    sessionKey: value('svm-sim,session-key'),
    nonceTPM: value('svm-sim,session-nonce-tpm'),
    savedAtNs: 0n, // the Ultravisor's clock begins with it
  };
  return {
    wrappingKeyHandle: u32('wrapping-key-handle'),
    wrappingKeyPasswd: value('wrapping-key-passwd').slice(0, -1),
    wrappingKeyPublicname: value('wrapping-key-publicname'),
    policyA: value('wrapping-key-policy-a'),
    policyB: value('wrapping-key-policy-b'),
    parentPublic: parent.length > 0 ? decode(TPMT_PUBLIC, parent) : null,
    session: context.length > 0 ? session : null,
  };
}

/** Entry from firmware: the Ultravisor takes what is in the tree (open-power/ultravisor core/init.c). */
export function startUltravisor(uv: Ultravisor, uvFdt: Uint8Array): void {
  uv.tpm = readUvFdt(uvFdt);
  if (uv.tpm?.session) uv.tpm.session.savedAtNs = uv.world.clock.nowNs;
  if (!uv.tpm) uv.note('no ibm,uv-tpm: every unwrap will fail');
}
