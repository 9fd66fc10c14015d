import { DecodeError, utf8 } from '../../bytes/index.ts';
import type { Guest } from '../../machine/index.ts';
import { type AnyEvent, ofKind, type World } from '../../sim/index.ts';
import { EsmError, findEsmBlob, MEASURED_ITEMS, type MeasuredItem, openDigests, readEsmBlob } from '../../svm/format/index.ts';
import { nearMiss } from '../../svm/owner/index.ts';
import type { GuestEntry } from '../language/guest-entry.ts';

/** Any address will do: alignment is all that counts. */
const SOMEWHERE = 0x0400_0000n;

interface Refused {
  readonly entry: GuestEntry;
  readonly guest: Guest;
  /** File of the host's wrapping key. */
  readonly key: string | undefined;
  /** A file of the scenario as a command line names it. */
  pathOf(path: string): string;
}

/** Of a guest that was refused for what was measured, or for want of a lockbox: what would have been right, and how to go on. */
export function measuredHint(world: World, refusedGuest: Refused, events: readonly AnyEvent[]): string | undefined {
  const { guest } = refusedGuest;
  const refused = new Set(ofKind(events, 'check').flatMap(({ data }) => (data.ok ? [] : [data.name])));
  const verify = verifyCommand(refusedGuest);
  if (refused.has('lockbox')) return otherRecipient(refusedGuest, verify);
  const items = MEASURED_ITEMS.filter(item => refused.has(`digest-${item}`));
  if (items.length === 0) return undefined;
  const digests = digestsOf(world, guest);
  const { kernel, initrd, rtas, bootargs } = guest.spec;
  const lies: Readonly<Record<(typeof MEASURED_ITEMS)[number], Uint8Array>> = { kernel, initrd, rtas, bootargs: utf8(bootargs) };
  const near = items.flatMap((item: Exclude<MeasuredItem, 'files'>) => {
    const found = digests && nearMiss(item, lies[item], digests[item]);
    if (!found) return [];
    const put = item === 'bootargs' ? `: go on with bootargs ${JSON.stringify(Buffer.from(found.changed).toString('utf8'))}` : '';
    return [`the ${item} would be what was measured ${found.how}${put}`];
  });
  const all = [...near, ...(verify ? [`to see every check: ${verify}`] : [])];
  return all.length > 0 ? all.join('; ') : undefined;
}

/** The owner's digests; undefined: the blob was not opened in this run, or holds none that can be read. */
function digestsOf(world: World, { spec }: Guest) {
  const symkey = world.secrets.all.filter(({ name }) => name === `symmetric key of the ESM blob of lpid ${spec.lpid}`).at(-1)?.bytes;
  if (!symkey) return undefined;
  const at = findEsmBlob(spec.initrd, SOMEWHERE).blobOffset;
  const blob = at === null ? spec.esmBlob : spec.initrd.subarray(at);
  try {
    return blob && openDigests(readEsmBlob(blob), symkey);
  } catch (error) {
    if (error instanceof EsmError || error instanceof DecodeError) return undefined;
    throw error;
  }
}

/** `esm verify` with the files of the guest, for a blob that is a file. */
function verifyCommand({ entry: { esm, kernel, initrd, bootargs, rtas }, key, pathOf }: Refused): string | undefined {
  if (!esm || !('blob' in esm)) return undefined;
  const line = typeof bootargs === 'string' ? ['--bootargs', bootargs] : ['--bootargs-file', pathOf(bootargs.file)];
  const more = [...(rtas === undefined ? [] : ['--rtas', pathOf(rtas)]), ...(key === undefined ? [] : ['--key', pathOf(key)])];
  return ['svm-sim', 'esm', 'verify', pathOf(esm.blob), '--kernel', pathOf(kernel), '--initrd', pathOf(initrd), ...line, ...more]
    .map(quoted)
    .join(' ');
}

function otherRecipient({ entry: { esm }, pathOf }: Refused, verify: string | undefined): string {
  if (esm && 'recipe' in esm) return "the owner did not make this host a recipient: add it to the recipe's recipients";
  const blob = esm ? quoted(pathOf(esm.blob)) : 'BLOB';
  const go = `svm-sim esm authorize -b ${blob} -s ORIGIN.key -p HOST.pub`;
  return `the blob is for other recipients; to go on: ${go}${verify ? `; to see every check: ${verify}` : ''}`;
}

/** As a shell takes it. */
const quoted = (word: string): string => (/^[\w./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
