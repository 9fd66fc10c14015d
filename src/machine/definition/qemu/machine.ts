import type { TpmDev } from './backends.ts';
import { concernsTpm, propertyFault, TPM_DEVICES } from './models.ts';
import { IDENTIFIER_RULE, isIdentifier, textOf, type Values } from './options.ts';
import type { QemuProgram } from './programs.ts';

/** A TPM device that is there. */
export interface QemuDevice {
  readonly driver: string;
  /** The user's; null: QEMU calls it `device[n]`. */
  readonly id: string | null;
  readonly properties: ReadonlyMap<string, unknown>;
}

export interface DeviceRequest {
  readonly values: Values;
  /** How it was written: the types of values count in JSON only. */
  readonly json: boolean;
  /** After the machine came up. */
  readonly hotplug: boolean;
}

export type Added =
  | { readonly device: QemuDevice | null }
  /** `below`: lines after it. `bare`: the machine did not start, and these lines say so without the option. */
  | { readonly fault: string; readonly below?: readonly string[]; readonly bare?: readonly string[] };

export interface Global {
  readonly driver: string;
  readonly property: string;
  readonly value: string;
}

/** Where the first device on the VIO bus goes that names no place; one below is the machine's own nvram. */
const FIRST_UNIT = 0x7100_0001;
const LAST_ISA_IRQ = 15;
const cannotHotplug = (bus: string): string => `Bus '${bus}' does not support hotplugging`;

/** The TPM side of a QEMU machine: which devices it takes, in the order of QEMU's checks (softmmu/qdev-monitor.c, hw/ppc/spapr.c). */
export class QemuMachine {
  readonly program: QemuProgram;
  readonly type: string;
  readonly tpmdevs: ReadonlyMap<string, TpmDev>;
  readonly #globals: readonly Global[];
  #devices: QemuDevice[] = [];

  constructor(program: QemuProgram, type: string, tpmdevs: ReadonlyMap<string, TpmDev>, globals: readonly Global[]) {
    this.program = program;
    this.type = type;
    this.tpmdevs = tpmdevs;
    this.#globals = globals;
  }

  get isPseries(): boolean {
    return this.type.startsWith('pseries');
  }

  get devices(): readonly QemuDevice[] {
    return this.#devices;
  }

  find(id: string): QemuDevice | undefined {
    return this.#devices.find(device => device.id === id);
  }

  /** -device, device_add. Devices that are no TPMs are taken unseen: `device: null`. */
  add({ values, json, hotplug }: DeviceRequest): Added {
    const driver = textOf(values, 'driver');
    if (driver === undefined) return { fault: "Parameter 'driver' is missing" };
    const id = textOf(values, 'id') ?? null;
    if (!json && id !== null) {
      if (!isIdentifier(id)) return { fault: "Parameter 'id' expects an identifier", below: [IDENTIFIER_RULE] };
      if (this.find(id)) return { fault: `Duplicate ID '${id}' for device` };
    }
    if (!concernsTpm(driver)) return { device: null };
    const model = this.program.devices.includes(driver) ? TPM_DEVICES[driver] : undefined;
    if (!model) return { fault: `'${driver}' is not a valid device model name` };
    const misplaced = this.#busFault(driver, model.bus, textOf(values, 'bus'), hotplug);
    if (misplaced) return { fault: misplaced };
    if (json && id !== null && this.find(id)) return { fault: `Duplicate device ID '${id}'` };
    const properties = new Map<string, unknown>();
    for (const { property, value } of this.#globals.filter(global => global.driver === driver)) {
      const fault = propertyFault(driver, model, new Map([[property, value]]), false);
      if (fault) return { fault: `can't apply global ${driver}.${property}=${value}: ${fault}` };
      properties.set(property, value);
    }
    const fault = propertyFault(driver, model, values, json);
    if (fault) return { fault };
    for (const [key, value] of values) if (key in model.properties) properties.set(key, value);
    return this.#realize({ driver, id, properties });
  }

  #busFault(driver: string, needed: string | null, asked: string | undefined, hotplug: boolean): string | null {
    const buses = Object.entries(this.program.buses).filter(([, { machines }]) => machines.test(this.type));
    if (asked !== undefined) {
      const [type] = buses.find(([, { name }]) => name === asked) ?? [];
      if (type === undefined) return `Bus '${asked}' not found`;
      if (type !== needed) return `Device '${driver}' can't go on ${type} bus`;
    }
    if (needed === null) return null;
    const [, bus] = buses.find(([type]) => type === needed) ?? [];
    if (!bus) return `No '${needed}' bus found for device '${driver}'`;
    return hotplug ? cannotHotplug(bus.name) : null;
  }

  /** Why a device cannot be taken away; null: it can. */
  unplugFault({ driver }: QemuDevice): string | null {
    const needed = TPM_DEVICES[driver]?.bus;
    const bus = needed ? this.program.buses[needed] : undefined;
    return bus ? cannotHotplug(bus.name) : null;
  }

  #realize(device: QemuDevice): Added {
    const fault = device.driver === 'spapr-tpm-proxy' ? this.#proxyFault(device) : this.#frontendFault(device);
    if (fault) return fault;
    this.#devices.push(device);
    return { device };
  }

  /**
   * Only a pSeries machine counts its proxies, and does so before it looks at the path
   * (fixtures/observed/qemu-cli.json#two-proxies-second-without-path).
   */
  #proxyFault({ driver, properties }: QemuDevice): { readonly fault: string } | null {
    if (this.isPseries && this.#devices.some(other => other.driver === driver)) {
      return { fault: 'Only one TPM proxy can be specified for this machine' };
    }
    return properties.has('host-path') ? null : { fault: "must specify 'host-path' option for device" };
  }

  #frontendFault({ driver, properties }: QemuDevice): { readonly fault: string; readonly bare?: readonly string[] } | null {
    const id = textOf(properties, 'tpmdev');
    if (id === undefined) return { fault: "'tpmdev' property is required" };
    const tpmdev = this.tpmdevs.get(id);
    if (!tpmdev) return { fault: `Property '${driver}.tpmdev' can't find value '${id}'` };
    const used = this.#devices.some(other => textOf(other.properties, 'tpmdev') === id);
    if (used) return { fault: `TPM backend '${id}' is already initialized` };
    const irq = Number(properties.get('irq') ?? 0);
    if (driver === 'tpm-tis' && irq > LAST_ISA_IRQ) return { fault: `IRQ ${irq} is outside valid range of 0 to ${LAST_ISA_IRQ}` };
    const start = tpmdev.start ?? [];
    return start.length > 0 ? { fault: '', bare: start } : null;
  }

  /** device_del. False: there is none with this id. */
  remove(id: string): boolean {
    const before = this.#devices.length;
    this.#devices = this.#devices.filter(device => device.id !== id);
    return this.#devices.length < before;
  }

  /** The unit address of the vTPM. */
  static unitOf({ properties }: QemuDevice): number {
    return Number(properties.get('reg') ?? FIRST_UNIT);
  }
}
