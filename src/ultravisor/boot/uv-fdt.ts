import { decode, encode, getU32 } from '../../bytes/index.ts';
import { buildFdt, type Fdt, type FdtNode, fdtNode, propertyOf, readFdt, text, walk, writeFdt } from '../../svm/format/index.ts';
import { TPMT_PUBLIC } from '../../tpm/wire/index.ts';
import type { HandedSession, TpmNode } from '../core/tpm-node.ts';
import type { Ultravisor } from '../core/ultravisor.ts';

const COMPATIBLE = 'ibm,uv-tpm';
/** The node above it, and what stands at the root. */
const ABOVE = 'ibm,uv-fdt';
const DESCRIPTION = 'Ultravisor fdt';
/** Properties without which the Ultravisor keeps nothing of the node (uv/uv-crypto.c wrap_key_prop_str). */
const NEEDED = [
  'wrapping-key-handle',
  'wrapping-key-passwd',
  'wrapping-key-publicname',
  'wrapping-key-policy-a',
  'wrapping-key-policy-b',
] as const;

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
  return uvFdtWith([fdtNode(COMPATIBLE, properties)]);
}

const uvFdtWith = (children: readonly FdtNode[]): Uint8Array =>
  writeFdt(buildFdt({ description: text(DESCRIPTION) }, [fdtNode(ABOVE, { compatible: text(ABOVE) }, children)]));

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

/** Whether one of the strings of a property is this one. */
const isCompatible = (node: FdtNode): boolean =>
  Buffer.from(propertyOf(node, 'compatible')?.value ?? [])
    .toString('latin1')
    .split('\0')
    .includes(COMPATIBLE);

/** The nodes that say they are compatible, at any depth, in the order of the tree. */
export function uvTpmNodes(tree: Fdt): readonly { readonly path: string; readonly node: FdtNode }[] {
  return [...walk(tree.root)].filter(({ node }) => isCompatible(node));
}

/** Where the published firmware puts the node. */
export const UV_TPM_PATH = `/${ABOVE}/${COMPATIBLE}`;

/**
 * Reads the first node that is compatible; null without one, or when it lacks a property: the Ultravisor starts, and every unwrap fails
 * before its first command (open-power/ultravisor uv/uv-crypto.c uv_crypto_wrap_key_init).
 */
export function readUvFdt(bytes: Uint8Array): TpmNode | null {
  const node = uvTpmNodes(readFdt(bytes))[0]?.node;
  if (!node || NEEDED.some(name => !propertyOf(node, name))) return null;
  const value = (name: string): Uint8Array => propertyOf(node, name)?.value.slice() ?? new Uint8Array(0);
  const u32 = (name: string): number => getU32(value(name), 0);
  const passwd = value('wrapping-key-passwd');
  const nul = passwd.indexOf(0);
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
    wrappingKeyPasswd: nul < 0 ? passwd : passwd.slice(0, nul), // a string of C
    wrappingKeyPublicname: value('wrapping-key-publicname'),
    policyA: value('wrapping-key-policy-a'),
    policyB: value('wrapping-key-policy-b'),
    parentPublic: parent.length > 0 ? decode(TPMT_PUBLIC, parent) : null,
    session: context.length > 0 ? session : null,
  };
}

/** Entry from firmware: the Ultravisor takes what is in the tree (open-power/ultravisor core/init.c). */
export function startUltravisor(uv: Ultravisor, uvFdt: Uint8Array): void {
  const nodes = uvTpmNodes(readFdt(uvFdt));
  const [first] = nodes;
  const alone = nodes.length <= 1 && (first === undefined || first.path === UV_TPM_PATH);
  const detail = alone ? 'one node ibm,uv-tpm, in its place' : `nodes ibm,uv-tpm: ${nodes.map(({ path }) => path).join(', ')}`;
  const taken = !uv.makes('handover-node') || uv.check('handover-node', alone, detail, 'docs/reference/pef.md#the-node-ibmuv-tpm');
  uv.tpm = taken ? readUvFdt(uvFdt) : null;
  if (uv.tpm?.session) uv.tpm.session.savedAtNs = uv.world.clock.nowNs;
  if (!uv.tpm) uv.note('no ibm,uv-tpm: every unwrap will fail');
}
