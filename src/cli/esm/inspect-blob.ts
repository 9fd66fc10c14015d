import { explained, type Inspection, inspectBlob, readNamed } from '../../svm/owner/index.ts';
import { type Paint, painter } from '../../trace/index.ts';
import { EXIT, type Io } from '../io.ts';
import type { InspectFlags } from './flags.ts';
import { EsmSession } from './session.ts';

/** `esm inspect`: a blob as a person wants to see it, or as JSON. */
export async function inspect(blob: string, { key, pub, json, ...common }: InspectFlags, io: Io): Promise<number> {
  const session = new EsmSession(common, io);
  const read = await session.blob(blob);
  const keys = await Promise.all(pub.map(async name => ({ name, key: await session.publicKey(name) })));
  const opener = key === undefined ? undefined : await session.privateKey(key);
  const inside = explained(blob, () =>
    inspectBlob(read, opener && key !== undefined ? [...keys, { name: key, key: opener }] : keys, opener),
  );
  const behind = (await readNamed(blob)).length - inside.bytes;
  // libfdt does not look behind the tree, so the real tool and the Ultravisor take such a file.
  const notices =
    behind > 0 ? [...inside.notices, `The file goes on for ${behind} bytes behind the tree: nobody reads them.`] : inside.notices;
  const found = { ...inside, notices };
  io.out(json ? `${JSON.stringify({ file: blob, ...found }, null, 2)}\n` : showInspection(blob, found, painter(io.colors)));
  return EXIT.held;
}

function showInspection(file: string, found: Inspection, paint: Paint): string {
  const { bytes, lockboxes, digests, attachments, filesTreeBytes, openedBy, notices, unprotected } = found;
  const lines = [`${paint(file, 'heading')}: ESM blob, ${bytes} bytes`, '', paint('Lockboxes', 'heading')];
  for (const { name, fingerprint, comment, key, role } of lockboxes) {
    const whose = key ?? (role === 'origin' ? 'the origin' : 'a key that was not given');
    const opened = name === openedBy ? ', opened' : '';
    lines.push(`  ${name.padEnd(15)}${fingerprint}  ${whose}${paint(opened, 'good')}${quoted(comment)}`);
  }
  lines.push('', paint('Digests', 'heading'));
  if (!digests) lines.push('  none');
  else if (!digests.opened) lines.push(`  encrypted: --key with a private key that has a lockbox shows them${quoted(digests.comment)}`);
  else {
    const { kernelSize, ...sums } = digests.opened;
    if (digests.comment) lines.push(` ${quoted(digests.comment)}`);
    for (const [item, sum] of Object.entries(sums)) {
      lines.push(`  ${item.padEnd(10)}SHA-512 ${sum}${item === 'kernel' ? `, ${kernelSize} bytes` : ''}`);
    }
  }
  lines.push('', paint(`Attachments${filesTreeBytes === null ? '' : ` (a tree of ${filesTreeBytes} bytes)`}`, 'heading'));
  if (attachments.length === 0) lines.push('  none');
  for (const { name, size, comment } of attachments) {
    lines.push(`  ${name.padEnd(15)}${size} bytes${openedBy === undefined ? '' : ', authentic'}${quoted(comment)}`);
  }
  if (notices.length > 0) lines.push('', paint('Note', 'heading'), ...notices.map(text => `  ${paint(text, 'bad')}`));
  lines.push('', paint('Not protected', 'heading'), ...unprotected.map(text => `  ${text}`));
  return `${lines.join('\n')}\n`;
}

/** A comment; what anyone can write must not steer the terminal. */
const quoted = (comment: string): string => (comment ? `  ${JSON.stringify(comment)}` : '');
