import type { Values } from './options.ts';

type PropertyType = 'string' | 'uint64' | 'uint32' | 'bool';

/** A TPM device of QEMU. */
export interface DeviceModel {
  /** Type of the bus it must sit on; null: on none. */
  readonly bus: string | null;
  readonly properties: Readonly<Record<string, PropertyType>>;
  /** A frontend of the emulator and passthrough backends: what the monitor calls its model. */
  readonly model?: string;
  /** How `info qtree` shows it: its indentation, and the values of what was not set. Absent: it is on no bus, and not shown. */
  readonly shown?: {
    readonly indent: number;
    readonly properties: Readonly<Record<string, string | number | boolean>>;
    readonly below?: readonly string[];
  };
  /** What `-device NAME,help` prints. */
  readonly help: readonly string[];
}

/** QEMU 7.2 (fixtures/observed/qemu-cli.json#device-help, #tpm-spapr-help; fixtures/observed/qemu-frontends.json#cli-tis-help). */
export const TPM_DEVICES: Readonly<Record<string, DeviceModel>> = {
  'spapr-tpm-proxy': {
    bus: null,
    properties: { 'host-path': 'string' },
    help: ['spapr-tpm-proxy options:', '  host-path=<str>'],
  },
  'tpm-tis': {
    bus: 'ISA',
    model: 'tpm-tis',
    properties: { irq: 'uint32', tpmdev: 'string', ppi: 'bool' },
    shown: { indent: 10, properties: { irq: 5, tpmdev: '', ppi: true } },
    help: [
      'tpm-tis options:',
      '  irq=<uint32>           -  (default: 5)',
      '  ppi=<bool>             -  (default: true)',
      '  tpm-tis-mmio[0]=<child<memory-region>>',
      '  tpmdev=<str>           - ID of a tpm to use as a backend',
    ],
  },
  'tpm-crb': {
    bus: null,
    model: 'tpm-crb',
    properties: { tpmdev: 'string', ppi: 'bool' },
    help: ['tpm-crb options:', '  ppi=<bool>             -  (default: true)', '  tpmdev=<str>           - ID of a tpm to use as a backend'],
  },
  'tpm-tis-device': {
    bus: null,
    model: 'tpm-tis',
    properties: { irq: 'uint32', tpmdev: 'string' },
    shown: { indent: 2, properties: { irq: 5, tpmdev: '' }, below: ['num-irq = 288 (0x120)'] },
    help: [
      'tpm-tis-device options:',
      '  irq=<uint32>           -  (default: 5)',
      '  sysbus-irq[0]=<link<irq>>',
      '  tpm-tis-mmio[0]=<child<memory-region>>',
      '  tpmdev=<str>           - ID of a tpm to use as a backend',
    ],
  },
  'tpm-spapr': {
    bus: 'spapr-vio-bus',
    model: 'tpm-spapr',
    properties: { reg: 'uint64', tpmdev: 'string' },
    help: [
      'tpm-spapr options:',
      '  reg=<uint32>           -  (default: 4294967295)',
      '  tpmdev=<str>           - ID of a tpm to use as a backend',
    ],
  },
};

/** Keys of `-device` that are no property of the model. */
const OF_EVERY_DEVICE = ['driver', 'id', 'bus'];

/** Devices that are no TPMs are not looked at: this is no model of all of QEMU. */
export const concernsTpm = (driver: string): boolean => /tpm/.test(driver);

/** The first property that the model does not have or that has the wrong type, in QEMU's words. */
export function propertyFault(driver: string, { properties }: DeviceModel, values: Values, json: boolean): string | null {
  for (const [key, value] of values) {
    if (OF_EVERY_DEVICE.includes(key)) continue;
    const type = properties[key];
    if (type === undefined) return `Property '${driver}.${key}' not found`;
    if (type === 'string' && typeof value !== 'string') return `Invalid parameter type for '${key}', expected: string`;
    if (type === 'uint64' && !isNumber(value, json)) return `Parameter '${key}' expects uint64`;
    if (type === 'uint32' && !isNumber(value, json)) return `Parameter '${key}' expects integer`;
    if (type === 'bool' && !isBool(value, json)) return `Parameter '${key}' expects 'on' or 'off'`;
  }
  return null;
}

const isNumber = (value: unknown, json: boolean): boolean =>
  json ? typeof value === 'number' && Number.isInteger(value) && value >= 0 : /^(0x[0-9a-f]+|\d+)$/i.test(String(value));

const isBool = (value: unknown, json: boolean): boolean =>
  json ? typeof value === 'boolean' : /^(on|off|yes|no|true|false)$/.test(String(value));
