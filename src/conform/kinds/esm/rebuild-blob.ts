import { Random } from '../../../sim/index.ts';
import { type EsmBlob, type Fdt, type FdtNode, filesFdt, loadPrivateKey, loadPublicKey, readFdt, walk } from '../../../svm/format/index.ts';
import { attach, authorize, makeBlobFromRecipe, parseRecipe, readNamed } from '../../../svm/owner/index.ts';
import type { EsmManifest } from './esm-manifest.ts';

/** What svm-tool draws at random or derives from it. */
const CHANCE: readonly string[] = ['encrypted-symkey', 'mac', 'iv', 'ciphertext'];

/** The blob that our owner makes with the recorded commands. Null with a command that this player does not know. */
export async function rebuild(manifest: EsmManifest, path: (file: string) => string): Promise<EsmBlob | null> {
  const random = new Random(manifest.name);
  const passphrase = manifest.originKeyPassphrase;
  let blob: EsmBlob | null = null;
  for (const line of manifest.commands) {
    const { command, option } = parseCommand(line);
    if (command === 'esm generate' || command === 'svm add') continue;
    if (command === 'esm make') {
      const recipe = parseRecipe(Buffer.from(await readNamed(path(option('y')))).toString('utf8'), option('y'));
      blob = await makeBlobFromRecipe(recipe, path('.'), random, passphrase);
      continue;
    }
    if (!blob || (command !== 'esm authorize' && command !== 'esm attach')) return null;
    const opener = await loadPrivateKey(await readNamed(path(option('s'))), option('s'), passphrase);
    if (command === 'esm authorize') {
      blob = authorize(blob, await loadPublicKey(await readNamed(path(option('p'))), option('p')), opener, random, option('c'));
    } else {
      const name = option('r') || option('f').replace(/^.*\//, '');
      blob = attach(blob, { name, bytes: await readNamed(path(option('f'))), comment: option('c') }, opener, random);
    }
  }
  return blob;
}

/** `svm-tool esm attach -c 'some text' -r name`: the sub-command, and each option's value (empty when it is not given). */
function parseCommand(line: string): { readonly command: string; readonly option: (letter: string) => string } {
  const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
  const options = new Map(words.map((word, i) => [word, words[i + 1] ?? '']));
  return { command: words.slice(1, 3).join(' '), option: letter => options.get(`-${letter}`) ?? '' };
}

/** A blob line by line, with the length in place of what is random: two blobs of one recipe have the same. */
export function structureOf(blob: Fdt): readonly string[] {
  const inner = filesFdt(blob);
  return [...linesOf(blob, ''), ...(inner ? linesOf(readFdt(inner), 'files-fdt:') : [])];
}

function linesOf(tree: Fdt, where: string): string[] {
  const strings = Buffer.from(tree.strings).toString('latin1').replaceAll('\0', ' ');
  return [
    `${where}strings ${strings}`,
    `${where}reservations ${tree.reservations.length}, boot cpu ${tree.bootCpu}`,
    ...[...walk(tree.root)].flatMap(({ path, node }) => [
      `${where}${path}`,
      ...node.properties.map(property => shown(`${where}${path}`, property)),
    ]),
  ];
}

function shown(path: string, { name, value }: FdtNode['properties'][number]): string {
  const hidden = CHANCE.includes(name) || name === 'files-fdt';
  return `${path} ${name}: ${value.length} bytes${hidden ? '' : ` ${Buffer.from(value).toString('hex')}`}`;
}
