import { expect } from 'chai';
import { MSR } from '../../../src/hcall/index.ts';
import { H, U, type UName } from '../../../src/spec/index.ts';
import { cells, deleteNode, deleteProperty, type Fdt, readFdt, setProperty, text, writeFdt } from '../../../src/svm/format/index.ts';
import { profileNames, profiles } from '../../../src/ultravisor/index.ts';
import { esmFile, recordedGuest, TestBench, type TestOptions, THREE_RECIPIENTS } from '../../helpers/machine.ts';
import {
  editTree,
  flip,
  flipped,
  H_SVM_INIT_DONE,
  H_SVM_INIT_START,
  H_SVM_PAGE_IN,
  H_TPM_COMM,
  onTpm,
  refuse,
  TPM_CC,
} from '../tampering.ts';

/** A row of docs/reference/pef.md#failures-of-uv_esm: what goes wrong between H_SVM_INIT_START and the commit. */
interface Failure {
  readonly name: string;
  /** The check that the Ultravisor's log names. */
  readonly check: string;
  /** What UV_ESM gives in `documented`; elsewhere the guest has H_PARAMETER of the hypervisor's abort. */
  readonly documented: UName;
  readonly options?: TestOptions;
  /** Only in profiles where this holds. */
  readonly where?: (profile: (typeof profiles)[string]) => boolean;
  readonly prepare: (bench: TestBench) => void;
  readonly aborted?: number;
}

const tree =
  (edit: (tree: Fdt) => Fdt) =>
  (bench: TestBench): void =>
    editTree(bench, edit);
const without = (path: string, name: string) => tree(fdt => deleteProperty(fdt, path, name));
const withValue = (path: string, name: string, value: Uint8Array) => tree(fdt => setProperty(fdt, path, name, value));
const nothing = (): void => {};

/** The recorded blob, changed; the guest's boot wrapper carries it. */
function withBlob(edit: (blob: Fdt) => Fdt): TestOptions {
  const blob = readFdt(recordedGuest().esmBlob ?? new Uint8Array(0));
  return { guest: { esmBlob: writeFdt(edit(blob)) } };
}
const flipProperty = (path: string, name: string) => (blob: Fdt) => {
  const value = path
    .split('/')
    .reduce((node, step) => (step === '' ? node : (node.children.find(child => child.name === step) ?? node)), blob.root);
  const bytes = value.properties.find(property => property.name === name)?.value.slice() ?? new Uint8Array(1);
  bytes[3] = (bytes[3] ?? 0) ^ 1;
  return setProperty(blob, path, name, bytes);
};

const bigEndian = (size: number) => (response: Uint8Array) => {
  const bytes = response.slice();
  new DataView(bytes.buffer).setUint32(2, size);
  return { bytes };
};

const FAILURES: readonly Failure[] = [
  // The hypervisor
  {
    name: 'the hypervisor refuses H_SVM_INIT_START',
    check: 'init-start',
    documented: 'U_FUNCTION',
    prepare: bench => refuse(bench, H_SVM_INIT_START, 'H_STATE'),
    aborted: H.UNSUPPORTED,
  },
  {
    name: 'secure VMs are not enabled for this guest (H_AUTHORITY)',
    check: 'init-start',
    documented: 'U_FUNCTION',
    options: { guest: { secureAllowed: false } },
    prepare: nothing,
  },
  {
    name: 'the first page of the tree is refused',
    check: 'page-in',
    documented: 'U_P2',
    prepare: bench => refuse(bench, H_SVM_PAGE_IN, 'H_PARAMETER'),
  },
  {
    name: 'a page of the kernel is refused',
    check: 'page-in',
    documented: 'U_P2',
    prepare: bench => refuse(bench, H_SVM_PAGE_IN, 'H_PARAMETER', ({ gpa }) => gpa === bench.guest.layout.kernel + 0x10000n),
  },
  {
    name: 'a bounce page is refused',
    check: 'bounce-page',
    documented: 'U_PARAMETER',
    prepare: bench => refuse(bench, H_SVM_PAGE_IN, 'H_PARAMETER', ({ flags }) => flags === 1n),
  },
  {
    name: 'the RTAS area is refused',
    check: 'rtas-pages',
    documented: 'U_PARAMETER',
    prepare: bench => refuse(bench, H_SVM_PAGE_IN, 'H_PARAMETER', ({ gpa }) => gpa === bench.guest.layout.rtas),
  },
  {
    name: 'the RTAS area is given, but not shared',
    check: 'rtas-pages',
    documented: 'U_PARAMETER',
    prepare: bench => refuse(bench, H_SVM_PAGE_IN, 'H_PARAMETER', ({ gpa, flags }) => gpa === bench.guest.layout.rtas && flags === 1n),
  },
  {
    name: 'the hypervisor refuses H_SVM_INIT_DONE',
    check: 'init-done',
    documented: 'U_FUNCTION',
    prepare: bench => refuse(bench, H_SVM_INIT_DONE, 'H_STATE'),
  },
  // The device tree
  {
    name: 'no device tree at the second argument',
    check: 'device-tree',
    documented: 'U_P2',
    prepare: bench => flip(bench, bench.guest.layout.fdt),
  },
  {
    name: 'a tree above 1 MiB',
    check: 'device-tree',
    documented: 'U_P2',
    prepare: bench => bench.guest.partition.write(bench.guest.layout.fdt + 4n, cells((1 << 20) + 1), 'guest'),
  },
  { name: 'no /memory@0 reg', check: 'device-tree', documented: 'U_P2', prepare: without('/memory@0', 'reg') },
  {
    name: '/memory@0 does not begin at 0',
    check: 'device-tree',
    documented: 'U_P2',
    prepare: withValue('/memory@0', 'reg', cells(0, 0x1000, 0, 0x1000_0000)),
  },
  { name: 'no linux,rtas-base', check: 'device-tree', documented: 'U_P2', prepare: without('/rtas', 'linux,rtas-base') },
  { name: 'no rtas-size', check: 'device-tree', documented: 'U_P2', prepare: without('/rtas', 'rtas-size') },
  { name: 'no slof,rtas-size', check: 'device-tree', documented: 'U_P2', prepare: without('/rtas', 'slof,rtas-size') },
  { name: 'no ibm,lrdr-capacity', check: 'device-tree', documented: 'U_P2', prepare: without('/rtas', 'ibm,lrdr-capacity') },
  {
    name: 'no processor whose device_type says so',
    check: 'device-tree',
    documented: 'U_P2',
    prepare: without('/cpus/PowerPC,POWER9@0', 'device_type'),
  },
  { name: 'no RTAS token stop-self', check: 'device-tree', documented: 'U_P2', prepare: without('/rtas', 'stop-self') },
  { name: 'no RTAS token nvram-fetch', check: 'device-tree', documented: 'U_P2', prepare: without('/rtas', 'nvram-fetch') },
  { name: 'no linux,initrd-start', check: 'device-tree', documented: 'U_P2', prepare: without('/chosen', 'linux,initrd-start') },
  { name: 'no linux,initrd-end', check: 'device-tree', documented: 'U_P2', prepare: without('/chosen', 'linux,initrd-end') },
  {
    name: 'the initrd ends before it begins',
    check: 'device-tree',
    documented: 'U_P2',
    prepare: withValue('/chosen', 'linux,initrd-end', cells(0, 0x1000)),
  },
  { name: 'no bootargs', check: 'device-tree', documented: 'U_P2', prepare: without('/chosen', 'bootargs') },
  {
    name: 'the ESM blob ends before it begins: nothing of it is brought in',
    check: 'esm-blob',
    documented: 'U_NO_KEY',
    prepare: withValue('/chosen', 'linux,esm-blob-end', cells(0x1000)),
  },
  {
    name: 'the initrd lies outside of RAM',
    check: 'page-in',
    documented: 'U_P2',
    prepare: tree(fdt =>
      setProperty(setProperty(fdt, '/chosen', 'linux,initrd-start', cells(16, 0)), '/chosen', 'linux,initrd-end', cells(16, 0x1000)),
    ),
  },
  {
    name: 'boot_cpuid_phys is no processor of the guest',
    check: 'boot-cpu',
    documented: 'U_P2',
    prepare: tree(fdt => ({ ...fdt, bootCpu: 1 })),
    aborted: H.STATE,
  },
  // The blob
  {
    name: 'no blob at all',
    check: 'esm-blob',
    documented: 'U_NO_KEY',
    prepare: tree(fdt => deleteProperty(fdt, '/chosen', 'linux,esm-blob-start')),
  },
  {
    name: 'what stands at linux,esm-blob-start is no tree',
    check: 'esm-blob',
    documented: 'U_NO_KEY',
    prepare: bench => flip(bench, bench.guest.layout.esmBlob ?? 0n),
  },
  {
    name: 'the lockbox is cut out',
    check: 'lockbox',
    documented: 'U_NO_KEY',
    options: withBlob(blob => deleteNode(blob, '/lockboxes/lockbox-1')),
    prepare: nothing,
  },
  {
    name: 'the lockbox has no encrypted-symkey',
    check: 'lockbox',
    documented: 'U_NO_KEY',
    options: withBlob(blob => deleteProperty(blob, '/lockboxes/lockbox-1', 'encrypted-symkey')),
    prepare: nothing,
  },
  {
    name: 'a bit of encrypted-symkey is changed',
    check: 'tpm',
    documented: 'U_NO_KEY',
    options: withBlob(flipProperty('/lockboxes/lockbox-1', 'encrypted-symkey')),
    prepare: nothing,
  },
  {
    name: 'a blob for other machines only',
    check: 'lockbox',
    documented: 'U_NO_KEY',
    options: { guest: recordedGuest('01-minimal') },
    where: ({ lockbox }) => lockbox === 'by fingerprint',
    prepare: nothing,
  },
  {
    name: 'lockbox-1 is for another machine, and no other is tried',
    check: 'tpm',
    documented: 'U_NO_KEY',
    options: { key: 'tpm2.pem' },
    where: ({ lockbox }) => lockbox === 'first only',
    prepare: nothing,
  },
  {
    name: 'no digests',
    check: 'digests',
    documented: 'U_PERMISSION',
    options: withBlob(blob => deleteNode(blob, '/digest/digests-fdt')),
    prepare: nothing,
  },
  ...['ciphertext', 'mac', 'iv'].map(
    (name): Failure => ({
      name: `a bit of the digests' ${name} is changed`,
      check: 'digests-tag',
      documented: 'U_PERMISSION',
      options: withBlob(flipProperty('/digest/digests-fdt', name)),
      prepare: nothing,
    }),
  ),
  { name: 'digests of another blob', check: 'digests-tag', documented: 'U_PERMISSION', options: withBlob(otherDigests), prepare: nothing },
  {
    name: 'the digests name no algorithm',
    check: 'digests',
    documented: 'U_PERMISSION',
    options: withBlob(blob => deleteProperty(blob, '/digest/digests-fdt', 'algorithm')),
    prepare: nothing,
  },
  // What is measured, each alone
  {
    name: 'other RTAS code',
    check: 'digest-rtas',
    documented: 'U_PERMISSION',
    prepare: bench => flip(bench, bench.guest.layout.rtas + 3n),
  },
  {
    name: 'another kernel',
    check: 'digest-kernel',
    documented: 'U_PERMISSION',
    prepare: bench => flip(bench, bench.guest.layout.kernel + 0x12345n),
  },
  {
    name: 'the last byte of the kernel is changed',
    check: 'digest-kernel',
    documented: 'U_PERMISSION',
    prepare: bench => flip(bench, bench.guest.layout.kernel + BigInt(bench.guest.spec.kernel.length - 1)),
  },
  {
    name: 'another initrd',
    check: 'digest-initrd',
    documented: 'U_PERMISSION',
    prepare: bench => flip(bench, bench.guest.layout.initrd + 99n),
  },
  {
    name: 'other bootargs',
    check: 'digest-bootargs',
    documented: 'U_PERMISSION',
    options: { guest: { bootargs: 'svm=on init=/bin/sh' } },
    prepare: nothing,
  },
  {
    name: 'bootargs one byte longer',
    check: 'digest-bootargs',
    documented: 'U_PERMISSION',
    prepare: withValue('/chosen', 'bootargs', text(`${recordedGuest().bootargs} `)),
  },
  // The way to the TPM
  {
    name: 'no proxy in the machine (H_FUNCTION)',
    check: 'tpm',
    documented: 'U_NO_KEY',
    options: { guest: { tpmProxy: null } },
    prepare: nothing,
  },
  {
    name: 'no TPM at host-path (H_RESOURCE)',
    check: 'tpm',
    documented: 'U_NO_KEY',
    options: { guest: { tpmProxy: { hostPath: '/dev/tpmrm9' } } },
    prepare: nothing,
  },
  ...(['H_FUNCTION', 'H_PARAMETER', 'H_NOT_AVAILABLE', 'H_RESOURCE', 'H_P2', 'H_P3', 'H_P4', 'H_P5', 'H_BUSY'] as const).map(
    (name): Failure => ({
      name: `H_TPM_COMM gives ${name}`,
      check: 'tpm',
      documented: 'U_NO_KEY',
      prepare: bench => refuse(bench, H_TPM_COMM, name),
    }),
  ),
  {
    name: 'a response of 9 bytes',
    check: 'tpm',
    documented: 'U_NO_KEY',
    prepare: bench => onTpm(bench, TPM_CC.ReadPublic, () => ({ size: 9 })),
  },
  { name: 'responseSize lies', check: 'tpm', documented: 'U_NO_KEY', prepare: bench => onTpm(bench, TPM_CC.ReadPublic, bigEndian(100)) },
  {
    name: 'a response that is cut, and says so',
    check: 'tpm',
    documented: 'U_NO_KEY',
    prepare: bench => onTpm(bench, TPM_CC.ReadPublic, response => bigEndian(20)(response.slice(0, 20))),
  },
  {
    name: "another key's public area: the Name is not firmware's",
    check: 'wrapping-key-name',
    documented: 'U_NO_KEY',
    prepare: bench => onTpm(bench, TPM_CC.ReadPublic, flipped(100)),
  },
  {
    name: 'a changed Name beside the true public area',
    check: 'wrapping-key-name',
    documented: 'U_NO_KEY',
    prepare: bench => onTpm(bench, TPM_CC.ReadPublic, flipped(330)),
  },
  {
    name: 'a changed HMAC of RSA_Decrypt',
    check: 'response-hmac',
    documented: 'U_NO_KEY',
    prepare: bench => onTpm(bench, TPM_CC.RSA_Decrypt, flipped(-1)),
  },
  {
    name: 'a changed nonceTPM of RSA_Decrypt',
    check: 'response-hmac',
    documented: 'U_NO_KEY',
    prepare: bench => onTpm(bench, TPM_CC.RSA_Decrypt, flipped(-40)),
  },
  {
    name: 'a changed key in the response of RSA_Decrypt',
    check: 'response-hmac',
    documented: 'U_NO_KEY',
    prepare: bench => onTpm(bench, TPM_CC.RSA_Decrypt, flipped(20)),
  },
  {
    name: 'an HMAC that is missing',
    check: 'tpm',
    documented: 'U_NO_KEY',
    prepare: bench => onTpm(bench, TPM_CC.RSA_Decrypt, response => bigEndian(response.length - 32)(response.slice(0, -32))),
  },
  {
    name: 'PolicyOR is answered with a TPM code',
    check: 'tpm',
    documented: 'U_NO_KEY',
    prepare: bench => onTpm(bench, TPM_CC.PolicyOR, () => ({ bytes: Uint8Array.from([0x80, 1, 0, 0, 0, 10, 0, 0, 1, 0xc4]) })),
  },
  {
    name: 'only the last FlushContext fails',
    check: 'tpm',
    documented: 'U_NO_KEY',
    where: ({ session }) => session === 'each unwrap',
    prepare: bench => onTpm(bench, TPM_CC.FlushContext, () => ({ r3: H.RESOURCE })),
  },
];

function otherDigests(blob: Fdt): Fdt {
  const other = readFdt(esmFile('01-minimal', 'esm_blob.dtb'));
  const node = other.root.children.find(({ name }) => name === 'digest')?.children[0];
  return (node?.properties ?? []).reduce((edited, { name, value }) => setProperty(edited, '/digest/digests-fdt', name, value), blob);
}

// The build that only warns has a test of its own: most of these end in a secure VM.
for (const profileName of profileNames.filter(name => name !== 'published-as-built')) {
  const profile = profiles[profileName];
  if (!profile) continue;
  describe(`UV_ESM that fails before the VM is secure, profile ${profileName} (docs/reference/pef.md#failures-of-uv_esm)`, () => {
    for (const { name, check, documented, options, where, prepare, aborted = H.PARAMETER } of FAILURES) {
      if (where && !where(profile)) continue;
      it(name, async () => {
        const bench = await TestBench.create({ ...options, profile });
        prepare(bench);
        const caller = bench.vcpu.saved();
        const outcome = await bench.guest.enterSecureMode();
        expect(bench.failedChecks(), 'the check in the log').to.include(check);
        const code = profile.esmFailure === 'ultravisor code' ? U[documented.slice(2) as keyof typeof U] : aborted;
        expect(outcome).to.include({ secure: false, r3: BigInt(code) });
        expect(bench.guest.state).to.equal('failed');
        // The guest goes on behind its UV_ESM: its own MSR, PC and every other register.
        expect(bench.vcpu.has(MSR.S) || bench.vcpu.has(MSR.HV)).to.equal(false);
        const { gpr, pc, msr } = bench.vcpu.saved();
        expect({ pc, msr, high: gpr.slice(6) }).to.deep.equal({ pc: caller.pc, msr: caller.msr, high: caller.gpr.slice(6) });
        expect(bench.of('state').filter(({ of, to }) => of === 'svm' && to === 'ABORT')).to.have.length(1);
      });
    }
  });
}

describe('a hypervisor that lies about a share', () => {
  it('H_SUCCESS and no shared page: there is no page to end the SVM with, and the machine stops', async () => {
    const bench = await TestBench.create({ profile: 'published' });
    refuse(bench, H_SVM_PAGE_IN, 'H_SUCCESS', ({ flags }) => flags === 1n);
    expect(await bench.guest.enterSecureMode()).to.include({ scope: 'host' });
  });
});

describe('the published code as it is built', () => {
  for (const { name, prepare } of FAILURES.filter(({ name }) =>
    /^(another kernel|no blob at all|H_TPM_COMM gives H_RESOURCE)$/.test(name),
  )) {
    it(`${name}: the VM goes secure, with all of its memory`, async () => {
      const bench = await TestBench.create({ profile: 'published-as-built' });
      prepare(bench);
      expect(await bench.guest.enterSecureMode()).to.include({ secure: true });
      expect([...(bench.uv.svm(1)?.frames.keys() ?? [])].length).to.be.greaterThan(8000);
    });
  }

  it('what fails before the blob is looked at is refused', async () => {
    const bench = await TestBench.create({ profile: 'published-as-built' });
    without('/rtas', 'stop-self')(bench);
    expect(await bench.guest.enterSecureMode()).to.include({ secure: false });
  });
});

describe('what a failed transition leaves', () => {
  it('secure memory is given back, the record is gone, and a second try succeeds', async () => {
    const bench = await TestBench.create();
    const left = bench.host.memory.securePagesLeft;
    refuse(bench, H_SVM_INIT_DONE, 'H_STATE');
    await bench.guest.enterSecureMode();
    expect(bench.host.memory.securePagesLeft).to.equal(left);
    expect(bench.uv.svm(1)).to.equal(undefined);
    bench.adversary.onHypercall = null;
    await bench.guest.reboot();
    expect(await bench.guest.enterSecureMode()).to.include({ secure: true });
  });

  it('memory that had been paged in does not come back (docs/reference/pef.md#memory-after-an-abort)', async () => {
    const bench = await TestBench.create();
    const { kernel } = bench.guest.layout;
    const before = await bench.guest.read(kernel, 64);
    refuse(bench, H_SVM_INIT_DONE, 'H_STATE');
    await bench.guest.enterSecureMode();
    expect(await bench.guest.read(kernel, 64)).not.to.deep.equal(before);
  });

  it('a refusal after H_SVM_INIT_DONE leaves the record in ABORT: U_STATE for pages, U_RETRY for a second UV_ESM', async () => {
    const bench = await TestBench.create();
    editTree(bench, fdt => ({ ...fdt, bootCpu: 1 }));
    await bench.guest.enterSecureMode();
    expect(bench.uv.svm(1)?.phase).to.equal('ABORT');
    const { kernel, fdt } = bench.guest.layout;
    expect(await bench.hv(0xf128, 1, 0x1000_0000, kernel, 0, 16), 'UV_PAGE_IN').to.equal(U.STATE);
    expect(await bench.hv(0xf138, 1, kernel, 16), 'UV_PAGE_INVAL').to.equal(U.STATE);
    expect(await bench.hv(0xf12c, 1, 0x1000_0000, kernel, 0, 16), 'UV_PAGE_OUT writes nothing').to.equal(U.SUCCESS);
    expect(await bench.sc2(0xf110, kernel, fdt)).to.equal(U.RETRY);
    await bench.guest.reboot();
    expect(bench.uv.svm(1)).to.equal(undefined);
  });

  it('the blob of three recipients opens at any place in `documented`, at the first alone in `published`', async () => {
    for (const [profile, secure] of [
      ['documented', true],
      ['hardened', true],
      ['published', false],
    ] as const) {
      const bench = await TestBench.create({ folder: THREE_RECIPIENTS, key: 'tpm3.pem', profile });
      expect(await bench.guest.enterSecureMode(), profile).to.include({ secure });
    }
  });
});
