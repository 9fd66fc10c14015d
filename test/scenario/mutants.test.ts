import { expect } from 'chai';
import { loadScenario, runScenario } from '../../src/scenario/index.ts';
import { hardened, type Profile, published } from '../../src/ultravisor/core/profile.ts';
import { CHECKS, type CheckName } from '../../src/ultravisor/index.ts';

/** Which scenario of the catalogue catches a firmware without a check. */
const CAUGHT_BY: Readonly<Record<Exclude<CheckName, keyof typeof EQUAL>, string>> = {
  'wrapping-key-name': 'attacks/15-other-key',
  'response-hmac': 'attacks/14-changed-response',
  'digests-tag': 'attacks/09-edited-blob',
  'digest-rtas': 'attacks/07-other-rtas',
  'digest-kernel': 'attacks/01-other-kernel',
  'digest-initrd': 'attacks/04-other-initrd',
  'digest-bootargs': 'attacks/05-longer-bootargs',
  'file-tag': 'attacks/09-edited-file',
  'digest-files': 'attacks/09-exchanged-files.hardened',
  'get-file-secure': 'attacks/32-file-of-an-aborted-svm.hardened',
  'slot-once': 'attacks/35-slot-again.hardened',
  'page-tag': 'attacks/24-tampered-page',
  'page-in-secure': 'attacks/28-page-in-of-a-secure-page',
  'page-in-requested': 'attacks/02-page-in-after-measurement.hardened',
  'response-size': 'attacks/18-oversized-answer.published',
  'bounce-page': 'attacks/36-unshared-bounce-page.hardened',
  'own-pages': 'attacks/37-pages-on-the-kernel.hardened',
  'tag-length': 'attacks/38-short-tag.hardened',
  'device-tree-names': 'attacks/06-device-tree-property.hardened',
  cookie: 'attacks/18-bad-cookie.published',
  'get-file-owner': 'good/file-read-once',
};

/** Checks whose absence nobody can see, with the reason. */
const EQUAL = {
  'lockbox-key-size': 'a key that is no AES key opens nothing: the digests are refused in its place',
  'files-tree-size': "the owner's tool makes no such blob: it is tried where blobs are built by hand (test/ultravisor/transition)",
  'handover-node': 'nobody but firmware writes the tree that it hands over: no scenario can put a second node there',
} as const;

const FIELDS: readonly { readonly change: Partial<Profile>; readonly file: string }[] = [
  { change: { unmeasuredBytes: 'kept' }, file: 'attacks/03-code-behind-the-kernel.hardened' },
  { change: { deviceTree: 'any' }, file: 'attacks/06-device-tree-property.hardened' },
  { change: { closePolicyB: false, policyPcr: 16 }, file: 'attacks/20-policy-b.hardened' },
  { change: { assertions: 'stop the machine' }, file: 'attacks/31-malicious-svm.hardened' },
  { change: { sessionSalted: false }, file: 'attacks/13-recorded-unwrap.hardened' },
  { change: { random: 'H_FUNCTION' }, file: 'attacks/25-random-numbers.hardened' },
  { change: { session: 'host boot' }, file: 'attacks/33-no-session-to-lose.hardened' },
  { change: { digestMismatch: 'logged' }, file: 'attacks/01-other-kernel' },
];

const holds = async (file: string, profile: Profile): Promise<boolean> =>
  (await runScenario(await loadScenario(`fixtures/scenarios/${file}.yaml`), { profile })).ok;
/** Some checks can be seen to be missing only where what they find is an assertion. */
const firmwareOf = (file: string): Profile => (file.endsWith('.published') ? published : hardened);

describe('A firmware without one of its checks is caught', () => {
  it('has a scenario or a reason for each check', () =>
    expect([...Object.keys(CAUGHT_BY), ...Object.keys(EQUAL)].sort()).to.deep.equal(Object.keys(CHECKS).sort()));

  for (const [check, file] of Object.entries(CAUGHT_BY)) {
    it(`${check}: ${file}`, async () => {
      const whole = firmwareOf(file);
      const mutant: Profile = { ...whole, name: `without ${check}`, without: [...whole.without, check as CheckName] };
      expect(await holds(file, whole), 'with the check').to.equal(true);
      expect(await holds(file, mutant), 'without it').to.equal(false);
    });
  }

  for (const { change, file } of FIELDS) {
    it(`${JSON.stringify(change)}: ${file}`, async () => {
      expect(await holds(file, { ...hardened, ...change, name: 'mutant' })).to.equal(false);
    });
  }
});
