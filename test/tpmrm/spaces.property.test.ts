import { expect } from 'chai';
import fc from 'fast-check';
import type { DeviceFile } from '../../src/tpmrm/index.ts';
import { ask, type Bench, bench, createObject, flush, getDigest, listHandles, readPublic, startSession } from './help.ts';

/** What a user of /dev/tpmrm0 may rely on, told without a resource manager. */
interface Model {
  spaces: { objects: Map<number, number>; sessions: number[] }[];
}
interface Real extends Bench {
  files: DeviceFile[];
}
type Command = fc.AsyncCommand<Model, Real>;

const HANDLES = [0x80ffffff, 0x80fffffe, 0x80fffffd];

/** A command on one of the open spaces. */
function onSpace(
  name: string,
  run: (model: Model['spaces'][number], file: DeviceFile, real: Real, all: Model) => Promise<void>,
): fc.Arbitrary<Command> {
  return fc.nat().map(which => ({
    check: model => model.spaces.length > 0,
    toString: () => `${name}(${which})`,
    run: async (model, real) => {
      const index = which % model.spaces.length;
      const space = model.spaces[index];
      const file = real.files[index];
      if (space && file) await run(space, file, real, model);
    },
  }));
}

const open: fc.Arbitrary<Command> = fc.constant({
  check: model => model.spaces.length < 20,
  toString: () => 'open',
  run: async (model, real) => {
    model.spaces.push({ objects: new Map(), sessions: [] });
    real.files.push(await real.open());
  },
});

const close = onSpace('close', async (space, file, real, all) => {
  await file.close();
  real.files.splice(real.files.indexOf(file), 1);
  all.spaces.splice(all.spaces.indexOf(space), 1);
  for (const session of space.sessions) expect([...real.tpm.sessions.keys()]).to.not.include(session);
});

const create = onSpace('create', async (space, file) => {
  const answer = await ask(file, createObject);
  if (space.objects.size === 3) return void expect(answer).to.deep.include({ rc: 0x902 });
  const free = HANDLES.find(handle => !space.objects.has(handle));
  expect(answer).to.have.nested.property('words[0]', free);
  space.objects.set(free ?? 0, 'words' in answer ? (answer.words[1] ?? 0) : 0);
});

const readEach = onSpace('read each', async (space, file) => {
  for (const [handle, number] of space.objects) {
    expect(await ask(file, readPublic(handle))).to.deep.equal({ rc: 0, words: [number] });
  }
});

const listOwn = onSpace('list', async (space, file) => {
  const answer = await ask(file, listHandles(0x80000000));
  expect('words' in answer && answer.words.length).to.equal(Math.ceil((9 + 4 * space.objects.size - 3) / 4));
});

const flushOne = onSpace('flush', async (space, file) => {
  const [handle] = space.objects.keys();
  if (handle === undefined) return;
  expect(await ask(file, flush(handle))).to.deep.equal({ rc: 0, words: [] });
  space.objects.delete(handle);
});

const start = onSpace('start session', async (space, file, _, all) => {
  const answer = await ask(file, startSession);
  const active = all.spaces.reduce((sum, { sessions }) => sum + sessions.length, 0);
  if (space.sessions.length === 3) expect(answer).to.deep.include({ rc: 0x903 });
  else if (active === 64) expect(answer).to.deep.include({ rc: 0x905 });
  else if ('words' in answer) space.sessions.push(answer.words[0] ?? 0);
});

const useOwn = onSpace('use sessions', async (space, file) => {
  for (const session of space.sessions) {
    expect(await ask(file, getDigest(session))).to.deep.equal({ rc: 0, words: [session] });
  }
});

const useForeign = onSpace("use another's session", async (space, file, _, all) => {
  const session = all.spaces.find(other => other !== space && other.sessions.length > 0)?.sessions[0];
  if (session === undefined) return;
  expect(await ask(file, getDigest(session))).to.deep.equal({ rc: 0x910, words: [] });
});

// In a space with sessions this loses them for good, and says nothing more of the others: below, and in the vectors.
const badHandle = onSpace('name an object it does not have', async (space, file) => {
  if (space.sessions.length === 0) expect(await ask(file, readPublic(0x80000000))).to.deep.equal({ errno: 'EINVAL' });
});

describe('any number of spaces on a TPM with three slots', () => {
  const commands = fc.commands([open, open, close, create, create, readEach, listOwn, flushOne, start, useOwn, useForeign, badHandle], {
    maxCommands: 60,
  });

  it('each sees its own objects and sessions, nobody another', async () => {
    await fc.assert(
      fc.asyncProperty(commands, all => fc.asyncModelRun(() => ({ model: { spaces: [] }, real: { ...bench(), files: [] } }), all)),
      { numRuns: 150, seed: 1 },
    );
  });

  it('between commands the TPM holds no object of a space, and its sessions are saved', async () => {
    await fc.assert(
      fc.asyncProperty(commands, async all => {
        const real: Real = { ...bench(), files: [] };
        await fc.asyncModelRun(() => ({ model: { spaces: [] } as Model, real }), all);
        expect(real.tpm.objects.size).to.equal(0);
        expect([...real.tpm.sessions.values()]).to.not.include('loaded');
        for (const file of real.files) await file.close();
        expect(real.tpm.sessions.size).to.equal(0);
      }),
      { numRuns: 50, seed: 2 },
    );
  });

  it('a space whose sessions the kernel lost fails for good, and alone', async () => {
    const real = bench();
    const [bad, good] = [await real.open(), await real.open()];
    for (const file of [bad, good]) await ask(file, startSession);
    expect(await ask(bad, readPublic(0x80ffffff))).to.deep.equal({ errno: 'EINVAL' });
    expect(await ask(bad, getDigest(0x03000000))).to.deep.equal({ errno: 'EFAULT' });
    expect(await ask(good, getDigest(0x03000001))).to.deep.equal({ rc: 0, words: [0x03000001] });
    await bad.close();
    expect(await ask(await real.open(), createObject)).to.deep.include({ rc: 0 });
  });
});
