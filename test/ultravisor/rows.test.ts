import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { anchorsOf } from '../../scripts/citations/markdown-links.ts';

/**
 * What docs/reference/pef.md states, row by row, with the test that names it: a file below `test/`, and words of the test's title or
 * of the table that it is made from.
 */
const U = 'ultravisor';
const ROWS: Readonly<Record<string, readonly (readonly [row: string, file: string, words: string])[]>> = {
  Machine: [
    ['#privilege: bits of the MSR, secure bit', `${U}/calls/return-codes`, 'the bits of the MSR, and the secure bit of a real address'],
    ['#privilege: secure memory only with S=1', 'hcall/memory', 'keeps secure pages from hypervisor and guest'],
    ['#sizes: order 16 only', `${U}/memory/paged-out`, 'UV_PAGE_IN, order'],
    ['#sizes: 512 slots', `${U}/memory/paged-out`, 'UV_REGISTER_MEM_SLOT, slotid'],
    ['#sizes: 4096 processors', `${U}/transition/lifecycle`, 'more than 4096 processors'],
    ['#page-kinds: secure', `${U}/calls/return-codes`, 'all pages but FDT, RTAS, initrd, blob and kernel are zero'],
    ['#page-kinds: paged-out', `${U}/memory/paged-out`, 'the hypervisor gets ciphertext, and the SVM its page back'],
    ['#page-kinds: shared (explicit)', `${U}/memory/paged-out`, 'both see the same page, zeroed at the share and at the unshare'],
    ['#page-kinds: shared implicit', `${U}/memory/paged-out`, 'the SVM that touches a bounce page ends'],
    ['#page-kinds: pseudo shared', `${U}/memory/paged-out`, 'the SVM runs from its own copy of RTAS, the hypervisor sees its own'],
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
    ].map(row => [`#page-states: ${row.trim()}`, `${U}/memory/page-state-tables`, row] as const),
    [
      '#page-states: a failed share is reverted',
      `${U}/memory/paged-out`,
      'a refusal in the middle takes everything back, contents and all',
    ],
    ['#page-states: a failed revert aborts', `${U}/memory/paged-out`, 'a refusal that cannot be taken back ends the SVM'],
    ...['secure', 'shared', 'normal'].map(
      row => [`#the-hypervisors-view: GFN ${row}`, `${U}/calls/return-codes`, `${row}: { share:`] as const,
    ),
    [
      '#the-hypervisors-view: VM normal, transient, secure',
      `${U}/hypervisor/hypervisor-states`,
      'normal, transient, secure, and normal again',
    ],
    [
      '#the-hypervisors-view: VM: errors that are not enforced',
      `${U}/hypervisor/hypervisor-states`,
      'not enforced: a second H_SVM_INIT_START',
    ],
  ],
  'Ultracalls and reflection': [
    ['#ultracall-convention: transactions', `${U}/calls/return-codes`, 'U_BAD_MODE for every call, before the caller is looked at'],
    ['#ultracall-convention: transaction at UV_RETURN', `${U}/reflect/reflection`, 'in a transaction: the SVM gets a program interrupt'],
    ['#ultracall-convention: HV=1, PR=0', `${U}/calls/callers`, "the hypervisor's calls from"],
    ['#ultracall-convention: S=1', `${U}/calls/callers`, "an SVM's calls from a normal VM"],
    ['#ultracall-convention: HV=0 and PR=0', `${U}/calls/callers`, "an SVM's calls from its user space and from the hypervisor"],
    ['#ultracall-convention: none (ESMB_GET_FILE)', `${U}/transition/get-file`, 'UV_ESMB_GET_FILE'],
    ['#ultracall-convention: unknown number', `${U}/calls/callers`, 'a number that is no ultracall: U_FUNCTION'],
    ['#results-of-ultracalls', `${U}/calls/return-codes`, 'U_*: the published numbers'],
    ['#results-of-hypercalls', `${U}/calls/return-codes`, 'H_*: the published numbers'],
    ['0xF104', `${U}/calls/declared-returns`, 'UV_WRITE_PATE: of an SVM only the second double word'],
    ['0xF108, 0xF10C', `${U}/calls/declared-returns`, 'five can be written, three read, the value comes in r5'],
    ['0xF110', `${U}/calls/callers`, "UV_ESM's entry checks"],
    ['0xF114, 0xF118', `${U}/calls/declared-returns`, 'SCOM: what was written is read'],
    ['0xF11C', `${U}/reflect/reflection`, 'what the hypervisor may do at UV_RETURN'],
    ['0xF120', `${U}/memory/paged-out`, 'UV_REGISTER_MEM_SLOT, overlap'],
    ['0xF124', `${U}/memory/paged-out`, 'UV_UNREGISTER_MEM_SLOT checks nothing'],
    ['0xF128', `${U}/memory/paged-out`, 'UV_PAGE_IN, secure frame'],
    ['0xF12C', `${U}/memory/paged-out`, 'UV_PAGE_OUT, gpa'],
    ['0xF130, 0xF134', `${U}/memory/paged-out`, 'r3 is ${profileNamed(name).shareResult}'],
    ['0xF138', `${U}/memory/paged-out`, 'UV_PAGE_INVAL, order'],
    ['0xF13C', `${U}/transition/lifecycle`, 'UV_SVM_TERMINATE in any state'],
    ['0xF140', `${U}/memory/paged-out`, 'unshare all leaves the bounce pages and the RTAS area'],
    ['0xF144, 0xF148', `${U}/calls/declared-returns`, 'the handle is read the other way round in UV_WRITE_MEM'],
    ['0xF14C', `${U}/transition/get-file`, 'at the end: 0, and r4.. keep what they held'],
    ['0xF150', `${U}/calls/declared-returns`, 'self-boot engine'],
    ['#reflected-hypercalls', `${U}/reflect/reflection`, 'H_SVM_* of the SVM itself arrive with S'],
    ['#reflected-hypercalls', `${U}/reflect/reflection`, 'H_CEDE sets EE of the SVM'],
    ['#reflected-hypercalls', `${U}/reflect/reflection`, 'H_RANDOM never reaches the hypervisor'],
    ['#rtas-calls', `${U}/reflect/reflection`, 'H_RTAS goes through the bounce page'],
    ['#registers-that-the-hypervisor-sees', `${U}/reflect/reflection`, 'there are 157 entries, 57 of them fatal'],
    ['#cookies', `${U}/reflect/reflection`, 'cookies never repeat'],
    ['#registers-that-the-hypervisor-sees', `${U}/reflect/reflection`, 'machine state: cookie in r31, SRR0 and HSRR0'],
    ['#registers-that-the-hypervisor-sees: FP, VEC, VSX', `${U}/reflect/reflection`, 'FP, VEC and VSX of the SVM pass to the hypervisor'],
    ['#masked-registers', `${U}/calls/return-codes`, 'what the hypervisor finds in special purpose registers'],
    ['#reflected-hypercalls', `${U}/reflect/reflection`, 'a changed PIDR ends the SVM'],
    ['#interrupts-made-by-the-hypervisor', `${U}/reflect/reflection`, 'a synthesized interrupt'],
    ['#reflected-hypercalls', `${U}/reflect/reflection`, 'stops the machine'],
    ['#the-ultravisors-own-hypercalls', `${U}/calls/return-codes`, 'show number, arguments and cookie, and zero everywhere else'],
    ['0x100, 0x200, 0x980, 0xE60, 0xE80, 0xEA0, 0xF80', `${U}/reflect/reflection`, '[0x100, 0x200, 0x980, 0xe60, 0xe80, 0xea0, 0xf80]'],
    ['0x500', `${U}/reflect/reflection`, '0x500 is turned straight back'],
    ['0xE00, 0xE20', `${U}/reflect/reflection`, 'for (const vector of [0xe00, 0xe20])'],
    ['0xE40', `${U}/reflect/reflection`, '0xe40 ends the SVM'],
    ['0xF80 for transactions', `${U}/reflect/reflection`, '0xf80 for transactional memory is a program interrupt'],
    ['abort', `${U}/calls/return-codes`, 'an SVM is ended by ibm,os-term'],
    ['abort, and the hypervisor comes back', `${U}/reflect/reflection`, 'coming back from ibm,os-term stops the machine'],
  ],
  'The way to the TPM': [
    ['H_SVM_PAGE_IN, H_SVM_PAGE_OUT', `${U}/hypervisor/hypervisor-states`, 'arguments: order H_P3, flags H_P2, address H_PARAMETER'],
    ['H_SVM_INIT_START', `${U}/transition/esm-failures`, 'secure VMs are not enabled for this guest (H_AUTHORITY)'],
    ['H_SVM_INIT_DONE', `${U}/hypervisor/hypervisor-states`, 'H_STATE at H_SVM_INIT_DONE'],
    ['H_SVM_INIT_ABORT', `${U}/hypervisor/hypervisor-states`, 'H_SVM_INIT_ABORT in between'],
    ['memory of a failed transition', `${U}/transition/esm-failures`, 'memory that had been paged in does not come back'],
    ['#h_tpm_comm: H_TPM_COMM', 'hcall/h-tpm-comm', 'H_TPM_COMM returns each code that it declares'],
    ['#h_tpm_comm: recorded behaviour', 'conform/kinds/h-tpm-comm', 'describe('],
    ['#errors-on-the-way-to-the-tpm: errno', `${U}/calls/return-codes`, 'TSS_RC_BAD_CONNECTION`, async'],
    ['#errors-on-the-way-to-the-tpm: short and wrong lengths', `${U}/calls/return-codes`, 'TSS_RC_MALFORMED_RESPONSE'],
    ['#errors-on-the-way-to-the-tpm: CLOSE', `${U}/calls/return-codes`, 'CLOSE_SESSION comes once'],
  ],
  UV_ESM: [
    ['#entry-checks-of-uv_esm', `${U}/calls/callers`, "UV_ESM's entry checks"],
    ['#set-up-of-uv_esm', `${U}/transition/lifecycle`, 'step 4, no page of secure memory is left'],
    ['#set-up-of-uv_esm', `${U}/transition/esm-failures`, 'the hypervisor refuses H_SVM_INIT_START'],
    ['#the-tree-of-the-guest', `${U}/transition/esm-failures`, 'a tree above 1 MiB'],
    ['#the-tree-of-the-guest', `${U}/transition/esm-failures`, '/memory@0 does not begin at 0'],
    ['#reserved-pages', `${U}/calls/return-codes`, 'pages at the top of the RMO, downward, in the order of the link'],
    ...['linux,rtas-base', 'rtas-size', 'slof,rtas-size', 'linux,initrd-start', 'linux,initrd-end', 'bootargs'].map(
      name => [`#the-tree-of-the-guest: ${name}`, `${U}/transition/esm-failures`, `no ${name}`] as const,
    ),
    ['#the-tree-of-the-guest: linux,esm-blob-start', `${U}/transition/esm-failures`, 'no blob at all'],
    ['#finding-the-blob', 'svm/format/cpio', 'describe('],
    ['#lockbox', `${U}/transition/esm-failures`, 'lockbox-1 is for another machine, and no other is tried'],
    ['#lockbox', `${U}/transition/esm-failures`, 'the lockbox has no encrypted-symkey'],
    ['#the-unwrap', `${U}/calls/return-codes`, 'the unwrap: the TPM stream, tag and size of each command'],
    ['#hmac-of-the-answer', `${U}/transition/esm-failures`, 'a changed HMAC of RSA_Decrypt'],
    ['#the-unwrap: an error of the flush alone', `${U}/transition/esm-failures`, 'only the last FlushContext fails'],
    ['#the-unwrap: transport', `${U}/calls/return-codes`, 'the bounce page is asked for ten times'],
    ['#files-tree', `${U}/transition/get-file`, 'a files tree above its page'],
    ['#digests-tree', `${U}/transition/esm-failures`, "a bit of the digests' ${name} is changed"],
    ['#digests', `${U}/calls/return-codes`, 'RTAS, kernel, initrd, bootargs, each looked at'],
    ['#digests', 'scenario/mutants', "digestMismatch: 'logged'"],
    ['#end-of-the-transition', `${U}/calls/return-codes`, 'the kernel starts again at kbase, kexec style'],
    ['#failures-of-uv_esm: before the VM is secure', `${U}/transition/esm-failures`, 'UV_ESM that fails before the VM is secure'],
    ['#failures-of-uv_esm: the write-back fails', `${U}/transition/lifecycle`, 'the write-back of the tree fails after the commit'],
    ['#failures-of-uv_esm: the hypervisor misbehaves', `${U}/reflect/reflection`, 'a bad cookie stops the machine'],
  ],
  UV_ESMB_GET_FILE: [
    ['#uv_esmb_get_file', `${U}/transition/get-file`, 'a normal VM: U_PARAMETER'],
    ['#uv_esmb_get_file', `${U}/transition/get-file`, 'its reader is remembered all the same'],
    ['#uv_esmb_get_file', `${U}/transition/get-file`, 'another process: U_PARAMETER'],
    ['#uv_esmb_get_file', `${U}/transition/get-file`, 'a blob without attachments: -9 of libfdt'],
    ['#uv_esmb_get_file', `${U}/transition/get-file`, 'at the end: 0'],
    ['#uv_esmb_get_file', `${U}/transition/get-file`, 'bytes) in pieces of 64'],
    ['#uv_esmb_get_file', `${U}/transition/get-file`, 'offset 65536 stops the machine, 65535 does not'],
    ['dracut', `${U}/transition/get-file`, 'the passphrase as dracut reads it (rootd)'],
    ['initramfs-tools', 'disks/luks1-initramfs-tools.yaml', 'client: initramfs-tools'],
  ],
  Paging: [
    ['algorithm, IV, data, tag', `${U}/calls/return-codes`, 'AES-128-GCM, no additional data'],
    ['key', `${U}/calls/return-codes`, 'the key is made at the first page-out and is gone at terminate'],
    ["the counter's end", `${U}/memory/paged-out`, 'at the end of the counter: new random bytes, counter 0'],
    ['page-in, mismatch', `${U}/memory/paged-out`, 'tampered: one bit'],
    ['binding to address and freshness', `${U}/memory/paged-out`, 'replayed: what went out of this frame before'],
    ['page-in before the SVM is secure', `${U}/memory/page-states`, 'copied, not decrypted'],
    ['page-out in ABORT', `${U}/transition/esm-failures`, 'UV_PAGE_OUT writes nothing'],
    ['the page left in secure memory', `${U}/memory/paged-out`, "the page's place in secure memory is"],
  ],
};

/** Rows that have no place in this machine, with the reason. */
const BEYOND: Readonly<Record<string, string>> = {
  '#privilege: SMFCTRL, IMC, SCOM routing': 'the processor is modelled by its registers at calls and interrupts, not by its instructions',
  '#sizes: page-in bitmap of 1 TiB': 'a set of frames has no such limit; no guest here is that large',
  '#registers-that-the-hypervisor-sees: FP, VEC and VSX registers': 'a vCPU here has none (docs/architecture.md); their enable bits pass',
  '#interrupts-made-by-the-hypervisor: ibm,nmi-register':
    'no guest here registers a machine check handler: only the default address is taken',
  '#errors-on-the-way-to-the-tpm: EBADF': 'a response is taken in the call that asked for it: there is none to be missing',
};

/** A test, the table that it is made from, or a scenario of the catalogue. */
const pathOf = (file: string): string =>
  file.endsWith('.yaml') ? `fixtures/scenarios/${file}` : `test/${file}${file.endsWith('tables') ? '' : '.test'}.ts`;

describe('the tables of the reference', () => {
  for (const [table, rows] of Object.entries(ROWS)) {
    describe(table, () => {
      for (const [row, file, words] of rows) {
        it(`${row}: ${file}`, () => expect(readFileSync(pathOf(file), 'utf8')).to.include(words));
      }
      it('names no row twice', () => expect(new Set(rows.map(([row, , words]) => `${row}: ${words}`)).size).to.equal(rows.length));
    });
  }

  it('every row that names a heading names one of the page', () => {
    const anchors = anchorsOf(readFileSync('docs/reference/pef.md', 'utf8'));
    const named = [...Object.values(ROWS).flatMap(rows => rows.map(([row]) => row)), ...Object.keys(BEYOND)].filter(row =>
      row.startsWith('#'),
    );
    expect(named).to.have.length.above(70);
    for (const row of named) expect(anchors).to.include(row.slice(1).split(':')[0]);
  });

  it('every row that has no place here has its reason', () => {
    for (const [row, reason] of Object.entries(BEYOND)) expect(reason.length, row).to.be.above(20);
  });
});
