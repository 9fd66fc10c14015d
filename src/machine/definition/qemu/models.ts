import type { Values } from './options.ts';

/** A device model that QEMU's ppc64 build has. */
export interface DeviceModel {
  /** Type of the bus it must sit on; null: on none. */
  readonly bus: string | null;
  readonly properties: Readonly<Record<string, 'string' | 'uint64'>>;
  /** What `-device NAME,help` prints. */
  readonly help: readonly string[];
}

/** QEMU 7.2 (fixtures/observed/qemu-cli.json#device-help, #tpm-spapr-help). */
export const TPM_DEVICES: Readonly<Record<string, DeviceModel>> = {
  'spapr-tpm-proxy': {
    bus: null,
    properties: { 'host-path': 'string' },
    help: ['spapr-tpm-proxy options:', '  host-path=<str>'],
  },
  'tpm-spapr': {
    bus: 'spapr-vio-bus',
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

/** The bus of a pSeries machine that any device of ours could name, and its type. */
export const BUSES: Readonly<Record<string, string>> = { 'spapr-vio': 'spapr-vio-bus' };

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
  }
  return null;
}

const isNumber = (value: unknown, json: boolean): boolean =>
  json ? typeof value === 'number' && Number.isInteger(value) && value >= 0 : /^(0x[0-9a-f]+|\d+)$/i.test(String(value));
