import { DecodeError, utf8 } from '../../bytes/index.ts';
import { gfnOf, PAGE_BYTES, pageOffset } from '../../hcall/index.ts';
import type { Guest, Host } from '../../machine/index.ts';
import { type Fdt, findEsmBlob, findProperty, readFdt, walk } from '../../svm/format/index.ts';
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
      async afterStep() {
        for (const host of machine.hosts) {
          for (const guest of host.guests) {
            if (guest.state !== 'secure' || (await host.secureWorld.phaseOf(guest.spec.lpid)) !== 'SECURE') continue;
            compared++;
            for (const text of await forgeries(host, guest, namesFor)) {
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
async function forgeries(host: Host, guest: Guest, namesFor: (guest: Guest) => ReadonlySet<string>): Promise<string[]> {
  const { spec, layout } = guest;
  const of = `of ${spec.name}`;
  const wrong: string[] = [];
  const frame = (gfn: bigint): Promise<Uint8Array | null> => host.secureWorld.lookAt(spec.lpid, gfn);
  const compare = async (name: string, gpa: bigint, expected: Uint8Array): Promise<void> => {
    const at = await firstDifference(frame, gpa, expected);
    if (at !== null)
      wrong.push(
        at < expected.length
          ? `the ${name} ${of} is not the owner's from byte ${at} on`
          : `behind the ${name} ${of} lies what nobody measured (byte ${at})`,
      );
  };
  await compare('kernel', layout.kernel, spec.kernel);
  await compare('RTAS code', layout.rtas, spec.rtas);
  const archive = spec.esmBlob ? 0 : findEsmBlob(spec.initrd, layout.initrd).archiveBytes;
  await compare('initrd', layout.initrd + BigInt(archive), spec.initrd.subarray(archive));
  const tree = await secureTree(frame, layout.fdt);
  if (tree) wrong.push(...treeForgeries(tree, spec.bootargs, namesFor(guest)).map(text => `${text} (${spec.name})`));
  return wrong;
}

/** First byte in which secure memory differs: within what is expected, or in the rest of its last page, which should be zero. */
async function firstDifference(frame: Frames, gpa: bigint, expected: Uint8Array): Promise<number | null> {
  const end = gpa + BigInt(expected.length);
  for (let at = gpa; at < end; at += BigInt(PAGE_BYTES - pageOffset(at))) {
    const from = pageOffset(at);
    const done = Number(at - gpa);
    const page = await frame(gfnOf(at));
    if (!page) continue; // paged out: sealed, nobody reads it
    const wanted = Buffer.alloc(PAGE_BYTES - from);
    wanted.set(expected.subarray(done, done + PAGE_BYTES - from));
    const is = page.subarray(from);
    if (wanted.equals(is)) continue;
    return done + wanted.findIndex((byte, i) => byte !== is[i]);
  }
  return null;
}

/** Frames as the SVM sees them; null: it is not in secure memory. */
type Frames = (gfn: bigint) => Promise<Uint8Array | null>;

async function secureTree(frame: Frames, gpa: bigint): Promise<Fdt | null> {
  const page = await frame(gfnOf(gpa));
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
