/** A public source by the name that citations use. */
export interface Source {
  readonly about: string;
  /** Which commit or release is meant. */
  readonly version: string;
  /** Where a file of that version is read. */
  readonly base: string;
  /** Files that may be cited. A new one is entered when somebody has opened it in that version. */
  readonly files: readonly string[];
}

export const SOURCES: Readonly<Record<string, Source>> = {
  'open-power/ultravisor': {
    about: 'the published Ultravisor: core, its TSS, the part that handles a Secure VM',
    version: 'commit 63669595c89fb10b551b7ba41f3a99d079ecfbef (2024-11-14; the code is that of 2021-03-13)',
    base: 'https://github.com/open-power/ultravisor/blob/63669595c89fb10b551b7ba41f3a99d079ecfbef/',
    files: [
      ...['context', 'cookies', 'cpu', 'exceptions', 'hcall-regs', 'hvcall', 'init', 'lock', 'mem_region'].map(name => `core/${name}.c`),
      ...['page_encrypt', 'pagein_track', 'svm_host', 'uvcall', 'xscom'].map(name => `core/${name}.c`),
      'core/masked-sprs-raw.h',
      'doc/ultravisor.rst',
      ...['config', 'hvcall', 'page_alloc', 'processor', 'svm_host', 'uapi_uvcall', 'uvcall'].map(name => `include/${name}.h`),
      'platforms/p9/sbe-p9.c',
      ...['crypto', 'esm', 'esmb', 'fdt', 'rtas', 'tss'].map(name => `svm/svm-${name}.c`),
      'tss/tss20.c',
      ...['tssdevuv', 'tssuv', 'uv-crypto'].map(name => `uv/${name}.c`),
    ],
  },
  skiboot: {
    about: "the host's boot firmware with PEF support: its key set-up never reached the main repository and is published in QEMU's mirror",
    version: 'commit a6279d437e5a1d1b5a3c8acad68a5a8d0315361c',
    base: 'https://github.com/qemu/skiboot/blob/a6279d437e5a1d1b5a3c8acad68a5a8d0315361c/',
    files: ['libstb/tss2/opalcreate.c'],
  },
  'svm-tools': {
    about: "the owner's tool svm-tool and the programs that read a passphrase in the initramfs",
    version: 'commit ac4e8b69da5d9dd9c7d3f9d33047225f0b453c14 (2021-02-16)',
    base: 'https://github.com/open-power/svm-tools/blob/ac4e8b69da5d9dd9c7d3f9d33047225f0b453c14/',
    files: [
      'docs/README.ESM',
      'docs/svm-tool-notes.rst',
      'svm_tool/esm/esm.py',
      'svm_tool/esm_digest/rtas_sha512.py',
      'svm-password-agent/src/esmb-get-file.c',
      'svm-password-agent/fedora/dracut/modules.d/98svm/svm-rootfs-askpass',
      'svm-password-agent/ubuntu/pef_svm_keyscript',
    ],
  },
  QEMU: {
    about: "the hypervisor's user space: hypercalls, the TPM proxy, TPM devices",
    version: 'release 7.2',
    base: 'https://github.com/qemu/qemu/blob/v7.2.0/',
    files: [
      ...['tpm_backend', 'tpm_emulator', 'tpm_passthrough', 'tpm_util'].map(name => `backends/tpm/${name}.c`),
      ...['fw_cfg', 'ppc-spapr-uv-hcalls', 'tpm'].map(name => `docs/specs/${name}.rst`),
      ...['aml-build', 'bios-linker-loader', 'tpm'].map(name => `hw/acpi/${name}.c`),
      'hw/arm/virt-acpi-build.c',
      'hw/i386/acpi-build.c',
      'hw/nvram/fw_cfg.c',
      ...['spapr', 'spapr_events', 'spapr_hcall', 'spapr_iommu', 'spapr_rng', 'spapr_rtas', 'spapr_tpm_proxy', 'spapr_vio'].map(
        name => `hw/ppc/${name}.c`,
      ),
      'hw/intc/spapr_xive.c',
      'hw/tpm/tpm_emulator.c',
      ...['crb', 'ppi', 'spapr', 'tis_common', 'tis_isa', 'tis_sysbus'].map(name => `hw/tpm/tpm_${name}.c`),
      'include/hw/ppc/spapr.h',
      'migration/ram.c',
      'migration/savevm.c',
      ...['memory', 'physmem', 'qdev-monitor', 'tpm', 'vl'].map(name => `softmmu/${name}.c`),
      'target/ppc/kvm.c',
      'util/id.c',
      'util/qemu-option.c',
    ],
  },
  Linux: {
    about: "KVM's side of Secure VMs, the guest's kernel, the resource manager of TPMs, file systems",
    version: 'release 6.1',
    base: 'https://github.com/torvalds/linux/blob/v6.1/',
    files: [
      'Documentation/filesystems/ext4/super.rst',
      'arch/powerpc/boot/main.c',
      'arch/powerpc/include/asm/rtas-types.h',
      'arch/powerpc/include/asm/ultravisor-api.h',
      'arch/powerpc/kernel/prom_init.c',
      ...['book3s_hv.c', 'book3s_hv_rmhandlers.S', 'book3s_hv_uvmem.c'].map(name => `arch/powerpc/kvm/${name}`),
      ...['tpm-dev-common', 'tpm-interface', 'tpm2-space', 'tpm_ibmvtpm', 'tpm_tis_core', 'tpm_tis_i2c', 'tpm_crb'].map(
        name => `drivers/char/tpm/${name}.c`,
      ),
      'fs/ext2/ext2.h',
      'fs/ext4/ext4.h',
      'fs/squashfs/squashfs_fs.h',
    ],
  },
  libtpms: {
    about: 'the TPM that swtpm runs',
    version: 'release 0.9.2',
    base: 'https://github.com/stefanberger/libtpms/blob/v0.9.2/',
    files: ['src/tpm2/NVMarshal.c', 'src/tpm2/TpmASN1.c'],
  },
  'libtpms-0-10': {
    about: 'the same with profiles, and the library of revision 1.83',
    version: 'release 0.10.2',
    base: 'https://github.com/stefanberger/libtpms/blob/v0.10.2/',
    files: [
      ...[
        'EACommands',
        'MathOnByteBuffers',
        'NVDynamic',
        'NVMarshal',
        'Object_spt',
        'PlatformPCR',
        'Session',
        'SessionProcess',
        'VendorInfo',
        'X509_spt',
      ].map(name => `src/tpm2/${name}.c`),
      ...['RuntimeAlgorithm', 'RuntimeCommands', 'RuntimeProfile'].map(name => `src/tpm2/${name}.c`),
      ...['CryptEccCrypt', 'CryptRsa'].map(name => `src/tpm2/crypto/openssl/${name}.c`),
    ],
  },
  swtpm: {
    about: 'a TPM as a program, with a control channel',
    version: 'release 0.7.1',
    base: 'https://github.com/stefanberger/swtpm/blob/v0.7.1/',
    files: ['include/swtpm/tpm_ioctl.h', 'src/swtpm/ctrlchannel.c', 'src/swtpm/tpmlib.c'],
  },
  'ms-tpm-20-ref': {
    about: "the reference implementation's simulator: its protocol",
    version: 'commit e026abb21365891cb941ed9a3b83c1b17ebb93c6',
    base: 'https://github.com/microsoft/ms-tpm-20-ref/blob/e026abb21365891cb941ed9a3b83c1b17ebb93c6/',
    files: ['TPMCmd/Platform/src/LocalityPlat.c', 'TPMCmd/Simulator/include/TpmTcpProtocol.h', 'TPMCmd/Simulator/src/TcpServer.c'],
  },
  libvirt: {
    about: 'what a domain may say of TPM devices, and how that becomes options of QEMU',
    version: 'release 9.0.0',
    base: 'https://gitlab.com/libvirt/libvirt/-/blob/v9.0.0/',
    files: [
      'docs/formatdomain.rst',
      'src/conf/domain_conf.c',
      'src/conf/schemas/domaincommon.rng',
      ...['qemu_command.c', 'qemu_domain.c', 'qemu_domain_address.h', 'qemu_validate.c'].map(name => `src/qemu/${name}`),
      'src/util/virerror.c',
    ],
  },
  'util-linux': {
    about: 'how blkid tells file systems apart',
    version: 'release 2.38',
    base: 'https://github.com/util-linux/util-linux/blob/v2.38/',
    files: ['libblkid/src/superblocks/ext.c'],
  },
  cryptsetup: {
    about: 'LUKS volumes',
    version: 'release 2.6.1',
    base: 'https://gitlab.com/cryptsetup/cryptsetup/-/blob/v2.6.1/',
    files: ['lib/luks2/luks2_disk_metadata.c'],
  },
  dtc: {
    about: 'libfdt, which the Ultravisor and svm-tool use for flattened trees',
    version: 'release 1.6.1',
    base: 'https://github.com/dgibson/dtc/blob/v1.6.1/',
    files: ['libfdt/fdt.c', 'libfdt/fdt_rw.c'],
  },
  binutils: {
    about: 'how BFD reads ELF files',
    version: 'release 2.40',
    base: 'https://github.com/bminor/binutils-gdb/blob/binutils-2_40/',
    files: ['bfd/elf.c'],
  },
};
