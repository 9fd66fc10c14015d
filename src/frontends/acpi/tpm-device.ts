import {
  add,
  and,
  arg,
  atLeast,
  buffer,
  call,
  dereference,
  device,
  eisaId,
  element,
  equal,
  field,
  give,
  int,
  local,
  method,
  named,
  nameOf,
  numbers,
  region,
  resources,
  type Statement,
  store,
  string,
  uuid,
  when,
} from './aml.ts';

// The TPM's device in the DSDT (QEMU hw/i386/acpi-build.c, hw/tpm/tpm_tis_isa.c, hw/arm/virt-acpi-build.c) and its Physical Presence
// Interface (hw/acpi/tpm.c, tpm_build_ppi_acpi; TCG PC Client Physical Presence Interface Specification 1.30).

export const PPI_UUID = '3dddfaa6-361b-4eb4-a424-8d10089d1653';
export const MEMORY_CLEAR_UUID = '376054ed-cc13-4675-901c-4756d7f2d45d';

/** Offsets in the page that firmware and ACPI share. */
export const PPI = {
  bytes: 0x400,
  functions: 256,
  shared: 0x100,
  response: 0x105,
  request: 0x109,
  parameter: 0x10d,
  last: 0x111,
  movv: 0x15a,
} as const;
const SHARED_BYTES = PPI.movv - PPI.shared;

const function_ = arg(2);
const revision = arg(1);
const NONE_THERE = give(buffer(Uint8Array.of(0)));
const permission = and(local(1), int(7));
const operation: readonly Statement[] = [store(dereference(element(arg(3), int(0))), local(0)), store(call('TPFN', local(0)), local(1))];
const notImplemented = when(equal(permission, int(0)), give(int(1)));
const request = (parameter: Parameters<typeof store>[0]): readonly Statement[] => [
  store(local(0), named('PPRQ')),
  store(parameter, named('PPRM')),
];
const isFunction = (number: number, ...then: readonly Statement[]): Statement => when(equal(function_, int(number)), ...then);
const isRevision = (number: number, ...then: readonly Statement[]): Statement => when(equal(revision, int(number)), ...then);
const filled = (list: string, ...values: readonly string[]): readonly Statement[] => [
  ...values.map((value, i) => store(named(value), element(named(list), int(i + 1)))),
  give(named(list)),
];

const physicalPresence = (page: number): readonly Statement[] => [
  region('TPP2', int(page + PPI.shared), SHARED_BYTES),
  field('TPP2', 'any', { PPIN: 1, PPIP: 4, PPRP: 4, PPRQ: 4, PPRM: 4, LPPR: 4 }),
  region('TPP3', int(page + PPI.movv), 1),
  field('TPP3', 'byte', { MOVV: 1 }),
  // What firmware allows of each operation.
  method(
    'TPFN',
    1,
    when(atLeast(arg(0), int(PPI.functions)), give(int(0))),
    region('TPP1', add(int(page), arg(0)), 1),
    field('TPP1', 'byte', { TPPF: 1 }),
    give(named('TPPF')),
  ),
  nameOf('TPM2', numbers(0, 0)),
  nameOf('TPM3', numbers(0, 0, 0)),
  method(
    '_DSM',
    4,
    when(
      equal(arg(0), uuid(PPI_UUID)),
      isFunction(0, give(buffer(Uint8Array.of(0xff, 0x01)))),
      isFunction(1, give(string('1.3'))),
      isFunction(2, ...operation, notImplemented, ...request(int(0)), give(int(0))),
      isFunction(3, isRevision(1, ...filled('TPM2', 'PPRQ')), isRevision(2, ...filled('TPM3', 'PPRQ', 'PPRM'))),
      isFunction(4, give(int(2))),
      isFunction(5, ...filled('TPM3', 'LPPR', 'PPRP')),
      isFunction(6, give(int(3))),
      isFunction(
        7,
        ...operation,
        notImplemented,
        when(equal(permission, int(2)), give(int(3))),
        isRevision(1, ...request(int(0))),
        isRevision(2, ...request(dereference(element(arg(3), int(1))))),
        give(int(0)),
      ),
      isFunction(8, ...operation, give(permission)),
      NONE_THERE,
    ),
    when(
      equal(arg(0), uuid(MEMORY_CLEAR_UUID)),
      isFunction(0, give(buffer(Uint8Array.of(0x03)))),
      isFunction(1, store(dereference(element(arg(3), int(0))), local(0)), store(local(0), named('MOVV')), give(int(0))),
    ),
  ),
];

/** How a TPM is described to an operating system. */
export interface TpmDescription {
  readonly model: 'tpm-tis' | 'tpm-crb' | 'tpm-tis-device';
  readonly version: '1.2' | '2.0';
  readonly base: number;
  /** The page of physical presence; null: there is none. */
  readonly ppi: number | null;
}

const hid2_0 = [nameOf('_HID', string('MSFT0101')), nameOf('_STR', string('TPM 2.0 Device'))];
const TIS_BYTES = 0x5000;
const CRB_BYTES = 0x1000;
const PRESENT = 0xf;

/** The device. Only a TIS on the ISA bus says which TPM it is, and none names an interrupt. */
export function tpmDevice({ model, version, base, ppi }: TpmDescription): Statement {
  const presence = ppi === null ? [] : physicalPresence(ppi);
  const status = nameOf('_STA', int(PRESENT));
  switch (model) {
    case 'tpm-tis': {
      const hid = version === '2.0' ? hid2_0 : [nameOf('_HID', eisaId('PNP0C31'))];
      return device('TPM', ...hid, nameOf('_UID', int(1)), status, nameOf('_CRS', resources(base, TIS_BYTES)), ...presence);
    }
    case 'tpm-crb':
      return device('TPM', ...hid2_0, nameOf('_CRS', resources(base, CRB_BYTES)), status, nameOf('_UID', int(1)), ...presence);
    case 'tpm-tis-device':
      return device('TPM0', ...hid2_0, nameOf('_UID', int(0)), nameOf('_CRS', resources(base, TIS_BYTES)), ...presence);
  }
}
