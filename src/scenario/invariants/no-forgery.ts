import { DecodeError, utf8 } from '../../bytes/index.ts';
import { gfnOf, PAGE_BYTES, pageOffset } from '../../hcall/index.ts';
import type { Guest, Host } from '../../machine/index.ts';
import { type Fdt, findEsmBlob, findProperty, readFdt, walk } from '../../svm/format/index.ts';
import type { Svm } from '../../ultravisor/index.ts';
import type { Breach, Invariant, Watcher } from './invariant.ts';

/** No SVM is secure with contents that its owner did not measure: its secure memory is compared with the owner's bytes. */
export const noForgery: Invariant = {
  name: 'no-forgery',
  about: 'no SVM is secure with a kernel, initrd, command line, RTAS or device tree that its owner did not mean',
  create({ world, machine }): Watcher {
    let found: Breach[] = [];
    let compared = 0;
    /** Names in the tree of each guest as it should be: neither its description nor its devices change. */
    const trees = new Map<Guest, ReadonlySet<string>>();
    const namesFor = (guest: Guest): ReadonlySet<string> => {
      const names = trees.get(guest) ?? namesOf(readFdt(guest.deviceTree()));
      trees.set(guest, names);
      return names;
    };
    return {
      afterStep() {
        for (const host of machine.hosts) {
          for (const guest of host.guests) {
            const svm = host.ultravisor.svm(guest.spec.lpid);
            if (svm?.phase !== 'SECURE' || guest.state !== 'secure') continue;
            compared++;
            for (const text of forgeries(host, guest, svm, namesFor)) {
              if (!found.some(breach => breach.text === text)) found.push({ text, event: world.bus.snapshot() - 1 });
            }
          }
        }
      },
      breaches: () => found,
      held: () => (compared > 0 ? 'what is secure is what its owner measured' : 'nothing became secure'),
      snapshot: () => ({ found: [...found], compared }),
      restore(state: { found: Breach[]; compared: number }) {
        found = [...state.found];
        compared = state.compared;
      },
    };
  },
};

/** What is wrong with the memory of an SVM, a sentence each. */
function forgeries(host: Host, guest: Guest, svm: Svm, namesFor: (guest: Guest) => ReadonlySet<string>): string[] {
  const { spec, layout } = guest;
  const of = `of ${spec.name}`;
  const wrong: string[] = [];
  const compare = (name: string, gpa: bigint, expected: Uint8Array): void => {
    const at = firstDifference(host, svm, gpa, expected);
    if (at !== null)
      wrong.push(
        at < expected.length
          ? `the ${name} ${of} is not the owner's from byte ${at} on`
          : `behind the ${name} ${of} lies what nobody measured (byte ${at})`,
      );
  };
  compare('kernel', layout.kernel, spec.kernel);
  compare('RTAS code', layout.rtas, spec.rtas);
  const archive = spec.esmBlob ? 0 : findEsmBlob(spec.initrd, layout.initrd).archiveBytes;
  compare('initrd', layout.initrd + BigInt(archive), spec.initrd.subarray(archive));
  const tree = secureTree(host, svm, layout.fdt);
  if (tree) wrong.push(...treeForgeries(tree, spec.bootargs, namesFor(guest)).map(text => `${text} (${spec.name})`));
  return wrong;
}

/** First byte in which secure memory differs: within what is expected, or in the rest of its last page, which should be zero. */
function firstDifference(host: Host, svm: Svm, gpa: bigint, expected: Uint8Array): number | null {
  const end = gpa + BigInt(expected.length);
  for (let at = gpa; at < end; at += BigInt(PAGE_BYTES - pageOffset(at))) {
    const from = pageOffset(at);
    const done = Number(at - gpa);
    const page = securePage(host, svm, gfnOf(at));
    if (!page) continue; // paged out: sealed, nobody reads it
    const wanted = Buffer.alloc(PAGE_BYTES - from);
    wanted.set(expected.subarray(done, done + PAGE_BYTES - from));
    const is = page.subarray(from);
    if (wanted.equals(is)) continue;
    return done + wanted.findIndex((byte, i) => byte !== is[i]);
  }
  return null;
}

/** A frame as the SVM sees it; null when it is not in secure memory. */
function securePage(host: Host, svm: Svm, gfn: bigint): Uint8Array | null {
  const frame = svm.frames.get(gfn);
  if (frame?.state === 'PAGEDOUT') return null;
  const ra = frame?.secureRa ?? null;
  return ra === null ? new Uint8Array(PAGE_BYTES) : host.memory.read(ra, PAGE_BYTES, 'ultravisor');
}

function secureTree(host: Host, svm: Svm, gpa: bigint): Fdt | null {
  const page = securePage(host, svm, gfnOf(gpa));
  if (!page) return null;
  try {
    return readFdt(page);
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

/** The command line is measured. Of the rest of the tree only the names are looked at: its values are the hypervisor's to say. */
function treeForgeries(tree: Fdt, ownBootargs: string, known: ReadonlySet<string>): string[] {
  const wrong: string[] = [];
  const bootargs = findProperty(tree, '/chosen', 'bootargs');
  if (!bootargs || !Buffer.from(bootargs).equals(utf8(`${ownBootargs}\0`)))
    wrong.push('the command line in the tree is not the one that was measured');
  for (const name of namesOf(tree)) if (!known.has(name)) wrong.push(`the device tree has ${name}, which nothing vouches for`);
  return wrong;
}

function namesOf(tree: Fdt): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { path, node } of walk(tree.root)) {
    names.add(path);
    for (const { name } of node.properties) names.add(`${path}/${name}`);
  }
  return names;
}
