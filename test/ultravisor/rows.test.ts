import { readFileSync } from 'node:fs';
import { expect } from 'chai';

/**
 * Every row of the reference's tables (a), (b), (c), (e), (g) and (h), with the test that names it: a file below `test/`, and words of
 * the test's title or of the table that it is made from.
 */
const U = 'ultravisor';
const ROWS: Readonly<Record<string, readonly (readonly [row: string, file: string, words: string])[]>> = {
  a: [
    ['a.1 bits of the MSR, secure bit', `${U}/reference`, 'the bits of the MSR, and the secure bit of a real address'],
    ['a.1 secure memory only with S=1', 'hcall/memory', 'keeps secure pages from hypervisor and guest'],
    ['a.2 order 16 only', `${U}/pages`, 'UV_PAGE_IN, order'],
    ['a.2 512 slots', `${U}/pages`, 'UV_REGISTER_MEM_SLOT, slotid'],
    ['a.2 4096 processors', `${U}/lifecycle`, 'more than 4096 processors'],
    ['a.3 secure', `${U}/reference`, 'all pages but FDT, RTAS, initrd, blob and kernel are zero'],
    ['a.3 paged-out', `${U}/pages`, 'the hypervisor gets ciphertext, and the SVM its page back'],
    ['a.3 shared (explicit)', `${U}/pages`, 'both see the same page, zeroed at the share and at the unshare'],
    ['a.3 shared implicit', `${U}/pages`, 'the SVM that touches a bounce page ends'],
    ['a.3 pseudo shared', `${U}/pages`, 'the SVM runs from its own copy of RTAS, the hypervisor sees its own'],
    ...[
      ...['0 SECURE', '1 PAGEDOUT', '2 SHARED ', '3 SHARED_INV', '4 SHARED_IMPLICIT ', '5 SHARED_IMPLICIT_INV', '6 HV_SHARING'],
      ...[
        '7 HV_SHARED ',
        '8 HV_SHARED_INV',
        '9 HV_UNSHARING ',
        '10 HV_UNSHARING_INV',
        '11 HV_UNSHARED',
        '12 PSEUDO_SHARED ',
        '13 PSEUDO_SHARED_INV',
      ],
    ].map(row => [`a.4 ${row.trim()}`, `${U}/tables`, row] as const),
    ['a.4 a failed share is reverted', `${U}/pages`, 'a refusal in the middle takes everything back, contents and all'],
    ['a.4 a failed revert aborts', `${U}/pages`, 'a refusal that cannot be taken back ends the SVM'],
    ...['secure', 'shared', 'normal'].map(row => [`a.5 GFN ${row}`, `${U}/reference`, `${row}: { share:`] as const),
    ['a.5 VM normal, transient, secure', `${U}/hypervisor-states`, 'normal, transient, secure, and normal again'],
    ['a.5 VM: errors that are not enforced', `${U}/hypervisor-states`, 'not enforced: a second H_SVM_INIT_START'],
  ],
  b: [
    ['b.1 transactions', `${U}/reference`, 'U_BAD_MODE for every call, before the caller is looked at'],
    ['b.1 transaction at UV_RETURN', `${U}/reflection`, 'in a transaction: the SVM gets a program interrupt'],
    ['b.1 HV=1, PR=0', `${U}/esm-entry`, "the hypervisor's calls from"],
    ['b.1 S=1', `${U}/esm-entry`, "an SVM's calls from a normal VM"],
    ['b.1 HV=0 and PR=0', `${U}/esm-entry`, "an SVM's calls from its user space and from the hypervisor"],
    ['b.1 none (ESMB_GET_FILE)', `${U}/get-file`, 'UV_ESMB_GET_FILE'],
    ['b.1 unknown number', `${U}/esm-entry`, 'a number that is no ultracall: U_FUNCTION'],
    ['b.2', `${U}/reference`, 'U_*: the published numbers'],
    ['b.3', `${U}/reference`, 'H_*: the published numbers'],
    ['0xF104', `${U}/returns`, 'UV_WRITE_PATE: of an SVM only the second double word'],
    ['0xF108, 0xF10C', `${U}/returns`, 'five can be written, three read, the value comes in r5'],
    ['0xF110', `${U}/esm-entry`, "UV_ESM's entry checks"],
    ['0xF114, 0xF118', `${U}/returns`, 'SCOM: what was written is read'],
    ['0xF11C', `${U}/reflection`, 'what the hypervisor may do at UV_RETURN'],
    ['0xF120', `${U}/pages`, 'UV_REGISTER_MEM_SLOT, overlap'],
    ['0xF124', `${U}/pages`, 'UV_UNREGISTER_MEM_SLOT checks nothing'],
    ['0xF128', `${U}/pages`, 'UV_PAGE_IN, secure frame'],
    ['0xF12C', `${U}/pages`, 'UV_PAGE_OUT, gpa'],
    ['0xF130, 0xF134', `${U}/pages`, 'r3 is ${profileNamed(name).shareResult}'],
    ['0xF138', `${U}/pages`, 'UV_PAGE_INVAL, order'],
    ['0xF13C', `${U}/lifecycle`, 'UV_SVM_TERMINATE in any state'],
    ['0xF140', `${U}/pages`, 'unshare all leaves the bounce pages and the RTAS area'],
    ['0xF144, 0xF148', `${U}/returns`, 'the handle is read the other way round in UV_WRITE_MEM'],
    ['0xF14C', `${U}/get-file`, 'at the end: 0, and r4.. keep what they held'],
    ['0xF150', `${U}/returns`, 'self-boot engine'],
    ['b.5.1', `${U}/reflection`, 'H_SVM_* of the SVM itself arrive with S'],
    ['b.5.2', `${U}/reflection`, 'H_CEDE sets EE of the SVM'],
    ['b.5.3', `${U}/reflection`, 'H_RANDOM never reaches the hypervisor'],
    ['b.5.4', `${U}/reflection`, 'H_RTAS goes through the bounce page'],
    ['b.5.5 and the 157 register counts', `${U}/reflection`, 'there are 157 entries, 57 of them fatal'],
    ['b.5.6', `${U}/reflection`, 'cookies never repeat'],
    ['b.5.7', `${U}/reflection`, 'machine state: cookie in r31, SRR0 and HSRR0'],
    ['b.5.7 FP, VEC, VSX', `${U}/reflection`, 'FP, VEC and VSX of the SVM pass to the hypervisor'],
    ['b.5.9, b.5.10', `${U}/reference`, 'what the hypervisor finds in special purpose registers'],
    ['b.5.11', `${U}/reflection`, 'a changed PIDR ends the SVM'],
    ['b.5.12', `${U}/reflection`, 'a synthesized interrupt'],
    ['b.5.13', `${U}/reflection`, 'stops the machine'],
    ['b.5.14', `${U}/reference`, 'show number, arguments and cookie, and zero everywhere else'],
    ['0x100, 0x200, 0x980, 0xE60, 0xE80, 0xEA0, 0xF80', `${U}/reflection`, '[0x100, 0x200, 0x980, 0xe60, 0xe80, 0xea0, 0xf80]'],
    ['0x500', `${U}/reflection`, '0x500 is turned straight back'],
    ['0xE00, 0xE20', `${U}/reflection`, 'for (const vector of [0xe00, 0xe20])'],
    ['0xE40', `${U}/reflection`, '0xe40 ends the SVM'],
    ['0xF80 for transactions', `${U}/reflection`, '0xf80 for transactional memory is a program interrupt'],
    ['abort', `${U}/reference`, 'an SVM is ended by ibm,os-term'],
    ['abort, and the hypervisor comes back', `${U}/reflection`, 'coming back from ibm,os-term stops the machine'],
  ],
  c: [
    ['H_SVM_PAGE_IN, H_SVM_PAGE_OUT', `${U}/hypervisor-states`, 'arguments: order H_P3, flags H_P2, address H_PARAMETER'],
    ['H_SVM_INIT_START', `${U}/esm-failures`, 'secure VMs are not enabled for this guest (H_AUTHORITY)'],
    ['H_SVM_INIT_DONE', `${U}/hypervisor-states`, 'H_STATE at H_SVM_INIT_DONE'],
    ['H_SVM_INIT_ABORT', `${U}/hypervisor-states`, 'H_SVM_INIT_ABORT in between'],
    ['memory of a failed transition', `${U}/esm-failures`, 'memory that had been paged in does not come back'],
    ['c.1 H_TPM_COMM', 'hcall/h-tpm-comm', 'H_TPM_COMM returns each code that it declares'],
    ['c.1 recorded behaviour', 'conform/h-tpm-comm', 'describe('],
    ['c.2 errno', `${U}/reference`, 'TSS_RC_BAD_CONNECTION`, async'],
    ['c.2 short and wrong lengths', `${U}/reference`, 'TSS_RC_MALFORMED_RESPONSE'],
    ['c.2 CLOSE', `${U}/reference`, 'CLOSE_SESSION comes once'],
  ],
  e: [
    ['e.2', `${U}/esm-entry`, "UV_ESM's entry checks"],
    ['e.3.4', `${U}/lifecycle`, 'step 4, no page of secure memory is left'],
    ['e.3.5', `${U}/esm-failures`, 'the hypervisor refuses H_SVM_INIT_START'],
    ['e.3.6', `${U}/esm-failures`, 'a tree above 1 MiB'],
    ['e.3.7', `${U}/esm-failures`, '/memory@0 does not begin at 0'],
    ['e.3.8', `${U}/reference`, 'pages at the top of the RMO, downward, in the order of the link'],
    ...['linux,rtas-base', 'rtas-size', 'slof,rtas-size', 'linux,initrd-start', 'linux,initrd-end', 'bootargs'].map(
      name => [`e.4 ${name}`, `${U}/esm-failures`, `no ${name}`] as const,
    ),
    ['e.4 linux,esm-blob-start', `${U}/esm-failures`, 'no blob at all'],
    ['e.5', 'svm/format/cpio', 'describe('],
    ['e.6.1', `${U}/esm-failures`, 'lockbox-1 is for another machine, and no other is tried'],
    ['e.6.2', `${U}/esm-failures`, 'the lockbox has no encrypted-symkey'],
    ['e.6.3', `${U}/reference`, 'e.6: the TPM stream, tag and size of each command'],
    ['e.6.5', `${U}/esm-failures`, 'a changed HMAC of RSA_Decrypt'],
    ['e.6.3 an error of the flush alone', `${U}/esm-failures`, 'only the last FlushContext fails'],
    ['e.6 transport', `${U}/reference`, 'the bounce page is asked for ten times'],
    ['e.7.1', `${U}/get-file`, 'a files tree above its page stops the machine'],
    ['e.7.2', `${U}/esm-failures`, "a bit of the digests' ${name} is changed"],
    ['e.7.3', `${U}/reference`, 'RTAS, kernel, initrd, bootargs, each looked at'],
    ['e.7.4', 'scenario/mutants', "digestMismatch: 'logged'"],
    ['e.8', `${U}/reference`, 'the kernel starts again at kbase, kexec style'],
    ['e.9 step 5 to e.8.1', `${U}/esm-failures`, 'UV_ESM that fails before the VM is secure'],
    ['e.9 the write-back fails', `${U}/lifecycle`, 'the write-back of the tree fails after the commit'],
    ['e.9 the hypervisor misbehaves', `${U}/reflection`, 'a bad cookie stops the machine'],
  ],
  g: [
    ['g.1', `${U}/get-file`, 'a normal VM: U_PARAMETER'],
    ['g.2', `${U}/get-file`, 'its reader is remembered all the same'],
    ['g.3', `${U}/get-file`, 'another process: U_PARAMETER'],
    ['g.4', `${U}/get-file`, 'a blob without attachments: -9 of libfdt'],
    ['g.5', `${U}/get-file`, 'at the end: 0'],
    ['g.6', `${U}/get-file`, 'bytes) in pieces of 64'],
    ['g.7', `${U}/get-file`, 'offset 65536 stops the machine, 65535 does not'],
    ['dracut', `${U}/get-file`, 'the passphrase as dracut reads it (rootd)'],
    ['initramfs-tools', 'disks/luks1-initramfs-tools.yaml', 'client: initramfs-tools'],
  ],
  h: [
    ['algorithm, IV, data, tag', `${U}/reference`, 'AES-128-GCM, no additional data'],
    ['key', `${U}/reference`, 'the key is made at the first page-out and is gone at terminate'],
    ["the counter's end", `${U}/pages`, 'at the end of the counter: new random bytes, counter 0'],
    ['page-in, mismatch', `${U}/pages`, 'tampered: one bit'],
    ['binding to address and freshness', `${U}/pages`, 'replayed: what went out of this frame before'],
    ['page-in before the SVM is secure', `${U}/page-states`, 'copied, not decrypted'],
    ['page-out in ABORT', `${U}/esm-failures`, 'UV_PAGE_OUT writes nothing'],
    ['the page left in secure memory', `${U}/pages`, "the page's place in secure memory is"],
  ],
};

/** Rows that have no place in this machine, with the reason. */
const BEYOND: Readonly<Record<string, string>> = {
  'a.1 SMFCTRL, IMC, SCOM routing': 'the processor is modelled by its registers at calls and interrupts, not by its instructions',
  'a.2 page-in bitmap of 1 TiB': 'a set of frames has no such limit; no guest here is that large',
  'b.5.8 FP, VEC and VSX registers': 'a vCPU here has none (docs/architecture.md); their enable bits pass',
  'b.5.12 ibm,nmi-register': 'no guest here registers a machine check handler: only the default address is taken',
  'c.2 EBADF': 'a response is taken in the call that asked for it: there is none to be missing',
};

/** A test, the table that it is made from, or a scenario of the catalogue. */
const pathOf = (file: string): string =>
  file.endsWith('.yaml') ? `fixtures/scenarios/${file}` : `test/${file}${file.endsWith('tables') ? '' : '.test'}.ts`;

describe('the tables of the reference', () => {
  for (const [table, rows] of Object.entries(ROWS)) {
    describe(`(${table})`, () => {
      for (const [row, file, words] of rows) {
        it(`${row}: ${file}`, () => expect(readFileSync(pathOf(file), 'utf8')).to.include(words));
      }
      it('names no row twice', () => expect(new Set(rows.map(([row]) => row)).size).to.equal(rows.length));
    });
  }

  it('every row that has no place here has its reason', () => {
    for (const [row, reason] of Object.entries(BEYOND)) expect(reason.length, row).to.be.above(20);
  });
});
