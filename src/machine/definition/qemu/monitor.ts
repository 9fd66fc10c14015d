import { type QemuDevice, QemuMachine } from './machine.ts';
import { TPM_DEVICES } from './models.ts';
import { textOf, type Values } from './options.ts';

export type QmpAnswer =
  | { readonly return: unknown }
  | { readonly error: { readonly class: 'GenericError' | 'DeviceNotFound' | 'CommandNotFound'; readonly desc: string } };

/** What every device has by QOM, before its own properties (fixtures/observed/qemu-cli.json#qom-properties). */
const QOM_PROPERTIES = [
  { name: 'type', type: 'string' },
  { name: 'parent_bus', type: 'link<bus>' },
  { name: 'realized', type: 'bool' },
  { name: 'hotplugged', type: 'bool' },
  { name: 'hotpluggable', type: 'bool' },
];
const generic = (desc: string): QmpAnswer => ({ error: { class: 'GenericError', desc } });

/** The monitor of a machine that came up: the commands that concern TPM devices. */
export class QemuMonitor {
  readonly #machine: QemuMachine;
  #migrated = false;

  constructor(machine: QemuMachine) {
    this.#machine = machine;
  }

  /** A command for people; of the object trees, the lines of TPM devices and their containers only. */
  hmp(command: string): readonly string[] {
    switch (command) {
      case 'info tpm':
        return this.#infoTpm();
      case 'info qtree':
        return this.#vtpms().flatMap(device => [
          `      dev: tpm-spapr, id "${device.id ?? `vtpm@${QemuMachine.unitOf(device).toString(16)}`}"`,
          `        tpmdev = "${textOf(device.properties, 'tpmdev')}"`,
        ]);
      case 'info qom-tree':
        return this.#qomTree();
      default:
        return [`unknown command: '${command}'`];
    }
  }

  /** A command for programs. */
  qmp(command: string, args: Readonly<Record<string, unknown>> = {}): QmpAnswer {
    switch (command) {
      case 'device_add':
        return this.#deviceAdd(new Map(Object.entries(args)));
      case 'device_del': {
        const id = String(args.id);
        if (this.#machine.remove(id)) return { return: {} };
        return { error: { class: 'DeviceNotFound', desc: `Device '${id}' not found` } };
      }
      case 'device-list-properties':
        return { return: listed(String(args.typename)) };
      case 'qom-list':
        return this.#onDevice(args, device => ({ return: [...QOM_PROPERTIES, ...listed(device.driver)] }));
      case 'qom-get':
        return this.#onDevice(args, device => qomGet(device, String(args.property)));
      case 'qom-set':
        return this.#onDevice(args, device => qomSet(device, String(args.property)));
      case 'migrate':
        this.#migrated = true; // the proxy has no state to send
        return { return: {} };
      case 'query-migrate':
        return { return: this.#migrated ? { status: 'completed' } : {} };
      default:
        return { error: { class: 'CommandNotFound', desc: `The command ${command} has not been found` } };
    }
  }

  #deviceAdd(values: Values): QmpAnswer {
    // QMP's values become options, so an id that is taken is the duplicate of an option.
    const taken = textOf(values, 'id');
    if (taken !== undefined && this.#machine.find(taken)) return generic(`Duplicate ID '${taken}' for device`);
    const added = this.#machine.add({ values, json: true, hotplug: true });
    return 'fault' in added ? generic(added.fault) : { return: {} };
  }

  #vtpms(): readonly QemuDevice[] {
    return this.#machine.devices.filter(({ driver }) => driver === 'tpm-spapr');
  }

  #infoTpm(): readonly string[] {
    const lines = this.#vtpms().flatMap((device, index) => {
      const id = textOf(device.properties, 'tpmdev') ?? '';
      const { type, chardev, path } = this.#machine.tpmdevs.get(id) ?? {};
      const options = type === 'emulator' ? `,chardev=${chardev}` : `,path=${path}`;
      return [` tpm${index}: model=tpm-spapr`, `  \\ ${id}: type=${type}${options}`];
    });
    return lines.length > 0 ? ['TPM device:', ...lines] : [];
  }

  #qomTree(): readonly string[] {
    const named = this.#machine.devices.filter(({ id }) => id !== null);
    const others = this.#machine.devices.filter(({ id }) => id === null);
    return [
      '  /peripheral (container)',
      ...named.map(({ id, driver }) => `    /${id} (${driver})`),
      '  /peripheral-anon (container)',
      ...others.map(({ driver }, index) => `    /device[${index}] (${driver})`),
    ];
  }

  #onDevice(args: Readonly<Record<string, unknown>>, body: (device: QemuDevice) => QmpAnswer): QmpAnswer {
    const path = String(args.path);
    const device = this.#machine.find(path.replace('/machine/peripheral/', ''));
    return device ? body(device) : { error: { class: 'DeviceNotFound', desc: `Device '${path}' not found` } };
  }
}

const listed = (driver: string) =>
  Object.entries(TPM_DEVICES[driver]?.properties ?? {}).map(([name, type]) => ({ name, type: type === 'string' ? 'str' : 'uint32' }));

function qomGet({ driver, properties }: QemuDevice, property: string): QmpAnswer {
  const common: Readonly<Record<string, unknown>> = { type: driver, realized: true, hotpluggable: true };
  if (property in common) return { return: common[property] };
  if (property in (TPM_DEVICES[driver]?.properties ?? {})) return { return: properties.get(property) ?? '' };
  return generic(`Property '${driver}.${property}' not found`);
}

function qomSet({ driver, id }: QemuDevice, property: string): QmpAnswer {
  if (!(property in (TPM_DEVICES[driver]?.properties ?? {}))) return generic(`Property '${driver}.${property}' not found`);
  return generic(`Attempt to set property '${property}' on device '${id}' (type '${driver}') after it was realized`);
}
