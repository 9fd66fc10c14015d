import { SimulatorError, type Stateful, type World } from '../sim/index.ts';
import { Host, type HostSpec, type HostState } from './host.ts';

export interface MachineState {
  readonly nowNs: bigint;
  readonly random: ReturnType<World['random']['snapshot']>;
  readonly scheduler: ReturnType<World['scheduler']['snapshot']>;
  readonly seq: number;
  readonly secrets: ReturnType<World['secrets']['snapshot']>;
  readonly hosts: ReadonlyMap<string, HostState>;
}

/** All hosts of a world. Its state can be taken and brought back between steps. */
export class Machine implements Stateful<MachineState> {
  readonly world: World;
  readonly #hosts: ReadonlyMap<string, Host>;

  private constructor(world: World, hosts: ReadonlyMap<string, Host>) {
    this.world = world;
    this.#hosts = hosts;
  }

  static async create(world: World, specs: readonly HostSpec[]): Promise<Machine> {
    const hosts = new Map<string, Host>();
    const machine = new Machine(world, hosts);
    try {
      for (const spec of specs) hosts.set(spec.name, await Host.create(world, spec));
    } catch (error) {
      await machine.close(); // TPMs that were had already are let go
      throw error;
    }
    return machine;
  }

  host(name: string): Host {
    const host = this.#hosts.get(name);
    if (host) return host;
    throw new SimulatorError('machine.unknown-host', {
      what: `there is no host "${name}"`,
      hint: `Hosts: ${[...this.#hosts.keys()].join(', ')}.`,
    });
  }

  get hosts(): readonly Host[] {
    return [...this.#hosts.values()];
  }

  async close(): Promise<void> {
    for (const host of this.#hosts.values()) await host.close();
  }

  snapshot(): MachineState {
    const { clock, random, scheduler, bus, secrets } = this.world;
    return {
      nowNs: clock.snapshot(),
      random: random.snapshot(),
      scheduler: scheduler.snapshot(),
      seq: bus.snapshot(),
      secrets: secrets.snapshot(),
      hosts: new Map([...this.#hosts].map(([name, host]) => [name, host.snapshot()])),
    };
  }

  restore(state: MachineState): void {
    const { clock, random, scheduler, bus, secrets } = this.world;
    clock.restore(state.nowNs);
    random.restore(state.random);
    scheduler.restore(state.scheduler);
    bus.restore(state.seq);
    secrets.restore(state.secrets);
    for (const [name, host] of state.hosts) this.host(name).restore(host);
  }
}
